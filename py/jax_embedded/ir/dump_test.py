# SPDX-License-Identifier: Apache-2.0
import dataclasses
import random

import pytest

from jax_embedded.errors import InternalError
from jax_embedded.ir.dump import Dump, Leaf, root_order
from jax_embedded.shape import Shape

DUMP = Dump(
    function="mlp",
    source="models/mlp.py",
    parameters=(
        Leaf("params['w']", "params_w", Shape("f32", (8, 16))),
        Leaf("x", "x", Shape("i8")),
    ),
    results=(Leaf("result", "out", Shape("f64", (3,))),),
    versions={"jax": "0.12.0.1", "jaxlib": "0.12.0.1"},
    flags=("--xla_cpu_max_isa=AVX", "--xla_x=a,b"),
    hlo="HloModule f\n\n  ROOT %x = f32[] add()\n",
    executable=bytes(range(256)),
    schema=b"\x0a\x00\xff",
    kernels={"__compute_module_wrapped_add": "define\n", "add.1_kernel_module": "; \u00fc\n"},
)
FILES = ("dump.json", "hlo.txt", "executable.pb", "schema.pb")


def changed(**fields) -> Dump:
    return dataclasses.replace(DUMP, **fields)


@pytest.mark.parametrize(
    "dump",
    [
        DUMP,
        changed(kernels={}, parameters=(), flags=(), versions={}),
        changed(hlo="", executable=b"", schema=b""),
        changed(function='a"b\\c', source="\u00fc/m.py"),
        changed(executable=b"\r\n\n\r"),
        changed(results=DUMP.results * 2, donated={0: 1, 1: 0}),
    ],
)
def test_what_is_written_is_read(dump, tmp_path):
    dump.write(tmp_path / "a" / "b")
    assert Dump.read(tmp_path / "a" / "b") == dump


def test_same_dump_same_bytes(tmp_path):
    backwards = changed(
        kernels=dict(reversed(list(DUMP.kernels.items()))),
        versions=dict(reversed(list(DUMP.versions.items()))),
    )
    for name, dump in (("a", DUMP), ("b", backwards)):
        dump.write(tmp_path / name)
    files = [p.relative_to(tmp_path / "a") for p in sorted((tmp_path / "a").rglob("*.*"))]
    assert len(files) == len(FILES) + len(DUMP.kernels)
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_written_over_another_dump(tmp_path):
    DUMP.write(tmp_path)
    other = changed(function="other", kernels={"other_kernel_module": "define\n"})
    other.write(tmp_path)
    assert Dump.read(tmp_path) == other


@pytest.mark.parametrize("name", FILES)
def test_missing_file(name, tmp_path):
    DUMP.write(tmp_path / "mlp.dump")
    (tmp_path / "mlp.dump" / name).unlink()
    with pytest.raises(InternalError) as caught:
        Dump.read(tmp_path / "mlp.dump")
    assert caught.value.what.startswith("mlp.dump: expected a dump, found ")
    assert name in caught.value.what


def test_missing_folder(tmp_path):
    with pytest.raises(InternalError):
        Dump.read(tmp_path / "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "3",
        '"text"',
        "{}",
        '{"function": "f"}',
        "\u00ff",
        '{"function":"f","source":"f.py","parameters":[3],"results":[],"versions":{},"flags":[]}',
        '{"function":"f","source":"f","parameters":[{"path":"x"}],"results":[],"versions":{},"flags":[]}',
        '{"function":"f","source":"f.py","parameters":[],"versions":{},"flags":[]}',
        "[" * 100000,
    ],
)
def test_damaged_facts(text, tmp_path):
    DUMP.write(tmp_path)
    (tmp_path / "dump.json").write_text(text, encoding="latin-1")
    with pytest.raises(InternalError):
        Dump.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ('"x"', "0"),
        ('"i8"', "0"),
        ('"i8"', '"i4"'),
        ("16", "-1"),
        ("16", "true"),
        ('"models/mlp.py"', "null"),
        ('"donated": []', '"donated": [[2, 0]]'),
        ('"donated": []', '"donated": [[0, 0], [1, 0]]'),
        ('"donated": []', '"donated": [[0, []]]'),
        ('"0.12.0.1"', "12"),
    ],
)
def test_facts_of_another_type(text, damaged, tmp_path):
    DUMP.write(tmp_path)
    facts = (tmp_path / "dump.json").read_text()
    assert text in facts
    (tmp_path / "dump.json").write_text(facts.replace(text, damaged))
    with pytest.raises(InternalError):
        Dump.read(tmp_path)


def test_text_that_is_not_utf8(tmp_path):
    DUMP.write(tmp_path)
    (tmp_path / "kernels" / "bad.ll").write_bytes(b"\xff\xfe")
    with pytest.raises(InternalError):
        Dump.read(tmp_path)


def test_random_damage_of_the_facts_gives_a_dump_or_a_bug(tmp_path):
    DUMP.write(tmp_path)
    path = tmp_path / "dump.json"
    good = path.read_bytes()
    rng = random.Random(1)
    outcomes = set()
    for _ in range(500):
        data = bytearray(good)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            outcomes.add(type(Dump.read(tmp_path)))
        except InternalError:
            outcomes.add(InternalError)
    assert outcomes == {Dump, InternalError}


@pytest.mark.parametrize(
    ("donated", "order"),
    [({}, (0, 1, 2)), ({0: 2}, (2, 0, 1)), ({1: 2, 0: 1}, (1, 2, 0)), ({3: 0, 1: 1}, (1, 0, 2))],
)
def test_results_of_donated_parameters_come_first(donated, order):
    assert root_order(donated, 3) == order
