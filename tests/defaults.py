"""The settings as they are by default, and what is asked of them in several tests."""

from typing import Any

import pytest
from pydantic import BaseModel

from charseq.config import Settings
from charseq.errors import ConfigError

DEFAULT = Settings()
FIELDS = [(section, key) for section, values in DEFAULT for key in type(values).model_fields]


def message_of(layer: dict[str, Any], source: str = "charseq.toml") -> str:
    """Return the error that a layer above the default settings gives."""
    with pytest.raises(ConfigError) as caught:
        DEFAULT.with_layer(layer, source)
    return str(caught.value)


def help_of(section: str, key: str) -> str | None:
    """Return the description of a setting."""
    values: BaseModel = getattr(DEFAULT, section)
    return type(values).model_fields[key].description
