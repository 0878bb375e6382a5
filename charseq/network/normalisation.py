"""The normalisation of recurrent products: each gate's units of W h(t-1) get a root mean square of 1.

For a gate of H units and each stream on its own, with v its block of W h(t-1):

    s = sqrt(mean(v^2) + EPSILON)
    y = v / s                          takes the place of v in the cell's equations
    dv = (dy - y * mean(dy * y)) / s

There is no learnt gain, and the mean is not subtracted. A bias b_h is added to y. Sources: Ba, Kiros and
Hinton 2016, "Layer normalization", for normalising inside a recurrent step; Zhang and Sennrich 2019, "Root
mean square layer normalization".

The numbers of a gate are copied to all of its units before a product: NumPy allocates memory to stretch them.
"""

import numpy as np

from charseq.arrays import FloatArray, zeros

EPSILON = 1e-3
"""It bounds 1/s: a product that is zero, as in the first step of a text, stays zero."""


class Normalisation:
    """Normalises W h(t-1) for G gates over a window of T steps, and keeps what the way back needs.

    `shape` is that of W h(t-1): (G*H, N), or (G*H,) for one stream. The result for one of several streams
    does not depend on how many there are, to the last bit.
    """

    def __init__(self, num_gates: int, shape: tuple[int, ...], num_steps: int, dtype: np.dtype) -> None:
        self._gates = (num_gates, shape[0] // num_gates, *shape[1:])
        self._size = self._gates[1]
        self._y = zeros((num_steps, *self._gates), dtype)
        self._inverse = zeros((num_steps, num_gates, 1, *shape[1:]), dtype)
        self._mean, self._products = zeros(self._inverse.shape[1:], dtype), zeros(self._gates, dtype)

    def forward_(self, v: FloatArray, t: int = 0) -> None:
        """Replace the product v of step t by y."""
        v = v.reshape(self._gates)
        y, inverse = self._y[t], self._inverse[t]
        np.multiply(v, v, out=y)
        self._mean_of_units(y, out=inverse)
        inverse += EPSILON
        np.sqrt(inverse, out=inverse)
        np.reciprocal(inverse, out=inverse)
        np.copyto(y, inverse)
        y *= v
        v[...] = y

    def backward_(self, dy: FloatArray, t: int = 0) -> None:
        """Replace dy, the gradient of y at step t, by that of v."""
        dy = dy.reshape(self._gates)
        y, mean, products = self._y[t], self._mean, self._products
        np.multiply(dy, y, out=products)
        self._mean_of_units(products, out=mean)
        np.copyto(products, mean)
        products *= y
        dy -= products
        np.copyto(products, self._inverse[t])
        dy *= products

    def _mean_of_units(self, array: FloatArray, *, out: FloatArray) -> None:
        """Write the mean over the units of each gate, (G, 1, N), of `array` (G, H, N)."""
        np.add.reduce(array, axis=1, keepdims=True, out=out)
        out /= self._size
