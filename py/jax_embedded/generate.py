# SPDX-License-Identifier: Apache-2.0
"""Program -> Generated, by link and codegen in the way that gives what is asked for: fast code,
short code, or code that is as fast as a number of bytes allows.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from jax_embedded.child import Killed, run_in_child
from jax_embedded.compile_options import CompileOptions
from jax_embedded.errors import ExportError
from jax_embedded.ir.c_function import CFunction
from jax_embedded.ir.program import Program
from jax_embedded.ir.scratch import LOCAL_BYTES, VECTOR_BYTES, plan_scratch
from jax_embedded.llvm.abi import library_bytes
from jax_embedded.llvm.assembly import stack_bytes

if TYPE_CHECKING:
    from jax_embedded.llvm.codegen import ObjectCode
    from jax_embedded.llvm.link import LinkedModule

_NAMED = 5  # functions in a message


@dataclass(frozen=True)
class _Way:
    """size, unpacked, code_weight: see SumOptions. register_bytes: see `plan_scratch`."""

    size: bool = False
    unpacked: bool = True
    code_weight: float | None = None
    register_bytes: int = LOCAL_BYTES


_FAST = _Way()
_SHORT = _Way(size=True)
# Between fast and short code, shorter and slower from one to the next. Code made like short code is
# slower even where it is not shorter, but for its sums of products.
_BETWEEN = tuple(
    tuple(_Way(size, code_weight=weight) for weight in weights)
    for size, weights in (
        (False, (0.045, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)),
        (True, (0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5)),
    )
)


@dataclass(frozen=True)
class Generated:
    """workspace_bytes, workspace_lower_bound: see Scratch. code: the function's.

    origins: see LinkedModule.
    """

    workspace_bytes: int
    workspace_lower_bound: int
    code: "ObjectCode"
    origins: Mapping[str, str]


def import_stages() -> None:
    """Imports what every compilation needs, so that it is there after a fork."""
    import jax_embedded.llvm.codegen  # noqa: F401


def linked_ir(program: Program, function: CFunction, options: CompileOptions) -> str:
    """The LLVM IR of fast code, or of short code, before optimisation.

    Errors: as of `link`.
    """
    way = _SHORT if options.size else _FAST
    return run_in_child("link", lambda: _link(program, function, options, way).llvm_ir)


def generate(program: Program, function: CFunction, options: CompileOptions) -> Generated:
    """Errors: as of `link` and `codegen`; ExportError if no code is short enough."""
    found = _best(program, function, options)
    if _excess(found, options):
        raise _too_long(found, options)
    return found


def _best(program: Program, function: CFunction, options: CompileOptions) -> Generated:
    """The shortest if none is short enough."""

    @cache
    def generated(way: _Way) -> Generated:
        return _generate_in_child(program, function, options, way)

    def badness(way: _Way) -> tuple[int, int]:
        code = generated(way).code
        stack = 0 if options.target.name == "host" else stack_bytes(code.assembly, options.name)
        drawn_in = library_bytes(code.externals, options.target)
        return _excess(generated(way), options), code.code_bytes + drawn_in + stack

    if not options.size:
        fast = generated(_FAST)
        if not _excess(fast, options):
            return fast
    way = _SHORT
    for changes in _shorter(program, options):
        way = min(way, replace(way, **changes), key=badness)
    short = generated(way)
    if options.size or _excess(short, options):
        return short

    def is_short_enough(between: _Way) -> bool:
        return not _excess(generated(between), options)

    for chain in _BETWEEN:
        if chain[-1].size:
            chain = [replace(between, register_bytes=way.register_bytes) for between in chain]
        if is_short_enough(chain[-1]):
            return generated(chain[bisect_left(chain, True, key=is_short_enough)])
    return short


def _shorter(program: Program, options: CompileOptions) -> Iterator[dict[str, Any]]:
    """What may make short code shorter, to be tried one after the other."""
    if not options.target.float_dtypes:
        # Sums that stay unpacked need fewer functions of the compiler runtime, and more code.
        yield {"unpacked": False}
    if plan_scratch(program) != plan_scratch(program, register_bytes=VECTOR_BYTES):
        yield {"register_bytes": VECTOR_BYTES}


def _excess(found: Generated, options: CompileOptions) -> int:
    """How many bytes the code is too long."""
    if options.max_code_bytes is None or options.target.name == "host":
        return 0
    return max(0, found.code.code_bytes - options.max_code_bytes)


def _generate_in_child(
    program: Program, function: CFunction, options: CompileOptions, way: _Way
) -> Generated:
    """With all instructions, or the plain ones where LLVM aborts on vectors or on f16.

    In a child, so that an abort inside LLVM does not take the exporter along, and that LLVM knows
    nothing of what it did before.
    """
    extensions = "+mve" in options.target.features
    try:
        return run_in_child(
            "codegen", lambda: _generate(program, function, options, way), quiet=extensions
        )
    except Killed:
        if not extensions:
            raise
    plain = replace(options, target=options.target.without_extensions())
    return run_in_child("codegen", lambda: _generate(program, function, plain, way))


# llvmlite is imported in the child only.
def _generate(
    program: Program, function: CFunction, options: CompileOptions, way: _Way
) -> Generated:
    from jax_embedded.llvm.codegen import codegen
    from jax_embedded.llvm.emitters.pairs import functions_with_neon

    unpaired: frozenset[str] = frozenset()
    while True:
        linked = _link(program, function, options, way, unpaired)
        code = codegen(linked, options.target, size=way.size, code_weight=way.code_weight)
        with_neon = functions_with_neon(code.assembly, linked.paired)
        if not with_neon:
            break
        unpaired |= with_neon
    scratch = linked.scratch
    return Generated(scratch.workspace_bytes, scratch.workspace_lower_bound, code, linked.origins)


def _link(
    program: Program,
    function: CFunction,
    options: CompileOptions,
    way: _Way,
    unpaired: frozenset[str] = frozenset(),
) -> "LinkedModule":
    from jax_embedded.llvm.link import link

    return link(
        program,
        function,
        options.target,
        contract=options.contract,
        size=way.size,
        weights=options.weights,
        dsp=options.dsp,
        unpacked=way.unpacked,
        code_weight=way.code_weight,
        register_bytes=way.register_bytes,
        unpaired=unpaired,
    )


def _too_long(found: Generated, options: CompileOptions) -> ExportError:
    code = found.code
    largest = sorted(code.functions.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    data = "" if options.weights == "data" else ', or choose weights = "data"'
    return ExportError(
        "code-bytes",
        f"max_code_bytes: expected at most {options.max_code_bytes:,} bytes of code,"
        f" found {code.code_bytes:,}",
        f"raise max_code_bytes{data}",
        tuple(f"{size:,} bytes: {found.origins.get(name, name)}" for name, size in largest),
    )
