# SPDX-License-Identifier: Apache-2.0
"""Loops and branches that are compared with JAX. cases.bzl has their shapes."""

import jax
import jax.numpy as jnp


def fixed_loop(x):
    return jax.lax.fori_loop(0, 9, lambda i, c: jnp.tanh(c * 1.5) + i * 0.01, x)


def growing_loop(x):
    def going(state):
        n, v = state
        return (n < 20) & (jnp.sum(v * v) < 200.0)

    return jax.lax.while_loop(
        going, lambda s: (s[0] + 1, s[1] * 1.1 + jnp.roll(s[1], 1) * 0.1), (0, x)
    )


def never_entered(x):
    return jax.lax.while_loop(lambda v: jnp.sum(v * 0.0) > 1.0, lambda v: v * 2.0, x)


def either(x, n):
    return jax.lax.cond(n > 50, lambda v: jnp.cumsum(v) * 2.0, lambda v: v[::-1] - 1.0, x)


def one_of_three(x, n):
    branches = [lambda v: v * 2.0, jnp.cumsum, lambda v: -v]
    return jax.lax.switch(n % 5 - 1, branches, x), n


def recurrent(x, w):
    def step(h, u):
        h = jnp.tanh(w @ h + u)
        return h, jnp.sum(h)

    return jax.lax.scan(step, jnp.zeros(4), x)


def nested(x):
    def outer(_, c):
        s = jax.lax.fori_loop(0, 4, lambda j, d: jnp.sin(d) + j * c, c * 0.5)
        return jax.lax.cond(jnp.sum(s) > 0, lambda q: q * 0.5 + jnp.roll(s, 1), lambda q: q - s, c)

    return jax.lax.fori_loop(0, 5, outer, x)


def gradient_through_time(w, x):
    def loss(w):
        h, _ = jax.lax.scan(lambda h, u: (jnp.tanh(0.3 * w @ h + u), None), jnp.zeros(4), x)
        return jnp.sum(h * h)

    return jax.value_and_grad(loss)(w)


def bisection(x, target):
    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        below = middle * middle * middle < target
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    return jax.lax.fori_loop(0, 20, halve, (x - 4.0, x + 4.0))[0]


def newton(x):
    square = x * x + 0.1
    return jax.lax.while_loop(
        lambda s: jnp.abs(s * s - square) > 1e-3 * square, lambda s: 0.5 * (s + square / s), square
    )


def batched_while(x):
    return jax.vmap(lambda v: jax.lax.while_loop(lambda c: c < 10.0, lambda c: c * 2.0 + 1, v))(
        jnp.abs(x)
    )


def swapped(x):
    """Two carried arrays that change places: neither may be overwritten too early."""
    return jax.lax.fori_loop(0, 7, lambda i, s: (s[1] * 0.9, s[0] + i), (x, jnp.flip(x) * 2.0))


def branch_in_while(x):
    def step(state):
        n, v, kept = state
        v, kept = jax.lax.cond(
            n % 3 == 0,
            lambda: (jnp.cumsum(v) * 0.1, v),
            lambda: (v + kept, kept * 0.5),
        )
        return n + 1, v, kept

    return jax.lax.while_loop(lambda s: s[0] < 8, step, (0, x, jnp.zeros_like(x)))
