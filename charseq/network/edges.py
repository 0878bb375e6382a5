"""Columns that do not fill a tile, changed from columns to rows and back; in compiled code only.

Masks keep loads and stores within an array. Where the processor has none, a loop over single numbers is as
fast: see HAS_MASKS. Import this module only if numba is installed.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from charseq.network.emitter import Emitter
from charseq.network.tiles import AT_ONCE, ROWS, emit_few_columns, looked_up, transposed

HAS_MASKS = AT_ONCE == ROWS
"""True with AVX-512, whose loads and stores can leave out numbers at no cost."""


class Masked:
    """Loads and stores of the first `num` numbers of a vector; the others are 0 or stay as they are."""

    def __init__(self, emit: Emitter, num: Any) -> None:
        self._emit, self._kind = emit, emit.vector(ROWS)
        self._masks = ir.VectorType(ir.IntType(1), ROWS)
        self._first = self.less_than(num)

    def less_than(self, num: Any) -> Any:
        """Return the mask of the first `num` numbers."""
        builder, index = self._emit.builder, ir.IntType(64)
        undefined = ir.Constant(ir.VectorType(index, ROWS), ir.Undefined)
        first = builder.insert_element(undefined, num, ir.IntType(32)(0))
        everywhere = self._emit.shuffle(first, undefined, [0] * ROWS)
        return builder.icmp_signed("<", ir.Constant(undefined.type, list(range(ROWS))), everywhere)

    def load(self, pointer: Any) -> Any:
        """Return the first numbers at a place, and zeros."""
        place = self._emit.builder.bitcast(pointer, self._kind.as_pointer())
        zeros = self._emit.repeat(self._emit.number(0), ROWS)
        kinds = [place.type, ir.IntType(32), self._masks, self._kind]
        load = self._function("load", self._kind, kinds)
        return self._emit.builder.call(load, [place, ir.IntType(32)(4), self._first, zeros])

    def store(self, value: Any, pointer: Any) -> None:
        """Write the first numbers to a place."""
        place = self._emit.builder.bitcast(pointer, self._kind.as_pointer())
        kinds = [self._kind, place.type, ir.IntType(32), self._masks]
        store = self._function("store", ir.VoidType(), kinds)
        self._emit.builder.call(store, [value, place, ir.IntType(32)(4), self._first])

    def _function(self, verb: str, result: Any, kinds: list[Any]) -> Any:
        size = f"v{ROWS}f{8 * self._emit.size}"
        name = f"llvm.masked.{verb}.{size}.p0{size}"
        module = self._emit.builder.module
        return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, kinds), name)


def _rows(emit: Emitter, array: Any) -> list[Any]:
    """Return the places where the first ROWS rows of an array begin."""
    places = [emit.pointer(array)]
    for _ in range(ROWS - 1):
        places.append(emit.after(places[-1], emit.stride(array)))
    return places


def _emit_add_columns(emit: Emitter, columns: list[Any], out: Any) -> None:
    """Write code that adds vectors of ROWS numbers to the first columns of an array, 4, 2 or 1 at once.

    The numbers of each row come together, first in pairs, and then pass through memory to their places.
    """
    done = 0
    while done < len(columns):
        width = next(width for width in (4, 2, 1) if done + width <= len(columns))
        rows = columns[done : done + width]
        for size in (1, 2)[: width // 2]:
            pairs = zip(rows[::2], rows[1::2], strict=True)
            rows = [emit.alternate(one, other, size) for one, other in pairs]
        memory = emit.builder.bitcast(emit.scratch(rows[0].type), ir.IntType(8).as_pointer())
        emit.store(rows[0], memory)
        kind, step = emit.vector(width), emit.stride(out)

        def body(places: list[Any], kind: Any = kind, step: Any = step) -> list[Any]:
            source, target = places
            emit.store(emit.builder.fadd(emit.load(target, kind), emit.load(source, kind)), target)
            return [emit.after(source, kind.count * emit.size), emit.after(target, step)]

        start = [memory, emit.after(emit.pointer(out), done * emit.size)]
        emit.loop(ir.IntType(64)(ROWS), start, body)
        done += width


@intrinsic
def add_few_columns(typing: Any, panel: Any, x: Any, out: Any, num: Any) -> Any:
    """Add a panel (K, ROWS) times x (K, num) to the first columns of ROWS rows of `out`, for num <= FEW."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        out = emit.arrays[2]
        emit_few_columns(emit, arguments[-1], lambda sums: _emit_add_columns(emit, sums, out))
        return context.get_dummy_value()

    return types.void(panel, x, out, num), generate


@intrinsic
def transpose_few(typing: Any, source: Any, target: Any, num: Any) -> Any:
    """Write the first `num` columns of ROWS rows of `source` to the first rows of `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        source, target = emit.arrays
        masked = Masked(emit, arguments[-1])
        rows = [masked.load(place) for place in _rows(emit, source)]
        places = zip(transposed(emit, rows), _rows(emit, target), strict=True)
        end = builder.append_basic_block("few.end")
        for n, (vector, place) in enumerate(places):
            emit.store(vector, place)
            following = builder.append_basic_block("few")
            builder.cbranch(builder.icmp_signed("<", ir.IntType(64)(n + 1), arguments[-1]), following, end)
            builder.position_at_end(following)
        builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(source, target, types.int64), generate


@intrinsic
def look_up_few(typing: Any, panel: Any, bias: Any, tokens: Any, out: Any, num: Any) -> Any:
    """Write to the first columns of ROWS rows of `out` what `look_up` does for the first `num` tokens."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        panel, bias, tokens, out = emit.arrays
        num, integer = arguments[-1], ir.IntType(64)
        last, masked = builder.sub(num, integer(1)), Masked(emit, num)
        streams = [  # the last token again instead of memory behind it
            builder.select(builder.icmp_signed("<", last, integer(n)), last, integer(n)) for n in range(ROWS)
        ]
        rows = looked_up(emit, panel, bias, tokens, streams)
        for vector, place in zip(rows, _rows(emit, out), strict=True):
            masked.store(vector, place)
        return context.get_dummy_value()

    return types.void(panel, bias, tokens, out, types.int64), generate
