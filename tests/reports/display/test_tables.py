"""Rows for people: which lines and columns there are, and that nothing in them is obeyed or interpreted."""

import io
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from charseq import bench
from charseq.analysis.calibration import Bin
from charseq.analysis.figures import Figures
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.hardest import HardChar
from charseq.analysis.ranking import Group
from charseq.bench import SHAPES, TRAIN_SHAPES, Shape
from charseq.reports import (
    Row,
    calibration_row,
    evaluation_row,
    group_rows,
    hardest_row,
    prediction_row,
)
from charseq.reports.display.tables import (
    CONTEXT,
    GROUP_CHARS,
    bench_table,
    calibration_table,
    evaluation_table,
    facts_table,
    groups_table,
    hardest_table,
    predictions_table,
)
from charseq.reports.display.visible import visible
from charseq.scoring.predictor import Guess, Prediction
from charseq.scoring.score import Score

SCORE = Score(
    num_chars=1234567, num_bytes=1234568, num_words=200000, num_top1=617284, num_top5=1000000, nats=1.5e6
)
FIGURES = [
    *("characters", "bytes", "unseen characters", "nats per character", "bits per character"),
    *("standard error of that", "bits per byte", "perplexity per character", "perplexity per word"),
    *("top-1 accuracy (%)", "top-5 accuracy (%)", "calibration error (%)"),
]
HOSTILE = "a\x1b[31m[red]b :smile:\n"
HARMLESS = r"a\x1b[31m[red]b␣:smile:\n"


def lines_of(table: Table, *, width: int = 500) -> list[str]:
    """Return what a table looks like, with single blanks between words and headers on one line."""
    for column in table.columns:
        if isinstance(column.header, str):
            column.header = re.sub("-\n|(?<=/)\n", "", column.header).replace("\n", " ")
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(table)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def coloured(table: Table) -> str:
    """Return what a terminal is sent."""
    file = io.StringIO()
    Console(file=file, width=300, force_terminal=True, color_system="standard", _environ={}).print(table)
    return file.getvalue()


def row_of(
    score: Score = SCORE,
    seen: Score = SCORE,
    *,
    text: str = "a.txt",
    model: str = "runs/a",
    error: float = 0.0123,
) -> Row:
    """Return the row of a text."""
    figures = Figures()
    figures.score, figures.seen, figures.seconds = score, seen, 2.0
    row = evaluation_row(figures, model=model, text=text)
    return row | {"bits_per_char_error": error, "calibration_error": 0.0456}


def answer(prefix: str = "hell", target: str | None = "o", **more: Any) -> Row:
    """Return the row of a prediction."""
    probability, rank, bits = (0.5, 1, 1.0) if target else (None, None, None)
    guesses = (Guess("o", 0.5), Guess(" ", 0.25), Guess("\n", 0.125))
    return prediction_row(Prediction(prefix, target, probability, rank, bits, 2.5, guesses)) | more


# ---- texts


def test_one_text() -> None:
    """Each figure has a line with its unit and a fixed number of digits."""
    assert lines_of(evaluation_table([row_of()])) == [
        "a.txt",
        lines_of(evaluation_table([row_of()]))[1],
        "characters 1,234,567",
        "bytes 1,234,568",
        "unseen characters 0",
        "nats per character 1.2150",
        "bits per character 1.7529",
        "standard error of that 0.0123",
        "bits per byte 1.7529",
        "perplexity per character 3.3703",
        "perplexity per word 1,808.0",
        "top-1 accuracy (%) 50.0%",
        "top-5 accuracy (%) 81.0%",
        "calibration error (%) 4.6%",
        "characters per second 617,284",
    ]


def test_the_name_of_a_text_is_shown_as_it_is() -> None:
    """A space in the name of a text is a space."""
    assert lines_of(evaluation_table([row_of(text="test part")]))[0] == "test part"


def test_several_texts() -> None:
    """Each text has a line with its main figures, begun by its name."""
    with_unseen = row_of(Score(num_chars=10, num_bytes=20, num_unseen=3, nats=10), text="my text.txt")
    header, _, *lines = lines_of(evaluation_table([row_of(), with_unseen, row_of(text="total")]))
    assert header == "text chars unseen nats/char bits/char ± bits bits/byte perplexity"
    assert lines == [
        "a.txt 1,234,567 0 1.2150 1.7529 0.0123 1.7529 3.370",
        "my text.txt 10 3 1.0000 1.4427 0.0123 0.7213 2.718",
        "total 1,234,567 0 1.2150 1.7529 0.0123 1.7529 3.370",
    ]


def test_texts_without_unseen_characters() -> None:
    """Where no text has unseen characters there is no column for them."""
    header, _, *lines = lines_of(evaluation_table([row_of(), row_of(text="total")]))
    assert header == "text chars nats/char bits/char ± bits bits/byte perplexity"
    assert lines[0] == "a.txt 1,234,567 1.2150 1.7529 0.0123 1.7529 3.370"


def test_several_models() -> None:
    """Models on one text have a line each, begun by the model; the text, which is the same, is left out."""
    half = Score(num_chars=1234567, num_bytes=1234568, nats=7.5e5)
    header, _, *lines = lines_of(evaluation_table([row_of(), row_of(half, model="ngram:6")]))
    assert header == "model chars nats/char bits/char ± bits bits/byte perplexity"
    assert [line.split()[0] for line in lines] == ["runs/a", "ngram:6"]
    assert [line.split()[3] for line in lines] == ["1.7529", "0.8764"]


def test_several_texts_and_models() -> None:
    """Where there are several of both, all names are there, and the lines keep their order."""
    rows = [row_of(text=text, model=model) for text in ("a.txt", "total") for model in ("runs/a", "uniform")]
    shown = " ".join(" ".join(lines_of(evaluation_table(rows))).split())
    for name, times in (("a.txt", 1), ("total", 1), ("runs/a", 2), ("uniform", 2), ("3.370", 4)):
        assert shown.count(name) >= times
    assert shown.index("a.txt") < shown.index("uniform") < shown.index("total")


def test_an_empty_text_among_others() -> None:
    """A text of nothing has a line, but no figures."""
    empty = row_of(Score(), Score(), text="b.txt", error=math.nan)
    lines = lines_of(evaluation_table([row_of(), empty, row_of(text="total")]))
    assert lines[3] == "b.txt 0"


def test_unseen_characters_have_lines_where_there_are_any() -> None:
    """A text with unseen characters shows its figures without them."""
    with_unseen = row_of(SCORE + Score(num_chars=1, num_bytes=2, num_unseen=1, nats=20))
    labels = [line.rstrip("0123456789.,% ") for line in lines_of(evaluation_table([with_unseen]))]
    assert labels[2:] == [
        *FIGURES,
        "without unseen: bits per character",
        "without unseen: perplexity",
        "characters per second",
    ]


def test_figures_that_are_not_numbers() -> None:
    """A text without words, or of unseen characters alone, leaves open what it does not have."""
    score = Score(num_chars=2, num_bytes=2, num_unseen=2, nats=50)
    shown = lines_of(evaluation_table([row_of(score, Score(), error=math.nan)]))
    assert "perplexity per word" in shown
    assert "standard error of that" in shown
    assert "without unseen: bits per character" in shown
    assert not any("nan" in line for line in shown)


def test_a_perplexity_beyond_floats() -> None:
    """Infinity is shown as such."""
    shown = lines_of(evaluation_table([row_of(Score(num_chars=1, num_bytes=1, num_words=1, nats=1e4))]))
    assert "perplexity per word inf" in shown


# ---- groups


GROUP_SCORE = Score(num_chars=1234, num_unseen=1, num_top1=617, nats=1234 * math.log(16))
REST = Score(num_chars=6, num_top1=1, nats=6 * math.log(2))
GROUP_HEADER = "chars bits share (%) bits/char perplexity top-1 (%)"
GROUP_FIGURES = "1,234 4,936 99.9% 4.000 16 50.0%"
REST_FIGURES = "6 6 0.1% 1.000 2 16.7%"


def grouped(by: str, name: str = "x", **place: Any) -> list[Row]:
    """Return the rows of one group and of what is left."""
    groups = [Group(name, 7, GROUP_SCORE, **place), Group(None, 3, REST)]
    return group_rows(by, groups, GROUP_SCORE + REST)


@pytest.mark.parametrize("by", ["char", "class", "position", "column"])
def test_groups(by: str) -> None:
    """A group has a line with its name and its figures; the last one is about all others."""
    header, _, *lines = lines_of(groups_table(grouped(by)))
    assert header == f"{by} {GROUP_HEADER}"
    assert lines == [f"x {GROUP_FIGURES}", f"all others {REST_FIGURES}"]


def test_words() -> None:
    """A word also says how many times it occurs."""
    header, _, *lines = lines_of(groups_table(grouped("word")))
    assert header == f"word times {GROUP_HEADER}"
    assert lines == [f"x 7 {GROUP_FIGURES}", f"all others 3 {REST_FIGURES}"]


def test_lines() -> None:
    """A line also says where it begins; all others begin nowhere."""
    header, _, *lines = lines_of(groups_table(grouped("line", file="a.txt", offset=12345)))
    assert header == f"line offset (chars) {GROUP_HEADER}"
    assert lines == [f"x 12,345 {GROUP_FIGURES}", f"all others {REST_FIGURES}"]


def test_files() -> None:
    """A file has its name as it is."""
    header, _, first, _ = lines_of(groups_table(grouped("file", "my text.txt", file="my text.txt")))
    assert header == f"file {GROUP_HEADER}"
    assert first == f"my text.txt {GROUP_FIGURES}"


def test_chunks() -> None:
    """A chunk has its first and last character, and the mean up to its end."""
    rows = grouped("chunk", "0-1,233", file="a.txt", offset=0)
    rows[0]["running_bits_per_char"] = 4.0
    header, _, *lines = lines_of(groups_table(rows))
    assert header == f"characters {GROUP_HEADER} bits/char so far"
    assert lines == [f"0-1,233 {GROUP_FIGURES} 4.000", f"all others {REST_FIGURES}"]


def test_a_group_of_nothing() -> None:
    """A group without characters has no means."""
    rows = group_rows("file", [Group("a.txt", 1, Score(), "a.txt")], GROUP_SCORE)
    assert lines_of(groups_table(rows))[2] == "a.txt 0 0 0.0%"


@pytest.mark.parametrize(
    ("by", "name", "shown"),
    [
        ("char", " ", "␣"),
        ("char", "\n", r"\n"),
        ("char", "\x1b", r"\x1b"),
        ("word", "", ""),
        ("word", "two words", "two␣words"),
        ("line", "", ""),
        ("line", "\t[red]a:smile:", r"\t[red]a:smile:"),
        ("position", "between words", "between words"),
        ("file", "two words", "two words"),
    ],
)
def test_names_of_groups(by: str, name: str, shown: str) -> None:
    """What is a piece of text is shown on one line with its blanks visible; other names are as they are."""
    line = lines_of(groups_table(grouped(by, name)))[2]
    assert line.removesuffix(GROUP_FIGURES).removesuffix("7 ").strip() == shown


@pytest.mark.parametrize("by", ["word", "line"])
def test_a_long_group_is_cut(by: str) -> None:
    """Of a long word or line the beginning is shown, and that there is more."""
    fits, cut = (lines_of(groups_table(grouped(by, "a" * (GROUP_CHARS + k))))[2] for k in (0, 1))
    assert fits.split()[0] == "a" * GROUP_CHARS
    assert cut.split()[0] == "a" * GROUP_CHARS + "…"


# ---- the hardest characters


def hard_row(before: str = "a b", char: str = "c", after: str = "\nd", *, rank: int = 7) -> Row:
    """Return the row of a surprising character."""
    hard = HardChar("a.txt", 12345, before, char, after, 12.345, rank, [0, 1, 2], [0.5, 0.25, 0.0625])
    return hardest_row(hard, ("x", " ", "\n"))


def test_hardest() -> None:
    """A surprising character stands in brackets in its context, with the guesses and figures beside it."""
    header, _, *lines = lines_of(hardest_table([hard_row(), hard_row(rank=0)]))
    assert header == "in its context likeliest, with p bits rank offset (chars)"
    assert lines == [
        r"a␣b[c]\nd x=0.500 ␣=0.250 \n=0.062 12.35 7 12,345",
        r"a␣b[c]\nd x=0.500 ␣=0.250 \n=0.062 12.35 unseen 12,345",
    ]


def test_the_hardest_character_stands_out() -> None:
    """At a terminal the character itself is bold and red."""
    assert "\x1b[1;31m[c]" in coloured(hardest_table([hard_row()]))


def test_a_character_at_the_end_of_the_text() -> None:
    """A character without a context on either side is shown by itself."""
    assert lines_of(hardest_table([hard_row("", " ", "")]))[2].startswith("[␣] ")


def test_the_context_is_short() -> None:
    """Of a long context what is next to the character is shown."""
    before, after = "".join(map(chr, range(0x100, 0x128))), "".join(map(chr, range(0x180, 0x194)))
    shown = lines_of(hardest_table([hard_row(before, "c", after)]))[2].split()[0]
    left, right = shown.split("[c]")
    assert (before.endswith(left), after.startswith(right)) == (True, True)
    assert 5 <= len(left) <= CONTEXT
    assert 5 <= len(right) <= CONTEXT


# ---- calibration


def test_calibration() -> None:
    """Each class of confidence has a line; one without characters has no means."""
    bins = [Bin(0.0, 0.1, 1234, 0.0567, 0.0432), Bin(0.9, 1.0, 0, math.nan, math.nan)]
    header, _, *lines = lines_of(calibration_table([calibration_row(part) for part in bins]))
    assert header == "confidence (%) characters mean confidence (%) right (%)"
    assert lines == ["0% to 10% 1,234 5.7% 4.3%", "90% to 100% 0"]


# ---- predictions


def test_predictions_without_targets() -> None:
    """There are no columns about targets, and none about cases."""
    header, _, line = lines_of(predictions_table([answer(target=None)]))
    assert header == "prefix entropy (bits) likeliest next, with p"
    assert line == r"hell 2.500 o=0.500 ␣=0.250 \n=0.125"


def test_predictions_with_targets() -> None:
    """A target has its figures; a line without one leaves them open."""
    header, _, first, second = lines_of(predictions_table([answer(), answer("kin", None)]))
    assert header == "prefix target p rank bits perplexity likeliest next, with p"
    assert first == r"hell o 0.5000 1 1.000 2.000 o=0.500 ␣=0.250 \n=0.125"
    assert second == r"kin o=0.500 ␣=0.250 \n=0.125"


def test_a_prefix_of_nothing() -> None:
    """The beginning of a text is an empty prefix, not the total."""
    assert lines_of(predictions_table([answer("")]))[2].startswith("o 0.5000 1 1.000")


def test_cases() -> None:
    """Cases have a verdict, steps on the way have none, and the total stands last."""
    total = dict.fromkeys(("prefix", "target", "probability", "rank"))
    rows = [
        answer("hel", perplexity=2.0, passed=None),
        answer(perplexity=2.0, passed=True),
        answer("kin", perplexity=2.0, passed=False),
        total | {"bits": 1.0, "entropy": 2.5, "top": [], "perplexity": 2.0, "passed": False},
    ]
    header, _, *lines = lines_of(predictions_table(rows))
    assert header.endswith(" likeliest next, with p case")
    assert [line.split()[-1] for line in lines] == ["\\n=0.125", "pass", "MISS", "MISS"]
    assert lines[3] == "all 1.000 2.000 MISS"


def test_a_miss_stands_out() -> None:
    """A missed case is bold and red at a terminal; one that passes is not."""
    assert "\x1b[1;31mMISS" in coloured(predictions_table([answer(passed=False)]))
    assert "\x1b[1;31m" not in coloured(predictions_table([answer(passed=True)]))


def test_bits_beyond_floats() -> None:
    """A target of thousands of bits has a line as others have."""
    row = answer() | {"probability": 0.0, "rank": 9, "bits": 5000.0}
    assert lines_of(predictions_table([row]))[2].startswith("hell o 0.0000 9 5000.000 inf o=0.500 ")


def test_large_perplexities() -> None:
    """A perplexity has three digits after the point, or if it is large three in all."""
    lines = lines_of(predictions_table([answer() | {"bits": bits} for bits in (0.5, 16.5, 17, 40)]))[2:]
    assert [line.split()[5] for line in lines] == ["1.414", "92681.900", "1.31e+05", "1.1e+12"]


# ---- benchmarks


def trained(name: str = "2x128x50x60", **more: Any) -> Row:
    """Return the row of a training benchmark."""
    shape = Shape.parse(name)
    sizes = (shape.num_layers, shape.hidden_size, shape.batch_size, shape.seq_length)
    figures = bench.Figures(
        "train", "gru", *sizes, ms_per_step=12.345, chars_per_second=234567.8, spread=0.0234
    )
    cores = {"num_shards": 2, "blas_threads": 1, "backend": "numba"}
    return figures.row() | {"gflops": 98.76, "peak_share": 0.543} | cores | more


def read_or_scored(what: str, name: str = "2x128", **more: Any) -> Row:
    """Return the row of a benchmark of sampling or evaluating."""
    shape = Shape.parse(name)
    figures = bench.Figures(what, "lstm", shape.num_layers, shape.hidden_size, us_per_char=45.67)
    return figures.row() | {"chars_per_second": 21896.2, "spread": 0.0234} | more


def test_benchmark_of_training() -> None:
    """Each model has a line that begins with its cell and its sizes; the headers have units."""
    rows = [trained(), trained(cell="lstm", ms_per_step=1234.5, backend="numpy", num_shards=1)]
    header, _, first, second = lines_of(bench_table(rows))
    assert header.startswith("train ")
    assert [unit for unit in ("ms/step", "chars/s", "GFLOP/s") if unit in header.split()] == [
        *("ms/step", "chars/s", "GFLOP/s")
    ]
    sizes = r"2 ?x ?128\D+50 ?x ?60"
    assert re.fullmatch(rf"gru {sizes} 12\.3[45] 2\.3% 234,568 98\.8 54\.3% 2 numba", first)
    assert re.fullmatch(rf"lstm {sizes} 1234\.50 2\.3% 234,568 98\.8 54\.3% 1 numpy", second)


def test_benchmark_of_sampling() -> None:
    """Each model has a line with the time of a character; what only training has does not show."""
    header, _, line = lines_of(bench_table([read_or_scored("sample")]))
    assert header.startswith("sample ")
    assert header.endswith(" us/char spread chars/s")
    assert re.fullmatch(r"lstm 2 ?x ?128 45\.7 2\.3% 21,896", line)


def test_benchmark_of_evaluating() -> None:
    """Each model has a line for each unit."""
    rows = [read_or_scored("evaluate", unit=unit) for unit in ("stream", "line")]
    header, _, *lines = lines_of(bench_table(rows))
    assert header.startswith("evaluate ")
    assert header.endswith(" us/char spread chars/s")
    for unit, line in zip(("stream", "line"), lines, strict=True):
        assert re.fullmatch(rf"lstm 2x128 {unit} 45\.7 2\.3% 21,896", line)


# ---- facts


def test_facts() -> None:
    """A name and its value stand on a line."""
    assert lines_of(facts_table([("file", "a.txt"), ("best validation", "none")])) == [
        *("file a.txt", "best validation none")
    ]


def test_a_long_fact_is_folded_not_cut() -> None:
    """In a narrow terminal a value goes on in the next line, to its last character."""
    folded = "".join(lines_of(facts_table([("SHA-256", "0123456789" * 6)]), width=30))
    assert folded.replace(" ", "") == "SHA-256" + "0123456789" * 6


# ---- text that is out to do harm


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        (evaluation_table([row_of(text=HOSTILE[:-1])]), r"a\x1b[31m[red]b :smile:"),
        (evaluation_table([row_of(model=HOSTILE[:-1]), row_of()]), r"a\x1b[31m[red]b :smile:"),
        *((groups_table(grouped(by, HOSTILE)), HARMLESS) for by in ("char", "word", "line")),
        (groups_table(grouped("file", HOSTILE[:-1])), r"a\x1b[31m[red]b :smile:"),
        (hardest_table([hard_row("\x1b[31m")]), r"\x1b[31m[c]"),
        (hardest_table([hard_row("[red]b:x:")]), "[red]b:x:[c]"),
        (hardest_table([hard_row(char="\x1b")]), r"[\x1b]"),
        (hardest_table([hard_row(after="\x1b[31m")]), r"[c]\x1b[31m"),
        (predictions_table([answer(HOSTILE)]), HARMLESS),
        (predictions_table([answer(target="\x1b")]), r"hell \x1b"),
        (predictions_table([answer() | {"top": [{"char": "\x1b", "probability": 0.5}]}]), r"\x1b=0.500"),
        (facts_table([("file", HOSTILE[:-1])]), r"a\x1b[31m[red]b :smile:"),
    ],
    ids=[
        *("text", "model", "char", "word", "line", "file", "before", "markup before", "hard", "after"),
        *("prefix", "target", "guess", "fact"),
    ],
)
def test_nothing_reaches_the_terminal_raw(table: Table, shown: str) -> None:
    """Escape sequences, the library's own markup and its emoji are shown, not obeyed."""
    lines = lines_of(table)
    assert any(shown in line for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert "\x1b[31m" not in coloured(table).replace(r"\x1b[31m", "")


# ---- 80 columns


def cells_of(table: Table, *, width: int = 80) -> list[str]:
    """Return the lines of a table in a terminal, the header's left out; nothing is cut."""
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(table)
    assert "…" not in file.getvalue()
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    return lines[[line.strip("─") for line in lines].index("") + 1 :]


def test_steps_fit_80_columns() -> None:
    """Each step of the classroom example has one line at 80 columns, with every figure in full."""
    guesses = [{"char": char, "probability": 0.333} for char in "\n i"]
    steps = [
        answer(word[:k], word[k], perplexity=1234.5, passed=None)
        | {"probability": 0.2306, "rank": 26, "bits": 2.1166, "top": guesses}
        for word in ("hello", "king", "expert")
        for k in range(1, len(word))
    ]
    total = dict.fromkeys(("prefix", "target", "probability", "rank"))
    rows = [
        *steps,
        total | {"bits": 2.1166, "entropy": 2.5, "top": [], "perplexity": 4.337, "passed": False},
    ]
    for k in (3, 6, 11):
        rows[k]["passed"] = True
    lines = cells_of(predictions_table(rows))
    assert [" ".join(line.split()) for line in lines] == [
        *(
            f"{row['prefix']} {row['target']} 0.2306 26 2.117 4.337 \\n=0.333 ␣=0.333 i=0.333"
            + (" pass" if row["passed"] else "")
            for row in steps
        ),
        "all 2.117 4.337 MISS",
    ]


WITH_UNSEEN = replace(SCORE, num_unseen=7)


def test_three_texts_fit_80_columns() -> None:
    """Each of three texts has one line at 80 columns, and so has their total."""
    names = ("data/hello.txt", "data/tales.txt", "data/hangul.txt", "total")
    lines = cells_of(evaluation_table([row_of(WITH_UNSEEN, text=name) for name in names]))
    assert [" ".join(line.split()) for line in lines] == [
        f"{name} 1,234,567 7 1.2150 1.7529 0.0123 1.7529 3.370" for name in names
    ]


def test_models_on_one_text_fit_80_columns() -> None:
    """Each of several models on one text has one line at 80 columns."""
    names = ("runs/pydoc", "uniform", "unigram", "ngram:10")
    lines = cells_of(evaluation_table([row_of(WITH_UNSEEN, model=name) for name in names]))
    assert [line.split()[0] for line in lines] == [*names]
    assert all(line.split()[-1] == "3.370" for line in lines)


def test_models_on_several_texts_fit_90_columns() -> None:
    """Several models on several texts need a little more, and their names are not broken either."""
    models, texts = ("runs/pydoc", "unigram"), ("data/tales.txt", "total")
    rows = [row_of(WITH_UNSEEN, model=model, text=text) for text in texts for model in models]
    shown = cells_of(evaluation_table(rows), width=90)
    assert sum(line.endswith(" 3.370") for line in shown) == 4
    assert all(any(name in line for line in shown) for name in (*models, *texts))


LARGE_GROUP = replace(GROUP_SCORE, num_chars=123456, nats=123456 * math.log(123))


NAMES = {
    "char": "\U000e0001",
    "class": "other letter",
    "position": "between words",
    "column": "16385-32768",
    "word": "international",
    "line": "the quick brown fox ",
    "file": "data/hangul.txt",
    "chunk": "1,024,000-1,151,999",
}


@pytest.mark.parametrize("by", list(GROUPINGS))
def test_groups_fit_80_columns(by: str) -> None:
    """Each group has one line at 80 columns, with every figure in full."""
    groups = [Group(NAMES[by], 1234, LARGE_GROUP, "a.txt", 1024000), Group(None, 1234, LARGE_GROUP)]
    lines = cells_of(groups_table(group_rows(by, groups, LARGE_GROUP + LARGE_GROUP)))
    assert len(lines) == 2
    assert lines[0].startswith(visible(NAMES[by]) if by in ("char", "word", "line") else NAMES[by])
    for line in lines:
        assert {"123,456", "857,095", "50.0%", "6.943", "123", "0.5%"} <= set(line.split())


def test_the_hardest_fit_80_columns() -> None:
    """Each of the hardest characters has one line at 80 columns, newlines in its context or not."""
    rows = [
        hard_row("for what\nthe " * 3, "é", "\n\nand it was not"),
        hard_row("x" * 40, "y", "z" * 20, rank=0),
    ]
    lines = cells_of(hardest_table([row | {"offset": 1234567} for row in rows]))
    assert len(lines) == 2
    assert all({"12.35", "1,234,567", "x=0.500", r"\n=0.062"} <= set(line.split()) for line in lines)


def test_calibration_fits_80_columns() -> None:
    """The classes of confidence have a line each."""
    rows = [calibration_row(Bin(k / 10, (k + 1) / 10, 1234567, 0.5, 0.5)) for k in range(10)]
    assert len(cells_of(calibration_table(rows))) == 10


def test_benchmarks_of_training_fit_80_columns() -> None:
    """Each line of the default grid fits into 80 columns, with the largest figures that are likely."""
    slow = {"ms_per_step": 1234.56, "spread": 1.0, "chars_per_second": 12345.6}
    fast = {"ms_per_step": 0.12, "chars_per_second": 1234567.8, "gflops": 1234.5, "peak_share": 1.0}
    rows = [
        trained(name, cell=cell, num_shards=64, backend="numpy", **figures)
        for name in TRAIN_SHAPES
        for cell, figures in (("lstm", slow), ("rnn", fast))
    ]
    shown = " ".join(cells_of(bench_table(rows)))
    for figure in ("1234.56", "100.0%", "12,346", "1,234,568", "1234.5", "64", "numpy"):
        assert figure in shown.split()


@pytest.mark.parametrize("what", ["sample", "evaluate"])
def test_other_benchmarks_fit_80_columns(what: str) -> None:
    """So does each line of what was sampled or evaluated, as slow or as fast as may be."""
    rows = [
        read_or_scored(what, name, unit="stream", us_per_char=us, chars_per_second=1e6 / us)
        for name in SHAPES
        for us in (12345.67, 0.5)
    ]
    shown = " ".join(cells_of(bench_table(rows)))
    assert {"12345.7", "81", "0.5", "2,000,000"} <= set(shown.split())


def test_a_long_name_is_folded_not_cut() -> None:
    """A name that does not fit goes on below, to its last character; its figures stay in full."""
    name = "/".join(f"folder{number}" for number in range(20))
    first, *more = cells_of(evaluation_table([row_of(text=name), row_of(text="total")]))
    assert first.split()[1:] == ["1,234,567", "1.2150", "1.7529", "0.0123", "1.7529", "3.370"]
    assert first.split()[0] + "".join(line.strip() for line in more[:-1]) == name
    alone = cells_of(evaluation_table([row_of(text=name)]))
    assert any(line.split() == ["bits", "per", "character", "1.7529"] for line in alone)


def test_a_long_prefix_is_folded_not_cut() -> None:
    """A prefix of hundreds of characters goes on below; what is said about its target stays in full."""
    prefix = "abcdefghij" * 30
    first, *more = cells_of(predictions_table([answer(prefix, perplexity=2.0, passed=True)]))
    assert first.split()[1:6] == ["o", "0.5000", "1", "1.000", "2.000"]
    assert first.split()[-1] == "pass"
    assert sum(char in "abcdefghij" for line in (first, *more) for char in line.split()[0]) == 300


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("target", ["o", None])
def test_a_guess_keeps_its_figure(target: str | None, width: int) -> None:
    """Guesses that do not fit go on below, each of them whole: a character and its figure on one line."""
    guesses = [{"char": chr(ord("a") + k), "probability": k / 1000} for k in range(26)]
    shown = cells_of(predictions_table([answer(target=target) | {"top": guesses}]), width=width)
    for guess in guesses:
        pair = re.compile(rf"(?<!\S){guess['char']}={guess['probability']:.3f}(?!\S)")
        assert sum(len(pair.findall(line)) for line in shown) == 1, guess
