"""Every report whole: its rows, its table at 80 columns, its sections of a page, each in one golden file."""

import json
from typing import Any

import pytest

from charseq.analysis.curves import curve_of
from charseq.analysis.weights import weights_of
from charseq.registry import REPORTS
from charseq.reports.curves import LearningCurves
from charseq.reports.info import StoredModel
from charseq.text.builtin import all_builtins
from tests.analysis.test_curves import OLD, RECORDS
from tests.golden_text import assert_golden
from tests.reports.builders import (
    ATTRIBUTED,
    CALIBRATION,
    COMPARED_TEXTS,
    CONTINUED,
    EACH_CHARS,
    EACH_SEGMENTS,
    EACH_WORDS,
    EMBEDDED,
    EVALUATED,
    FLOWS,
    FOUND,
    GATES,
    GUESSED,
    HARDEST,
    INSIDES,
    MIXED,
    NAMES,
    NEURONS,
    ORIGINS,
    SAMPLED,
    TEXT_STATES,
    TRAINED,
    TRUNCATED,
    UNROLLED,
    UNROLLED_NGRAM,
    WRITTEN,
    adapted_texts,
    cases,
    compared,
    confused,
    examined,
    grouped,
    one_text,
    prediction,
    rungs,
    several_texts,
    shown,
    words_of,
)
from tests.reports.checkpoints import counted, trained
from tests.reports.test_shown_text import shown_text

RESULTS: dict[str, list[Any]] = {
    "text": [one_text(), several_texts(), adapted_texts(1), adapted_texts(2)],
    **{by: [grouped(by)] for by in NAMES},
    "hardest": [HARDEST],
    "calibration": [CALIBRATION],
    "confusions": [confused()],
    "sample": [WRITTEN],
    "continuation": [CONTINUED],
    "case": [cases()],
    "each char": [EACH_CHARS],
    "each word": [EACH_WORDS],
    "each segment": [EACH_SEGMENTS],
    "each guess": [GUESSED],
    "prediction": [[prediction(), prediction("kin", "g", bits=40)], [prediction("hell", None)]],
    "steps": [[UNROLLED], [MIXED, UNROLLED_NGRAM]],
    **{f"compare {name}": [compared(2, 3, 2)] for name in ("model", "pair", "class", "passage")},
    "coloured text": [shown_text(("a.txt", ["ab\n", "c"]), ("b.txt", ["<"]))],
    "curve": [LearningCurves((curve_of("runs/a", RECORDS), curve_of("runs/old", OLD)))],
    "ladder": [rungs(), rungs(optimum=0.5)],
    "attribution": [ATTRIBUTED],
    "gradient flow": [FLOWS],
    "gradient origin": [ORIGINS],
    "truncation": [TRUNCATED],
    "neurons": [NEURONS],
    "gates": [GATES],
    "neuron gates": [INSIDES],
    "states": [TEXT_STATES],
    "embedding": [EMBEDDED],
    "found": [FOUND],
    "info": [StoredModel(*trained()), StoredModel(*counted())],
    "data builtin": [[*all_builtins()]],
    "weights": [weights_of(trained()[1])],
    **{f"data {name}": [COMPARED_TEXTS] for name in ("novelty", "copied")},
    **{f"data {name}": [examined()] for name in ("corpus", "remark", "advice")},
    "bench": [[TRAINED], [SAMPLED], [EVALUATED]],
}


def rounded(value: Any) -> Any:
    """Return a value whose last digits, which may differ between machines, are rounded off."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("key", list(REPORTS))
def test_a_report_is_what_its_golden_file_shows(key: str) -> None:
    """The rows with their fields in order, the table, and the words of the sections are those of the file."""
    report, parts = REPORTS[key], []
    for result in RESULTS[key]:
        rows = [json.dumps(rounded(row), ensure_ascii=False) for row in report.rows(result)]
        parts += ["# rows", *rows]
        if "--each" not in report.command and report.command != "sample":
            parts += ["# table", shown(report, result).rstrip("\n")]
            parts += ["# page", *(" | ".join(words_of(html)) for html in report.sections(result))]
    assert_golden(f"reports/{key.replace(' ', '-')}.txt", "\n".join([*parts, ""]))
