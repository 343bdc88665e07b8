"""What is counted: data only."""

def _workload(inputs = {}, example_inputs = "", function = None, limits = [], max_ulp = 4):
    """As in jax_llvm_library and jax_llvm_test. function: string, of workloads.py, if it has not the C function's name. limits: list of int, max_code_bytes, or of _within."""
    return struct(example_inputs = example_inputs, function = function, inputs = inputs, limits = limits, max_ulp = max_ulp)

def _within(code, m55_ram):
    """A limit with max_ram_bytes on the M55, where vectors are fast and take much."""
    return struct(code = code, m55_ram = m55_ram)

# The C function -> what is told of it, in the order of docs/benchmarks.md. The exporter's tiles were chosen with the
# first ten in view, not with the others.
# buildifier: disable=unsorted-dict-items
WORKLOADS = {
    "quadratic": _workload(example_inputs = "quadratic_example"),
    "dot": _workload(
        {
            "x": "f32[256]",
            "y": "f32[256]",
        },
        limits = [
            72,
            120,
        ],
    ),
    "matvec": _workload(
        {
            "a": "f32[64,64]",
            "b": "f32[64]",
        },
        function = "matmul",
        limits = [
            240,
            320,
        ],
    ),
    "matmul": _workload(
        {
            "a": "f32[32,32]",
            "b": "f32[32,32]",
        },
        limits = [
            150,
            550,
        ],
    ),
    "mlp_tanh": _workload(
        {"x": "f32[2]"},
        limits = [
            600,
            _within(1100, 170),
            _within(2100, 140),
        ],
    ),
    "mlp_relu": _workload(
        {"x": "f32[64]"},
        limits = [400],
    ),
    # The errors of ten layers add up; each alone may have 4.
    "autoencoder": _workload(
        {"x": "f32[640]"},
        limits = [
            1000,
            1500,
        ],
        max_ulp = 40,
    ),
    "kalman": _workload(
        example_inputs = "kalman_example",
        limits = [
            590,
            700,
            1120,
        ],
    ),
    "fir": _workload(
        {
            "taps": "f32[32]",
            "x": "f32[159]",
        },
        limits = [440],
    ),
    "conv": _workload(
        {"x": "f32[16,16,8]"},
        limits = [
            300,
            600,
        ],
        max_ulp = 12,
    ),
    "narrow_matmul": _workload(
        {
            "a": "f32[7,9]",
            "b": "f32[9,5]",
        },
        function = "matmul",
        limits = [
            200,
            350,
            600,
        ],
    ),
    "depthwise": _workload(
        {"x": "f32[12,12,6]"},
        limits = [
            500,
            600,
        ],
    ),
    "softmax": _workload(
        {"x": "f32[50]"},
        limits = [500],
    ),
    "gru": _workload(
        {
            "h": "f32[16]",
            "x": "f32[8]",
        },
        limits = [
            900,
            1450,
        ],
    ),
}

# Those with constant weights; weights.py has them.
WITH_WEIGHTS = [
    "mlp_tanh",
    "mlp_relu",
    "autoencoder",
    "conv",
    "depthwise",
    "gru",
]

# The boards it is counted on.
PLATFORMS = [
    "qemu_m3",
    "qemu_m4f",
    "qemu_m7",
    "qemu_m55",
]

def limits_of(workload):
    """Those of WORKLOADS by their names."""
    return {
        "%d-%d" % (limit.code, limit.m55_ram): limit
        for limit in [
            limit if type(limit) == "struct" else _within(limit, 0)
            for limit in WORKLOADS[workload].limits
        ]
    }
