"""The report on embeddings: the nearest neighbours of every token, a map, and how pure the classes are."""

import math
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.embedding import NUM_NEAREST, Embedding, TokenClass
from charseq.reports.column import Column, field
from charseq.reports.display import page
from charseq.reports.display.label_map import LabelMap
from charseq.reports.display.strips import input_labels
from charseq.reports.display.tables import columns_table, filled_table
from charseq.reports.report import Report


class TokenItem(NamedTuple):
    """A token of an embedding, with its class."""

    embedding: Embedding
    number: int
    token_class: TokenClass

    @property
    def name(self) -> str:
        """The name of the token."""
        return self.embedding.tokens[self.number]

    @property
    def neighbours(self) -> list[dict[str, Any]]:
        """The nearest tokens with their similarities."""
        pairs = zip(
            self.embedding.neighbours[self.number].tolist(),
            self.embedding.similarities[self.number].tolist(),
            strict=True,
        )
        return [{"token": self.embedding.tokens[k], "similarity": cosine} for k, cosine in pairs]

    @property
    def purity(self) -> float | None:
        """The purity of the token, None for the only one of a class."""
        purity = float(self.embedding.purities[self.number])
        return None if math.isnan(purity) else purity

    @property
    def length(self) -> float:
        """The length of the vector."""
        vector = self.embedding.vectors[:, self.number]
        return float((vector @ vector) ** 0.5)


def _neighbours(pairs: list[dict[str, Any]]) -> str:
    labels = input_labels(pair["token"] for pair in pairs)
    return "  ".join(f"{label} {pair['similarity']:.2f}" for label, pair in zip(labels, pairs, strict=True))


class EmbeddingReport(Report):
    """A table of neighbours, a map, and a table of the classes."""

    command, name, title, has_name = "inspect", "embedding", "Embedding", False
    help = "`charseq inspect --embedding`. One row for each token of the vocabulary."
    columns = (
        field("number", attrgetter("number"), "number of the token"),
        Column(
            "token",
            "token",
            lambda name: input_labels([name])[0],
            attrgetter("name"),
            "the character, or the name of a part of characters",
            left=True,
        ),
        Column("class", "class", "", attrgetter("token_class.name"), "its class", left=True),
        Column("purity", "purity", ".2f", attrgetter("purity"), "share of its nearest 5 of the same class"),
        Column(
            "neighbours",
            "nearest neighbours, with cosine",
            _neighbours,
            attrgetter("neighbours"),
            "the nearest tokens: a list of `{token, similarity}`, the similarity is the cosine",
            left=True,
        ),
        field("class_size", attrgetter("token_class.num"), "number of tokens in its class"),
        field("class_purity", attrgetter("token_class.purity"), "mean purity of its class"),
        field("class_chance", attrgetter("token_class.chance"), "the purity by chance: share of the class"),
        field("x", lambda item: float(item.embedding.places[item.number, 0]), "first principal component"),
        field("y", lambda item: float(item.embedding.places[item.number, 1]), "second principal component"),
        field("length", attrgetter("length"), "length of the vector"),
    )

    def items(self, result: Embedding) -> list[TokenItem]:
        """Return the tokens, class by class, the largest class first."""
        classes = {one.name: one for one in result.by_class()}
        order = {name: k for k, name in enumerate(classes)}
        numbers = sorted(range(len(result.tokens)), key=lambda k: (order[result.classes[k]], k))
        return [TokenItem(result, k, classes[result.classes[k]]) for k in numbers]

    def tables(self, result: Embedding) -> Iterator[RenderableType]:
        """Yield a sentence on the vectors, the neighbours, the map and the classes."""
        yield Text(meaning(result))
        yield columns_table(self.columns, self.items(result))
        yield map_of(result)
        yield class_table(result)

    def sections(self, result: Embedding) -> list[str]:
        """Return a section with the map and the classes, and one with the neighbours."""
        return [
            page.section(
                self.title,
                page.paragraph(meaning(result)),
                map_of(result).html(),
                page.table(class_table(result)),
            ),
            page.section("Neighbours", page.table(columns_table(self.columns, self.items(result)))),
        ]


def meaning(result: Embedding) -> str:
    """Return a sentence on the vectors."""
    size, num = result.vectors.shape
    return (
        f"{num:,} tokens as vectors of {size} numbers, the columns of {result.matrix} in {result.model}. "
        f"Purity is the share of the nearest {NUM_NEAREST} that are of the same class"
    )


def map_of(result: Embedding) -> LabelMap:
    """Return the map of the tokens; the classes stand in the order of their sizes."""
    order = [one.name for one in result.by_class()]
    numbers = sorted(range(len(result.tokens)), key=lambda k: (order.index(result.classes[k]), k))
    first, second = result.variances
    return LabelMap(
        result.places[numbers],
        [result.tokens[k] for k in numbers],
        [result.classes[k] for k in numbers],
        f"first principal component ({100 * first:.0f}% of the variance)",
        f"second principal component ({100 * second:.0f}% of the variance)",
    )


def class_table(result: Embedding) -> Table:
    """Return a line for each class and one for all: purity, purity by chance, members."""
    lines = []
    for one in result.by_class():
        names = [token for token, name in zip(result.tokens, result.classes, strict=True) if name == one.name]
        labels = [label.rpartition(" ")[2] for label in input_labels(names[:MAX_MEMBERS])]
        members = " ".join(labels) + (" ..." if len(names) > MAX_MEMBERS else "")
        lines.append([one.name, members, f"{one.num}", _share(one.purity), _share(one.chance)])
    all_tokens = f"{len(result.tokens)}"
    lines.append(["all", "", all_tokens, _share(result.purity), _share(result.chance)])
    return filled_table(["class", "tokens", "number", "purity", "by chance"], lines, num_text_columns=2)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2f}"


MAX_MEMBERS = 40
"""The most tokens of a class that its line shows."""
