# SPDX-License-Identifier: Apache-2.0
"""How each function of jax.lax is called; see operations.py."""

_NCHW = "('NCHW', 'OIHW', 'NCHW')"
_NHWC = "dimension_numbers=('NHWC', 'HWIO', 'NHWC')"
_GATHER = (
    "lax.GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,))"
)
_SCATTER = (
    "lax.ScatterDimensionNumbers(update_window_dims=(),"
    " inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,))"
)
_SCATTERED = f"i[:, None] % 8, y[:5], {_SCATTER}"
_RAGGED = (
    "lax.RaggedDotDimensionNumbers(dot_dimension_numbers=(((1,), (1,)), ((), ())),"
    " lhs_ragged_dimensions=[0], rhs_group_dimensions=[0])"
)


def _axis(call: str) -> str:
    """On the rows of a matrix, as JAX runs a collective on one device."""
    return f"jax.vmap(lambda row: {call}, axis_name='rows')"


LAX = {
    "abs": "lax.abs(x)",
    "acos": "lax.acos(unit(x))",
    "acosh": "lax.acosh(above_one(x))",
    "add": "lax.add(x, y)",
    "all_gather": _axis("lax.all_gather(row, 'rows')") + "(a)",
    "all_to_all": _axis("lax.all_to_all(row, 'rows', 0, 0)") + "(m)",
    "approx_max_k": "lax.approx_max_k(x, 3)",
    "approx_min_k": "lax.approx_min_k(x, 3)",
    "argmax": "lax.argmax(a, 1, jnp.int32)",
    "argmin": "lax.argmin(a, 1, jnp.int32)",
    "asin": "lax.asin(unit(x))",
    "asinh": "lax.asinh(x)",
    "associative_scan": "lax.associative_scan(lax.add, a, axis=1)",
    "atan": "lax.atan(x)",
    "atan2": "lax.atan2(x, y)",
    "atanh": "lax.atanh(unit(x))",
    "axis_index": _axis("row + lax.axis_index('rows').astype(row.dtype)") + "(a)",
    "axis_size": _axis("row * lax.axis_size('rows')") + "(a)",
    "batch_matmul": "lax.batch_matmul(t, jnp.swapaxes(t, 1, 2))",
    "bessel_i0e": "lax.bessel_i0e(x)",
    "bessel_i1e": "lax.bessel_i1e(x)",
    "betainc": "lax.betainc(positive(x), positive(y), probability(z))",
    "bitcast_convert_type": "lax.bitcast_convert_type(x, jnp.uint8)",
    "bitwise_and": "lax.bitwise_and(x, y)",
    "bitwise_not": "lax.bitwise_not(x)",
    "bitwise_or": "lax.bitwise_or(x, y)",
    "bitwise_xor": "lax.bitwise_xor(x, y)",
    "broadcast": "lax.broadcast(x, (3,))",
    "broadcast_in_dim": "lax.broadcast_in_dim(v, (3, 4, 2), (1,))",
    "broadcast_like": "lax.broadcast_like(v[None], a)",
    "broadcast_to_rank": "lax.broadcast_to_rank(v, 3)",
    "broadcasted_iota": "lax.broadcasted_iota(dtype, (3, 4), 1)",
    "cbrt": "lax.cbrt(x)",
    "ceil": "lax.ceil(x)",
    "clamp": "lax.clamp(jnp.zeros_like(s), x, jnp.ones_like(s))",
    "clz": "lax.clz(x)",
    "collapse": "lax.collapse(t, 1, 3)",
    "complex": "lax.complex(x, y)",
    "composite": "lax.composite(lambda u: u * u, 'own.square')(x)",
    "concatenate": "lax.concatenate([a, b], 0)",
    "cond": "lax.cond(k > 50, lambda u: u + u, lambda u: u * u, x)",
    "conj": "lax.conj(x)",
    "conv": "lax.conv(image.reshape(1, 2, 6, 6), kernel.reshape(2, 2, 3, 3), (1, 1), 'SAME')",
    "conv_general_dilated": (
        f"lax.conv_general_dilated(image, kernel, (2, 1), 'SAME', rhs_dilation=(1, 2), {_NHWC})"
    ),
    "conv_general_dilated_local": (
        "lax.conv_general_dilated_local(image.reshape(1, 2, 6, 6)[:, :, :3, :3],"
        " jnp.stack([kernel.reshape(2, 18)[:, :8]] * 4, -1).reshape(2, 8, 2, 2),"
        " (1, 1), 'VALID', (2, 2))"
    ),
    "conv_general_dilated_patches": (
        "lax.conv_general_dilated_patches(image.reshape(1, 2, 6, 6), (3, 3), (2, 2), 'VALID')"
    ),
    "conv_transpose": f"lax.conv_transpose(image, kernel, (2, 2), 'SAME', {_NHWC})",
    "conv_with_general_padding": (
        "lax.conv_with_general_padding(image.reshape(1, 2, 6, 6), kernel.reshape(2, 2, 3, 3),"
        " (1, 1), [(1, 0), (0, 1)], (1, 1), (2, 1))"
    ),
    "convert_element_type": "lax.convert_element_type(x, jnp.float32)",
    "cos": "lax.cos(x)",
    "cosh": "lax.cosh(x)",
    "cumlogsumexp": "lax.cumlogsumexp(a, axis=1)",
    "cummax": "lax.cummax(a, axis=1)",
    "cummin": "lax.cummin(a, axis=1)",
    "cumprod": "lax.cumprod(a, axis=1)",
    "cumsum": "lax.cumsum(a, axis=1)",
    "custom_linear_solve": (
        "lax.custom_linear_solve(lambda u: 4 * u + jnp.roll(u, 1), v,"
        " lambda matvec, rhs: lax.fori_loop(0, 40, lambda _, u: (rhs - jnp.roll(u, 1)) / 4, rhs))"
    ),
    "custom_root": (
        "lax.custom_root(lambda u: u * u * u + u - s, jnp.zeros_like(s),"
        " lambda f, u: lax.fori_loop(0, 12, lambda _, w: w - f(w) / (3 * w * w + 1), u),"
        " lambda g, w: w / g(jnp.ones_like(w)))"
    ),
    "digamma": "lax.digamma(above_one(x))",
    "div": "lax.div(x, positive(y))",
    "dot": "lax.dot(a, c)",
    "dot_general": "lax.dot_general(t, t, (((2,), (2,)), ((0,), (0,))))",
    "dynamic_index_in_dim": "lax.dynamic_index_in_dim(a, k, 1)",
    "dynamic_slice": "lax.dynamic_slice(a, (k % 3, k), (2, 2))",
    "dynamic_slice_in_dim": "lax.dynamic_slice_in_dim(a, k % 4, 2, 1)",
    "dynamic_update_index_in_dim": "lax.dynamic_update_index_in_dim(a, b[:, 0], k % 4, 1)",
    "dynamic_update_slice": "lax.dynamic_update_slice(a, b[:2, :2], (k % 3, k % 4))",
    "dynamic_update_slice_in_dim": "lax.dynamic_update_slice_in_dim(a, b[:, :2], k % 4, 1)",
    "eq": "lax.eq(small(x), small(y))",
    "erf": "lax.erf(x)",
    "erf_inv": "lax.erf_inv(unit(x))",
    "erfc": "lax.erfc(x)",
    "exp": "lax.exp(x)",
    "exp2": "lax.exp2(x)",
    "expand_dims": "lax.expand_dims(a, (1,))",
    "expm1": "lax.expm1(x)",
    "fft": "lax.fft(x, 'fft' if dtype.kind == 'c' else 'rfft', (8,))",
    "floor": "lax.floor(x)",
    "fori_loop": "lax.fori_loop(0, k % 8, lambda step, u: u + y * step.astype(u.dtype), x)",
    "full": "lax.full((3, 4), 1, dtype)",
    "full_like": "lax.full_like(a, 1)",
    "gather": f"lax.gather(a, i[:, None] % 3, {_GATHER}, (1, 4))",
    "ge": "lax.ge(small(x), small(y))",
    "gt": "lax.gt(small(x), small(y))",
    "igamma": "lax.igamma(positive(x), positive(y))",
    "igamma_grad_a": "lax.igamma_grad_a(positive(x), positive(y))",
    "igammac": "lax.igammac(positive(x), positive(y))",
    "imag": "lax.imag(x)",
    "index_in_dim": "lax.index_in_dim(a, 2, 1)",
    "index_take": "lax.index_take(a, (i % 3,), (0,))",
    "integer_pow": "lax.integer_pow(x, 5)",
    "iota": "lax.iota(dtype, 8)",
    "is_finite": "lax.is_finite(x)",
    "le": "lax.le(small(x), small(y))",
    "lgamma": "lax.lgamma(above_one(x) + 1)",
    "log": "lax.log(above_one(x))",
    "log1p": "lax.log1p(positive(x))",
    "log2": "lax.log2(above_one(x))",
    "logistic": "lax.logistic(x)",
    "lt": "lax.lt(small(x), small(y))",
    "map": "lax.map(lambda row: row * row, a)",
    "max": "lax.max(x, y)",
    "min": "lax.min(x, y)",
    "mul": "lax.mul(x, y)",
    "mulhi": "lax.mulhi(x, y)",
    "ne": "lax.ne(small(x), small(y))",
    "neg": "lax.neg(x)",
    "nextafter": "lax.nextafter(x, y)",
    "one_minus_square": "lax.one_minus_square(x)",
    "optimization_barrier": "lax.optimization_barrier(x) + y",
    "pad": "lax.pad(a, s, ((1, 0, 1), (-1, 2, 0)))",
    "platform_dependent": (
        "lax.platform_dependent(x, cpu=lambda u: u + u, default=lambda u: u * u)"
    ),
    "pmax": _axis("lax.pmax(row, 'rows')") + "(a)",
    "pmean": _axis("lax.pmean(row, 'rows')") + "(a)",
    "pmin": _axis("lax.pmin(row, 'rows')") + "(a)",
    "polygamma": "lax.polygamma(jnp.ones_like(x), above_one(x))",
    "polynomial": "lax.polynomial(x, [1, 2, 3])",
    "population_count": "lax.population_count(x)",
    "pow": "lax.pow(above_one(x), unit(y))",
    "ppermute": _axis("lax.ppermute(row, 'rows', [(0, 1), (1, 2), (2, 0)])") + "(a)",
    "pshuffle": _axis("lax.pshuffle(row, 'rows', [2, 0, 1])") + "(a)",
    "psum": _axis("lax.psum(row, 'rows')") + "(a)",
    "psum_scatter": _axis("lax.psum_scatter(row, 'rows')") + "(m)",
    "pswapaxes": _axis("lax.pswapaxes(row, 'rows', 0)") + "(m)",
    "ragged_dot": "lax.ragged_dot(a, jnp.stack([m, n]), jnp.array([2, 1]))",
    "ragged_dot_general": (
        f"lax.ragged_dot_general(a, jnp.stack([m, n]), jnp.array([2, 1]), {_RAGGED})"
    ),
    "random_gamma_grad": "lax.random_gamma_grad(positive(x), positive(y))",
    "real": "lax.real(x)",
    "reciprocal": "lax.reciprocal(positive(x))",
    "reduce": "lax.reduce(a, jnp.ones_like(s), lambda u, w: u * w, (1,))",
    "reduce_and": "lax.reduce_and(a, (1,))",
    "reduce_max": "lax.reduce_max(a, (1,))",
    "reduce_min": "lax.reduce_min(a, (1,))",
    "reduce_or": "lax.reduce_or(a, (1,))",
    "reduce_precision": "lax.reduce_precision(x, 5, 10)",
    "reduce_prod": "lax.reduce_prod(a, (1,))",
    "reduce_sum": "lax.reduce_sum(a, (1,))",
    "reduce_window": "lax.reduce_window(x, jnp.zeros_like(s), lax.add, (3,), (2,), 'SAME')",
    "reduce_xor": "lax.reduce_xor(a, (1,))",
    "rem": "lax.rem(x, positive(y))",
    "reshape": "lax.reshape(a, (2, 6))",
    "rev": "lax.rev(a, (0, 1))",
    "rng_bit_generator": "lax.rng_bit_generator(key4, (8,), dtype)",
    "round": "lax.round(x * 2, lax.RoundingMethod.TO_NEAREST_EVEN)",
    "rsqrt": "lax.rsqrt(positive(x))",
    "scaled_dot": "lax.scaled_dot(a, c)",
    "scan": "lax.scan(lambda total, row: (total + row, total * row), v, a)",
    "scatter": (
        f"lax.scatter(x, jnp.array([[6], [0], [3], [1], [4]]), y[:5], {_SCATTER},"
        " unique_indices=True)"
    ),
    "scatter_add": f"lax.scatter_add(x, {_SCATTERED})",
    "scatter_apply": (
        f"lax.scatter_apply(x, jnp.array([[6], [0], [3]]), lambda u: u * u, {_SCATTER},"
        " update_shape=(3,))"
    ),
    "scatter_max": f"lax.scatter_max(x, {_SCATTERED})",
    "scatter_min": f"lax.scatter_min(x, {_SCATTERED})",
    "scatter_mul": f"lax.scatter_mul(x, {_SCATTERED})",
    "scatter_sub": f"lax.scatter_sub(x, {_SCATTERED})",
    "select": "lax.select(p, x, y)",
    "select_n": "lax.select_n(p.astype(jnp.int32) + (i[0] > 50), x, y, z)",
    "shift_left": "lax.shift_left(x, y)",
    "shift_right_arithmetic": "lax.shift_right_arithmetic(x, small(y))",
    "shift_right_logical": "lax.shift_right_logical(x, small(y))",
    "sign": "lax.sign(x)",
    "sin": "lax.sin(x)",
    "sinh": "lax.sinh(x)",
    "slice": "lax.slice(a, (0, 1), (3, 4), (2, 1))",
    "slice_in_dim": "lax.slice_in_dim(a, 1, 4, 2, 1)",
    "sort": "lax.sort((a, b), dimension=1, num_keys=2)",
    "sort_key_val": "lax.sort_key_val(a, b)",
    "split": "lax.split(x, (3, 1, 4))",
    "sqrt": "lax.sqrt(positive(x))",
    "square": "lax.square(x)",
    "squeeze": "lax.squeeze(a[:, 1:2], (1,))",
    "stack": "lax.stack([a, b], 1)",
    "stage": "lax.stage(x)",
    "stop_gradient": "lax.stop_gradient(x) * y",
    "sub": "lax.sub(x, y)",
    "switch": "lax.switch(k % 3, [lax.neg, lambda u: u + u, lambda u: u * u], x)",
    "tan": "lax.tan(unit(x))",
    "tanh": "lax.tanh(x)",
    "tile": "lax.tile(a, (2, 2))",
    "top_k": "lax.top_k(a, 2)",
    "transpose": "lax.transpose(t, (2, 0, 1))",
    "unstack": "lax.unstack(a, 1)",
    "while_loop": (
        "lax.while_loop(lambda c_: c_[0] < k % 8, lambda c_: (c_[0] + 1, c_[1] + y), (0, x))"
    ),
    "zeta": "lax.zeta(above_one(x), positive(y))",
}

_NO_ARRAY = "computes shapes or dtypes in Python; its result is no array"
EXCLUDED = {
    "DotDimensionNumbers": "a type",
    "after_all": "makes a token, which orders effects; C functions have none",
    "broadcast_shapes": _NO_ARRAY,
    "conv_dimension_numbers": _NO_ARRAY,
    "conv_general_permutations": _NO_ARRAY,
    "conv_general_shape_tuple": _NO_ARRAY,
    "conv_shape_tuple": _NO_ARRAY,
    "conv_transpose_shape_tuple": _NO_ARRAY,
    "create_token": "makes a token, which orders effects; C functions have none",
    "dce_sink": "has no result",
    "dtype": _NO_ARRAY,
    "empty": "its elements are not defined, so that there is nothing to compare",
    "padtype_to_pads": _NO_ARRAY,
    "pbroadcast": "a collective between devices, for which jax.vmap's rule raises",
    "pcast": "says how an array is spread over devices; there is one core",
    "psum_scatter_start": "starts a collective between devices; there is one core",
    "ragged_all_to_all": "a collective between devices, which jax.vmap has no rule for",
    "reduce_window_shape_tuple": _NO_ARRAY,
    "rng_uniform": "draws from a hidden state of XLA's: two calls differ",
    "shape_as_value": _NO_ARRAY,
    "with_sharding_constraint": "says how an array is spread over devices; there is one core",
}

LINALG = {
    "cholesky": "lax.linalg.cholesky(definite(m))",
    "cholesky_update": "lax.linalg.cholesky_update(lax.linalg.cholesky(definite(m)).T, v)",
    "eig": "lax.linalg.eig(spread(m), compute_left_eigenvectors=False)[0]",
    "eigh": "columns_up(lax.linalg.eigh(spread(m))[0]), lax.linalg.eigh(spread(m))[1]",
    "hessenberg": "lax.linalg.hessenberg(dominant(m))",
    "householder_product": (
        "lax.linalg.householder_product(jnp.tril(unit(c), -1) + jnp.eye(4, 3, dtype=c.dtype),"
        " positive(v[:3]))"
    ),
    "lu": "lax.linalg.lu(dominant(m))",
    "lu_pivots_to_permutation": (
        "lax.linalg.lu_pivots_to_permutation(jnp.array([2, 2, 3], jnp.int32), 4)"
    ),
    "ormqr": (
        "lax.linalg.ormqr(jnp.tril(unit(m), -1) + jnp.eye(4, dtype=m.dtype), positive(v), n)"
    ),
    "qdwh": "lax.linalg.qdwh(dominant(m))[:2]",
    "qr": "lax.linalg.qr(dominant(m))",
    "schur": "lax.linalg.schur(spread(m))[0]",
    "svd": "lax.linalg.svd(spread(m), compute_uv=False)",
    "symmetric_product": "lax.linalg.symmetric_product(a, m[:3, :3] + m[:3, :3].T)",
    "triangular_solve": "lax.linalg.triangular_solve(dominant(m), c, left_side=True, lower=True)",
    "tridiagonal": "lax.linalg.tridiagonal(spread(m))[1:3]",
    "tridiagonal_solve": ("lax.linalg.tridiagonal_solve(unit(v), positive(v) + 3, unit(v), c)"),
}
