# SPDX-License-Identifier: Apache-2.0
import pytest
from bake_dot import Count, Weights, measure, rows

KNOWN = Count(baked=100, speed=160, size=170, bake=1234, code=400, stack=0)


@pytest.mark.parametrize("element", ["f32", "s8"])
def test_baked_takes_less_than_a_loop(element):
    for on in measure(element).values():
        for weights, count in on.items():
            assert count.baked < min(count.speed, count.size), weights
            # Straight code: of two or four bytes each.
            assert 2 * count.baked <= count.code <= 4 * count.baked, weights


def test_calls():
    assert KNOWN.calls == 21
    assert Count(100, 100, 170, 1234, 400, 0).calls is None


def test_cores_with_the_same_counts_share_a_row():
    table = dict.fromkeys(["qemu_m4f", "qemu_m7"], dict.fromkeys(weights(), KNOWN))
    found = rows(table).splitlines()
    assert len(found) == len(weights())
    assert found[0] == "| random | 32 | M4F, M7 | 100 | 160, 170 | 400 | 1,234 | 21 |"


def weights() -> list[Weights]:
    kinds = [("RANDOM", 32), *((k, 256) for k in ("RANDOM", "SMALL", "SPARSE", "TERNARY"))]
    return [Weights(kind, n) for kind, n in kinds]
