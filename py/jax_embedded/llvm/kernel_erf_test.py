# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.llvm.kernel_erf import with_erf
from jax_embedded.llvm.kernel_text import clean_kernel


def kernel(folder, result: str) -> str:
    src = folder / "f.py"
    src.write_text(f"import jax\nfrom jax import lax\n\ndef f(x):\n    return {result}\n")
    dump = capture(CaptureRequest(src, "f", {"x": "f32[20]"}))
    [text] = dump.kernels.values()
    return text


@pytest.mark.parametrize(
    ("result", "count"),
    [
        ("lax.erf(x)", 1),
        ("x * lax.erf(x * 0.7) + abs(x)", 1),
        ("jax.nn.gelu(x, approximate=False)", 0),  # by erfc
        ("lax.erf(x) - lax.erf(abs(x))", 2),
        ("lax.erf(lax.erf(x))", 2),
        ("lax.erf(x.astype('bfloat16'))", 1),
    ],
)
@pytest.mark.parametrize("contract", [False, True])
def test_erf_is_a_call(tmp_path, result, count, contract):
    text = kernel(tmp_path, result)
    cleaned = clean_kernel(text, keep_noalias=True, contract=contract)
    assert cleaned.count(" = call float @xla.erf.f32(float %") == count
    assert cleaned.count("declare float @xla.erf.f32(float)") == bool(count)
    assert text.count("= call float @llvm.fma.f32") == 10 * count


@pytest.mark.parametrize(
    "change",
    [
        ("0x400DF38D00000000", "0x400DF38D20000000"),  # the limit
        ("fcmp oge", "fcmp ogt"),
        ("@llvm.maximum", "@llvm.minimum"),
        ("fdiv", "fmul"),
    ],
)
def test_something_else_is_left_alone(tmp_path, monkeypatch, change):
    monkeypatch.setattr("jax_embedded.llvm.kernel_text.with_erf", lambda text: text)
    steps = clean_kernel(kernel(tmp_path, "lax.erf(x)"), keep_noalias=True, contract=False)
    assert "@xla.erf.f32" in with_erf(steps)
    assert change[0] in steps
    changed = steps.replace(*change)
    assert with_erf(changed) == changed


def test_long_chains_take_no_time():
    squares = "".join(
        f"  %{n + 1} = fmul float %{n}, %{n}\n  %c{n} = fcmp oge float %{n + 1}, 0.0\n"
        f"  %s{n} = select i1 %c{n}, float %{n}, float %{n + 1}\n"
        f"  %a{n} = call float @llvm.fabs.f32(float %0)\n"
        f"  %d{n} = fcmp oge float %a{n}, 0.0\n"
        f"  %t{n} = select i1 %d{n}, float %{n + 1}, float %{n}\n"
        for n in range(2000)
    )
    text = f"define void @f(float %0) {{\n{squares}  call float @llvm.fma.f32(float 0.0)\n}}\n"
    assert with_erf(text) == text
