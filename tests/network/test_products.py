from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel, products
from charseq.network.loss import cross_entropy_
from charseq.network.products import (
    FEW_STEPS,
    MIN_PART,
    SMALL_PRODUCT,
    Blocks,
    Product,
    TiledProduct,
    blocks_of,
    lay_side_by_side,
    side_by_side,
    tile_width,
)
from tests.builders import assert_close, pairwise, random_array, with_random_parameters
from tests.network.builders import backward_from_logits

Array: TypeAlias = NDArray[Any]

V, T = 5, 6
SIZES = [(96, 24), (24, 96), (64, 4096), (64, 512), (128, 5), (30, 7), (1, 4), (1, 1)]
"""Rows and columns: some divide into blocks of 64, 32 or 8 rows, one with parts of rows, some into none."""
BATCH_SIZES = [1, 3, 16, 17]
"""One stream needs no blocks, a multiple of 16 has blocks of its own, others have the common ones."""

every_case = pytest.mark.parametrize(
    ("size", "num_streams", "transposed", "packed"),
    pairwise(SIZES, BATCH_SIZES, [False, True], [False, True]),
)
every_batch_size = pytest.mark.parametrize(
    ("num_streams", "packed"), [*((num_streams, True) for num_streams in BATCH_SIZES), (3, False)]
)


def set_packing(monkeypatch: pytest.MonkeyPatch, *, packed: bool) -> None:
    monkeypatch.setattr(products, "has_small_kernels", lambda: packed)


def make_matrix(rows: int, columns: int, *, transposed: bool, seed: int = 0) -> Array:
    """Return a matrix (rows, columns), stored column after column if `transposed`, as the way back has it."""
    return random_array(columns, rows, seed=seed).T if transposed else random_array(rows, columns, seed=seed)


def make_product(M: Array, num_streams: int, num_products: int = T) -> Product:
    """Return a product that has loaded M."""
    rows, columns = M.shape
    product = Product(rows, columns, num_streams=num_streams, num_products=num_products, dtype=M.dtype)
    product.load_(M)
    return product


# ---- a product


@every_case
def test_a_product_is_written_over_what_was_there(
    size: tuple[int, int], num_streams: int, transposed: bool, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`into` writes M x to its array, whatever was there before and however many products were announced."""
    set_packing(monkeypatch, packed=packed)
    rows, columns = size
    M, x = make_matrix(rows, columns, transposed=transposed), random_array(columns, num_streams, seed=1)
    for num_products in (1, T):
        out = np.full((rows, num_streams), 9.0)
        multiply = make_product(M, num_streams, num_products).into(out)
        assert np.all(out == 9)
        multiply(x)
        assert_close(out, M @ x)


@every_case
def test_each_step_of_a_window_has_its_product(
    size: tuple[int, int], num_streams: int, transposed: bool, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`each` writes M x[t] for all steps of a window, which may be shorter than the product was made for."""
    set_packing(monkeypatch, packed=packed)
    rows, columns = size
    M = make_matrix(rows, columns, transposed=transposed)
    for num_steps, capacity in ((1, 1), (T, T), (1, T), (4, T)):
        x = random_array(capacity, columns, num_streams, seed=1)
        out = np.full((capacity, rows, num_streams), 9.0)
        make_product(M, num_streams, capacity).each(x[:num_steps], out=out[:num_steps])
        for t in range(num_steps):
            assert_close(out[t], M @ x[t])
        assert np.all(out[num_steps:] == 9)


@pytest.mark.parametrize(
    ("num_streams", "dtype", "packed"), pairwise(BATCH_SIZES, [np.float32, np.complex128], [False, True])
)
def test_a_product_has_the_dtype_of_its_matrix(
    num_streams: int, dtype: type, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product is computed in the dtype of its matrix: float32 in use, complex128 in tests."""
    set_packing(monkeypatch, packed=packed)
    M: Array = random_array(24, 16).astype(dtype)
    x: Array = random_array(T, 16, num_streams, seed=1).astype(dtype)
    if dtype is np.complex128:
        M, x = M * (1 + 2j), x * (3 - 1j)
    out: Array = np.empty((T, 24, num_streams), dtype)
    make_product(M, num_streams).each(x, out=out)
    np.testing.assert_allclose(out, M @ x, rtol=0, atol=1e-4 if dtype is np.float32 else 1e-12)


@every_case
def test_loading_a_matrix_anew_leaves_nothing_of_the_old_one(
    size: tuple[int, int], num_streams: int, transposed: bool, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After another `load_`, of a new matrix or of the same with new numbers, nothing old remains."""
    set_packing(monkeypatch, packed=packed)
    rows, columns = size
    first = make_matrix(rows, columns, transposed=transposed)
    second = make_matrix(rows, columns, transposed=transposed, seed=5)
    product, x = make_product(first, num_streams), random_array(columns, num_streams, seed=1)
    out = np.empty((rows, num_streams))
    product.load_(second)
    product.into(out)(x)
    assert_close(out, second @ x)
    second *= -2
    product.load_(second)
    product.into(out)(x)
    assert_close(out, second @ x)


@every_batch_size
def test_a_product_leaves_its_factors_alone(
    num_streams: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither M nor x is written to."""
    set_packing(monkeypatch, packed=packed)
    M, x, out = random_array(24, 16), random_array(T, 16, num_streams, seed=1), np.empty((T, 24, num_streams))
    product = make_product(M, num_streams)
    product.each(x, out=out)
    product.into(out[0])(x[0])
    np.testing.assert_array_equal(M, random_array(24, 16))
    np.testing.assert_array_equal(x, random_array(T, 16, num_streams, seed=1))


@every_batch_size
def test_a_product_into_an_array_serves_every_step(
    num_streams: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function that `into` returns multiplies any number of x, always to the same array."""
    set_packing(monkeypatch, packed=packed)
    M, x = random_array(24, 16), random_array(T, 16, num_streams, seed=1)
    out = np.full((2, 24, num_streams), 9.0)
    multiply = make_product(M, num_streams).into(out[0])
    for column in x:
        multiply(column)
        assert_close(out[0], M @ column)
    assert np.all(out[1] == 9)


@every_batch_size
def test_one_product_goes_into_several_arrays(
    num_streams: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second `into` takes nothing from the first."""
    set_packing(monkeypatch, packed=packed)
    M, x = random_array(24, 16), random_array(2, 16, num_streams, seed=1)
    product, out = make_product(M, num_streams), np.full((2, 24, num_streams), 9.0)
    for multiply, column in zip([product.into(out[0]), product.into(out[1])], x, strict=True):
        multiply(column)
    assert_close(out, M @ x)


# ---- blocks


@pytest.mark.parametrize("num_streams", [2, 3, 16, 17, 64, 100, 128, 512])
def test_blocks_divide_the_rows(num_streams: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are two or more blocks, all of a size; no part of one is too much for its kernel."""
    set_packing(monkeypatch, packed=True)
    for rows in (1, 4, 5, 7, 8, 12, 30, 64, 96, 100, 768, 1024, 4096):
        for columns in (1, 5, 24, 256, 300, 1024, 4096):
            size, parts = blocks_of(rows, columns, num_streams)
            if size:
                assert size in (8, 32, 64)
                assert rows % size == 0
                assert rows > size
                assert columns % parts == 0
                assert size * columns // parts * num_streams <= SMALL_PRODUCT
            else:
                assert parts == 1


@pytest.mark.parametrize(
    ("rows", "columns", "num_streams", "size"),
    [
        (1024, 256, 16, 8),
        (1024, 256, 64, 8),
        (1024, 256, 25, 64),
        (1024, 256, 65, 32),
        (96, 24, 17, 32),
        (96, 24, 16, 8),
        (64, 24, 17, 32),
        (32, 24, 17, 0),
        (100, 400, 25, 0),
        (192, 3, 3, 64),
        (24, 3, 16, 8),
        (8, 3, 16, 0),
        (4, 3, 3, 0),
        (30, 7, 3, 0),
        (1, 1, 3, 0),
    ],
)
def test_blocks_fit_their_kernels(
    rows: int, columns: int, num_streams: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks have 8 rows for a multiple of 16 streams, else 64 or 32, if that divides the rows and fits.

    A matrix that would be a single block is left in one piece.
    """
    set_packing(monkeypatch, packed=True)
    assert blocks_of(rows, columns, num_streams) == Blocks(size, 1)


@pytest.mark.parametrize(
    ("rows", "columns", "num_streams", "blocks"),
    [
        (1024, 4096, 4, Blocks(32, 1)),
        (1024, 4096, 8, Blocks(32, 2)),
        (1024, 4096, 16, Blocks(8, 32)),
        (1024, 3072, 16, Blocks(8, 1)),
        (1024, 4096, 32, Blocks(8, 2)),
        (1024, 4096, 25, Blocks(32, 4)),
        (512, 2048, 128, Blocks(8, 4)),
        (512, 8 * MIN_PART, 512, Blocks(0, 1)),
        (1024, 4097, 8, Blocks(0, 1)),
    ],
)
def test_long_rows_are_cut_into_parts(
    rows: int, columns: int, num_streams: int, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a block of whole rows is too much for its kernel, rows are cut, but not into pieces too short.

    For 16 streams the rows of a large matrix are cut into pieces of a page each.
    """
    set_packing(monkeypatch, packed=True)
    assert blocks_of(rows, columns, num_streams) == blocks


def test_a_single_stream_needs_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product with one column rearranges nothing."""
    set_packing(monkeypatch, packed=True)
    assert not any(blocks_of(*size, 1).size for size in SIZES)
    assert any(blocks_of(*size, 3).size for size in SIZES)


def test_other_machines_need_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kernels for small matrices, every matrix is left in one piece."""
    set_packing(monkeypatch, packed=False)
    assert not any(blocks_of(*size, num_streams).size for size in SIZES for num_streams in BATCH_SIZES)


def test_the_sizes_above_have_blocks_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the sizes and numbers of streams are blocks of 64, 32 and 8 rows, whole matrices, and parts."""
    set_packing(monkeypatch, packed=True)
    found = {blocks_of(*size, num_streams) for size, num_streams in pairwise(SIZES, BATCH_SIZES)}
    assert {blocks.size for blocks in found} == {0, 8, 32, 64}
    assert any(blocks.parts > 1 for blocks in found)


@pytest.mark.parametrize("num_products", [0, 1, FEW_STEPS, FEW_STEPS + 1])
def test_few_products_are_not_worth_a_copy(num_products: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix is rearranged only for more than FEW_STEPS products; for fewer it is used where it lies."""
    set_packing(monkeypatch, packed=True)
    M, x, out = random_array(192, 16), random_array(16, 3, seed=1), np.empty((192, 3))
    product = make_product(M, 3, num_products)
    M.fill(0)
    product.into(out)(x)
    assert out.any() == (num_products > FEW_STEPS)


@pytest.mark.parametrize(
    ("libraries", "expected"),
    [
        ([], False),
        ([{"user_api": "openmp"}], False),
        ([{"user_api": "blas", "architecture": "Haswell"}], False),
        ([{"user_api": "blas", "architecture": "SkylakeX"}], True),
        ([{"user_api": "openmp"}, {"user_api": "blas", "architecture": "Sapphirerapids"}], True),
    ],
    ids=["none", "no-blas", "avx2", "avx512", "second"],
)
def test_small_kernels_are_where_openblas_names_a_machine_that_has_them(
    libraries: list[dict[str, str]], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels for small matrices are there where OpenBLAS says that it runs on a machine that has them."""
    monkeypatch.setattr("threadpoolctl.threadpool_info", lambda: libraries)
    assert products.has_small_kernels.__wrapped__() is expected


# ---- side by side


@pytest.mark.parametrize(("num_steps", "num_streams", "num_features"), pairwise([1, 3], [1, 2, 5], [1, 4]))
def test_steps_lie_side_by_side(num_steps: int, num_streams: int, num_features: int) -> None:
    """A row holds one feature of all steps and streams, in the order of the tokens."""
    array = random_array(num_steps, num_features, num_streams)
    result = side_by_side(array, np.full(array.size + 3, 9.0))
    expected = array.transpose(1, 0, 2).reshape(num_features, num_steps * num_streams)
    np.testing.assert_array_equal(result, expected)


def test_a_copy_of_several_streams_begins_the_memory() -> None:
    """Several streams are copied into the beginning of the memory, and no further."""
    array, memory = random_array(3, 4, 2), np.full(30, 9.0)
    assert np.shares_memory(side_by_side(array, memory), memory[:24])
    assert np.all(memory[24:] == 9)


def test_a_single_stream_is_not_copied() -> None:
    """One stream is seen from the side: the result is a view, and the memory, too small here, unused."""
    array, memory = random_array(3, 4, 1), np.full(1, 9.0)
    assert np.shares_memory(side_by_side(array, memory), array)
    assert memory.item() == 9


def test_the_steps_may_be_every_second_of_an_array() -> None:
    """What is laid side by side need not be contiguous."""
    array = random_array(6, 4, 3)[::2]
    np.testing.assert_array_equal(
        side_by_side(array, np.empty(array.size)), array.transpose(1, 0, 2).reshape(4, 9)
    )


@pytest.mark.parametrize("num_streams", [1, 2, 5])
@pytest.mark.parametrize("num_steps", [1, 3])
def test_steps_are_laid_into_rows_of_a_larger_matrix(num_steps: int, num_streams: int) -> None:
    """`lay_side_by_side` copies, a single stream too, from any array, and fills the rows it is given."""
    array = random_array(2 * num_steps, num_streams, 4)[::2].transpose(0, 2, 1)
    out = np.full((6, num_steps * num_streams), 9.0)
    lay_side_by_side(array, out=out[1:-1])
    np.testing.assert_array_equal(out[1:-1], array.transpose(1, 0, 2).reshape(4, num_steps * num_streams))
    assert np.all(out[[0, -1]] == 9)


# ---- a model


@pytest.mark.parametrize(
    ("cell", "num_streams", "num_steps", "hidden_size", "embedding_size"),
    pairwise(list(CELLS), [1, 3, 16, 17], [1, 6], [1, 24], [0, 8]),
)
def test_a_model_computes_the_same_with_and_without_small_kernels(
    cell: str,
    num_streams: int,
    num_steps: int,
    hidden_size: int,
    embedding_size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Logits, loss, final states and gradients are the same on machines with and without small kernels."""
    config = ModelConfig(
        cell=cell,
        hidden_size=hidden_size,
        num_layers=2,
        embedding_size=embedding_size,
    )
    model = with_random_parameters(CharModel(config, V, np.float64), scale=0.6)
    tokens, targets = np.random.default_rng(2).integers(0, V, (2, num_steps, num_streams)).astype(np.int32)
    results: list[dict[str, Array]] = []
    for packed in (True, False):
        set_packing(monkeypatch, packed=packed)
        state, grads = model.initial_state(num_streams), model.params.like()
        for array in state.arrays.values():
            array[...] = random_array(*array.shape, seed=3)
        work = model.workspace(num_steps, num_streams)
        logits = model.forward(tokens, state, work)
        result = {"logits": logits.copy(), **state.arrays, **grads}
        result["loss"] = np.array(cross_entropy_(logits, targets))
        backward_from_logits(model, logits, work, grads)
        results.append(result)
    for name, array in results[0].items():
        np.testing.assert_allclose(array, results[1][name], rtol=0, atol=1e-12, err_msg=name)


# ---- tiles


@pytest.mark.parametrize(("rows", "columns"), [*SIZES, (300, 700), (10, 5000)])
@pytest.mark.parametrize("num_tiles", [1, 3])
def test_a_tiled_product_is_the_product(rows: int, columns: int, num_tiles: int) -> None:
    """Whatever the matrix is divided into; its rows need not fill a block."""
    M, x = random_array(rows, columns), random_array(columns, num_tiles * tile_width(), seed=1)
    multiply = TiledProduct(M, x.shape[1])
    assert_close(multiply(2 * x), 2 * (M @ x), tolerance=1e-10)
    assert_close(multiply(x), M @ x, tolerance=1e-10)


@pytest.mark.parametrize(("rows", "columns"), [(768, 256), (103, 256), (2048, 512), (7, 3)])
def test_a_tile_does_not_depend_on_others(rows: int, columns: int) -> None:
    """To the last bit, in single precision, with one thread and with two."""
    width = tile_width()
    M = random_array(rows, columns).astype(np.float32)
    x = random_array(columns, 12 * width, seed=1).astype(np.float32)
    whole = TiledProduct(M, 12 * width)(x).copy()
    for first in (0, 5 * width, 11 * width):
        part = x[:, first : first + width]
        for num_threads in (1, 2):
            with threadpool_limits(num_threads):
                assert np.array_equal(TiledProduct(M, width)(part), whole[:, first : first + width])
