# SPDX-License-Identifier: Apache-2.0
"""`python -m jax_embedded.oracle`: what JAX makes of a function, as an .npz file or a C program.

jax_embedded.oracle.case has the file's format, jax_embedded.oracle.judge_tables the program.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError
from jax_embedded.ir.c_function import c_function
from jax_embedded.ir.dump import Dump
from jax_embedded.oracle.case import Case, save
from jax_embedded.oracle.judge_tables import judge_tables
from jax_embedded.oracle.oracle import cases, import_jax
from jax_embedded.worker import arguments_of


def main(arguments: Sequence[str]) -> int:
    """arguments: of one function, or "@FILE" for each of several: it has them, by line."""
    if not all(word.startswith("@") for word in arguments):
        return _answer(arguments)
    try:
        found = [arguments_of([word]) for word in arguments]
    except ExportError as error:
        print(error.render("oracle"), file=sys.stderr)
        return error.exit_code
    import_jax()
    for words in found:
        status = run_in_child("oracle", lambda words=words: _answer(words))
        if status:
            return status
    return 0


def _answer(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="jax_embedded.oracle")
    parser.add_argument("--label", help="what messages name as the place")
    parser.add_argument("--src", required=True, type=Path)
    parser.add_argument("--fn", required=True)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=SHAPE")
    parser.add_argument("--example-inputs", metavar="FUNCTION")
    parser.add_argument("--edge-values", action="store_true")
    parser.add_argument("--x64", action="store_true")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-ulp", type=float, default=4.0, help="constant part of the bound")
    parser.add_argument("--stream", type=int, default=0, help="calls of a stream; with --dump")
    parser.add_argument("--out", type=Path, help="an .npz file")
    parser.add_argument("--program", type=Path, help="a C file; with --dump, --name and --header")
    parser.add_argument("--dump", type=Path, help="folder that capture wrote")
    parser.add_argument("--name", help="of the C function")
    parser.add_argument("--header", help="of the C function, as one includes it")
    parser.add_argument("--struct", action="append", default=[], metavar="ARGUMENT")
    parser.add_argument("--workspace", choices=("static", "caller"), default="static")
    options = parser.parse_args(arguments)

    dump = Dump.read(options.dump) if options.dump else None
    try:
        found = _cases(options, dump)
    except ExportError as error:
        print(error.render(options.label or options.fn), file=sys.stderr)
        return error.exit_code
    if options.out:
        save(found, options.out)
    if options.program and dump:
        function = c_function(
            options.name,
            dump.parameters,
            dump.results,
            donated=dump.donated,
            structs=options.struct,
            caller_workspace=options.workspace == "caller",
        )
        options.program.write_text(judge_tables(function, options.header, found, options.max_ulp))
    return 0


def _cases(options: argparse.Namespace, dump: Dump | None) -> list[Case]:
    return cases(
        options.src,
        options.fn,
        dict(text.split("=", 1) for text in options.input),
        example_inputs=options.example_inputs,
        edge_values=options.edge_values,
        donated=dump.donated if dump else None,
        stream=options.stream,
        draws=options.draws,
        seed=options.seed,
        x64=options.x64,
    )


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # taking down JAX would be a quarter of the work
