"""Rows for people: which lines and columns there are, and that nothing in them is obeyed or interpreted."""

import io
import re
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from charseq.bench import SHAPES, TRAIN_SHAPES, Figures, Shape
from charseq.predictor import Guess, Prediction
from charseq.reports import Row, evaluation_row, prediction_row
from charseq.reports.tables import bench_table, evaluation_table, facts_table, predictions_table
from charseq.score import Score

SCORE = Score(
    num_chars=1234567, num_bytes=1234568, num_words=200000, num_top1=617284, num_top5=1000000, nats=1.5e6
)
FIGURES = [
    *("characters", "bytes", "unseen characters", "nats per character", "bits per character"),
    *("bits per byte", "perplexity per character", "perplexity per word"),
    *("top-1 accuracy (%)", "top-5 accuracy (%)"),
]
HOSTILE = "a\x1b[31m[red]b :smile:\n"
HARMLESS = r"a\x1b[31m[red]b␣:smile:\n"


def lines_of(table: Table, *, width: int = 500) -> list[str]:
    """Return what a table looks like, with single blanks between words."""
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(table)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def coloured(table: Table) -> str:
    """Return what a terminal is sent."""
    file = io.StringIO()
    Console(file=file, width=300, force_terminal=True, color_system="standard", _environ={}).print(table)
    return file.getvalue()


def row_of(score: Score = SCORE, seen: Score = SCORE, *, text: str = "a.txt") -> Row:
    """Return the row of a text."""
    return evaluation_row(text, score, seen, seconds=2)


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
        "bits per byte 1.7529",
        "perplexity per character 3.3703",
        "perplexity per word 1,808.0",
        "top-1 accuracy (%) 50.0%",
        "top-5 accuracy (%) 81.0%",
        "characters per second 617,284",
    ]


def test_the_name_of_a_text_is_shown_as_it_is() -> None:
    """A space in the name of a text is a space."""
    assert lines_of(evaluation_table([row_of(text="test part")]))[0] == "test part"


def test_several_texts() -> None:
    """Each text has a line with its main figures, begun by its name."""
    with_unseen = row_of(Score(num_chars=10, num_bytes=20, num_unseen=3, nats=10), text="my text.txt")
    header, _, *lines = lines_of(evaluation_table([row_of(), with_unseen, row_of(text="total")]))
    assert header == "text characters unseen nats/char bits/char bits/byte perplexity"
    assert lines == [
        "a.txt 1,234,567 0 1.2150 1.7529 1.7529 3.370",
        "my text.txt 10 3 1.0000 1.4427 0.7213 2.718",
        "total 1,234,567 0 1.2150 1.7529 1.7529 3.370",
    ]


def test_an_empty_text_among_others() -> None:
    """A text of nothing has a line, but no figures."""
    lines = lines_of(
        evaluation_table([row_of(), row_of(Score(), Score(), text="b.txt"), row_of(text="total")])
    )
    assert lines[3] == "b.txt 0 0 nan nan nan nan"


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
    """A text without words, or of unseen characters alone, has a table all the same."""
    score = Score(num_chars=2, num_bytes=2, num_unseen=2, nats=50)
    shown = lines_of(evaluation_table([row_of(score, Score())]))
    assert "perplexity per word nan" in shown
    assert "without unseen: bits per character nan" in shown


def test_a_perplexity_beyond_floats() -> None:
    """Infinity is shown as such."""
    shown = lines_of(evaluation_table([row_of(Score(num_chars=1, num_bytes=1, num_words=1, nats=1e4))]))
    assert "perplexity per word inf" in shown


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
    figures = Figures("train", "gru", *sizes, ms_per_step=12.345, chars_per_second=234567.8, spread=0.0234)
    cores = {"num_shards": 2, "blas_threads": 1, "kernels": "numba"}
    return figures.row() | {"gflops": 98.76, "peak_share": 0.543} | cores | more


def read_or_scored(what: str, name: str = "2x128", **more: Any) -> Row:
    """Return the row of a benchmark of sampling or evaluating."""
    shape = Shape.parse(name)
    figures = Figures(what, "lstm", shape.num_layers, shape.hidden_size, us_per_char=45.67)
    return figures.row() | {"chars_per_second": 21896.2, "spread": 0.0234} | more


def test_benchmark_of_training() -> None:
    """Each model has a line that begins with its cell and its sizes; the headers have units."""
    rows = [trained(), trained(cell="lstm", ms_per_step=1234.5, kernels="numpy", num_shards=1)]
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
        (predictions_table([answer(HOSTILE)]), HARMLESS),
        (predictions_table([answer(target="\x1b")]), r"hell \x1b"),
        (predictions_table([answer() | {"top": [{"char": "\x1b", "probability": 0.5}]}]), r"\x1b=0.500"),
        (facts_table([("file", HOSTILE[:-1])]), r"a\x1b[31m[red]b :smile:"),
    ],
    ids=["text", "prefix", "target", "guess", "fact"],
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


def test_three_texts_fit_80_columns() -> None:
    """Each of three texts has one line at 80 columns, and so has their total."""
    names = ("data/hello.txt", "data/tales.txt", "data/hangul.txt", "total")
    lines = cells_of(evaluation_table([row_of(text=name) for name in names]))
    assert [" ".join(line.split()) for line in lines] == [
        f"{name} 1,234,567 0 1.2150 1.7529 1.7529 3.370" for name in names
    ]


def test_benchmarks_of_training_fit_80_columns() -> None:
    """Each line of the default grid fits into 80 columns, with the largest figures that are likely."""
    slow = {"ms_per_step": 1234.56, "spread": 1.0, "chars_per_second": 12345.6}
    fast = {"ms_per_step": 0.12, "chars_per_second": 1234567.8, "gflops": 1234.5, "peak_share": 1.0}
    rows = [
        trained(name, cell=cell, num_shards=64, kernels="numpy", **figures)
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
    assert first.split()[1:] == ["1,234,567", "0", "1.2150", "1.7529", "1.7529", "3.370"]
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
