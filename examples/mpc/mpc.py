# SPDX-License-Identifier: Apache-2.0
"""Model predictive control of a crane: moves a hanging load within the trolley's limits."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import expm

STEP = 0.1  # s
HORIZON = 20
LIMIT = 0.5  # m/s^2, of the trolley's acceleration
ROPE = 1.0  # m
ITERATIONS = 15
RHO = 0.3


def condensed():
    """The cost of a plan u as 1/2 u' H u + (F x)' u, in numpy, when JAX traces the function.

    The state x is the trolley's position and speed, the rope's angle and its rate.
    """
    a = np.array([[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, -9.81 / ROPE, -0.1]])
    b = np.array([0, 1, 0, -1 / ROPE])
    blocks = np.zeros((5, 5))
    blocks[:4, :4], blocks[:4, 4] = a * STEP, b * STEP
    held = expm(blocks)  # motion while u is held
    a, b = held[:4, :4], held[:4, 4]
    free = np.zeros((HORIZON, 4, 4))  # what x makes of the states
    forced = np.zeros((HORIZON, 4, HORIZON))  # what u makes of them
    for k in range(HORIZON):
        free[k] = a @ (free[k - 1] if k else np.eye(4))
        if k:
            forced[k] = a @ forced[k - 1]
        forced[k, :, k] = b
    cost = np.diag([2.0, 1.0, 8.0, 2.0])
    h = np.einsum("kiu,ij,kjv->uv", forced, cost, forced) + np.eye(HORIZON)
    f = np.einsum("kiu,ij,kjx->ux", forced, cost, free)
    return a, b, h, f


A, B, _H, _F = condensed()
_INVERSE = np.linalg.inv(_H + RHO * np.eye(HORIZON))
RETURN = (RHO * _INVERSE).astype(np.float32)
FEEDBACK = (_INVERSE @ _F).astype(np.float32)


class Plan(NamedTuple):
    """Of the next steps; each call begins with what the call before left."""

    u: jax.Array  # f32[20]: accelerations within the limits, m/s^2
    dual: jax.Array  # f32[20]


def control(plan, x, target):
    """The acceleration for the next step, by ADMM: the plan that costs least, then the limits.

    x: f32[4], position (m), speed (m/s), angle (rad), rate (rad/s). target: m.
    """
    wanted = -FEEDBACK @ x.at[0].add(-target)

    def iteration(_, plan):
        free = wanted + RETURN @ (plan.u - plan.dual)
        u = jnp.clip(free + plan.dual, -LIMIT, LIMIT)
        return Plan(u, plan.dual + free - u)

    plan = Plan(*(jnp.roll(v, -1).at[-1].set(0.0) for v in plan))  # one step has gone by
    plan = jax.lax.fori_loop(0, ITERATIONS, iteration, plan)
    return plan, plan.u[0]


def move():
    """A load that hangs still, and is moved by a metre, as the model has it."""
    nothing = plan = Plan(jnp.zeros(HORIZON), jnp.zeros(HORIZON))
    x = np.zeros(4)
    while True:
        yield nothing, jnp.float32(x), 1.0
        plan, u = jax.jit(control)(plan, jnp.float32(x), 1.0)
        x = A @ x + B * float(u)
