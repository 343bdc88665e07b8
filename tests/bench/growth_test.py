# SPDX-License-Identifier: Apache-2.0
"""Layers of twice the size or number take not much more for each of their multiplications."""

import re
from dataclasses import replace

import pytest
from growth_table import ONE, PLATFORMS, SEVERAL, Layers, measured, too_much


@pytest.fixture(scope="module")
def found():
    return measured()


def test_nothing_is_too_much(found):
    assert not list(too_much(found))


@pytest.mark.parametrize(
    ("layers", "changed", "message"),
    [
        (Layers(16, 1), {"instructions": 10**9}, "M4F, 1 of 16 x 16: .* per MAC of 1 of 8 x 8"),
        (Layers(32, 4), {"instructions": 10**9}, "M4F, 4 of 32 x 32: .* per MAC of 2 of 32 x 32"),
        (Layers(8, 1), {"code": 2201}, "M4F, 1 of 8 x 8: 2,201 bytes of code, more than 2,200"),
        (Layers(32, 2), {"code": 4401}, "M4F, 2 of 32 x 32: 4,401 bytes of code, more than 4,400"),
        (Layers(32, 32), {"code": 7401}, "M4F, 32 of .*: 7,401 bytes of code, more than 7,400"),
        (Layers(8, 1), {"ram": 577}, "M4F, 1 of 8 x 8: 577 bytes of RAM, more than 576"),
    ],
)
def test_too_much(found, layers, changed, message):
    counts = found["qemu_m4f"] | {layers: replace(found["qemu_m4f"][layers], **changed)}
    [line] = too_much(found | {"qemu_m4f": counts})
    assert re.fullmatch(message, line)


def test_all_are_there(found):
    assert found.keys() == PLATFORMS.keys()
    assert all(list(on) == ONE + SEVERAL for on in found.values())
