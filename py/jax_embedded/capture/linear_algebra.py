# SPDX-License-Identifier: Apache-2.0
"""Linear algebra in jax.lax, where JAX itself calls LAPACK.

Each public function takes and gives what JAX's primitive of that name does, for one matrix: float
or complex, of any shape without a dimension of 0. Small ones are unrolled, so that all indices are
constants, larger ones are loops.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

# Up to which size a loop is unrolled: more code, but each step works on what is left of the matrix.
_UNROLLED = 8
_UNROLLED_PIVOTING = 4
_UNROLLED_PAIRS = 3
_UNROLLED_REFLECTIONS = 4

# Sweeps of Jacobi's method, at most. It converges quadratically: 4 to 8 are usual.
_SWEEPS = 20


def cholesky(a: Array) -> Array:
    """The lower factor of a Hermitian matrix, of which the lower triangle is read; all nan if it is
    not positive definite.
    """
    n = a.shape[0]
    factor = jnp.zeros_like(a)
    if n <= _UNROLLED:
        for k in range(n):
            known = factor[k:, :k]
            column = a[k:, k] - jnp.sum(known * known[:1].conj(), axis=1)
            factor = factor.at[k:, k].set(column / jnp.sqrt(column[0].real).astype(a.dtype))
    else:

        def entry(i: Array, j: Array, factor: Array) -> Array:
            row, above = _row(factor, i), _row(factor, j)
            rest = _row(_row(a, i), j) - jnp.sum(row * above.conj())
            pivot = jnp.sqrt(rest.real).astype(a.dtype)
            value = jnp.where(i == j, pivot, rest / _row(above, j).real)
            return _with_row(factor, i, _with_row(row, j, value))

        def row(i: Array, factor: Array) -> Array:
            return _loop(0, i + 1, lambda j, factor: entry(i, j, factor), factor)

        factor = _loop(0, n, row, factor)
    definite = jnp.all(jnp.diagonal(factor).real > 0)
    return jnp.where(definite, factor, jnp.full_like(factor, jnp.nan))


def triangular_solve(
    a: Array,
    b: Array,
    *,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    conjugate_a: bool,
    unit_diagonal: bool,
) -> Array:
    """x of a·x = b, or of x·a = b; the other triangle of `a` is not read."""
    if conjugate_a:
        a = a.conj()
    if transpose_a == left_side:
        a, lower = a.T, not lower
    if not left_side:
        return _substitute(a, b.T, lower, unit_diagonal).T
    return _substitute(a, b, lower, unit_diagonal)


def _substitute(a: Array, b: Array, lower: bool, unit_diagonal: bool) -> Array:
    n = a.shape[0]
    x = jnp.zeros_like(b)
    if n <= _UNROLLED:
        for k in range(n) if lower else reversed(range(n)):
            known = slice(0, k) if lower else slice(k + 1, n)
            row = b[k] - jnp.sum(a[k, known, None] * x[known], axis=0)
            x = x.at[k].set(row if unit_diagonal else row / a[k, k])
        return x
    place = _places(n)

    def step(count: Array, x: Array) -> Array:
        k = count if lower else n - 1 - count
        known = place < k if lower else place > k
        factors = _row(a, k)
        row = _row(b, k) - jnp.sum(jnp.where(known, factors, 0)[:, None] * x, axis=0)
        return _with_row(x, k, row if unit_diagonal else row / _row(factors, k))

    return _loop(0, n, step, x)


def lu(a: Array) -> tuple[Array, Array, Array]:
    """L and U in one matrix, the row with which each row was exchanged, and the permutation."""
    m, n = a.shape
    size = min(m, n)
    rows, columns = _places(m), _places(n)
    pivots, permutation = jnp.zeros(size, jnp.int32), rows
    if size <= _UNROLLED_PIVOTING:
        for k in range(size):
            pivot = jnp.argmax(_magnitude(a[k:, k])).astype(jnp.int32) + k
            pivots = pivots.at[k].set(pivot)
            a, permutation = _exchange(a, k, pivot), _exchange(permutation, k, pivot)
            factors = _quotient(a[k + 1 :, k], a[k, k])
            a = a.at[k + 1 :, k].set(factors)
            a = a.at[k + 1 :, k + 1 :].add(-factors[:, None] * a[k, None, k + 1 :])
        return a, pivots, permutation

    def step(k: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        a, pivots, permutation = state
        pivot = jnp.argmax(jnp.where(rows >= k, _magnitude(a[:, k]), -1)).astype(jnp.int32)
        a, permutation = _exchange(a, k, pivot), _exchange(permutation, k, pivot)
        row = _row(a, k)
        above, divisor = jnp.where(columns > k, row, 0), _row(row, k)

        def eliminate(i: Array, a: Array) -> Array:
            row = _row(a, i)
            factor = _quotient(_row(row, k), divisor)
            return _with_row(a, i, jnp.where(columns == k, factor, row - factor * above))

        return _loop(k + 1, m, eliminate, a), _with_row(pivots, k, pivot), permutation

    return _loop(0, size, step, (a, pivots, permutation))


def geqrf(a: Array) -> tuple[Array, Array]:
    """R, below it Householder's vectors without their leading 1, and their factors."""
    size = min(a.shape)
    if size > _UNROLLED_REFLECTIONS:
        a, _, taus = _reflections(a, None)
        return a, taus
    taus = []
    for k in range(size):
        beta, tail, tau = _reflector(a[k, k], a[k + 1 :, k])
        vector = jnp.concatenate([jnp.ones(1, a.dtype), tail])
        a = a.at[k:, k + 1 :].set(_reflect(a[k:, k + 1 :], vector, tau.conj()))
        a = a.at[k, k].set(beta).at[k + 1 :, k].set(tail)
        taus.append(tau)
    return a, jnp.stack(taus)


def geqp3(a: Array, jpvt: Array, *, use_magma: bool | None) -> tuple[Array, Array, Array]:
    """The same of a[:, jpvt - 1], with the column of the largest norm next.

    jpvt: the result; as an argument JAX passes zeros: no column has to be the first.
    """
    del use_magma
    return _reflections(a, _places(a.shape[1]).astype(jpvt.dtype) + 1)


def _reflections(a: Array, order: Any) -> tuple[Array, Any, Array]:
    """order: of the columns, which follow their norms; None if they stay."""
    m, n = a.shape
    size = min(m, n)
    rows, columns = _places(m), _places(n)

    def step(k: Array, state: tuple[Array, Any, Array]) -> tuple[Array, Any, Array]:
        a, order, taus = state
        if order is not None:
            left = jnp.where(rows[:, None] >= k, a / _scale(a), 0)
            norms = jnp.where(columns >= k, jnp.sum(_square(left), axis=0), -1)
            pivot = jnp.argmax(norms).astype(jnp.int32)
            a, order = _exchange(a.T, k, pivot).T, _exchange(order, k, pivot)
        column = a[:, k]
        beta, tail, tau = _reflector(column[k], jnp.where(rows > k, column, 0))
        vector = jnp.where(rows == k, 1, tail)
        a = jnp.where(columns[None] > k, _reflect(a, vector, tau.conj()), a)
        column = jnp.where(rows < k, column, jnp.where(rows == k, beta, tail))
        return a.at[:, k].set(column), order, taus.at[k].set(tau)

    return _loop(0, size, step, (a, order, jnp.zeros(size, a.dtype)))


def _reflector(head: Array, tail: Array) -> tuple[Array, Array, Array]:
    """beta, v and tau with (1 - tau·(1, v)·(1, v)*)*·(head, tail) = (beta, 0), as LAPACK chooses
    them. What is 0 in the tail is 0 in v.
    """
    scale = _scale(jnp.concatenate([head[None], tail]))
    head, tail = head / scale, tail / scale
    square = jnp.sum(_square(tail))
    norm = jnp.sqrt(_square(head) + square)
    beta = jnp.where(head.real < 0, norm, -norm).astype(head.dtype)
    zero = (square == 0) & (head.imag == 0)
    tau = jnp.where(zero, 0, (beta - head) / jnp.where(zero, 1, beta))
    tail = jnp.where(zero, 0, tail / jnp.where(zero, 1, head - beta))
    return jnp.where(zero, head, beta) * scale, tail, tau


def householder_product(a: Array, taus: Array) -> Array:
    """The first columns of Q, as many as `a` has."""
    return ormqr(a, taus, jnp.eye(*a.shape, dtype=a.dtype), left=True, transpose=False)


def ormqr(a: Array, taus: Array, c: Array, *, left: bool, transpose: bool) -> Array:
    """Q·c or c·Q, of Q or of its adjoint."""
    if not left:
        return ormqr(a, taus, c.T.conj(), left=True, transpose=not transpose).T.conj()
    rows = _places(a.shape[0])
    size = taus.shape[0]
    if size <= _UNROLLED_REFLECTIONS:
        for k in range(size) if transpose else reversed(range(size)):
            vector = jnp.concatenate([jnp.ones(1, a.dtype), a[k + 1 :, k]])
            c = c.at[k:].set(_reflect(c[k:], vector, taus[k].conj() if transpose else taus[k]))
        return c

    def step(count: Array, c: Array) -> Array:
        k = count if transpose else size - 1 - count
        vector = jnp.where(rows > k, a[:, k], (rows == k).astype(a.dtype))
        return _reflect(c, vector, taus[k].conj() if transpose else taus[k])

    return _loop(0, size, step, c)


def _reflect(a: Array, vector: Array, tau: Array) -> Array:
    products = jnp.sum(vector[:, None].conj() * a, axis=0)
    return a - (tau * vector)[:, None] * products[None]


def eigh(
    a: Array, *, lower: bool, sort_eigenvalues: bool, subset_by_index: Any, algorithm: Any
) -> tuple[Array, Array]:
    """Eigenvectors as columns, and eigenvalues, ascending: Jacobi's method.

    The component of a vector that is largest in magnitude is positive; the first of equal ones.
    """
    del sort_eigenvalues
    n = a.shape[0]
    _whole(subset_by_index, n)
    _default(algorithm)
    # One triangle is read, and of the diagonal the real part.
    half = jnp.tril(a, -1) if lower else jnp.triu(a, 1)
    a = half + half.T.conj() + jnp.diag(jnp.diagonal(a).real).astype(a.dtype)
    diagonal = jnp.eye(n, dtype=bool)
    place = _places(n)

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        sweep, a, _ = state
        size = jnp.abs(a)
        rest = jnp.max(jnp.where(diagonal, 0, size))
        return (sweep < _SWEEPS) & (rest > _eps(a) / 16 * jnp.max(size))

    def rotate(p: Array, q: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        a, vectors = state
        first, second = _row(a, p), _row(a, q)
        x, y, cross = _row(first, p).real, _row(second, q).real, _row(first, q)
        tangent, turn = _rotation(x, y, cross)
        change = tangent * jnp.abs(cross)
        x, y = (x - change).astype(a.dtype), (y + change).astype(a.dtype)
        first, second = turn(first, second)
        first = jnp.where(place == p, x, jnp.where(place == q, 0, first))
        second = jnp.where(place == q, y, jnp.where(place == p, 0, second))
        for k, row in ((p, first), (q, second)):
            a = lax.dynamic_update_index_in_dim(_with_row(a, k, row), row.conj(), k, 1)
        return a, _turned(vectors, p, q, turn)

    def sweep(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        count, a, vectors = state
        return (count + 1, *_pairs(n, rotate, (a, vectors)))

    start = (jnp.int32(0), a, jnp.eye(n, dtype=a.dtype))
    _, found, vectors = lax.while_loop(unfinished, sweep, start)
    values = jnp.diagonal(found).real
    order = _order(values)
    finite = jnp.all(jnp.isfinite(found))
    vectors = vectors[order]
    vectors = (vectors * _phase(vectors)).T.conj()
    nan = jnp.full_like(values, jnp.nan)
    return jnp.where(finite, vectors, nan[0].astype(a.dtype)), jnp.where(finite, values[order], nan)


def svd(
    a: Array, *, full_matrices: bool, compute_uv: bool, subset_by_index: Any, algorithm: Any = None
) -> tuple[Array, ...]:
    """Singular values, descending; U; V's adjoint: one-sided Jacobi, U made orthogonal by QR.

    The component of a column of V (of U if there are fewer rows than columns) that is largest in
    magnitude is positive; the first of equal ones.
    """
    m, n = a.shape
    size = min(m, n)
    _whole(subset_by_index, size)
    _default(algorithm)
    if m < n:
        values, *vectors = svd(
            a.T.conj(),
            full_matrices=full_matrices,
            compute_uv=compute_uv,
            subset_by_index=None,
            algorithm=None,
        )
        return (values, *(x.T.conj() for x in reversed(vectors)))
    scale = _scale(a)
    enough = _eps(a) ** 2 * m

    def unfinished(state: tuple[Array, ...]) -> Array:
        count, converged, *_ = state
        return (count < _SWEEPS) & ~converged

    def rotate(p: Array, q: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        converged, columns, vectors = state
        first, second = _row(columns, p), _row(columns, q)
        x, y = jnp.sum(_square(first)), jnp.sum(_square(second))
        cross = jnp.sum(first * second.conj())
        _, turn = _rotation(x, y, cross)
        converged &= ~(_square(cross) > enough * x * y)
        return converged, _turned(columns, p, q, turn), _turned(vectors, p, q, turn)

    def sweep(state: tuple[Array, ...]) -> tuple[Array, ...]:
        count, _, *matrices = state
        return (count + 1, *_pairs(n, rotate, (jnp.bool_(True), *matrices)))

    start = (jnp.int32(0), jnp.bool_(n == 1), (a / scale).T.conj(), jnp.eye(n, dtype=a.dtype))
    _, _, columns, vectors = lax.while_loop(unfinished, sweep, start)
    values = jnp.sqrt(jnp.sum(_square(columns), axis=1)) * scale.real
    order = _order(-values)
    finite = jnp.all(jnp.isfinite(values))

    def checked(x: Array) -> Array:
        return jnp.where(finite, x, jnp.full_like(x, jnp.nan))

    values = checked(values[order])
    if not compute_uv:
        return (values,)
    columns, vectors = columns[order], vectors[order]
    phase = _phase(vectors)
    columns, vectors = columns * phase, vectors * phase
    r, taus = geqrf(columns.T.conj())
    if full_matrices and m > n:
        r = jnp.pad(r, ((0, 0), (0, m - n)))
    q = householder_product(r, taus)
    head = jnp.diagonal(r)[:n]
    unit = jnp.where(head == 0, 1, head / jnp.abs(jnp.where(head == 0, 1, head)).astype(a.dtype))
    u = q.at[:, :n].multiply(unit[None])
    return values, checked(u), checked(vectors)


def tridiagonal_solve(dl: Array, d: Array, du: Array, b: Array, *, perturb_singular: bool) -> Array:
    """x of T·x = b, by elimination with row exchanges; all nan if T is singular. dl[0] and du[-1]
    are not read.
    """
    if perturb_singular:
        raise NotImplementedError("perturb_singular is not supported")
    n = d.shape[0]
    du = du.at[n - 1].set(0)

    def eliminate(row: Any, following: Any) -> Any:
        head, next_, b = row
        below, d, du, b_below = following
        exchanged = _magnitude(below) > _magnitude(head)
        # The row that stays, (d, du, du2; b), and the one from which it is subtracted.
        kept = (head, next_, jnp.zeros_like(d), b)
        other = (below, d, du, b_below)
        up = [jnp.where(exchanged, y, x) for x, y in zip(kept, other, strict=True)]
        down = [jnp.where(exchanged, x, y) for x, y in zip(kept, other, strict=True)]
        factor = down[0] / up[0]
        rest = (down[1] - factor * up[1], down[2] - factor * up[2], down[3] - factor * up[3])
        return rest, tuple(up)

    last, rows = lax.scan(eliminate, (d[0], du[0], b[0]), (dl[1:], d[1:], du[1:], b[1:]))

    def substitute(known: Any, row: Any) -> Any:
        one, two = known
        head, next_, second, b = row
        x = (b - next_ * one - second * two) / head
        return (x, one), x

    end = last[2] / last[0]
    _, x = lax.scan(substitute, (end, jnp.zeros_like(end)), rows, reverse=True)
    regular = jnp.all(rows[0] != 0) & (last[0] != 0)
    x = jnp.concatenate([x, end[None]])
    return jnp.where(regular, x, jnp.full_like(x, jnp.nan))


def _loop(first: Any, last: Any, step: Callable[[Array, Any], Any], state: Any) -> Any:
    return lax.fori_loop(jnp.int32(first), jnp.int32(last), step, state)


def _pairs(n: int, step: Callable[[Array, Array, Any], Any], state: Any) -> Any:
    """For all p < q."""
    if n <= _UNROLLED_PAIRS:
        for p in range(n):
            for q in range(p + 1, n):
                state = step(p, q, state)
        return state

    def row(p: Array, state: Any) -> Any:
        return _loop(p + 1, n, lambda q, state: step(p, q, state), state)

    return _loop(0, n - 1, row, state)


def _rotation(x: Array, y: Array, cross: Array) -> tuple[Array, Callable]:
    """What makes [[x, cross], [conj(cross), y]] diagonal: x - t·|cross| and y + t·|cross|.

    Gives t, the tangent of the angle, which is 45° at most, and a function that turns two rows.
    Source: H. Rutishauser, The Jacobi method for real symmetric matrices, 1966.
    """
    length = jnp.abs(cross)
    none = length == 0
    length = jnp.where(none, 1, length)
    cotangent = (y - x) / (2 * length)
    root = jnp.sqrt(1 + cotangent * cotangent)
    tangent = 1 / (cotangent + jnp.where(cotangent < 0, -root, root))
    tangent = jnp.where(none, 0, tangent)
    cosine = 1 / jnp.sqrt(1 + tangent * tangent)
    sine = tangent * cosine
    half = sine / (1 + cosine)
    phase = jnp.where(none, 1, cross / length.astype(cross.dtype))
    sine, half = sine.astype(cross.dtype), half.astype(cross.dtype)

    def turn(first: Array, second: Array) -> tuple[Array, Array]:
        second = second * phase
        turned = second + sine * (first - half * second)
        return first - sine * (second + half * first), turned

    return tangent, turn


def _turned(a: Array, p: Any, q: Any, turn: Callable) -> Array:
    first, second = turn(_row(a, p), _row(a, q))
    return _with_row(_with_row(a, p, first), q, second)


def _order(values: Array) -> Array:
    """The places of the values, ascending."""
    n = values.shape[0]
    one, other = values[:, None], values[None]
    place = _places(n)
    before = (other < one) | ((other == one) & (place[None] < place[:, None]))
    rank = jnp.sum(before, axis=1, dtype=jnp.int32)
    return jnp.sum(jnp.where(rank[None] == place[:, None], place[None], 0), axis=1)


def _phase(rows: Array) -> Array:
    """What makes the largest component of each row positive."""
    largest = jnp.take_along_axis(rows, jnp.argmax(jnp.abs(rows), axis=1)[:, None], axis=1)
    if jnp.iscomplexobj(rows):
        return largest.conj() / jnp.abs(largest).astype(rows.dtype)
    return jnp.where(largest < 0, -1, 1).astype(rows.dtype)


def _exchange(a: Array, one: Any, other: Array) -> Array:
    """Two rows, or two elements of a vector."""
    first, second = _row(a, one), _row(a, other)
    return _with_row(_with_row(a, other, first), one, second)


def _row(a: Array, k: Any) -> Array:
    """Without the checks of a[k]; of a vector the element."""
    return lax.dynamic_index_in_dim(a, k, 0, keepdims=False)


def _with_row(a: Array, k: Any, row: Array) -> Array:
    return lax.dynamic_update_index_in_dim(a, row, k, 0)


def _quotient(x: Array, divisor: Array) -> Array:
    """x if the divisor is 0."""
    return x / jnp.where(divisor == 0, 1, divisor)


def _places(n: int) -> Array:
    return lax.iota(jnp.int32, n)


def _scale(a: Array) -> Array:
    """The power of two with which the largest element lies between 1 and 2; as far as its
    reciprocal is a normal number.
    """
    largest = jnp.max(jnp.maximum(jnp.abs(a.real), jnp.abs(a.imag)))
    info = jnp.finfo(largest.dtype)
    word = jnp.dtype(f"int{info.bits}")
    exponent = np.array(jnp.inf, largest.dtype).view(word)
    bits = lax.bitcast_convert_type(largest, word) & exponent
    power = lax.bitcast_convert_type(bits, largest.dtype)
    return jnp.clip(power, info.tiny, 1 / info.tiny).astype(a.dtype)


def _square(a: Array) -> Array:
    return a.real * a.real + a.imag * a.imag if jnp.iscomplexobj(a) else a * a


def _magnitude(a: Array) -> Array:
    """As LAPACK compares numbers."""
    return jnp.abs(a.real) + jnp.abs(a.imag) if jnp.iscomplexobj(a) else jnp.abs(a)


def _eps(a: Array) -> float:
    return float(jnp.finfo(a.dtype).eps)


def _whole(subset_by_index: Any, size: int) -> None:
    if subset_by_index not in (None, (0, size)):
        raise NotImplementedError("subset_by_index is not supported")


def _default(algorithm: Any) -> None:
    if algorithm is not None and algorithm.name not in ("DEFAULT", "QR", "DIVIDE_AND_CONQUER"):
        raise NotImplementedError(f"algorithm {algorithm.name} is not supported")
