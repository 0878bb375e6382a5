"""The Python interface: load a model, score, predict and sample text with it, or train a new model.

    >>> import charseq
    >>> model = charseq.load("runs/pydoc")
    >>> model.score("hello").bits_per_char
    >>> model.sample("The ", length=300, temperature=0.5, seed=2)

Nothing is printed. Errors are `charseq.CharseqError`, with a message of one sentence.
"""

from charseq.api.model import Model, load
from charseq.api.texts import attribute, compare, evaluate
from charseq.api.training import mix, train

__all__ = ["Model", "attribute", "compare", "evaluate", "load", "mix", "train"]
