# SPDX-License-Identifier: Apache-2.0
"""What random programs compute: Python in which {a} and {b} are variables, {i} is an axis and {n} a
number.
"""

UNARY = [
    "jnp.tanh({a})",
    "jnp.sin({a})",
    "jnp.abs({a})",
    "-{a}",
    "jnp.sqrt(jnp.abs({a}) + 0.1)",
    "jnp.exp(-jnp.abs({a}))",
    "jnp.maximum({a}, 0.0)",
    "{a} * 0.5 + 1.0",
    "1.0 / (1.0 + {a} * {a})",
    "jnp.log1p(jnp.abs({a}))",
    "jnp.arctan({a})",
]
BINARY = [
    "{a} + {b}",
    "{a} - {b}",
    "{a} * {b}",
    "{a} / (1.0 + jnp.abs({b}))",
    "jnp.minimum({a}, {b})",
    "jnp.where(s > 0.0, {a}, {b})",
    "jax.lax.cond(s > 0.3, lambda: {a} * 2.0, lambda: {b} - 1.0)",
]
REDUCE = [
    "jnp.sum(jnp.abs({a}), axis={i})",
    "jnp.mean(jnp.abs({a}), axis={i})",
    "jnp.max({a}, axis={i})",
]
LOOPS = [
    "jax.lax.fori_loop(0, {n}, lambda i, c: jnp.tanh(c + {b} * 0.1) + 0.01 * i, {a})",
    "jax.lax.while_loop(lambda c: c[0] < {n}, lambda c: (c[0] + 1, c[1] * 0.9 + {b}), (0, {a}))[1]",
    "jax.lax.scan(lambda c, u: (c * 0.5 + u, c - u), {b}, jnp.stack([{a}, {b}, {a}]))[1][{n} % 3]",
    "jax.lax.fori_loop(0, {n}, lambda i, c: jnp.sort(c * 0.5 - {b}, axis=-1), {a})",
    "jax.lax.switch(i[0] % 3, [lambda v: v * 2.0, jnp.tanh, lambda v: v + 1.0], {a})",
]
# Each element of the result depends on many of the operand: neither may lie where the other does.
# Of numbers of one sign, since a sum in which they cancel has more error than the bound allows for.
MIX = [
    "jax.nn.sigmoid({a}) @ (jnp.tri({n}, k={n} // 2, dtype={a}.dtype) * 0.3)",
    "(jnp.tri({n}, dtype={a}.dtype) * 0.3) @ jnp.abs(jnp.moveaxis({a}, {i}, 0).reshape({n}, -1))",
    "jnp.cumsum(jnp.flip(jnp.abs({a}), axis={i}), axis={i}) * 0.3",
    "jnp.flip(jnp.cumsum(jnp.abs({a}), axis={i}), axis={i}) * 0.3",
    "jax.lax.cummax({a}, axis={i})",
]
# Layers and their gradients, of numbers of one sign, as above. {w}: a matrix that fits.
LAYER = [
    "jnp.tanh({w} @ jnp.abs({a}) + 0.2)",
    "jax.nn.sigmoid({w} @ jnp.abs({a})) * ({w} @ jnp.square({a}))",
    "jnp.maximum({w} @ jnp.abs({a}), 0.4) * ({w} @ jnp.abs({a}))",
    "{w} @ jnp.maximum({w}.T @ ({w} @ jnp.abs({a})), 0.1)",
    "jax.grad(lambda v: jnp.sum(jnp.tanh(0.3 * ({w} @ jnp.abs(v)))))({a})",
    "jax.grad(lambda v: jnp.sum(jnp.square({w} @ jnp.abs(v) + 0.2)))({a})",
    "jax.grad(lambda v: jnp.sum(jax.nn.sigmoid(v @ jnp.abs({a}))))({w})",
]
LOSS = [
    "jnp.square({a} - {b})",
    "jnp.square({a} - jnp.mean({a}, axis={i}, keepdims=True))",
    "jnp.abs({a} * {b})",
    "jnp.abs({a}) * jnp.maximum({b}, 0.0)",
    "jnp.square({a})",
    "jnp.abs({a} - {b}) * 0.5 + jnp.square({b})",
    "jnp.where(jnp.abs({a}) < 1.0, 0.5 * {a} * {a}, jnp.abs({a}) - 0.5)",
    "jnp.abs(jnp.expand_dims({a}, {i}) - jnp.expand_dims({b}, {i} + 1))",
    "jnp.square(jnp.flip({a}, axis={i})) + jnp.abs({b})",
]
OF_LOSS = [
    "jnp.sum({loss}, axis={i})",
    "jnp.max({loss}, axis={i})",
    "jnp.min({loss}, axis={i})",
    "jnp.sqrt(jnp.mean({loss}, axis={i}) + 0.1)",
]
INTEGER = [
    "{a} + {b}",
    "{a} * {b}",
    "{a} ^ ({b} << 1)",
    "{a} // ({b} | 1)",
    "{a} % ({b} | 1)",
    "jnp.minimum({a}, {b})",
    "jnp.where({a} > {b}, {a}, {b} >> 1)",
    "jax.lax.population_count({a}) + {b}",
]
DISCRETE = [
    ("jnp.argsort({a}, axis={i})", "int32", "all"),
    ("jnp.argmax({a}, axis={i})", "int32", "without"),
    ("jnp.argmin({a}, axis={i})", "int32", "without"),
    ("{a} > {b}", "bool", "all"),
    ("{a} == {b}", "bool", "all"),
    ("jnp.isfinite({a})", "bool", "all"),
    ("jnp.searchsorted(jnp.sort(y), {a}).astype(jnp.int32)", "int32", "all"),
]
