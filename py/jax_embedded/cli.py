# SPDX-License-Identifier: Apache-2.0
"""The command line: `export` for people, `capture` and `compile` for the build rule's actions."""

import argparse
import gc
import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from jax_embedded.capture.capture import CaptureRequest, capture, warm_up
from jax_embedded.compile_options import CompileOptions
from jax_embedded.errors import ExportError, InternalError
from jax_embedded.generate import import_stages
from jax_embedded.ir.dump import Dump
from jax_embedded.pipeline import STAGES, Artifact, compile_dump
from jax_embedded.target import TARGETS, Dsp, Weights
from jax_embedded.worker import arguments_of, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit code: 0, or the error's (see jax_embedded.errors)."""
    where = "command line"
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _check_platform()
        options = _parser().parse_args(arguments_of(words))
        where = (
            options.label or getattr(options, "name", None) or getattr(options, "fn", None) or where
        )
        return options.command(options)
    except (ExportError, InternalError) as error:
        print(error.render(where), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130  # as a shell reports SIGINT
    except BrokenPipeError:  # of `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def serve_main() -> int:
    """`main` for as many commands as Bazel asks for."""
    import_stages()
    # A command's process is short: looking for garbage takes a tenth of its time.
    gc.freeze()
    gc.set_threshold(50_000)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is not an answer goes to Bazel's log
    try:
        serve(main, sys.stdin, answers)
    except InternalError as error:
        print(error.render("worker"), file=sys.stderr)
        return error.exit_code
    return 0


def _check_platform() -> None:
    found = f"{platform.system()} {platform.machine()}"
    if found != "Linux x86_64":
        raise ExportError(
            "platform",
            f"the machine that exports: expected Linux x86_64, found {found}",
            "run it on such a machine or in a container; what is exported runs elsewhere",
        )


def _export(options: argparse.Namespace) -> int:
    folder = Path(options.out)
    name = options.name or options.fn
    dump = capture(_request(options))
    if options.stop_after == "dump":
        dump.write(_writable(folder) / f"{name}.dump")
        print(folder / f"{name}.dump")
        return 0
    artifact = compile_dump(dump, _compile_options(options, name), options.stop_after)
    for path in _write(artifact, _writable(folder)):
        print(path)
    return 0


def _capture(options: argparse.Namespace) -> int:
    capture(_request(options)).write(Path(options.out))
    return 0


def _captures(options: argparse.Namespace) -> int:
    warm_up()
    for words in options.arguments:
        status = main(["capture", *arguments_of([words])])
        if status:
            return status
    return 0


def _compile(options: argparse.Namespace) -> int:
    dump = Dump.read(Path(options.dump))
    artifact = compile_dump(dump, _compile_options(options, options.name, options.stem))
    _write(artifact, _writable(Path(options.out)))
    return 0


def _request(options: argparse.Namespace) -> CaptureRequest:
    inputs: dict[str, str] = {}
    for text in options.input:
        name, equals, shape = text.partition("=")
        if not equals or name in inputs:
            raise ExportError(
                "command-line",
                f'--input: expected NAME=SHAPE once for each argument, found "{text}"',
                "write --input 'x=f32[3]'",
            )
        inputs[name] = shape
    if options.example_inputs is not None and inputs:
        raise ExportError(
            "inputs",
            "--input: expected it without --example-inputs, found both",
            "leave one of them out",
        )
    return CaptureRequest(
        src=Path(options.src),
        fn=options.fn,
        inputs=inputs,
        example_inputs=options.example_inputs,
        outputs=tuple(options.output) or None,
        donate=tuple(options.donate),
        x64=options.x64,
    )


def _compile_options(
    options: argparse.Namespace, name: str, stem: str | None = None
) -> CompileOptions:
    return CompileOptions(
        name,
        stem or name,
        TARGETS[options.target],
        contract=options.fp_contract == "on",
        size=options.optimize == "size",
        caller_workspace=options.workspace == "caller",
        structs=tuple(options.struct),
        weights=options.weights,
        dsp=options.dsp,
        max_code_bytes=options.max_code_bytes,
        max_ram_bytes=options.max_ram_bytes,
    )


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            "out",
            f"--out: expected a folder to write to, found {folder}: {error.strerror}",
            "name another folder",
        ) from error
    return folder


def _write(artifact: Artifact, folder: Path) -> list[Path]:
    """Writes all files or, if one fails, says so; a file is replaced whole or not at all."""
    written = []
    for name, content in artifact.files.items():
        path = folder / name
        partial = folder / f".{name}.{os.getpid()}.partial"
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise ExportError(
                "out",
                f"--out: expected to write {path}, found: {error.strerror}",
                "make room or name another folder",
            ) from error
        written.append(path)
    return written


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ExportError(
            "command-line",
            f"expected a command and its options, found: {message}",
            f"see {self.prog} --help",
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="jax_embedded",
        description="Turns a JAX function into a C function without a runtime.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    export = _command(commands, "export", _export, "a Python function to a header and an object")
    _add_request(export)
    _add_target(export)
    export.add_argument("--name", help="name of the C function and of the files (default: --fn)")
    export.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    export.add_argument(
        "--stop-after",
        choices=STAGES,
        default="artifact",
        help="write what there is after this stage (default: %(default)s)",
    )

    step = _command(commands, "capture", _capture, "a Python function to a dump (a build action)")
    _add_request(step)
    step.add_argument("--name", help=argparse.SUPPRESS)
    step.add_argument("--out", required=True, metavar="DUMP", help="folder for the dump")

    step = _command(
        commands, "captures", _captures, "several functions to their dumps (a build action)"
    )
    step.add_argument(
        "arguments", nargs="+", metavar="@FILE", help="has the arguments of one capture, by line"
    )

    step = _command(
        commands, "compile", _compile, "a dump to a header and an object (a build action)"
    )
    _add_target(step)
    step.add_argument("--dump", required=True, help="folder that capture wrote")
    step.add_argument("--name", required=True, help="name of the C function")
    step.add_argument("--stem", help="name of the files (default: --name)")
    step.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    return parser


def _bytes(text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]*", text):
        raise argparse.ArgumentTypeError(f"expected a number of bytes above 0, found {text!r}")
    return int(text)


def _command(commands, name: str, run, what: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=what, allow_abbrev=False)
    parser.set_defaults(command=run)
    parser.add_argument("--label", help="what messages name as the place (default: the function)")
    return parser


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--src", required=True, metavar="FILE", help="Python file that defines --fn"
    )
    parser.add_argument("--fn", required=True, help="the function")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=SHAPE",
        help="an argument and its shape, such as x=f32[8,16]; once for each",
    )
    parser.add_argument(
        "--example-inputs", metavar="FN", help="a function of FILE that returns the arguments"
    )
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="NAME",
        help="a result's name; once for each",
    )
    parser.add_argument(
        "--donate",
        action="append",
        default=[],
        metavar="NAME",
        help="an argument that is updated in place; once for each",
    )
    parser.add_argument("--x64", action="store_true", help="compute with 64-bit types")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", choices=TARGETS, default="host", help="processor (default: %(default)s)"
    )
    parser.add_argument(
        "--fp-contract",
        choices=("on", "off"),
        default="on",
        help="fused multiply-add where the core has it (default: %(default)s)",
    )
    parser.add_argument(
        "--optimize",
        choices=("speed", "size"),
        default="speed",
        help="fast code or short code (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        choices=get_args(Weights),
        default="data",
        help="where constant matrices are: read as data, in the code of the dot, or where they take"
        " less (default: %(default)s)",
    )
    parser.add_argument(
        "--dsp",
        choices=get_args(Dsp),
        default="builtin",
        help="who makes products and Fourier transforms of f32 on a Cortex-M: code of ours, or the"
        " functions of jax_embedded/dsp.h, which are to be linked (default: %(default)s)",
    )
    parser.add_argument(
        "--max-code-bytes",
        type=_bytes,
        metavar="BYTES",
        help="of the code on a Cortex-M, which is as fast as so many bytes allow",
    )
    parser.add_argument(
        "--max-ram-bytes",
        type=_bytes,
        metavar="BYTES",
        help="of the workspace and the stack of the code on a Cortex-M, likewise",
    )
    parser.add_argument(
        "--workspace",
        choices=("static", "caller"),
        default="static",
        help="whose memory temporaries lie in (default: %(default)s)",
    )
    parser.add_argument(
        "--struct",
        action="append",
        default=[],
        metavar="NAME",
        help="an argument, a pytree, that is passed as one C struct; once for each",
    )
