"""Products of a panel of rows with a few columns, written for the compiler in its own language, LLVM's.

A panel is an array (K, ROWS): K columns of ROWS numbers each. In a tile each sum has a place in a register
from the first product to the last, so that memory is only read. A compiler does not find this out by itself.
`panels.py` calls the functions in this file, which exist in compiled code only, for whole matrices.

Source: Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication". Import this module
only if numba is installed.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from charseq.network.emitter import VECTOR_BYTES, Emitter
from charseq.network.registers import registers

ROWS = 16
"""The rows of a panel."""
NUMBER, NUM_BYTES = registers()
IN_A_ROW = VECTOR_BYTES // NUM_BYTES
"""The registers that a row of a tile takes."""
AT_ONCE = min(ROWS, (NUMBER - 1) // IN_A_ROW - 1)
"""The rows of a tile whose sums have registers at once, beside those for a row of x and for a weight.

All 16 with AVX-512; with AVX2 and NEON 6, so that 6, 5 and 5 rows are computed one after the other. Nothing
is left to choose by measuring: a tile of 16 columns and as many rows as there is room for does 93 to 99 % of
the operations that the processor can do (with AVX2 and with AVX-512, measured on the same one). On NEON, 92
instructions load and multiply what 64 of them must. No choice changes bits: sums have one order.
"""
FEW = 9 if AT_ONCE == ROWS else AT_ONCE - (IN_A_ROW == 4)
"""The most columns of a product that does not fill a tile.

With registers of four numbers it is one less: as many as there is room for, LLVM moves from one to another.
"""
AHEAD = 8192
"""The bytes between the weights that are multiplied and those that are fetched meanwhile.

Weights that do not fit a core's own cache come in time so: 1024 x 4096 of them times 8 streams take 0.60 ms
instead of 0.87. Half as many bytes are too few, and twice as many are no better.
"""
AHEAD_OF_X = 4096
"""The same for the numbers that weights are multiplied with, which come from far where they are panels, too:
a product of 2048 x 4096 and 4096 x 512 of them takes 77 ms instead of 87."""
MIN_PREFETCH = 5 if AT_ONCE == ROWS else 4
"""The fewest columns for which weights are fetched ahead: with fewer, loading takes all the time anyway.

With AVX2 eight streams are four columns twice: a step of an LSTM with 1,024 units takes a tenth less so.
"""
PANELS_AT_ONCE = 4
"""The panels that are multiplied together with a single column, to hide the time that an addition takes."""


def _emit_tile(emit: Emitter) -> None:
    """Write code for `tile`, in as many parts as its rows do not fit into the registers together."""
    panel, x, out = emit.arrays
    kind, step, count = emit.vector(emit.width), emit.stride(x), emit.length(panel, 0)
    num_parts = -(-ROWS // AT_ONCE)
    place = emit.pointer(out)
    for part in range(num_parts):
        rows = range(part * ROWS // num_parts, (part + 1) * ROWS // num_parts)

        def body(values: list[Any], rows: range = rows) -> list[Any]:
            weights, row, *sums = values
            if AT_ONCE == ROWS:  # where a tile has several parts, it costs as much as it brings
                emit.prefetch(emit.after(weights, AHEAD))
                emit.prefetch(emit.after(row, AHEAD_OF_X))
            vector = emit.load(row, kind)
            for k, r in enumerate(rows):
                weight = emit.load(emit.after(weights, r * emit.size), emit.number)
                sums[k] = emit.multiply_add(emit.repeat(weight, emit.width), vector, sums[k])
            return [emit.after(weights, ROWS * emit.size), emit.after(row, step), *sums]

        places = []
        for _ in rows:
            places.append(place)
            place = emit.after(place, emit.stride(out))
        start = [emit.load(one, kind) for one in places]
        _, _, *sums = emit.loop(count, [emit.pointer(panel), emit.pointer(x), *start], body)
        for total, one in zip(sums, places, strict=True):
            emit.store(total, one)


def _emit_columns(emit: Emitter, panels: list[Any], num_columns: int) -> list[list[Any]]:
    """Write code that multiplies panels, which begin at these pointers, with columns of x.

    Return the sums by panel and column, vectors of ROWS numbers.
    """
    x = emit.arrays[1]
    kind, step = emit.vector(ROWS), emit.stride(x)

    def body(values: list[Any]) -> list[Any]:
        row, *rest = values
        pointers, sums = rest[: len(panels)], rest[len(panels) :]
        numbers = [
            emit.repeat(emit.load(emit.after(row, n * emit.size), emit.number), ROWS)
            for n in range(num_columns)
        ]
        for p, pointer in enumerate(pointers):
            if num_columns >= MIN_PREFETCH:
                emit.prefetch(emit.after(pointer, AHEAD))
            weights = emit.load(pointer, kind)
            for n, number in enumerate(numbers):
                k = p * num_columns + n
                sums[k] = emit.multiply_add(weights, number, sums[k])
            pointers[p] = emit.after(pointer, ROWS * emit.size)
        return [emit.after(row, step), *pointers, *sums]

    start = [emit.repeat(emit.number(0), ROWS)] * (len(panels) * num_columns)
    after = emit.loop(emit.length(x, 0), [emit.pointer(x), *panels, *start], body)
    sums = after[1 + len(panels) :]
    return [sums[p * num_columns : (p + 1) * num_columns] for p in range(len(panels))]


def emit_few_columns(emit: Emitter, num: Any, use: Callable[[list[Any]], None]) -> None:
    """Write code that multiplies a panel with `num` columns, a loop for each number; `use` takes the sums."""
    builder = emit.builder
    end = builder.append_basic_block("few.end")
    choice = builder.switch(num, end)
    for num_columns in range(1, FEW + 1):
        block = builder.append_basic_block("few")
        choice.add_case(num.type(num_columns), block)
        builder.position_at_end(block)
        (sums,) = _emit_columns(emit, [emit.pointer(emit.arrays[0])], num_columns)
        use(sums)
        builder.branch(end)
    builder.position_at_end(end)


def _emit_one_column(emit: Emitter) -> None:
    """Write code for `one_column`."""
    panels, _, out = emit.arrays
    pointers = [emit.pointer(panels)]
    for _ in range(PANELS_AT_ONCE - 1):
        pointers.append(emit.after(pointers[-1], emit.stride(panels)))
    for p, (total,) in enumerate(_emit_columns(emit, pointers, 1)):
        place = emit.after(emit.pointer(out), p * ROWS * emit.size)
        emit.store(emit.builder.fadd(emit.load(place, total.type), total), place)


def transposed(emit: Emitter, rows: list[Any]) -> list[Any]:
    """Return ROWS vectors whose numbers are in the columns of ROWS others.

    Blocks of 1, 2, 4 and 8 numbers on both sides of the diagonal change places.
    """
    rows, places = list(rows), range(ROWS)
    for size in (1, 2, 4, 8):
        for r in places:
            if not r & size:
                pair = rows[r], rows[r | size]
                low = [ROWS + (k ^ size) if k & size else k for k in places]
                high = [ROWS + k if k & size else k ^ size for k in places]
                rows[r], rows[r | size] = (emit.shuffle(*pair, order) for order in (low, high))
    return rows


def _emit_transpose(emit: Emitter, rows: list[Any], target: Any) -> None:
    """Write code that stores ROWS vectors as the columns of an array."""
    row = emit.pointer(target)
    for vector in transposed(emit, rows):
        emit.store(vector, row)
        row = emit.after(row, emit.stride(target))


@intrinsic
def transpose(typing: Any, source: Any, target: Any) -> Any:
    """Write the first ROWS rows and columns of `source` to `target` as columns and rows."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        source, target = emit.arrays
        row, rows = emit.pointer(source), []
        for _ in range(ROWS):
            rows.append(emit.load(row, emit.vector(ROWS)))
            row = emit.after(row, emit.stride(source))
        _emit_transpose(emit, rows, target)
        return context.get_dummy_value()

    return types.void(source, target), generate


def looked_up(emit: Emitter, panel: Any, bias: Any, tokens: Any, streams: list[Any]) -> list[Any]:
    """Return what `look_up` writes for the tokens of ROWS streams, given by number: a row for each row."""
    builder, kind = emit.builder, emit.vector(ROWS)
    index, integer = ir.IntType(32), ir.IntType(64)
    unseen = builder.trunc(builder.sub(emit.length(panel, 0), integer(1)), index)
    added, columns = emit.load(emit.pointer(bias), kind), []
    for stream in streams:
        token = emit.load(emit.after(emit.pointer(tokens), builder.mul(stream, integer(4))), index)
        place = builder.select(builder.icmp_signed("<", token, index(0)), unseen, token)
        num_bytes = builder.mul(builder.sext(place, integer), integer(ROWS * emit.size))
        columns.append(builder.fadd(emit.load(emit.after(emit.pointer(panel), num_bytes), kind), added))
    return transposed(emit, columns)


@intrinsic
def look_up_tile(typing: Any, panel: Any, bias: Any, tokens: Any, out: Any) -> Any:
    """Write to ROWS rows of `out` (ROWS, N) what `look_up` does for the first ROWS of `tokens`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        panel, bias, tokens, out = emit.arrays
        row = emit.pointer(out)
        for vector in looked_up(emit, panel, bias, tokens, [ir.IntType(64)(n) for n in range(ROWS)]):
            emit.store(vector, row)
            row = emit.after(row, emit.stride(out))
        return context.get_dummy_value()

    return types.void(panel, bias, tokens, out), generate


@intrinsic
def copy(typing: Any, source: Any, target: Any) -> Any:
    """Write the first ROWS numbers of `source` to `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        source, target = map(emit.pointer, emit.arrays)
        emit.store(emit.load(source, emit.vector(ROWS)), target)
        return context.get_dummy_value()

    return types.void(source, target), generate


@intrinsic
def add(typing: Any, one: Any, other: Any, out: Any) -> Any:
    """Write to the first ROWS numbers of `out` those of `one` plus those of `other`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        one, other, out = map(emit.pointer, emit.arrays)
        kind = emit.vector(ROWS)
        emit.store(builder.fadd(emit.load(one, kind), emit.load(other, kind)), out)
        return context.get_dummy_value()

    return types.void(one, other, out), generate


@intrinsic
def tile(typing: Any, panel: Any, x: Any, out: Any) -> Any:
    """Add a panel (K, ROWS) times x (K, W) to `out` (ROWS, W), where W numbers have VECTOR_BYTES."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _emit_tile(Emitter(context, builder, signature, arguments))
        return context.get_dummy_value()

    return types.void(panel, x, out), generate


@intrinsic
def few_columns(typing: Any, panel: Any, x: Any, out: Any, num: Any) -> Any:
    """Write a panel (K, ROWS) times x (K, num) to `out` (num, ROWS), a row for each of few columns."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        out = emit.pointer(emit.arrays[2])

        def write(sums: list[Any]) -> None:
            for n, total in enumerate(sums):
                emit.store(total, emit.after(out, n * ROWS * emit.size))

        emit_few_columns(emit, arguments[-1], write)
        return context.get_dummy_value()

    return types.void(panel, x, out, num), generate


@intrinsic
def one_column(typing: Any, panels: Any, x: Any, out: Any) -> Any:
    """Add PANELS_AT_ONCE panels (K, ROWS) times x (K, 1) to their rows of `out`, which has no gaps."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _emit_one_column(Emitter(context, builder, signature, arguments))
        return context.get_dummy_value()

    return types.void(panels, x, out), generate
