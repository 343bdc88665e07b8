# SPDX-License-Identifier: Apache-2.0
"""Functions that are compared with JAX. cases.bzl has their shapes.

Most make three or more thunks that share memory: single kernels hide mistakes in buffers.
"""

import jax
import jax.numpy as jnp
import numpy as np

WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(3, 4)


def affine(x):
    return 2.0 * x + 1.0


def norm(x):
    return x / jnp.sqrt(jnp.sum(x * x))


def softmax(x):
    e = jnp.exp(x - jnp.max(x))
    return e / jnp.sum(e)


def standardize(x):
    centered = jnp.cumsum(jnp.cumsum(x - jnp.mean(x))[::-1])
    return centered / (jnp.sqrt(jnp.mean(centered * centered)) + 1e-3)


def matvec(x):
    y = WEIGHTS @ x
    z = y / (1.0 + jnp.sum(jnp.abs(y)))
    return jnp.concatenate([z, z[::-1]])


def mlp(x, w1, w2, w3):
    h = jnp.tanh(w1 @ x)
    h = jnp.maximum(w2 @ h + 0.1, 0.0)
    y = w3 @ h
    return y - jax.nn.logsumexp(y)


def layers_with_one_output(x, w, b, v):
    """XLA computes them together with the activation in front of them."""
    kept = jnp.maximum(w @ (x * x) - b, 0.0)
    return (
        jnp.maximum(w @ x + b, 0.0) @ v + 0.5,
        jnp.tanh(w @ jnp.tanh(w @ (x + 1.0) + b) + b) @ v,
        kept,
        kept @ v,
    )


def gated_sum(x, w, b, v):
    """What is computed of the sums is multiplied by them."""
    y = w @ x
    return jnp.sum(jnp.maximum(y + b - v, 0.0) * y)


def integers(x, y):
    total = x + y * 3
    return total, total // 7, total % 7, jnp.maximum(x, y) - (x & y) + (x << 2)


def select(x, y):
    z = jnp.where(x > y, x, y * 2.0)
    return jnp.clip(z, -1.0, 1.0), jnp.argmax(z), jnp.sum(z > 0.0)


def cumulative(x):
    c = jnp.cumsum(x)
    return c - jnp.mean(c), jnp.cumsum(c * c)[-1]


def transpose(x):
    y = x.T @ x
    return y.T + 1.0, jnp.sum(y, axis=0)


def scatter(x, i, v):
    y = jnp.tanh(x).at[i].set(v)
    return jnp.cumsum(y) + y, y[i] * 2.0, jnp.maximum(y, 0.0)


def equal_layers(x, w, b):
    for _ in range(4):
        x = jnp.tanh(x @ w * 0.2 + b)
        x = jnp.cumsum(x, axis=0) * 0.2 - jnp.tanh(x @ w.T * 0.2)
    return x


def residual_layers(x, w, down, up):
    """Sums of one part and of several."""
    y = up @ x[:8]
    return w @ y + y, down @ y, w @ x


def gradient(w, x):
    def loss(w):
        return jnp.sum(jnp.tanh(w @ x) ** 2)

    return jax.value_and_grad(loss)(w)


def jacobian(q):
    def position(q):
        a, b = q[0], q[0] + q[1]
        return jnp.stack([jnp.cos(a) + jnp.cos(b), jnp.sin(a) + jnp.sin(b)])

    return position(q), jax.jacfwd(position)(q)


def layer_norm(x, scale):
    mean = jnp.mean(x, axis=1, keepdims=True)
    var = jnp.mean((x - mean) ** 2, axis=1, keepdims=True)
    y = (x - mean) * jax.lax.rsqrt(var + 1e-5) * scale
    return y, jnp.sum(y * y)


def duplicate(x):
    y = jnp.tanh(x)
    return y, y, x, jnp.float32(3.0)


def kalman(p, f, q):
    covariance = p @ p.T + jnp.eye(4)
    predicted = f @ covariance @ f.T + q @ q.T
    gain = predicted[:, :1] / (predicted[0, 0] + 0.1)
    return predicted - gain * predicted[:1, :], gain


def mixed(x, n):
    y = x * n
    return (y.astype(jnp.int32) + n) * 2, y / (1 + n), n > 3


def nonlinear(x):
    rounded = jnp.round(x * 2.0)
    powers = jnp.power(jnp.abs(x), 1.5) + jnp.expm1(x) * jnp.log1p(jnp.abs(x))
    waves = jnp.sin(x) * jnp.cos(2.0 * x) + jax.scipy.special.erf(x)
    return rounded, powers, jnp.sum(waves, axis=1), jnp.sign(x) * jnp.floor(x)


def small_integers(x, y, z):
    wide = x.astype(jnp.int32) * y
    return wide, jnp.where(z, x, -x), jnp.sum(wide) > 0, (y // 3).astype(jnp.uint8)


def threshold(x, limit):
    above = jnp.cumsum(x * x) > limit
    return jnp.argmax(above)


def wide(x, n, small):
    scaled = jnp.tanh(x * small) / jnp.sum(x * x)
    return scaled, n * 10_000_000_000, jnp.max(scaled) > 0.1


def _every_kind_of_weight(rows, columns):
    """Zeros, ones, powers of two, what VMOV encodes, values that occur twice, and others."""
    generator = np.random.default_rng(7)
    others = generator.standard_normal((rows, columns)).astype(np.float32)
    kinds = [others, np.zeros_like(others), np.sign(others), np.exp2(np.round(others))]
    kinds += [np.round(others * 8) / 8, np.repeat(others[:, :1], columns, axis=1)]
    return np.choose(generator.integers(0, len(kinds), (rows, columns)), kinds)


BAKED_FLOATS = [_every_kind_of_weight(*dims) for dims in ((20, 31), (31, 7), (7, 300), (3, 300))]
BAKED_FLOATS[0][:, 3] = 0.0
BAKED_INTEGERS = [
    np.random.default_rng(8).integers(-bound, bound, dims).astype(np.int32)
    for bound, dims in ((3, (24, 17)), (128, (17, 17)), (70_000, (17, 5)))
]
BAKED_INTEGERS[0][:, 2] = 0
BAKED_INTEGERS[1][:3, 4] = [-(2**31), 2**31 - 1, 256]

INT8_WEIGHTS = np.random.default_rng(9).integers(-128, 128, (3, 11, 11))
INT8_WEIGHTS[0, 0, :2] = [-128, 127]


def baked_floats(x, y, z):
    """Layers side by side: one behind the other would magnify rounding errors."""
    first, second, third, fourth = BAKED_FLOATS
    hidden = jnp.maximum(x @ first + first[2], 0)
    middle = z @ second * y - second[5]
    return hidden, fourth @ jnp.tanh(y @ third), jnp.minimum(-middle, 0.5)


def baked_integers(x, y):
    first, second, third = BAKED_INTEGERS
    hidden = jnp.maximum(x @ first + first[2], 0) >> 3
    middle = jnp.minimum(-(second @ hidden) + y, 100_000)
    return middle @ third, hidden


def baked_recurrence(x):
    first = BAKED_FLOATS[0][:7, :7]

    def step(state, value):
        state = jnp.tanh(first @ state + value)
        return state, state[0]

    return jax.lax.scan(step, jnp.zeros(7, x.dtype), x)


def int8_weights(x, y):
    narrow, also_added, wide = (w.astype(np.int8) for w in INT8_WEIGHTS)
    wide = wide.astype(np.int32) * 3
    y = y.T @ narrow.astype(jnp.int32)
    hidden = narrow.astype(jnp.int32) @ (x @ also_added.astype(jnp.int32))
    return y, hidden - also_added[0, 0], hidden @ wide, also_added.astype(jnp.int32) * 2


def optimiser_step(p, g, m, v):
    """Adam's: kernels that are joined."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v * v + 0.001 * g * g
    return p - 0.01 * m / (jnp.sqrt(v) + 1e-3), m, v


def in_turns(x, y):
    """Kernels that are joined, with temporaries that several of them and others read."""
    s = jnp.sin(x) * y
    t = jnp.tanh(s + y)
    total = jnp.sum(s, axis=(0, 2))
    u = jnp.where(t > total[:, None], s, x[::-1])
    return s - t, u * t, jnp.max(t), u + y, (u > y).astype(jnp.int8)
