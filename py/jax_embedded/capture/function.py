# SPDX-License-Identifier: Apache-2.0
"""The user's function and its arguments, as JAX can trace them."""

import difflib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from jax_embedded.errors import ExportError, InternalError
from jax_embedded.ir.dump import Leaf
from jax_embedded.shape import BY_NUMPY, LARGEST, WIDE, Shape, parse_shape


@dataclass(frozen=True)
class Arguments:
    """What the function is traced with.

    leaves: path, C name and shape of every array, in the order of the Python signature and of
        jax.tree.leaves.
    positional: how many of `trees` go by position; the rest goes by name.
    trees: argument name and tree structure, in the order of the signature.
    """

    leaves: tuple[Leaf, ...]
    positional: int
    trees: tuple[tuple[str, Any], ...]

    def avals(self) -> list[jax.ShapeDtypeStruct]:
        return [jax.ShapeDtypeStruct(leaf.shape.dims, _np(leaf.shape)) for leaf in self.leaves]

    def places(self, names: Sequence[str]) -> tuple[int, ...]:
        """The leaves of the arguments of those names.

        Errors: ExportError if there is no such argument.
        """
        ranges = self.ranges()
        for name in names:
            if name not in ranges:
                raise ExportError(
                    "donate",
                    f"donate: expected some of {', '.join(ranges) or 'no argument'}, found {name}",
                    _closest(name, ranges) or f"remove {name} from donate",
                )
        return tuple(sorted(place for name in set(names) for place in ranges[name]))

    def ranges(self) -> dict[str, range]:
        """Argument name -> the places of its leaves."""
        ranges = {}
        first = 0
        for name, tree in self.trees:
            ranges[name] = range(first, first + tree.num_leaves)
            first += tree.num_leaves
        return ranges

    def call(self, function: Callable, values: Sequence[Any]) -> Any:
        """Calls `function` with `values`, one for each leaf."""
        rest = list(values)
        args = []
        for _, tree in self.trees:
            args.append(jax.tree.unflatten(tree, rest[: tree.num_leaves]))
            del rest[: tree.num_leaves]
        names = [name for name, _ in self.trees[self.positional :]]
        keywords = dict(zip(names, args[self.positional :], strict=True))
        return function(*args[: self.positional], **keywords)


def load_module(path: Path) -> ModuleType:
    """Imports the user's file. Errors: ExportError if it is not there or raises."""
    if not path.is_file():
        raise ExportError(
            "missing-file",
            f"{path}: expected a Python file, found {'a folder' if path.is_dir() else 'none'}",
            "correct the path of src",
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ExportError(
            "missing-file",
            f"{path}: expected a file whose name ends in .py, found {path.name}",
            "rename it",
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.append(str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise user_error(error, f"importing {path.name}") from error
    return module


def find_function(module: ModuleType, name: str, role: str = "fn") -> Callable:
    """role: the attribute that names the function. Errors: ExportError if there is none."""
    function = getattr(module, name, None)
    if callable(function):
        return function
    file = Path(module.__file__ or "").name
    if function is not None:
        raise ExportError(
            "no-such-function",
            f"{file}: expected {name} to be a function, found {type(function).__name__}",
            f"name a function in {role}",
        )
    defined = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    close = difflib.get_close_matches(name, defined, 1)
    raise ExportError(
        "no-such-function",
        f"{file}: expected a function {name}, found {', '.join(defined) or 'no function'}",
        f"set {role} to {close[0] if close else 'one of the functions of the file'}",
    )


def arguments_from_shapes(function: Callable, inputs: Mapping[str, str]) -> Arguments:
    """inputs: shape text by argument name.

    Errors: ExportError for a shape that is not one, an argument that is unknown or missing.
    """
    values = {
        name: jax.ShapeDtypeStruct(shape.dims, _np(shape))
        for name, shape in ((name, parse_shape(text, name)) for name, text in inputs.items())
    }
    return _bind(function, values, "inputs")


def arguments_from_example(module: ModuleType, function: Callable, name: str) -> Arguments:
    """name: a function of the user's file that returns the arguments: a tuple in the order of the
    signature, or a dict by argument name. It may yield those of one call after the other instead:
    the first count here.

    Errors: ExportError if it is not there, raises, or returns something else.
    """
    example = find_function(module, name, "example_inputs")
    try:
        values = example()
        if inspect.isgenerator(values):
            values = next(values, None)
    except BaseException as error:
        raise user_error(error, f"{name}()") from error
    if isinstance(values, tuple):
        names = [p.name for p in _parameters(function)]
        if len(values) > len(names):
            raise ExportError(
                "example-inputs",
                f"{name}(): expected at most {len(names)} arguments, found {len(values)}",
                f"return one value for each of: {', '.join(names) or 'no argument'}",
            )
        values = dict(zip(names, values, strict=False))
    if not isinstance(values, dict):
        raise ExportError(
            "example-inputs",
            f"{name}(): expected a tuple of arguments or a dict by argument name,"
            f" found {type(values).__name__}",
            "return (x,) if x is the only argument",
        )
    return _bind(function, values, "example_inputs")


def _parameters(function: Callable) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise ExportError(
            "signature",
            f"{function}: expected a function with a Python signature, found none",
            "wrap it in a def",
        ) from error


def _bind(function: Callable, values: Mapping[str, Any], role: str) -> Arguments:
    parameters = {p.name: p for p in _parameters(function)}
    for p in parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise ExportError(
                "signature",
                f"{_name(function)}: expected arguments with names, found {p}",
                "wrap it in a def that names them",
            )
    for name in values:
        if name not in parameters:
            raise ExportError(
                "unknown-input",
                f"{role}: expected arguments of {_name(function)}({', '.join(parameters)}),"
                f" found {name}",
                _closest(name, parameters) or f"remove {name} from {role}",
            )
    for name, p in parameters.items():
        if name not in values and p.default is p.empty:
            raise ExportError(
                "missing-input",
                f"{role}: expected every argument of {_name(function)}({', '.join(parameters)}),"
                f" found none for {name}",
                f'add {name} to {role}, such as "f32[3]", or give it a default value in Python',
            )
    leaves: list[Leaf] = []
    trees = []
    positional = 0
    skipped = False
    for name, p in parameters.items():
        if name not in values:
            skipped = True
            continue
        if p.kind != p.KEYWORD_ONLY and not skipped:
            positional += 1
        elif p.kind == p.POSITIONAL_ONLY:
            raise ExportError(
                "missing-input",
                f"{role}: expected all positional-only arguments before {name}, found a gap",
                f"add the arguments before {name} to {role}",
            )
        found, tree = jax.tree_util.tree_flatten_with_path(values[name])
        trees.append((name, tree))
        for path, value in found:
            printed = name + jax.tree_util.keystr(path)
            shape = shape_of(value, f"argument {printed}")
            leaves.append(Leaf(printed, _c_name(name, path), shape))
    return Arguments(tuple(leaves), positional, tuple(trees))


def flatten_results(value: Any, function: Callable, names: Sequence[str] | None) -> list[tuple]:
    """(path, C name, array) of every result, in the order of jax.tree.leaves.

    names: the user's names of the results; without, they are made of "out" and the path.
    Errors: ExportError for a result that is no array, none at all, or a wrong number of names.
    """
    found, _ = jax.tree_util.tree_flatten_with_path(value)
    if not found:
        raise ExportError(
            "no-result",
            f"{_name(function)}: expected at least one array as result, found {value!r}",
            "return what the function computes",
        )
    for path, leaf in found:
        if not isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float | complex):
            raise ExportError(
                "non-array-output",
                f"{_name(function)}: result{jax.tree_util.keystr(path)}: expected an array,"
                f" found {type(leaf).__name__}",
                "return arrays only",
            )
    paths = ["result" + jax.tree_util.keystr(path) for path, _ in found]
    if names is None:
        names = [_c_name("out", path) for path, _ in found]
    elif len(names) != len(found):
        raise ExportError(
            "outputs",
            f"outputs: expected {len(found)} names, found {len(names)}",
            f"give one name for each of: {', '.join(paths)}",
        )
    return [(p, n, leaf) for p, n, (_, leaf) in zip(paths, names, found, strict=True)]


def shape_of(value: Any, role: str) -> Shape:
    """The shape of an array as this JAX sees it, Python scalars included.

    Errors: ExportError for what is no array, a dtype without a C type, a 64-bit dtype without x64,
    an empty array, or one of more than LARGEST bytes.
    """
    if isinstance(value, bool | int | float | complex):
        dtype, dims = jax.dtypes.canonicalize_dtype(np.result_type(type(value))), ()
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        dtype, dims = value.dtype, tuple(value.shape)
    else:
        raise ExportError(
            "example-inputs",
            f"{role}: expected an array, found {type(value).__name__}",
            "pass arrays only; what is constant belongs into the function",
        )
    name = (
        str(np.dtype(dtype))
        if not jax.dtypes.issubdtype(dtype, jax.dtypes.extended)
        else str(dtype)
    )
    if name not in BY_NUMPY:
        raise ExportError(
            "dtype",
            f"{role}: expected one of {', '.join(BY_NUMPY)}; found {name}",
            "convert it in Python",
        )
    shape = Shape(BY_NUMPY[name].name, dims)
    if shape.dtype in WIDE and not jax.config.jax_enable_x64:
        narrow = Shape(shape.dtype.replace("64", "32").replace("c128", "c64"), dims)
        raise ExportError(
            "dtype-mismatch",
            f"{role}: expected {narrow}, found {shape}",
            f"pass {narrow}, or set x64 = True",
        )
    if shape.elements == 0:
        raise ExportError(
            "empty-array",
            f"{role}: expected at least one element, found {shape}",
            "drop it: C has no empty arrays",
        )
    if shape.nbytes > LARGEST:
        raise ExportError(
            "too-large",
            f"{role}: expected at most {LARGEST} bytes, found {shape}, {shape.nbytes} bytes",
            "pass it in parts",
        )
    return shape


def user_error(error: BaseException, doing: str) -> ExportError:
    """What the user's code raised, with the user's frames only."""
    if isinstance(error, ExportError | InternalError | KeyboardInterrupt):
        raise error
    frames = [
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_users(frame.filename)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append(f"{Path(error.filename).name}:{error.lineno}: {(error.text or '').strip()}")
    message = str(error).strip().splitlines()
    found = type(error).__name__ + (f": {message[0]}" if message else "")
    dynamic = isinstance(
        error, jax.errors.ConcretizationTypeError | jax.errors.NonConcreteBooleanIndexError
    )
    if dynamic:
        return ExportError(
            "dynamic-shape",
            f"{doing}: expected shapes and Python control flow that do not depend on values,"
            f" found {found}",
            "use jnp.where, jax.lax.cond or jax.lax.fori_loop, and give a static size",
            tuple(frames),
        )
    return ExportError(
        "user-exception",
        f"{doing}: expected no exception, found {found}",
        "mend the Python function; it must run under jax.jit",
        tuple(frames),
    )


def _is_users(filename: str) -> bool:
    ours = Path(__file__).resolve().parents[1]
    path = Path(filename)
    return not (
        filename.startswith("<")
        or "site-packages" in path.parts
        or path.resolve().is_relative_to(ours)
        or path.resolve().is_relative_to(Path(inspect.__file__).resolve().parent)
    )


def _c_name(root: str, path: Sequence[Any]) -> str:
    parts = [root]
    for entry in path:
        key = getattr(entry, "key", getattr(entry, "idx", getattr(entry, "name", entry)))
        parts.append(re.sub(r"\W", "_", str(key), flags=re.ASCII))
    return "_".join(parts)


def _name(function: Callable) -> str:
    return getattr(function, "__name__", "the function")


def _closest(name: str, names: Mapping[str, Any]) -> str | None:
    close = difflib.get_close_matches(name, names, 1)
    return f"rename {name} to {close[0]}" if close else None


def _np(shape: Shape) -> Any:
    return jax.numpy.dtype(next(d.numpy for d in BY_NUMPY.values() if d.name == shape.dtype))
