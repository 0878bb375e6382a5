"""An evaluation as a page: figures, learning curve, tables, cases, and the text coloured by surprisal."""

from collections.abc import Mapping, Sequence

import numpy as np

from charseq.reports.display import tables
from charseq.reports.display.axes import Series
from charseq.reports.display.charts import line_chart
from charseq.reports.display.heat import SURPRISAL
from charseq.reports.display.page import Details, heat_text, page, paragraph, section, table, wide
from charseq.reports.formats import Row
from charseq.scoring import Surprisal, bits

SHOWN_CHARS = 50_000
"""Characters of the texts that are shown at most; the figures are those of all."""


class ShownText:
    """Keeps the beginning of the texts, with what each character cost and what was expected."""

    def __init__(self, vocab: tuple[str, ...]) -> None:
        self._vocab = vocab
        self._texts: list[tuple[str, list[tuple[str, Surprisal]]]] = []
        self.num_chars = self._num_kept = 0

    def begin(self, file: str) -> None:
        """Begin with another text."""
        self._texts.append((file, []))

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""
        kept = text[: SHOWN_CHARS - self._num_kept]
        if kept:
            self._texts[-1][1].append((kept, surprisal))
        self._num_kept += len(kept)
        self.num_chars += len(text)

    @property
    def text(self) -> str:
        """What is shown of all texts, one after the other."""
        return "".join(text for _, pieces in self._texts for text, _ in pieces)

    def html(self) -> list[str]:
        """Return the texts, coloured, and a word on what is not shown of them."""
        blocks = []
        if self.num_chars > self._num_kept:
            blocks.append(paragraph(f"The first {self._num_kept:,} of {self.num_chars:,} characters."))
        for file, pieces in self._texts:
            if pieces:
                blocks += [paragraph(file), self._coloured(pieces)]
        return blocks

    def _coloured(self, pieces: list[tuple[str, Surprisal]]) -> str:
        columns = []
        for text, surprisal in pieces:
            expected = surprisal.expected
            if expected is None or surprisal.ranks is None:
                raise ValueError("scored without guesses")
            arrays = (surprisal.bits, surprisal.ranks, expected.guesses, expected.probabilities)
            columns.append([array[: len(text)] for array in arrays])
        costs, ranks, guesses, probabilities = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        details = Details(np.exp2(-costs), ranks, guesses, probabilities, self._vocab)
        return heat_text("".join(text for text, _ in pieces), costs, SURPRISAL, details=details)


def evaluation_page(
    title: str,
    *,
    texts: Sequence[Row],
    groups: Mapping[str, Sequence[Row]],
    hardest: Sequence[Row],
    calibration: Sequence[Row],
    cases: Sequence[Row],
    metrics: Sequence[Row],
    shown: ShownText,
    more: Sequence[str] = (),
) -> str:
    """Return the page of an evaluation: its rows, the run's `metrics`, the text, and `more` sections."""
    parts = []
    if texts:
        main = [row for row in texts if row["model"] == texts[0]["model"]][-1]
        parts.append(section("Figures", table(tables.evaluation_table([main]))))
    if len(texts) > 1:
        parts.append(section("Beside each other", table(tables.evaluation_table(texts))))
    if cases:
        parts.append(section("Cases", table(tables.predictions_table(cases))))
    if metrics:
        parts.append(section("Learning curve", _learning_curve(metrics)))
    parts += more
    for by, rows in groups.items():
        charts = [_chunks(rows)] if by == "chunk" and len(rows) > 1 else []
        parts.append(section(f"By {by}", *charts, table(tables.groups_table(rows))))
    if hardest:
        parts.append(section("Hardest characters", table(tables.hardest_table(hardest))))
    if calibration:
        chart = _reliability(calibration)
        parts.append(section("Calibration", chart, table(tables.calibration_table(calibration))))
    if shown.num_chars:
        parts.append(section("Text", *shown.html()))
    return page(title, parts)


def _learning_curve(metrics: Sequence[Row]) -> str:
    steps = [record["step"] for record in metrics]
    lines = []
    for name, key in (("training", "train_nats_per_char"), ("validation", "valid_nats_per_char")):
        pairs = [(s, bits(r[key])) for s, r in zip(steps, metrics, strict=True) if r[key] is not None]
        if pairs:
            lines.append(Series(name, *map(list, zip(*pairs, strict=True))))
    return wide(line_chart(lines, x_label="step", y_label="bits per character"))


def _chunks(rows: Sequence[Row]) -> str:
    offsets = [row["offset"] for row in rows]
    lines = [
        Series("chunk", offsets, [row["bits_per_char"] for row in rows]),
        Series("from the beginning", offsets, [row["running_bits_per_char"] for row in rows]),
    ]
    return wide(line_chart(lines, x_label="offset (characters)", y_label="bits per character"))


def _reliability(calibration: Sequence[Row]) -> str:
    filled = [row for row in calibration if row["num_chars"]]
    confidences = [100 * row["confidence"] for row in filled]
    lines = [
        Series("first guesses", confidences, [100 * row["accuracy"] for row in filled]),
        Series("perfectly calibrated", [0, 100], [0, 100]),
    ]
    return wide(line_chart(lines, x_label="confidence (%)", y_label="right (%)"))
