# SPDX-License-Identifier: Apache-2.0
"""Dots and convolutions of every shape, with the arithmetic of every core, on this machine."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from llvmlite import ir

from jax_embedded.ir.elementwise import Operation
from jax_embedded.ir.thunks import ConvolutionThunk, DotAxis, Origin, WindowAxis
from jax_embedded.llvm.emitters import tile_sums, tiles
from jax_embedded.llvm.emitters.arithmetic import SumOptions, terms_at_once
from jax_embedded.llvm.emitters.code import Code
from jax_embedded.llvm.emitters.convolution import convolution
from jax_embedded.llvm.emitters.dot import dot
from jax_embedded.llvm.emitters.sums_testing import HOST, called, close, slice_of, thunk_of
from jax_embedded.llvm.emitters.tile_choice import Problem, Registers, Tile, _cost, _ranked, worth
from jax_embedded.llvm.emitters.unpacked import MOST_TERMS
from jax_embedded.target import TARGETS, Target

# What the code of a core computes with, but as this machine's code.
ARITHMETIC = {
    "vectors": HOST,
    "fused_vectors": replace(HOST, fused=True),
    "scalars": replace(HOST, float_lanes=1),
    "fused": replace(HOST, float_lanes=1, fused=True),
    "no_fpu": replace(HOST, float_lanes=1, float_dtypes=()),
    "pairs_of_scalars": replace(HOST, fused=True, loads_pairs=True),
    "pairs": replace(HOST, float_lanes=1, fused=True, loads_pairs=True),
    "pairs_by_iteration": replace(HOST, float_lanes=1, fused=True, loads_pairs=True),
    "pairs_by_load": replace(HOST, float_lanes=1, fused=True, loads_pairs=True),
    "no_long_products": replace(HOST, float_lanes=1, float_dtypes=(), multiplies_long=False),
    "size": replace(HOST, float_lanes=1, fused=True),
}
OPTIONS = {name: SumOptions(pairs=name.startswith("pairs")) for name in ARITHMETIC} | {
    "pairs_by_iteration": SumOptions(pairs=True, moves="by_iteration"),
    "pairs_by_load": SumOptions(pairs=True, moves="by_load"),
    "size": SumOptions(size=True),
}
UNPACKED = ["no_fpu", "no_long_products"]
CASES = 20


SUBSCRIPTS = (
    "k,k-> mk,k->m k,kn->n mk,kn->mn mk,nk->mn km,kn->mn km,nk->nm bmk,bkn->bmn mjk,jkn->mn"
    " mkj,jnk->nm b,b->b bk,bk->b m,n->mn"
).split()


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("seed", range(CASES))
def test_dots(seed, arithmetic):
    random = np.random.default_rng(seed)
    subscripts = random.choice(SUBSCRIPTS)
    extents = {name: int(random.choice([1, 2, 3, 4, 5, 7, 8, 13, 16, 33])) for name in "mnb"}
    extents |= {name: int(random.choice([1, 2, 3, 4, 15, 17, 32, 40, 67])) for name in "jk"}
    sides = subscripts.split("->")[0].split(",")
    lhs, rhs = (
        random.standard_normal([extents[n] for n in side]).astype(np.float32) for side in sides
    )
    thunk = thunk_of(subscripts, lhs, rhs)
    expected = np.einsum(subscripts, lhs.astype(np.float64), rhs.astype(np.float64))
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        lhs,
        rhs,
        thunk.out.shape.dims,
    )
    assert close(got, expected, extents["k"]), (subscripts, lhs.shape, rhs.shape)


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("seed", range(CASES))
def test_epilogues(seed, arithmetic):
    """max(sum * scale + bias, 0), the bias along some of the result's dimensions."""
    random = np.random.default_rng(seed)
    subscripts = random.choice(["mk,kn->mn", "mk,k->m", "kn,k->n", "bmk,bkn->bmn", "mk,nk->mn"])
    extents = {name: int(random.choice([1, 2, 3, 4, 5, 8, 13, 16])) for name in "mnbk"}
    sides, result = subscripts.split("->")
    lhs, rhs = (
        random.standard_normal([extents[n] for n in side]).astype(np.float32)
        for side in sides.split(",")
    )
    kept = "".join(name for name in result if random.integers(2))
    bias = random.standard_normal([extents[n] for n in kept]).astype(np.float32)
    scale = np.array([1.5], np.float32)

    def along(name: str) -> int:
        at = kept.find(name)
        return int(np.prod([extents[n] for n in kept[at + 1 :]])) if at >= 0 else 0

    thunk = thunk_of(subscripts, lhs, rhs)
    axes = zip(thunk.outer, result, strict=True)
    thunk = replace(
        thunk,
        outer=tuple(replace(axis, inputs=(along(name), 0)) for axis, name in axes),
        inputs=(slice_of(bias), slice_of(scale)),
        epilogue=(
            Operation("multiply", (0, 2)),
            Operation("add", (3, 1)),
            Operation("constant", (), 0.0),
            Operation("maximum", (4, 5)),
        ),
    )
    sums = np.einsum(subscripts, lhs.astype(np.float64), rhs.astype(np.float64))
    shape = [extents[name] if name in kept else 1 for name in result]
    expected = np.maximum(sums * 1.5 + bias.astype(np.float64).reshape(shape), 0)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        *(lhs, rhs, thunk.out.shape.dims, bias, scale),
    )
    assert close(got, expected, extents["k"] + 8), (subscripts, kept, extents)


@pytest.mark.parametrize("dtype", ["i8", "u16", "i32", "i64"])
@pytest.mark.parametrize("subscripts", ["mk,kn->mn", "k,k->", "mk,nk->nm"])
def test_dots_of_integers_wrap_around(dtype, subscripts):
    random = np.random.default_rng(1)
    kind = np.dtype({"i8": "int8", "u16": "uint16", "i32": "int32", "i64": "int64"}[dtype])
    extents = {"m": 5, "n": 9, "k": 21}
    sides = subscripts.split("->")[0].split(",")
    lhs, rhs = (
        random.integers(0, 1 << 62, [extents[n] for n in side]).astype(kind) for side in sides
    )
    thunk = thunk_of(subscripts, lhs, rhs, dtype)
    got = called(lambda code: dot(code, thunk, HOST, SumOptions()), lhs, rhs, thunk.out.shape.dims)
    with np.errstate(over="ignore"):
        assert (got == np.einsum(subscripts, lhs, rhs)).all()


def test_a_long_sum_is_exact_to_a_few_ulp():
    random = np.random.default_rng(2)
    lhs, rhs = random.standard_normal((2, 20, 3 * MOST_TERMS)).astype(np.float32)
    thunk = thunk_of("bk,bk->b", lhs, rhs)
    expected = np.einsum("bk,bk->b", lhs.astype(np.float64), rhs.astype(np.float64))
    ulp = np.spacing(np.sqrt(np.mean(expected**2)).astype(np.float32))
    for arithmetic in ARITHMETIC.values():
        got = called(lambda code, a=arithmetic: dot(code, thunk, a, SumOptions()), lhs, rhs, (20,))
        assert (abs(got - expected) <= 6 * ulp).all()


@pytest.mark.parametrize("terms", [17, 40, 64, 65])
@pytest.mark.parametrize("subscripts", ["k,kn->n", "mk,kn->mn", "km,k->m"])
def test_short_sums_are_in_jax_s_order(subscripts, terms):
    random = np.random.default_rng(terms)
    extents = {"m": 11, "n": 13, "k": terms}
    sides = subscripts.split("->")[0].split(",")
    lhs, rhs = (
        random.standard_normal([extents[n] for n in side]).astype(np.float32) for side in sides
    )
    thunk = replace(thunk_of(subscripts, lhs, rhs), sequential=True)
    expected = np.float32(0)
    for k in range(terms):
        a = np.take(lhs, [k], axis=sides[0].index("k"))
        b = np.take(rhs, [k], axis=sides[1].index("k"))
        expected = expected + np.einsum(subscripts, a, b)
    for arithmetic in ("vectors", "scalars"):
        got = called(
            lambda code, a=arithmetic: dot(code, thunk, ARITHMETIC[a], SumOptions()),
            *(lhs, rhs, thunk.out.shape.dims),
        )
        assert (got == expected).all() == (terms <= 64)


SPECIAL = [
    *([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-38, 1e-45, 2e-20, 1e20]),
    *([1 + 2**-23, 2**-126, -(2**-63), 2**63, 2**127]),
]
NORMAL = [x for x in SPECIAL if 2**-126 <= abs(x) < np.inf]


@pytest.mark.parametrize("arithmetic", UNPACKED)
@pytest.mark.parametrize("normal", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("terms", [2, 3])
def test_unpacked_sums_of_special_numbers(terms, normal, arithmetic):
    random = np.random.default_rng(terms)
    lhs, rhs = (
        random.choice(np.array(NORMAL if known else SPECIAL, np.float32), (4000, 8))
        for known in normal
    )
    (rhs if normal[0] else lhs)[:, terms:] = 0
    unpacked_sums_are_exact(lhs, rhs, normal, arithmetic, terms)


@pytest.mark.parametrize("arithmetic", UNPACKED)
def test_unpacked_sums_of_normal_numbers(arithmetic):
    random = np.random.default_rng(0)
    lhs, rhs = random.choice(np.array(NORMAL, np.float32), (2, 4000, 8))
    unpacked_sums_are_exact(lhs, rhs, (True, True), arithmetic, 8)


@pytest.mark.parametrize("arithmetic", UNPACKED)
@pytest.mark.parametrize("normal", [(False, True), (True, False)])
def test_sides_that_change_places_stay_as_normal_as_they_are(normal, arithmetic):
    """The first one has columns that lie side by side, and becomes the second one."""
    ones, special = np.ones((4, 5), np.float32), np.array([1, 2, np.nan, 4], np.float32)
    lhs, rhs = ones, special
    if normal[1]:
        lhs, rhs = np.tile(special, (5, 1)).T.copy(), np.ones(4, np.float32)
    thunk = replace(thunk_of("ki,k->i", lhs, rhs), normal=normal)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]), lhs, rhs, (5,)
    )
    assert np.isnan(got).all()


def unpacked_sums_are_exact(
    lhs: np.ndarray, rhs: np.ndarray, normal: tuple[bool, bool], arithmetic: str, terms: int
) -> None:
    thunk = replace(thunk_of("bk,bk->b", lhs, rhs), normal=normal)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        lhs,
        rhs,
        (4000,),
    )
    flushed = [np.where(abs(side) < 2**-126, 0, side).astype(np.longdouble) for side in (lhs, rhs)]
    with np.errstate(all="ignore"):
        products = flushed[0] * flushed[1]
        exact = np.sum(products, axis=1)
        expected = exact.astype(np.float32)
    # Exact to 2^-30 of the largest product, and then to half an ulp.
    largest = np.max(abs(products), axis=1)
    with np.errstate(all="ignore"):
        error = np.fmax(np.spacing(abs(expected)), terms * largest * 2.0**-30)
        near = abs(got.astype(np.longdouble) - exact) <= np.maximum(error, 2.0**-126)
    overflows = abs(exact) > 3.4028234e38
    overflows &= (abs(got) >= 3.4028234e38) & (np.signbit(got) == np.signbit(exact))
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    cancelled = near & np.isfinite(got)  # of products that are no floats
    wrong = ~(
        same | np.where(np.isfinite(expected), near, (overflows | cancelled) & np.isinf(expected))
    )
    assert not wrong.any(), (lhs[wrong][0], rhs[wrong][0], got[wrong][0], expected[wrong][0])


@pytest.mark.parametrize("arithmetic", UNPACKED)
@pytest.mark.parametrize("terms", [8, 40])
def test_unpacked_sums_are_rounded_to_the_nearest(terms, arithmetic):
    """Integers that need some bits more than a float has, so that many lie between two floats."""
    random = np.random.default_rng(terms)
    lhs = random.integers(-2000, 2000, (3000, terms)).astype(np.float32)
    rhs = random.integers(-2000, 2000, (3000, terms)).astype(np.float32)
    lhs[:, 0], rhs[:, 0] = 2.0**13, 2.0**13  # the sum is about 2^26
    thunk = thunk_of("bk,bk->b", lhs, rhs)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        lhs,
        rhs,
        (3000,),
    )
    exact = np.sum(lhs.astype(np.int64) * rhs.astype(np.int64), axis=1)
    assert (got == exact.astype(np.float32)).all()
    between = np.where(exact < 1 << 26, exact % 4 == 2, exact % 8 == 4)
    assert between[(exact >= 1 << 25) & (exact < 1 << 27)].sum() > 100


@pytest.mark.parametrize("arithmetic", UNPACKED)
@pytest.mark.parametrize("first", [2.0**-60, 1.0, 2.0**90])
def test_unpacked_sums_keep_what_is_left_of_large_products(first, arithmetic):
    """Whatever comes first: exact to 2^-45 of the largest, of which less than two may be lost."""
    exponents, signs = np.arange(-70, 1), np.array([1.0, -1.0])
    small = (first * 3 * signs[:, None] * 2.0**exponents).ravel()
    orders = [(1, -1, 0), (0, 1, -1), (1, 0, -1), (1, -1, 1, -1, 0)]
    for order in orders:
        lhs = np.zeros((small.size, 8), np.float32)
        for place, sign in enumerate(order):
            lhs[:, place] = sign * first * 4 if sign else small
        rhs = np.ones_like(lhs)
        thunk = thunk_of("bk,bk->b", lhs, rhs)
        got = called(
            lambda code, thunk=thunk: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
            *(lhs, rhs, (small.size,)),
        )
        is_exact = np.tile(exponents >= -43, 2)
        assert (got == small)[is_exact].all()
        assert (abs(got - small) < first * 4 * 2.0**-44).all()


@pytest.mark.parametrize("arithmetic", UNPACKED)
def test_unpacked_sums_have_room_for_the_largest_products(arithmetic):
    """16 times the first one, of which the sum's exponent is."""
    lhs = np.full((2, MOST_TERMS), 2 - 2.0**-23, np.float32)
    rhs = (16 * lhs * [[1], [-1]]).astype(np.float32)
    lhs[:, 0], rhs[:, 0] = 1, 1
    thunk = thunk_of("bk,bk->b", lhs, rhs)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]), lhs, rhs, (2,)
    )
    exact = np.sum(lhs.astype(np.float64) * rhs, axis=1)
    assert (abs(got - exact) < np.spacing(abs(got))).all()


@pytest.mark.parametrize("arithmetic", UNPACKED)
def test_unpacked_sums_between_two_floats(arithmetic):
    """A little more than the middle is nearer to the upper one."""
    terms = [[2**24, 1, small, 0, 0, 0, 0, 0] for small in (2.0**-20, 0, -(2.0**-20))]
    lhs = np.array(terms, np.float32)
    rhs = np.ones_like(lhs)
    thunk = thunk_of("bk,bk->b", lhs, rhs)
    got = called(
        lambda code: dot(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]), lhs, rhs, (3,)
    )
    assert got.tolist() == [2**24 + 2, 2**24, 2**24]


def convolved(
    lhs: np.ndarray, rhs: np.ndarray, window: tuple[WindowAxis, ...], groups: int
) -> np.ndarray:
    """lhs: [batch, places..., features]. rhs: [taps..., features of a group, output features]."""
    features, outputs = rhs.shape[-2:]
    out = np.zeros((lhs.shape[0], *(axis.extent for axis in window), outputs))
    for o in np.ndindex(*out.shape[1:-1]):
        for k in np.ndindex(*rhs.shape[:-2]):
            place = [
                p * axis.stride + t * axis.dilation - axis.padding
                for p, t, axis in zip(o, k, window, strict=True)
            ]
            if not all(0 <= p < axis.input for p, axis in zip(place, window, strict=True)):
                continue
            tap = tuple(
                axis.size - 1 - t if axis.reversed else t for t, axis in zip(k, window, strict=True)
            )
            of_groups = out.reshape(*out.shape[:-1], groups, outputs // groups)
            for group in range(groups):
                x = lhs[(slice(None), *place)][:, group * features : (group + 1) * features]
                part = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
                of_groups[(slice(None), *o, group)] += x @ rhs[tap][:, part]
    return out


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("taps", [4, 8, 12, 13, 32, 40])
@pytest.mark.parametrize("places", [3, 4, 21, 64])
def test_filters(places, taps, arithmetic):
    """Each place reads one element further on than its neighbour, and so does each tap."""
    x, h = (
        np.random.default_rng(taps).standard_normal(n).astype(np.float32)
        for n in (places + taps - 1, taps)
    )
    window = (WindowAxis(places, taps, x.size, 1, 1, 1),)
    slices = slice_of(x), slice_of(h), slice_of((places,))
    thunk = ConvolutionThunk(Origin("i", "op"), *slices, (), (), window)
    got = called(
        lambda code: convolution(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        x,
        h,
        (places,),
    )
    expected = np.correlate(x.astype(np.float64), h.astype(np.float64))
    assert close(got, expected, taps)


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("seed", range(CASES))
def test_convolutions(seed, arithmetic):
    random = np.random.default_rng(seed)
    rank = int(random.choice([1, 2, 2]))
    groups = int(random.choice([1, 1, 1, 2, 3]))
    batch, features = int(random.integers(1, 3)), int(random.choice([1, 2, 3, 8]))
    outputs = groups * int(random.choice([1, 2, 4, 5, 8]))
    window = []
    for _ in range(rank):
        size = int(random.choice([1, 2, 3, 3, 4]))
        stride, dilation = int(random.choice([1, 1, 2, 3])), int(random.choice([1, 2, 3]))
        length, padding = int(random.integers(7, 14)), int(random.choice([0, 1, 2, 3]))
        behind = int(random.choice([0, 1, 2, 3]))
        extent = (length + padding + behind - (size - 1) * dilation - 1) // stride + 1
        window.append((size, stride, dilation, length, padding, extent, bool(random.integers(2))))
    if any(extent < 1 for *_, extent, _ in window):
        return
    lhs = random.standard_normal((batch, *(w[3] for w in window), groups * features))
    rhs = random.standard_normal((*(w[0] for w in window), features, outputs))
    lhs, rhs = lhs.astype(np.float32), rhs.astype(np.float32)
    dims = (batch, *(w[5] for w in window), outputs)
    steps = [np.array(a.strides) // 4 for a in (lhs, rhs, np.zeros(dims, np.float32))]
    axes = tuple(
        WindowAxis(
            extent=extent,
            size=size,
            input=length,
            lhs=int(steps[0][1 + d]),
            rhs=int(steps[1][d]),
            out=int(steps[2][1 + d]),
            stride=stride,
            dilation=dilation,
            padding=padding,
            reversed=turned,
        )
        for d, (size, stride, dilation, length, padding, extent, turned) in enumerate(window)
    )
    outer = (
        DotAxis(batch, int(steps[0][0]), 0, int(steps[2][0])),
        DotAxis(groups, features, outputs // groups, outputs // groups),
        DotAxis(outputs // groups, 0, 1, 1),
    )
    thunk = ConvolutionThunk(
        Origin("i", "op"),
        slice_of(lhs),
        slice_of(rhs),
        slice_of(dims),
        outer,
        (DotAxis(features, 1, outputs, 0),),
        axes,
    )
    got = called(
        lambda code: convolution(code, thunk, ARITHMETIC[arithmetic], OPTIONS[arithmetic]),
        lhs,
        rhs,
        dims,
    )
    expected = convolved(lhs.astype(np.float64), rhs.astype(np.float64), axes, groups)
    assert close(got, expected, 25 * features), thunk


@pytest.mark.parametrize("taps", [(3, 3, 8), (3, 3, 32), (9, 9, 1), (17, 17, 1), (25, 25, 3)])
def test_short_convolutions_are_as_exact_as_others(taps):
    """Taps that are skipped or not make parts, along whichever axis is the right one."""
    height, width, features = taps
    places = 60
    random = np.random.default_rng(features)
    length = places + width - 2
    lhs = random.standard_normal((height, length, features)).astype(np.float32)
    rhs = random.standard_normal(taps).astype(np.float32)
    window = (
        WindowAxis(3, height, height, length * features, width * features, places, padding=1),
        WindowAxis(places, width, length, features, features, 1, padding=1),
    )
    dims = (3, places)
    slices = slice_of(lhs), slice_of(rhs), slice_of(dims)
    contracting = (DotAxis(features, 1, 1, 0),)
    thunk = ConvolutionThunk(Origin("i", "op"), *slices, (), contracting, window)
    target = replace(HOST, float_lanes=1, fused=True)
    exact = convolved(lhs[None].astype(np.float64), rhs[..., None].astype(np.float64), window, 1)[0]
    unit = np.spacing(np.float32(np.sqrt(np.mean(exact**2))))
    errors = []
    for size in (False, True):
        options = SumOptions(size=size)
        got = called(lambda code: convolution(code, thunk, target, options), lhs, rhs, dims)  # noqa: B023
        errors.append(np.sqrt(np.mean(((got - exact[..., 0]) / unit) ** 2)))
    assert errors[1] <= 1.03 * errors[0], errors


@pytest.mark.parametrize("terms", [17, 18, 24, 31, 32])
@pytest.mark.parametrize(
    "tile",
    [
        Tile(2, 3, 4, chains=4, part=16),
        Tile(2, 3, 4, chains=4, part=16, first_apart=True),
        Tile(2, 3, 8, peeled=True, part=16, first_apart=True),
        Tile(2, 3, 16, part=16, first_apart=True),
        Tile(2, 4, 16, along="columns", part=16, first_apart=True),
    ],
)
def test_sums_in_two_parts(monkeypatch, tile, terms):
    """The second one of them may have fewer terms than an iteration, or than chains."""
    monkeypatch.setattr(tile_sums, "choose", lambda *_, **__: tile)
    lhs, rhs = (
        np.random.default_rng(terms).standard_normal(dims).astype(np.float32)
        for dims in ((5, terms), (terms, 8))
    )
    thunk = thunk_of("mk,kn->mn", lhs, rhs)
    got = called(lambda code: dot(code, thunk, HOST, SumOptions()), lhs, rhs, (5, 8))
    assert close(got, lhs.astype(np.float64) @ rhs.astype(np.float64), terms)


def has_loops(
    subscripts: str, lhs: np.ndarray, rhs: np.ndarray, target: Target, size: bool
) -> bool:
    module = ir.Module()
    code = Code(module, "f", 3, inline=False)
    dot(code, thunk_of(subscripts, lhs, rhs), target, SumOptions(size=size))
    code.end()
    return " phi " in str(module)


@pytest.mark.parametrize(
    "tile",
    [Tile(2, 3, 4, part=16), Tile(2, 4, 4, along="columns", part=16), Tile(1, 1, 4, part=16)],
)
def test_tiles_without_loops_over_them(monkeypatch, tile):
    """The last ones may be smaller, or begin earlier."""
    tile = replace(tile, peeled=True, written_out=True)
    monkeypatch.setattr(tile_sums, "choose", lambda *_, **__: tile)
    lhs, rhs = (
        np.random.default_rng(1).standard_normal(dims).astype(np.float32)
        for dims in ((5, 4), (4, 7))
    )
    assert not has_loops("mk,kn->mn", lhs, rhs, HOST, size=False)
    thunk = thunk_of("mk,kn->mn", lhs, rhs)
    got = called(lambda code: dot(code, thunk, HOST, SumOptions()), lhs, rhs, (5, 7))
    assert close(got, lhs.astype(np.float64) @ rhs.astype(np.float64), 4)


@pytest.mark.parametrize("subscripts", ["mk,kn->mn", "mk,nk->mn", "mk,k->m"])
@pytest.mark.parametrize("target", ["cortex-m4f", "cortex-m7", "cortex-m55"])
def test_small_dots_have_no_loops(target, subscripts):
    """Whatever else is done with their elements may then be done in registers."""
    lhs, rhs = np.ones((4, 4)), np.ones((4, 4) if "n" in subscripts else 4)
    assert not has_loops(subscripts, lhs, rhs, TARGETS[target], size=False)
    assert has_loops(subscripts, lhs, rhs, TARGETS[target], size=True)
    large, other = np.ones((24, 24)), np.ones((24, 24) if "n" in subscripts else 24)
    assert has_loops(subscripts, large, other, TARGETS[target], size=False)


def test_short_code_goes_on_where_a_row_of_results_ends(monkeypatch):
    def addresses() -> int:
        module = ir.Module()
        code = Code(module, "f", 3, inline=False)
        thunk = thunk_of("mk,kn->mn", np.ones((5, 4)), np.ones((4, 7)))
        dot(code, thunk, TARGETS["cortex-m4f"], SumOptions(size=True))
        code.end()
        return str(module).count("getelementptr")

    found = addresses()
    monkeypatch.setattr(tiles._Sums, "_row_ends_at", lambda *_: False)
    assert found < addresses()


def test_no_vector_is_loaded_twice_where_all_stay():
    """Of few terms that are vectors."""
    registers = Registers(8, 6, 16, 4, tiles_written_out=16)
    tiles = {
        rows: Tile(rows, 1, 1, along="terms", peeled=True, part=16, written_out=True)
        for rows in (1, 2)
    }
    few, many = (
        [
            _cost(Problem(4, columns, 4, ("terms",)), registers, tile, 4)[0]
            for tile in tiles.values()
        ]
        for columns in (4, 12)
    )
    assert few[0] == few[1]
    assert many[0] > many[1]


@pytest.mark.parametrize("unroll", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("taps", [16, 32])
def test_sums_along_two_axes(monkeypatch, taps, unroll):
    """Terms that read the same vectors follow each other; an iteration may have all of a part."""
    tile = Tile(1, 8, unroll, along="columns", part=16, first_apart=taps > 16)
    monkeypatch.setattr(tile_sums, "choose", lambda *_, **__: tile)
    x, h = (
        np.random.default_rng(taps).standard_normal(n).astype(np.float32) for n in (23 + taps, taps)
    )
    slices = slice_of(x), slice_of(h), slice_of((24,))
    window = (WindowAxis(24, taps, x.size, 1, 1, 1),)
    thunk = ConvolutionThunk(Origin("i", "op"), *slices, (), (), window)
    got = called(lambda code: convolution(code, thunk, HOST, SumOptions()), x, h, (24,))
    assert close(got, np.correlate(x.astype(np.float64), h.astype(np.float64)), taps)


@pytest.mark.parametrize("terms", [1, 64, 256, 640, 784, 1000, 4096, 100_000])
def test_parts_make_about_as_many_as_they_have_terms(terms):
    """The error of a part and of their sum is near the least of all powers of two from 16 on."""
    least = min(part + terms / part for part in (2**k for k in range(4, 20)))
    part = terms_at_once(terms)
    assert part + terms / part <= 1.1 * least


def test_of_tiles_that_are_about_as_good_the_shortest_comes_first():
    problem, registers = Problem(1, 32, 64), Registers(values=8, sums=4, terms=64)
    costs = [_cost(problem, registers, tile, 1) for tile in _ranked(problem, registers)]
    fewest = min(instructions for instructions, _ in costs)
    good = [code for instructions, code in costs if instructions <= fewest * 1.02]
    assert costs[0][1] == min(good) < max(good)


@pytest.mark.parametrize("weight", [0.1, 1.0, inf])
def test_the_tile_that_is_worth_most_comes_first_if_code_weighs_more(weight):
    problem = Problem(1, 32, 64)
    registers = Registers(values=8, sums=4, terms=64, code_weight=weight)
    costs = [_cost(problem, registers, tile, 1) for tile in _ranked(problem, registers)]
    assert worth(*costs[0], weight) == min(worth(*cost, weight) for cost in costs)
