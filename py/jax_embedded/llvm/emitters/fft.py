# SPDX-License-Identifier: Apache-2.0
"""The discrete Fourier transform of any length.

Stockham's algorithm: one loop nest for each factor of the length, 4 before 2, 3, 5 and other
primes; a pass reads one memory and writes another, in an order that needs no permutation. For real
numbers of an even number, half as many complex ones are transformed and then taken apart.
"""

import math
import struct
from dataclasses import dataclass

from llvmlite import ir

from jax_embedded.ir.thunks import FftThunk
from jax_embedded.llvm.emitters.code import I32, Code
from jax_embedded.llvm.emitters.number import Number, Value, number

_BLOCK = 8  # so many products of a long sum are summed apart, which keeps the error small


@dataclass(frozen=True)
class _Line:
    """Complex numbers at base[first + i * step]; real: real ones, where they are read."""

    base: ir.Value
    first: ir.Value
    step: int = 1
    real: bool = False


def fft(code: Code, thunk: FftThunk, *, contract: bool) -> None:
    """Arguments: source, out, and the scratch memory."""
    _Fft(code, thunk, contract).run()


class _Fft:
    def __init__(self, code: Code, thunk: FftThunk, contract: bool):
        self.code = code
        self.thunk = thunk
        shapes = (thunk.source.shape, thunk.out.shape)
        complex_ = shapes[0] if thunk.kind == "irfft" else shapes[1]
        real = {"c64": "f32", "c128": "f64"}[complex_.dtype]
        self.number: Number = number(complex_.dtype, contract=contract)
        self.real: Number = number(real, contract=contract)
        self.inverse = thunk.kind in ("ifft", "irfft")
        self.tables: dict[int, ir.Value] = {}

    def run(self) -> None:
        source, out, *scratch = self.code.arguments
        kind, lengths = self.thunk.kind, self.thunk.lengths
        rank = len(lengths)
        complex_dims = (
            self.thunk.source.shape.dims if kind == "irfft" else self.thunk.out.shape.dims
        )
        behind = [math.prod(complex_dims[len(complex_dims) - i :]) for i in range(rank)]
        others = range(1, rank)  # dimensions, counted from the last
        if kind == "irfft":
            at = source
            for i in others:
                self._along(at, scratch[-1], complex_dims, i, behind[i], scratch[:1])
                at = scratch[-1]
            self._to_real(at, out, scratch)
            return
        if kind == "rfft":
            self._from_real(source, out, scratch)
        else:
            self._along(source, out, complex_dims, 0, 1, scratch[:1])
        for i in others:
            self._along(out, out, complex_dims, i, behind[i], scratch[:1])

    def _along(
        self,
        source: ir.Value,
        out: ir.Value,
        dims: tuple[int, ...],
        dimension: int,
        step: int,
        scratch: list[ir.Value],
    ) -> None:
        """All lines along a dimension, counted from the last; in place if source is out."""
        length = dims[len(dims) - 1 - dimension]
        lines = math.prod(dims) // (length * step)
        with self.code.loops([lines, step]) as (outer, inner):
            first = self.code.index((outer, length * step), (inner, 1))
            self._line(
                length,
                _Line(source, first, step),
                _Line(out, first, step),
                _Line(scratch[0], I32(0)),
                in_place=source is out,
                scale=self._scale(length),
            )

    def _scale(self, length: int) -> float:
        return 1 / length if self.inverse else 1.0

    def _from_real(self, source: ir.Value, out: ir.Value, scratch: list[ir.Value]) -> None:
        code = self.code
        length = self.thunk.lengths[-1]
        half = length // 2
        with code.loop(self.thunk.source.shape.elements // length) as line:
            to = _Line(out, code.index((line, half + 1)))
            if length % 2 == 0:
                pairs = _Line(source, code.index((line, half)))
                temporary = _Line(scratch[0], I32(0))
                self._line(half, pairs, to, temporary, in_place=False, scale=1.0)
                self._take_apart(to, length)
            else:
                real = _Line(source, code.index((line, length)), real=True)
                lines = [_Line(place, I32(0)) for place in (*scratch, *scratch)[:2]]
                if length == 1:
                    self._copy(real, to, 1)
                else:
                    self._line(length, real, lines[0], lines[1], in_place=False, scale=1.0)
                    self._copy(lines[0], to, half + 1)

    def _to_real(self, source: ir.Value, out: ir.Value, scratch: list[ir.Value]) -> None:
        code = self.code
        length = self.thunk.lengths[-1]
        half = length // 2
        scale = self._scale(length)
        with code.loop(self.thunk.out.shape.elements // length) as line:
            spectrum = _Line(source, code.index((line, half + 1)))
            if length % 2 == 0:
                pairs = _Line(out, code.index((line, half)))
                temporary = _Line(scratch[0], I32(0))
                # The first pass must not write what it reads.
                begin = pairs if len(_factors(half)) % 2 == 0 else temporary
                self._put_together(spectrum, begin, length)
                other = temporary if begin is pairs else pairs
                self._passes(half, begin, [other, begin], scale)
                if half == 1:
                    self._copy(begin, pairs, 1, scale)
            else:
                lines = [_Line(place, I32(0)) for place in (*scratch, *scratch)[:2]]
                self._complete(spectrum, lines[0], length)
                count = self._passes(length, lines[0], [lines[1], lines[0]], scale)
                with code.loop(length) as i:
                    value = self._read(lines[count % 2], i)
                    at = code.index((line, length), (i, 1))
                    self.real.store(code, value[:1], out, at)

    def _line(
        self,
        length: int,
        source: _Line,
        to: _Line,
        temporary: _Line,
        *,
        in_place: bool,
        scale: float,
    ) -> None:
        """in_place: source and to are the same memory; otherwise they do not overlap."""
        count = len(_factors(length))
        if count == 0:
            if not in_place:
                self._copy(source, to, length)
            return
        targets = [to, temporary] if count % 2 else [temporary, to]
        if in_place and count % 2:
            self._copy(source, temporary, length)
            source = temporary
        self._passes(length, source, targets, scale)

    def _passes(self, length: int, source: _Line, targets: list[_Line], scale: float) -> int:
        """One pass for each factor, to the targets in turn. Returns how many."""
        stride = 1
        rest = length
        factors = _factors(length)
        for number_, radix in enumerate(factors):
            rest //= radix
            target = targets[number_ % 2]
            last = number_ == len(factors) - 1
            self._pass(length, radix, rest, stride, source, target, scale if last else 1.0)
            stride *= radix
            source = target
        return len(factors)

    def _pass(
        self,
        length: int,
        radix: int,
        rest: int,
        stride: int,
        source: _Line,
        to: _Line,
        scale: float,
    ) -> None:
        """For p < rest, q < stride: a transform of the elements q + stride * (p + k * rest),
        k < radix, whose k-th result is turned by p * k / (rest * radix) and becomes element
        q + stride * (radix * p + k).
        """
        code = self.code
        with code.loop(rest) as p, code.loop(stride) as q:
            origin = code.index((p, stride), (q, 1))
            target = code.index((p, stride * radix), (q, 1))
            if radix > 5:
                self._any_radix(length, radix, rest, stride, p, origin, target, source, to, scale)
            else:
                a = [
                    self._read(source, code.index((origin, 1), start=k * stride * rest))
                    for k in range(radix)
                ]
                for k, value in enumerate(self._small(radix, a)):
                    if k and rest > 1:
                        value = self._turn(value, length, code.index((p, k * stride)))
                    at = code.index((target, 1), start=k * stride)
                    self._write(to, at, self._scaled(value, scale))

    def _any_radix(
        self,
        length: int,
        radix: int,
        rest: int,
        stride: int,
        p: ir.Value,
        origin: ir.Value,
        target: ir.Value,
        source: _Line,
        to: _Line,
        scale: float,
    ) -> None:
        """As for 3 and 5: sums and differences of what lies symmetric, in loops."""
        code, number_ = self.code, self.number
        half = radix // 2
        turn, j = (code.variable(I32) for _ in range(2))
        sums = {
            name: [code.variable(number_.type) for _ in range(2)]
            for name in ("even", "even block", "odd", "odd block")
        }

        def get(name: str) -> Value:
            return [code.load(number_.type, place, 8) for place in sums[name]]

        def put(name: str, value: Value) -> None:
            for place, part in zip(sums[name], value, strict=True):
                code.store(part, place, 8)

        def read(number_of_element: ir.Value) -> Value:
            return self._read(source, code.index((origin, 1), (number_of_element, stride * rest)))

        with code.loop(half + 1) as k:
            code.store(I32(1), j, 4)
            code.store(k, turn, 4)
            put("even", read(I32(0)))
            put("odd", number_.zero())
            for count, size in _blocks(half):
                with code.loop(count):
                    put("even block", number_.zero())
                    put("odd block", number_.zero())
                    with code.loop(size):
                        at, angle = code.load(I32, j, 4), code.load(I32, turn, 4)
                        a, b = read(at), read(code.build.sub(I32(radix), at))
                        cosine, sine = self._root(length, code.index((angle, length // radix)))
                        term = number_.scale(code, number_.add(code, a, b), cosine)
                        put("even block", number_.add(code, get("even block"), term))
                        term = number_.scale(code, number_.subtract(code, a, b), sine)
                        put("odd block", number_.add(code, get("odd block"), term))
                        code.store(code.index((at, 1), start=1), j, 4)
                        sum_ = code.build.add(angle, k)
                        over = code.build.icmp_unsigned(">=", sum_, I32(radix))
                        less = code.build.sub(sum_, I32(radix))
                        code.store(code.build.select(over, less, sum_), turn, 4)
                    for name in ("even", "odd"):
                        put(name, number_.add(code, get(name), get(name + " block")))
            even, odd = get("even"), get("odd")
            turned = [code.build.fsub(number_.type(-0.0), odd[1]), odd[0]]  # the sine has the sign
            is_first = code.build.icmp_unsigned("==", k, I32(0))
            mirror = code.build.select(is_first, k, code.build.sub(I32(radix), k))
            for place, value in (
                (mirror, number_.subtract(code, even, turned)),
                (k, number_.add(code, even, turned)),
            ):
                if rest > 1:
                    angle = code.index((code.build.mul(p, place), stride))
                    value = self._turn(value, length, angle)
                at = code.index((target, 1), (place, stride))
                self._write(to, at, self._scaled(value, scale))

    def _small(self, radix: int, a: list[Value]) -> list[Value]:
        """The transform of 2, 3, 4 or 5 numbers."""
        code, number_ = self.code, self.number
        if radix == 2:
            return [number_.add(code, a[0], a[1]), number_.subtract(code, a[0], a[1])]
        if radix == 4:
            s, d = (
                [f(code, a[0], a[2]), f(code, a[1], a[3])] for f in (number_.add, number_.subtract)
            )
            side = self._quarter(d[1])
            return [
                number_.add(code, s[0], s[1]),
                number_.add(code, d[0], side),
                number_.subtract(code, s[0], s[1]),
                number_.subtract(code, d[0], side),
            ]
        half = radix // 2
        sums = [number_.add(code, a[i], a[radix - i]) for i in range(1, half + 1)]
        differences = [number_.subtract(code, a[i], a[radix - i]) for i in range(1, half + 1)]
        results: list[Value] = [a[0]] * radix
        for value in sums:
            results[0] = number_.add(code, results[0], value)
        for k in range(1, half + 1):
            even = a[0]
            odd: Value | None = None
            for i in range(half):
                cosine, sine = _root(radix, (i + 1) * k)
                real = [self.number.type(_rounded(self.number.type, cosine))]
                even = number_.add(code, even, number_.scale(code, sums[i], real[0]))
                part = number_.scale(
                    code, differences[i], self.number.type(_rounded(self.number.type, sine))
                )
                odd = part if odd is None else number_.add(code, odd, part)
            assert odd is not None
            turned = self._quarter(odd)
            results[k] = number_.add(code, even, turned)
            results[radix - k] = number_.subtract(code, even, turned)
        return results

    def _quarter(self, value: Value) -> Value:
        """value times -i, or i for the inverse."""
        zero = self.number.type(-0.0)
        if self.inverse:
            return [self.code.build.fsub(zero, value[1]), value[0]]
        return [value[1], self.code.build.fsub(zero, value[0])]

    def _turn(self, value: Value, length: int, angle: ir.Value) -> Value:
        return self.number.multiply(self.code, value, self._root(length, angle))

    def _root(self, length: int, angle: ir.Value) -> Value:
        """exp(-2 pi i angle / length), or its conjugate for the inverse."""
        lengths = [self.thunk.lengths[-1]] if self.thunk.kind in ("rfft", "irfft") else []
        whole = next((n for n in lengths if n % length == 0), length)
        if whole not in self.tables:
            sign = 1 if self.inverse else -1
            kind = self.number.type
            values = [
                _rounded(kind, part)
                for k in range(whole)
                for part in (_root(whole, k)[0], sign * _root(whole, k)[1])
            ]
            self.tables[whole] = self.code.table(
                ir.Constant(ir.ArrayType(kind, len(values)), values)
            )
        at = self.code.index((angle, whole // length))
        return self.number.load(self.code, self.tables[whole], at)

    def _take_apart(self, line: _Line, length: int) -> None:
        """Of the transform of pairs z, in place, that of the real numbers they are made of."""
        code, number_ = self.code, self.number
        half = length // 2
        first = self._read(line, I32(0))
        zero = self.real.zero()
        ends = [
            self.real.add(code, first[:1], first[1:]) + zero,
            self.real.subtract(code, first[:1], first[1:]) + zero,
        ]
        self._write(line, I32(0), ends[0])
        self._write(line, I32(half), ends[1])
        if half < 2:
            return
        one_half = self.number.type(0.5)
        with code.loop(half // 2 + 1, 1) as k:
            mirror = code.build.sub(I32(half), k)
            z, other = self._read(line, k), self._conjugate(self._read(line, mirror))
            even = number_.scale(code, number_.add(code, z, other), one_half)
            odd = number_.scale(code, self._quarter(number_.subtract(code, z, other)), one_half)
            odd = self._turn(odd, length, k)
            self._write(line, k, number_.add(code, even, odd))
            self._write(line, mirror, self._conjugate(number_.subtract(code, even, odd)))

    def _put_together(self, spectrum: _Line, to: _Line, length: int) -> None:
        """The reverse: twice the transform of the pairs."""
        code, number_ = self.code, self.number
        half = length // 2
        first, last = (self._read(spectrum, I32(k))[:1] for k in (0, half))
        begin = self.real.add(code, first, last) + self.real.subtract(code, first, last)
        self._write(to, I32(0), begin)
        with code.loop(half, 1) as k:
            mirror = code.build.sub(I32(half), k)
            x, other = (
                self._read(spectrum, k),
                self._conjugate(self._read(spectrum, mirror)),
            )
            even = number_.add(code, x, other)
            odd = self._turn(number_.subtract(code, x, other), length, k)
            self._write(to, k, number_.add(code, even, self._quarter(odd)))

    def _complete(self, spectrum: _Line, to: _Line, length: int) -> None:
        """The half that a real result's spectrum does without."""
        code = self.code
        first = self._read(spectrum, I32(0))
        self._write(to, I32(0), first[:1] + self.real.zero())
        with code.loop(length // 2 + 1, 1) as k:
            value = self._read(spectrum, k)
            self._write(to, k, value)
            self._write(to, code.build.sub(I32(length), k), self._conjugate(value))

    def _conjugate(self, value: Value) -> Value:
        return [value[0], self.code.build.fsub(self.number.type(-0.0), value[1])]

    def _scaled(self, value: Value, scale: float) -> Value:
        if scale == 1.0:
            return value
        kind = self.number.type
        return self.number.scale(self.code, value, kind(_rounded(kind, scale)))

    def _copy(self, source: _Line, to: _Line, count: int, scale: float = 1.0) -> None:
        with self.code.loop(count) as i:
            self._write(to, i, self._scaled(self._read(source, i), scale))

    def _read(self, line: _Line, index: ir.Value) -> Value:
        at = self.code.index((line.first, 1), (index, line.step))
        if line.real:
            return self.real.load(self.code, line.base, at) + self.real.zero()
        return self.number.load(self.code, line.base, at)

    def _write(self, line: _Line, index: ir.Value, value: Value) -> None:
        at = self.code.index((line.first, 1), (index, line.step))
        self.number.store(self.code, value, line.base, at)


def _factors(length: int) -> list[int]:
    factors = []
    for factor in (4, 2, 3, 5, *range(7, length + 1, 2)):
        while length % factor == 0:
            factors.append(factor)
            length //= factor
        if length == 1:
            break
    return factors


def _blocks(count: int) -> list[tuple[int, int]]:
    """Number and size of the blocks that make it up."""
    whole, rest = divmod(count, _BLOCK)
    return [(n, size) for n, size in ((whole, _BLOCK), (1, rest)) if n and size]


def _root(length: int, k: int) -> tuple[float, float]:
    """Cosine and sine of 2 pi k / length, exact where they are simple."""
    k %= length
    eighths = 8 * k // length
    quarter = (eighths + 1) // 2  # the nearest multiple of a right angle
    angle = 2 * math.pi * (4 * k - quarter * length) / (4 * length)
    cosine, sine = math.cos(angle), math.sin(angle)
    return [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)][quarter % 4]


def _rounded(kind: ir.Type, value: float) -> float:
    """A double that the type holds exactly."""
    if not isinstance(kind, ir.FloatType):
        return value
    return struct.unpack("<f", struct.pack("<f", value))[0]
