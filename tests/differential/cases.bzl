"""The functions that are compared with JAX, and their shapes."""

load("//rules/tests:compared_functions.bzl", "compared_function", "variant")

def _of(src, functions, **kwargs):
    return {name: struct(case = compared_function(inputs, **kwargs), src = src) for name, inputs in functions.items()}

_CONTROL_FLOW = {
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

_FUNCTIONS = {
    "affine": {"x": "f32[5]"},
    "baked_floats": {"x": "f32[20]", "y": "f32[7]", "z": "f32[31]"},
    "baked_integers": {"x": "i32[24]", "y": "i32[17]"},
    "baked_recurrence": {"x": "f32[5]"},
    "cumulative": {"x": "f32[40]"},
    "duplicate": {"x": "f32[3]"},
    "equal_layers": {"b": "f32[6]", "w": "f32[6,6]", "x": "f32[5,6]"},
    "gated_sum": {"b": "f32[24]", "v": "f32[24]", "w": "f32[24,24]", "x": "f32[24]"},
    "gradient": {"w": "f32[6,5]", "x": "f32[5]"},
    "in_turns": {"x": "f32[3,5,7]", "y": "f32[3,5,7]"},
    "int8_weights": {"x": "i32[11]", "y": "i32[11,5]"},
    "integers": {"x": "i32[6]", "y": "i32[6]"},
    "jacobian": {"q": "f32[2]"},
    "kalman": {"f": "f32[4,4]", "p": "f32[4,4]", "q": "f32[4,4]"},
    "layer_norm": {"scale": "f32[16]", "x": "f32[4,16]"},
    "layers_with_one_output": {"b": "f32[24]", "v": "f32[24]", "w": "f32[24,24]", "x": "f32[24]"},
    "matvec": {"x": "f32[4]"},
    "mixed": {"n": "i32[]", "x": "f32[8]"},
    "mlp": {"w1": "f32[32,40]", "w2": "f32[24,32]", "w3": "f32[3,24]", "x": "f32[40]"},
    "nonlinear": {"x": "f32[3,11]"},
    "norm": {"x": "f32[9]"},
    "optimiser_step": {"g": "f32[9,7]", "m": "f32[9,7]", "p": "f32[9,7]", "v": "f32[9,7]"},
    "residual_layers": {"down": "f32[8,40]", "up": "f32[40,8]", "w": "f32[40,40]", "x": "f32[40]"},
    "scatter": {"i": "i32[]", "v": "f32[]", "x": "f32[32]"},
    "select": {"x": "f32[11]", "y": "f32[11]"},
    "small_integers": {"x": "i8[7]", "y": "u16[]", "z": "bool[]"},
    "softmax": {"x": "f32[20]"},
    "standardize": {"x": "f32[33]"},
    "threshold": {"limit": "f32[]", "x": "f32[21]"},
    "transpose": {"x": "f32[5,7]"},
}

_X64 = {
    "wide": {"n": "i64[]", "small": "f32[]", "x": "f64[6]"},
}

_ARRAYS = {
    "all_integers": {"a": "i8[20]", "b": "i16[20]", "c": "i32[20]", "d": "u8[20]", "e": "u16[20]", "f": "u32[20]"},
    "blocks": {"x": "f32[8,8]"},
    "computed_reductions": {"w": "f32[39]", "x": "f32[7,39]", "y": "f32[7,39]"},
    "elements_in_line": {"columns": "f32[5,3]", "last": "f32[7]", "rows": "f32[3,7]", "x": "f32[5,3,7]"},
    "extremes": {"x": "f32[9,11]"},
    "gather": {"i": "i32[6]", "x": "f32[6,5]"},
    "histogram": {"x": "f32[50]"},
    "interpolation": {"x": "f32[40]"},
    "long_reductions": {"x": "f32[34,8]"},
    "masked": {"valid": "bool[30]", "x": "f32[30]"},
    "movement": {"x": "f32[5,7]"},
    "moving_average": {"x": "f32[48]"},
    "one_hot": {"labels": "i32[12]"},
    "outer_products": {"x": "f32[12]", "y": "f32[10]"},
    "pools": {"x": "f32[1,10,9,4]"},
    "reductions": {"x": "f32[4,5,6]"},
    "running": {"x": "f32[7,9]"},
    "scatter_rows": {"i": "i32[8]", "v": "f32[8,5]", "x": "f32[6,5]"},
    "special_extrema": {"x": "f32[7,50]"},
    "windows": {"i": "i32[]", "x": "f32[64]"},
}

_ARRAYS_X64 = {
    "counted_integers": {"x": "f32[20]", "y": "i8[20]", "z": "i32[20]"},
    "wide_integers": {"u": "u64[20]", "x": "i64[20]", "y": "f32[20]"},
    "wide_statistics": {"x": "f64[40]"},
}

_APPLICATIONS = {
    "attention": {"k": "f32[7,8]", "q": "f32[5,8]", "v": "f32[7,8]"},
    "biquad": {"state": "f32[2]", "x": "f32[40]"},
    "biquad_cascade": {"x": "f32[32]"},
    "cholesky": {"a": "f32[6,6]"},
    "complementary_filter": {"accelerometer": "f32[25,2]", "gyro": "f32[25]"},
    "crc32": {"data": "u8[30]"},
    "cross_entropy": {"label": "i32[]", "w": "f32[7,12]", "x": "f32[12]"},
    "descent": {"w": "f32[6]", "x": "f32[20,6]", "y": "f32[20]"},
    "dynamic_time_warping": {"x": "f32[18]", "y": "f32[20]"},
    "fir": {"taps": "f32[16]", "x": "f32[48]"},
    "gauss_newton": {"parameters": "f32[3]", "t": "f32[24]", "y": "f32[24]"},
    "goertzel": {"x": "f32[64]"},
    "heat": {"x": "f32[32]"},
    "hessian": {"x": "f32[6]"},
    "isqrt": {"x": "i32[20]"},
    "jacobian_forward": {"x": "f32[10]"},
    "jacobian_reverse": {"x": "f32[12]"},
    "kalman_step": {"p": "f32[4,4]", "x": "f32[4]", "z": "f32[2]"},
    "lstm": {"u": "f32[24,6]", "w": "f32[24,5]", "x": "f32[9,5]"},
    "mandelbrot": {"im": "f32[20]", "re": "f32[20]"},
    "newton_system": {"x": "f32[2]"},
    "pid": {"error": "f32[]", "integral": "f32[]", "previous": "f32[]"},
    "pid_run": {"start": "f32[]", "target": "f32[40]"},
    "power_iteration": {"a": "f32[5,5]"},
    "quaternion": {"q": "f32[4]", "rate": "f32[20,3]"},
    "rk4": {"state": "f32[2,20]", "torque": "f32[]"},
    "separable_blur": {"image": "f32[9,10]"},
    "state_machine": {"mode": "i32[]", "x": "f32[20]"},
    "transformer_block": {"scale": "f32[8]", "w": "f32[8,8]", "x": "f32[6,8]"},
    "tridiagonal": {"d": "f32[24]"},
    "xorshift": {"count": "i32[]", "seed": "u32[]"},
}

_INTEGER_PAIRS = {
    "a": "i8[19]",
    "b": "i8[19]",
    "c": "i16[19]",
    "d": "i16[19]",
    "e": "i32[19]",
    "f": "i32[19]",
    "u": "u32[19]",
    "v": "u32[19]",
}

# Arrays of more than 17 elements, so that 17 cases have all pairs of edge values; no multiple of a
# vector's lanes, but where vectors alone are of interest.
_ELEMENTWISE = {
    "activations": {"x": "f32[19]"},
    "arithmetic": {"x": "f32[19]", "y": "f32[19]"},
    "arithmetic_of_scalars": {"x": "f32[]", "y": "f32[]"},
    "bits": _INTEGER_PAIRS,
    "classification": {"x": "f32[19]"},
    "comparisons": {"x": "f32[19]", "y": "f32[19]"},
    "comparisons_with_numbers": {"x": "f32[20]"},
    "division": _INTEGER_PAIRS,
    "error_functions": {"x": "f32[19]"},
    "exponentials": {"x": "f32[19]"},
    "extrema": {"x": "f32[19]", "y": "f32[19]"},
    "extrema_of_lines": {"x": "f32[3,5]"},
    "hyperbolic": {"x": "f32[19]"},
    "integer_conversions": {"x": "i8[19]", "y": "i8[19]"},
    "inverse_trigonometric": {"x": "f32[19]"},
    "logarithms": {"x": "f32[19]"},
    "logic": {"x": "bool[19]", "y": "bool[19]"},
    "powers": {"x": "f32[19]", "y": "f32[19]"},
    "rectified_sums": {"x": "f32[20,4]"},
    "remainders": {"x": "f32[19]", "y": "f32[19]"},
    "roots": {"x": "f32[19]"},
    "rounding": {"x": "f32[19]"},
    "saturating": {"x": "i16[19]", "y": "i16[19]"},
    "shifts": _INTEGER_PAIRS,
    "to_integers": {"x": "f32[19]"},
    "trigonometric": {"x": "f32[19]"},
    "wrapping": _INTEGER_PAIRS,
}

_ELEMENTWISE_X64 = {
    "words": {"x": "i64[19]", "y": "i64[19]"},
}

_PYTREES = [
    "constants",
    "filter_step",
    "mixture",
    "motion_step",
    "network",
    "shapes_only",
    "simulation",
    "training_step",
]

_DOTS = {
    "dot_by_element": {"x": "f32[7,70]", "y": "f32[7,70]"},
    "dot_in_a_loop": {"x": "f32[5,6]", "y": "f32[6,6]"},
    "dot_large": {"x": "f32[33,19]", "y": "f32[19,34]"},
    "dot_mapped": {"x": "f32[9,7]", "y": "f32[5,7]"},
    "dot_of_a_batch": {"x": "f32[3,5,6]", "y": "f32[3,4,6]"},
    "dot_of_complex_numbers": {"x": "c64[3,6]", "y": "c64[4,6]"},
    "dot_of_halves": {"x": "f16[3,6]", "y": "f16[4,6]"},
    "dot_of_integers": {"x": "i32[3,6]", "y": "i32[4,6]"},
    "dot_of_tiles_and_rests": {"v": "f32[21]", "x": "f32[19,21]", "y": "f32[21,23]"},
    "dot_of_transposed_arrays": {"a": "f32[9,6]", "b": "f32[6]", "x": "f32[9]"},
    "dot_of_vectors": {"x": "f32[100]", "y": "f32[20]"},
    "dot_over_two_axes": {"x": "f32[3,4,5]", "y": "f32[6,5,4]"},
    "dot_transposed": {"x": "f32[5,7]", "y": "f32[6,7]"},
    "dots_of_many_shapes": {"a": "f32[6,8]", "b": "f32[8,6]", "x": "f32[8]"},
}

_LINEAR_ALGEBRA = {
    "cholesky_factors": {"b": "f32[4]", "x": "f32[4,4]"},
    "cholesky_large": {"x": "f32[10,10]"},
    "cholesky_of_complex_numbers": {"x": "c64[3,3]"},
    "cholesky_of_indefinite": {"x": "f32[3,3]"},
    "decomposition_gradients": {"x": "f32[3,3]"},
    "eigenvalues_that_are_equal": {"x": "f32[]"},
    "eigenvectors": {"x": "f32[3,3]"},
    "eigenvectors_large": {"x": "f32[7,7]"},
    "eigenvectors_of_complex_numbers": {"x": "c64[3,3]"},
    "inverse": {"x": "f32[3,3]"},
    "kalman_gain": {"h": "f32[2,4]", "x": "f32[4,4]"},
    "least_squares": {"b": "f32[8]", "x": "f32[8,3]"},
    "log_determinant": {"x": "f32[5,5]"},
    "log_likelihood_gradient": {"x": "f32[4,4]", "y": "f32[4]"},
    "lu_factors": {"x": "f32[5,5]"},
    "matrix_functions": {"x": "f32[3,3]"},
    "pseudo_inverse": {"x": "f32[4,2]"},
    "qr_factors": {"x": "f32[5,3]"},
    "qr_large": {"x": "f32[6,5]"},
    "qr_of_complex_numbers": {"x": "c64[4,3]"},
    "qr_with_pivoting": {"x": "f32[5,4]"},
    "rank_deficient": {"x": "f32[4]"},
    "singular_values": {"x": "f32[5,3]"},
    "singular_values_of_complex_numbers": {"x": "c64[3,2]"},
    "solve": {"b": "f32[4]", "x": "f32[4,4]"},
    "solve_gradient": {"b": "f32[3]", "x": "f32[3,3]"},
    "solve_large": {"b": "f32[8,2]", "x": "f32[8,8]"},
    "solve_of_a_batch": {"b": "f32[3,2,1]", "x": "f32[3,2,2]"},
    "solve_of_complex_numbers": {"b": "c64[3]", "x": "c64[3,3]"},
    "triangular_solve_large": {"b": "f32[10,2]", "x": "f32[10,10]"},
    "triangular_solves": {"b": "f32[4,2]", "x": "f32[4,4]"},
    "tridiagonal_system": {"b": "f32[6,2]", "x": "f32[3,6]"},
}

_LINEAR_ALGEBRA_X64 = {
    "linear_algebra_in_float64": {"b": "f64[4]", "x": "f64[4,4]"},
}

_OPERATIONS = {
    "convolution_depthwise": {"w": "f32[3,2,1,6]", "x": "f32[2,7,6,6]"},
    "convolution_gradient": {"w": "f32[3,2,3,2]", "x": "f32[1,2,6,7]"},
    "convolution_of_bool": {"w": "bool[2,2,3,3]", "x": "bool[1,2,6,6]"},
    "convolutions_1d": {"w": "f32[4,3,3]", "x": "f32[2,3,13]"},
    "convolutions_2d": {"w": "f32[4,2,3,2]", "x": "f32[1,2,8,8]"},
    "convolutions_3d_and_dtypes": {
        "a": "i8[1,2,5,5]",
        "b": "i8[3,2,3,3]",
        "c": "f16[1,2,5,5]",
        "d": "f16[3,2,3,3]",
        "w": "f32[3,2,2,2,3]",
        "x": "f32[1,2,4,5,6]",
    },
    "convolutions_of_moved_kernels": {"w": "f32[3,2,3,2]", "x": "f32[1,2,5,4]"},
    "cumulated": {"p": "f32[6,7]", "x": "f32[6,7]"},
    "derivatives_of_ones_own": {"x": "f32[6]"},
    "largest": {"i": "i32[20]", "x": "f32[3,20]"},
    "order_statistics": {"x": "f32[24]"},
    "pooled": {"x": "f32[7,8]"},
    "random_bits": {"seed": "i32[]"},
    "random_numbers": {"seed": "i32[]"},
    "sorted_dtypes": {"a": "i8[40]", "b": "u16[40]", "c": "bf16[20]", "d": "f16[20]", "e": "c64[20]", "f": "bool[9]"},
    "sorted_in_a_loop": {"x": "f32[20]"},
    "sorted_lines": {"x": "f32[17,2,9]"},
    "sorted_with_others": {"x": "f32[40]", "y": "i32[40]"},
    "spectra_of_any_length": {"x": "c64[60]"},
    "spectra_of_images": {"x": "c64[6,5]"},
    "spectra_of_real_numbers": {"x": "f32[30]"},
    "spectrum": {"x": "f32[64]"},
    "spectrum_filtered": {"x": "f32[16]"},
    "wide_in_narrow_memory": {"x": "bf16[3,4]", "y": "u8[8]"},
    "wider_in_registers": {"b": "bf16[7,9]", "h": "f16[7,9]", "i": "i16[5,11]", "u": "u8[5,13]"},
    "zeta_in_f16": {"q": "f16[8]", "x": "f16[8]"},
}

_OPERATIONS_EDGES = {
    "largest_edge_values": {"x": "f32[20]"},
}

_OPERATIONS_X64 = {
    "spectrum_f64": {"x": "c128[12]"},
}

# By name: the file, and what is told of the function.
CASES = (
    _of("dots.py", _DOTS) |
    _of("functions.py", _FUNCTIONS) |
    _of("functions.py", _X64, x64 = True) |
    _of("control_flow.py", _CONTROL_FLOW) |
    _of("arrays.py", _ARRAYS) |
    _of("arrays.py", _ARRAYS_X64, x64 = True) |
    _of("applications.py", _APPLICATIONS) |
    _of("operations.py", _OPERATIONS) |
    _of("operations.py", _OPERATIONS_EDGES, edge_values = True) |
    _of("operations.py", _OPERATIONS_X64, x64 = True) |
    _of("linear_algebra.py", _LINEAR_ALGEBRA) |
    _of("linear_algebra.py", _LINEAR_ALGEBRA_X64, x64 = True) |
    _of("elementwise.py", _ELEMENTWISE, edge_values = True) |
    _of("elementwise.py", _ELEMENTWISE_X64, edge_values = True, x64 = True) |
    {
        name: struct(case = compared_function(example_inputs = name + "_inputs"), src = "pytrees.py")
        for name in _PYTREES
    }
)

def _variants(suffix, functions, **attributes):
    return {name + suffix: variant(name, **attributes) for name in functions}

_BAKED = ["baked_floats", "baked_integers", "baked_recurrence"]

# The same functions once more, with other attributes of jax_llvm_library.
VARIANTS = (
    # With and without a workspace, returning by value and not, with loops.
    _variants("_reentrant", ["affine", "cumulative", "swapped", "threshold"], workspace = "caller") |
    _variants("_in_code", _BAKED, weights = "code") |
    _variants("_in_auto", _BAKED, weights = "auto") |
    _variants(
        "_short",
        ["convolutions_2d", "dot_of_tiles_and_rests", "dots_of_many_shapes", "equal_layers", "int8_weights", "residual_layers", "sorted_lines"],
        optimize = "size",
    ) |
    _variants("_within", ["dot_large"], max_code_bytes = 600)
)
