"""Objects that reports show, made by hand, so that the golden files can be checked by hand."""

import io
import math
import re
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
from rich.console import Console, RenderableType

from charseq.analysis.activations import States
from charseq.analysis.attribution import Attribution
from charseq.analysis.calibration import Bin
from charseq.analysis.cases import Answer, mean_answer
from charseq.analysis.comparison import ComparedModel, Comparer, Comparison
from charseq.analysis.corpus_facts import CorpusFacts
from charseq.analysis.embedding import Embedding
from charseq.analysis.evaluation import Evaluation, Groups, TextTotals
from charseq.analysis.gradient_flow import GradientFlow
from charseq.analysis.gradient_views import ModelOrigins, ModelTruncation, TextOrigins, TextTruncation
from charseq.analysis.guess_numbers import GuessedLine, GuessNumber
from charseq.analysis.hardest import HardChar
from charseq.analysis.inside import GateSpreads, NeuronInside, NeuronsInside, TextStates
from charseq.analysis.inspection import (
    FoundNeuron,
    FoundNeurons,
    ModelFlow,
    NeuronStates,
    TextFlow,
)
from charseq.analysis.ladder import Rung
from charseq.analysis.novelty import Comparison as NoveltyComparison
from charseq.analysis.novelty import CopiedSpan, Novelty
from charseq.analysis.origins import Origin
from charseq.analysis.ranking import Group
from charseq.analysis.streaming import EachChar, EachSegment, EachWord
from charseq.analysis.targets import TargetCounts
from charseq.analysis.totals import Totals
from charseq.analysis.truncation import TruncatedGradient, Truncation
from charseq.analysis.uncertainty import Estimate
from charseq.analysis.unrolling import MemberStep, Step, Unrolling
from charseq.bench import Measurement
from charseq.registry import REPORTS
from charseq.reports.report import Report
from charseq.sampling import SampledText
from charseq.sampling.continuations import Continuation
from charseq.scoring import Guess, Prediction, Score, Surprisal, bits
from charseq.text.corpus import Corpus
from charseq.text.encodings import SourceFormat
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import bytes_per_char

LN2 = math.log(2)
HOSTILE = "a\x1b[31m[red]b :smile: <b>"
"""Text that a terminal, rich or a browser would obey."""
HARMLESS = r"a\x1b[31m[red]b :smile: <b>"


class KnownTotals(Totals):
    """Totals of a score, a standard error and a calibration error that are given."""

    error, calibration_error = 0.0123, 0.0456

    def __init__(self, score: Score, seen: Score, *, seconds: float = 2.0, error: float = 0.0123) -> None:
        super().__init__()
        self.score, self.seen, self.seconds, self.error = score, seen, seconds, error
        self.calibration = KnownCalibration()  # type: ignore[assignment]

    @property
    def bits_per_char(self) -> Estimate:
        value = bits(self.score.nats_per_char)
        return Estimate(value, self.error, value - 2 * self.error, value + 2 * self.error)


class KnownCalibration:
    """A calibration of which the error alone is known."""

    error = 0.0456


SCORE = Score(
    num_chars=1234567,
    num_bytes=1234568,
    num_words=200000,
    num_unseen=0,
    num_top1=617284,
    num_top5=1000000,
    nats=1.5e6,
)
UNSEEN = Score(num_chars=7, num_bytes=14, num_words=0, num_unseen=7, num_top1=0, num_top5=0, nats=140.0)


def text_totals(
    text: str = "a.txt",
    model: str = "runs/a",
    *,
    score: Score = SCORE,
    seen: Score = SCORE,
    error: float = 0.0123,
) -> TextTotals:
    """Return the totals of a text."""
    return TextTotals(model, text, KnownTotals(score, seen, error=error))


def one_text() -> Evaluation:
    """Return the evaluation of a model on a text."""
    return Evaluation([text_totals()])


def confused() -> Evaluation:
    """Return the evaluation of a model that takes one label for another, and answers one with no label."""
    one = text_totals()
    pairs = {("Dutch", "Dutch"): 9, ("Dutch", "German"): 1, ("German", "German"): 4, ("German", "Ger"): 1}
    one.totals.targets = TargetCounts(15, 13, 80, 9, pairs)
    return Evaluation([one])


ATTRIBUTED = [
    Attribution("a.txt", 0, "hello", "English", "english", 12.0, 3.5),
    Attribution("a.txt", 14, "salut", None, "french", 14.0, 0.25),
]
COMPARED_TEXTS = NoveltyComparison(
    Novelty(
        "a.txt",
        1234,
        np.concatenate([np.linspace(0, 1, 40), np.full(10, np.nan)]),
        (CopiedSpan("one\ttwo three four five six seven eight", 3, 12345), CopiedSpan("한글", 90, 0)),
    ),
    Novelty("held out", 1234, np.linspace(0, 0.5, 50), (CopiedSpan("ten", 5, 6),)),
    1234567,
)
WRITTEN = [
    SampledText("anna", 5.25, "end", "", 7, 0),
    SampledText("one\ntwo", 12.5, "stop", "three", 7, 1),
]
CONTINUED = [Continuation("5 May 2024", "2024-05-05", LN2), Continuation("x", "a\tb", 40.0)]


def several_texts() -> Evaluation:
    """Return the evaluation of a model and a baseline on two texts, of which one has unseen characters."""
    texts = [
        ("data/tales.txt", SCORE),
        ("data/hangul.txt", SCORE + UNSEEN),
        ("total", SCORE + SCORE + UNSEEN),
    ]
    return Evaluation(
        [
            text_totals(text, model, score=score)
            for text, score in texts
            for model in ("runs/pydoc", "uniform")
        ]
    )


def adapted_texts(num_models: int) -> Evaluation:
    """Return the evaluation of a model that learnt from the text, beside a baseline that did not."""
    texts = [text_totals("a.txt", model) for model in ("runs/a", "uniform")[:num_models]]
    texts[0].totals.static_nats = 2.0e6
    return Evaluation(texts)


GROUP = Score(num_chars=123456, num_unseen=1, num_top1=61728, nats=123456 * math.log(123))
REST = Score(num_chars=6, num_top1=1, nats=6 * LN2)
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
"""A long name of a group of each grouping."""


def grouped(by: str, name: str | None = None, *, files: tuple[str, ...] = ("a.txt",)) -> Evaluation:
    """Return an evaluation with a group of the name in each file, and the rest."""
    groups = []
    for number, file in enumerate(files):
        place: dict[str, Any] = {}
        if by in ("line", "chunk"):
            place = {"file": file, "offset": 1024000 + number}
        if by == "chunk":
            place["so_far"] = REST
        groups.append(Group(NAMES[by] if name is None else name, 1234, GROUP, **place))
    return Evaluation(groups={by: Groups([*groups, Group(None, 3, REST)], GROUP + REST)})


def hard_char(
    before: str = "a b", char: str = "c", after: str = "\nd", *, rank: int = 7, file: str = "a.txt"
) -> HardChar:
    """Return a surprising character."""
    guesses = (Guess("x", 0.5), Guess(" ", 0.25), Guess("\n", 0.0625))
    return HardChar(file, 1234567, before, char, after, 12.345, rank, guesses)


def prediction(
    prefix: str = "hell", target: str | None = "o", *, bits: float = 1.0, top: tuple[Guess, ...] | None = None
) -> Prediction:
    """Return a prediction."""
    guesses = (Guess("o", 0.5), Guess(" ", 0.25), Guess("\n", 0.125)) if top is None else top
    if target is None:
        return Prediction(prefix, None, None, None, None, 2.5, guesses)
    return Prediction(prefix, target, 2**-bits, 1, bits, 2.5, guesses)


def cases() -> Evaluation:
    """Return the answers to two cases with a step on the way to the first, and their mean."""
    verdicts = [
        Answer.of(prediction("hel", "l", bits=3.0), passed=None),
        Answer.of(prediction(), passed=True),
        Answer.of(prediction("kin", "g", bits=17.0), passed=False),
    ]
    return Evaluation(cases=[*verdicts, mean_answer(verdicts[1:])])


class KnownModel(ComparedModel):
    """A compared model whose facts are given, without a checkpoint."""

    def __init__(self, name: str, number: int) -> None:
        nothing: Any = None
        super().__init__(name, nothing, 4000 * number)
        object.__setattr__(self, "number", number)

    @property
    def kind(self) -> str:
        return f"gru {self.number} x 256"  # type: ignore[attr-defined]

    @property
    def num_parameters(self) -> int:
        return 1000 * self.number  # type: ignore[attr-defined, no-any-return]


def rungs(optimum: float | None = None) -> list[Rung]:
    """Return a ladder of a baseline and a network."""
    found = [("uniform", "counted", 0, 80.0), ("runs/gru", "gru 1 x 8", 1234, 20.0)]
    ladder = []
    for name, kind, num_parameters, price in found:
        score = Score(20, 20, 4, 0, 5, 9, price * LN2)
        totals = KnownTotals(score, score)
        totals.begin(optimum)
        ladder.append(Rung(name, kind, num_parameters, totals))
    return ladder


PART = "abé 1\n "
LONG = PART * 300
"""2,100 characters, little more than the shortest text that tells two models apart."""
MODELS = ("runs/rnn", "runs/lstm", "runs/gru")


def compared(
    *prices: float,
    text: str = LONG,
    names: tuple[str, ...] = MODELS,
    file: str = "a.txt",
    num_passages: int = 1,
) -> Comparison:
    """Return the comparison of models to which a letter costs so many bits, and anything else one bit."""
    comparer = Comparer(len(prices), num_passages=num_passages)
    comparer.begin(file)
    surprisals = []
    for price in prices:
        nats = np.array([(price if char.isalpha() else 1) * LN2 for char in text])
        ranks = np.array([1 if char == "a" else 0 if char == "1" else 2 for char in text], np.int32)
        num_bytes, num_words = bytes_per_char(text), len(text.split())
        surprisals.append(Surprisal(nats, num_bytes, ranks == 0, ranks, np.exp(-nats), num_words))
    comparer.add(text, surprisals, seconds=[2.0] * len(prices))
    models = [KnownModel(name, k) for k, name in enumerate(names[: len(prices)], start=1)]
    return comparer.comparison(models)


def flow(*layers: tuple[float, ...], lags: tuple[int, ...] = (1, 2, 4)) -> GradientFlow:
    """Return the gradients of layers with these medians, at three places: 0, 1 and 4 times the median."""
    return GradientFlow(lags, np.arange(3), np.array(layers)[..., None] * [4, 1, 0])


FLOWS = TextFlow(
    "a.txt",
    (
        ModelFlow("runs/rnn", "rnn", flow((8, 2, 0.01))),
        ModelFlow("runs/two", "lstm", flow((8, 4, 1), (3, 3, 3))),
        ModelFlow("runs/line", "gru", flow((5,), lags=(1,))),
    ),
)
ORIGIN = Origin(3, "d", (1, None), np.array([[1e-2, 1e-5], [0.5, 0.0]]))
ORIGINS = TextOrigins("a.txt", "ab\nd", (ModelOrigins("runs/two", "lstm", (ORIGIN,)),))
TRUNCATED = TextTruncation(
    "a.txt",
    (
        ModelTruncation(
            "runs/rnn",
            "rnn",
            Truncation(
                2,
                8,
                (
                    TruncatedGradient("bptt", 1, 60.25, 0.5),
                    TruncatedGradient("bptt", 2, 0.0, 1.0),
                    TruncatedGradient("rtrl", 1, 1e-9, 1.0),
                ),
            ),
        ),
    ),
)
STATES = np.array([[-1, 0, 0.5, 1], [1, 0.25, -0.25, -1]]).T[None].repeat(2, axis=0)
NEURONS = NeuronStates("ab\n«", ((1, 1), (2, 2)), STATES)
SPREADS = np.linspace(0, 1, 48).reshape(2, 4, 6)
GATES = GateSpreads("ab\n«", {"input gate": SPREADS, "forget gate": SPREADS[::-1, ::-1]})
INSIDES = NeuronsInside(
    "ab\n«",
    (
        NeuronInside(
            (1, 2),
            {
                "input gate": np.array([0, 0.25, 0.5, 1]),
                "candidate": np.array([-1, 0, 0.5, 1]),
                "c": np.array([-3, 0, 1.5, 2]),
                "h": np.array([-0.5, 0, 0.25, 1]),
            },
            ("input gate",),
        ),
    ),
)
TEXT_STATES = TextStates("ab\n«", States({"h": STATES, "c": 3 * STATES}, {}))
UNROLLED = Unrolling(
    "he",
    "lstm 2 x 2",
    (
        Step(0, None, None, prediction("", "h")),
        Step(1, 4, "h", prediction("h", "e", bits=4.0)),
        Step(2, None, "é", prediction("hé", None)),
        Step(3, 5, "lead ᄀ", prediction("hé", None)),
    ),
    States({"h": STATES, "c": 3 * STATES}, {"input gate": STATES / 2 + 0.5}, STATES),
    ((2, 1),),
)
MIXED = Unrolling(
    "h\x1b",
    "gru 1 x 4 + ngram:3",
    tuple(
        Step(
            k,
            k,
            name,
            prediction("h"[:k], "ho"[k]),
            members=(
                MemberStep("gru 1 x 4", 0.25, prediction("h"[:k], "ho"[k], bits=2.0), None),
                MemberStep("ngram:3", 0.75, prediction("h"[:k], "ho"[k], bits=3.0), k + 1),
            ),
        )
        for k, name in enumerate("\nh")
    ),
)
UNROLLED_NGRAM = Unrolling("", "ngram:3", (Step(0, 0, "\n", prediction("", None), 1),))
EMBEDDED = Embedding(
    model="gru 1 x 4",
    matrix="E",
    tokens=("a", "e", "x", "\n", "lead ᄀ"),
    classes=("vowel", "vowel", "consonant", "newline", "Hangul lead"),
    vectors=np.array([[3.0, 0, 1, 0, 2], [4, 1, 0, 0, 0]]),
    neighbours=np.array([[1, 2], [0, 3], [4, 0], [0, 1], [2, 0]], np.int32),
    similarities=np.array([[0.8, 0.6], [0.8, 0], [1, 0.6], [0, 0], [1, 0.6]]),
    purities=np.array([1, 0.5, math.nan, math.nan, math.nan]),
    places=np.array([[3.5, 0.25], [-0.5, 1], [0.25, -1], [-1.5, 0], [-0.25, 0.5]]),
    variances=(0.75, 0.25),
)
FOUND = FoundNeurons("quote", "a.txt", (FoundNeuron("quote", 1, 87, 0.75), FoundNeuron("quote", 2, 3, -0.5)))

TRAINED = Measurement(
    "train",
    "gru",
    *(2, 128, 50, 50),
    ms_per_step=12.345,
    chars_per_second=234567.8,
    spread=0.0234,
    gflops=98.76,
    peak_share=0.543,
    num_shards=2,
    backend="numba",
    processor="AMD EPYC",
    vector_extension="AVX2",
    kernels="OpenBLAS Zen, numba 0.68.1",
)
SAMPLED = Measurement(
    "sample",
    "lstm",
    *(2, 128),
    us_per_char=45.67,
    chars_per_second=21896.2,
    spread=0.0234,
    processor="aarch64",
    kernels="accelerate",
)
EVALUATED = replace(SAMPLED, what="evaluate", unit="line", backend="numpy")

EACH_CHARS = [
    EachChar("a.txt", 0, "h", 2 * LN2, 2, 3.5, Guess("o", 0.5)),
    EachChar("a.txt", 1, "\U0001f600", 32 * LN2, 0, 3.5, None),
]
EACH_WORDS = [EachWord("a.txt", 6, 2, "hell", Score(5, 5, 1, 0, 2, 3, 8 * LN2), 6 * LN2, 2.5)]
EACH_SEGMENTS = [
    EachSegment("a.txt", 0, "hell", Score(4, 4, 1, 0, 2, 3, 8 * LN2), -3 * LN2),
    EachSegment("b.txt", 0, None, Score(5, 6, 1, 1, 2, 3, 40 * LN2), 12 * LN2),
]
GUESSED = [
    GuessedLine(EACH_SEGMENTS[0], GuessNumber(12.5, 11.25, 13.75)),
    GuessedLine(EACH_SEGMENTS[0], GuessNumber(1e30, 1e30, math.inf)),
    GuessedLine(EACH_SEGMENTS[0], None),
]

HARDEST = Evaluation(hardest=[hard_char(), hard_char(rank=0, file="b.txt")])
CALIBRATION = Evaluation(
    calibration=[
        Bin(0.0, 0.1, 0, math.nan, math.nan),
        Bin(0.1, 0.2, 1234567, 0.16, 0.125),
        Bin(0.9, 1.0, 10, 0.95, 1.0),
    ]
)


# ---- reports as they are shown


def in_terminal(made: RenderableType, *, width: int = 80, **options: Any) -> str:
    """Return a renderable as a file of that width shows it, without blanks at the ends of lines."""
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(made)
    return _printed(console)


def shown(report: Report, result: Any, *, width: int = 80) -> str:
    """Return a report as a file of that width shows it, without blanks at the ends of lines."""
    console = Console(file=io.StringIO(), width=width)
    report.show(console, result)
    return _printed(console)


def _printed(console: Console) -> str:
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "".join(line.rstrip() + "\n" for line in lines)


def table_lines(key: str, result: Any, *, width: int = 80) -> list[list[str]]:
    """Return the words of each line of a report's table below its header, which fits into the width uncut."""
    text = shown(REPORTS[key], result, width=width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    rule = next(k for k, line in enumerate(lines) if line and not line.strip("─"))
    return [line.split() for line in lines[rule + 1 :]]


def words_of(html: str) -> list[str]:
    """Return the texts between the tags of a page's section."""
    return [unescape(text) for text in re.sub("<[^>]*>", "\0", html).split("\0") if text.strip()]


def examined() -> CorpusFacts:
    """Return the facts of a corpus of two files, one of them with a bad byte."""
    text = EncodedText.of("안녕\ttwo lines\r\n" + "two lines\r\n" * 40 + "\ufffd and the end")
    text.file_ends = (20, len(text))
    notes = ("a: begins with a byte order mark (U+FEFF), which is left out",)
    return CorpusFacts.of(Corpus(text, ("a", "-"), 1234, "0123abcd" * 8, notes), SourceFormat())
