# SPDX-License-Identifier: Apache-2.0
"""How each function of jax.scipy is called; see operations.py."""

SPECIAL = {
    "bernoulli": "jsp.special.bernoulli(6).astype(dtype)",
    "bessel_jn": "jsp.special.bessel_jn(small(x), v=2, n_iter=10)",
    "beta": "jsp.special.beta(positive(x), positive(y))",
    "betainc": "jsp.special.betainc(positive(x), positive(y), probability(z))",
    "betaln": "jsp.special.betaln(positive(x), positive(y))",
    "boxcox": "jsp.special.boxcox(above_one(x), positive(y))",
    "boxcox1p": "jsp.special.boxcox1p(positive(x), positive(y))",
    "comb": "jsp.special.comb(positive(x) + 4, positive(y) / 4)",
    "dawsn": "jsp.special.dawsn(small(x))",
    "digamma": "jsp.special.digamma(above_one(x) + 1)",
    "entr": "jsp.special.entr(positive(x))",
    "erf": "jsp.special.erf(small(x))",
    "erfc": "jsp.special.erfc(small(x))",
    "erfcinv": "jsp.special.erfcinv(probability(x))",
    "erfcx": "jsp.special.erfcx(small(x))",
    "erfinv": "jsp.special.erfinv(unit(x) / 2)",
    "exp1": "jsp.special.exp1(positive(x))",
    "expi": "jsp.special.expi(positive(x))",
    "expit": "jsp.special.expit(x)",
    "expn": "jsp.special.expn(2, positive(x))",
    "factorial": "jsp.special.factorial(small(positive(x)))",
    "fresnel": "jsp.special.fresnel(small(x))",
    "gamma": "jsp.special.gamma(positive(x))",
    "gammainc": "jsp.special.gammainc(positive(x), positive(y))",
    "gammaincc": "jsp.special.gammaincc(positive(x), positive(y))",
    "gammaln": "jsp.special.gammaln(above_one(x) + 1)",
    "gammasgn": "jsp.special.gammasgn(x)",
    "hyp1f1": "jsp.special.hyp1f1(positive(x), positive(y) + 1, probability(z))",
    "hyp2f1": "jsp.special.hyp2f1(positive(x), positive(y), positive(x) + 2, probability(z) / 2)",
    "i0": "jsp.special.i0(small(x))",
    "i0e": "jsp.special.i0e(x)",
    "i1": "jsp.special.i1(small(x))",
    "i1e": "jsp.special.i1e(x)",
    "kl_div": "jsp.special.kl_div(positive(x), positive(y) + 8)",
    "log_ndtr": "jsp.special.log_ndtr(small(x))",
    "log_softmax": "jsp.special.log_softmax(a, axis=1)",
    "loggamma": "jsp.special.loggamma(above_one(x) + 1)",
    "logit": "jsp.special.logit(probability(x) / 2)",
    "logsumexp": "jsp.special.logsumexp(a, axis=1)",
    "multigammaln": "jsp.special.multigammaln(above_one(x) + 2, 2)",
    "ndtr": "jsp.special.ndtr(small(x))",
    "ndtri": "jsp.special.ndtri(probability(x))",
    "owens_t": "jsp.special.owens_t(positive(x), probability(y))",
    "poch": "jsp.special.poch(positive(x), positive(y))",
    "polygamma": "jsp.special.polygamma(1, above_one(x))",
    "rel_entr": "jsp.special.rel_entr(positive(x), positive(y) + 8)",
    "sici": "jsp.special.sici(positive(x))",
    "softmax": "jsp.special.softmax(a, axis=1)",
    "spence": "jsp.special.spence(positive(x) + 1)",
    "sph_harm_y": (
        "jsp.special.sph_harm_y(jnp.array([2, 3]), jnp.array([1, 2]), probability(x[:2]),"
        " probability(y[:2]), n_max=3)"
    ),
    "wofz": "jsp.special.wofz(positive(x))",
    "xlog1py": "jsp.special.xlog1py(x, positive(y))",
    "xlogy": "jsp.special.xlogy(x, above_one(y))",
    "zeta": "jsp.special.zeta(above_one(x) + 1, positive(y))",
}


def _methods(distribution: str, arguments: str, methods: str) -> str:
    calls = [f"jsp.stats.{distribution}.{method}({arguments})" for method in methods.split()]
    return ", ".join(calls)


_Q = "probability(x)"
STATS = {
    "bernoulli": _methods("bernoulli", "x, 0.25", "cdf pmf"),
    "beta": _methods("beta", "probability(x), positive(y), positive(z)", "cdf logpdf pdf"),
    "betabinom": _methods("betabinom", "small(positive(x)), 8, 2, 3", "logpmf pmf"),
    "binom": _methods("binom", "small(positive(x)), 8, 0.25", "logpmf pmf"),
    "cauchy": _methods("cauchy", "small(x)", "cdf logpdf pdf sf")
    + f", jsp.stats.cauchy.ppf({_Q} / 4)",
    "chi2": _methods("chi2", "positive(x), 3", "cdf logpdf pdf sf"),
    "dirichlet": "jsp.stats.dirichlet.logpdf(jnp.full_like(v, 0.25), positive(v))",
    "expon": _methods("expon", "positive(x)", "cdf logpdf pdf sf"),
    "gamma": _methods("gamma", "positive(x), 2", "cdf logpdf pdf sf"),
    "gaussian_kde": "jsp.stats.gaussian_kde(x / 8)(v / 8)",
    "gennorm": _methods("gennorm", "small(x), 1.5", "logpdf pdf"),
    "geom": _methods("geom", "positive(x), 0.25", "logpmf pmf"),
    "gumbel_l": _methods("gumbel_l", "unit(x)", "cdf logpdf pdf sf"),
    "gumbel_r": _methods("gumbel_r", "unit(x)", "cdf logpdf pdf sf"),
    "laplace": _methods("laplace", "small(x)", "cdf logpdf pdf"),
    "logistic": _methods("logistic", "small(x)", "cdf logpdf pdf sf"),
    "mode": "jsp.stats.mode(small(a), axis=1)",
    "multinomial": "jsp.stats.multinomial.logpmf(jnp.array([1, 2, 1, 0]), 4, nn.softmax(v))",
    "multivariate_normal": _methods("multivariate_normal", "v, n[0], definite(m)", "logpdf pdf"),
    "nbinom": _methods("nbinom", "small(positive(x)), 4, 0.25", "logpmf pmf"),
    "norm": _methods("norm", "small(x)", "cdf logcdf logpdf pdf sf")
    + f", jsp.stats.norm.ppf({_Q})",
    "pareto": _methods("pareto", "above_one(x), 2", "cdf logpdf pdf sf"),
    "poisson": _methods("poisson", "jnp.floor(positive(x)), 2.5", "cdf logpmf pmf"),
    "rankdata": "jsp.stats.rankdata(x)",
    "sem": "jsp.stats.sem(a, axis=1)",
    "t": _methods("t", "small(x), 3", "logpdf pdf"),
    "truncnorm": _methods("truncnorm", "unit(x), -2, 2", "cdf logpdf pdf sf"),
    "uniform": _methods("uniform", f"{_Q}, 0, 2", "cdf logpdf pdf ppf"),
    "vonmises": _methods("vonmises", "small(x), 2", "logpdf pdf"),
    "wrapcauchy": _methods("wrapcauchy", "probability(x), 0.5", "logpdf pdf"),
}

LINALG = {
    "block_diag": "jsp.linalg.block_diag(a, m)",
    "cho_factor": "jnp.triu(jsp.linalg.cho_factor(definite(m))[0])",
    "cho_solve": "jsp.linalg.cho_solve(jsp.linalg.cho_factor(definite(m)), c)",
    "cholesky": "jsp.linalg.cholesky(definite(m), lower=True)",
    "circulant": "jsp.linalg.circulant(v)",
    "companion": "jsp.linalg.companion(positive(v))",
    "convolution_matrix": "jsp.linalg.convolution_matrix(v, 3)",
    "det": "jsp.linalg.det(dominant(m))",
    "dft": "jsp.linalg.dft(4).astype(dtype)",
    "eigh": "(lambda e: (e[0], columns_up(e[1])))(jsp.linalg.eigh(spread(m)))",
    "eigh_tridiagonal": (
        "jsp.linalg.eigh_tridiagonal(unit(v) + 4 * jnp.arange(4).astype(v.dtype), unit(v[1:]),"
        " eigvals_only=True)"
    ),
    "expm": "jsp.linalg.expm(unit(m))",
    "expm_frechet": "jsp.linalg.expm_frechet(unit(m) / 4, unit(n))",
    "fiedler": "jsp.linalg.fiedler(v)",
    "fiedler_companion": "jsp.linalg.fiedler_companion(positive(v))",
    "funm": "jsp.linalg.funm(spread(m) / 16, jnp.exp, disp=False)[0]",
    "hadamard": "jsp.linalg.hadamard(4, dtype)",
    "hankel": "jsp.linalg.hankel(v, v)",
    "helmert": "jsp.linalg.helmert(4).astype(dtype)",
    "hessenberg": "jsp.linalg.hessenberg(dominant(m))",
    "hilbert": "jsp.linalg.hilbert(4).astype(dtype)",
    "inv": "jsp.linalg.inv(dominant(m))",
    "invhilbert": "jsp.linalg.invhilbert(3).astype(dtype)",
    "invpascal": "jsp.linalg.invpascal(4).astype(dtype)",
    "leslie": "jsp.linalg.leslie(v, positive(v[1:]))",
    "lu": "jsp.linalg.lu(dominant(m))",
    "lu_factor": "jsp.linalg.lu_factor(dominant(m))",
    "lu_solve": "jsp.linalg.lu_solve(jsp.linalg.lu_factor(dominant(m)), c)",
    "pascal": "jsp.linalg.pascal(4).astype(dtype)",
    "polar": "jsp.linalg.polar(dominant(m))",
    "qr": "jsp.linalg.qr(dominant(m))",
    "qr_multiply": "jsp.linalg.qr_multiply(dominant(m), n)",
    "rsf2csf": "jsp.linalg.rsf2csf(jnp.triu(spread(m)), jnp.eye(4, dtype=m.dtype))[0]",
    "schur": "abs(jnp.diag(jsp.linalg.schur(spread(m))[0]))",
    "solve": "jsp.linalg.solve(dominant(m), c)",
    "solve_sylvester": "jsp.linalg.solve_sylvester(dominant(m), dominant(n), unit(m))",
    "solve_triangular": "jsp.linalg.solve_triangular(dominant(m), c, lower=True)",
    "sqrtm": "jsp.linalg.sqrtm(definite(m))",
    "svd": "jsp.linalg.svd(spread(m), compute_uv=False)",
    "toeplitz": "jsp.linalg.toeplitz(v)",
}

SIGNAL = {
    "convolve": "jsp.signal.convolve(x, v, mode='same')",
    "convolve2d": "jsp.signal.convolve2d(a, m[:2, :2])",
    "correlate": "jsp.signal.correlate(x, v, mode='valid')",
    "correlate2d": "jsp.signal.correlate2d(a, m[:2, :2], mode='same')",
    "csd": "jsp.signal.csd(x, y, nperseg=4)[1]",
    "detrend": "jsp.signal.detrend(x)",
    "fftconvolve": "jsp.signal.fftconvolve(x, v)",
    "istft": "jsp.signal.istft(c + 1j * c[::-1], nperseg=6)[1]",
    "stft": "jsp.signal.stft(x, nperseg=4)[2]",
    "welch": "jsp.signal.welch(x, nperseg=4)[1]",
}

FFT = {
    "dct": "jsp.fft.dct(x)",
    "dctn": "jsp.fft.dctn(a)",
    "idct": "jsp.fft.idct(x)",
    "idctn": "jsp.fft.idctn(a)",
}

OTHERS = {
    "integrate.trapezoid": "jsp.integrate.trapezoid(a, axis=1)",
    "interpolate.RegularGridInterpolator": (
        "jsp.interpolate.RegularGridInterpolator((jnp.arange(3.0), jnp.arange(4.0)), a)("
        "jnp.array([[0.5, 1.25], [1.75, 2.5]]))"
    ),
    "ndimage.map_coordinates": (
        "jsp.ndimage.map_coordinates(a, [probability(y) * 2, probability(x) * 3], order=1)"
    ),
}
