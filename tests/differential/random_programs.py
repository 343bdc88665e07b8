# SPDX-License-Identifier: Apache-2.0
"""Random JAX functions, as Python source, made by hypothesis."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

INPUTS = {"x": (7, 9), "y": (9,), "z": (3, 5, 4), "s": ()}

_UNARY = [
    "jnp.tanh({a})",
    "jnp.sin({a})",
    "jnp.abs({a})",
    "-{a}",
    "jnp.sqrt(jnp.abs({a}) + 0.1)",
    "jnp.exp(-jnp.abs({a}))",
    "jnp.maximum({a}, 0.0)",
    "{a} * 0.5 + 1.0",
    "1.0 / (1.0 + {a} * {a})",
]
_BINARY = [
    "{a} + {b}",
    "{a} - {b}",
    "{a} * {b}",
    "{a} / (1.0 + jnp.abs({b}))",
    "jnp.minimum({a}, {b})",
    "jnp.where(s > 0.0, {a}, {b})",
    "jax.lax.cond(s > 0.3, lambda: {a} * 2.0, lambda: {b} - 1.0)",
]
_REDUCE = ["jnp.sum({a}, axis={i})", "jnp.mean({a}, axis={i})", "jnp.max({a}, axis={i})"]
_LOOPS = [
    "jax.lax.fori_loop(0, {n}, lambda i, c: jnp.tanh(c + {b} * 0.1) + 0.01 * i, {a})",
    "jax.lax.while_loop(lambda c: c[0] < {n}, lambda c: (c[0] + 1, c[1] * 0.9 + {b}), (0, {a}))[1]",
    "jax.lax.scan(lambda c, u: (c * 0.5 + u, c - u), {b}, jnp.stack([{a}, {b}, {a}]))[1][{n} % 3]",
]
_KINDS = ["unary", "binary", "binary", "loop", "reduce", "move", "dot", "mix", "mix", "mix"]
# Each element of the result depends on many of the operand: neither may lie where the other does.
# Of numbers of one sign, since a sum in which they cancel has more error than the bound allows for.
_MIX = [
    "jax.nn.sigmoid({a}) @ (jnp.tri({n}, k={n} // 2) * 0.3)",
    "(jnp.tri({n}) * 0.3) @ jnp.abs(jnp.moveaxis({a}, {i}, 0).reshape({n}, -1))",
    "jnp.cumsum(jnp.flip(jnp.abs({a}), axis={i}), axis={i}) * 0.3",
    "jnp.flip(jnp.cumsum(jnp.abs({a}), axis={i}), axis={i}) * 0.3",
]


@dataclass
class _Program:
    """Lines so far, and the shape of every variable."""

    shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: dict(INPUTS))
    lines: list[str] = field(default_factory=list)

    def add(self, text: str, shape: tuple[int, ...]) -> None:
        name = f"v{len(self.lines)}"
        self.lines.append(f"    {name} = {text}")
        self.shapes[name] = shape


@st.composite
def programs(draw: st.DrawFn) -> str:
    """The source of a function f of INPUTS that returns several of its values."""
    program = _Program()
    for _ in range(draw(st.integers(3, 14))):
        _add_operation(draw, program)
    names = list(program.shapes)[len(INPUTS) :]
    returned = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    lines = "\n".join(program.lines)
    return (
        "import jax\nimport jax.numpy as jnp\n\n\n"
        f"def f({', '.join(INPUTS)}):\n{lines}\n    return {', '.join(returned)}\n"
    )


def _add_operation(draw: st.DrawFn, program: _Program) -> None:
    names = list(program.shapes)
    a = draw(st.sampled_from(names + 3 * names[-2:]))  # long chains leave more temporaries
    shape = program.shapes[a]
    alike = [name for name, other in program.shapes.items() if other == shape]
    b = draw(st.sampled_from(alike))
    kind = draw(st.sampled_from(_KINDS))
    i = draw(st.integers(0, max(len(shape) - 1, 0)))
    if kind == "reduce" and shape:
        text = draw(st.sampled_from(_REDUCE)).format(a=a, i=i)
        program.add(text, shape[:i] + shape[i + 1 :])
    elif kind == "mix" and shape:
        _add_mix(draw, program, a, i)
    elif kind == "move" and shape:
        _add_movement(draw, program, a, i)
    elif kind == "dot" and shape:
        program.add(f"jnp.tensordot({a}, {b}, axes=([{i}], [{i}])) * 0.1", _dot_shape(shape, i))
    elif kind == "loop":
        n = draw(st.integers(0, 5))
        program.add(draw(st.sampled_from(_LOOPS)).format(a=a, b=b, n=n), shape)
    elif kind == "unary":
        program.add(draw(st.sampled_from(_UNARY)).format(a=a), shape)
    else:
        program.add(draw(st.sampled_from(_BINARY)).format(a=a, b=b), shape)


def _dot_shape(shape: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (shape[:i] + shape[i + 1 :]) * 2


def _add_mix(draw: st.DrawFn, program: _Program, a: str, i: int) -> None:
    shape = program.shapes[a]
    text = draw(st.sampled_from(_MIX))
    if "reshape" in text:
        rest = [extent for axis, extent in enumerate(shape) if axis != i]
        size = 1
        for extent in rest:
            size *= extent
        program.add(text.format(a=a, i=i, n=shape[i]), (shape[i], size))
    else:
        program.add(text.format(a=a, i=i, n=shape[-1]), shape)


def _add_movement(draw: st.DrawFn, program: _Program, a: str, i: int) -> None:
    shape = program.shapes[a]
    rest = shape[i + 1 :]
    size = 1
    for extent in shape:
        size *= extent
    choices = {
        f"{a}.reshape(-1)": (size,),
        f"{a}.T": shape[::-1],
        f"jnp.flip({a}, axis={i})": shape,
        f"jnp.cumsum({a}, axis={i}) * 0.2": shape,
        f"jnp.roll({a}, 1, axis={i})": shape,
    }
    if shape[i] > 1:
        choices[f"jax.lax.slice_in_dim({a}, 1, {shape[i]}, axis={i})"] = (
            *shape[:i],
            shape[i] - 1,
            *rest,
        )
    if size < 200:
        choices[f"jnp.concatenate([{a}, -{a}], axis={i})"] = (*shape[:i], 2 * shape[i], *rest)
        choices[f"{a}[..., None] * y"] = (*shape, 9)
    text = draw(st.sampled_from(sorted(choices)))
    program.add(text, choices[text])
