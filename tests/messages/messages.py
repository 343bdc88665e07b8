# SPDX-License-Identifier: Apache-2.0
"""messages.py OUT: writes what the exporter says to each of the cases."""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

from cases import CASES, Case

from jax_embedded.capture.capture import warm_up
from jax_embedded.cli import main
from jax_embedded.generate import import_stages


def run(case: Case) -> str:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.ExitStack() as stack,
    ):
        if case.source is not None:
            Path("f.py").write_text(case.source)
        Path("notes.txt").write_text("x")
        Path("busy/f.h").mkdir(parents=True)
        for patch in case.patches():
            stack.enter_context(patch)
        said = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        code = main(["export", "--src=f.py", "--fn=f", "--out=out", *case.arguments])
        left = sorted(path.name for path in Path("out").glob("**/*"))
        text = said.getvalue()
    text = re.sub(r"\(/[^()]*python[^()]*\)", "(PYTHON)", text)
    assert folder not in text, text
    return f"{text}exit code {code}" + (f", left {left}" if left else "")


if __name__ == "__main__":
    os.environ.setdefault("HOME", "/nonexistent")
    # Once, before any fork.
    warm_up()
    import_stages()
    Path(sys.argv[1]).write_text(
        "".join(f"== {name}\n{run(case)}\n\n" for name, case in CASES.items())
    )
