"""An evaluation as a page: reports, learning curve, gradient flow, and the text coloured by surprisal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.inspection import NamedText, TextFlow, flow_of
from charseq.errors import DataError
from charseq.reports.chosen import sections_of
from charseq.reports.display.axes import Series
from charseq.reports.display.charts import line_chart
from charseq.reports.display.page import page, section, wide
from charseq.reports.gradient_flow import GradientFlowReport
from charseq.reports.report import Report
from charseq.reports.shown_text import ShownText
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import model_name
from charseq.runs.metrics import read_metrics
from charseq.scoring import bits

Metrics = Sequence[Mapping[str, Any]]
"""The records of a run's validations."""


def evaluation_page(
    path: Path, checkpoint: Checkpoint, evaluation: Evaluation, reports: Sequence[Report], shown: ShownText
) -> str:
    """Return the page of the model in the file `path`: reports, curves, the beginning of the texts."""
    name = model_name(path)
    sections = sections_of(reports[:1], evaluation)
    if metrics := read_metrics(path.parent):
        sections.append(section("Learning curve", learning_curve(metrics)))
    sections += gradient_flow_sections(name, checkpoint, shown.text)
    sections += sections_of(reports[1:], evaluation)
    if shown.num_chars:
        sections.append(section("Text", *shown.html()))
    return page(f"{name}: {checkpoint.description}", sections)


def learning_curve(metrics: Metrics) -> str:
    """Return a chart of training and validation in bits per character."""
    steps = [record["step"] for record in metrics]
    lines = []
    for name, key in (("training", "train_nats_per_char"), ("validation", "valid_nats_per_char")):
        pairs = [(s, bits(r[key])) for s, r in zip(steps, metrics, strict=True) if r[key] is not None]
        if pairs:
            lines.append(Series(name, *map(list, zip(*pairs, strict=True))))
    return wide(line_chart(lines, x_label="step", y_label="bits per character"))


def gradient_flow_sections(name: str, checkpoint: Checkpoint, text: str) -> list[str]:
    """Return the section on gradient flow, if the model is a network and the text is long enough."""
    if not checkpoint.has_network:
        return []
    try:
        flow = flow_of(name, checkpoint, NamedText("the text", text))
    except DataError:
        return []
    return GradientFlowReport().sections(TextFlow("the text", (flow,)))
