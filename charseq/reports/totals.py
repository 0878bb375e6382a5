"""The columns of a whole text: counts, cross-entropy, perplexity, accuracy, speed."""

import math
from collections.abc import Callable, Sequence
from operator import attrgetter

from charseq.analysis.totals import Totals
from charseq.reports.column import Column, any_given, field, perplexity_style


def _unseen(totals: Sequence[Totals]) -> bool:
    return any(one.score.num_unseen for one in totals)


def _adapted(totals: Sequence[Totals]) -> bool:
    return any(one.is_adapted for one in totals)


def _with_targets(totals: Sequence[Totals]) -> bool:
    return any(one.targets is not None for one in totals)


def _of_targets(name: str) -> Callable[[Totals], float | None]:
    return lambda totals: None if totals.targets is None else getattr(totals.targets, name)


def error_style(reason: str) -> Callable[[float], str]:
    """Return the style of a standard error, with the reason in place of one that is not there."""
    return lambda error: reason if math.isnan(error) else f"{error:.4f}"


TOTALS = (
    Column("num_chars", "characters", ",", attrgetter("score.num_chars"), "characters scored", "chars"),
    Column(
        "num_bytes", "bytes", ",", attrgetter("score.num_bytes"), "bytes scored, as they were in the file"
    ),
    Column(
        "normalization",
        "texts are read",
        "",
        attrgetter("normalization"),
        "the form in which the model reads texts, such as `nfc, lowercase`, and which the figures are about; "
        "null: as they are",
        shown=any_given(attrgetter("normalization")),
    ),
    Column(
        "num_unseen",
        "unseen characters",
        ",",
        attrgetter("score.num_unseen"),
        "characters that are not in the vocabulary",
        "unseen",
    ),
    Column(
        "nats_per_char",
        "nats per character",
        ".4f",
        attrgetter("score.nats_per_char"),
        "cross-entropy in nats per character",
        "nats/\nchar",
    ),
    Column(
        "bits_per_char",
        "bits per character",
        ".4f",
        attrgetter("score.bits_per_char"),
        "cross-entropy in bits per character",
        "bits/\nchar",
    ),
    Column(
        "bits_per_char_error",
        "standard error of that",
        error_style("too short"),
        attrgetter("bits_per_char.error"),
        "standard error of `bits_per_char`; null for a short text",
        "±\nbits",
    ),
    field("bits_per_char_low", attrgetter("bits_per_char.low"), "lower end of its 95 % interval"),
    field("bits_per_char_high", attrgetter("bits_per_char.high"), "upper end of its 95 % interval"),
    Column(
        "optimum_bits_per_char",
        "the best possible is",
        ".4f",
        attrgetter("optimum_bits_per_char"),
        "the fewest bits per character that any model needs for a text of a task, on average; else null",
        "best\npossible",
        shown=any_given(attrgetter("optimum_bits_per_char")),
    ),
    Column(
        "bits_per_byte",
        "bits per byte",
        ".4f",
        attrgetter("score.bits_per_byte"),
        "cross-entropy in bits per byte",
        "bits/\nbyte",
    ),
    field("adapted", attrgetter("is_adapted"), "whether the model learnt from the text that it scored"),
    field(
        "static_nats_per_char",
        attrgetter("static_nats_per_char"),
        "`nats_per_char` of a model that adapts, if it had not learnt from the text",
    ),
    Column(
        "static_bits_per_char",
        "without adapting: bits per character",
        ".4f",
        attrgetter("static_bits_per_char"),
        "`bits_per_char` of a model that adapts, if it had not learnt from the text",
        "static\nbits",
        shown=_adapted,
    ),
    Column("", "gained by adapting (%)", ".1%", attrgetter("gain"), "", "gain\n(%)", shown=_adapted),
    Column(
        "perplexity",
        "perplexity per character",
        perplexity_style(".4f"),
        attrgetter("score.perplexity"),
        "exp(`nats_per_char`)",
        "perplex-\nity",
    ),
    Column(
        "word_perplexity",
        "perplexity per word",
        perplexity_style(",.1f"),
        attrgetter("score.word_perplexity"),
        "exp(nats per word): all characters, white space included, divided among the words",
    ),
    Column(
        "accuracy",
        "top-1 accuracy (%)",
        ".1%",
        attrgetter("score.accuracy"),
        "share of characters that were the first guess",
    ),
    Column(
        "top5_accuracy",
        "top-5 accuracy (%)",
        ".1%",
        attrgetter("score.top5_accuracy"),
        "share of characters among the first five guesses",
    ),
    Column(
        "seen_bits_per_char",
        "without unseen: bits per character",
        ".4f",
        attrgetter("seen.bits_per_char"),
        "bits per character without the unseen characters",
        shown=_unseen,
    ),
    Column(
        "seen_perplexity",
        "without unseen: perplexity",
        perplexity_style(".4f"),
        attrgetter("seen.perplexity"),
        "perplexity without the unseen characters",
        shown=_unseen,
    ),
    Column(
        "num_targets",
        "targets",
        ",",
        _of_targets("num_targets"),
        "lines with a target, after the separator of `target_after`; null without one",
        shown=_with_targets,
    ),
    Column(
        "exact_match",
        "exact targets (%)",
        ".1%",
        _of_targets("exact_match"),
        "share of lines, in [0, 1], whose every target character, the newline included, has rank 1",
        "exact\n(%)",
        shown=_with_targets,
    ),
    Column(
        "char_error_rate",
        "character error rate (%)",
        ".1%",
        _of_targets("char_error_rate"),
        "characters to insert, delete or replace in the likeliest answers, per character of the targets",
        shown=_with_targets,
    ),
    Column(
        "calibration_error",
        "calibration error (%)",
        ".1%",
        attrgetter("calibration.error"),
        "expected calibration error, from 0 to 1",
    ),
    Column(
        "chars_per_second",
        "characters per second",
        ",.0f",
        attrgetter("chars_per_second"),
        "speed of scoring",
    ),
)
"""The columns of Totals; those with a short header are the main figures, shown in one line."""
