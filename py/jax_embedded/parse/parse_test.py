# SPDX-License-Identifier: Apache-2.0
import dataclasses
import functools
import itertools
import random
import resource
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jax_embedded.capture.capture_testing import CaptureRequest, capture
from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Dump
from jax_embedded.ir.thunks import CallThunk, CopyThunk, DotAxis, DotThunk, KernelThunk, Slice
from jax_embedded.ir.verify import verify
from jax_embedded.parse.parse import parse
from jax_embedded.schema import EXECUTABLE, Schema, encode

SOURCE = """\
import jax.numpy as jnp
import numpy as np

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)

def f(x, gain, unused):
    y = jnp.tanh(x @ WEIGHTS) * gain
    return {"y": y, "best": jnp.argmax(y), "x": x}
"""


@pytest.fixture(autouse=True)
def one_schema(monkeypatch):
    """Building the message classes takes most of the time of a parse."""
    monkeypatch.setattr("jax_embedded.parse.parse.Schema", schema_of)


@functools.cache
def schema_of(descriptors: bytes) -> Schema:
    return Schema(descriptors)


@pytest.fixture(scope="session")
def dump(tmp_path_factory) -> Dump:
    src = tmp_path_factory.mktemp("src") / "model.py"
    src.write_text(SOURCE)
    inputs = {"x": "f32[2,3]", "gain": "f32[]", "unused": "i32[5]"}
    return capture(CaptureRequest(src, "f", inputs))


def changed(dump: Dump, change: Callable[[Any], None], **fields: Any) -> Dump:
    """The dump with an executable that `change` has changed."""
    executable = schema_of(dump.schema).decode(EXECUTABLE, dump.executable)
    change(executable)
    return dataclasses.replace(dump, executable=encode(executable), **fields)


def test_a_real_program(dump):
    program = parse(dump, "model")
    verify(program)
    assert program.name == "model"
    assert [str(leaf.shape) for leaf in program.parameters] == ["f32[2,3]", "f32[]", "i32[5]"]
    assert [leaf.path for leaf in program.results] == [
        "result['best']",
        "result['x']",
        "result['y']",
    ]
    kinds = {}
    for allocation in program.allocations.values():
        kinds.setdefault(allocation.kind, []).append(allocation)
    assert sorted(a.parameter for a in kinds["parameter"]) == [0, 1, 2]
    assert {s.allocation for s in program.result_slices} == {a.index for a in kinds["result"]}
    weights = np.arange(12, dtype=np.float32).tobytes()
    assert any(a.data == weights for a in kinds["constant"])
    executable = schema_of(dump.schema).decode(EXECUTABLE, dump.executable)
    local = [a for a in executable.buffer_assignment.buffer_allocations if a.is_thread_local]
    assert local
    assert not {a.index for a in local} & program.allocations.keys()
    steps = list(program.steps())
    assert {s.kernel for s in steps if isinstance(s, KernelThunk)} == program.kernels.keys()
    assert any(s.origin.operation == "tanh" or "tanh" in s.origin.instruction for s in steps)
    assert any(s.origin.location.startswith("model.py:") for s in steps)


def test_same_dump_same_program(dump):
    assert parse(dump, "model") == parse(dump, "model")
    assert str(parse(dump, "model")) == str(parse(dump, "model"))


@pytest.mark.parametrize(
    "kind", ["infeed_thunk", "outfeed_thunk", "collective_thunk", "ynn_fusion_thunk"]
)
@pytest.mark.parametrize("nested", [False, True])
def test_unsupported_thunk_names_the_operation_and_the_line(dump, kind, nested):
    def change(executable: Any) -> None:
        located = [
            i
            for c in executable.hlo_module.hlo_module.computations
            for i in c.instructions
            if i.metadata.op_name.endswith("argmax") or i.metadata.op_name.endswith("tanh")
        ]
        sequence = executable.thunk_sequence
        if nested:
            sequence = sequence.thunks.add().call_thunk.called_sequence
        thunk = sequence.thunks.add()
        thunk.info.op_name = located[0].name
        located[0].metadata.op_name = "jit(f)/made_up"
        located[0].metadata.source_file = "/home/u/model.py"
        located[0].metadata.source_line = 7
        getattr(thunk, kind).SetInParent()

    with pytest.raises(ExportError) as caught:
        parse(changed(dump, change), "model")
    error = caught.value
    assert error.kind == "unsupported-operation"
    assert error.what.startswith("made_up at model.py:7: expected an operation that XLA compiles")
    assert kind.removesuffix("_thunk").replace("_", "-") in error.what
    assert "made_up" in error.fix


def test_a_thunk_without_a_kind(dump):
    with pytest.raises(ExportError, match="nothing"):
        parse(changed(dump, lambda executable: executable.thunk_sequence.thunks.add()), "model")


def test_called_sequences_are_kept(dump):
    def change(executable: Any) -> None:
        sequence = executable.thunk_sequence
        inner = sequence.__class__()
        inner.CopyFrom(sequence)
        del sequence.thunks[:]
        sequence.thunks.add().call_thunk.called_sequence.CopyFrom(inner)

    program = parse(changed(dump, change), "model")
    (call,) = program.thunks
    assert isinstance(call, CallThunk)
    assert call.thunks == parse(dump, "model").thunks
    verify(program)


def test_workgroups(dump):
    def change(executable: Any) -> None:
        count = first_kernel(executable).num_workgroups
        count.x, count.y, count.z = 4, 3, 2

    steps = parse(changed(dump, change), "model").steps()
    assert next(s for s in steps if isinstance(s, KernelThunk)).workgroups == (4, 3, 2)


def test_slices(dump):
    def change(executable: Any) -> None:
        place = first_kernel(executable).results_buffers[0].slice
        place.offset, place.buffer_allocation_index = 192, 9

    (before, *_), (after, *_) = (
        [s for s in parse(d, "model").steps() if isinstance(s, KernelThunk)]
        for d in (dump, changed(dump, change))
    )
    assert after.results[0] == Slice(9, 192, before.results[0].shape)
    assert after.arguments == before.arguments


@pytest.mark.parametrize(("dtype", "width"), [("F32", 4), ("C128", 16), ("PRED", 1)])
@pytest.mark.parametrize("dims", [(3,), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
def test_copies_between_layouts(dump, dims, dtype, width):
    """In memory: what the strides say is what numpy's transposition says."""
    size = int(np.prod(dims))
    pairs = list(itertools.product(itertools.permutations(range(len(dims))), repeat=2))
    for source, destination in random.Random(6).sample(pairs, min(len(pairs), 60)):

        def change(executable: Any, source=source, destination=destination) -> None:
            del executable.thunk_sequence.thunks[:]
            copy = executable.thunk_sequence.thunks.add().copy_thunk
            types = copy.DESCRIPTOR.file.pool.FindEnumTypeByName("xla.PrimitiveType")
            for end, layout in (
                (copy.src_buffer_shape, source),
                (copy.dst_buffer_shape, destination),
            ):
                end.shape.element_type = types.values_by_name[dtype].number
                end.shape.dimensions[:] = dims
                end.shape.layout.minor_to_major[:] = layout
                end.slice.size = size * width

        (copy,) = parse(changed(dump, change, kernels={}), "model").steps()
        assert isinstance(copy, CopyThunk)
        assert (copy.strides == ()) == (source == destination)
        physical = tuple(dims[d] for d in reversed(destination))
        assert copy.destination.shape.dims == physical
        if copy.strides:
            memory = np.arange(size)
            logical = memory.reshape([dims[d] for d in reversed(source)])
            logical = logical.transpose(np.argsort(source[::-1]))
            expected = logical.transpose(destination[::-1]).ravel()
            offsets = sum(i * s for i, s in zip(np.indices(physical), copy.strides, strict=True))
            assert (memory[offsets].ravel() == expected).all()


def first_kernel(executable: Any) -> Any:
    """Of those that are no dot."""
    return next(
        t.kernel_thunk
        for t in executable.thunk_sequence.thunks
        if t.WhichOneof("impl") == "kernel_thunk" and "dot" not in t.info.op_name
    )


def drop_result(executable: Any) -> None:
    module = executable.hlo_module.hlo_module
    entry = next(c for c in module.computations if c.id == module.entry_computation_id)
    root = next(i for i in entry.instructions if i.id == entry.root_id)
    del root.shape.tuple_shapes[-1]


def drop_buffers(executable: Any) -> None:
    for allocation in executable.buffer_assignment.buffer_allocations:
        del allocation.assigned[:]


def turn_result(executable: Any) -> None:
    module = executable.hlo_module.hlo_module
    entry = next(c for c in module.computations if c.id == module.entry_computation_id)
    root = next(i for i in entry.instructions if i.id == entry.root_id)
    root.shape.tuple_shapes[1].layout.minor_to_major[:] = [0, 1]


def change_slice(executable: Any) -> None:
    first_kernel(executable).arguments_buffers[0].slice.size += 4


def change_parameter_number(executable: Any) -> None:
    for allocation in executable.buffer_assignment.buffer_allocations:
        allocation.parameter_number += 3


def drop_thunks(executable: Any) -> None:
    del executable.thunk_sequence.thunks[:]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (drop_result, "results: expected 3, found 2 in the HLO module"),
        (drop_buffers, "expected a"),
        (turn_result, "result['x']: expected a row-major layout, found another"),
        (change_slice, " bytes, found "),
        (change_parameter_number, "expected an argument, found none"),
        (drop_thunks, "kernels: expected a thunk for each, found none for "),
    ],
)
def test_a_dump_that_does_not_hold_together(dump, change, what):
    with pytest.raises(InternalError) as caught:
        parse(changed(dump, change), "model")
    assert what in caught.value.what


@pytest.fixture(scope="session")
def dot_dump(tmp_path_factory) -> Dump:
    src = tmp_path_factory.mktemp("src") / "dot.py"
    body = "return jnp.einsum('ij,kj->ik', x, y)"
    src.write_text(f"import jax.numpy as jnp\n\ndef f(x, y):\n    {body}\n")
    return capture(CaptureRequest(src, "f", {"x": "f32[5,7]", "y": "f32[6,7]"}))


def test_a_dot_says_how_its_arrays_go_on(dot_dump):
    program = parse(dot_dump, "f")
    verify(program)
    (dot,) = (thunk for thunk in program.thunks if isinstance(thunk, DotThunk))
    assert dot.outer == (DotAxis(5, 7, 0, 6), DotAxis(6, 0, 7, 1))
    assert dot.contracting == (DotAxis(7, 1, 1, 0),)


@pytest.mark.parametrize(("dtype", "itemsize"), [("PRED", 1), ("S32", 4)])
def test_a_dot_of_other_dtypes_is_not_supported(dot_dump, dtype, itemsize):
    def change(executable: Any) -> None:
        buffer = executable.thunk_sequence.thunks[0].dot_thunk.lhs_buffer_shape
        kinds = buffer.DESCRIPTOR.file.pool.FindEnumTypeByName("xla.PrimitiveType")
        buffer.shape.element_type = kinds.values_by_name[dtype].number
        buffer.slice.size = 35 * itemsize

    with pytest.raises(ExportError, match="found a thunk of kind dot of "):
        parse(changed(dot_dump, change), "f")


@pytest.fixture(scope="session")
def product_dump(tmp_path_factory) -> Dump:
    src = tmp_path_factory.mktemp("src") / "product.py"
    src.write_text("def f(x, y):\n    return (x * y).sum()\n")
    return capture(CaptureRequest(src, "f", {"x": "f32[64]", "y": "f32[64]"}))


def reduction(executable: Any) -> Any:
    name = first_kernel(executable).kernel_name
    module = executable.hlo_module.hlo_module
    return next(i for c in module.computations for i in c.instructions if i.name == name)


def test_operands_that_are_equal_have_one_argument(product_dump):
    def change(executable: Any) -> None:
        operands = reduction(executable).operand_ids
        operands[1] = operands[0]
        del first_kernel(executable).arguments_buffers[1:]

    program = parse(changed(product_dump, change), "f")
    (dot,) = (thunk for thunk in program.thunks if isinstance(thunk, DotThunk))
    assert dot.lhs == dot.rhs


def test_a_reduction_without_an_argument(product_dump):
    def change(executable: Any) -> None:
        del first_kernel(executable).arguments_buffers[1:]

    with pytest.raises(InternalError, match="expected 2 arguments, found 1"):
        parse(changed(product_dump, change), "f")


@pytest.mark.parametrize("equal", [False, True])
def test_a_layer_with_one_output_has_an_argument_for_each_operand(tmp_path, equal):
    src = tmp_path / "layer.py"
    body = "return jnp.maximum(w @ x + b, 0.0) @ v"
    src.write_text(f"import jax.numpy as jnp\n\ndef f(x, w, b, v):\n    {body}\n")
    inputs = {"x": "f32[24]", "w": "f32[24,24]", "b": "f32[24]", "v": "f32[24]"}
    dump = capture(CaptureRequest(src, "f", inputs))

    def change(executable: Any) -> None:
        operands = reduction(executable).operand_ids
        operands[1] = operands[0]
        del first_kernel(executable).arguments_buffers[1]

    program = parse(changed(dump, change) if equal else dump, "f")
    (kernel,) = (thunk for thunk in program.thunks if isinstance(thunk, KernelThunk))
    assert (kernel.dot is None) == equal


@pytest.fixture(scope="session")
def filter_dump(tmp_path_factory) -> Dump:
    src = tmp_path_factory.mktemp("src") / "filter.py"
    src.write_text("def f(a, b, x):\n    return a + x, x * 2.0, b * x, a * b\n")
    inputs = {"a": "f32[3]", "b": "f32[3]", "x": "f32[3]"}
    outputs = ("y", "z", "b", "a")
    return capture(CaptureRequest(src, "f", inputs, outputs=outputs, donate=("a", "b")))


def test_a_donated_parameter_is_its_result(filter_dump):
    assert filter_dump.donated == {0: 3, 1: 2}
    program = parse(filter_dump, "f")
    verify(program)
    donated = {a.parameter: a.index for a in program.allocations.values() if a.kind == "donated"}
    results = [where.allocation for where in program.result_slices]
    assert donated == {0: results[3], 1: results[2]}
    assert [program.allocations[index].kind for index in results[:2]] == ["result", "result"]


def test_a_donation_that_XLA_did_not_make(filter_dump):
    with pytest.raises(InternalError, match="expected the memory of"):
        parse(dataclasses.replace(filter_dump, donated={0: 3, 2: 2}), "f")


def test_a_module_without_a_kernel(dump):
    with pytest.raises(InternalError, match=r"empty\.ll: expected one kernel or more, found none"):
        parse(dataclasses.replace(dump, kernels={**dump.kernels, "empty": "; nothing\n"}), "model")


def test_several_kernels_of_one_module(dump):
    text = (
        'define ptr @a(ptr %0) {\n}\ndefine internal ptr @b() {}\ndefine ptr @"c d"(ptr %0) {\n}\n'
    )
    with pytest.raises(InternalError) as caught:
        parse(dataclasses.replace(dump, kernels={**dump.kernels, "more": text}), "model")
    assert caught.value.what.endswith("found none for ['a', 'c d']")


class Hang(Exception):
    pass


def test_more_memory_than_any_target_has_names_the_line(dump):
    def change(executable: Any) -> None:
        for allocation in executable.buffer_assignment.buffer_allocations:
            if allocation.maybe_live_out:
                allocation.size = (1 << 30) + 1

    with pytest.raises(ExportError) as caught:
        parse(changed(dump, change), "model")
    assert caught.value.kind == "too-large"
    assert "model.py:" in caught.value.what
    assert caught.value.what.endswith("at most 1073741824 bytes of memory, found 1073741825")


def test_a_negative_parameter(dump):
    def change(executable: Any) -> None:
        for allocation in executable.buffer_assignment.buffer_allocations:
            allocation.parameter_number -= 4

    with pytest.raises(InternalError, match="expected an argument, found none"):
        parse(changed(dump, change), "model")


def test_negative_dimensions(dump):
    def change(executable: Any) -> None:
        thunks = executable.thunk_sequence.thunks
        (*_, buffer) = (b for t in thunks for b in t.kernel_thunk.arguments_buffers)
        buffer.shape.dimensions[:] = [-1]
        buffer.shape.layout.minor_to_major[:] = [0]
        buffer.slice.size = -4

    with pytest.raises(InternalError, match="expected dimensions of 0 or more"):
        parse(changed(dump, change), "model")


def test_a_schema_that_lacks_a_field(dump):
    schema = dump.schema.replace(b"thunk_sequence", b"thunk_Sequence")
    with pytest.raises(InternalError, match="expected one that holds together"):
        parse(dataclasses.replace(dump, schema=schema), "model")


def outcome(dump: Dump) -> str:
    """ "passed", "ExportError" or "InternalError"; anything else is a defect."""
    try:
        verify(parse(dump, "model"))
    except (ExportError, InternalError) as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 - that is the question
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = trace.tb_frame.f_code.co_name if trace else ""
        return f"{type(error).__name__} in {where}"
    return "passed"


def outcomes_of(dumps: list[Dump]) -> dict[str, int]:
    """How often each outcome came, and the first dump with it; a parse may take 5 seconds."""

    def hang(*_: Any) -> None:
        raise Hang

    def work() -> dict[str, int]:
        limit = 2 << 30
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        signal.signal(signal.SIGALRM, hang)
        found: dict[str, int] = {}
        for number, one in enumerate(dumps):
            signal.alarm(5)
            found.setdefault(outcome(one), number)
        signal.alarm(0)
        return found

    return run_in_child("parse", work)


EXPECTED = {"passed", "ExportError", "InternalError"}


def test_flipped_bits(dump):
    rng = random.Random(4)
    dumps = []
    for _ in range(3000):
        data = bytearray(dump.executable)
        for _ in range(rng.choice((1, 1, 1, 5))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        dumps.append(dataclasses.replace(dump, executable=bytes(data)))
    found = outcomes_of(dumps)
    assert {"passed", "InternalError"} <= found.keys()
    assert ", ".join(sorted(found.keys() - EXPECTED)) == ""


def test_truncations(dump):
    rng = random.Random(5)
    size = len(dump.executable)
    cuts = {0, 1, size - 1, *(rng.randrange(size) for _ in range(500))}
    found = outcomes_of(
        [dataclasses.replace(dump, executable=dump.executable[:cut]) for cut in sorted(cuts)]
    )
    assert "InternalError" in found
    assert ", ".join(sorted(found.keys() - EXPECTED)) == ""


def numbers(message: Any) -> list[tuple[Any, str, int | None]]:
    """Where the integers of a message are: (message, field, index if it is repeated)."""
    found = []
    for field, value in message.ListFields():
        repeated = field.is_repeated
        if field.type == field.TYPE_MESSAGE:
            if field.message_type.GetOptions().map_entry:
                continue
            for part in value if repeated else (value,):
                found += numbers(part)
        elif field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_INT32, field.CPPTYPE_ENUM):
            found += (
                [(message, field.name, i) for i in range(len(value))]
                if repeated
                else [(message, field.name, None)]
            )
    return found


def test_changed_numbers(dump):
    rng = random.Random(7)
    executable = schema_of(dump.schema).decode(EXECUTABLE, dump.executable)
    dumps = []
    for message, field, index in numbers(executable):
        for value in (-1, 0, 1, rng.randrange(50), 1 << 20, 1 << 60):
            old = getattr(message, field)
            old = old if index is None else old[index]
            try:
                set_number(message, field, index, value)
            except ValueError:  # too large for the field
                continue
            dumps.append(dataclasses.replace(dump, executable=encode(executable)))
            set_number(message, field, index, old)
    assert len(dumps) > 2000
    found = outcomes_of(dumps)
    assert {"passed", "InternalError"} <= found.keys()
    assert ", ".join(sorted(found.keys() - EXPECTED)) == ""


def set_number(message: Any, field: str, index: int | None, value: int) -> None:
    if index is None:
        setattr(message, field, value)
    else:
        getattr(message, field)[index] = value
