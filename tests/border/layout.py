# SPDX-License-Identifier: Apache-2.0
"""Arguments that are structs, with members of every size and alignment."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Params(NamedTuple):
    flag: jax.Array
    wide: jax.Array
    gains: list[jax.Array]
    name: jax.Array
    z: jax.Array


def layout(state, params, x):
    """Every member of the new state is made of one of `params`."""
    new = {
        "a_flag": ~params.flag,
        "b_wide": state["b_wide"] + params.wide,
        "c_small": state["c_small"] + params.name,
        "d_sum": state["d_sum"] + params.gains[0] * x + params.gains[1][2],
        "e_z": state["e_z"] * params.z,
    }
    return new, x * 2.0


def example():
    params = Params(
        jnp.array(True),
        jnp.zeros((), jnp.int64),
        [jnp.zeros((), jnp.float32), jnp.zeros(3, jnp.float32)],
        jnp.zeros(3, jnp.int8),
        jnp.zeros((), jnp.complex64),
    )
    state = {
        "a_flag": jnp.array(True),
        "b_wide": jnp.zeros(2, jnp.int64),
        "c_small": jnp.zeros(3, jnp.int8),
        "d_sum": jnp.zeros((), jnp.float32),
        "e_z": jnp.zeros(2, jnp.complex64),
    }
    return state, params, jnp.float32(0)
