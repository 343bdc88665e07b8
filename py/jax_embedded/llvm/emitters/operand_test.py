# SPDX-License-Identifier: Apache-2.0
import pytest

from jax_embedded.llvm.emitters.operand import Operand


class Memory:
    """Addresses are numbers; what happens is written down."""

    def __init__(self):
        self.log: list[str] = []

    def operand(
        self, term: int, places: tuple[int, ...], stretch: int, *, together=True, at_once=False
    ):
        return Operand(self.load_from, self.on, term, places, stretch, together, at_once)

    def load_from(self, base, wanted):
        wanted = set(wanted)

        def load(place):
            assert place in wanted
            self.log.append(f"load {base + place}")
            return base + place

        return load

    def on(self, base, elements):
        self.log.append(f"on {base + elements}")
        return base + elements


@pytest.mark.parametrize("terms", [1, 2, 5, 8])
@pytest.mark.parametrize("stretch", [0, 1, 2, 4])
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_each_element_is_loaded_from_where_it_lies(terms, stretch, together, at_once):
    memory = Memory()
    operand = memory.operand(10, (0, 1, 5), stretch, together=together, at_once=at_once)
    reads = operand.reads(1000, terms)
    for term in range(terms):
        for place in (0, 1, 5):
            assert reads.load(term, place) == 1000 + 10 * term + place
    assert reads.end() == reads.end() == 1000 + 10 * terms
    assert sum(line.startswith("load") for line in memory.log) == 3 * terms


@pytest.mark.parametrize(
    ("together", "at_once", "expected"),
    [
        (False, False, "load 0, used, load 1, used, on 2, load 2, used, on 3"),
        (True, False, "load 0, load 1, used, used, on 2, load 2, used, on 3"),
        (True, True, "load 0, load 1, on 2, used, used, load 2, on 3, used"),
    ],
)
def test_an_address_goes_on_with_the_loads_of_a_stretch(together, at_once, expected):
    memory = Memory()
    reads = memory.operand(1, (0,), 2, together=together, at_once=at_once).reads(0, 3)
    for term in range(3):
        reads.load(term, 0)
        reads.load(term, 0)
        memory.log.append("used")
    reads.end()
    assert ", ".join(memory.log) == expected


def test_otherwise_it_goes_on_at_the_end():
    memory = Memory()
    reads = memory.operand(1, (0,), 0).reads(0, 3)
    for term in range(3):
        reads.load(term, 0)
    reads.end()
    assert ", ".join(memory.log) == "load 0, load 1, load 2, on 3"
