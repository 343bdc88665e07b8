# SPDX-License-Identifier: Apache-2.0
"""Random functions against JAX: RANDOM_PROGRAMS of them (100), the same ones every time.

Open-ended: bazel test //tests/differential:random_programs_test --test_env=RANDOM_PROGRAMS=10000
--test_env=RANDOM_SEED=1 --test_timeout=86400
"""

import os
import sys
import tempfile
from pathlib import Path

# Once, before any fork; a backend must not exist yet, since its flags differ from child to child.
import jax  # noqa: F401
from hypothesis import HealthCheck, Phase, given, reject, seed, settings

from jax_embedded.capture.capture import CaptureRequest, capture
from jax_embedded.child import run_in_child
from jax_embedded.errors import ExportError
from jax_embedded.ir.c_function import c_function
from jax_embedded.oracle.compare import compare
from jax_embedded.oracle.oracle import cases
from jax_embedded.pipeline import CompileOptions, compile_dump
from jax_embedded.target import TARGETS

sys.path.insert(0, str(Path(__file__).resolve().parent))
from in_process import call
from random_programs import INPUTS, programs

SHAPES = {name: f"f32[{','.join(map(str, dims))}]" for name, dims in INPUTS.items()}
COUNT = int(os.environ.get("RANDOM_PROGRAMS", "100"))
SEED = int(os.environ.get("RANDOM_SEED", "0"))
# Bazel runs this file once for each shard: each has its share, and a seed of its own.
SHARD = int(os.environ.get("TEST_SHARD_INDEX", "0"))
SHARDS = int(os.environ.get("TEST_TOTAL_SHARDS", "1"))
if "TEST_SHARD_STATUS_FILE" in os.environ:
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()


def check(source: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        src = Path(name) / "f.py"
        src.write_text(source)
        try:
            dump = capture(CaptureRequest(src, "f", SHAPES))
            artifact = compile_dump(dump, CompileOptions("f", "f", TARGETS["host"]))
        except ExportError as error:
            if error.kind != "unsupported-operation":
                raise
            reject()
        code = artifact.files["f.o"]
        function = c_function("f", dump.parameters, dump.results)
        for case in run_in_child("oracle", lambda: cases(src, "f", SHAPES, draws=2)):
            got = run_in_child(
                "call", lambda case=case: call(code, function, case.inputs, case.results)
            )
            for index, result in enumerate(got):
                outcome = compare(result, case.results[index], case.references[index])
                assert outcome.passed, f"result {index}: {outcome}\n{source}"


@seed(SEED * SHARDS + SHARD)
@settings(
    max_examples=-(-COUNT // SHARDS),
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink] if COUNT > 100 else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(programs())
def test_random_programs(source):
    check(source)
