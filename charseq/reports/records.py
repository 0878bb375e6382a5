"""Rows for programs: JSON, YAML and tab-separated values, with the project's names and unrounded numbers.

The rows are documented in the README. Next room: `tables.py`, the same rows for people.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from charseq.predictor import Prediction
from charseq.score import Score

Row = dict[str, Any]


def evaluation_row(text: str, score: Score, seen: Score, *, seconds: float) -> Row:
    """Return the figures of one text; `seen` is the score of its characters that the vocabulary knows."""
    return {
        "text": text,
        "num_chars": score.num_chars,
        "num_bytes": score.num_bytes,
        "num_unseen": score.num_unseen,
        "nats_per_char": score.nats_per_char,
        "bits_per_char": score.bits_per_char,
        "bits_per_byte": score.bits_per_byte,
        "perplexity": score.perplexity,
        "word_perplexity": score.word_perplexity,
        "accuracy": score.accuracy,
        "top5_accuracy": score.top5_accuracy,
        "seen_bits_per_char": seen.bits_per_char,
        "seen_perplexity": seen.perplexity,
        "chars_per_second": score.num_chars / seconds if seconds > 0 else math.nan,
    }


def prediction_row(prediction: Prediction) -> Row:
    """Return one prediction; what depends on a target is None where there is none."""
    return {
        "prefix": prediction.prefix,
        "target": prediction.target,
        "probability": prediction.probability,
        "rank": prediction.rank,
        "bits": prediction.bits,
        "entropy": prediction.entropy,
        "top": [{"char": guess.char, "probability": guess.probability} for guess in prediction.top],
    }


def write_json(rows: Iterable[Row], file: TextIO) -> None:
    """Write the rows as one JSON list, a row a line; numbers that JSON lacks become null."""
    separator = "["
    for row in rows:
        file.write(f"{separator}{_json(row)}")
        separator = ",\n "
    file.write("[]\n" if separator == "[" else "]\n")


def write_yaml(rows: Iterable[Row], file: TextIO) -> None:
    """Write the rows as one YAML list."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes what does not print: PyYAML would fold U+0085 and its like into spaces."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"'
        )

    Dumper.add_representer(str, represent)
    yaml.dump(list(rows), file, Dumper, sort_keys=False, allow_unicode=True)


def write_tsv(rows: Iterable[Row], file: TextIO) -> None:
    r"""Write a header and a line for each row as it comes.

    Backslash, tab, newline and carriage return are written \\, \t, \n and \r; lists are JSON; None is empty.
    """
    columns: list[str] = []
    for row in rows:
        if not columns:
            columns = list(row)
            file.write("\t".join(columns) + "\n")
        file.write("\t".join(_cell(row[column]) for column in columns) + "\n")
        file.flush()


REPORTS: Mapping[str, Callable[[Iterable[Row], TextIO], None]] = {
    "json": write_json,
    "yaml": write_yaml,
    "tsv": write_tsv,
}
"""Every machine format by its name; the format «table» is for people."""


def write_rows(rows: Iterable[Row], format_name: str, file: TextIO) -> None:
    """Write `rows` in one of the REPORTS formats."""
    REPORTS[format_name](rows, file)


def _json(value: Any) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
    return repr(value) if isinstance(value, float) else _json(value)
