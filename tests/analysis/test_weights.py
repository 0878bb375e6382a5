"""The weights of a model, part by part."""

import numpy as np
import pytest

from charseq.analysis.weights import COLUMNS, ROWS, Weight, weights_of
from charseq.config import Settings
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.registry import CELLS
from charseq.runs.checkpoint import Checkpoint
from tests.reports.checkpoints import counted, trained


def checkpoint_of(**model: object) -> Checkpoint:
    """Return a checkpoint with a new model of such settings."""
    _, checkpoint = trained()
    settings = Settings().with_layer({"model": model}, "test")
    checkpoint.settings = settings
    checkpoint.model = MODELS[settings.model.kind].build(settings.model, 9, np.random.default_rng(1))
    return checkpoint


def weight(values: list[list[float]], name: str = "layers.0.W") -> Weight:
    return Weight("", name, "", np.array(values))


def test_sizes_of_a_matrix_that_is_known() -> None:
    """A rotation that is stretched by 3 and 0.5 has these singular values; its eigenvalues have one size."""
    one = weight([[0.0, -3.0], [0.5, 0.0]])
    assert (one.shape, one.largest) == ([2, 2], -3.0)
    assert one.norm == pytest.approx((9 + 0.25) ** 0.5)
    assert one.spectral_norm == pytest.approx(3)
    assert one.spectral_radius == pytest.approx(1.5**0.5)


def test_the_radius_is_that_of_powers() -> None:
    """A vector that is multiplied by W again and again grows by the spectral radius from step to step."""
    rng = np.random.default_rng(3)
    W = rng.standard_normal((7, 7))
    growth = np.linalg.norm(np.linalg.matrix_power(W / 2, 400), 2) ** (1 / 400)
    assert weight((W / 2).tolist()).spectral_radius == pytest.approx(growth, rel=0.02)


def test_only_w_has_a_radius_and_only_matrices_a_norm_of_that_kind() -> None:
    """V is square by chance at most, and a bias is no matrix."""
    assert weight([[1.0]], "projection.V").spectral_radius is None
    assert Weight("", "layers.0.b", "", np.ones(3)).spectral_norm is None


def test_a_cell_of_the_picture_is_the_largest_of_its_block() -> None:
    """Every weight belongs to one cell; signs are kept; a small matrix is shown as it is."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((3 * ROWS - 1, 2 * COLUMNS - 5))
    one = weight(values.tolist())
    assert one.block == (3, 2)
    for row, column in ((0, 0), (ROWS - 1, 3), (4, one.picture.shape[1] - 1)):
        block = values[3 * row : 3 * row + 3, 2 * column : 2 * column + 2]
        assert one.picture[row, column] == block.flat[np.abs(block).argmax()]
    small = weight([[1.0, -2.0]])
    assert (small.block, small.picture.tolist()) == ((1, 1), [[1.0, -2.0]])


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_are_shown_gate_by_gate(cell: str) -> None:
    """The blocks of rows, put together, are the matrix again; each has the name of a gate."""
    checkpoint = checkpoint_of(cell=cell, hidden_size=5)
    params, found = checkpoint.model.params, weights_of(checkpoint)  # type: ignore[attr-defined]
    num_gates = CELLS[cell].num_gates
    for name in ("layers.0.U", "layers.0.W", "layers.0.b"):
        parts = [one for one in found if one.name == name]
        assert len({one.part for one in parts}) == num_gates
        assert np.array_equal(np.concatenate([one.values for one in parts]), params[name])
    assert all(one.spectral_radius is not None for one in found if one.name == "layers.0.W")


def test_the_bias_of_a_gru_belongs_to_its_candidate() -> None:
    """Only the candidate has a recurrent bias."""
    found = weights_of(checkpoint_of(cell="gru", hidden_size=5))
    assert [one.part for one in found if one.name == "layers.0.b_h"] == ["candidate"]


def test_a_window_is_shown_place_by_place() -> None:
    """A network on three characters has a matrix for each."""
    found = weights_of(checkpoint_of(kind="mlp", order=3, hidden_size=5, embedding_size=2))
    assert [one.part for one in found if one.name == "window.U"] == ["place 1", "place 2", "place 3"]


def test_counts_are_no_weights() -> None:
    """What to do is said."""
    with pytest.raises(ConfigError, match=r"^ngram:3: has no weights: it counts; ask a network$"):
        weights_of(counted()[1])
