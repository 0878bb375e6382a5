import mmap
import os

import numpy as np
import pytest

from charseq.network.parameters import Gradient, Parameters

SHAPES: dict[str, tuple[int, ...]] = {"a.b": (4,), "a.U": (4, 3), "c": (2,), "V": (2, 5)}


def numbered() -> Parameters:
    """Return parameters whose flat vector counts 0, 1, 2, ..."""
    params = Parameters(SHAPES, np.float64)
    params.flat[...] = np.arange(params.flat.size)
    return params


def test_parameters_start_at_zero() -> None:
    """New parameters are zero, in the dtype asked for."""
    params = Parameters(SHAPES, np.float32)
    assert params.flat.dtype == np.float32
    assert not params.flat.any()


def test_names_and_shapes_are_those_declared() -> None:
    """The mapping has the declared names, in the declared order, each with its shape."""
    assert [(name, array.shape) for name, array in numbered().items()] == list(SHAPES.items())


@pytest.mark.parametrize("name", SHAPES)
def test_a_view_writes_to_the_flat_vector(name: str) -> None:
    """What is written to a named array is in `flat`, and nothing else changes."""
    params = numbered()
    before = params.flat.copy()
    params[name][...] = -1
    assert np.sum(params.flat != before) == params[name].size
    assert np.sum(params.flat == -1) == params[name].size


def test_the_flat_vector_writes_to_the_views() -> None:
    """What is written to `flat` is seen by name: an optimizer needs no names."""
    params = numbered()
    params.flat *= 2
    everything = np.concatenate([array.ravel() for array in params.values()])
    assert sorted(everything) == [2.0 * k for k in range(params.flat.size)]


def test_matrices_are_all_matrices_and_no_vector() -> None:
    """`matrices`, which weight decay acts on, is all of the matrices and none of the vectors."""
    params = numbered()
    params.matrices[...] = -1
    for name, array in params.items():
        assert np.all(array == -1) == (array.ndim == 2), name


def test_matrices_share_the_memory_of_the_flat_vector() -> None:
    """`matrices` shares the memory of `flat`."""
    params = numbered()
    assert np.shares_memory(params.matrices, params.flat)


@pytest.mark.parametrize("name", ["a.U", "V"])
def test_a_matrix_is_stored_row_after_row(name: str) -> None:
    """The numbers of a matrix, read row after row, follow each other in `flat`."""
    matrix = numbered()[name]
    assert matrix.flags.c_contiguous
    np.testing.assert_array_equal(np.diff(matrix.ravel()), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_memory_begins_at_a_page_of_its_own(dtype: type) -> None:
    """`flat` has pages of its own, which begins at a cache line and can be shared."""
    assert Parameters(SHAPES, dtype).flat.ctypes.data % mmap.PAGESIZE == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_shares_the_memory() -> None:
    """A child sees what its parent writes after the fork, and the parent what the child makes of it."""
    params = numbered()
    gradients, (reader, writer) = params.like(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(reader, 1)  # until the parent has written
            gradients.flat[...] = params.flat + 1
        finally:
            os._exit(0)  # without pytest's farewells
    params["V"][...] = -3
    os.write(writer, b"!")
    _, status = os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    assert status == 0
    np.testing.assert_array_equal(gradients.flat, params.flat + 1)
    assert np.all(gradients["V"] == -2)


def test_like_puts_every_name_at_the_same_place_and_starts_at_zero() -> None:
    """`like` puts every name at the same place of its flat vector, which starts at zero."""
    params = numbered()
    twin = params.like()
    assert not twin.flat.any()
    twin.flat[...] = params.flat
    for name, array in params.items():
        np.testing.assert_array_equal(twin[name], array)


def test_like_owns_its_memory() -> None:
    """Writing to the result of `like` leaves the original alone."""
    params = numbered()
    assert not np.shares_memory(params.like().flat, params.flat)


def test_like_keeps_the_dtype() -> None:
    """Gradients have the dtype of what they belong to."""
    assert numbered().like().flat.dtype == np.float64


# ---- gradients

TABLES = {"E": 1}
TABLE_SHAPES: dict[str, tuple[int, ...]] = {
    "E": (2, 6),
    "W": (3, 2),
    "projection.V": (6, 2),
    "projection.c": (6,),
}


def tabled() -> Parameters:
    params = Parameters(TABLE_SHAPES, np.float64, tables=TABLES)
    params.flat[...] = np.arange(params.flat.size)
    return params


def dense(grads: Gradient) -> dict[str, np.ndarray]:
    """Return the whole gradient by name, with zeros for all that was not touched."""
    found = {}
    for name in grads:
        tokens = grads.touched.get(name)
        found[name] = np.zeros(grads.shapes[name]) if tokens is not None else grads[name].copy()
        if tokens is not None:
            grads.rows_of(found[name], name)[tokens] = grads.entries(name)
    return found


def touching(seed: int, *, by_rows: bool = True, frozen: tuple[str, ...] = ()) -> Gradient:
    """Return a gradient with random entries for some tokens, over memory that holds other numbers."""
    rng, grads = np.random.default_rng(seed), tabled().like(by_rows=by_rows, frozen=frozen)
    grads.flat.fill(9)
    grads["W"][...] = rng.normal(size=(3, 2))
    for name, axis in grads.tables.items():
        tokens = rng.permutation(6)[: 2 + seed].astype(np.int32)
        shape = np.delete(TABLE_SHAPES[name], axis)
        grads.set_rows_(name, tokens, rng.normal(size=(len(tokens), *shape)))
    return grads


def test_the_tables_of_a_network_are_known() -> None:
    """Those of the projection are always tables, others are named."""
    assert tabled().tables == {"E": 1, "projection.V": 0, "projection.c": 0}


def test_rows_are_the_same_gradient_as_a_whole_table() -> None:
    """Entries that are not set are zero, kept by rows or not."""
    rows, whole = touching(1), touching(1, by_rows=False)
    assert not whole.touched
    for name, array in dense(rows).items():
        np.testing.assert_array_equal(array, whole[name], err_msg=name)


def test_the_vectors_of_a_gradient_are_its_norm() -> None:
    """The norm over the vectors is that of the whole gradient, and scaling them scales it."""
    rows, whole = touching(1), touching(1, by_rows=False)
    square = sum(np.dot(vector, vector) for vector in rows.vectors)
    assert square == pytest.approx(np.dot(whole.flat, whole.flat), rel=1e-12)
    for vector in rows.vectors:
        vector *= 2
    np.testing.assert_array_equal(dense(rows)["E"], 2 * whole["E"])


def test_the_entries_of_the_parameters_that_a_gradient_is_about() -> None:
    """Of tables they are copies of the rows of its tokens, which can be written back."""
    params, grads = tabled(), touching(1)
    found = grads.of(params)
    assert {name: array.shape for name, array in found.items()} == {
        name: grads.entries(name).shape for name in grads
    }
    assert found["W"] is params["W"]
    np.testing.assert_array_equal(found["E"], params["E"][:, grads.touched["E"]].T)
    found["E"] *= -1
    before = params["E"].copy()
    np.testing.assert_array_equal(params["E"], before)
    grads.put_(found, params)
    assert np.flatnonzero((params["E"] != before).any(axis=0)).tolist() == sorted(grads.touched["E"])


@pytest.mark.parametrize("by_rows", [True, False])
def test_gradients_add_up(by_rows: bool) -> None:
    """The sum touches the tokens of both, each with the sum of its entries."""
    total, others = touching(0, by_rows=by_rows), [touching(k, by_rows=by_rows) for k in (1, 2)]
    expected = {name: array + sum(dense(one)[name] for one in others) for name, array in dense(total).items()}
    for other in others:
        total.add_(other)
    for name, array in dense(total).items():
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-15, err_msg=name)


def test_a_sum_may_begin_at_zero() -> None:
    """A gradient that was cleared takes over what is added to it."""
    total, other = touching(0), touching(2)
    total.clear_()
    total.add_(other)
    for name, array in dense(total).items():
        np.testing.assert_array_equal(array, dense(other)[name], err_msg=name)


def test_frozen_parameters_are_not_in_a_gradient() -> None:
    """Their arrays can be written, and are in no vector."""
    grads = touching(0, frozen=("W", "projection.V"))
    assert list(grads) == ["E", "projection.c"]
    assert "W" not in grads
    assert grads["W"].shape == (3, 2)
    assert sum(vector.size for vector in grads.vectors) == 2 * 2 + 2
    assert not grads.learns("projection.V")
    assert grads.learns("projection")
