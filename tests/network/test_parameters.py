import mmap
import os

import numpy as np
import pytest

from charseq.network.parameters import Parameters

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
