"""Named parameters that are views of one flat vector.

Updating, clipping and copying all parameters are each one line on `flat`; the equations use the names. The
gradients are a second `Parameters` of the same layout.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from charseq.arrays import FloatArray, shared_zeros


class Parameters(Mapping[str, FloatArray]):
    """Matrices and vectors by name, stored end to end in `flat`, the matrices first.

    `flat` is memory that is shared with forked worker processes. `matrices` is the part of `flat` that weight
    decay applies to.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype | type = np.float32) -> None:
        self.shapes = dict(shapes)
        sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
        self.flat: FloatArray = shared_zeros((sum(sizes.values()),), dtype)
        self._views: dict[str, FloatArray] = {}
        start = 0
        for name in sorted(shapes, key=lambda name: len(shapes[name]), reverse=True):
            part = self.flat[start : start + sizes[name]]
            self._views[name] = part.reshape(shapes[name])
            start += sizes[name]
        self.matrices = self.flat[: sum(sizes[name] for name in shapes if len(shapes[name]) > 1)]

    def __getitem__(self, name: str) -> FloatArray:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def like(self) -> "Parameters":
        """Return zeros of the same layout and dtype, for gradients."""
        return Parameters(self.shapes, self.flat.dtype)
