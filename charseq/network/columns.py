"""Loops down the columns of an array (R, N), LANES columns side by side; in compiled code only.

Import this module only if numba is installed.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from charseq.network.emitter import Emitter

LANES = 8
"""The columns of a loop: a register of AVX2, half of one of AVX-512, two of NEON."""


@intrinsic
def dot_columns(typing: Any, one: Any, other: Any, out: Any) -> Any:
    """Write to `out` (LANES,) the products of the first columns of two arrays, summed over their rows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        one, other, out = emit.arrays
        kind, steps = emit.vector(LANES), (emit.stride(one), emit.stride(other))

        def body(values: list[Any]) -> list[Any]:
            first, second, total = values
            total = emit.multiply_add(emit.load(first, kind), emit.load(second, kind), total)
            return [emit.after(first, steps[0]), emit.after(second, steps[1]), total]

        start = [emit.pointer(one), emit.pointer(other), emit.repeat(emit.number(0), LANES)]
        *_, total = emit.loop(emit.length(one, 0), start, body)
        emit.store(total, emit.pointer(out))
        return context.get_dummy_value()

    return types.void(one, other, out), generate


@intrinsic
def scale_columns(typing: Any, rows: Any, scale: Any, added: Any) -> Any:
    """Multiply the first columns of `rows` by `scale` (LANES,), and add the results to `added`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        rows, scale, added = emit.arrays
        kind, steps = emit.vector(LANES), (emit.stride(rows), emit.stride(added))
        factor = emit.load(emit.pointer(scale), kind)

        def body(values: list[Any]) -> list[Any]:
            row, sums = values
            scaled = builder.fmul(emit.load(row, kind), factor)
            emit.store(scaled, row)
            emit.store(builder.fadd(emit.load(sums, kind), scaled), sums)
            return [emit.after(row, steps[0]), emit.after(sums, steps[1])]

        emit.loop(emit.length(rows, 0), [emit.pointer(rows), emit.pointer(added)], body)
        return context.get_dummy_value()

    return types.void(rows, scale, added), generate


@intrinsic
def deduct_and_scale_columns(typing: Any, rows: Any, other: Any, share: Any, scale: Any) -> Any:
    """Replace the first columns of `rows` by (rows - other * share) * scale; the last two are (LANES,)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        rows, other, share, scale = emit.arrays
        kind, steps = emit.vector(LANES), (emit.stride(rows), emit.stride(other))
        less = builder.fneg(emit.load(emit.pointer(share), kind))
        factor = emit.load(emit.pointer(scale), kind)

        def body(values: list[Any]) -> list[Any]:
            row, one = values
            rest = emit.multiply_add(emit.load(one, kind), less, emit.load(row, kind))
            emit.store(builder.fmul(rest, factor), row)
            return [emit.after(row, steps[0]), emit.after(one, steps[1])]

        emit.loop(emit.length(rows, 0), [emit.pointer(rows), emit.pointer(other)], body)
        return context.get_dummy_value()

    return types.void(rows, other, share, scale), generate
