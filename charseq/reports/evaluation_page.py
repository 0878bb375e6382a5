"""An evaluation as a page: reports, learning curve, gradient flow, and the text coloured by surprisal."""

from collections.abc import Sequence
from pathlib import Path

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.inspection import NamedText, TextFlow, flow_of
from charseq.errors import DataError
from charseq.reports.chosen import parts_of, sections_in
from charseq.reports.coloured_texts import ColouredTextReport
from charseq.reports.curves import curve_parts
from charseq.reports.display.page import page
from charseq.reports.gradient_flow import GradientFlowReport
from charseq.reports.report import Part, Report
from charseq.reports.shown_text import ShownText
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import model_name


def evaluation_page(
    path: Path, checkpoint: Checkpoint, evaluation: Evaluation, reports: Sequence[Report], shown: ShownText
) -> str:
    """Return the page of the model in the file `path`: reports, curves, the beginning of the texts."""
    parts = evaluation_parts(path, checkpoint, evaluation, reports, shown)
    return page(f"{model_name(path)}: {checkpoint.description}", sections_in(parts))


def evaluation_parts(
    path: Path, checkpoint: Checkpoint, evaluation: Evaluation, reports: Sequence[Report], shown: ShownText
) -> list[Part]:
    """Return the parts of the page: the first report, the run, gradients, other reports, the text."""
    name = model_name(path)
    filled = parts_of(reports, evaluation)
    first = [part for part in filled if part.report is reports[0]]
    curves = curve_parts({name: path.parent})
    text = [Part(ColouredTextReport(), shown)] if shown.num_chars else []
    return [*first, *curves, *_gradient_flow(name, checkpoint, shown.text), *filled[len(first) :], *text]


def _gradient_flow(name: str, checkpoint: Checkpoint, text: str) -> list[Part]:
    """Return the part on gradient flow, if the model is a network and the text is long enough."""
    if not checkpoint.has_network:
        return []
    try:
        flow = flow_of(name, checkpoint, NamedText("the text", text))
    except DataError:
        return []
    return [Part(GradientFlowReport(), TextFlow("the text", (flow,)))]
