# SPDX-License-Identifier: Apache-2.0
"""Counts baked dot products beside loops, and writes docs/bake_dot.md."""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sizes import CORES, Failed, boards, call, linked

# From here: a program is told its path, of at most 255 bytes.
FOLDER = Path(os.path.relpath(Path(__file__).parent))
ENCODE = FOLDER.parents[1] / "bake/encode"
KINDS = ["RANDOM", "SMALL", "SPARSE", "TERNARY"]
SEED = "1"  # of run.c
ELEMENTS = ["f32", "s8"]


@dataclass(frozen=True)
class Count:
    """Instructions: of a call, of the two loops, of baking. code: bytes of the baked function.
    stack: bytes that baking takes."""

    baked: int
    speed: int
    size: int
    bake: int
    code: int
    stack: int

    @property
    def calls(self) -> int | None:
        """After how many calls baking has paid off; None: never."""
        gain = self.speed - self.baked
        return -(-self.bake // gain) if gain > 0 else None


@dataclass(frozen=True)
class Weights:
    """kind: of vectors.h."""

    kind: str
    n: int


# Platform -> weights -> what they take.
Table = dict[str, dict[Weights, Count]]
WEIGHTS = [Weights("RANDOM", 32), *(Weights(kind, 256) for kind in KINDS)]


def measure(element: str) -> Table:
    """Of f32 or s8. Raises Failed."""
    commands = boards(FOLDER / element)

    def count(platform: str, weights: Weights) -> Count:
        def counted(what: str):
            name = f"{element}.{weights.kind}.{weights.n}.{what}.called.elf"
            return call(FOLDER / element / platform / name, commands[platform])

        bake = counted("bake")
        return Count(
            baked=counted("baked").instructions - 1,  # BX to it
            speed=counted("O2").instructions,
            size=counted("Os").instructions,
            bake=bake.instructions,
            code=code_bytes(element, platform, weights),
            stack=bake.stack,
        )

    with ThreadPoolExecutor(max_workers=2) as pool:
        return {
            platform: dict(
                zip(WEIGHTS, pool.map(lambda w, p=platform: count(p, w), WEIGHTS), strict=True)
            )
            for platform in commands
        }


def code_bytes(element: str, platform: str, weights: Weights) -> int:
    """Of the baked function."""
    core = "fpu" if element == "f32" else "thumb1" if platform == "qemu_m0" else "thumb2"
    command = [ENCODE, core, str(KINDS.index(weights.kind)), SEED, str(weights.n)]
    return len(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def library_bytes(element: str) -> dict[str, int]:
    """By platform, the code that bakes, with what it calls."""
    name = f"{element}.RANDOM.256.bake.alone.elf"
    return {
        path.parent.name: linked(path.read_bytes()).code + linked(path.read_bytes()).constant
        for path in sorted((FOLDER / element).glob(f"*/{name}"))
    }


HEAD = """\
# Baked dot products

A dot product with a vector that is known only at run time can be compiled then:
[`jxe_bake_dot_f32` and `jxe_bake_dot_s8`](../runtime/include/jax_embedded/bake.h) write the vector
into RAM as Thumb code without a loop and without weights to load, and return the function. (A
vector that is known when the program is built belongs into the JAX function.)

| weights | code |
|---|---|
| f32 | eight inputs by one VLDM, or those that count by VLDR; VFMA or VFMS; a constant by one \
VMOV if it has few bits, else by two or three instructions, and by none if its magnitude is one of \
the last six; of 1 and -1 one addition, of 0 nothing |
| s8 | inputs of which the weights have the same magnitude are added up and multiplied together; \
magnitudes in falling order, so that a sum goes on where that is cheaper; of 0 nothing. Thumb-2 \
multiplies by MLA or a shifted addition, Thumb-1 by as little MULS as it can |

The code calls nothing, takes no stack and has no branch but its return: it takes the same time for
all inputs, but for what the memories do.

`./bazelw run //tests/bench/bake` measures this anew, in instructions as in [Sizes](sizes.md):

* **baked**: of a call. **loop**: of `sum += weights[i] * x[i]` by `arm-none-eabi-gcc` with `-O2`
  and `-Os`.
* **code**: bytes of the baked function in RAM. The weights it replaces take 4 (f32) or 1 (s8) each.
* **to bake**: of `jxe_bake_dot_...`. **calls**: after how many of them that is made up for, beside
  the loop with `-O2`.
* **weights**: random, f32 in [-1, 1) or s8 of all values alike; small, f32 in eighths from -4 to 4
  or s8 from -24 to 24 in a bell; sparse, random but nine of ten 0; ternary, -1, 0 and 1.
"""

TABLE = """
## {element}

| weights | n | core | baked | loop -O2, -Os | code | to bake | calls |
|---|---:|---|---:|---:|---:|---:|---:|
"""

COSTS = """
## What it costs

* **RAM**: {f32} bytes for a random weight of f32, which takes 4 as data, and {s8} for one of s8.
* **Flash**: what bakes is {library} bytes of code, and takes at most {stack} bytes of
  stack.
* Random weights of f32 do not gain by it over code that is unrolled: most of the {per_f32}
  instructions make the constant, where [ours](benchmarks.md) on the M4F takes 2.2 for each product
  of two inputs, and with Helium less than one. What gains is zeros, small numbers and few
  different ones.
* Instructions are no cycles. Not counted: that a loop's branches cost more than one; that
  RAM may be fetched from more slowly than flash or with data accesses in its way; that straight
  code fills an instruction cache, or a flash accelerator that a loop would have stayed in; and for
  the loop, that its weights may lie in flash with wait states.
* The RAM has to be executable, which a system that protects itself does not want all RAM to be.
"""


def rows(table: Table) -> str:
    """Cores with the same counts share a row."""
    text = ""
    for weights in WEIGHTS:
        cores: dict[Count, list[str]] = {}
        for platform in CORES:
            if platform in table:
                cores.setdefault(table[platform][weights], []).append(CORES[platform])
        for count, names in cores.items():
            calls = "never" if count.calls is None else f"{count.calls:,}"
            text += (
                f"| {weights.kind.lower()} | {weights.n} | {', '.join(names)} | {count.baked:,}"
                f" | {count.speed:,}, {count.size:,}"
                f" | {count.code:,} | {count.bake:,} | {calls} |\n"
            )
    return text


def document(tables: dict[str, Table], library: dict[str, dict[str, int]]) -> str:
    """The text of docs/bake_dot.md."""
    text = HEAD
    for element, table in tables.items():
        text += TABLE.format(element=element) + rows(table)
    random = Weights("RANDOM", 256)
    f32, s8 = (next(iter(tables[e].values()))[random] for e in ELEMENTS)
    most = {element: max(sizes.values()) for element, sizes in library.items()}
    return text + COSTS.format(
        f32=f"{f32.code / random.n:.1f}",
        s8=f"{s8.code / random.n:.1f}",
        library=" or ".join(f"{size:,} ({element})" for element, size in most.items()),
        stack=" or ".join(
            f"{max(c.stack for on in table.values() for c in on.values())} ({element})"
            for element, table in tables.items()
        ),
        per_f32=f"{f32.baked / random.n:.1f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="docs/bake_dot.md", help="(default: %(default)s)")
    options = parser.parse_args()
    try:
        tables = {element: measure(element) for element in ELEMENTS}
    except Failed as failed:
        sys.exit(str(failed))
    text = document(tables, {element: library_bytes(element) for element in ELEMENTS})
    sys.stdout.write(text)
    Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), options.out).write_text(text)


if __name__ == "__main__":
    main()
