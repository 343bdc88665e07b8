# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

FOLDER = Path("third_party/python")


def pins(lock: str) -> dict[str, set[str]]:
    """Hashes by name==version."""
    found: dict[str, set[str]] = {}
    for line in (FOLDER / lock).read_text().splitlines():
        if pin := re.match(r"[\w.-]+==\S+", line):
            hashes = found.setdefault(pin[0], set())
        elif line.startswith("    --hash="):
            hashes.add(line.strip(" \\"))
    return found


def test_what_is_tested_is_what_others_get():
    others = pins("requirements_lock.txt")
    assert len(others) > 5
    tested = pins("dev_requirements_lock.txt")
    assert {pin: tested.get(pin) for pin in others} == others


def test_the_benchmark_has_what_others_get_where_it_has_the_same():
    others, bench = pins("requirements_lock.txt"), pins("bench_requirements_lock.txt")
    names = {pin.partition("==")[0] for pin in others}
    same = {pin: hashes for pin, hashes in bench.items() if pin.partition("==")[0] in names}
    assert same
    assert same.items() <= others.items()


def test_the_oldest_set_has_another_jaxlib_and_nothing_else():
    others, oldest = pins("requirements_lock.txt"), pins("oldest_requirements_lock.txt")

    def rest(lock: dict[str, set[str]]) -> dict[str, set[str]]:
        return {pin: hashes for pin, hashes in lock.items() if not re.match("jax(lib)?==", pin)}

    assert rest(oldest) == rest(others)
    assert len(oldest) == len(others) == len(rest(others)) + 2
    assert not oldest.keys() & others.keys() - rest(others).keys()
