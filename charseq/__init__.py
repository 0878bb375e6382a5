"""charseq: character-level language models on an ordinary computer.

The public names are loaded when they are first used: a command that needs none of them starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charseq.config import Settings as Settings
    from charseq.errors import CharseqError as CharseqError
    from charseq.network import CharModel as CharModel
    from charseq.runs.checkpoint import Checkpoint as Checkpoint
    from charseq.runs.directory import find_model as find_model
    from charseq.runs.run import Run as Run
    from charseq.sampling.sampler import sample as sample
    from charseq.scoring.predictor import Predictor as Predictor
    from charseq.scoring.scorer import Scorer as Scorer
    from charseq.training.trainer import Trainer as Trainer

from charseq.version import __version__ as __version__

_HOMES = {
    "CharModel": "network",
    "CharseqError": "errors",
    "Checkpoint": "runs.checkpoint",
    "Predictor": "scoring.predictor",
    "Run": "runs.run",
    "Scorer": "scoring.scorer",
    "Settings": "config",
    "Trainer": "training.trainer",
    "find_model": "runs.directory",
    "sample": "sampling.sampler",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'charseq' has no attribute {name!r}")
    return getattr(import_module(f"charseq.{_HOMES[name]}"), name)
