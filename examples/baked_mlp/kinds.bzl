"""KINDS: the functions of baked_mlp.py, and the shape of x."""

KINDS = {
    "floats": "f32[64]",
    "immediates": "f32[64]",
    "int8": "i32[64]",
    "sparse": "f32[64]",
    "ternary": "f32[64]",
}
