# SPDX-License-Identifier: Apache-2.0
"""Indexing, movement and reduction of arrays, compared with JAX. cases.bzl has the shapes."""

import jax
import jax.numpy as jnp
import numpy as np


def gather(x, i):
    """Indices beyond the end are the last: JAX clamps them."""
    rows = jnp.tanh(x)[i]
    return rows, jnp.cumsum(rows, axis=0)[-1], jnp.take_along_axis(x, jnp.abs(i)[:, None] % 5, 1)


def histogram(x):
    bins = jnp.clip((x * 8.0 + 16.0).astype(jnp.int32), 0, 31)
    counts = jnp.zeros(32, jnp.int32).at[bins].add(1)
    return counts, jnp.cumsum(counts), jnp.argmax(counts)


def scatter_rows(x, i, v):
    y = jnp.tanh(x)
    added = jnp.cumsum(jnp.cumsum(y.at[i].add(v), axis=0)[::-1], axis=1)
    largest = y.at[:, 2].max(v[:6, 0])
    return added @ jnp.ones(5), jnp.cumsum(largest, axis=0), y[::-1]


def windows(x, i):
    """dynamic_slice and dynamic_update_slice; a start beyond the end is moved back."""
    smooth = jnp.cumsum(x) * 0.1
    window = jax.lax.dynamic_slice(smooth, (i,), (20,))
    y = jax.lax.dynamic_update_slice(smooth, window[::-1] * 2.0, (i - 30,))
    return y, window - jnp.mean(window), jnp.cumsum(y)[-20:]


def extremes(x):
    y = x - jnp.mean(x, axis=0)
    return (
        jnp.argmax(y, axis=0),
        jnp.argmin(y, axis=1),
        jnp.argmax(jnp.abs(y)),
        jnp.max(y, axis=(0, 1)) - jnp.min(y),
    )


def reductions(x):
    y = jnp.tanh(x) + 1.5
    return (
        jnp.sum(y, axis=(0, 2)),
        jnp.mean(y, axis=(1, 2)),
        jnp.prod(y, axis=1),
        jnp.max(y, axis=(0, 1)),
        jnp.var(y, axis=(0, 1, 2)),
        jnp.any(x > 1.0, axis=(0, 2)),
        jnp.all(x < 1.0),
    )


def long_reductions(x):
    """Of rows, of columns, of all; of few numbers and of many."""
    y = x - jnp.mean(x, axis=0)
    rows = y.reshape(8, 34)
    return (
        jnp.max(rows, axis=1),
        jnp.min(y, axis=0),
        jnp.max(x[:, :7], axis=1) - jnp.min(y),
        jnp.linalg.norm(y, axis=0),
        jax.nn.softmax(rows[:5], axis=1),
        jnp.sum(jnp.abs(x)),
    )


def computed_reductions(x, y, w):
    """Of what is computed of one array or two, element by element."""
    return (
        jnp.sum((x - y) ** 2),
        jnp.mean(jnp.abs(x - y), axis=1),
        jnp.sum((x[:, None] - y[None]) ** 2, axis=2),
        jnp.max(jnp.abs(x)),
        jnp.min(x * w, axis=1),
        jnp.var(x, axis=1),
        jnp.sum(x**2, axis=0),
        jnp.sum(jnp.minimum(y * y, jnp.abs(y)), axis=1),
        jax.lax.rsqrt(jnp.mean(y * y, axis=1) + 1e-6),
        jnp.sum(w * x**2, axis=1),
    )


def pools(x):
    """Windows side by side, with gaps, overlapping, and beyond the edge."""

    def pool(start, operation, size, stride, padding="VALID", **kwargs):
        window, strides = (1, size, size, 1), (1, stride, stride, 1)
        return jax.lax.reduce_window(x, start, operation, window, strides, padding, **kwargs)

    return (
        pool(-jnp.inf, jax.lax.max, 2, 2),
        pool(0.0, jax.lax.add, 2, 3) / 4.0,
        jnp.maximum(pool(0.0, jax.lax.add, 3, 2) * 0.1 - x[:, :4, :4], 0.0),
        pool(jnp.inf, jax.lax.min, 2, 1, window_dilation=(1, 3, 2, 1)),
        pool(-jnp.inf, jax.lax.max, 3, 2, "SAME"),
        pool(1.5, jax.lax.max, 3, 2),
    )


# Zeros of both signs, negative ones alone, infinities, NaNs of both signs.
SPECIAL = np.zeros((7, 50), np.float32)
SPECIAL[0, 20:30] = -0.0
SPECIAL[1] = -0.0
SPECIAL[2, 40] = np.inf
SPECIAL[3] = -np.inf
SPECIAL[4, 7] = np.nan
SPECIAL[5, 49] = -np.nan
SPECIAL[6, ::2] = np.inf, *[-np.inf] * 24


def special_extrema(x):
    """Which zero it is, a division says."""
    y = jnp.where(x > 100.0, x, SPECIAL)
    return tuple(
        value
        for axis in (0, 1)
        for extremum in (jnp.max(y, axis=axis), jnp.min(y, axis=axis))
        for value in (extremum, 1.0 / extremum)
    )


def running(x):
    y = jnp.cumsum(x, axis=0)
    return (
        jax.lax.cummax(y, axis=0),
        jax.lax.cummin(y, axis=1),
        jnp.cumprod(1.0 + x * 0.01, axis=1),
        jax.lax.cumsum(y, axis=1, reverse=True) - y,
    )


def elements_in_line(x, rows, columns, last):
    """Loops that can be one loop: all, the inner ones, the outer ones, or none."""
    steps = jnp.arange(7) % 2 == 0
    return (
        jnp.tanh(x) * 2.0,
        x + rows,
        x * columns[:, :, None],
        x - last,
        x[1:4] + 0.5,
        x[:, :, 1:5] / 3.0,
        x[:, ::-1] * 1.5,
        jnp.where(steps, x, 0.25),
        jnp.max(jnp.abs(x), axis=2),
        jnp.sum(x * x, axis=0),
    )


def movement(x):
    y = jnp.tanh(x)
    tall = jnp.concatenate([y, jnp.flip(y, 1), jnp.roll(y, 2, axis=0)], axis=0)
    padded = jnp.pad(tall, ((1, 2), (3, 0)), constant_values=0.5)
    turned = jnp.cumsum(padded.T, axis=1)
    return (
        turned[::2, 1::3],
        jnp.tile(y[0], 3),
        jnp.repeat(turned[:, -1], 2),
        turned.reshape(-1)[7:40],
    )


def blocks(x):
    """A matrix taken apart and put together anew."""
    a, b = x[:4, :4], x[4:, 4:]
    product = a @ b
    top = jnp.concatenate([product, b - product.T], axis=1)
    whole = jnp.concatenate([top, jnp.concatenate([a, product @ product], axis=1)], axis=0)
    return whole + whole.T, jnp.trace(whole), jnp.tril(whole), jnp.diag(whole)


def masked(x, valid):
    count = jnp.maximum(jnp.sum(valid), 1)
    mean = jnp.sum(jnp.where(valid, x, 0.0)) / count
    spread = jnp.where(valid, x - mean, 0.0)
    return jnp.cumsum(jnp.cumsum(spread)[::-1]), jnp.where(valid, jnp.roll(spread, 1), -1.0), count


def moving_average(x):
    total = jnp.cumsum(jnp.pad(x, (8, 0)))
    smooth = (total[8:] - total[:-8]) / 8.0
    rest = x - smooth
    return smooth, jnp.cumsum(rest * rest), jnp.flip(rest)


def outer_products(x, y):
    table = jnp.outer(x, y)
    scores = jnp.tanh(table @ table[0])
    return jnp.cumsum(scores), jnp.cumsum(table, axis=1)[:, -1], jnp.max(table, axis=0)


def one_hot(labels):
    table = jax.nn.one_hot(labels, 10)
    return jnp.sum(table, axis=0), jnp.cumsum(table, axis=0), table.T


def interpolation(x):
    """A table looked up with linear interpolation."""
    grid = jnp.linspace(-2.0, 2.0, 33)
    table = jnp.sin(grid)
    at = jnp.clip((x + 2.0) * 8.0, 0.0, 31.99)
    i = at.astype(jnp.int32)
    y = table[i] + (at - i) * (table[i + 1] - table[i])
    return y, jnp.cumsum(jnp.cumsum(y)[::-1]), y[::-1] - y


def all_integers(a, b, c, d, e, f):
    total = a.astype(jnp.int32) + b + c + d.astype(jnp.int32) + e + f.astype(jnp.int32)
    return (
        jnp.cumsum(jnp.cumsum(total)[::-1]),
        (a * 3).astype(jnp.int8),
        b - c.astype(jnp.int16),
        jnp.flip(d) ^ d,
        jnp.cumsum(e),
        jnp.sum(f),
        total > 100,
    )


def counted_integers(x, y, z):
    """Small numbers, some below 0, and the same without a sign."""
    i = jax.lax.iota(jnp.int64, 20)
    unsigned = (i - 4).astype(jnp.uint64)
    narrow = (y - 50).astype(jnp.int64).astype(jnp.uint64)
    clamped = jnp.maximum(z - 50, -9).astype(jnp.int64).astype(jnp.uint64)
    return (
        unsigned.astype(x.dtype) * x,
        unsigned // 7,
        unsigned % 7,
        (i - 10) // 3 * x.astype(jnp.int64),
        (i - 10) % 3,
        x[(19 - i) // 2],
        narrow // 7,
        narrow.astype(x.dtype),
        clamped % 7,
    )


def wide_integers(x, u, y):
    scaled = jnp.cumsum(x * 1_000_000_007)
    return (
        scaled,
        scaled // 97,
        u * u ^ (u >> 7),
        jnp.cumsum(y) + scaled.astype(jnp.float64),
        x % 11,
    )


def wide_statistics(x):
    y = x - jnp.mean(x)
    drift = jnp.cumsum(y)
    return (jnp.max(drift) - jnp.min(drift)) / jnp.sqrt(jnp.mean(y * y)), jnp.cumsum(drift[::-1])
