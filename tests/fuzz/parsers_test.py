# SPDX-License-Identifier: Apache-2.0
"""Damaged input to every parser: it is read, or an ERROR or BUG line.

FUZZ_INPUTS of them (10000), the same ones every time. Open-ended: bazel test
//tests/fuzz:parsers_test --test_env=FUZZ_INPUTS=1000000 --test_env=FUZZ_SEED=1
--test_timeout=86400
"""

import contextlib
import dataclasses
import functools
import io
import json
import mmap
import os
import pickle
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pytest

from jax_embedded import cli
from jax_embedded.c_names import check_c_name
from jax_embedded.compile_options import CompileOptions
from jax_embedded.errors import ExportError, InternalError
from jax_embedded.generate import import_stages
from jax_embedded.ir.dump import Dump
from jax_embedded.oracle.case import Case, load, save
from jax_embedded.parse import parse
from jax_embedded.pipeline import compile_dump, program_of
from jax_embedded.schema import EXECUTABLE, Schema, encode, split_envelope
from jax_embedded.shape import DTYPES, parse_shape
from jax_embedded.target import TARGETS
from jax_embedded.worker import serve

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mutations import damage_message, damaged_bytes, damaged_json, damaged_text

COUNT = int(os.environ.get("FUZZ_INPUTS", "10000"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
# Bazel runs this file once for each shard, which has every so-many-th input.
SHARD = int(os.environ.get("TEST_SHARD_INDEX", "0"))
SHARDS = int(os.environ.get("TEST_TOTAL_SHARDS", "1"))
if "TEST_SHARD_STATUS_FILE" in os.environ:
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()

SECONDS = 10  # for one input
MEMORY = 2 << 30  # bytes, for all of a process
DUMPS = sorted(Path("tests/differential").glob("*.program.dump"))
WORDS = [
    *"ptr i1 i8 i32 i64 i128 half float double <4 x float> void null undef poison".split(),
    *"@x %0 !0 #0".split(),
    *"load store call define declare ret br phi alloca getelementptr fadd inf nan 0x7FF8".split(),
    *'f0x7FC00000 1e999 -1 0 99999999999999999999 ( ) { } [ ] , = " ; \n'.split(" "),
    "@llvm.exp.f32",
    "@sinf",
    "@malloc",
]
SHAPES = ["f32[8,16]", "i32[]", "bool[3]", " f64 [ 2 , 2 ] ", "f32[1,", "c128[999999999]"]
SHAPE_WORDS = [
    *DTYPES,
    *"[ ] , * -1 None N 0 007 1e3 \u0663 \n 99999999999999999999 f31".split(" "),
]
COMMANDS = [
    "export --src f.py --fn f --input x=f32[8] --target cortex-m4f --out o --name g --struct x",
    "capture --src f.py --fn f --example-inputs f_inputs --x64 --donate x --output y --out o.dump",
    "compile --dump o.dump --name f --stem f --target host --workspace caller --out o",
    "compile --dump o.dump --name f --fp-contract off --label //:f --out o",
]
NAMES = ["x", "x_1", "int", "__x", "_X", "sinf", "0x", "", "\u00e9", "x\n", "x y"]


@functools.cache
def dumps() -> tuple[Dump, ...]:
    assert len(DUMPS) >= 60
    return tuple(map(Dump.read, DUMPS))


@functools.cache
def small_dumps() -> tuple[Dump, ...]:
    """Those that LLVM compiles in no time."""
    found = [d for d in dumps() if sum(map(len, d.kernels.values())) < 20000 and d.kernels]
    assert len(found) >= 20
    return tuple(found)


@functools.lru_cache(maxsize=100)
def message_classes(schema: bytes) -> Schema:
    return Schema(schema)


def damaged_executable(rng: Random, dump: Dump) -> Dump:
    if rng.random() < 0.3:
        data = damaged_bytes(rng, dump.executable, rng.choice(dumps()).executable)
    else:
        message = message_classes(dump.schema).decode(EXECUTABLE, dump.executable)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            damage_message(rng, message)
        data = encode(message)
    return dataclasses.replace(dump, executable=data)


def damaged_kernel(rng: Random, dump: Dump) -> Dump:
    name = rng.choice(sorted(dump.kernels))
    text = damaged_text(rng, dump.kernels[name], WORDS)
    return dataclasses.replace(dump, kernels={**dump.kernels, name: text})


def executable(rng: Random) -> None:
    program_of(damaged_executable(rng, rng.choice(dumps())), "f")


def schema(rng: Random) -> None:
    dump = rng.choice(small_dumps())
    data = damaged_bytes(rng, dump.schema, dump.executable)
    program_of(dataclasses.replace(dump, schema=data), "f")


def kernel(rng: Random) -> None:
    dump = damaged_kernel(rng, rng.choice(small_dumps()))
    compile_dump(dump, CompileOptions("f", "f", TARGETS["cortex-m3"]), "linked")


def code(rng: Random) -> None:
    damage = rng.choice((damaged_executable, damaged_kernel))
    dump = damage(rng, rng.choice(small_dumps()))
    compile_dump(dump, CompileOptions("f", "f", TARGETS[rng.choice(("cortex-m4f", "host"))]))


def envelope(rng: Random) -> None:
    data = b"\x05" + b"12345" + rng.choice(dumps()).executable[:40]
    split_envelope(damaged_bytes(rng, data, bytes([0x80] * rng.randrange(12))))


def folder(rng: Random) -> None:
    dump = rng.choice(small_dumps())
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "f.dump"
        dump.write(place)
        file = rng.choice(sorted(path for path in place.rglob("*.*") if path.is_file()))
        if rng.random() < 0.6:
            facts = json.loads((place / "dump.json").read_text())
            (place / "dump.json").write_text(json.dumps(damaged_json(rng, facts)))
        elif rng.random() < 0.1:
            file.unlink()
            file.mkdir()
        else:
            file.write_bytes(damaged_bytes(rng, file.read_bytes(), b"\xff\0"))
        read = Dump.read(place)
    compile_dump(read, CompileOptions("f", "f", TARGETS["cortex-m0"]), "program")


def cases(rng: Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "cases.npz"
        values = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(True)]
        save([Case("draw", values, values[:1], values[:1])] * 2, file)
        data = file.read_bytes()
        file.write_bytes(damaged_bytes(rng, data, data))
        load(file)


def shape(rng: Random) -> None:
    parse_shape(damaged_text(rng, rng.choice(SHAPES), SHAPE_WORDS), "x")


def c_name(rng: Random) -> None:
    check_c_name(
        damaged_text(rng, rng.choice(NAMES), NAMES), "argument x", "rename it", external=True
    )


class Reached(Exception):
    """The command line was understood."""


def command(rng: Random) -> None:
    def reached(*_: object) -> None:
        raise Reached

    line = rng.choice(COMMANDS)
    words = [
        *" ".join(COMMANDS).split(),
        "--help",
        "@",
        "@no",
        "",
        "=",
        "--input",
        "x",
        "--stop-after",
        "\0",
    ]
    arguments = damaged_text(rng, line, words).split(" ")
    cli.capture = reached
    cli.Dump = type("NoDump", (), {"read": reached})
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()) as said,
    ):
        try:
            code = cli.main(arguments)
        except Reached:
            return
        except SystemExit as ended:  # after --help
            if ended.code:
                raise
            return
    raise Said(code, said.getvalue())


def request(rng: Random) -> None:
    line = json.dumps({"arguments": ["compile", "--name", "f"], "inputs": [], "requestId": 3})
    if rng.random() < 0.5:
        line = json.dumps(damaged_json(rng, json.loads(line)))
    else:
        line = damaged_text(rng, line, ["\0", "{", '"', "1e999", "null"]).replace("\n", " ")
    answers = io.StringIO()
    serve(lambda arguments: len(arguments), io.StringIO(line + "\n"), answers)
    assert "Traceback" not in answers.getvalue(), answers.getvalue()


class Said(Exception):
    """code, text: what a program ended with."""


@dataclass(frozen=True)
class Parser:
    """run: makes one damaged input and parses it. share: of all inputs, in thousandths."""

    run: Callable[[Random], None]
    share: int


PARSERS = {
    parser.run.__name__: parser
    for parser in [
        Parser(executable, 520),
        Parser(schema, 30),
        Parser(kernel, 50),
        Parser(code, 15),
        Parser(envelope, 40),
        Parser(folder, 80),
        Parser(cases, 30),
        Parser(shape, 140),
        Parser(c_name, 25),
        Parser(command, 40),
        Parser(request, 30),
    ]
}


def outcome(run: Callable[[Random], None], rng: Random) -> tuple[str, str]:
    """ "passed", "ERROR" or "BUG"; or what else it came to, and where."""
    try:
        run(rng)
    except (ExportError, InternalError) as error:
        text = error.render("fuzz")
    except Said as said:
        _, text = said.args
    except BaseException as error:  # noqa: BLE001 - that is the question
        return type(error).__name__, traceback.format_exc()
    else:
        return "passed", ""
    kind = text.split("(jax_embedded): ")[0]
    lines = text.splitlines()
    good = kind in ("ERROR", "BUG") and lines[-1].startswith("  Fix: ") and "Traceback" not in text
    return (kind if good else "another message"), text


def outcomes(name: str, numbers: range) -> dict[str, tuple[int, str]]:
    """For each outcome the first input that came to it; in a process with limits of its own."""
    at = mmap.mmap(-1, 8)
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        parse.Schema = message_classes  # making them takes most of the time of a parse
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        found: dict[str, tuple[int, str]] = {}
        for number in numbers:
            at[:] = number.to_bytes(8, "little")
            signal.alarm(SECONDS)  # ends this process
            what, details = outcome(PARSERS[name].run, Random(f"{SEED} {name} {number}"))
            found.setdefault(what, (number, details))
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(pickle.dumps(found))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if not answer:
        number = int.from_bytes(at[:], "little")
        return {f"exit code {os.waitstatus_to_exitcode(status)}": (number, "")}
    return pickle.loads(answer)


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_input(name):
    import_stages()
    dumps()
    found = outcomes(name, range(SHARD, COUNT * PARSERS[name].share // 1000, SHARDS))
    print(name, {what: number for what, (number, _) in found.items()})
    wrong = {what: where for what, where in found.items() if what not in ("passed", "ERROR", "BUG")}
    assert not wrong, "\n".join(
        f"{name} {number}: {what}\n{details}" for what, (number, details) in wrong.items()
    )
    assert "passed" in found
    assert len(found) > 1


def test_the_number_of_inputs():
    assert sum(parser.share for parser in PARSERS.values()) == 1000
