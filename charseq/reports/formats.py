"""Rows for programs: JSON, YAML, tab- and comma-separated values, with unrounded numbers.

The rows are documented in the README. Next room: `tables.py`, the same rows for people.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from charseq.analysis.calibration import Bin
from charseq.analysis.figures import Figures
from charseq.analysis.hardest import HardChar
from charseq.analysis.ranking import Group
from charseq.scoring import Prediction, Score, bits

Row = dict[str, Any]

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What a terminal may obey: C0, DEL, C1, the ends of lines and paragraphs, and changes of direction."""
NO_TEXT = re.compile(f"{CONTROLS.pattern}|[\ud800-\udfff]")
"""These, and halves of characters."""


def evaluation_row(figures: Figures, *, model: str, text: str) -> Row:
    """Return the figures of one model on one text."""
    return {"report": "text", "model": model, "text": text, **figure_fields(figures)}


def figure_fields(figures: Figures) -> Row:
    """Return all that is said of a whole text."""
    score, seen, seconds = figures.score, figures.seen, figures.seconds
    return {
        "num_chars": score.num_chars,
        "num_bytes": score.num_bytes,
        "num_unseen": score.num_unseen,
        "nats_per_char": score.nats_per_char,
        "bits_per_char": score.bits_per_char,
        "bits_per_char_error": figures.standard_error,
        "bits_per_byte": score.bits_per_byte,
        "perplexity": score.perplexity,
        "word_perplexity": score.word_perplexity,
        "accuracy": score.accuracy,
        "top5_accuracy": score.top5_accuracy,
        "seen_bits_per_char": seen.bits_per_char,
        "seen_perplexity": seen.perplexity,
        "calibration_error": figures.calibration.error,
        "chars_per_second": score.num_chars / seconds if seconds > 0 else math.nan,
    }


def score_fields(score: Score) -> Row:
    """Return what is said of the characters that have something in common."""
    return {
        "num_chars": score.num_chars,
        "num_unseen": score.num_unseen,
        "nats": score.nats,
        "bits": bits(score.nats),
        "nats_per_char": score.nats_per_char,
        "bits_per_char": score.bits_per_char,
        "perplexity": score.perplexity,
        "accuracy": score.accuracy,
    }


def group_rows(grouping: str, groups: Iterable[Group], total: Score) -> list[Row]:
    """Return the figures of each group of a `total`; chunks also with the average from the beginning."""
    rows = []
    for group in groups:
        row = {
            "report": grouping,
            "group": group.name,
            "count": group.count,
            "file": group.file,
            "offset": group.offset,
            "share": group.score.nats / total.nats if total.nats else math.nan,
            **score_fields(group.score),
        }
        if grouping == "chunk":
            row["running_bits_per_char"] = None if group.so_far is None else group.so_far.bits_per_char
        rows.append(row)
    return rows


def hardest_row(hard: HardChar, vocab: Sequence[str]) -> Row:
    """Return one surprising character in its context, with what was expected instead."""
    guesses = zip(hard.guesses, hard.probabilities, strict=True)
    return {
        "report": "hardest",
        "bits": hard.bits,
        "probability": 2**-hard.bits,
        "rank": hard.rank,
        "char": hard.char,
        "before": hard.before,
        "after": hard.after,
        "file": hard.file,
        "offset": hard.offset,
        "top": [{"char": vocab[token], "probability": probability} for token, probability in guesses],
    }


def calibration_row(part: Bin) -> Row:
    """Return one bin of a reliability table."""
    return {"report": "calibration"} | asdict(part)


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
    try:
        for row in rows:
            file.write(f"{separator}{_json(row)}")
            separator = ",\n "
    finally:
        if separator != "[":  # what came before an error is a list, too
            file.write("]\n")
    if separator == "[":
        file.write("[]\n")


def write_jsonl(rows: Iterable[Row], file: TextIO) -> None:
    """Write each row as a line of JSON, as it comes."""
    for row in rows:
        file.write(_json(row) + "\n")
        file.flush()


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
    text = yaml.dump(list(rows), None, Dumper, sort_keys=False, allow_unicode=True)
    file.write(CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text))


def write_tsv(rows: Iterable[Row], file: TextIO) -> None:
    r"""Write a header and a line for each row as it comes.

    Backslash, tab, newline, carriage return and other controls are written \\, \t, \n, \r and as in \x1b;
    lists are JSON; None is empty. Where other columns begin, there is an empty line and a header of its own.
    """
    for line in _with_headers(rows):
        file.write("\t".join(_cell(_escaped(value)) for value in line) + "\n")
        file.flush()


def write_csv(rows: Iterable[Row], file: TextIO) -> None:
    """Write comma-separated values as RFC 4180 has them, but with single newlines; else as `write_tsv`."""
    for line in _with_headers(rows):
        quoted = io.StringIO()
        csv.writer(quoted).writerow(map(_cell, line))  # which would not quote \r if lines ended in \n
        file.write(quoted.getvalue().removesuffix("\r\n") + "\n")
        file.flush()


def _with_headers(rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Yield a header, and the values of the rows that have these columns; an empty line before the next."""
    columns: list[str] = []
    for row in rows:
        if columns != list(row):
            yield from [[]] * bool(columns)
            columns = list(row)
            yield columns
        yield list(row.values())


REPORTS: Mapping[str, Callable[[Iterable[Row], TextIO], None]] = {
    "json": write_json,
    "jsonl": write_jsonl,
    "yaml": write_yaml,
    "tsv": write_tsv,
    "csv": write_csv,
}
"""Every machine format by its name; the format «table» is for people."""


def write_rows(rows: Iterable[Row], format_name: str, file: TextIO) -> None:
    """Write `rows` in one of the REPORTS formats."""
    REPORTS[format_name](rows, file)


def _json(value: Any) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False)
    return NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _escaped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    escaped = value.replace("\\", r"\\")
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), escaped)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else _json(value)
