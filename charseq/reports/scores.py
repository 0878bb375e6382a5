"""The columns of a Score of a group of characters: sums, means, accuracy."""

from operator import attrgetter

from charseq.reports.column import Column
from charseq.scoring import bits

SCORES = (
    Column("num_chars", "chars", ",", attrgetter("num_chars"), "number of characters"),
    Column("num_unseen", "", ",", attrgetter("num_unseen"), "characters that are not in the vocabulary"),
    Column("nats", "", ",.0f", attrgetter("nats"), "sum of the surprisal in nats"),
    Column("bits", "bits", ",.0f", lambda score: bits(score.nats), "sum of the surprisal in bits"),
    Column("nats_per_char", "", ".3f", attrgetter("nats_per_char"), "mean surprisal in nats"),
    Column("bits_per_char", "bits/\nchar", ".3f", attrgetter("bits_per_char"), "mean surprisal in bits"),
    Column("perplexity", "perplex-\nity", ".4g", attrgetter("perplexity"), "exp(`nats_per_char`)"),
    Column("accuracy", "top-1\n(%)", ".1%", attrgetter("accuracy"), "share of first guesses that were right"),
)
"""The columns of a Score."""
