# SPDX-License-Identifier: Apache-2.0
"""An extended Kalman filter of a pendulum: its angle and speed out of a noisy angle."""

import jax
import jax.numpy as jnp

STEP = 0.01  # s
GRAVITY_OVER_LENGTH = 19.62  # 1/s^2: 0.5 m
FRICTION = 0.2  # 1/s
PROCESS_NOISE = 1e-4
MEASUREMENT_NOISE = 0.04  # rad^2


def motion(state, torque):
    """The state (rad, rad/s) one step later."""
    angle, speed = state
    acceleration = torque - GRAVITY_OVER_LENGTH * jnp.sin(angle) - FRICTION * speed
    speed = speed + STEP * acceleration
    return jnp.stack([angle + STEP * speed, speed])


def update(state, covariance, torque, measured):
    """Predicts one step, then corrects by the measured angle.

    JAX differentiates `motion`: nobody writes the jacobian down, nobody forgets to change it.
    """
    slope = jax.jacfwd(motion)(state, torque)
    state = motion(state, torque)
    covariance = slope @ covariance @ slope.T + PROCESS_NOISE * jnp.eye(2)
    gain = covariance[:, 0] / (covariance[0, 0] + MEASUREMENT_NOISE)
    state = state + gain * (measured - state[0])
    covariance = covariance - jnp.outer(gain, covariance[0])
    return state, 0.5 * (covariance + covariance.T)


def start():
    """A pendulum that hangs still, perhaps."""
    return jnp.zeros(2), jnp.eye(2), 0.0, 0.1
