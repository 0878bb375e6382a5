"""The manual: one Markdown page per topic, in this directory. `charseq help TOPIC` shows a page."""

from importlib.resources import files

from charseq.config import suggest
from charseq.errors import ConfigError

TOPICS = {
    "tutorial": "from the first model to comparing models and looking inside them",
    "teachers": "a lesson in ten commands: which models remember, for how long, and why",
    "commands": "each command: its arguments, options and examples",
    "settings": "each setting: its meaning, default, option and environment variable",
    "fields": "the fields of each report, in json, jsonl, yaml, tsv and csv",
    "python": "using models from Python: load, score, predict, sample, train, mix",
    "steering": "temperature, filters, constraints and the likeliest texts: how to steer what is written",
    "method": "from the equations to the code, and how figures are computed",
    "guarantees": "what is promised of runs, files, errors and exit codes, and what is not",
    "machines": "training one model on several machines, also over slow networks",
    "performance": "how good the models are and how fast they train, with the commands to check it",
    "model-files": "the format of model files, and how to load one into PyTorch",
    "extending": "adding a cell, a tokenizer, an optimizer, a loss or a report; who may import whom",
    "changes": "what each version changed",
}
"""The topics in the order of reading, each with one line about its page."""


def read_page(topic: str) -> str:
    """Return the Markdown text of a page. Raises ConfigError for a topic that does not exist."""
    if topic not in TOPICS:
        known = ", ".join(TOPICS)
        raise ConfigError(f"no topic {topic!r} in the manual{suggest(topic, list(TOPICS))}; topics: {known}")
    return files(__name__).joinpath(f"{topic}.md").read_text(encoding="utf-8")


__all__ = ["TOPICS", "read_page"]
