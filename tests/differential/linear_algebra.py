# SPDX-License-Identifier: Apache-2.0
"""Linear algebra, compared with JAX, which calls LAPACK. cases.bzl has the shapes.

Matrices are made well-conditioned. Of vectors whose sign is free, what does not depend on it is
returned.
"""

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl


def definite(x):
    """A positive definite matrix."""
    return x @ x.mT.conj() + x.shape[-1] * jnp.eye(x.shape[-1], dtype=x.dtype)


def regular(x):
    """A matrix whose rows have to be exchanged: definite, in another order."""
    return definite(x)[..., ::-1, :]


def distinct(x):
    """A symmetric matrix, its eigenvalues well apart, some of them negative."""
    n = x.shape[-1]
    return jnp.diag(3.0 * jnp.arange(n, dtype=x.dtype) - n) + 0.3 * (x + x.T)


def tall(x):
    """Columns well apart from one another, in length and in direction."""
    return 0.3 * x + jnp.eye(*x.shape, dtype=x.dtype) * (
        1.0 + jnp.arange(x.shape[1], dtype=x.dtype)
    )


def orthogonal(u):
    return jnp.max(jnp.abs(u.T @ u - jnp.eye(u.shape[1], dtype=u.dtype))) < 2e-6


def solve(x, b):
    return jnp.linalg.solve(regular(x), b)


def solve_of_a_batch(x, b):
    return jnp.linalg.solve(regular(x), b)


def solve_of_complex_numbers(x, b):
    return jnp.linalg.solve(regular(x), b)


def solve_large(x, b):
    return jnp.linalg.solve(regular(x), b)


def inverse(x):
    return jnp.linalg.inv(regular(x)), jnp.linalg.det(regular(x) / x.shape[0])


def log_determinant(x):
    return jnp.linalg.slogdet(regular(x))


def lu_factors(x):
    lu, pivots = jsl.lu_factor(regular(x))
    return lu, pivots, jsl.lu_solve((lu, pivots), x[0]), *jsl.lu(regular(x)[:, :3])


def cholesky_factors(x, b):
    a = definite(x)
    factor = jsl.cho_factor(a)
    return jnp.linalg.cholesky(a), jnp.linalg.cholesky(a, upper=True), jsl.cho_solve(factor, b)


def cholesky_large(x):
    return jnp.linalg.cholesky(definite(x))


def cholesky_of_indefinite(x):
    a = jnp.stack([definite(x), -definite(x), definite(x).at[-1, -1].set(-1.0)])
    return jnp.linalg.cholesky(a)


def cholesky_of_complex_numbers(x):
    return jnp.linalg.cholesky(definite(x))


def triangular_solves(x, b):
    a = definite(x) / x.shape[0]
    lower = jsl.solve_triangular(a, b, lower=True)
    upper = jsl.solve_triangular(a, b, lower=False, trans=1)
    right = jax.lax.linalg.triangular_solve(a, b.T, lower=True, transpose_a=True)
    return lower, upper, right, jsl.solve_triangular(a, b, unit_diagonal=True)


def triangular_solve_large(x, b):
    a = definite(x) / x.shape[0]
    return jsl.solve_triangular(a, b, lower=True), jsl.solve_triangular(a, b)


def qr_factors(x):
    wide_q, wide_r = jnp.linalg.qr(tall(x).T)
    whole_q, _ = jnp.linalg.qr(tall(x), mode="complete")
    return *jnp.linalg.qr(tall(x)), whole_q, wide_q, wide_r


def qr_with_pivoting(x):
    return jsl.qr(tall(x), mode="economic", pivoting=True)


def qr_large(x):
    return jnp.linalg.qr(tall(x))


def qr_of_complex_numbers(x):
    return jnp.linalg.qr(tall(x))


def eigenvectors(x):
    a = distinct(x)
    values, vectors = jnp.linalg.eigh(a)
    return values, jnp.abs(vectors), (vectors * values) @ vectors.T, jnp.linalg.eigvalsh(-a)


def eigenvectors_large(x):
    values, vectors = jnp.linalg.eigh(distinct(x))
    return values, vectors * vectors


def eigenvectors_of_complex_numbers(x):
    a = distinct(x.real).astype(x.dtype) + 0.3j * (x.imag - x.imag.T)
    values, vectors = jnp.linalg.eigh(a)
    return values, (vectors * values) @ vectors.T.conj()


def eigenvalues_that_are_equal(x):
    a = jnp.stack([jnp.zeros((3, 3)), 2.0 * jnp.eye(3), jnp.diag(jnp.array([3.0, 1.0, 1.0]))])
    values, vectors = jnp.linalg.eigh(a * x)
    return values, (vectors * values[:, None]) @ vectors.mT, jax.vmap(orthogonal)(vectors)


def singular_values(x):
    a = tall(x)
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    whole, _, _ = jnp.linalg.svd(a)
    return (
        s,
        jnp.abs(u),
        jnp.abs(vt),
        (u * s) @ vt,
        orthogonal(whole),
        jnp.linalg.norm(a.T, 2),
    )


def singular_values_of_complex_numbers(x):
    u, s, vh = jnp.linalg.svd(tall(x), full_matrices=False)
    return s, (u * s) @ vh


def rank_deficient(x):
    a = jnp.outer(x, x[:3])
    u, s, vt = jnp.linalg.svd(a)
    product = (u[:, :3] * s) @ vt
    return s[:1], product, orthogonal(u), orthogonal(vt), jnp.linalg.matrix_rank(a)


def least_squares(x, b):
    solution, _, rank, values = jnp.linalg.lstsq(tall(x), b)
    return solution, rank, values


def pseudo_inverse(x):
    a = tall(x)
    return jnp.linalg.pinv(a), jnp.linalg.norm(a, "nuc"), jnp.linalg.cond(a)


def matrix_functions(x):
    return jsl.expm(0.3 * x), jnp.linalg.matrix_power(0.5 * x, 3)


def tridiagonal_system(x, b):
    return jax.lax.linalg.tridiagonal_solve(x[0], x[1] * 0.1 + 0.5, x[2] + 3.0, b)


def kalman_gain(x, h):
    covariance = definite(0.3 * x)
    h = jnp.eye(*h.shape, dtype=h.dtype) + 0.1 * h
    innovation = h @ covariance @ h.T + jnp.eye(2, dtype=x.dtype)
    return jsl.solve(innovation, h @ covariance, assume_a="pos").T


def log_likelihood_gradient(x, y):
    def log_likelihood(x):
        factor = jnp.linalg.cholesky(definite(x))
        z = jsl.solve_triangular(factor, y, lower=True)
        return -0.5 * z @ z - jnp.sum(jnp.log(jnp.diag(factor)))

    return jax.value_and_grad(log_likelihood)(x)


def decomposition_gradients(x):
    def energy(a):
        values, vectors = jnp.linalg.eigh(distinct(a))
        return jnp.sum(values * vectors[0] ** 2) + jnp.sum(jnp.linalg.svd(tall(a))[1])

    return jax.grad(energy)(x)


def solve_gradient(x, b):
    return jax.grad(lambda x: jnp.sum(jnp.linalg.solve(regular(x), b) ** 2))(x)


def linear_algebra_in_float64(x, b):
    return (
        jnp.linalg.solve(regular(x), b),
        jnp.linalg.cholesky(definite(x)),
        jnp.linalg.eigvalsh(distinct(x)),
        jnp.linalg.svdvals(tall(x)),
        *jnp.linalg.qr(tall(x)),
    )
