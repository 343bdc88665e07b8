# SPDX-License-Identifier: Apache-2.0
import json
import re
from functools import cache
from pathlib import Path

import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.compile_options import CompileOptions
from jax_embedded.ir.dump import Dump
from jax_embedded.pipeline import compile_dump
from jax_embedded.target import TARGETS, Weights

SOURCE = "import jax.numpy as jnp\n\ndef f(a, b, x):\n    return jnp.tanh(a @ b @ x + x)\n"


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text(SOURCE)
    return capture(CaptureRequest(src, "f", {"a": "f32[16,16]", "b": "f32[16,16]", "x": "f32[16]"}))


@pytest.mark.parametrize("target", TARGETS)
def test_short_code_is_shorter(dump, target):
    def code_bytes(*, size: bool) -> int:
        options = CompileOptions("f", "f", TARGETS[target], size=size)
        return json.loads(compile_dump(dump, options).files["f.json"])["bytes"]["code"]

    assert code_bytes(size=True) < 0.8 * code_bytes(size=False)


LAYERS = """
import jax.numpy as jnp
import numpy as np

g = np.random.default_rng(0)
ANY = [g.standard_normal(dims).astype(np.float32) for dims in ((30, 20), (20, 9))]
TERNARY = [np.sign(np.round(w)) for w in ANY]
SMALL = [np.round(4 * w).astype(np.int32) for w in ANY]

def network(layers, x):
    first, second = layers
    return jnp.maximum(x @ first, 0) @ second

def floats(x):
    return network(ANY, x)

def ternary(x):
    return network(TERNARY, x)

def integers(x):
    return network(SMALL, x)

EIGHT_BITS = np.clip(SMALL[0], -128, 127)

def int8(x):
    return x @ EIGHT_BITS

def signs(x):
    return x @ np.sign(EIGHT_BITS // 4 + (EIGHT_BITS < 0))

def added_too(x):
    return (x @ EIGHT_BITS)[:, None] + EIGHT_BITS.T

def nine_bits(x):
    return x @ np.where(EIGHT_BITS == EIGHT_BITS.max(), 128, EIGHT_BITS)

def matrix(x):
    return x @ ANY[0]

def square(x):
    return x @ ANY[0][:16, :16]

def mixed(x):
    return network([TERNARY[0], np.float32(g.standard_normal((20, 41)))], x)
"""


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """What bytes there are of a function with its weights here or there."""
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text(LAYERS)
    dumps: dict[tuple[str, str], Dump] = {}

    @cache
    def found(fn: str, weights: Weights, target: str, shape: str = "f32[30]") -> dict[str, int]:
        if (fn, shape) not in dumps:
            dumps[fn, shape] = capture(CaptureRequest(src, fn, {"x": shape}))
        options = CompileOptions(fn, fn, TARGETS[target], weights=weights)
        return json.loads(compile_dump(dumps[fn, shape], options).files[f"{fn}.json"])["bytes"]

    return found


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "host"])
def test_weights_are_in_the_code_where_it_can_multiply(layers, target):
    assert layers("integers", "code", target, "i32[30]")["constant"] == 0
    in_memory = layers("floats", "code", target)["constant"]
    assert in_memory == (0 if TARGETS[target].float_dtypes else 4 * (30 * 20 + 20 * 9))


@pytest.mark.parametrize(
    ("fn", "target", "shape"),
    [("floats", "host", "f32[30]"), ("matrix", "cortex-m4f", "f32[4,30]")],
)
def test_weights_stay_in_memory(layers, fn, target, shape):
    assert layers(fn, "code", target, shape) == layers(fn, "data", target, shape)


@pytest.mark.parametrize("target", TARGETS)
def test_weights_are_not_in_the_code_as_well(layers, target):
    """LLVM would make constants of its own of vectors that it knows."""
    assert layers("square", "data", target, "f32[16]")["constant"] == 4 * 16 * 16


def test_auto_takes_what_is_less(layers):
    assert layers("floats", "auto", "cortex-m4f") == layers("floats", "data", "cortex-m4f")
    assert layers("ternary", "auto", "cortex-m4f") == layers("ternary", "code", "cortex-m4f")
    assert layers("signs", "auto", "cortex-m3", "i32[30]")["constant"] == 30 * 20
    in_code, in_memory = (
        sum(layers("ternary", weights, "cortex-m4f").values()) for weights in ("code", "data")
    )
    assert in_code < in_memory


def test_one_layer_in_the_code_and_one_that_loads_pairs(layers):
    assert layers("mixed", "auto", "cortex-m4f")["constant"] == 4 * 20 * 41


@pytest.mark.parametrize("target", TARGETS)
def test_integers_of_eight_bits_take_one_byte(layers, target):
    assert layers("int8", "data", target, "i32[30]")["constant"] == 30 * 20
    assert layers("nine_bits", "data", target, "i32[30]")["constant"] == 4 * 30 * 20


def test_what_is_more_than_a_factor_stays_as_it_is(layers):
    assert layers("added_too", "data", "cortex-m3", "i32[30]")["constant"] >= 4 * 30 * 20


@pytest.fixture(scope="module")
def floats(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text(LAYERS)
    return capture(CaptureRequest(src, "floats", {"x": "f32[30]"}))


@pytest.mark.parametrize(
    ("target", "dsp", "weights", "called"),
    [
        ("cortex-m0", "library", "data", True),
        ("cortex-m4f", "library", "data", True),
        ("cortex-m55", "library", "data", True),
        ("cortex-m4f", "builtin", "data", False),
        ("host", "library", "data", False),
        ("cortex-m4f", "library", "code", False),
    ],
)
def test_a_dsp_library_is_called_where_it_is_asked_for(floats, target, dsp, weights, called):
    options = CompileOptions("f", "f", TARGETS[target], dsp=dsp, weights=weights)
    externals = json.loads(compile_dump(floats, options).files["f.json"])["externals"]
    assert ("jxe_matrix_matrix_f32" in externals) == called


@pytest.fixture(scope="module")
def spectrum(tmp_path_factory) -> Dump:
    src: Path = tmp_path_factory.mktemp("src") / "f.py"
    src.write_text("import jax.numpy as jnp\n\ndef f(x):\n    return jnp.fft.fft(x)\n")
    return capture(CaptureRequest(src, "f", {"x": "c64[64]"}))


def test_a_transform_of_a_dsp_library_takes_no_scratch_memory(spectrum):
    taken = {}
    for dsp in ("builtin", "library"):
        options = CompileOptions("f", "f", TARGETS["cortex-m4f"], dsp=dsp)
        taken[dsp] = json.loads(compile_dump(spectrum, options).files["f.json"])["bytes"][
            "workspace"
        ]
    assert taken == {"builtin": 512, "library": 0}


NORMALISED = """
import jax

def f(x):
    mean = x.mean(axis=1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5)
"""


def test_sums_of_rows_and_what_is_done_with_them_become_vectors(tmp_path):
    src = tmp_path / "f.py"
    src.write_text(NORMALISED)
    normalised = capture(CaptureRequest(src, "f", {"x": "f32[8,32]"}))
    options = CompileOptions("f", "f", TARGETS["cortex-m55"])
    assembly = compile_dump(normalised, options).files["f.s"].decode()
    sums, squares, products = (rf"\tv{name}\.f32\tq" for name in ("add", "fma", "mul"))
    assert all(re.search(vectors, assembly) for vectors in (sums, squares, products))
    assert "\tvldr\ts" in assembly  # what it computes for a row
    assert len(re.findall(r"\tvldr\ts", assembly)) < 16  # of 32 in a row


CHAIN = """
import jax.numpy as jnp

def f(x):
    for _ in range(COUNT):
        x = jnp.cumsum(x * x)
    return x
"""


def test_equal_kernels_of_a_long_chain_share_their_code(tmp_path):
    bytes_of = {}
    for count in (40, 80):
        src = tmp_path / f"f{count}.py"
        src.write_text(CHAIN.replace("COUNT", str(count)))
        dump = capture(CaptureRequest(src, "f", {"x": "f32[16]"}))
        options = CompileOptions("f", "f", TARGETS["cortex-m4f"])
        bytes_of[count] = json.loads(compile_dump(dump, options).files["f.json"])["bytes"]["code"]
    two_calls = 2 * 24
    assert bytes_of[80] - bytes_of[40] <= 40 * two_calls
