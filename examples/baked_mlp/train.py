# SPDX-License-Identifier: Apache-2.0
"""Trains the network of baked_mlp.py on scikit-learn's digits and writes weights.npz."""

import argparse
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from digits import split

EPOCHS = 400
RATE = 3e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="examples/baked_mlp/weights.npz")
    options = parser.parse_args()
    (x, y), _ = split()
    random = np.random.default_rng(0)
    start = [
        (
            random.standard_normal(dims) * (2 / dims[0]) ** 0.5 / (8 if i == 0 else 1),
            np.zeros(dims[1]),
        )
        for i, dims in enumerate([(64, 32), (32, 10)])
    ]
    start = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), start)
    floats = trained(start, x, y, lambda w: w)
    found = {}

    def keep(kind, layers, dtype=np.float32):
        for i, (w, b) in enumerate(layers):
            found[f"{kind}_w{i}"] = np.asarray(w).astype(dtype)
            found[f"{kind}_b{i}"] = np.asarray(b)

    keep("floats", floats)

    layers = trained(floats, x, y, nearest_immediate)
    keep("immediates", [(nearest_immediate(w), b) for w, b in layers])

    layers = trained(floats, x, y, ternary)
    signs, factors = zip(*(signs_and_factor(w) for w, _ in layers), strict=True)
    keep("ternary", [(s, b) for s, (_, b) in zip(signs, layers, strict=True)], np.int8)
    found["ternary_factors"] = np.float32(factors)

    masks = [np.abs(w) > np.quantile(np.abs(w), 0.75) for w, _ in floats]
    of_shape = {mask.shape: mask for mask in masks}
    layers = trained(floats, x, y, lambda w: w * of_shape[w.shape])
    keep("sparse", layers)
    for i, mask in enumerate(masks):
        found[f"sparse_mask{i}"] = mask

    layers = trained(floats, x, y, to_int8)
    integers, shift = in_integers(layers, x)
    for i, (w, b) in enumerate(integers):
        found[f"int8_w{i}"] = w
        found[f"int8_b{i}"] = b
    found["int8_shift"] = np.int32(shift)
    out = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), options.out)
    np.savez_compressed(out, **found)


def trained(layers, x, y, rounded):
    """By Adam. rounded: what a weight counts as; the gradient takes no notice of it."""

    def loss(layers):
        (w0, b0), (w1, b1) = [(w + jax.lax.stop_gradient(rounded(w) - w), b) for w, b in layers]
        logits = jnp.maximum(x @ w0 + b0, 0) @ w1 + b1
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -jnp.mean(chosen) + 1e-4 * sum(jnp.sum(w * w) for w in (w0, w1))

    @jax.jit
    def step(state, i):
        layers, mean, square = state
        gradient = jax.grad(loss)(layers)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)

        def moved(w, m, s):
            return w - RATE * (m / (1 - 0.9**i)) / (jnp.sqrt(s / (1 - 0.999**i)) + 1e-8)

        return jax.tree.map(moved, layers, mean, square), mean, square

    zeros = jax.tree.map(jnp.zeros_like, layers)
    state = layers, zeros, zeros
    for i in range(1, EPOCHS + 1):
        state = step(state, jnp.float32(i))
    return state[0]


def nearest_immediate(w):
    """Of +-n/16 * 2**r, n from 16 to 31, r from -3 to 4, or 0."""
    numbers = np.array([n / 16 * 2.0**r for r in range(-3, 5) for n in range(16, 32)], np.float32)
    numbers = jnp.concatenate([jnp.zeros(1), numbers])
    return jnp.sign(w) * numbers[jnp.argmin(jnp.abs(jnp.abs(w)[..., None] - numbers), axis=-1)]


def ternary(w):
    signs, factor = signs_and_factor(w)
    return signs * factor


def signs_and_factor(w):
    """0 for what is smaller than 0.7 times the mean size."""
    signs = jnp.sign(w) * (jnp.abs(w) > 0.7 * jnp.mean(jnp.abs(w)))
    return signs, jnp.sum(jnp.abs(w) * jnp.abs(signs)) / jnp.sum(jnp.abs(signs))


def to_int8(w):
    scale = jnp.max(jnp.abs(w)) / 127
    return jnp.round(w / scale) * scale


def in_integers(layers, x):
    """The layers with weights of int8, and by how many bits what is hidden is shifted, so that it
    has no more than 12.
    """
    scales = [float(np.max(np.abs(w)) / 127) for w, _ in layers]
    (w0, b0), (w1, b1) = layers
    first = np.round(np.asarray(w0) / scales[0]).astype(np.int8)
    offset = np.round(np.asarray(b0) / scales[0]).astype(np.int32)
    most = int(np.max(np.asarray(x, np.int32) @ first.astype(np.int32) + offset))
    shift = max(0, most.bit_length() - 12)
    second = np.round(np.asarray(w1) / scales[1]).astype(np.int8)
    last = np.round(np.asarray(b1) / (scales[0] * scales[1] * 2**shift)).astype(np.int32)
    return [(first, offset), (second, last)], shift


if __name__ == "__main__":
    main()
