# SPDX-License-Identifier: Apache-2.0
"""What layers take by their size and number: of growth/growth.py."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counts import FOLDER, OURS, Count, count

from jax_embedded.llvm.emitters import tile_choice

PLATFORMS = {"qemu_m4f": "M4F", "qemu_m55": "M55"}

# More is too much: instructions per MAC, in units of those of half the size or number; bytes of
# code of one layer and of the second, and of each more; bytes of RAM beside two arrays.
MOST_PER_MAC = 1.25
MOST_CODE = 2200
MOST_CODE_OF_ONE_MORE = 100
MOST_RAM = 512

HEAD = """\

## How ours grows

Fully connected layers with bias and relu, and constant weights (`growth/growth.py`): one of *n* x
*n*, and several of 32 x 32. A MAC is a multiplication with its addition.

A dot's code does not grow with its extents: `tile_choice.py` takes tiles that are at most
{dot:,} bytes by its own count (`MOST_CODE`) into consideration. Layers of equal
shape share their code from the third on, and each more costs the call with its addresses.

Too much is, and `//tests/bench:growth_test` fails at it: {per_mac} times the instructions per MAC
of half the size or number; more than {code:,} bytes of code of one layer or of the second, and
{more} of each more; more than {ram} bytes of RAM beside two arrays of *n*.

| layers | MACs | {titles} |
|---|---:|{rules}
"""


@dataclass(frozen=True)
class Layers:
    """number: how many of n x n."""

    n: int
    number: int

    @property
    def name(self) -> str:
        """The function."""
        return f"dense_{self.n}" if self in ONE else f"layers_{self.number}"

    @property
    def title(self) -> str:
        """In the table."""
        return f"{self.number} of {self.n} x {self.n}"

    @property
    def macs(self) -> int:
        """Of all."""
        return self.number * self.n * self.n

    @property
    def weights(self) -> int:
        """Bytes."""
        return 4 * (self.macs + self.number * self.n)


ONE = [Layers(n, 1) for n in (8, 16, 25, 32, 50, 64, 100, 128, 200, 256, 400, 512)]
SEVERAL = [Layers(32, number) for number in (2, 4, 8, 16, 32)]
# By platform.
Growth = Mapping[str, Mapping[Layers, Count]]


def measured() -> Growth:
    """Of all. Raises Failed."""
    all_layers = ONE + SEVERAL
    table = count(FOLDER / "growth/measured", {one.name: one.weights for one in all_layers})
    return {p: {one: table[one.name][p][OURS] for one in all_layers} for p in PLATFORMS}


def too_much(found: Growth) -> Iterator[str]:
    """A line for each thing that is."""
    for platform, core in PLATFORMS.items():
        counts = found[platform]
        for one in ONE + SEVERAL:
            less = Layers(one.n // 2, 1) if one in ONE else Layers(one.n, one.number // 2)
            title = f"{core}, {one.title}"
            before = counts.get(less)
            if before:
                times = counts[one].instructions * less.macs / before.instructions / one.macs
                if times > MOST_PER_MAC:
                    yield f"{title}: {times:.2f} times the instructions per MAC of {less.title}"
            most = MOST_CODE * min(one.number, 2) + MOST_CODE_OF_ONE_MORE * max(one.number - 2, 0)
            if counts[one].code > most:
                yield f"{title}: {counts[one].code:,} bytes of code, more than {most:,}"
            most = 2 * 4 * one.n + MOST_RAM
            if counts[one].ram > most:
                yield f"{title}: {counts[one].ram:,} bytes of RAM, more than {most:,}"


def growth() -> str:
    """The section of docs/benchmarks.md. Raises Failed."""
    found = measured()
    titles = [f"{core}: code / RAM | instructions | per MAC" for core in PLATFORMS.values()]
    text = HEAD.format(
        per_mac=MOST_PER_MAC,
        dot=tile_choice.MOST_CODE,
        code=MOST_CODE,
        more=MOST_CODE_OF_ONE_MORE,
        ram=MOST_RAM,
        titles=" | ".join(titles),
        rules="---:|" * 3 * len(PLATFORMS),
    )
    for one in ONE + SEVERAL:
        cells = [
            f"{c.code:,} / {c.ram:,} | {c.instructions:,} | {c.instructions / one.macs:.2f}"
            for c in (found[platform][one] for platform in PLATFORMS)
        ]
        text += f"| {one.title} | {one.macs:,} | {' | '.join(cells)} |\n"
    return (
        text
        + "\nToo much today:\n\n"
        + "".join(f"* {line}\n" for line in [*too_much(found)] or ["nothing"])
    )
