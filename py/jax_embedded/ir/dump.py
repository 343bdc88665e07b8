# SPDX-License-Identifier: Apache-2.0
"""Dump: what capture takes out of JAX and XLA, as data and as a folder of files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from jax_embedded.errors import InternalError
from jax_embedded.shape import DTYPES, Shape


@dataclass(frozen=True)
class Leaf:
    """An array of the function's signature: a leaf of its arguments' or results' pytrees.

    path: as JAX prints it, such as "params['w']".
    name: the C name made from it, or given by the user.
    shape: dtype and dimensions.
    """

    path: str
    name: str
    shape: Shape


@dataclass(frozen=True)
class Dump:
    """One JAX function after XLA, independent of the target. Same inputs, same bytes.

    function: the function's name in Python.
    source: the file that defines it, relative to the workspace or the folder it stands in.
    parameters: in the order of the Python signature and, within an argument, of jax.tree.leaves.
    results: in the order of jax.tree.leaves.
    donated: parameter -> the result that takes its place in memory.
    versions: of jax and jaxlib.
    flags: the XLA flags that the capture set.
    hlo: the optimised and scheduled HLO module as text, for people.
    executable: xla.cpu.CompilationResultProto without object code and what depends on the machine.
    schema: google.protobuf.FileDescriptorSet that decodes `executable`, from the same jaxlib.
    kernels: LLVM IR before optimisation by the name of XLA's LLVM module; written by a newer LLVM.
    """

    function: str
    source: str
    parameters: tuple[Leaf, ...]
    results: tuple[Leaf, ...]
    versions: Mapping[str, str]
    flags: tuple[str, ...]
    hlo: str
    executable: bytes
    schema: bytes
    kernels: Mapping[str, str] = field(default_factory=dict)
    donated: Mapping[int, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Writes the files of the dump into `folder`, in place of a dump that is there."""
        (folder / "kernels").mkdir(parents=True, exist_ok=True)
        for kernel in (folder / "kernels").glob("*.ll"):
            kernel.unlink()
        facts = {
            "function": self.function,
            "source": self.source,
            "parameters": [asdict(leaf) for leaf in self.parameters],
            "results": [asdict(leaf) for leaf in self.results],
            "donated": sorted(self.donated.items()),
            "versions": dict(self.versions),
            "flags": list(self.flags),
        }
        (folder / "dump.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
        (folder / "hlo.txt").write_text(self.hlo)
        (folder / "executable.pb").write_bytes(self.executable)
        (folder / "schema.pb").write_bytes(self.schema)
        for name, text in self.kernels.items():
            (folder / "kernels" / f"{name}.ll").write_text(text)

    @staticmethod
    def read(folder: Path) -> "Dump":
        """Reads what `write` wrote. Errors: InternalError if the folder does not hold a dump."""
        try:
            facts = json.loads((folder / "dump.json").read_text())
            parameters = tuple(_leaf(leaf) for leaf in facts["parameters"])
            results = tuple(_leaf(leaf) for leaf in facts["results"])
            return Dump(
                function=_text(facts["function"]),
                source=_text(facts["source"]),
                parameters=parameters,
                results=results,
                donated=_donated(facts["donated"], len(parameters), len(results)),
                versions={_text(name): _text(v) for name, v in facts["versions"].items()},
                flags=tuple(_text(flag) for flag in facts["flags"]),
                hlo=(folder / "hlo.txt").read_text(),
                executable=(folder / "executable.pb").read_bytes(),
                schema=(folder / "schema.pb").read_bytes(),
                kernels={
                    path.name.removesuffix(".ll"): path.read_text()
                    for path in sorted((folder / "kernels").glob("*.ll"))
                },
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InternalError(f"{folder.name}: expected a dump, found {error}") from error


def root_order(donated: Mapping[int, int], results: int) -> tuple[int, ...]:
    """The order of the results in the HLO root: first those that take a parameter's place.

    JAX gives each donated argument the first result of its shape; so it is the right one.
    """
    first = [donated[parameter] for parameter in sorted(donated)]
    return (*first, *(result for result in range(results) if result not in first))


def _leaf(facts: dict) -> Leaf:
    dtype, dims = facts["shape"]["dtype"], facts["shape"]["dims"]
    if dtype not in DTYPES or not all(type(n) is int and n > 0 for n in dims):
        raise ValueError(f"the shape {dtype}{dims}")
    return Leaf(_text(facts["path"]), _text(facts["name"]), Shape(dtype, tuple(dims)))


def _donated(pairs: list, parameters: int, results: int) -> dict[int, int]:
    donated = dict(pairs)
    first, second = list(donated), list(donated.values())
    known = set(first) <= set(range(parameters)) and set(second) <= set(range(results))
    if not known or len(set(second)) < len(pairs):
        raise ValueError(f"the donated arguments {pairs}")
    return donated


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value} in place of text")
    return value
