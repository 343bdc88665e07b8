"""The functions that are compared with JAX, and their shapes."""

CONTROL_FLOW = {
    "batched_while": {"x": "f32[5]"},
    "bisection": {"target": "f32[]", "x": "f32[]"},
    "branch_in_while": {"x": "f32[30]"},
    "either": {"n": "i32[]", "x": "f32[7]"},
    "fixed_loop": {"x": "f32[6]"},
    "gradient_through_time": {"w": "f32[4,4]", "x": "f32[6,4]"},
    "growing_loop": {"x": "f32[40]"},
    "nested": {"x": "f32[20]"},
    "never_entered": {"x": "f32[9]"},
    "newton": {"x": "f32[]"},
    "one_of_three": {"n": "i32[]", "x": "f32[7]"},
    "recurrent": {"w": "f32[4,4]", "x": "f32[6,4]"},
    "swapped": {"x": "f32[25]"},
}

FUNCTIONS = {
    "affine": {"x": "f32[5]"},
    "cumulative": {"x": "f32[40]"},
    "duplicate": {"x": "f32[3]"},
    "gradient": {"w": "f32[6,5]", "x": "f32[5]"},
    "integers": {"x": "i32[6]", "y": "i32[6]"},
    "jacobian": {"q": "f32[2]"},
    "kalman": {"f": "f32[4,4]", "p": "f32[4,4]", "q": "f32[4,4]"},
    "layer_norm": {"scale": "f32[16]", "x": "f32[4,16]"},
    "matvec": {"x": "f32[4]"},
    "mixed": {"n": "i32[]", "x": "f32[8]"},
    "mlp": {"w1": "f32[32,40]", "w2": "f32[24,32]", "w3": "f32[3,24]", "x": "f32[40]"},
    "nonlinear": {"x": "f32[3,11]"},
    "norm": {"x": "f32[9]"},
    "scatter": {"i": "i32[]", "v": "f32[]", "x": "f32[32]"},
    "select": {"x": "f32[11]", "y": "f32[11]"},
    "small_integers": {"x": "i8[7]", "y": "u16[]", "z": "bool[]"},
    "softmax": {"x": "f32[20]"},
    "standardize": {"x": "f32[33]"},
    "threshold": {"limit": "f32[]", "x": "f32[21]"},
    "transpose": {"x": "f32[5,7]"},
    "wide": {"n": "i64[]", "small": "f32[]", "x": "f64[6]"},
}

CASES = FUNCTIONS | CONTROL_FLOW

# Functions that need 64-bit types.
X64 = ["wide"]

# Functions that are also compiled with workspace = "caller": with and without one, returning by value
# and not, with loops.
REENTRANT = ["affine", "cumulative", "swapped", "threshold"]
