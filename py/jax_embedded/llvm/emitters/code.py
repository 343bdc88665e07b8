# SPDX-License-Identifier: Apache-2.0
"""Writes one function of static loops in LLVM IR. Indices and counters are i32."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

from llvmlite import ir

I32 = ir.IntType(32)
POINTER = ir.PointerType()

Index = ir.Value | int


class _VolatileLoad(ir.LoadInstr):
    """llvmlite's builder has no such instruction."""

    def descr(self, buf: list[str]) -> None:
        written: list[str] = []
        super().descr(written)
        buf.append("".join(written).replace("load ", "load volatile ", 1))


class Numbers(Protocol):
    """What a function is told when it is called, in place of extents and steps.

    kind: of the argument that tells: a pointer to a table, or an i32 with the numbers in its bits.
    """

    kind: ir.Type

    def of(self, code: "Code", value: int) -> Index:
        """What to write for a number; asked for each of them, in the order of the code."""
        ...


class Code:
    """A function that takes pointers and returns nothing.

    module: that it becomes a part of.
    inline: whether it is to become a part of its only caller.
    numbers: where those come from that others write in its place; as they are, by default.
    arguments: the pointers, none of which reaches memory of another.
    told: with `numbers`, one more argument, for these.
    build: llvmlite's builder, at the end of what has been written.
    begin: a builder of what a call does first.
    times: by the name of a basic block, how often a call executes it; at most, where that depends.
    depth: how many loops are around what is written next.
    """

    def __init__(
        self,
        module: ir.Module,
        name: str,
        arguments: int,
        *,
        inline: bool,
        numbers: Numbers | None = None,
    ):
        self._module = module
        self._numbers = numbers
        kinds = [POINTER] * arguments + ([numbers.kind] if numbers else [])
        self._function = ir.Function(self._module, ir.FunctionType(ir.VoidType(), kinds), name)
        self._function.linkage = "internal"
        self._function.attributes.add("nounwind")
        self._function.attributes.add("alwaysinline" if inline else "noinline")
        for argument in self._function.args:
            if argument.type == POINTER:
                argument.add_attribute("noalias")
        self.arguments = self._function.args[:arguments]
        self.told = self._function.args[-1]
        self.begin = ir.IRBuilder(self._function.append_basic_block("variables"))
        self.build = ir.IRBuilder(self._function.append_basic_block("begin"))
        self._body = self.build.block
        self._tables = 0
        self.times: dict[str, int] = {}
        self._times = 1
        self.depth = 0

    @property
    def is_general(self) -> bool:
        """Whether it has the loops and steps, too, that not all of those need whom it serves."""
        return self._numbers is not None

    def end(self) -> None:
        """Ends the function."""
        self.build.ret_void()
        self.begin.branch(self._body)

    def declare_in(self, module: ir.Module) -> None:
        """Lets the functions of another module call this one."""
        ir.Function(module, self._function.function_type, self._function.name)

    def declare(self, name: str, kind: ir.FunctionType) -> ir.Function:
        """A function that is defined elsewhere."""
        if name in self._module.globals:
            return self._module.globals[name]
        return ir.Function(self._module, kind, name)

    def table(self, values: ir.Constant) -> ir.Value:
        """The address of a constant of this function."""
        self._tables += 1
        return define_constant(self._module, values, f"{self._function.name}.{self._tables}")

    def variable(self, kind: ir.Type, align: int = 8) -> ir.Value:
        """The address of a local variable."""
        address = self.begin.alloca(kind)
        address.align = align
        address.type = POINTER
        return address

    def number_in_table(self, kind: ir.IntType, place: int) -> ir.Value:
        """What is told at the place of a table of such elements."""
        address = self.begin.gep(self.told, [I32(place)], inbounds=True, source_etype=kind)
        number = self.begin.load(address, align=kind.width // 8, typ=kind)
        number.set_metadata("invariant.load", self._module.add_metadata([]))
        return self.begin.zext(number, I32) if kind.width < I32.width else number

    def number_in_word(self, first: int, width: int) -> ir.Value:
        """What is told in so many bits, from the first one on."""
        shifted = self.begin.lshr(self.told, I32(first)) if first else self.told
        if first + width == I32.width:
            return shifted
        return self.begin.and_(shifted, I32((1 << width) - 1))

    def _block(self, name: str) -> ir.Block:
        block = self._function.append_basic_block(name)
        self.times[block.name] = self._times
        return block

    @contextmanager
    def loop(self, count: Index, first: Index = 0) -> Generator[ir.Value]:
        """Counts from `first` up to, but not including, `count`."""
        begin = self.build.block
        exit_ = self._block("exit")
        before = self._times
        if isinstance(count, int) and isinstance(first, int):
            self._times *= count - first
        head, body = self._block("loop"), self._block("body")
        self.depth += 1
        self.build.branch(head)
        self.build.position_at_end(head)
        counter = self.build.phi(I32)
        counter.add_incoming(self._index(first), begin)
        going = self.build.icmp_unsigned("<", counter, self._index(count))
        self.build.cbranch(going, body, exit_)
        self.build.position_at_end(body)
        yield counter
        counter.add_incoming(
            self.build.add(counter, I32(1), flags=("nuw", "nsw")), self.build.block
        )
        self.build.branch(head)
        self._times = before
        self.depth -= 1
        self.build.position_at_end(exit_)

    @contextmanager
    def loops(self, counts: Sequence[int]) -> Generator[list[ir.Value]]:
        """Nested loops, the first one outermost."""
        if not counts:
            yield []
            return
        with self.loop(counts[0]) as outer, self.loops(counts[1:]) as inner:
            yield [outer, *inner]

    def repeat(
        self,
        count: Index,
        state: list[ir.Value],
        body: Callable[[list[ir.Value]], list[ir.Value]],
        most: int = 1,
        *,
        in_hardware: bool = False,
    ) -> list[ir.Value]:
        """What becomes of the state when `body` makes the next one of it, `count` times.

        count: if it is not known, at least 1, and at most `most`. LLVM does not unroll the loop.
        in_hardware: the core counts, if no other loop is inside. LLVM sees to it where it can, but
        not where it finds a piece of assembly, such as `opaque` is.
        """
        times = count if isinstance(count, int) else most
        if times == 0:
            return state
        if isinstance(count, int):
            count = self.number(count)
        if count == 1:
            return body(state)

        def going(begin: ir.Block, head: ir.Block) -> ir.Value:
            at_once = in_hardware and self.build.block is head
            count_down = self._count_down_in_hardware if at_once else self._count_down
            left = count_down(I32(count) if isinstance(count, int) else count, begin, head)
            return self.build.icmp_unsigned("!=", left, I32(0))

        _, ends = self._until(times, state, body, going)
        return ends

    def walk(
        self,
        first: int,
        step: int,
        times: int,
        state: list[ir.Value],
        body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
    ) -> list[ir.Value]:
        """As `repeat`, at least once; `body` gets the number too that begins with `first` and goes
        on by `step`. It counts the iterations. What the body leaves as it is, is what it was.
        """
        following: list[ir.Value] = []

        def counted(state: list[ir.Value]) -> list[ir.Value]:
            ends = body(state[0], state[1:])
            following.append(self.build.add(state[0], I32(step)))
            return [*following, *ends]

        def going(_begin: ir.Block, _head: ir.Block) -> ir.Value:
            return self.build.icmp_unsigned("!=", following[0], I32(first + step * times))

        phis, ends = self._until(times, [I32(first), *state], counted, going)
        places = zip(state, phis[1:], ends[1:], strict=True)
        return [begin if end is phi else end for begin, phi, end in places]

    def _until(
        self,
        times: int,
        state: list[ir.Value],
        body: Callable[[list[ir.Value]], list[ir.Value]],
        going: Callable[[ir.Block, ir.Block], ir.Value],
    ) -> tuple[list[ir.Value], list[ir.Value]]:
        """A loop that LLVM does not unroll: the state at the beginning of an iteration, and at its
        end.

        times: how many iterations there are, at most.
        going: whether there is one more, of the blocks before and at the beginning of the loop.
        """
        begin = self.build.block
        exit_ = self._block("exit")
        before = self._times
        self._times *= times
        head = self._block("repeat")
        self.build.branch(head)
        self.build.position_at_end(head)
        phis = [self.build.phi(value.type) for value in state]
        for phi, value in zip(phis, state, strict=True):
            phi.add_incoming(value, begin)
        self.depth += 1
        ends = body(list(phis))
        self.depth -= 1
        for phi, value in zip(phis, ends, strict=True):
            phi.add_incoming(value, self.build.block)
        branch = self.build.cbranch(going(begin, head), head, exit_)
        branch.set_metadata("llvm.loop", self._as_it_is())
        self._times = before
        self.build.position_at_end(exit_)
        return list(phis), ends

    def _count_down(self, count: ir.Value, begin: ir.Block, head: ir.Block) -> ir.Value:
        """What is left of the count at the end of an iteration."""
        end = self.build.block
        self.build.position_at_start(head)
        counter = self.build.phi(I32)
        self.build.position_at_end(end)
        left = self.build.sub(counter, I32(1))
        counter.add_incoming(count, begin)
        counter.add_incoming(left, end)
        return left

    def _count_down_in_hardware(self, count: ir.Value, begin: ir.Block, head: ir.Block) -> ir.Value:
        """The same for a loop of one block."""
        # Of a vector LLVM does not make another counter beside this one.
        vector = ir.VectorType(I32, 1)
        none = ir.Constant(vector, ir.Undefined)
        start = self.declare("llvm.start.loop.iterations.i32", ir.FunctionType(I32, [I32]))
        decrement = self.declare("llvm.loop.decrement.reg.i32", ir.FunctionType(I32, [I32, I32]))
        with self.build.goto_block(begin):
            first = self.build.insert_element(none, self.build.call(start, [count]), I32(0))
        self.build.position_at_start(head)
        counter = self.build.phi(vector)
        self.build.position_at_end(head)
        now = self.build.extract_element(counter, I32(0))
        left = self.build.call(decrement, [now, I32(1)])
        counter.add_incoming(first, begin)
        counter.add_incoming(self.build.insert_element(none, left, I32(0)), head)
        return left

    def _as_it_is(self) -> ir.MDValue:
        """What is attached to a loop that LLVM must not unroll."""
        said = self._module.add_metadata(
            [ir.MetaDataString(self._module, "llvm.loop.unroll.disable")]
        )
        loop = self._module.add_metadata([said])
        loop.operands = (loop, said)  # LLVM takes a node for a loop's if it begins with itself
        return loop

    @contextmanager
    def while_(self, condition: Callable[[], ir.Value]) -> Generator[None]:
        head = self._function.append_basic_block("while")
        body = self._function.append_basic_block("body")
        exit_ = self._function.append_basic_block("exit")
        self.build.branch(head)
        self.build.position_at_end(head)
        self.build.cbranch(condition(), body, exit_)
        self.build.position_at_end(body)
        yield
        self.build.branch(head)
        self.build.position_at_end(exit_)

    def if_(
        self,
        condition: ir.Value,
        then: Callable[[], list[ir.Value]],
        otherwise: Sequence[ir.Value],
    ) -> list[ir.Value]:
        """What `then` makes, or the other values."""
        before = self.build.block
        with self.build.if_then(condition):
            self.usually()
            found = then()
            end = self.build.block
        self.usually()
        pairs = zip(found, otherwise, strict=True)
        return [joined(self.build, (a, end), (b, before)) for a, b in pairs]

    @contextmanager
    def if_rare(self, condition: ir.Value) -> Generator[None]:
        """What is inside is not executed by most calls."""
        with self.build.if_then(condition, likely=False), self.rarely():
            yield
        self.usually()

    @contextmanager
    def rarely(self) -> Generator[None]:
        """The same of a basic block that has just begun."""
        before, self._times = self._times, 0
        self.usually()
        yield
        self._times = before

    def usually(self) -> None:
        """A basic block has begun that each iteration of the loop executes."""
        self.times[self.build.block.name] = self._times

    @contextmanager
    def if_all(self, conditions: Sequence[ir.Value]) -> Generator[None]:
        if not conditions:
            yield
            return
        with self.build.if_then(conditions[0]), self.if_all(conditions[1:]):
            yield

    def index(self, *terms: tuple[Index, int], start: int = 0) -> ir.Value:
        """start and, for each term, the first number times the second."""
        total = self._index(start)
        for value, step in terms:
            if isinstance(value, int):
                term: ir.Value = self._index(value * step)
            else:
                term = value if step == 1 else self.build.mul(value, self._index(step))
            total = self.add(total, term)
        return total

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, ir.Constant) and one.constant == 0:
                return other
        return self.build.add(a, b)

    def address(
        self, kind: ir.Type, base: ir.Value, index: Index, *, inbounds: bool = True
    ) -> ir.Value:
        """inbounds: whether it lies inside of the array, or at its end."""
        return self.build.gep(base, [self._index(index)], inbounds=inbounds, source_etype=kind)

    def number(self, value: int) -> Index:
        """The number, or what it is told in its place."""
        return self._numbers.of(self, value) if self._numbers else value

    def _index(self, value: Index) -> ir.Value:
        found = self.number(value) if isinstance(value, int) else value
        return I32(found) if isinstance(found, int) else found

    def stretch(self) -> None:
        """Begins a new basic block."""
        block = self._function.append_basic_block("stretch")
        self.build.branch(block)
        self.build.position_at_end(block)

    def opaque(self, value: ir.Value) -> ir.Value:
        """The same address or integer, of which LLVM does not see how it was made."""
        kind = ir.FunctionType(value.type, [value.type])
        return self.build.asm(kind, "", "=r,0", [value], side_effect=False)

    def in_registers(self, values: Sequence[ir.Value], registers: Sequence[str]) -> list[ir.Value]:
        """The same values, each of which is in its register here."""
        kind = ir.LiteralStructType([value.type for value in values])
        constraints = [f"={{{register}}}" for register in registers]
        constraints += [str(i) for i in range(len(values))]
        types = ir.FunctionType(kind, [value.type for value in values])
        held = self.build.asm(types, "", ",".join(constraints), values, side_effect=False)
        return [self.build.extract_value(held, i) for i in range(len(values))]

    def load(self, kind: ir.Type, address: ir.Value, align: int) -> ir.Value:
        return self.build.load(address, align=align, typ=kind)

    def load_at_once(self, kind: ir.Type, address: ir.Value, align: int) -> ir.Value:
        """As `load`, but LLVM does not make several loads of it where the core needs but one."""
        load = _VolatileLoad(self.build.block, address, typ=kind)
        load.align = align
        self.build._insert(load)
        return load

    def store(self, value: ir.Value, address: ir.Value, align: int) -> None:
        self.build.store(value, address, align=align)


def joined(build: ir.IRBuilder, *sources: tuple[ir.Value, ir.Block]) -> ir.Value:
    """One of the values: that of the block from which this one was reached."""
    phi = build.phi(sources[0][0].type)
    for value, block in sources:
        phi.add_incoming(value, block)
    return phi


def define_constant(module: ir.Module, values: ir.Constant, name: str) -> ir.Value:
    """Its address."""
    constant = ir.GlobalVariable(module, values.type, name)
    constant.initializer = values
    constant.linkage = "internal"
    constant.global_constant = True
    constant.unnamed_addr = True
    constant.type = POINTER  # as LLVM has them; llvmlite still knows of what
    return constant


def code_of(module: ir.Module) -> str:
    """LLVM IR, without what it is for."""
    lines = str(module).splitlines()
    return "\n".join(line for line in lines if not line.startswith((";", "target ")))
