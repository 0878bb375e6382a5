"""charseq: character-level language models on an ordinary computer.

    >>> import charseq
    >>> model = charseq.train("novel.txt", cell="lstm", max_time="2m", output="runs/novel")
    >>> model.next("hell").top[0].char
    >>> charseq.load("runs/novel").score("hello").perplexity

`dir(charseq)` lists the public names. They are loaded when they are first used, so that importing is quick;
nothing is printed and no signal handler is changed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from charseq.version import __version__ as __version__

if TYPE_CHECKING:
    from charseq.api import Model as Model
    from charseq.api import attribute as attribute
    from charseq.api import compare as compare
    from charseq.api import evaluate as evaluate
    from charseq.api import load as load
    from charseq.api import mix as mix
    from charseq.api import train as train
    from charseq.errors import CharseqError as CharseqError

_HOMES = {
    "CharseqError": "errors",
    "Model": "api",
    "attribute": "api",
    "compare": "api",
    "evaluate": "api",
    "load": "api",
    "mix": "api",
    "train": "api",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'charseq' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"charseq.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
