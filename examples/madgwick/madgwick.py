# SPDX-License-Identifier: Apache-2.0
"""Madgwick's filter: a body's attitude out of its gyroscope, accelerometer and magnetometer."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

STEP = 0.01  # s
GAIN = 0.1  # rad/s: how fast the drift of the gyroscope is corrected


class State(NamedTuple):
    """q turns vectors of the earth (x north, z up) into those of the body; w first, |q| = 1."""

    q: jax.Array  # f32[4]


def unit(v):
    """Of length 1; zeros stay zeros."""
    return v / jnp.sqrt(jnp.maximum(jnp.sum(v * v), 1e-12))


def rotation(q):
    """The matrix of a quaternion of length 1: what it makes of a vector of the earth."""
    w, x, y, z = q
    return jnp.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
            [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
            [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def rate(q, w):
    """How fast q changes if the body turns at w (rad/s)."""
    a, b, c, d = q
    x, y, z = w
    return 0.5 * jnp.array(
        [
            -b * x - c * y - d * z,
            a * x + c * z - d * y,
            a * y - b * z + d * x,
            a * z + b * y - c * x,
        ]
    )


def update(state, gyroscope, accelerometer, magnetometer):
    """One step.

    gyroscope: rad/s. accelerometer, magnetometer: of any unit, only their directions count.
    """
    q = state.q
    up, field = unit(accelerometer), unit(magnetometer)
    # The field as the filter sees it, turned about the vertical to the north.
    x, y, z = rotation(q).T @ field
    north = jnp.array([jnp.sqrt(x * x + y * y), 0.0, z])

    def disagreement(q):
        turn = rotation(q)
        return jnp.sum((turn[:, 2] - up) ** 2) + jnp.sum((turn @ north - field) ** 2)

    # Nobody writes the jacobians of the paper down: JAX differentiates.
    correction = unit(jax.grad(disagreement)(q))
    return State(unit(q + STEP * (rate(q, gyroscope) - GAIN * correction)))


def flight():
    """A body that tumbles, as its noisy sensors see it; the filter begins a radian off."""
    random = np.random.default_rng(0)
    q = np.array([1.0, 0.0, 0.0, 0.0])
    guess = State(jnp.array([0.88, 0.0, 0.48, 0.0]))
    for step in range(1000):
        w = np.sin(STEP * step * np.array([1.0, 1.7, 2.9]))
        q = q + STEP * np.asarray(rate(q, w))
        q = q / np.linalg.norm(q)
        turn = np.asarray(rotation(q))
        clean = w, turn @ [0.0, 0.0, 9.81], turn @ [20.0, 0.0, -45.0]
        gyroscope, accelerometer, magnetometer = (
            (v + sigma * random.normal(size=3)).astype(np.float32)
            for v, sigma in zip(clean, (0.01, 0.2, 0.5), strict=True)
        )
        yield guess, gyroscope, accelerometer, magnetometer
