# SPDX-License-Identifier: Apache-2.0
"""A robot arm of two links, made of its energy: for a hardware-in-the-loop test."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

STEP = 0.01  # s
LENGTH = (0.4, 0.3)  # m
MASS = (1.5, 1.0)  # kg, at the end of each link
ROTOR = 0.5  # kg m^2: of each motor, seen through its gear
GRAVITY = 9.81  # m/s^2
FRICTION = 0.5  # N m s
STIFFNESS, DAMPING = 16.0, 8.0  # of the controlled arm: 1/s^2, 1/s


class State(NamedTuple):
    """Of the joints; angles are 0 where the arm hangs, the second is relative to the first."""

    angle: jax.Array  # f32[2], rad
    speed: jax.Array  # f32[2], rad/s


def lagrangian(angle, speed):
    """Kinetic minus potential energy (J): all that the equations of motion are made of."""
    a, b = angle[0], angle[0] + angle[1]
    da, db = speed[0], speed[0] + speed[1]
    (l1, l2), (m1, m2) = LENGTH, MASS
    first = (l1 * da) ** 2
    second = first + (l2 * db) ** 2 + 2 * l1 * l2 * da * db * jnp.cos(a - b)
    height1 = -l1 * jnp.cos(a)
    height2 = height1 - l2 * jnp.cos(b)
    kinetic = 0.5 * (m1 * first + m2 * second + ROTOR * (speed @ speed))
    return kinetic - GRAVITY * (m1 * height1 + m2 * height2)


def solved(a, b):
    """x of a x = b, a f32[2,2]: small enough for Cramer's rule."""
    determinant = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return (
        jnp.array([a[1, 1] * b[0] - a[0, 1] * b[1], a[0, 0] * b[1] - a[1, 0] * b[0]]) / determinant
    )


def dynamics(state):
    """Euler and Lagrange's equation, inertia @ acceleration + bias = torque: inertia and bias."""
    momentum = jax.grad(lagrangian, argnums=1)
    inertia = jax.jacfwd(momentum, argnums=1)(state.angle, state.speed)
    coupling = jax.jacfwd(momentum)(state.angle, state.speed) @ state.speed
    force = jax.grad(lagrangian)(state.angle, state.speed)
    return inertia, coupling - force + FRICTION * state.speed


def step(state, target):
    """Holds the controller's torque for one step: Runge and Kutta's method of order 4.

    target: of the angles (rad). Returns the state and the torque (N m).
    """
    inertia, bias = dynamics(state)
    torque = inertia @ (STIFFNESS * (target - state.angle) - DAMPING * state.speed) + bias

    def derivative(state):
        inertia, bias = dynamics(state)
        return State(state.speed, solved(inertia, torque - bias))

    def later(slope, time):
        return jax.tree.map(lambda x, dx: x + time * dx, state, slope)

    k1 = derivative(state)
    k2 = derivative(later(k1, STEP / 2))
    k3 = derivative(later(k2, STEP / 2))
    k4 = derivative(later(k3, STEP))
    mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
    return later(mean, STEP), torque


def circles():
    """An arm that hangs, and is to follow a moving target."""
    for step in range(1000):
        yield (
            State(jnp.zeros(2), jnp.zeros(2)),
            jnp.array([1.5 + 0.5 * jnp.sin(0.05 * step), 0.5 * jnp.cos(0.05 * step)]),
        )
