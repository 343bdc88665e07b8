# SPDX-License-Identifier: Apache-2.0
"""Writes one function of static loops in LLVM IR. Indices and counters are i32."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from llvmlite import ir

I32 = ir.IntType(32)
POINTER = ir.PointerType()

Index = ir.Value | int


class Code:
    """A function that takes pointers and returns nothing.

    module: that it becomes a part of.
    inline: whether it is to become a part of its only caller.
    arguments: the pointers, none of which reaches memory of another.
    build: llvmlite's builder, at the end of what has been written.
    times: by the name of a basic block, how often a call executes it; at most, where that depends.
    """

    def __init__(self, module: ir.Module, name: str, arguments: int, *, inline: bool):
        self._module = module
        kind = ir.FunctionType(ir.VoidType(), [POINTER] * arguments)
        self._function = ir.Function(self._module, kind, name)
        self._function.linkage = "internal"
        self._function.attributes.add("nounwind")
        self._function.attributes.add("alwaysinline" if inline else "noinline")
        self.arguments = self._function.args
        for argument in self.arguments:
            argument.add_attribute("noalias")
        self._variables = ir.IRBuilder(self._function.append_basic_block("variables"))
        self.build = ir.IRBuilder(self._function.append_basic_block("begin"))
        self._body = self.build.block
        self._tables = 0
        self.times: dict[str, int] = {}
        self._times = 1

    def end(self) -> None:
        """Ends the function."""
        self.build.ret_void()
        self._variables.branch(self._body)

    def declare(self, name: str, kind: ir.FunctionType) -> ir.Function:
        """A function that is defined elsewhere."""
        if name in self._module.globals:
            return self._module.globals[name]
        return ir.Function(self._module, kind, name)

    def table(self, values: ir.Constant) -> ir.Value:
        """The address of a constant of this function."""
        self._tables += 1
        name = f"{self._function.name}.{self._tables}"
        table = ir.GlobalVariable(self._module, values.type, name)
        table.initializer = values
        table.linkage = "internal"
        table.global_constant = True
        table.unnamed_addr = True
        table.type = POINTER  # as LLVM has them; llvmlite still knows of what
        return table

    def variable(self, kind: ir.Type, align: int = 8) -> ir.Value:
        """The address of a local variable."""
        address = self._variables.alloca(kind)
        address.align = align
        address.type = POINTER
        return address

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
        self.build.branch(head)
        self.build.position_at_end(head)
        counter = self.build.phi(I32)
        counter.add_incoming(_index(first), begin)
        going = self.build.icmp_unsigned("<", counter, _index(count))
        self.build.cbranch(going, body, exit_)
        self.build.position_at_end(body)
        yield counter
        counter.add_incoming(
            self.build.add(counter, I32(1), flags=("nuw", "nsw")), self.build.block
        )
        self.build.branch(head)
        self._times = before
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
    ) -> list[ir.Value]:
        """What becomes of the state when `body` makes the next one of it, `count` times.

        count: if it is not known, at least 1, and at most `most`. LLVM does not unroll the loop.
        """
        if isinstance(count, int) and count <= 1:
            return body(state) if count else state
        begin = self.build.block
        exit_ = self._block("exit")
        before = self._times
        self._times *= count if isinstance(count, int) else most
        head = self._block("repeat")
        self.build.branch(head)
        self.build.position_at_end(head)
        counter = self.build.phi(I32)
        counter.add_incoming(_index(count), begin)
        phis = [self.build.phi(value.type) for value in state]
        for phi, value in zip(phis, state, strict=True):
            phi.add_incoming(value, begin)
        ends = body(list(phis))
        for phi, value in zip(phis, ends, strict=True):
            phi.add_incoming(value, self.build.block)
        left = self.build.sub(counter, I32(1))
        counter.add_incoming(left, self.build.block)
        going = self.build.icmp_unsigned("!=", left, I32(0))
        self.build.cbranch(going, head, exit_).set_metadata("llvm.loop", self._as_it_is())
        self._times = before
        self.build.position_at_end(exit_)
        return ends

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

    @contextmanager
    def if_all(self, conditions: Sequence[ir.Value]) -> Generator[None]:
        if not conditions:
            yield
            return
        with self.build.if_then(conditions[0]), self.if_all(conditions[1:]):
            yield

    def index(self, *terms: tuple[Index, int], start: int = 0) -> ir.Value:
        """start and, for each term, the first number times the second."""
        total: ir.Value = I32(start)
        for value, step in terms:
            if isinstance(value, int):
                term: ir.Value = I32(value * step)
            else:
                term = value if step == 1 else self.build.mul(value, I32(step))
            total = self.add(total, term)
        return total

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        for one, other in ((a, b), (b, a)):
            if isinstance(one, ir.Constant) and one.constant == 0:
                return other
        return self.build.add(a, b)

    def address(self, kind: ir.Type, base: ir.Value, index: Index) -> ir.Value:
        return self.build.gep(base, [_index(index)], inbounds=True, source_etype=kind)

    def stretch(self) -> None:
        """Begins a new basic block."""
        block = self._function.append_basic_block("stretch")
        self.build.branch(block)
        self.build.position_at_end(block)

    def load(self, kind: ir.Type, address: ir.Value, align: int) -> ir.Value:
        return self.build.load(address, align=align, typ=kind)

    def store(self, value: ir.Value, address: ir.Value, align: int) -> None:
        self.build.store(value, address, align=align)


def _index(value: Index) -> ir.Value:
    return I32(value) if isinstance(value, int) else value


def code_of(module: ir.Module) -> str:
    """LLVM IR, without what it is for."""
    lines = str(module).splitlines()
    return "\n".join(line for line in lines if not line.startswith((";", "target ")))
