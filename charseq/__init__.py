"""charseq: character-level language models on an ordinary computer.

The public names are loaded when they are first used: a command that needs none of them starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charseq.checkpoint import Checkpoint as Checkpoint
    from charseq.config import Settings as Settings
    from charseq.directory import find_model as find_model
    from charseq.errors import CharseqError as CharseqError
    from charseq.evaluator import Scorer as Scorer
    from charseq.network import CharModel as CharModel
    from charseq.predictor import Predictor as Predictor
    from charseq.run import Run as Run
    from charseq.sampler import sample as sample
    from charseq.trainer import Trainer as Trainer

__version__ = "0.1.0"

_HOMES = {
    "CharModel": "network",
    "CharseqError": "errors",
    "Checkpoint": "checkpoint",
    "Predictor": "predictor",
    "Run": "run",
    "Scorer": "evaluator",
    "Settings": "config",
    "Trainer": "trainer",
    "find_model": "directory",
    "sample": "sampler",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'charseq' has no attribute {name!r}")
    return getattr(import_module(f"charseq.{_HOMES[name]}"), name)
