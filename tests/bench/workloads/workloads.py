# SPDX-License-Identifier: Apache-2.0
"""What is counted: the functions that workloads.bzl lists. plain/ has the same ones in C."""

import jax
import jax.numpy as jnp
import numpy as np
from weights import WEIGHTS


def quadratic(a, b, c):
    """Two roots."""
    root = jnp.sqrt(b * b - 4 * a * c)
    return (-b + root) / (2 * a), (-b - root) / (2 * a)


def quadratic_example():
    """Real roots."""
    return 1.0, -3.0, 2.0


def dot(x, y):
    return jnp.dot(x, y)


def matmul(a, b):
    """The function of matvec and narrow_matmul too."""
    return a @ b


def fir(taps, x):
    """taps[k] belongs to the sample k steps ago; x begins with len(taps) - 1 old samples."""
    return jnp.convolve(x, taps, mode="valid")


def _dense(weights, x, activation):
    """Layers of which all but the last are activated."""
    last = len(weights) // 2 - 1
    for i in range(last):
        x = activation(weights[f"w{i}"] @ x + weights[f"b{i}"])
    return weights[f"w{last}"] @ x + weights[f"b{last}"]


def mlp_tanh(x):
    return _dense(WEIGHTS["mlp_tanh"], x, jnp.tanh)


def mlp_relu(x):
    return _dense(WEIGHTS["mlp_relu"], x, jax.nn.relu)


def autoencoder(x):
    return _dense(WEIGHTS["autoencoder"], x, jax.nn.relu)


def _convolution(weights, x, groups=1):
    """x[height, width, channels], 3 x 3, zeros around it."""
    y = jax.lax.conv_general_dilated(
        x[None],
        weights["w"].astype(x.dtype),
        window_strides=(1, 1),
        padding="SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return y[0] + weights["b"]


def conv(x):
    return jax.nn.relu(_convolution(WEIGHTS["conv"], x))


def depthwise(x):
    """Each channel by itself."""
    return _convolution(WEIGHTS["depthwise"], x, groups=x.shape[-1])


def kalman(x, p, z, f, h, q, r):
    """The state x and its covariance p a step later, when z = h x was measured."""
    x = f @ x
    p = f @ p @ f.T + q
    residual = z - h @ x
    pht = p @ h.T
    s = h @ pht + r
    inverse = jnp.array([[s[1, 1], -s[0, 1]], [-s[1, 0], s[0, 0]]])
    inverse *= 1 / (s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0])
    gain = pht @ inverse
    return x + gain @ residual, (jnp.eye(4) - gain @ h) @ p


def kalman_example():
    """Position and velocity in two dimensions; the positions are measured."""
    x = np.array([1.0, -2.0, 0.5, 0.25], np.float32)
    p = (np.eye(4) + 0.1).astype(np.float32)
    z = np.array([1.1, -1.9], np.float32)
    f = (np.eye(4) + 0.1 * np.eye(4, k=2)).astype(np.float32)
    h = np.eye(2, 4, dtype=np.float32)
    q = (0.01 * np.eye(4)).astype(np.float32)
    r = (0.25 * np.eye(2)).astype(np.float32)
    return x, p, z, f, h, q, r


def softmax(x):
    return jax.nn.softmax(x)


def gru(h, x):
    """A step of the state h."""
    weights = WEIGHTS["gru"]
    of_input = jnp.split(weights["w"] @ x + weights["b"], 3)
    of_state = jnp.split(weights["u"] @ h + weights["c"], 3)
    update = jax.nn.sigmoid(of_input[0] + of_state[0])
    reset = jax.nn.sigmoid(of_input[1] + of_state[1])
    candidate = jnp.tanh(of_input[2] + reset * of_state[2])
    return (1 - update) * candidate + update * h
