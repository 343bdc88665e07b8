# SPDX-License-Identifier: Apache-2.0
"""Random JAX functions, as Python source, made by hypothesis."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import jax.numpy as jnp
from hypothesis import strategies as st
from random_expressions import (
    BINARY,
    DISCRETE,
    INTEGER,
    LAYER,
    LOOPS,
    LOSS,
    MIX,
    OF_LOSS,
    REDUCE,
    UNARY,
)

# JAX's name of the dtype, and the dims.
Inputs = Mapping[str, tuple[str, tuple[int, ...]]]


def _inputs(rows: int, columns: int, cube: tuple[int, ...]) -> Inputs:
    return {
        "x": ("f32", (rows, columns)),
        "y": ("f32", (columns,)),
        "z": ("f32", cube),
        "s": ("f32", ()),
        "h": ("f16", (rows, columns)),
        "g": ("bf16", (columns,)),
        "i": ("i32", (columns,)),
        "u": ("u8", (rows, columns)),
        "p": ("bool", cube),
    }


# Without whole vectors, and with some.
INPUTS = (_inputs(7, 9, (3, 5, 4)), _inputs(6, 20, (2, 3, 16)))


@dataclass(frozen=True)
class _Value:
    """dtype: numpy's name.

    exact: whether no rounding has gone into it, so that what it decides is the same everywhere.
    """

    dtype: str
    dims: tuple[int, ...]
    exact: bool

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype

    @property
    def size(self) -> int:
        return math.prod(self.dims)


_NUMPY = {
    "f32": "float32",
    "f16": "float16",
    "bf16": "bfloat16",
    "i32": "int32",
    "u8": "uint8",
    "bool": "bool",
}

_KINDS = {
    "unary": 2,
    "binary": 4,
    "loop": 2,
    "reduce": 2,
    "move": 3,
    "dot": 2,
    "layer": 4,
    "loss": 4,
    "normalized": 2,
    "mix": 4,
    "sort": 2,
    "scatter": 2,
    "convolution": 2,
    "integer": 2,
    "discrete": 2,
    "cast": 2,
    "library": 1,
}


@dataclass
class _Program:
    """Lines so far, and every variable."""

    values: dict[str, _Value]
    lines: list[str] = field(default_factory=list)

    def add(self, text: str, dtype: str, dims: tuple[int, ...], *, exact: bool = False) -> None:
        name = f"v{len(self.lines)}"
        self.lines.append(f"    {name} = {text}")
        self.values[name] = _Value(dtype, dims, exact)


@st.composite
def programs(draw: st.DrawFn, inputs: Inputs) -> str:
    """The source of a function f of these that returns several of its values, none a scalar."""
    program = _Program(
        {name: _Value(_NUMPY[dtype], dims, True) for name, (dtype, dims) in inputs.items()}
    )
    for _ in range(draw(st.integers(3, 14))):
        _add_operation(draw, program)
    names = list(program.values)[len(inputs) :] or ["x"]
    returned = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    lines = "\n".join(program.lines)
    results = ", ".join(f"jnp.atleast_1d({name})" for name in returned)
    return (
        "import jax\nimport jax.numpy as jnp\nimport numpy as np\n\n\n"
        f"def f({', '.join(inputs)}):\n{lines}\n    return {results}\n"
    )


def _add_operation(draw: st.DrawFn, program: _Program) -> None:
    kind = draw(st.sampled_from([kind for kind, weight in _KINDS.items() for _ in range(weight)]))
    _ADD[kind](draw, program)


def _chosen(draw: st.DrawFn, program: _Program, condition) -> tuple[str, _Value] | None:
    names = [name for name, value in program.values.items() if condition(value)]
    if not names:
        return None
    # Long chains leave more temporaries.
    name = draw(st.sampled_from(names + 3 * names[-2:]))
    return name, program.values[name]


def _alike(draw: st.DrawFn, program: _Program, a: _Value, condition) -> tuple[str, _Value]:
    names = [
        name for name, value in program.values.items() if value.dims == a.dims and condition(value)
    ]
    name = draw(st.sampled_from(names))
    return name, program.values[name]


def _float(value: _Value) -> bool:
    return value.is_float


def _float_array(value: _Value) -> bool:
    return value.is_float and bool(value.dims)


def _promotes(a: _Value, b: _Value, *, same: bool = False) -> bool:
    """Whether a and b make a float. A half that has been rounded does not become a wider number, in
    whose ulp its error would be all there is.
    """
    if a.dtype == b.dtype:
        return True
    if same or not b.is_float:
        return False
    return all(v.exact or v.dtype == "float32" for v in (a, b))


def _unary(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float) or ("x", program.values["x"])
    program.add(draw(st.sampled_from(UNARY)).format(a=a), value.dtype, value.dims)


def _binary(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float) or ("x", program.values["x"])
    text = draw(st.sampled_from(BINARY))

    b, other = _alike(draw, program, value, lambda v: _promotes(value, v, same="cond" in text))
    dtype = jnp.promote_types(value.dtype, other.dtype).name
    program.add(text.format(a=a, b=b), dtype, value.dims)


def _loop(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    b, _ = _alike(draw, program, value, lambda other: other.dtype == value.dtype)
    text = draw(st.sampled_from(LOOPS)).format(a=a, b=b, n=draw(st.integers(0, 5)))
    program.add(text.replace("0.01 * i", "(0.01 * i).astype(c.dtype)"), value.dtype, value.dims)


def _reduce(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    i = draw(st.integers(0, len(value.dims) - 1))
    text = draw(st.sampled_from(REDUCE)).format(a=a, i=i)
    program.add(text, value.dtype, value.dims[:i] + value.dims[i + 1 :])


def _dot(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    b, other = _alike(draw, program, value, lambda v: _promotes(value, v))
    dtype = jnp.promote_types(value.dtype, other.dtype).name
    i = draw(st.integers(0, len(value.dims) - 1))
    rest = value.dims[:i] + value.dims[i + 1 :]
    if len(value.dims) == 3 and draw(st.booleans()):
        batch, rows, _ = value.dims
        text = f"jnp.einsum('bij,bkj->bik', {a}, {b}) * 0.1"
        program.add(text, dtype, (batch, rows, rows))
    elif math.prod(rest) <= 64:
        text = f"jnp.tensordot({a}, {b}, axes=([{i}], [{i}])) * 0.1"
        program.add(text, dtype, rest * 2)


def _layer(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda v: v.is_float and len(v.dims) in (1, 2)) or (
        "y",
        program.values["y"],
    )
    n = value.dims[0]
    rows = draw(st.sampled_from([1, 2, 3, 4, 5, 8, 16, 17]))
    text = draw(st.sampled_from(LAYER))
    if n > 64 or rows * value.size > 2048:
        return
    numbers = f"np.abs(np.sin(np.arange({rows * n}))).reshape({rows}, {n})"
    weights = f"jnp.asarray({numbers} * {round(1 / n, 3)}, {a}.dtype)"
    dims = (rows, *value.dims[1:])
    if "grad" in text:
        dims = (rows, n) if text.endswith("({w})") else value.dims
    program.add(text.format(a=a, w=weights), value.dtype, dims)


def _loss(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    b, _ = _alike(draw, program, value, lambda other: other.dtype == value.dtype)
    i = draw(st.integers(0, len(value.dims) - 1))
    loss = draw(st.sampled_from(LOSS))
    of_loss = draw(st.sampled_from(OF_LOSS))
    dims = value.dims
    if "expand" in loss:
        dims = (*dims[: i + 1], *dims[i:])
        if math.prod(dims) > 2048:
            return
    k = draw(st.integers(0, len(dims) - 1))
    text = of_loss.format(loss=loss.format(a=a, b=b, i=i), i=k)
    program.add(text, value.dtype, dims[:k] + dims[k + 1 :])


def _normalized(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    i = draw(st.integers(0, len(value.dims) - 1))
    text = draw(
        st.sampled_from(
            [
                "{a} / (0.5 + jnp.sqrt(jnp.sum({a} * {a}, axis={i}, keepdims=True)))",
                "jax.nn.softmax({a}, axis={i})",
                "jnp.abs({a}) / (0.1 + jnp.max(jnp.abs({a}), axis={i}, keepdims=True))",
            ]
        )
    )
    program.add(text.format(a=a, i=i), value.dtype, value.dims)


def _mix(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, _float_array) or ("x", program.values["x"])
    i = draw(st.integers(0, len(value.dims) - 1))
    text = draw(st.sampled_from(MIX))
    if "reshape" in text:
        n = value.dims[i]
        program.add(text.format(a=a, i=i, n=n), value.dtype, (n, value.size // n))
    else:
        program.add(text.format(a=a, i=i, n=value.dims[-1]), value.dtype, value.dims)


def _move(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda v: bool(v.dims)) or ("x", program.values["x"])
    dims, size = value.dims, value.size
    i = draw(st.integers(0, len(dims) - 1))
    choices = {
        f"{a}.reshape(-1)": (size,),
        f"{a}.T": dims[::-1],
        f"jnp.flip({a}, axis={i})": dims,
        f"jnp.roll({a}, 1, axis={i})": dims,
        f"jnp.take({a}, i % {dims[i]}, axis={i})": (
            *dims[:i],
            program.values["i"].size,
            *dims[i + 1 :],
        ),
        f"jax.lax.dynamic_slice_in_dim({a}, i[1], {-(-dims[i] // 2)}, axis={i})": (
            *dims[:i],
            -(-dims[i] // 2),
            *dims[i + 1 :],
        ),
    }
    if dims[i] > 1:
        choices[f"jax.lax.slice_in_dim({a}, 1, {dims[i]}, axis={i})"] = (
            *dims[:i],
            dims[i] - 1,
            *dims[i + 1 :],
        )
    if size < 200:
        choices[f"jnp.concatenate([{a}, {a}], axis={i})"] = (
            *dims[:i],
            2 * dims[i],
            *dims[i + 1 :],
        )
    text = draw(st.sampled_from(sorted(choices)))
    if math.prod(choices[text]) <= 600:
        program.add(text, value.dtype, choices[text], exact=value.exact)


def _sort(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda v: bool(v.dims)) or ("x", program.values["x"])
    i = draw(st.integers(0, len(value.dims) - 1))
    n = value.dims[-1]
    choices = {
        f"jnp.sort({a}, axis={i})": value.dims,
        f"jnp.sort({a}, axis={i}, descending=True)": value.dims,
    }
    if value.is_float:
        k = draw(st.integers(1, n))
        choices[f"jax.lax.top_k({a}, {k})[0]"] = (*value.dims[:-1], k)
    if value.exact:
        key = f"jnp.round({a})" if value.is_float else a
        choices[f"jax.lax.sort(({key}, {a}), num_keys=2, dimension={i})[1]"] = value.dims
    text = draw(st.sampled_from(sorted(choices)))
    program.add(text, value.dtype, choices[text], exact=value.exact)


def _scatter(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda v: v.is_float and len(v.dims) in (1, 2)) or (
        "x",
        program.values["x"],
    )
    update = draw(
        st.sampled_from(
            [
                "{a}.at[i % {n}].add(jnp.abs({a}[0]))",
                "{a}.at[i[2] % {n}].set({a}[0] * 0.5)",
                "{a}.at[i % {n}].max({a}[0])",
                "{a}.at[jnp.where(i > 3, i, -i) % {n}].multiply(0.5)",
                "{a}.at[1:3].set(0.25)",
            ]
        )
    )
    program.add(update.format(a=a, n=value.dims[0]), value.dtype, value.dims)


def _convolution(draw: st.DrawFn, program: _Program) -> None:
    stride = draw(st.integers(1, 2))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    if draw(st.booleans()):
        a, value = _chosen(draw, program, lambda v: v.is_float and len(v.dims) == 1) or (
            "y",
            program.values["y"],
        )
        kernel = f"jnp.asarray([0.5, -0.25, 0.125], {a}.dtype)"
        mode = draw(st.sampled_from(["same", "full"]))
        n = max(value.dims[0], 3) if mode == "same" else value.dims[0] + 2
        program.add(f"jnp.convolve({a}, {kernel}, mode='{mode}')", value.dtype, (n,))
        return
    a, value = _chosen(
        draw, program, lambda v: v.is_float and len(v.dims) == 2 and min(v.dims) >= 3
    ) or ("x", program.values["x"])
    if draw(st.booleans()):
        window = f"jax.lax.reduce_window({a}, -jnp.inf, jax.lax.max, (2, 3), ({stride}, 1), 'SAME')"
        dims = (-(-value.dims[0] // stride), value.dims[1])
        program.add(window, value.dtype, dims)
        return
    text = (
        f"jax.lax.conv({a}[None, None], jnp.full((2, 1, 2, 3), 0.25, {a}.dtype),"
        f" ({stride}, 1), '{padding}')[0]"
    )
    rows, columns = value.dims
    if padding == "VALID":
        rows, columns = rows - 1, columns - 2
    program.add(text, value.dtype, (2, -(-rows // stride), columns))


def _integer(draw: st.DrawFn, program: _Program) -> None:
    chosen = _chosen(draw, program, lambda v: v.dtype in ("int32", "uint8"))
    assert chosen
    a, value = chosen
    b, _ = _alike(draw, program, value, lambda other: other.dtype == value.dtype)
    text = draw(st.sampled_from(INTEGER)).format(a=a, b=b)
    program.add(text, value.dtype, value.dims, exact=True)


def _discrete(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda v: v.exact and bool(v.dims)) or (
        "x",
        program.values["x"],
    )
    b, _ = _alike(draw, program, value, lambda v: v.exact and v.dtype == value.dtype)
    i = draw(st.integers(0, len(value.dims) - 1))
    text, dtype, axes = draw(st.sampled_from(DISCRETE))
    dims = value.dims if axes == "all" else value.dims[:i] + value.dims[i + 1 :]
    if ("isfinite" in text or "searchsorted" in text) and not value.is_float:
        return
    program.add(text.format(a=a, b=b, i=i), dtype, dims, exact=True)


def _cast(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(draw, program, lambda _: True) or ("x", program.values["x"])
    if not value.is_float:
        dtype = draw(st.sampled_from(["float32", "float16", "int32"]))
        # As wide as the arguments of the dtype, which is wider in the reference.
        like = {"float32": "y", "float16": "h"}
        text = f"{a}.astype(jnp.int32)"
        if dtype in like:
            text = f"jnp.clip({a}, 0, 100).astype({like[dtype]}.dtype) * 0.25"
        program.add(text, dtype, value.dims, exact=True)
    elif value.exact and value.dtype == "float32":
        text = f"jnp.clip({a} * 8.0, -100.0, 100.0).astype(jnp.int32)"
        program.add(text, "int32", value.dims, exact=True)
    elif value.exact:
        program.add(f"{a}.astype(y.dtype)", "float32", value.dims, exact=True)


def _library(draw: st.DrawFn, program: _Program) -> None:
    a, value = _chosen(
        draw, program, lambda v: v.dtype == "float32" and len(v.dims) == 1 and v.size <= 64
    ) or ("y", program.values["y"])
    n = value.dims[0]
    matrix = f"jnp.outer({a}, {a}) * 0.02 + jnp.diag(jnp.abs({a})) + 2.0 * jnp.eye({n})"
    choices = {
        f"jnp.fft.rfft({a}).real": (n // 2 + 1,),
        f"jnp.abs(jnp.fft.ifft({a} * (1.0 + 0.5j)))": (n,),
        f"jax.random.uniform(jax.random.key(i[3]), ({n},))": (n,),
    }
    if n <= 12:
        choices[f"jnp.linalg.solve({matrix}, {a})"] = (n,)
        choices[f"jnp.linalg.cholesky({matrix})"] = (n, n)
    text = draw(st.sampled_from(sorted(choices)))
    program.add(text, "float32", choices[text], exact="random" in text)


_ADD = {
    "unary": _unary,
    "binary": _binary,
    "loop": _loop,
    "reduce": _reduce,
    "move": _move,
    "dot": _dot,
    "layer": _layer,
    "loss": _loss,
    "normalized": _normalized,
    "mix": _mix,
    "sort": _sort,
    "scatter": _scatter,
    "convolution": _convolution,
    "integer": _integer,
    "discrete": _discrete,
    "cast": _cast,
    "library": _library,
}
