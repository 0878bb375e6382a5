"""LLVM code for loops over vectors, which numba does not write by itself.

Import this module only if numba is installed.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

VECTOR_BYTES = 64
"""Bytes of a tile's row: one register of AVX-512, two of AVX2, four of NEON."""


class Emitter:
    """Writes LLVM code about the arrays that an intrinsic gets; pointers are counted in bytes."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.builder = builder
        self.number = context.get_data_type(signature.args[0].dtype)
        self.size = signature.args[0].dtype.bitwidth // 8
        self.width = VECTOR_BYTES // self.size
        self.arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, arguments, strict=True)
            if isinstance(kind, types.Array)
        ]

    def vector(self, width: int) -> Any:
        """Return the type of a vector of so many numbers."""
        return ir.VectorType(self.number, width)

    def pointer(self, array: Any) -> Any:
        """Return the place where an array begins."""
        return self.builder.bitcast(array.data, ir.IntType(8).as_pointer())

    def stride(self, array: Any) -> Any:
        """Return the bytes from one entry of an array's first axis to the next."""
        return self.builder.extract_value(array.strides, 0)

    def length(self, array: Any, axis: int) -> Any:
        """Return the length of an axis."""
        return self.builder.extract_value(array.shape, axis)

    def after(self, pointer: Any, num_bytes: Any) -> Any:
        """Return the place so many bytes behind another."""
        if isinstance(num_bytes, int):
            num_bytes = ir.IntType(64)(num_bytes)
        return self.builder.gep(pointer, [num_bytes], source_etype=ir.IntType(8))

    def load(self, pointer: Any, kind: Any) -> Any:
        """Return the number or vector at a place."""
        place = self.builder.bitcast(pointer, kind.as_pointer())
        return self.builder.load(place, align=4, typ=kind)

    def store(self, value: Any, pointer: Any) -> None:
        """Write a number or vector to a place."""
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=4)

    def prefetch(self, pointer: Any) -> None:
        """Fetch the cache line of a place to which memory need not belong, without waiting for it."""
        builder, kind = self.builder, ir.IntType(32)
        name = "llvm.prefetch.p0i8"
        function = builder.module.globals.get(name)
        if function is None:
            signature = ir.FunctionType(ir.VoidType(), [pointer.type, kind, kind, kind])
            function = ir.Function(builder.module, signature, name)
        builder.call(function, [pointer, kind(0), kind(3), kind(1)])  # to read, data, into all caches

    def repeat(self, number: Any, width: int) -> Any:
        """Return a vector that holds `number` at every place."""
        undefined = ir.Constant(self.vector(width), ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.IntType(32)(0))
        return self.shuffle(first, undefined, [0] * width)

    def shuffle(self, one: Any, other: Any, order: list[int]) -> Any:
        """Return the numbers of two vectors at the places in `order`; the other's follow those of the one."""
        places = ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order)
        return self.builder.shuffle_vector(one, other, places)

    def alternate(self, one: Any, other: Any, size: int) -> Any:
        """Return `size` numbers of one vector, as many of the other, and so on in turn."""
        count = one.type.count
        places = [k + first for k in range(0, count, size) for first in (0, count)]
        return self.shuffle(one, other, [k + j for k in places for j in range(size)])

    def scratch(self, kind: Any) -> Any:
        """Return memory of the function for a value."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(kind)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Return a b + c of vectors, rounded once if the processor can."""
        name = f"llvm.fmuladd.v{a.type.count}f{8 * self.size}"
        fma = self.builder.module.globals.get(name)
        if fma is None:
            fma = ir.Function(self.builder.module, ir.FunctionType(a.type, [a.type] * 3), name)
        return self.builder.call(fma, [a, b, c])

    def loop(self, count: Any, start: list[Any], body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Do `body` `count` times, at least once; it turns a list of values into the next one."""
        builder, before = self.builder, self.builder.block
        begin, end = builder.append_basic_block("loop"), builder.append_basic_block("end")
        builder.branch(begin)
        builder.position_at_end(begin)
        now = [builder.phi(value.type) for value in (count, *start)]
        then = [builder.add(now[0], count.type(1)), *body(now[1:])]
        for phi, first, following in zip(now, (count.type(0), *start), then, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(following, begin)
        builder.cbranch(builder.icmp_signed("<", then[0], count), begin, end)
        builder.position_at_end(end)
        return then[1:]
