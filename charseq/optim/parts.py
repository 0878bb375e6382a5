"""Parts of a network that do not learn, or learn at a rate of their own: the settings freeze and rate_scale.

A part is named as its parameters are: "layers.0" is every parameter of that layer, "layers.0.W" one of them.
"""

from collections.abc import Iterable

from charseq.config import OptimConfig, suggest
from charseq.errors import ConfigError
from charseq.network.parameters import Parameters


def parts_of(names: Iterable[str]) -> list[str]:
    """Return every part that can be named: for "layers.0.U" also "layers.0" and "layers"."""
    words = [name.split(".") for name in names]
    return sorted({".".join(some[:end]) for some in words for end in range(1, len(some) + 1)})


def is_in(name: str, part: str) -> bool:
    """Return whether the parameter `name` belongs to a part."""
    return name == part or name.startswith(f"{part}.")


def frozen_names(optim: OptimConfig, names: Iterable[str]) -> frozenset[str]:
    """Return the names among those of all parameters that do not learn.

    Raises ConfigError for a part that does not exist, and if nothing is left that learns.
    """
    known = list(names)
    for part in optim.freeze:
        _check("optim.freeze", part, known)
    frozen = frozenset(name for name in known if any(is_in(name, part) for part in optim.freeze))
    if known and len(frozen) == len(known):
        raise ConfigError(f"optim.freeze={','.join(optim.freeze)} leaves nothing to learn: leave a part out")
    return frozen


def num_frozen(optim: OptimConfig, params: Parameters) -> int:
    """Return the number of numbers in the parameters that do not learn."""
    return sum(params[name].size for name in frozen_names(optim, params))


def rate_scales(optim: OptimConfig, names: Iterable[str]) -> dict[str, float]:
    """Return the factor of the learning rate for each parameter that has one other than 1.

    Of several parts that a parameter belongs to, the one with the longest name counts. Raises ConfigError for
    a part that does not exist.
    """
    known, scales = list(names), dict[str, float]()
    for part, scale in sorted(optim.scales.items(), key=lambda pair: len(pair[0])):
        _check("optim.rate_scale", part, known)
        scales |= {name: scale for name in known if is_in(name, part)}
    return {name: scale for name, scale in scales.items() if scale != 1}


def _check(setting: str, part: str, names: list[str]) -> None:
    known = parts_of(names)
    if part not in known:
        near = suggest(part, known)
        raise ConfigError(f"{setting}: no part of this network is called {part!r}{near}: {', '.join(known)}")
