"""The compiled twin of `embedding.lookup_with_bias`, which writes each number once, with its bias."""

from charseq.arrays import FloatArray, TokenArray
from charseq.backend import compiled


@compiled
def lookup_with_bias(matrix: FloatArray, tokens: TokenArray, bias: FloatArray, out: FloatArray) -> None:
    """Write `bias` (D, N) plus the columns of `matrix` (D, V) for `tokens` (T, N) to `out` (T, D, N)."""
    num_steps, num_rows, num_streams = out.shape
    for t in range(num_steps):
        for d in range(num_rows):
            for n in range(num_streams):
                token = tokens[t, n]
                out[t, d, n] = bias[d, n] + matrix[d, token] if token >= 0 else bias[d, n]
