# SPDX-License-Identifier: Apache-2.0
"""Functions of pytrees that are compared with JAX. Each has its arguments in FUNCTION_inputs."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


def _ramp(*dims):
    size = int(np.prod(dims))
    return np.sin(np.arange(size, dtype=np.float32) * 0.7).reshape(dims)


def network(params, x):
    """A dict of a list of dicts."""
    for layer in params["hidden"]:
        x = jnp.tanh(0.2 * (layer["w"] @ x) + layer["b"])
    return {"y": params["last"] @ x, "hidden": x}


def network_inputs():
    hidden = [{"w": _ramp(24, 20), "b": _ramp(24)}, {"w": _ramp(18, 24), "b": _ramp(18)}]
    return {"hidden": hidden, "last": _ramp(3, 18)}, _ramp(20)


def training_step(params, batch, *, rate):
    """Gradients bear the structure of the parameters; a keyword-only argument."""

    def loss(params):
        h = jnp.tanh(jnp.sum(params["a"] * batch["x"][:, :, None], axis=1) + params["b"])
        return jnp.mean((jnp.sum(h * params["c"], axis=1) - batch["y"]) ** 2)

    value, slopes = jax.value_and_grad(loss)(params)
    return jax.tree.map(lambda p, g: p - rate * g, params, slopes), value


def training_step_inputs():
    params = {"c": _ramp(9), "b": _ramp(9), "a": _ramp(5, 9)}
    return {"params": params, "batch": {"y": _ramp(8), "x": _ramp(8, 5)}, "rate": 0.05}


class Motion(NamedTuple):
    position: jax.Array
    velocity: jax.Array


def motion_step(motion, force):
    """A NamedTuple in, a NamedTuple out."""
    velocity = motion.velocity + 0.1 * (force - motion.position)
    position = motion.position + 0.1 * jnp.cumsum(jnp.cumsum(velocity)[::-1])
    return Motion(position - jnp.mean(position), velocity), jnp.sum(velocity * velocity)


def motion_step_inputs():
    return Motion(_ramp(20), _ramp(20) * 2.0), np.float32(0.5)


@jax.tree_util.register_dataclass
@dataclass
class Filter:
    taps: jax.Array
    history: jax.Array
    count: jax.Array


def filter_step(state, sample):
    """A registered dataclass."""
    history = jnp.roll(state.history, 1).at[0].set(sample)
    return Filter(state.taps, history, state.count + 1), state.taps @ history


def filter_step_inputs():
    return Filter(_ramp(24), np.zeros(24, np.float32), 0), 0.25


def mixture(parts):
    """Tuples and lists of arrays of several dtypes."""
    (a, b), [c, (d,)] = parts["floats"], parts["others"]
    scaled = jnp.cumsum(jnp.cumsum(a * c)[::-1])
    return [scaled, (jnp.where(d, scaled, b), {"any": jnp.any(d), "all": (c + 1, -a)})]


def mixture_inputs():
    flags = np.arange(18) % 3 == 0
    return ({"floats": (_ramp(18), _ramp(18) + 1.0), "others": [np.int16(3), (flags,)]},)


def simulation(models, start):
    """A scan over a pytree, whose carry is another."""

    def step(motion, model):
        speed = motion.velocity * model["damping"] + model["push"]
        following = Motion(motion.position + 0.1 * speed, jnp.roll(speed, 1))
        return following, {"energy": jnp.sum(speed * speed), "speed": speed}

    return jax.lax.scan(step, start, models)


def simulation_inputs():
    models = {"push": _ramp(12, 17), "damping": np.linspace(0.5, 1.0, 12, dtype=np.float32)}
    return {"start": Motion(_ramp(17), _ramp(17)), "models": models}


def constants(x, offsets):
    """What is no argument is a constant: values of the example, and a default."""
    return jax.tree.map(lambda offset: jnp.cumsum(x + offset), offsets)


def constants_inputs():
    return _ramp(21), (0.5, [1, _ramp(21)])


def shapes_only(table, index):
    return jnp.tanh(table["rows"])[index] - table["bias"]


def shapes_only_inputs():
    f32 = jnp.float32
    return {
        "index": jax.ShapeDtypeStruct((), jnp.int32),
        "table": {
            "rows": jax.ShapeDtypeStruct((7, 5), f32),
            "bias": jax.ShapeDtypeStruct((5,), f32),
        },
    }
