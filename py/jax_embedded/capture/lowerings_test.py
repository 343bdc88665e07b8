# SPDX-License-Identifier: Apache-2.0
import pickle
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

from jax_embedded.capture.lowerings import register_lowerings
from jax_embedded.child import run_in_child
from jax_embedded.errors import InternalError

# Of `a`, a square matrix, and `b`, with as many rows. np is jax.numpy; the others are as well
# modules of JAX.
FUNCTIONS = [
    "np.linalg.cholesky(a)",
    "np.linalg.cond(a)",
    "np.linalg.det(a)",
    "np.linalg.eigh(a)",
    "np.linalg.eigvalsh(a)",
    "np.linalg.inv(a)",
    "np.linalg.lstsq(a, b)",
    "np.linalg.matrix_norm(a, ord='nuc')",
    "np.linalg.matrix_power(a, -3)",
    "np.linalg.matrix_rank(a)",
    "np.linalg.norm(a, 2)",
    "np.linalg.pinv(a)",
    "np.linalg.qr(a)",
    "np.linalg.qr(b, mode='complete')",
    "np.linalg.qr(b, mode='raw')",
    "np.linalg.qr(b, mode='r')",
    "np.linalg.slogdet(a)",
    "np.linalg.solve(a, b)",
    "np.linalg.svd(b)",
    "np.linalg.svd(b.T, full_matrices=False)",
    "np.linalg.svdvals(b)",
    "np.linalg.tensorinv(a, ind=1)",
    "scipy.cho_solve(scipy.cho_factor(a), b)",
    "scipy.eigh(a)",
    "scipy.eigh_tridiagonal(a[0], a[1, 1:], eigvals_only=True)",
    "scipy.expm(a)",
    "scipy.expm_frechet(a, a)",
    "scipy.lu(a)",
    "scipy.lu_solve(scipy.lu_factor(a), b)",
    "scipy.polar(a)",
    "scipy.qr(b, pivoting=True)",
    "scipy.qr_multiply(b, a)",
    "scipy.solve(a, b, assume_a='pos')",
    "scipy.solve_triangular(a, b)",
    "lax.cholesky_update(a, a[0])",
    "lax.lu_pivots_to_permutation(lax.lu(a)[1], 3)",
    "lax.symmetric_product(a, a)",
    "lax.tridiagonal_solve(a[0], a[1], a[2], b)",
    "jax.numpy.linalg.solve(np.stack([a, a]), np.stack([b, b]))",
    "jax.vmap(lax.eigh)(np.stack([a, a]))",
    "jax.vmap(lax.svd)(np.stack([b, b]))",
    "jax.grad(lambda a: np.sum(np.linalg.eigh(a)[1][0] + np.linalg.svd(a)[0][0]))(a)",
    "jax.grad(lambda a: np.sum(scipy.expm(a)) + np.linalg.slogdet(a)[1])(a)",
    "jax.grad(lambda a: np.sum(np.linalg.solve(a, b)) + np.sum(np.linalg.cholesky(a)))(a)",
    "jax.jacfwd(np.linalg.qr)(a)",
]


def registered(work: Callable[[], Any]) -> Any:
    """What `work` returns in a process with the lowerings."""

    def with_lowerings() -> bytes:
        register_lowerings()
        return pickle.dumps(work())

    return pickle.loads(run_in_child("test", with_lowerings))


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_nothing_becomes_a_custom_call(dtype):
    def lowered() -> dict[str, str]:
        import jax
        import jax.scipy.linalg

        modules = {
            "jax": jax,
            "lax": jax.lax.linalg,
            "np": jax.numpy,
            "scipy": jax.scipy.linalg,
        }
        a = jax.ShapeDtypeStruct((3, 3), dtype)
        b = jax.ShapeDtypeStruct((3, 2), dtype)
        real_only = ("jax.grad", "jax.jacfwd", "cholesky_update", "symmetric", "tridiagonal(")
        return {
            text: jax.jit(eval("lambda a, b: " + text, modules)).lower(a, b).as_text()
            for text in FUNCTIONS
            if dtype == "float32" or not any(name in text for name in real_only)
        }

    found = registered(lowered)
    assert len(found) > 30
    assert [text for text, module in found.items() if "custom_call" in module] == []


def test_what_is_not_finite_ends():
    places = [(value, place) for value in (np.nan, np.inf) for place in ((1, 1), (2, 0))]

    def computed() -> list[list[np.ndarray]]:
        import jax

        decompositions = jax.jit(lambda a: (*jax.lax.linalg.eigh(a), *jax.lax.linalg.svd(a)))
        matrices = [jax.numpy.eye(3).at[place].set(value) for value, place in places]
        return [list(map(np.asarray, decompositions(a))) for a in matrices]

    found = registered(computed)
    assert len(found) == len(places)
    for place, results in zip(places, found, strict=True):
        assert all(np.isnan(x).all() for x in results), place


@pytest.mark.parametrize("n", [3, 5])
def test_large_and_small_numbers(n):
    """Whose squares are no longer float32."""

    def computed() -> list[list[np.ndarray]]:
        import jax

        def values(a, symmetric):
            return (
                jax.lax.linalg.svd(a)[1],
                jax.lax.linalg.eigh(symmetric)[1],
                jax.numpy.linalg.qr(a)[1],
            )

        values = jax.jit(values)
        return [list(map(np.asarray, values(a, a + a.T))) for a in matrices]

    normal = np.random.default_rng(n).standard_normal((n, n))
    matrices = [(normal * scale).astype(np.float32) for scale in (1e-30, 1e-15, 1e15, 1e30)]
    for a, found in zip(matrices, registered(computed), strict=True):
        expected = np.linalg.svd(a)[1], np.linalg.eigh(a + a.T)[0], np.linalg.qr(a)[1]
        for got, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(got, right, rtol=0, atol=1e-5 * np.abs(right).max())


def test_a_rule_of_the_user_s_wins():
    def lowered() -> str:
        import jax
        from jax.interpreters import mlir

        doubled = mlir.lower_fun(lambda a: 2 * a, multiple_results=False)
        mlir.register_lowering(jax.lax.linalg.cholesky_p, doubled, platform="cpu")
        return jax.jit(jax.lax.linalg.cholesky).lower(np.eye(3, dtype=np.float32)).as_text()

    assert "sqrt" not in registered(lowered)


def test_a_jax_without_a_primitive_is_a_bug():
    def work() -> None:
        import jax._src.lax.linalg

        with mock.patch.object(jax._src.lax.linalg, "geqp3_p", None):
            register_lowerings()

    with pytest.raises(InternalError, match="expected the primitive geqp3, found none"):
        run_in_child("test", work)
