# SPDX-License-Identifier: Apache-2.0
"""How functions of jax.nn, jax.random and others, and transforms, are called; see operations.py."""

_ACTIVATIONS = (
    "celu elu gelu hard_sigmoid hard_silu hard_swish hard_tanh identity leaky_relu log_sigmoid"
    " mish relu relu6 selu sigmoid silu soft_sign softplus sparse_plus sparse_sigmoid squareplus"
    " swish tanh"
)
NN = {name: f"nn.{name}(x)" for name in _ACTIVATIONS.split()} | {
    "dot_product_attention": (
        "nn.dot_product_attention(t[:, :, None], t[:, ::-1, None], 1 - t[:, :, None])"
    ),
    "glu": "nn.glu(a)",
    "log1mexp": "nn.log1mexp(positive(x))",
    "log_softmax": "nn.log_softmax(a)",
    "logmeanexp": "nn.logmeanexp(a, axis=1)",
    "logsumexp": "nn.logsumexp(a, axis=1)",
    "one_hot": "nn.one_hot(i % 4, 4, dtype=dtype)",
    "scaled_dot_general": "nn.scaled_dot_general(t, t, (((2,), (2,)), ((0,), (0,))))",
    "softmax": "nn.softmax(a)",
    "standardize": "nn.standardize(a)",
}
NN = dict(sorted(NN.items()))

INITIALIZERS = {
    "constant": "nn.initializers.constant(2)(key, (3, 4), dtype)",
    "delta_orthogonal": "nn.initializers.delta_orthogonal()(key, (3, 2, 2), dtype)",
    "glorot_normal": "nn.initializers.glorot_normal()(key, (3, 4), dtype)",
    "glorot_uniform": "nn.initializers.glorot_uniform()(key, (3, 4), dtype)",
    "he_normal": "nn.initializers.he_normal()(key, (3, 4), dtype)",
    "he_uniform": "nn.initializers.he_uniform()(key, (3, 4), dtype)",
    "lecun_normal": "nn.initializers.lecun_normal()(key, (3, 4), dtype)",
    "lecun_uniform": "nn.initializers.lecun_uniform()(key, (3, 4), dtype)",
    "normal": "nn.initializers.normal()(key, (3, 4), dtype)",
    "ones": "nn.initializers.ones(key, (3, 4), dtype)",
    "orthogonal": "nn.initializers.orthogonal()(key, (4, 4), dtype)",
    "truncated_normal": "nn.initializers.truncated_normal()(key, (3, 4), dtype)",
    "uniform": "nn.initializers.uniform()(key, (3, 4), dtype)",
    "variance_scaling": (
        "nn.initializers.variance_scaling(1.0, 'fan_in', 'normal')(key, (3, 4), dtype)"
    ),
    "zeros": "nn.initializers.zeros(key, (3, 4), dtype)",
}

RANDOM = {
    "PRNGKey": "random.PRNGKey(k)",
    "ball": "drawn(lambda: random.ball(key, 3, shape=(2,), dtype=dtype))",
    "bernoulli": "random.bernoulli(key, 0.25, (8,))",
    "beta": "random.beta(key, 2, 3, (4,), dtype)",
    "binomial": "drawn(lambda: random.binomial(key, 8, 0.25, (4,), dtype))",
    "bits": "random.bits(key, (8,), dtype)",
    "categorical": "random.categorical(key, v, shape=(6,))",
    "cauchy": "random.cauchy(key, (8,), dtype)",
    "chisquare": "random.chisquare(key, 3, (4,), dtype)",
    "choice": "drawn(lambda: random.choice(key, x, (4,)))",
    "clone": "random.key_data(random.clone(random.wrap_key_data(key)))",
    "dirichlet": "random.dirichlet(key, jnp.ones(4, dtype), (2,), dtype)",
    "double_sided_maxwell": "drawn(lambda: random.double_sided_maxwell(key, 0, 1, (8,), dtype))",
    "exponential": "random.exponential(key, (8,), dtype)",
    "f": "random.f(key, 3, 4, (4,), dtype)",
    "fold_in": "random.fold_in(key, k)",
    "gamma": "random.gamma(key, 2, (4,), dtype)",
    "generalized_normal": "drawn(lambda: random.generalized_normal(key, 2, (4,), dtype))",
    "geometric": "random.geometric(key, 0.25, (8,), dtype)",
    "gumbel": "random.gumbel(key, (8,), dtype)",
    "key": "random.key_data(random.key(k))",
    "key_data": "random.key_data(random.wrap_key_data(key))",
    "laplace": "random.laplace(key, (8,), dtype)",
    "loggamma": "random.loggamma(key, 2, (4,), dtype)",
    "logistic": "random.logistic(key, (8,), dtype)",
    "lognormal": "random.lognormal(key, 1, (8,), dtype)",
    "maxwell": "random.maxwell(key, (8,), dtype)",
    "multinomial": (
        "drawn(lambda: random.multinomial(key, 8, jnp.array([0.25, 0.25, 0.5]), dtype=dtype))"
    ),
    "multivariate_normal": (
        "random.multivariate_normal(key, jnp.zeros(3, dtype), 4 * jnp.eye(3, dtype=dtype),"
        " (2,), dtype)"
    ),
    "normal": "random.normal(key, (8,), dtype)",
    "orthogonal": "random.orthogonal(key, 3, dtype=dtype)",
    "pareto": "random.pareto(key, 2, (8,), dtype)",
    "permutation": "random.permutation(key, x)",
    "poisson": "random.poisson(key, 3, (4,), dtype)",
    "rademacher": "drawn(lambda: random.rademacher(key, (8,), dtype))",
    "randint": "random.randint(key, (8,), 0, 100, dtype)",
    "rayleigh": "random.rayleigh(key, 2, (8,), dtype)",
    "split": "random.split(key, 3)",
    "t": "random.t(key, 3, (4,), dtype)",
    "triangular": "random.triangular(key, -1, 0, 1, (8,), dtype)",
    "truncated_normal": "random.truncated_normal(key, -1, 1, (8,), dtype)",
    "uniform": "random.uniform(key, (8,), dtype)",
    "uniform (rbg)": ("random.uniform(random.wrap_key_data(key4, impl='rbg'), (8,), dtype)"),
    "normal (rbg)": "random.normal(random.wrap_key_data(key4, impl='rbg'), (8,), dtype)",
    "bits (rbg)": "random.bits(random.wrap_key_data(key4, impl='rbg'), (8,), dtype)",
    "split (rbg)": "random.key_data(random.split(random.wrap_key_data(key4, impl='rbg'), 3))",
    "wald": "random.wald(key, 2, (8,), dtype)",
    "weibull_min": "random.weibull_min(key, 1, 2, (8,), dtype)",
    "wrap_key_data": "random.key_data(random.wrap_key_data(key))",
}

_LOSS = "lambda u: jnp.sum(jnp.tanh(u) * u)"
TRANSFORMS = {
    "checkpoint": f"jax.grad(jax.checkpoint({_LOSS}))(x)",
    "closure_convert": "(lambda c_: c_[0](x, *c_[1]))(jax.closure_convert(lambda u: u * y, x))",
    "custom_gradient": (
        "jax.grad(jax.custom_gradient(lambda u: (jnp.sum(u * u), lambda g: (3 * g * u,))))(x)"
    ),
    "custom_jvp": "jax.jvp(own_jvp, (x,), (y,))",
    "custom_vjp": "jax.grad(lambda u: jnp.sum(own_vjp(u)))(x)",
    "grad": f"jax.grad({_LOSS})(x)",
    "hessian": f"jax.hessian({_LOSS})(v)",
    "jacfwd": "jax.jacfwd(lambda u: m @ jnp.tanh(u))(v)",
    "jacobian": "jax.jacobian(lambda u: m @ jnp.tanh(u))(v)",
    "jacrev": "jax.jacrev(lambda u: m @ jnp.tanh(u))(v)",
    "jit": "jax.jit(lambda u: u * u)(x)",
    "jvp": "jax.jvp(lambda u: jnp.tanh(u) * u, (x,), (y,))",
    "linear_transpose": "jax.linear_transpose(lambda u: m @ u, v)(n[0])",
    "linearize": "jax.linearize(lambda u: jnp.tanh(u) * u, x)[1](y)",
    "named_call": "jax.named_call(lambda u: u * u, name='square')(x)",
    "value_and_grad": f"jax.value_and_grad({_LOSS})(x)",
    "vjp": "jax.vjp(lambda u: jnp.tanh(u) * u, x)[1](y)",
    "vmap": "jax.vmap(lambda u, w: jnp.dot(u, w), in_axes=(0, 1))(a, c)",
    "vmap of cond": "jax.vmap(lambda u: lax.cond(u > 0, lambda w: w + w, lambda w: w * w, u))(x)",
    "vmap of while_loop": (
        "jax.vmap(lambda j, u: lax.fori_loop(0, j, lambda _, w: w + u, u))(i % 8, x[:5])"
    ),
    "grad of scan": (
        "jax.grad(lambda u: jnp.sum(lax.scan(lambda w, r: (jnp.tanh(w) * r, w), u, a)[0]))(v)"
    ),
}

IMAGE = {
    "resize": "jax.image.resize(a, (6, 8), 'linear')",
    "resize (cubic)": "jax.image.resize(a, (5, 3), 'cubic')",
    "resize (nearest)": "jax.image.resize(a, (5, 6), 'nearest')",
    "scale_and_translate": (
        "jax.image.scale_and_translate(a, (6, 6), (0, 1), jnp.array([2.0, 1.5]),"
        " jnp.array([0.25, -0.5]), 'linear')"
    ),
}

OPS = {
    "segment_max": "jax.ops.segment_max(x[:5], i % 3, 3)",
    "segment_min": "jax.ops.segment_min(x[:5], i % 3, 3)",
    "segment_prod": "jax.ops.segment_prod(x[:5], i % 3, 3)",
    "segment_sum": "jax.ops.segment_sum(x[:5], i % 3, 3)",
}
