# SPDX-License-Identifier: Apache-2.0
import ctypes
import itertools
import random
from collections.abc import Callable

import llvmlite.binding as llvm
import ml_dtypes
import numpy as np
import pytest

from jax_embedded.ir.c_function import CFunction, c_function
from jax_embedded.ir.dump import Leaf
from jax_embedded.ir.program import Allocation, Program
from jax_embedded.ir.scratch import plan_scratch
from jax_embedded.ir.thunks import (
    CallThunk,
    ConditionalThunk,
    CopyThunk,
    DotAxis,
    DotThunk,
    KernelThunk,
    Origin,
    Slice,
    Thunk,
    WhileThunk,
)
from jax_embedded.ir.verify import verify
from jax_embedded.llvm.emitters.arithmetic import SumOptions
from jax_embedded.llvm.emitters.emit import emit_functions
from jax_embedded.llvm.entry import entry_module
from jax_embedded.llvm.host_testing import loaded
from jax_embedded.llvm.kernel_calls import kernel_symbol
from jax_embedded.llvm.targets import target_machine
from jax_embedded.shape import DTYPES, Shape, parse_shape
from jax_embedded.target import TARGETS

ORIGIN = Origin("i", "op")
CTYPES = {
    "bool": ctypes.c_bool,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    **{
        f"{sign}{n}": getattr(ctypes, f"c_{sign.strip('i')}int{n}")
        for sign in "iu"
        for n in (8, 16, 32, 64)
    },
}


def program_of(
    inputs: list[str],
    outputs: list[str],
    *steps: Thunk,
    constants: tuple[bytes, ...] = (),
    temp_bytes: int = 0,
    kernels: dict[str, str] | None = None,
) -> Program:
    """Allocations in order: the inputs, the outputs, the constants, one temp."""
    shapes = [parse_shape(text, "x") for text in inputs + outputs]
    parameters = tuple(Leaf(f"x{i}", f"x{i}", s) for i, s in enumerate(shapes[: len(inputs)]))
    results = tuple(Leaf(f"y{i}", f"y{i}", s) for i, s in enumerate(shapes[len(inputs) :]))
    allocations = [Allocation(i, s.shape.nbytes, "parameter", i) for i, s in enumerate(parameters)]
    allocations += [
        Allocation(i, r.shape.nbytes, "result") for i, r in enumerate(results, len(inputs))
    ]
    for data in constants:
        allocations.append(Allocation(len(allocations), len(data), "constant", data=data))
    if temp_bytes:
        allocations.append(Allocation(len(allocations), temp_bytes, "temp"))
    program = Program(
        name="f",
        parameters=parameters,
        results=results,
        result_slices=tuple(Slice(i, 0, leaf.shape) for i, leaf in enumerate(results, len(inputs))),
        allocations={a.index: a for a in allocations},
        thunks=steps,
        kernels=kernels or {},
    )
    verify(program)
    return program


def function_of(program: Program) -> CFunction:
    return c_function(program.name, program.parameters, program.results)


def entry_of(program: Program) -> str:
    emitted = emit_functions(program, {}, TARGETS["host"], SumOptions())
    return entry_module(program, function_of(program), plan_scratch(program), emitted)


def slice_of(allocation: int, text: str, offset: int = 0) -> Slice:
    return Slice(allocation, offset, parse_shape(text, "x"))


def copy(source: Slice, destination: Slice, strides: tuple[int, ...] = ()) -> CopyThunk:
    return CopyThunk(ORIGIN, source, destination, strides)


def kernel_ir(name: str, pointers: int, body: str) -> str:
    """A kernel with XLA's calling convention; %p0, %p1, ... point to its slices."""
    loads = "".join(
        f"  %a{i} = getelementptr inbounds {{ ptr, i64 }}, ptr %args, i32 {i}, i32 0\n"
        f"  %p{i} = load ptr, ptr %a{i}, align 8\n"
        for i in range(pointers)
    )
    return f"""\
define ptr @"{kernel_symbol(name)}"(ptr %frame) {{
  %g0 = getelementptr inbounds {{ ptr, ptr, i64, ptr }}, ptr %frame, i32 0, i32 0
  %counts = load ptr, ptr %g0, align 8
  %g1 = getelementptr inbounds {{ ptr, ptr, i64, ptr }}, ptr %frame, i32 0, i32 1
  %ids = load ptr, ptr %g1, align 8
  %g2 = getelementptr inbounds {{ ptr, ptr, i64, ptr }}, ptr %frame, i32 0, i32 2
  %number = load i64, ptr %g2, align 8
  %g3 = getelementptr inbounds {{ ptr, ptr, i64, ptr }}, ptr %frame, i32 0, i32 3
  %args = load ptr, ptr %g3, align 8
{loads}{body}
  ret ptr null
}}
"""


def compiled(program: Program, *, optimise: bool = True) -> tuple[Callable, llvm.ResourceTracker]:
    """The entry function as ctypes calls it, and what must stay alive meanwhile."""
    module = llvm.parse_assembly(entry_of(program))
    for text in program.kernels.values():
        module.link_in(llvm.parse_assembly(text))
    module.verify()
    if optimise:
        machine = target_machine(TARGETS["host"])
        builder = llvm.create_pass_builder(
            machine, llvm.create_pipeline_tuning_options(speed_level=3)
        )
        builder.getModulePassManager().run(module, builder)
    address, library = loaded(module, "f")
    types = [ctypes.c_void_p if x.shape.dims else CTYPES[x.shape.dtype] for x in program.parameters]
    result = function_of(program).returned
    returned = CTYPES[result.leaf.shape.dtype] if result else None
    pointers = [] if result else [ctypes.c_void_p] * len(program.results)
    function = ctypes.CFUNCTYPE(returned, *types, *pointers)
    return function(address), library


def run(program: Program, *values: np.ndarray, optimise: bool = True) -> list[np.ndarray]:
    """Results have a guard of eight bytes behind them."""
    function, _alive = compiled(program, optimise=optimise)
    buffers = [np.full(leaf.shape.nbytes + 8, 0xA5, np.uint8) for leaf in program.results]
    kept = [np.ascontiguousarray(value) for value in values]
    before = [value.tobytes() for value in kept]
    function(*[value.ctypes.data for value in kept], *[b.ctypes.data for b in buffers])
    assert [value.tobytes() for value in kept] == before
    assert all((b[-8:] == 0xA5).all() for b in buffers)
    return [b[:-8] for b in buffers]


@pytest.mark.parametrize("dtype", CTYPES)
@pytest.mark.parametrize("value", [0, 1, 2.5, -3, 200])
def test_a_scalar_goes_in_and_comes_back_by_value(dtype, value):
    kind = np.dtype(DTYPES[dtype].numpy)
    number = np.array(value).astype(kind).item()
    program = program_of(
        [f"{dtype}[]"], [f"{dtype}[]"], copy(slice_of(0, f"{dtype}[]"), slice_of(1, f"{dtype}[]"))
    )
    function, _alive = compiled(program)
    assert function(number) == number


@pytest.mark.parametrize("dtype", CTYPES)
def test_scalars_come_out_through_pointers_if_there_are_two(dtype):
    shape = f"{dtype}[]"
    steps = [
        copy(slice_of(0, shape), slice_of(3, shape)),
        copy(slice_of(1, shape), slice_of(2, shape)),
    ]
    function, _alive = compiled(program_of([shape] * 2, [shape] * 2, *steps))
    first, second = CTYPES[dtype](), CTYPES[dtype]()
    function(1, 0, ctypes.addressof(first), ctypes.addressof(second))
    assert (first.value, second.value) == (0, 1)


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("dims", [(5,), (3, 4), (2, 3, 4), (2, 1, 3, 2)])
def test_copy_with_strides(dims, width, optimise):
    dtype = {1: "u8", 2: "i16", 4: "f32", 8: "f64", 16: "c128"}[width]
    rng = random.Random(width)
    data = np.frombuffer(rng.randbytes(width * int(np.prod(dims))), f"V{width}")
    for order in rng.sample(list(itertools.permutations(range(len(dims)))), min(2, len(dims))):
        turned = data.reshape(dims).transpose(order)
        strides = tuple(stride // width for stride in turned.strides)
        source, destination = (
            Slice(0, 0, Shape(dtype, dims)),
            Slice(1, 0, Shape(dtype, turned.shape)),
        )
        texts = [str(source.shape)], [str(destination.shape)]
        (got,) = run(
            program_of(*texts, copy(source, destination, strides)), data, optimise=optimise
        )
        assert got.tobytes() == turned.tobytes()


def test_copy_of_a_part_to_a_part():
    program = program_of(
        ["i16[10]"],
        ["i16[6]"],
        copy(slice_of(0, "i16[4]", 6), slice_of(1, "i16[4]", 4)),
        copy(slice_of(0, "i16[2]", 16), slice_of(1, "i16[2]")),
    )
    (got,) = run(program, np.arange(10, dtype=np.int16))
    assert got.view(np.int16).tolist() == [8, 9, 3, 4, 5, 6]


# Appends the workgroup's id and the counts to a list whose first element is its length.
APPEND = """\
  %x = load i64, ptr %ids, align 8
  %yp = getelementptr inbounds i64, ptr %ids, i32 1
  %y = load i64, ptr %yp, align 8
  %zp = getelementptr inbounds i64, ptr %ids, i32 2
  %z = load i64, ptr %zp, align 8
  %nx = load i64, ptr %counts, align 8
  %nyp = getelementptr inbounds i64, ptr %counts, i32 1
  %ny = load i64, ptr %nyp, align 8
  %nzp = getelementptr inbounds i64, ptr %counts, i32 2
  %nz = load i64, ptr %nzp, align 8
  %s0 = mul i64 %z, 10
  %s1 = add i64 %s0, %y
  %s2 = mul i64 %s1, 10
  %s3 = add i64 %s2, %x
  %s4 = mul i64 %s3, 10
  %s5 = add i64 %s4, %nz
  %s6 = mul i64 %s5, 10
  %s7 = add i64 %s6, %ny
  %s8 = mul i64 %s7, 10
  %s9 = add i64 %s8, %nx
  %length = load i64, ptr %p0, align 8
  %next = add i64 %length, 1
  store i64 %next, ptr %p0, align 8
  %place = getelementptr inbounds i64, ptr %p0, i64 %next
  store i64 %s9, ptr %place, align 8"""


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize(
    "groups", [(1, 1, 1), (3, 1, 1), (1, 3, 1), (1, 1, 3), (2, 3, 1), (3, 1, 2), (2, 3, 4)]
)
def test_a_kernel_runs_for_every_workgroup_x_fastest(groups, optimise):
    x, y, z = groups
    shape = f"i64[{1 + x * y * z}]"
    whole = slice_of(1, shape)
    program = program_of(
        [shape],
        [shape],
        copy(slice_of(0, shape), whole),
        KernelThunk(ORIGIN, "append", (whole,), (whole,), groups),
        kernels={"append": kernel_ir("append", 1, APPEND)},
    )
    (got,) = run(program, np.zeros(1 + x * y * z, np.int64), optimise=optimise)
    ids = [(i, j, k) for k in range(z) for j in range(y) for i in range(x)]
    expected = [int(f"{k}{j}{i}{z}{y}{x}") for i, j, k in ids]
    assert got.view(np.int64).tolist() == [len(ids), *expected]


# Changes the sign of the last one.
NEGATE_LAST = """\
  %length = load i64, ptr %p0, align 8
  %place = getelementptr inbounds i64, ptr %p0, i64 %length
  %last = load i64, ptr %place, align 8
  %negated = sub i64 0, %last
  store i64 %negated, ptr %place, align 8"""


@pytest.mark.parametrize("optimise", [False, True])
def test_kernels_of_one_loop_take_turns(optimise):
    shape = "i64[13]"
    whole = slice_of(1, shape)
    program = program_of(
        [shape],
        [shape],
        copy(slice_of(0, shape), whole),
        KernelThunk(ORIGIN, "append", (whole,), (whole,), (2, 3, 1), loop=1),
        KernelThunk(ORIGIN, "negate", (whole,), (whole,), (2, 3, 1), loop=1),
        KernelThunk(ORIGIN, "append", (whole,), (whole,), (3, 2, 1), loop=2),
        kernels={
            "append": kernel_ir("append.element", 1, APPEND),
            "negate": kernel_ir("negate.element", 1, NEGATE_LAST),
        },
    )
    (got,) = run(program, np.zeros(13, np.int64), optimise=optimise)
    first = [-int(f"{y}{x}132") for y in range(3) for x in range(2)]
    second = [int(f"{y}{x}123") for y in range(2) for x in range(3)]
    assert got.view(np.int64).tolist() == [12, *first, *second]


# Writes the number of slices and the size of each.
SIZES = """\
  store i64 %number, ptr %p3, align 8
""" + "".join(
    f"  %s{i} = getelementptr inbounds {{ ptr, i64 }}, ptr %args, i32 {i}, i32 1\n"
    f"  %n{i} = load i64, ptr %s{i}, align 8\n"
    f"  %o{i} = getelementptr inbounds i64, ptr %p3, i32 {i + 1}\n"
    f"  store i64 %n{i}, ptr %o{i}, align 8\n"
    for i in range(4)
)


def test_a_kernel_gets_its_slices_and_their_sizes():
    reads = (slice_of(0, "f32[3]", 4), slice_of(1, "i8[]"), slice_of(3, "u16[2]", 2))
    program = program_of(
        ["f32[8]", "i8[]"],
        ["i64[5]"],
        KernelThunk(ORIGIN, "sizes.1-x", reads, (slice_of(2, "i64[5]"),)),
        constants=(bytes(8),),
        kernels={"sizes.1-x": kernel_ir("sizes.1-x", 4, SIZES)},
    )
    function, _alive = compiled(program)
    values, got = np.zeros(8, np.float32), np.zeros(5, np.int64)
    function(values.ctypes.data, 0, got.ctypes.data)
    assert got.tolist() == [4, 12, 1, 4, 40]


def test_constants_keep_every_byte():
    data = bytes(range(256))
    program = program_of(
        ["i8[]"],
        ["u8[255]"],
        copy(slice_of(2, "u8[255]", 1), slice_of(1, "u8[255]")),
        constants=(data,),
    )
    function, _alive = compiled(program)
    got = np.zeros(255, np.uint8)
    function(0, got.ctypes.data)
    assert got.tobytes() == data[1:]


@pytest.mark.parametrize("count", [4, 64])
def test_temporaries_in_locals_and_in_the_workspace(count):
    """Two values go through the temp allocation, one over the other, in a call."""
    shape = f"i32[{count}]"
    half, other = slice_of(4, shape), slice_of(4, shape, 4 * count)
    steps = (
        copy(slice_of(0, shape), half),
        CallThunk(ORIGIN, (copy(slice_of(1, shape), other), copy(half, slice_of(3, shape)))),
        copy(other, half),
        copy(half, slice_of(2, shape)),
    )
    program = program_of([shape] * 2, [shape] * 2, *steps, temp_bytes=8 * count)
    a, b = np.arange(count, dtype=np.int32), -np.arange(count, dtype=np.int32)
    for optimise in (False, True):
        got = run(program, a, b, optimise=optimise)
        assert [x.view(np.int32).tolist() for x in got] == [b.tolist(), a.tolist()]
    text = entry_of(program)
    assert ("@f.workspace = internal global" in text) == (count == 64)


def test_local_variables_are_there_from_their_first_step_to_their_last():
    """Of a loop or a branch, all of it, so that what begins there ends on every path."""
    flag, x, y = slice_of(0, "i32[]"), slice_of(1, "f32[8]"), slice_of(2, "f32[8]")
    a, b, c = (slice_of(3, "f32[8]", 32 * n) for n in range(3))
    loop = WhileThunk(ORIGIN, None, (), (copy(a, b), copy(b, c)), 3)
    branch = ConditionalThunk(ORIGIN, flag, ((copy(c, y),), (copy(x, y),)))
    program = program_of(["i32[]", "f32[8]"], ["f32[8]"], copy(x, a), loop, branch, temp_bytes=96)
    lines = entry_of(program).splitlines()
    loop_begins = lines.index("step.1.while.entry:")
    loop_ends = lines.index("step.1.while.exit:")
    branches_end = lines.index("step.4.conditional.exit:")

    def mark(what: str, local: int) -> int:
        (found,) = (n for n, s in enumerate(lines) if f".{what}.p0(ptr %local.{local})" in s)
        return found

    assert mark("start", 0) < mark("start", 1) < loop_begins
    assert mark("start", 2) < loop_begins
    assert loop_ends < mark("end", 0) < lines.index("step.4.conditional.branch.0:")
    assert loop_ends < mark("end", 1) < lines.index("step.4.conditional.branch.0:")
    assert branches_end < mark("end", 2)
    for number in range(2):
        function, _alive = compiled(program)
        source, got = np.full(8, 7, np.float32), np.zeros(8, np.float32)
        function(number, source.ctypes.data, got.ctypes.data)
        assert (got == 7).all()


# What LLVM calls for f16 on a host without F16C.
ctypes.CDLL("libgcc_s.so.1", ctypes.RTLD_GLOBAL)


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize("extent", [1, 5, 8, 19])
@pytest.mark.parametrize("dtype", sorted(set(DTYPES) - {"bool"}))
def test_dot(dtype, extent, optimise):
    """lhs[b, i, k, m] * rhs[k, j, b, m] summed over k and m; small integers, so sums are exact."""
    kind = np.dtype(ml_dtypes.bfloat16 if dtype == "bf16" else DTYPES[dtype].numpy)
    random = np.random.default_rng(extent)
    low = 0 if dtype.startswith("u") else -2
    shapes = (2, 3, 2, extent), (2, 4, 2, extent)
    lhs, rhs = (random.integers(low, 2, shape).astype(kind) for shape in shapes)
    if kind.kind == "c":
        lhs = (lhs + 1j * random.integers(-2, 2, lhs.shape)).astype(kind)
    steps = [[s // kind.itemsize for s in array.strides] for array in (lhs, rhs)]
    (b, i, k, m), (k2, j, b2, m2) = steps
    outer = (DotAxis(2, b, b2, 12), DotAxis(3, i, 0, 4), DotAxis(4, 0, j, 1))
    contracting = (DotAxis(2, k, k2, 0), DotAxis(extent, m, m2, 0))
    texts = [f"{dtype}[{','.join(map(str, dims))}]" for dims in (*shapes, (2, 3, 4))]
    slices = [slice_of(number, text) for number, text in enumerate(texts)]
    program = program_of(
        texts[:2], texts[2:], DotThunk(ORIGIN, slices[0], slices[1], slices[2], outer, contracting)
    )
    (found,) = run(program, lhs, rhs, optimise=optimise)
    wide = np.complex128 if kind.kind == "c" else np.int64
    expected = np.einsum("bikm,kjbm->bij", lhs.astype(wide), rhs.astype(wide)).astype(kind)
    assert (found.view(kind).reshape(2, 3, 4) == expected).all()


def test_a_dot_of_scalars():
    slices = [slice_of(number, "f32[]") for number in range(3)]
    program = program_of(
        ["f32[]"] * 2, ["f32[]"], DotThunk(ORIGIN, slices[0], slices[1], slices[2], (), ())
    )
    function, _alive = compiled(program)
    assert function(3.0, 5.0) == 15.0


INCREMENT = kernel_ir(
    "increment",
    1,
    "  %v = load i32, ptr %p0, align 4\n  %w = add i32 %v, 1\n  store i32 %w, ptr %p0, align 4",
)
LESS = kernel_ir(
    "less",
    3,
    "  %v = load i32, ptr %p0, align 4\n  %w = load i32, ptr %p1, align 4\n"
    "  %c = icmp slt i32 %v, %w\n  %b = zext i1 %c to i8\n  store i8 %b, ptr %p2, align 1",
)
I32 = "i32[]"


def increment(where: Slice) -> KernelThunk:
    return KernelThunk(ORIGIN, "increment", (where,), (where,))


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize("trips", [0, 1, 2, 100])
def test_a_loop_with_a_trip_count(trips, optimise):
    result, temp = slice_of(1, I32), slice_of(2, I32)
    inner = WhileThunk(ORIGIN, None, (), (increment(result),), 3)
    program = program_of(
        [I32],
        [I32],
        copy(slice_of(0, I32), result),
        WhileThunk(ORIGIN, None, (), (increment(result), CallThunk(ORIGIN, (inner,))), trips),
        copy(result, temp),
        increment(temp),
        copy(temp, result),
        temp_bytes=4,
        kernels={"increment": INCREMENT},
    )
    function, _alive = compiled(program, optimise=optimise)
    assert function(10) == 10 + 4 * trips + 1


@pytest.mark.parametrize("optimise", [False, True])
def test_a_loop_with_a_condition(optimise):
    """for (y = 0; y < x; y++) for (z = y; z < 3; z++) n++; gives n"""
    y, n = slice_of(1, I32), slice_of(2, I32)
    z, outer, inner = slice_of(5, I32), slice_of(5, "bool[]", 4), slice_of(5, "bool[]", 5)

    def less(a: Slice, b: Slice, flag: Slice) -> tuple[KernelThunk]:
        return (KernelThunk(ORIGIN, "less", (a, b), (flag,)),)

    body = (
        copy(y, z),
        WhileThunk(ORIGIN, inner, less(z, slice_of(4, I32), inner), (increment(n), increment(z))),
        increment(y),
    )
    program = program_of(
        [I32],
        [I32, I32],
        copy(slice_of(3, I32), y),
        copy(slice_of(3, I32), n),
        WhileThunk(ORIGIN, outer, less(y, slice_of(0, I32), outer), body),
        constants=(bytes(4), b"\3\0\0\0"),
        temp_bytes=8,
        kernels={"increment": INCREMENT, "less": LESS},
    )
    function, _alive = compiled(program, optimise=optimise)
    for x in (-5, 0, 1, 2, 5):
        got = np.full(2, -1, np.int32)
        function(x, got.ctypes.data, got[1:].ctypes.data)
        assert got.tolist() == [max(x, 0), sum(max(3 - i, 0) for i in range(x))]


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize(
    ("dtype", "branches", "taken"),
    [
        ("bool", 2, {True: 0, False: 1}),
        ("i32", 1, {-1: 0, 0: 0, 1: 0}),
        ("i32", 2, {-1: 1, 0: 0, 1: 1, 2: 1}),
        ("i32", 3, {-(2**31): 2, -1: 2, 0: 0, 1: 1, 2: 2, 3: 2, 2**31 - 1: 2}),
    ],
)
def test_a_conditional(dtype, branches, taken, optimise):
    """Branch i gives i, by increments of a zero."""
    result = slice_of(1, I32)
    zero = copy(slice_of(2, I32), result)
    inside = tuple((zero, *[increment(result)] * i) for i in range(branches))
    program = program_of(
        [f"{dtype}[]"],
        [I32],
        ConditionalThunk(ORIGIN, slice_of(0, f"{dtype}[]"), inside),
        WhileThunk(ORIGIN, None, (), (increment(result),), 10),
        constants=(bytes(4),),
        kernels={"increment": INCREMENT},
    )
    function, _alive = compiled(program, optimise=optimise)
    assert {index: function(index) - 10 for index in taken} == taken


@pytest.mark.parametrize(
    ("shape", "definition"),
    [
        ("f32[2]", "void @f(ptr noalias readonly align 4 %x0, ptr noalias align 4 %y0)"),
        ("f64[2]", "void @f(ptr noalias readonly align 8 %x0, ptr noalias align 8 %y0)"),
        ("c64[]", "void @f(ptr noalias readonly align 4 %x0, ptr noalias align 4 %y0)"),
        ("f16[]", "zeroext i16 @f(i16 zeroext %x0)"),
        ("bf16[]", "zeroext i16 @f(i16 zeroext %x0)"),
        ("c128[2]", "void @f(ptr noalias readonly align 8 %x0, ptr noalias align 8 %y0)"),
        ("i8[]", "signext i8 @f(i8 signext %x0)"),
        ("bool[]", "zeroext i8 @f(i8 zeroext %x0)"),
        ("u16[]", "zeroext i16 @f(i16 zeroext %x0)"),
        ("f32[]", "float @f(float %x0)"),
        ("u8[1]", "void @f(ptr noalias readonly align 1 %x0, ptr noalias align 1 %y0)"),
    ],
)
def test_the_definition(shape, definition):
    program = program_of([shape], [shape], copy(slice_of(0, shape), slice_of(1, shape)))
    text = entry_of(program)
    assert f"\ndefine {definition} nounwind {{\n" in text
