"""An evaluation as a page: reports, learning curve, gradient flow, and the text coloured by surprisal."""

from collections.abc import Sequence
from pathlib import Path

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.inspection import NamedText, TextFlow, flow_of
from charseq.errors import DataError
from charseq.reports.chosen import sections_of
from charseq.reports.curves import curve_sections
from charseq.reports.display.page import page, section
from charseq.reports.gradient_flow import GradientFlowReport
from charseq.reports.report import Report
from charseq.reports.shown_text import ShownText
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import model_name


def evaluation_page(
    path: Path, checkpoint: Checkpoint, evaluation: Evaluation, reports: Sequence[Report], shown: ShownText
) -> str:
    """Return the page of the model in the file `path`: reports, curves, the beginning of the texts."""
    name = model_name(path)
    sections = sections_of(reports[:1], evaluation)
    sections += curve_sections({name: path.parent})
    sections += gradient_flow_sections(name, checkpoint, shown.text)
    sections += sections_of(reports[1:], evaluation)
    if shown.num_chars:
        sections.append(section("Text", *shown.html()))
    return page(f"{name}: {checkpoint.description}", sections)


def gradient_flow_sections(name: str, checkpoint: Checkpoint, text: str) -> list[str]:
    """Return the section on gradient flow, if the model is a network and the text is long enough."""
    if not checkpoint.has_network:
        return []
    try:
        flow = flow_of(name, checkpoint, NamedText("the text", text))
    except DataError:
        return []
    return GradientFlowReport().sections(TextFlow("the text", (flow,)))
