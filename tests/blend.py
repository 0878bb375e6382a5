"""A network, n-grams and their mixture, made once for all tests; nothing is to be written to them."""

from pathlib import Path
from typing import NamedTuple

import charseq
from charseq.files import write_atomically

TALES = (Path(__file__).parents[1] / "data" / "tales.txt").read_bytes()[:6000]


class Blend(NamedTuple):
    """The text and the run directories, as absolute paths."""

    text: str
    gru: str
    ngram: str
    both: str

    @classmethod
    def make(cls, folder: Path) -> "Blend":
        """Make all of them in an empty folder."""
        names = cls(*(str(folder / name) for name in ("tales.txt", "gru", "ngram", "both")))
        write_atomically(Path(names.text), TALES)
        small = {"hidden_size": 8, "seq_length": 16, "batch_size": 8, "max_steps": 60, "threads": 1}
        charseq.train(names.text, output=names.gru, backend="numpy", learning_rate=0.02, **small)
        charseq.train(names.text, output=names.ngram, kind="ngram", order=3)
        charseq.mix([names.gru, names.ngram], output=names.both)
        return names
