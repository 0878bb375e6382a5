"""Models compared, as rows and as tables: every report whole, with any names and any number of models."""

import io
import json
import math
import re
from html import unescape

import numpy as np
import pytest
from rich.console import Console

from charseq.analysis.comparison import Comparison
from charseq.reports.comparison import ModelFacts, comparison_page, comparison_rows, comparison_tables
from charseq.reports.formats import Row
from charseq.scoring.scorer import Surprisal

LN2 = math.log(2)
PART = "abé 1\n "
TEXT = PART * 300
"""2,100 characters, the shortest text but a little of which anything can be told."""
NAMES = ("runs/rnn", "runs/lstm", "runs/gru")
HOSTILE = "a\x1b[31m[red]b :smile: <b>"
HARMLESS = r"a\x1b[31m[red]b :smile: <b>"


def compared(text: str, *costs: float, file: str = "a.txt", num_passages: int = 1) -> Comparison:
    """Return the comparison of models that pay so many bits for a letter, and one for anything else."""
    comparison = Comparison(len(costs), num_passages=num_passages)
    comparison.begin(file)
    surprisals = []
    for cost in costs:
        nats = np.array([(cost if char.isalpha() else 1) * LN2 for char in text])
        ranks = np.array([1 if char == "a" else 0 if char == "1" else 2 for char in text], np.int32)
        num_bytes = np.array([len(char.encode()) for char in text], np.int32)
        surprisals.append(Surprisal(nats, ranks, np.exp(-nats), num_bytes, num_words=len(text.split())))
    comparison.add(text, surprisals, seconds=[2.0] * len(costs))
    return comparison


def facts(*names: str) -> list[ModelFacts]:
    """Return models of these names."""
    return [ModelFacts(name, f"gru {k} x 256", 1000 * k, 4000 * k) for k, name in enumerate(names, start=1)]


def rows_of(
    *costs: float, names: tuple[str, ...] = NAMES, text: str = TEXT, num_passages: int = 1
) -> list[Row]:
    """Return all rows of models that pay so many bits for a letter."""
    return comparison_rows(facts(*names[: len(costs)]), compared(text, *costs, num_passages=num_passages))


def report(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if row["report"] == name]


def shown(rows: list[Row], *, width: int = 80) -> str:
    """Return what a terminal of that width shows, an empty line between reports."""
    pages = []
    for part in comparison_tables(rows):
        file = io.StringIO()
        Console(file=file, width=width, force_terminal=False).print(part)
        pages.append("".join(line.rstrip() + "\n" for line in file.getvalue().splitlines()))
    return "\n".join(pages)


# ---- rows


def test_the_row_of_a_model() -> None:
    """A model has its size and its figures."""
    comparison = compared(TEXT, 2, 3, 4)
    first, second, third = report(comparison_rows(facts(*NAMES), comparison), "model")
    assert list(map(type, first.values())) == [str, str, str, *[int] * 5, *[float] * 12]
    bits = (3 * 2 + 4) / 7
    assert first == {
        "report": "model",
        "model": "runs/rnn",
        "kind": "gru 1 x 256",
        "num_parameters": 1000,
        "num_file_bytes": 4000,
        "num_chars": 2100,
        "num_bytes": 2400,
        "num_unseen": 300,
        "nats_per_char": pytest.approx(bits * LN2),
        "bits_per_char": pytest.approx(bits),
        "bits_per_char_error": comparison.figures[0].standard_error,
        "bits_per_byte": pytest.approx(bits * 7 / 8),
        "perplexity": pytest.approx(2**bits),
        "word_perplexity": pytest.approx(2 ** (bits * 7 / 2)),
        "accuracy": pytest.approx(1 / 7),
        "top5_accuracy": pytest.approx(6 / 7),
        "seen_bits_per_char": pytest.approx(1.5),
        "seen_perplexity": pytest.approx(2**1.5),
        "calibration_error": comparison.figures[0].calibration.error,
        "chars_per_second": 1050,
    }
    assert [row["model"] for row in (second, third)] == ["runs/lstm", "runs/gru"]
    assert [row["bits_per_char"] for row in (second, third)] == pytest.approx([13 / 7, 16 / 7])


def test_the_row_of_a_pair() -> None:
    """A pair has its difference in both units, each with its own error and interval."""
    comparison = compared(TEXT, 2, 3, 5)
    pairs = report(comparison_rows(facts(*NAMES), comparison), "pair")
    assert [(row["a"], row["b"]) for row in pairs] == [
        *(("runs/rnn", "runs/lstm"), ("runs/rnn", "runs/gru"), ("runs/lstm", "runs/gru"))
    ]
    for row, difference in zip(pairs, comparison.differences, strict=True):
        assert list(row)[3:] == [
            f"bits_per_{unit}_{figure}"
            for unit in ("char", "byte")
            for figure in ("difference", "error", "low", "high")
        ] + ["verdict"]
        for unit, estimate in (("char", difference.bits_per_char), ("byte", difference.bits_per_byte)):
            figures = [row[f"bits_per_{unit}_{figure}"] for figure in ("difference", "error", "low", "high")]
            assert figures == [estimate.value, estimate.error, estimate.low, estimate.high]
    assert [row["bits_per_char_difference"] for row in pairs] == pytest.approx([-3 / 7, -9 / 7, -6 / 7])
    assert [row["verdict"] for row in pairs] == ["a is better"] * 3


def test_the_rows_of_a_class() -> None:
    """A class has a row for each model; the best one is the one that pays least, or all that do."""
    classes = report(rows_of(3, 2, 2), "class")
    assert [(row["group"], row["model"]) for row in classes] == [
        (name, model) for name in ("letter", "space", "digit", "newline") for model in NAMES
    ]
    assert [row["best"] for row in classes] == [False, True, True, *[True] * 9]
    assert classes[0] == {
        "report": "class",
        "group": "letter",
        "model": "runs/rnn",
        "num_chars": 900,
        "num_unseen": 0,
        "nats": pytest.approx(2700 * LN2),
        "bits": pytest.approx(2700),
        "nats_per_char": pytest.approx(3 * LN2),
        "bits_per_char": pytest.approx(3),
        "perplexity": pytest.approx(8),
        "accuracy": pytest.approx(1 / 3),
        "best": False,
    }
    assert [row["num_unseen"] for row in classes[6:9]] == [300] * 3


def test_the_rows_of_a_passage() -> None:
    """A passage has a row for each model, with its place and its text as it is."""
    first, second = report(rows_of(2, 3, text="éa\n" * 22), "passage")
    assert (first["model"], second["model"]) == NAMES[:2]
    assert second == {
        "report": "passage",
        "file": "a.txt",
        "offset": 0,
        "text": ("éa\n" * 22)[:64],
        "model": "runs/lstm",
        "num_chars": 64,
        "nats": pytest.approx((43 * 3 + 21) * LN2),
        "bits": pytest.approx(43 * 3 + 21),
        "bits_per_char": pytest.approx((43 * 3 + 21) / 64),
    }


def test_rows_come_report_by_report() -> None:
    """All rows of a report stand together, with the same fields, so that each is a table for programs."""
    rows = rows_of(2, 3, 4, num_passages=2)
    names = [row["report"] for row in rows]
    assert names == ["model"] * 3 + ["pair"] * 3 + ["class"] * 12 + ["passage"] * 6
    assert len({(row["report"], *row) for row in rows}) == 4
    assert json.loads(json.dumps(rows)) == rows


# ---- tables

WHOLE = """\
Models
                             runs/rnn    runs/lstm     runs/gru
───────────────────────────────────────────────────────────────
kind                      gru 1 x 256  gru 2 x 256  gru 3 x 256
parameters                      1,000        2,000        3,000
file (bytes)                    4,000        8,000       12,000
characters                      3,072        3,072        3,072
bytes                           3,072        3,072        3,072
unseen characters                   0            0            0
nats per character             1.0397       1.7329       1.0397
bits per character             1.5000       2.5000       1.5000
standard error of that         0.0000       0.0000       0.0000
bits per byte                  1.5000       2.5000       1.5000
perplexity per character       2.8284       5.6569       2.8284
perplexity per word              64.0      1,024.0         64.0
top-1 accuracy (%)              25.0%        25.0%        25.0%
top-5 accuracy (%)             100.0%       100.0%       100.0%
calibration error (%)           37.5%        46.9%        37.5%
characters per second           1,536        1,536        1,536

Differences in bits, a - b: less than 0 where a is better
   models     verdict              a - b (bits)  ± error       95 % interval
────────────────────────────────────────────────────────────────────────────
a  runs/rnn   a is better          -1.0000/char   0.0000  -1.0000 to -1.0000
b  runs/lstm                       -1.0000/byte   0.0000  -1.0000 to -1.0000
a  runs/rnn   no difference shown  +0.0000/char   0.0000  +0.0000 to +0.0000
b  runs/gru                        +0.0000/byte   0.0000  +0.0000 to +0.0000
a  runs/lstm  b is better          +1.0000/char   0.0000  +1.0000 to +1.0000
b  runs/gru                        +1.0000/byte   0.0000  +1.0000 to +1.0000

Bits per character of each class of characters
class    best   characters  runs/rnn  runs/lstm  runs/gru
─────────────────────────────────────────────────────────
letter   equal       1,536    2.0000     4.0000    2.0000
newline  equal         768    1.0000     1.0000    1.0000
space    equal         768    1.0000     1.0000    1.0000

Passages of 64 characters on which the models differ most, with the bits of each
passage                file   offset (characters)  runs/rnn  runs/lstm  runs/gru
────────────────────────────────────────────────────────────────────────────────
ab␣\\nab␣\\nab␣\\nab␣\\na  a.txt                    0      96.0      160.0      96.0
b␣\\nab␣\\nab␣\\nab␣\\nab
␣\\nab␣\\nab␣\\nab␣\\nab␣
\\nab␣\\nab␣\\nab␣\\n
"""


def test_the_whole_table() -> None:
    """All reports one after the other, each under its heading, with every unit, in 80 columns."""
    rows = rows_of(2, 4, 2, text="ab \n" * 768)
    assert shown(rows) == WHOLE


def test_a_short_text() -> None:
    """Where nothing can be told there is no error and no interval, and the verdict says so."""
    lines = shown(rows_of(2, 3, names=("x", "y"), text=PART * 10)).split("\n")
    pair = next(line for line in lines if line.startswith("a  x"))
    assert " ".join(pair.split()) == "a x too short to tell -0.4286/char"
    assert "standard error of that" in lines


def test_the_best_of_a_class() -> None:
    """The best model is named where it is one."""
    lines = shown(rows_of(4, 3, 5)).split("\n")
    (letters,) = [line.split() for line in lines if line.startswith("letter")]
    assert letters == ["letter", "runs/lstm", "900", "4.0000", "3.0000", "5.0000"]


def test_models_that_agree_have_no_passages() -> None:
    """Where there is no passage on which the models differ, there is no table of them."""
    assert "Passages" not in shown(rows_of(2, 2))
    assert "Passages" not in shown(rows_of(2, 3, num_passages=0))
    assert "Passages" in shown(rows_of(2, 3))


def numbers(text: str) -> list[str]:
    """Return all numbers with a point, in their order."""
    return re.findall(r"\d+\.\d+", text)


@pytest.mark.parametrize("num_models", [2, 3, 4, 7])
@pytest.mark.parametrize("stem", ["m", "runs/tales-of-a-far-country-", "verzeichnis/" * 5, "모델"])
def test_any_names_of_any_number_of_models(stem: str, num_models: int) -> None:
    """In 80 columns names fold and many models take several tables, but nothing is cut or lost."""
    names = tuple(f"{stem}{k}" for k in range(num_models))
    rows = rows_of(1, *range(1, num_models), names=names, num_passages=3)
    narrow, wide = shown(rows), shown(rows, width=1000)
    assert numbers(narrow) == numbers(wide)
    assert sorted(re.sub(r"[\s─]", "", narrow)) == sorted(re.sub(r"[\s─]", "", wide))
    intervals = re.findall(r"[+-]\d\.\d{4} to [+-]\d\.\d{4}\n", narrow)
    assert len(intervals) == num_models * (num_models - 1)
    assert all(name in wide for name in names)
    assert narrow.count("Models") == math.ceil(num_models / 3)


def test_names_and_texts_are_shown_as_they_are() -> None:
    """Nothing in a name, a file or a text is obeyed by a terminal, or taken for markup."""
    comparison = compared(HOSTILE * 4, 2, 3, file=HOSTILE)
    out = shown(comparison_rows(facts(HOSTILE, "b"), comparison), width=500)
    assert HARMLESS in out
    assert HARMLESS.replace(" ", "␣") in out
    assert "\x1b" not in out
    assert out.count(HARMLESS) == 6


# ---- page


def test_the_page() -> None:
    """The page has all reports, with the same figures as the tables, and all models beside each other."""
    rows = rows_of(2, 3, 4, 5, 6, names=("x", "y", "z", "u", HOSTILE), num_passages=2)
    html = comparison_page(rows)
    headings = re.findall("<h2>(.*?)</h2>", html)
    assert [heading.split()[0] for heading in headings] == ["Models", "Differences", "Bits", "Passages"]
    body = unescape(html.partition("<body>")[2].partition("<footer>")[0])
    assert sorted(numbers(re.sub("<.*?>", " ", body))) == sorted(numbers(shown(rows, width=1000)))
    assert "\x1b" not in html
    assert "[red]b :smile: &lt;b&gt;" in html
    assert "<title>Compared: x, y, z, u, " in html
