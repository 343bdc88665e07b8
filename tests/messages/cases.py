# SPDX-License-Identifier: Apache-2.0
"""What a user can do wrong. CASES: name -> Python source (None: no file), arguments of `export`."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from jax_embedded.llvm.abi import ARM_RUNTIME, OURS

F32 = "--input=x=f32[3]"
IDENTITY = "def f(x):\n    return x\n"
STEP = "def f(state, x):\n    return state * 0.5, state + x\n"
STATE = ["--input=state=f32[3]", "--input=x=f32[]"]


@dataclass(frozen=True)
class Case:
    """source: of f.py. arguments: after those that every case has. patches: of the exporter."""

    source: str | None
    arguments: list[str] = field(default_factory=lambda: [F32])
    patches: Callable[[], list] = list


def _sum_of(call: str) -> str:
    return f"import jax\nimport jax.numpy as jnp\n\ndef f(x):\n    y = x * 2.0\n    return {call}\n"


CASES = {
    # The file and the function.
    "src: no such file": Case(None),
    "src: a folder": Case(IDENTITY, ["--src=.", F32]),
    "src: not a Python file": Case(IDENTITY, ["--src=notes.txt", F32]),
    "src: raises when imported": Case("import nothing_of_that_name\n" + IDENTITY),
    "src: syntax error": Case("def f(x)\n    return x\n"),
    "src: sets x64": Case("import jax\njax.config.update('jax_enable_x64', True)\n" + IDENTITY),
    "fn: misspelt": Case("def filter_step(x):\n    return x\n", ["--fn=filter_stop", F32]),
    "fn: none": Case("y = 1\n"),
    "fn: not a function": Case("f = 3\n"),
    "fn: any number of arguments": Case("def f(*x):\n    return x[0]\n"),
    "fn: no signature": Case("f = max\n"),
    "fn: raises": Case(
        "import jax.numpy as jnp\n\ndef g(x):\n    return x @ jnp.ones(4)\n\n"
        "def f(x):\n    return g(x) + 1\n"
    ),
    "fn: shape depends on values": Case("def f(x):\n    return x[x > 0]\n"),
    "fn: control flow depends on values": Case(
        "def f(x):\n    if x > 0:\n        return x\n    return -x\n", ["--input=x=f32[]"]
    ),
    # Arguments.
    "input: text without a shape": Case(IDENTITY, ["--input=x=f32"]),
    "input: dtype": Case(IDENTITY, ["--input=x=float32[3]"]),
    "input: unknown dtype": Case(IDENTITY, ["--input=x=f33[3]"]),
    "input: dimension": Case(IDENTITY, ["--input=x=f32[3.5]"]),
    "input: dynamic dimension": Case(IDENTITY, ["--input=x=f32[n]"]),
    "input: empty array": Case(IDENTITY, ["--input=x=f32[0,3]"]),
    "input: larger than any memory": Case(IDENTITY, ["--input=x=f32[999999999,999999999]"]),
    "input: 64-bit without x64": Case(IDENTITY, ["--input=x=f64[8,16]"]),
    "input: not in the signature": Case(IDENTITY, [F32, "--input=y=f32[]"]),
    "input: misspelt": Case("def f(gain):\n    return gain\n", ["--input=gian=f32[]"]),
    "input: missing": Case("def f(x, gain):\n    return x * gain\n"),
    "input: gap in positional-only arguments": Case(
        "def f(a=1, b=2, /):\n    return a + b\n", ["--input=b=f32[]"]
    ),
    "input: a C keyword": Case("def f(double):\n    return double\n", ["--input=double=f32[]"]),
    "input: a C++ keyword": Case("def f(new):\n    return new\n", ["--input=new=f32[]"]),
    "input: not ASCII": Case("def f(λ):\n    return λ\n", ["--input=λ=f32[]"]),
    "input: reserved": Case("def f(__x):\n    return __x\n", ["--input=__x=f32[]"]),
    "input: without a name": Case(IDENTITY, ["--input=f32[3]"]),
    "input: both ways": Case(IDENTITY, [F32, "--example-inputs=g"]),
    "example_inputs: no such function": Case(IDENTITY, ["--example-inputs=g"]),
    "example_inputs: raises": Case(
        IDENTITY + "\ndef g():\n    return 1 / 0\n", ["--example-inputs=g"]
    ),
    "example_inputs: not a tuple": Case(
        IDENTITY + "\ndef g():\n    return [1.0]\n", ["--example-inputs=g"]
    ),
    "example_inputs: too many": Case(
        IDENTITY + "\ndef g():\n    return 1.0, 2.0\n", ["--example-inputs=g"]
    ),
    "example_inputs: not an array": Case(
        IDENTITY + "\ndef g():\n    return ('text',)\n", ["--example-inputs=g"]
    ),
    "example_inputs: 64-bit without x64": Case(
        "import numpy as np\n" + IDENTITY + "\ndef g():\n    return {'x': np.ones(3)}\n",
        ["--example-inputs=g"],
    ),
    "example_inputs: dtype that XLA packs": Case(
        "import jax.numpy as jnp\n"
        + IDENTITY
        + "\ndef g():\n    return (jnp.zeros(4, jnp.int4),)\n",
        ["--example-inputs=g"],
    ),
    # Results.
    "output: none": Case("def f(x):\n    return None\n"),
    "output: not an array": Case("def f(x):\n    return x, 'text'\n"),
    "output: empty array": Case("def f(x):\n    return x[:0]\n"),
    "output: a C keyword": Case(IDENTITY, [F32, "--output=int"]),
    "output: wrong number of names": Case(
        "def f(x):\n    return {'a': x, 'b': x}\n", [F32, "--output=y"]
    ),
    "output: the name of an argument": Case(IDENTITY, [F32, "--output=x"]),
    "donate: no such argument": Case(STEP, [*STATE, "--donate=stat"]),
    "donate: no result fits": Case("def f(x):\n    return x[:2]\n", [F32, "--donate=x"]),
    "donate: several results fit": Case(STEP, [*STATE, "--donate=state"]),
    "structs: no such argument": Case(STEP, [*STATE, "--struct=stat"]),
    "structs: an array": Case(STEP, [*STATE, "--struct=state"]),
    "input: the name of the workspace": Case(
        "def f(workspace):\n    return workspace\n",
        ["--input=workspace=f32[3]", "--workspace=caller"],
    ),
    # Names.
    "name: a C keyword": Case(IDENTITY, [F32, "--name=register"]),
    "name: of the C library": Case(IDENTITY, [F32, "--name=sqrtf"]),
    "name: no C name": Case(IDENTITY, [F32, "--name=my-filter"]),
    # Operations.
    "operation: temporary larger than any memory": Case(
        "import jax.numpy as jnp\n\ndef f(x):\n    return jnp.cumsum(x[:, None] * x, axis=1)[0]\n",
        ["--input=x=f32[50000]"],
    ),
    "operation: rng_uniform": Case(_sum_of("jax.lax.rng_uniform(0.0, 1.0, (3,)) + y")),
    "operation: eig": Case(_sum_of("jnp.linalg.eigvals(jnp.outer(y, y) + 9 * jnp.eye(3)).real")),
    "operation: callback": Case(
        "import jax\n\ndef f(x):\n    jax.debug.print('{x}', x=x)\n    return x * 2.0\n"
    ),
    "operation: a foreign call": Case(_sum_of("jax.ffi.ffi_call('tune', y)(y)")),
    "operation: int4 in memory": Case(
        _sum_of(
            "jax.lax.fori_loop(0, 3, lambda i, c: c[::-1] + jnp.int4(1), y.astype(jnp.int4))"
            ".astype(float)"
        )
    ),
    "operation: a function that the core lacks": Case(
        _sum_of("y.astype(jnp.float16).astype(jnp.float32)"),
        [F32, "--target=cortex-m3"],
        patches=lambda: [
            mock.patch("jax_embedded.llvm.abi.ARM_RUNTIME", ARM_RUNTIME - OURS),
        ],
    ),
    # The command and the installation.
    "command: unknown target": Case(IDENTITY, [F32, "--target=cortex-m5"]),
    "command: unknown option": Case(IDENTITY, [F32, "--fast"]),
    "max-code-bytes: too many": Case(
        "import jax.numpy as jnp\nimport numpy as np\n\nW = np.arange(96.0).reshape(8, 12)\n\n"
        "def f(x):\n    hidden = x @ W[:, :8]\n    return jnp.maximum(hidden, 0) @ W[:, 8:]\n",
        [
            "--input=x=f32[8]",
            "--target=cortex-m4f",
            "--weights=code",
            "--max-code-bytes=900",
        ],
    ),
    "max-code-bytes: fewer than the shortest code": Case(
        IDENTITY, [F32, "--target=cortex-m4f", "--max-code-bytes=1"]
    ),
    "max-ram-bytes: less than any code works in": Case(
        "import jax.numpy as jnp\n\ndef f(x):\n    return jnp.sort(x * 2)[::-1] @ x\n",
        ["--input=x=f32[50]", "--target=cortex-m4f", "--max-ram-bytes=150"],
    ),
    "max-ram-bytes: none": Case(IDENTITY, [F32, "--max-ram-bytes=0"]),
    "max-code-bytes: none": Case(IDENTITY, [F32, "--max-code-bytes=0"]),
    "max-code-bytes: no number": Case(IDENTITY, [F32, "--max-code-bytes=many"]),
    "out: a file": Case(IDENTITY, [F32, "--out=f.py"]),
    "out: a folder is in the way": Case(IDENTITY, [F32, "--out=busy"]),
    "platform: another machine": Case(
        IDENTITY, patches=lambda: [mock.patch("platform.machine", return_value="aarch64")]
    ),
    "jax: not installed": Case(
        IDENTITY, patches=lambda: [mock.patch("importlib.metadata.version", _no_package)]
    ),
    "jax: two on the path": Case(
        IDENTITY, patches=lambda: [mock.patch("sys.path", _path_with("1.0", "2.0"))]
    ),
    "jaxlib: unknown version": Case(
        IDENTITY, patches=lambda: [mock.patch("importlib.metadata.version", return_value="0.4.1")]
    ),
    "jaxlib: another build": Case(
        IDENTITY,
        patches=lambda: [mock.patch("jax_embedded.schema.Schema.fingerprints", return_value={})],
    ),
    "bug": Case(
        "def f(x):\n    return x + 1\n",
        patches=lambda: [mock.patch("jax_embedded.capture.xla.read_kernels", return_value={})],
    ),
}


def _no_package(name: str) -> str:
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(name)


def _path_with(*versions: str) -> list[str]:
    """A sys.path with these jax and no other."""
    path = [entry for entry in sys.path if not Path(entry, "jax").exists()]
    for version in versions:
        site = Path(f"jax_{version}/site-packages")
        (site / "jax").mkdir(parents=True)
        (site / "jax/__init__.py").touch()
        info = site / f"jax-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: jax\nVersion: {version}\n")
        path.append(str(site))
    return path
