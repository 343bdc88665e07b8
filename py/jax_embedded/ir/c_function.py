# SPDX-License-Identifier: Apache-2.0
"""The C function: its parameters and result, as header, entry function and manifest see them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from jax_embedded.errors import ExportError
from jax_embedded.ir.dump import Leaf
from jax_embedded.shape import DTYPES


@dataclass(frozen=True)
class Field:
    """A leaf at its place in a parameter of the C function.

    name: of the struct's member, or of the parameter itself.
    offset: bytes from where the parameter points to.
    argument: its place among the function's arguments, None if it is a result only.
    result: its place among the function's results, None if it is an argument only.
    """

    leaf: Leaf
    name: str
    offset: int = 0
    argument: int | None = None
    result: int | None = None


@dataclass(frozen=True)
class CParameter:
    """A parameter of the C function.

    struct: the tag of the struct that it points to; empty if it is the only field itself.
    """

    name: str
    fields: tuple[Field, ...]
    struct: str = ""

    @property
    def written(self) -> bool:
        return any(field.result is not None for field in self.fields)

    @property
    def read(self) -> bool:
        return any(field.argument is not None for field in self.fields)

    @property
    def by_value(self) -> bool:
        return not self.struct and not self.written and _is_value(self.fields[0].leaf)

    @property
    def align(self) -> int:
        """Of what it points to, in bytes: that of its largest element."""
        return max(DTYPES[field.leaf.shape.dtype].align for field in self.fields)

    @property
    def nbytes(self) -> int:
        """Of what it points to, padding of a struct included."""
        last = self.fields[-1]
        return _aligned(last.offset + last.leaf.shape.nbytes, self.align)


@dataclass(frozen=True)
class CFunction:
    """A C function.

    parameters: in order, without the workspace.
    returned: the result that is returned by value; all others are written through parameters.
    caller_workspace: whether the last parameter is memory to work in.
    """

    name: str
    parameters: tuple[CParameter, ...]
    returned: Field | None = None
    caller_workspace: bool = False


def c_function(
    name: str,
    arguments: tuple[Leaf, ...],
    results: tuple[Leaf, ...],
    *,
    donated: Mapping[int, int] | None = None,
    structs: Collection[str] = (),
    caller_workspace: bool = False,
) -> CFunction:
    """The arguments in order, then the results that are not updated in place.

    donated: argument -> the result that takes its place in memory.
    structs: the arguments, by their Python name, that are passed as one struct each.
    Errors: ExportError if one of `structs` is not an argument with several leaves.
    """
    donated = donated or {}
    by_root: dict[str, list[Field]] = {}
    parameters: list[CParameter] = []
    for index, leaf in enumerate(arguments):
        root = _root(leaf)
        field = Field(leaf, leaf.name, argument=index, result=donated.get(index))
        by_root.setdefault(root, []).append(field)
    for root, fields in by_root.items():
        if root in structs:
            parameters.append(CParameter(root, _members(root, fields), f"{name}_{root}"))
        else:
            parameters += [CParameter(field.name, (field,)) for field in fields]
    _check_structs(structs, by_root)
    own = [
        Field(leaf, leaf.name, result=index)
        for index, leaf in enumerate(results)
        if index not in donated.values()
    ]
    if len(own) == 1 and _is_value(own[0].leaf):
        return CFunction(name, tuple(parameters), own[0], caller_workspace)
    parameters += [CParameter(field.name, (field,)) for field in own]
    return CFunction(name, tuple(parameters), None, caller_workspace)


def _is_value(leaf: Leaf) -> bool:
    return not leaf.shape.dims and DTYPES[leaf.shape.dtype].by_value


def _root(leaf: Leaf) -> str:
    """The Python argument that the leaf is a part of: "params" of "params['w']"."""
    match = re.match(r"\w+", leaf.path)
    return match[0] if match else leaf.path


def _members(root: str, fields: list[Field]) -> tuple[Field, ...]:
    """In the order of the leaves, each at the next multiple of its alignment, as in C."""
    offset = 0
    members = []
    for field in fields:
        shape = field.leaf.shape
        offset = _aligned(offset, DTYPES[shape.dtype].align)
        name = field.leaf.name.removeprefix(root + "_")
        name = f"_{name}" if name[0].isdigit() else name
        members.append(Field(field.leaf, name, offset, field.argument, field.result))
        offset += shape.nbytes
    return tuple(members)


def _aligned(offset: int, align: int) -> int:
    return -(-offset // align) * align


def _check_structs(structs: Collection[str], by_root: Mapping[str, list[Field]]) -> None:
    trees = [root for root, fields in by_root.items() if fields[0].leaf.path != root]
    for root in structs:
        if root not in trees:
            found = "an array" if root in by_root else "no such argument"
            raise ExportError(
                "structs",
                f"structs: {root}: expected an argument that is a pytree, found {found}",
                f"name one of: {', '.join(trees)}" if trees else "leave structs out",
            )
