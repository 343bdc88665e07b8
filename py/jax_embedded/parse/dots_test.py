# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.child import run_in_child
from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.program import Program
from jax_embedded.ir.thunks import CopyThunk, DotAxis, DotThunk, reads_and_writes
from jax_embedded.ir.verify import verify
from jax_embedded.oracle.oracle import cases
from jax_embedded.parse.dots import _reshaped
from jax_embedded.parse.parse import parse


def program_of(
    folder: Path, result: str, *, donate: tuple[str, ...] = (), **shapes: str
) -> Program:
    src = folder / "f.py"
    head = f"import jax\nimport jax.numpy as jnp\n\ndef f({', '.join(shapes)}):\n"
    src.write_text(f"{head}    return {result}\n")
    request = CaptureRequest(src, "f", shapes)
    if donate:
        request = CaptureRequest(src, "f", shapes, outputs=("a", "other"), donate=donate)
    program = parse(capture(request), "f")
    verify(program)
    return program


def kinds(program: Program) -> list[type]:
    return [type(step) for step in program.steps()]


def temporaries(program: Program) -> int:
    used = {s.allocation for step in program.steps() for s in (getattr(step, "out", None),) if s}
    return sum(a.kind == "temp" and a.index in used for a in program.allocations.values())


MATRIX, SQUARE = "f32[6,5]", "f32[4,4]"


@pytest.mark.parametrize(
    ("result", "shapes"),
    [
        ("a @ x", {"a": MATRIX, "x": "f32[5]"}),
        ("x @ a", {"a": MATRIX, "x": "f32[6]"}),
        ("a.T @ x", {"a": MATRIX, "x": "f32[6]"}),
        ("a.T @ x + b", {"a": MATRIX, "b": "f32[5]", "x": "f32[6]"}),
        ("a @ b", {"a": "f32[40,30]", "b": "f32[30,40]"}),
        ("a @ a", {"a": SQUARE}),
        ("a @ b.T", {"a": SQUARE, "b": SQUARE}),
        ("a.T @ b.T", {"a": SQUARE, "b": SQUARE}),
        ("jnp.dot(x, y)", {"x": "f32[9]", "y": "f32[9]"}),
        ("jnp.dot(x, x)", {"x": "f32[9]"}),
        ("jnp.sum(a * b, axis=0)", {"a": MATRIX, "b": MATRIX}),
        ("a @ b", {"a": "i8[6,5]", "b": "i8[5,4]"}),
        ("jnp.einsum('abc,dbc->ad', a, b)", {"a": "f32[3,4,5]", "b": "f32[6,4,5]"}),
    ],
)
def test_nothing_but_a_dot(tmp_path, result, shapes):
    program = program_of(tmp_path, result, **shapes)
    assert kinds(program) == [DotThunk]
    assert not program.kernels
    assert temporaries(program) == 0


@pytest.mark.parametrize("seed", range(200))
def test_reshaping_as_numpy_does_it(seed):
    random = np.random.default_rng(seed)
    dims = random.choice([1, 2, 3, 4, 6], random.integers(1, 4))
    array = np.arange(np.prod(dims)).reshape(dims)
    array = array.transpose(random.permutation(array.ndim))
    factors = [p for n in array.shape for p in {4: [2, 2], 6: [2, 3]}.get(n, [n])]
    new = []
    while factors:
        count = int(random.integers(1, 3))
        new.append(int(np.prod(factors[:count])))
        factors = factors[count:]
    steps = _reshaped(array.shape, [s // 8 for s in array.strides], new)
    try:
        expected = np.reshape(array, new, copy=False)
    except ValueError:
        assert steps is None
        return
    assert steps is not None
    view = np.lib.stride_tricks.as_strided(array, new, [8 * step for step in steps])
    assert (view == expected).all()


@pytest.mark.parametrize("terms", [20, 64])
@pytest.mark.parametrize(
    ("subscripts", "m", "n", "sequential"),
    [
        ("k,kn->n", 1, 13, True),
        ("km,k->m", 300, 1, True),
        ("mk,kn->mn", 9, 13, True),
        ("mk,kn->mn", 100, 32, True),
        ("bmk,bkn->bmn", 4, 5, True),
        ("mk,kn->mn", 40, 40, False),
        ("mk,kn->mn", 200, 20, False),
        ("mk,k->m", 9, 1, False),
        ("mk,nk->mn", 9, 13, False),
        ("km,kn->mn", 9, 13, False),
        ("km,nk->mn", 9, 13, False),
    ],
)
def test_sequential_sums_are_jax_s_to_the_bit(tmp_path, subscripts, m, n, terms, sequential):
    extents = {"m": m, "n": n, "k": terms, "b": 3}
    sides = subscripts.split("->")[0].split(",")
    dims = [[extents[name] for name in side] for side in sides]
    x, y = (f"f32[{','.join(map(str, d))}]" for d in dims)
    (dot,) = program_of(tmp_path, f"jnp.einsum('{subscripts}', x, y)", x=x, y=y).steps()
    assert isinstance(dot, DotThunk)
    assert dot.sequential == sequential
    (case,) = run_in_child(
        "oracle", lambda: cases(tmp_path / "f.py", "f", {"x": x, "y": y}, draws=1)
    )
    total = np.float32(0)
    for k in range(terms):
        of_term = [
            np.take(array, [k], axis=side.index("k"))
            for array, side in zip(case.inputs, sides, strict=True)
        ]
        total = total + np.einsum(subscripts, *of_term)
    assert (total == case.results[0]).all() == sequential


def test_a_long_sum_is_one_dot_and_a_copy(tmp_path):
    program = program_of(tmp_path, "jnp.sum(a * b, axis=1)", a="f32[3,70]", b="f32[3,70]")
    dot, copy = program.steps()
    assert isinstance(dot, DotThunk)
    assert isinstance(copy, CopyThunk)
    assert dot.outer == (DotAxis(3, 70, 70, 1),)
    assert dot.contracting == (DotAxis(70, 1, 1, 0),)
    assert not program.kernels


def test_an_addend_is_read_by_the_dot(tmp_path):
    program = program_of(tmp_path, "a.T @ x + b", a=MATRIX, b="f32[5]", x="f32[6]")
    (dot,) = program.steps()
    assert isinstance(dot, DotThunk)
    (addend,) = dot.inputs
    assert program.allocations[addend.allocation].parameter == 1
    assert dot.epilogue == (Operation("add", (0, 1)),)
    assert dot.contracting == (DotAxis(6, 5, 1, 0),)


def test_other_sums_are_no_dots(tmp_path):
    for result in ("jnp.sum(a * b + 1.0)", "jnp.max(a * b, axis=0)", "jnp.cumsum(a * b, axis=0)"):
        found = kinds(program_of(tmp_path, result, a="f32[6,70]", b="f32[6,70]"))
        assert DotThunk not in found


def test_a_product_that_is_used_again_stays(tmp_path):
    program = program_of(tmp_path, "(a * b, jnp.sum(a * b, axis=1))", a="f32[3,70]", b="f32[3,70]")
    assert DotThunk not in kinds(program)


def test_a_transposed_array_is_copied_if_its_memory_changes(tmp_path):
    """The first result takes the memory of a."""
    result = "a + 1.0, jnp.tanh(b @ a.T) @ a.T"
    plain = program_of(tmp_path, result, a=SQUARE, b=SQUARE)
    donated = program_of(tmp_path, result, donate=("a",), a=SQUARE, b=SQUARE)
    assert len(kinds(donated)) > len(kinds(plain))
    (changed,) = (a.index for a in donated.allocations.values() if a.kind == "donated")
    written = False
    for step in donated.steps():
        reads, writes = reads_and_writes(step)
        if isinstance(step, DotThunk) and written:
            assert changed not in {where.allocation for where in reads}
        written |= changed in {where.allocation for where in writes}
    assert written
