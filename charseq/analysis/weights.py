"""The weights of a model, matrix by matrix, those of a recurrent layer gate by gate: sizes and pictures.

The spectral radius of the square matrix W, the largest size of its eigenvalues, says how a state that is
only multiplied by W grows or fades from step to step: it fades below 1, and gradients with it. The spectral
norm, the largest singular value, is the most by which a matrix stretches any vector.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charseq.arrays import FloatArray
from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.network.parameters import Parameters
from charseq.runs.checkpoint import Checkpoint

MAX_EIGEN = 2048
"""The most rows of a matrix whose eigenvalues and singular values are computed: they take minutes beyond."""
ROWS, COLUMNS = 12, 32
"""The most cells of a picture."""
RECURRENT = re.compile(r"layers\.\d+\.(U|W|b|b_h)")


@dataclass(frozen=True)
class Weight:
    """A matrix or vector of a model: its `name`, the `part` of it, such as a gate, and its numbers.

    `member` describes the member of a mixture that it belongs to; it is empty for other models.
    """

    member: str
    name: str
    part: str
    values: FloatArray

    @property
    def shape(self) -> list[int]:
        """The numbers of rows and columns; the length of a vector."""
        return list(self.values.shape)

    @property
    def norm(self) -> float:
        """The Euclidean norm: the root of the sum of all squares."""
        return float(np.linalg.norm(self.values))

    @property
    def largest(self) -> float:
        """The weight that is farthest from zero."""
        return float(self.values.flat[np.abs(self.values).argmax()])

    @cached_property
    def spectral_norm(self) -> float | None:
        """The largest singular value of a matrix, None for a vector and a huge matrix."""
        if self.values.ndim != 2 or min(self.shape) > MAX_EIGEN:
            return None
        return float(np.linalg.norm(self.values, 2))

    @cached_property
    def spectral_radius(self) -> float | None:
        """The largest size of an eigenvalue of W, None for other weights and a huge matrix."""
        if not self.name.endswith(".W") or self.shape[0] > MAX_EIGEN:
            return None
        return float(np.abs(np.linalg.eigvals(self.values)).max())

    @property
    def block(self) -> tuple[int, int]:
        """The rows and the columns of the weights that one cell of the picture stands for."""
        rows, columns = np.atleast_2d(self.values).shape
        return -(-rows // ROWS), -(-columns // COLUMNS)

    @cached_property
    def picture(self) -> FloatArray:
        """The matrix in at most ROWS x COLUMNS cells: of each block the weight that is farthest from zero."""
        values = np.atleast_2d(self.values)
        height, width = self.block
        rows, columns = -(-values.shape[0] // height), -(-values.shape[1] // width)
        padded = np.zeros((rows * height, columns * width))
        padded[: values.shape[0], : values.shape[1]] = values
        blocks = padded.reshape(rows, height, columns, width).swapaxes(1, 2).reshape(rows, columns, -1)
        places = np.abs(blocks).argmax(axis=2)[..., None]
        picture: FloatArray = np.take_along_axis(blocks, places, axis=2)[..., 0]
        return picture


def weights_of(checkpoint: Checkpoint) -> list[Weight]:
    """Return all weights of a model, of a mixture those of its networks.

    Raises ConfigError for a model that has none, such as n-grams.
    """
    members = checkpoint.kind.members(checkpoint.settings.model, checkpoint.model)
    found = list[Weight]()
    for config, model in members:
        if isinstance(params := getattr(model, "params", None), Parameters):
            member = MODELS[config.kind].describe(config) if len(members) > 1 else ""
            found += [
                Weight(member, name, part, values.astype(np.float64))
                for name, part, values in _parts(config, params)
            ]
    if not found:
        raise ConfigError(f"{checkpoint.description}: has no weights: it counts; ask a network")
    return found


def _parts(config: ModelConfig, params: Parameters) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield the name, the part and the numbers of each matrix and vector."""
    for name, array in params.items():
        if RECURRENT.fullmatch(name):
            parts = _gate_names(config.cell)[-len(array) // config.hidden_size :]  # b_h has the last one only
            for part, values in zip(parts, np.split(array, len(parts)), strict=True):
                yield name, part, values
        elif array.ndim > 2:
            for number, values in enumerate(array, start=1):
                yield name, f"place {number}", values
        else:
            yield name, "", array


def _gate_names(cell: str) -> list[str]:
    """Return the names of the blocks of rows of U and W, in their order."""
    one = CELLS[cell]
    return [*one.gates.values(), *["candidate"] * (one.num_gates > len(one.gates) > 0)] or [""]
