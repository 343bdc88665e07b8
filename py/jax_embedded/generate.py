# SPDX-License-Identifier: Apache-2.0
"""Program -> Generated, by link and codegen in the way that gives what is asked for: fast code,
short code, or code that is as fast as so many bytes allow.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
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
    """size, unpacked, code_weight: see SumOptions. register_bytes: see `plan_scratch`.

    extensions: with the vector and half-precision instructions of the core.
    """

    size: bool = False
    unpacked: bool = True
    code_weight: float | None = None
    register_bytes: int = LOCAL_BYTES
    extensions: bool = True


_FAST = _Way()
_SHORT = _Way(size=True)
# Weights of the code between fast and short code, shorter and slower from one to the next. Code
# made like short code is slower even where it is not shorter, but for its sums of products.
_BETWEEN_FAST = (0.045, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)
_BETWEEN_SHORT = (0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0, 4.5)
_EVERY = 3  # of them, one after the other until one fits, where there is no telling which will


@dataclass(frozen=True)
class Generated:
    """workspace_bytes, workspace_lower_bound: see Scratch. code: the function's.

    stack_bytes: see `stack_bytes`; 0 on the host, where nobody asks.
    origins: see LinkedModule.
    """

    workspace_bytes: int
    workspace_lower_bound: int
    stack_bytes: int
    code: "ObjectCode"
    origins: Mapping[str, str]

    @property
    def ram_bytes(self) -> int:
        return self.workspace_bytes + self.stack_bytes


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
    """Errors: as of `link` and `codegen`; ExportError if no code takes few enough bytes."""
    found = _best(program, function, options)
    if _excess(found.code.code_bytes, options.max_code_bytes, options):
        raise _too_long(found, options)
    if _excess(found.ram_bytes, options.max_ram_bytes, options):
        raise _too_much_ram(found, options)
    return found


def _best(program: Program, function: CFunction, options: CompileOptions) -> Generated:
    """What has the fewest bytes too many if there is nothing without."""

    @cache
    def generated(way: _Way) -> Generated:
        return _generate_in_child(program, function, options, way)

    def fits(way: _Way) -> bool:
        return not _too_many(generated(way), options)

    def badness(way: _Way) -> tuple[int, int]:
        found = generated(way)
        drawn_in = library_bytes(found.code.externals, options.target)
        taken = found.code.code_bytes + drawn_in + found.stack_bytes
        return _too_many(found, options), taken

    if not options.size and fits(_FAST):
        return generated(_FAST)
    way = _SHORT
    for changes in _shorter(program, options):
        way = min(way, replace(way, **changes), key=badness)
    if not fits(way) and "+mve" in options.target.features:
        way = min(way, replace(way, extensions=False), key=badness)
    if options.size or not (fits(way) or options.max_ram_bytes):
        return generated(way)
    for chain in _between(way, options):
        if options.max_ram_bytes:  # of which shorter code need not take less
            some = chain[::_EVERY]
            if found := next(filter(fits, some), None):
                return generated(found)
            way = min(way, *some, key=badness)
        elif fits(chain[-1]):
            return generated(chain[bisect_left(chain, True, key=fits)])
    return generated(way)


def _shorter(program: Program, options: CompileOptions) -> Iterator[dict[str, Any]]:
    """What may make short code shorter, to be tried one after the other."""
    if not options.target.float_dtypes:
        # Sums that stay unpacked need fewer functions of the compiler runtime, and more code.
        yield {"unpacked": False}
    if plan_scratch(program) != plan_scratch(program, register_bytes=VECTOR_BYTES):
        yield {"register_bytes": VECTOR_BYTES}


def _between(short: _Way, options: CompileOptions) -> Iterator[Sequence[_Way]]:
    """The chains of ways to try before that one, the best for short code: first those which may be
    faster.
    """
    kinds = [replace(short, unpacked=True, extensions=True)]
    # Of sums that call the compiler runtime the short ones are about the fastest, too.
    if options.max_ram_bytes or not short.extensions:
        kinds.append(short)
    for kind in dict.fromkeys(kinds):
        fast = replace(kind, size=False, register_bytes=LOCAL_BYTES)
        if not kind.extensions:
            yield [fast]
        for base, weights in ((fast, _BETWEEN_FAST), (kind, _BETWEEN_SHORT)):
            yield [replace(base, code_weight=weight) for weight in weights]


def _too_many(found: Generated, options: CompileOptions) -> int:
    """Bytes of code and of RAM."""
    code = _excess(found.code.code_bytes, options.max_code_bytes, options)
    return code + _excess(found.ram_bytes, options.max_ram_bytes, options)


def _excess(found: int, most: int | None, options: CompileOptions) -> int:
    if most is None or options.target.name == "host":
        return 0
    return max(0, found - most)


def _generate_in_child(
    program: Program, function: CFunction, options: CompileOptions, way: _Way
) -> Generated:
    """With all instructions, or the plain ones where LLVM aborts on vectors or on f16.

    In a child, so that an abort inside LLVM does not take the exporter along, and that LLVM knows
    nothing of what it did before.
    """
    extensions = "+mve" in options.target.features and way.extensions
    if extensions:
        try:
            return run_in_child(
                "codegen", lambda: _generate(program, function, options, way), quiet=True
            )
        except Killed:
            way = replace(way, extensions=False)
    return run_in_child("codegen", lambda: _generate(program, function, options, way))


# llvmlite is imported in the child only.
def _generate(
    program: Program, function: CFunction, options: CompileOptions, way: _Way
) -> Generated:
    from jax_embedded.llvm.codegen import codegen
    from jax_embedded.llvm.emitters.pairs import functions_with_neon

    if not way.extensions:
        options = replace(options, target=options.target.without_extensions())
    unpaired: frozenset[str] = frozenset()
    while True:
        linked = _link(program, function, options, way, unpaired)
        code = codegen(linked, options.target, size=way.size, code_weight=way.code_weight)
        with_neon = functions_with_neon(code.assembly, linked.paired)
        if not with_neon:
            break
        unpaired |= with_neon
    scratch = linked.scratch
    on_host = options.target.name == "host"
    return Generated(
        scratch.workspace_bytes,
        scratch.workspace_lower_bound,
        0 if on_host else stack_bytes(code.assembly, options.name),
        code,
        linked.origins,
    )


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


def _too_much_ram(found: Generated, options: CompileOptions) -> ExportError:
    return ExportError(
        "ram-bytes",
        f"max_ram_bytes: expected at most {options.max_ram_bytes:,} bytes of RAM,"
        f" found {found.ram_bytes:,}",
        "raise max_ram_bytes",
        (
            f"{found.stack_bytes:,} bytes of the stack",
            f"{found.workspace_bytes:,} bytes of workspace",
        ),
    )
