# SPDX-License-Identifier: Apache-2.0
"""What XLA calls a library for, or a loop, compared with JAX. cases.bzl has the shapes."""

import jax
import jax.numpy as jnp
from jax import lax


def sorted_lines(x):
    """More than a run; along each of the dimensions; runs of unequal length."""
    return jnp.sort(x, axis=0), jnp.sort(x, axis=1), jnp.sort(x, axis=2, descending=True)


def sorted_with_others(x, y):
    """Equal keys keep their order."""
    keys = jnp.round(x)
    places = jnp.arange(x.size, dtype=jnp.int16)
    return lax.sort((keys, y, places), num_keys=2), jnp.argsort(keys), jnp.lexsort((y, keys))


def sorted_dtypes(a, b, c, d, e, f):
    return [jnp.sort(x) for x in (a, b, c, d, e, f)]


def sorted_in_a_loop(x):
    return lax.fori_loop(0, 3, lambda i, y: jnp.sort(jnp.where(i % 2 == 0, -y, y)), x)


def order_statistics(x):
    gradient = jax.grad(lambda v: jnp.vdot(jnp.sort(v), jnp.arange(24.0)))(x)
    return jnp.median(x), jnp.quantile(x, 0.3), gradient, jnp.unique(jnp.round(x), size=5)


def largest(x, i):
    """Ties go to the lower index."""
    return lax.top_k(x, 3), lax.top_k(jnp.round(x), 9), lax.top_k(i, 4)


def largest_edge_values(x):
    return lax.top_k(x, 5)


def convolutions_1d(x, w):
    return (
        lax.conv_general_dilated(x, w, (1,), "SAME"),
        lax.conv_general_dilated(x, w, (2,), "VALID", rhs_dilation=(2,)),
        lax.conv_general_dilated(x, w, (2,), [(2, 3)], lhs_dilation=(3,), rhs_dilation=(2,)),
        lax.conv_general_dilated(x, w, (1,), [(-2, -1)]),
        jnp.convolve(x[0, 0], w[0, 0]),
    )


def convolutions_2d(x, w):
    return (
        lax.conv(x, w, (1, 2), "SAME"),
        lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "OIHW", "NHWC"), feature_group_count=4
        ),
        lax.conv_transpose(x, w, (2, 2), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW")),
    )


def convolutions_of_moved_kernels(x, w):
    """XLA moves them in a step before."""
    return (
        lax.conv(x, lax.rev(w, (2,)), (1, 1), "VALID"),
        lax.conv(x, jnp.full_like(w, 0.25), (1, 1), "VALID"),
    )


def convolution_depthwise(x, w):
    return lax.conv_general_dilated(
        x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=6
    )


def convolution_gradient(x, w):
    """With respect to the image the kernel is reversed, to the kernel the image is the kernel."""

    def loss(x, w):
        return jnp.sum(lax.conv(x, w, (2, 2), "SAME") ** 2)

    return jax.grad(loss, (0, 1))(x, w)


def convolutions_3d_and_dtypes(x, w, a, b, c, d):
    return (
        lax.conv_general_dilated(x, w, (1, 2, 1), "SAME"),
        lax.conv(a, b, (1, 1), "SAME", preferred_element_type=jnp.int32),
        lax.conv(c, d, (1, 1), "SAME"),
    )


def spectrum(x):
    """Powers of two: complex, and half as many for real numbers."""
    return jnp.fft.fft(x.astype(jnp.complex64)), jnp.fft.rfft(x), jnp.fft.rfft(x[:2])


def spectra_of_any_length(x):
    """2, 3, 5 and 7 squared, a large prime, one."""
    return [jnp.fft.fft(x[:n]) for n in (60, 49, 53, 1)], jnp.fft.ifft(x[:45])


def spectra_of_real_numbers(x):
    spectrum = lax.complex(x[:16], x[14:])
    back = jnp.fft.irfft(spectrum), jnp.fft.irfft(spectrum[:11], n=21)
    return [jnp.fft.rfft(x[:n]) for n in (30, 21, 1)], back


def spectra_of_images(x):
    return jnp.fft.fft2(x), jnp.fft.ifftn(x), jnp.fft.rfft2(x.real), jnp.fft.irfft2(x, s=(6, 8))


def spectrum_filtered(x):
    """Two calls of the same transform are one function."""
    low = jnp.arange(9) < 4
    once = jnp.fft.irfft(jnp.where(low, jnp.fft.rfft(x), 0.0), n=16)
    return jnp.fft.irfft(jnp.where(~low, jnp.fft.rfft(x), 0.0), n=16), once


def spectrum_f64(x):
    return jnp.fft.fft(x)


def cumulated(x, p):
    """Along both axes, from both ends."""
    return (
        lax.cumsum(p, axis=0, reverse=True),
        lax.cumprod(p, axis=1),
        lax.cummax(x, axis=0),
        lax.cummin(x, axis=1, reverse=True),
        lax.cumlogsumexp(x, axis=1),
        lax.associative_scan(jnp.maximum, x, axis=1),
    )


def pooled(x):
    """reduce_window and, in its gradient, select_and_scatter."""

    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (2, 3), (2, 2), "SAME")

    average = lax.reduce_window(x, 0.0, lax.add, (3, 3), (1, 2), "VALID", (1, 1), (1, 2))
    return pool(x), average, jax.grad(lambda x: jnp.sum(pool(x) ** 2))(x)


def random_bits(seed):
    """Integers: the same bits as JAX's."""
    key = jax.random.key(seed)
    first, second = jax.random.split(key)
    return (
        jax.random.bits(first, (7,)),
        jax.random.randint(second, (5,), -10, 100),
        jax.random.permutation(jax.random.fold_in(key, 3), 20),
        jax.random.bits(jax.random.key(seed, impl="rbg"), (7,)),
        jax.random.choice(first, 9, (4,), replace=False),
        jax.random.bernoulli(second, 0.3, (9,)),
    )


def random_numbers(seed):
    key = jax.random.key(seed)
    return (
        jax.random.uniform(key, (9,)),
        jax.random.normal(key, (9,)),
        jax.random.uniform(jax.random.key(seed, impl="rbg"), (6,)),
        jax.random.exponential(key, (5,)),
    )


@jax.custom_jvp
def _rectified(x):
    return jnp.maximum(x, 0.0)


@_rectified.defjvp
def _rectified_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return _rectified(x), jnp.where(x > 0.5, 2.0 * t, 0.25 * t)


@jax.custom_vjp
def _clipped(x):
    return x


_clipped.defvjp(lambda x: (x, x), lambda x, g: (jnp.clip(g, -0.1, 0.1) * (1.0 + x * x),))


def derivatives_of_ones_own(x):
    """custom_jvp, custom_vjp, checkpoint, hessian, a Jacobian times a vector, linearize."""
    energy = jax.checkpoint(lambda x: jnp.sum(jnp.cosh(0.3 * x) * x))
    value, push = jax.linearize(lambda x: x**3, x)
    return (
        jax.jacfwd(_rectified)(x),
        jax.grad(lambda x: jnp.sum(_clipped(x) ** 2))(x),
        jax.grad(energy)(x),
        jax.hessian(energy)(x),
        jax.jvp(jnp.exp, (0.1 * x,), (x,)),
        value + push(x),
    )


def wide_in_narrow_memory(x, y):
    """XLA keeps f32 in the memory of the result, which is aligned for bf16, and reads u8 as i32."""
    resized = jax.image.resize(x, (5, 3), "cubic")
    return resized, lax.bitcast_convert_type(y.reshape(2, 4), jnp.int32) + 1


def convolution_of_bool(x, w):
    """XLA makes vectors of bool that LLVM has no instructions for on a Cortex-M55."""
    return lax.conv(x, w, (1, 1), "SAME")


def wider_in_registers(h, b, i, u):
    """In rows of few elements, of which the last vector is not full."""

    def in_rounds(x):
        scaled = x * 0.1
        return jax.lax.fori_loop(0, 2, lambda _, c: jnp.tanh(c + scaled), x)

    return (
        *(in_rounds(h), in_rounds(b), jnp.exp(-jnp.abs(h)), 1.0 / (1.0 + b * b)),
        *((i.astype(jnp.int32) * i >> 3).astype(jnp.int16), i.astype(jnp.float32) * 0.3),
        *((u.astype(jnp.int32) * u >> 5).astype(jnp.uint8), u.astype(jnp.float16) * 0.25),
        *(h.astype(jnp.float32) * 0.7, jnp.flip(h, axis=1) + h, jnp.sort(h, axis=1)),
        *(jnp.where(u > 7, u, 255 - u), jnp.maximum(h, 0.5) - h, jnp.cumsum(jnp.abs(h), axis=1)),
    )


def zeta_in_f16(x, q):
    """LLVM 22 aborts on such a vector of f16 where a Cortex-M55 may compute with f16."""
    return lax.zeta(abs(x) + 1.5, abs(q) + 0.5)
