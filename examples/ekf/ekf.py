# SPDX-License-Identifier: Apache-2.0
"""An extended Kalman filter: a robot's pose out of its odometry and its distances to beacons."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

STEP = 0.1  # s
BEACONS = np.array([[0.0, 0.0], [8.0, 0.0], [4.0, 6.0]], np.float32)  # m
DISTANCE_VARIANCE = 0.2**2  # m^2
PROCESS_NOISE = 1e-3 * np.eye(3, dtype=np.float32)  # m^2 and rad^2, each step


class State(NamedTuple):
    """What the filter knows."""

    pose: jax.Array  # f32[3]: x and y (m), heading (rad)
    covariance: jax.Array  # f32[3,3]


def motion(pose, odometry):
    """The pose one step later. odometry: speed (m/s), yaw rate (rad/s)."""
    x, y, heading = pose
    speed, yaw_rate = odometry
    middle = heading + 0.5 * STEP * yaw_rate
    way = STEP * speed
    return jnp.array(
        [x + way * jnp.cos(middle), y + way * jnp.sin(middle), heading + STEP * yaw_rate]
    )


def distance(pose, beacon):
    """From the robot to a beacon."""
    return jnp.sqrt(jnp.sum((pose[:2] - beacon) ** 2))


def correct(state, beacon_and_distance):
    """By one distance. Their errors are independent, so no matrix need be inverted."""
    beacon, measured = beacon_and_distance
    expected, slope = jax.value_and_grad(distance)(state.pose, beacon)
    across = state.covariance @ slope
    gain = across / (slope @ across + DISTANCE_VARIANCE)
    pose = state.pose + gain * (measured - expected)
    # Joseph's form: in float32 the short one, covariance - outer(gain, across), cancels.
    rest = jnp.eye(3) - jnp.outer(gain, slope)
    noise = DISTANCE_VARIANCE * jnp.outer(gain, gain)
    return State(pose, rest @ state.covariance @ rest.T + noise), None


def update(state, odometry, distances):
    """Predicts one step, then corrects by the distance to each beacon (m)."""
    slope = jax.jacfwd(motion)(state.pose, odometry)
    state = State(motion(state.pose, odometry), slope @ state.covariance @ slope.T + PROCESS_NOISE)
    state, _ = jax.lax.scan(correct, state, (BEACONS, distances))
    return state


def drive():
    """A winding drive and what is measured of it; the filter begins two metres off."""
    random = np.random.default_rng(0)
    guess = State(np.float32([3.0, 1.5, 0.0]), np.diag(np.float32([0.3, 0.3, 0.1])))
    pose = np.float32([2.0, 3.0, 0.3])
    for step in range(100):
        odometry = np.float32([0.5, 0.5 * np.cos(0.1 * step)])
        pose = np.asarray(motion(pose, odometry))
        distances = np.hypot(*(BEACONS - pose[:2]).T) + 0.2 * random.normal(size=3)
        slipping = odometry + 0.1 * random.normal(size=2)
        yield guess, slipping.astype(np.float32), distances.astype(np.float32)
