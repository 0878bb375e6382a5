"""Settings as keywords of functions in Python."""

import os
from collections.abc import Sequence
from typing import Any

from charseq.config import Layers, Settings, suggest
from charseq.errors import ConfigError


def layers_of(base: Settings, keywords: dict[str, Any], sections: Sequence[str]) -> Layers:
    """Return the settings in `keywords`, which are names without a section, as a layer for each.

    Raises ConfigError for an unknown name, with the most similar known one.
    """
    owners = {key: name for name in sections for key in type(getattr(base, name)).model_fields}
    for key in keywords:
        if key not in owners:
            raise ConfigError(
                f"unknown setting {key}{suggest(key, list(owners))}; known: {', '.join(owners)}"
            )
    return [
        ({owners[key]: {key: os.fspath(value) if isinstance(value, os.PathLike) else value}}, key)
        for key, value in keywords.items()
    ]
