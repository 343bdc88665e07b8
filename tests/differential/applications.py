# SPDX-License-Identifier: Apache-2.0
"""What people run on microcontrollers, compared with JAX. cases.bzl has the shapes."""

import jax
import jax.numpy as jnp


def rk4(state, torque):
    """Pendulums, one step of Runge and Kutta's fourth order."""

    def rate(state):
        angle, speed = state[0], state[1]
        return jnp.stack([speed, torque - 9.81 * jnp.sin(angle) - 0.1 * speed])

    h = 0.01
    k1 = rate(state)
    k2 = rate(state + 0.5 * h * k1)
    k3 = rate(state + 0.5 * h * k2)
    k4 = rate(state + h * k3)
    following = state + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    energy = 0.5 * following[1] ** 2 - 9.81 * jnp.cos(following[0])
    return following, jnp.cumsum(energy), jnp.cumsum(following[::-1], axis=1)


def newton_system(x):
    """Two equations, four steps, the jacobian by forward differentiation."""

    def residual(x):
        return jnp.stack([x[0] ** 3 + x[0] + x[1] - 3.0, x[1] ** 3 + 2.0 * x[1] - x[0]])

    def step(_, x):
        j, r = jax.jacfwd(residual)(x), residual(x)
        det = j[0, 0] * j[1, 1] - j[0, 1] * j[1, 0]
        dx = jnp.stack([j[1, 1] * r[0] - j[0, 1] * r[1], j[0, 0] * r[1] - j[1, 0] * r[0]]) / det
        return x - jnp.clip(dx, -1.0, 1.0)

    return jax.lax.fori_loop(0, 4, step, jnp.clip(x, -1.0, 1.0))


def biquad(x, state):
    """A low pass of second order, direct form II transposed."""
    b0, b1, b2, a1, a2 = 0.0675, 0.1349, 0.0675, -1.1430, 0.4128

    def step(state, u):
        y = b0 * u + state[0]
        return (b1 * u - a1 * y + state[1], b2 * u - a2 * y), y

    state, y = jax.lax.scan(step, (state[0], state[1]), x)
    return jnp.cumsum(jnp.cumsum(y)[::-1]), jnp.stack(state), jnp.sqrt(jnp.mean(y * y))


def biquad_cascade(x):
    """Three sections, one after another; every section is a scan."""

    def section(x, gain):
        def step(state, u):
            y = 0.2 * u + state[0]
            return (0.3 * u + 0.5 * y + state[1], 0.1 * u - 0.2 * y), y

        return jax.lax.scan(step, (x[0] * 0.0, x[0] * 0.0), x * gain)[1]

    y = section(section(section(x, 0.9), 0.8), 0.7)
    return y - jnp.mean(y), jnp.cumsum(y)


def attention(q, k, v):
    scores = jnp.sum(q[:, None, :] * k[None, :, :], axis=2) / jnp.sqrt(8.0)
    weights = jax.nn.softmax(scores, axis=-1)
    return weights @ v, jnp.max(weights, axis=0)


def transformer_block(x, w, scale):
    def norm(x):
        y = x - jnp.mean(x, axis=-1, keepdims=True)
        return y * jax.lax.rsqrt(jnp.mean(y * y, axis=-1, keepdims=True) + 1e-5) * scale

    y = norm(x)
    weights = jax.nn.softmax(y @ y.T / jnp.sqrt(8.0), axis=-1)
    x = x + weights @ y
    return x + jax.nn.gelu(norm(x) @ w)


def pid(error, integral, previous):
    integral = jnp.clip(integral + error * 0.01, -2.0, 2.0)
    output = 3.0 * error + 0.5 * integral + 0.1 * (error - previous) / 0.01
    return jnp.clip(output, -10.0, 10.0), integral, error


def pid_run(target, start):
    """A PID controller and its plant, forty steps."""

    def step(state, goal):
        position, speed, integral, previous = state
        output, integral, previous = pid(goal - position, integral, previous)
        speed = speed + 0.01 * (output - speed)
        return (position + 0.01 * speed, speed, integral, previous), position

    state, track = jax.lax.scan(step, (start, start * 0.0, start * 0.0, start * 0.0), target)
    return track, jnp.cumsum(jnp.cumsum((track - target) ** 2)[::-1]), state[0]


def complementary_filter(gyro, accelerometer):
    def step(angle, sample):
        rate, x, z = sample
        angle = 0.98 * (angle + rate * 0.01) + 0.02 * jnp.arctan2(x, z)
        return angle, angle

    samples = (gyro, accelerometer[:, 0], accelerometer[:, 1])
    angle, track = jax.lax.scan(step, gyro[0] * 0.0, samples)
    return angle, track, jnp.cumsum(track - gyro * 0.01)


def cross_entropy(w, x, label):
    """The loss of a linear classifier and its gradient."""

    def loss(w):
        return -jax.nn.log_softmax(0.25 * (w @ x))[label % 7]

    value, slope = jax.value_and_grad(loss)(w)
    return value, w - 0.1 * slope, jnp.sum(slope, axis=1)


def descent(w, x, y):
    """Five steps of gradient descent on a network with one hidden layer."""

    def loss(w):
        return jnp.mean((jnp.tanh(x @ w) - y) ** 2)

    return jax.lax.fori_loop(0, 5, lambda _, w: w - 0.3 * jax.grad(loss)(w), w)


def jacobian_reverse(x):
    def f(x):
        y = jnp.tanh(jnp.cumsum(x) * 0.3)
        return y[:6] * y[6:12] + jnp.sum(y)

    return jax.jacrev(f)(x), f(x)


def jacobian_forward(x):
    def f(x):
        y = jnp.cumsum(jnp.sin(x))
        return y[::2] / (1.0 + y[1::2] ** 2)

    j = jax.jacfwd(f)(x)
    return j, jnp.sum(j * j, axis=1), jnp.max(jnp.abs(j))


def hessian(x):
    def f(x):
        return jnp.sum(jnp.tanh(x) * jnp.roll(x, 1)) + jnp.sum(x**4)

    return jax.hessian(f)(x), jax.grad(f)(x)


def gauss_newton(parameters, t, y):
    """One step of a fit of a * exp(-b * t) + c, damped; 3 x 3 by Cramer's rule."""

    def residual(p):
        return p[0] * jnp.exp(-jnp.abs(p[1]) * jnp.abs(t)) + p[2] - y

    r, j = residual(parameters), jax.jacfwd(residual)(parameters)
    a = jnp.sum(j[:, :, None] * j[:, None, :], axis=0) + 20.0 * jnp.eye(3)
    g = jnp.sum(j * r[:, None], axis=0)
    first = jnp.cross(a[1], a[2])
    second = jnp.cross(a[2], a[0])
    third = jnp.cross(a[0], a[1])
    step = (first * g[0] + second * g[1] + third * g[2]) / jnp.dot(a[0], first)
    return parameters - step, jnp.sum(r * r)


def kalman_step(x, p, z):
    """Constant velocity in two dimensions, both positions measured one after another."""
    f = jnp.eye(4) + 0.1 * jnp.eye(4, k=2)
    spread = p * 0.1
    p = jnp.eye(4) + jnp.sum(spread[:, None, :] * spread[None, :, :], axis=2)
    x = f @ x
    p = f @ p @ f.T + 0.01 * jnp.eye(4)
    for i in range(2):
        gain = p[:, i] / (p[i, i] + 0.5)
        x = x + gain * (z[i] - x[i])
        p = p - gain[:, None] * p[i][None, :]
    return x, 0.5 * (p + p.T)


def quaternion(q, rate):
    """Forty steps of a gyroscope, the quaternion kept at length one."""

    def step(q, w):
        w0, w1, w2 = w * 0.05
        a, b, c, d = q
        change = jnp.stack(
            [
                -b * w0 - c * w1 - d * w2,
                a * w0 + c * w2 - d * w1,
                a * w1 - b * w2 + d * w0,
                a * w2 + b * w1 - c * w0,
            ]
        )
        q = q + 0.5 * change
        q = q / jnp.sqrt(jnp.sum(q * q))
        return q, q

    start = q / (jnp.sqrt(jnp.sum(q * q)) + 1e-3)
    last, track = jax.lax.scan(step, start, rate)
    return last, jnp.cumsum(jnp.cumsum(track, axis=0)[::-1], axis=0)


def lstm(x, w, u):
    def step(state, row):
        h, c = state
        i, f, g, o = jnp.split(w @ row + u @ h, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    return jax.lax.scan(step, (jnp.zeros(6), jnp.zeros(6)), x)


def fir(x, taps):
    """Thirty-two samples of history; every output a dot product of a window."""
    windows = jnp.stack([x[i : i + 33] for i in range(16)])
    y = taps @ windows
    return y, jnp.max(jnp.abs(y)), jnp.cumsum(y * y)


def goertzel(x):
    """The power at four frequencies, of what is not long past: it fades by a tenth a sample."""

    def power(frequency):
        turn = 2.0 * 0.9 * jnp.cos(frequency)
        zero = x[0] * 0.0
        s = jax.lax.fori_loop(
            0, 64, lambda i, s: (x[i] + turn * s[0] - 0.81 * s[1], s[0]), (zero, zero)
        )
        return s[0] ** 2 + 0.81 * s[1] ** 2 - turn * s[0] * s[1]

    return jax.vmap(power)(jnp.array([0.5, 1.0, 1.5, 2.0]))


def tridiagonal(d):
    """Thomas's algorithm: one scan forth, one scan back."""

    def forth(carry, d):
        c, r = carry
        pivot = 4.0 - c
        c, r = 1.0 / pivot, (d - r) / pivot
        return (c, r), (c, r)

    def back(x, cr):
        x = cr[1] - cr[0] * x
        return x, x

    zero = d[0] * 0.0
    _, rows = jax.lax.scan(forth, (zero, zero), d)
    _, x = jax.lax.scan(back, zero, rows, reverse=True)
    return x, d - 4.0 * x


def cholesky(a):
    """By columns, in a fori_loop with dynamic slices."""
    n = a.shape[0]
    spread = jnp.sum(a[:, None, :] * a[None, :, :], axis=2)
    matrix = spread / n + 2.0 * jnp.eye(n)

    def column(k, low):
        row = jax.lax.dynamic_slice(low, (k, 0), (1, n))[0]
        c = jax.lax.dynamic_slice(matrix, (0, k), (n, 1))[:, 0] - low @ row
        c = jnp.where(jnp.arange(n) >= k, c, 0.0) / jnp.sqrt(c[k])
        return jax.lax.dynamic_update_slice(low, c[:, None], (0, k))

    return jax.lax.fori_loop(0, n, column, jnp.zeros((n, n)))


def power_iteration(a):
    matrix = a + a.T + 6.0 * jnp.ones((5, 5))  # one eigenvalue is far larger than the others

    def step(_, v):
        v = matrix @ v
        return v / jnp.sqrt(jnp.sum(v * v))

    v = jax.lax.fori_loop(0, 8, step, jnp.ones(5) / jnp.sqrt(5.0))
    return v, v @ (matrix @ v)


def heat(x):
    """Explicit steps until the change is small, at most two hundred."""

    def step(state):
        n, u, _ = state
        following = u + 0.2 * (jnp.roll(u, 1) - 2.0 * u + jnp.roll(u, -1))
        return n + 1, following, jnp.max(jnp.abs(following - u))

    def going(state):
        return (state[0] < 200) & (state[2] > 0.05)

    n, u, _ = jax.lax.while_loop(going, step, (0, x, jnp.max(jnp.abs(x))))
    return u, n > 200


def state_machine(x, mode):
    """A switch in a scan in a cond."""

    def step(carry, u):
        mode, level = carry
        level = jax.lax.switch(
            mode,
            [lambda: level + u, lambda: level * 0.5, lambda: jnp.maximum(level - 1.0, u)],
        )
        mode = jnp.where(u > 0.5, (mode + 1) % 3, mode)
        return (mode, level), level

    def run(x):
        (_, level), track = jax.lax.scan(step, (mode % 3, x[0] * 0.0), x)
        return jnp.cumsum(jnp.cumsum(track)[::-1]) + level

    return jax.lax.cond(mode > 90, lambda x: x[::-1], run, x)


def mandelbrot(re, im):
    """Batched while_loop over complex numbers in two parts; at most thirty steps."""

    def count(re, im):
        def step(s):
            n, a, b = s
            return n + 1, a * a - b * b + re, 2.0 * a * b + im

        going = lambda s: (s[0] < 30) & (s[1] * s[1] + s[2] * s[2] < 1e3)  # noqa: E731
        return jax.lax.while_loop(going, step, (0, re * 0.0, im * 0.0))[0]

    return jax.vmap(count)(re * 0.2, im * 0.2)


def isqrt(x):
    """The integer square root, bit by bit; 16 steps without division."""

    def step(i, root):
        candidate = root | (1 << (15 - i))
        return jnp.where(candidate * candidate <= x, candidate, root)

    return jax.lax.fori_loop(0, 16, step, jnp.zeros_like(x))


def crc32(data):
    def byte(crc, value):
        crc = crc ^ value.astype(jnp.uint32)
        bit = lambda _, c: jnp.where(c & 1 == 1, (c >> 1) ^ jnp.uint32(0xEDB88320), c >> 1)  # noqa: E731
        return jax.lax.fori_loop(0, 8, bit, crc), None

    crc, _ = jax.lax.scan(byte, jnp.uint32(0xFFFFFFFF), data)
    return ~crc


def xorshift(seed, count):
    """Random numbers: as many steps as the caller says, at most a hundred."""

    def step(state):
        n, s = state
        s = s ^ (s << 13)
        s = s ^ (s >> 17)
        return n + 1, s ^ (s << 5)

    start = jnp.arange(1, 25, dtype=jnp.uint32) * jnp.uint32(2654435761) + seed
    _, s = jax.lax.while_loop(lambda s: s[0] < jnp.minimum(count, 100), step, (0, start))
    return s, (s >> 8).astype(jnp.float32) / 16777216.0


def separable_blur(image):
    def blur(row):
        padded = jnp.pad(row, (1, 1), mode="edge")
        return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]

    rows = jax.vmap(blur)(image)
    whole = jax.vmap(blur)(rows.T).T
    edges = jnp.abs(jnp.diff(whole, axis=0, append=whole[-1:]))
    return whole, jnp.max(edges, axis=1), jnp.cumsum(edges, axis=0)


def dynamic_time_warping(x, y):
    """A scan within a scan: one row of the table after another."""

    def row(above, a):
        def cell(left, u):
            b, up, corner = u
            best = jnp.minimum(jnp.minimum(left, up), corner)
            cost = jnp.abs(a - b) + best
            return cost, cost

        corners = jnp.concatenate([above[:1], above[:-1]])
        _, costs = jax.lax.scan(cell, above[0] + 10.0, (y, above, corners))
        return costs, None

    last, _ = jax.lax.scan(row, jnp.zeros_like(y), x)
    return last[-1], jnp.cumsum(last)
