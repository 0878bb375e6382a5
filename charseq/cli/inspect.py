"""charseq inspect: look inside a network, at its gradients, its neurons and its gates."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.cli.gradients import (
    AtCharOption,
    AtOption,
    HardestOption,
    TruncationOption,
    chooser,
    origins_and_report,
    truncations_and_report,
)
from charseq.cli.neurons import NeuronOption, places_of
from charseq.cli.options import ExportOption, HtmlOption, ModelsOption, PageFormatOption, examples
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from charseq.analysis.inspection import NamedText
    from charseq.reports.report import Report
    from charseq.runs.checkpoint import Checkpoint

EXAMPLES = examples(
    ("charseq inspect runs/rnn runs/lstm runs/gru --gradient-flow", "how far back each of them looks"),
    ("charseq inspect runs/gru novel.txt --gradient-flow --hardest 3", "where three gradients come from"),
    ("charseq inspect runs/rnn runs/gru --truncation", "what is lost in windows of 1, 2, 4, ... steps"),
    ("charseq inspect runs/gru novel.txt --find quote", "which neurons know that a quotation is open"),
    ("charseq inspect runs/gru novel.txt --chars 999 --neuron 1:87", "a neuron, letter by letter"),
    ("charseq inspect -m runs/lstm page.txt --gates --html gates.html", "how open the gates are, as a page"),
    ("charseq inspect runs/lstm page.txt --neuron 1:87 --gates", "the gates, C and h of one neuron"),
    ("charseq inspect runs/gru page.txt --chars 40 --states", "the whole state after each character"),
    ("charseq inspect runs/gru --embedding --html map.html", "which characters are alike, as a map"),
)

MAX_CHARS = 100_000
"""The most characters of a text that are read."""
MAX_LETTERS = 1000
"""The characters of a test part that are shown letter by letter, if no number is given."""
MAX_STRIPS = 200
"""The characters for which many numbers each are shown, if no number is given."""
VIEWS = "--gradient-flow, --truncation, --neuron, --gates, --states, --embedding and --find"


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]... [TEXT]",
            help="Run directories or .safetensors files (default: the newest run), then a file, a directory "
            "or -; without a text, the first model's own test part.",
            show_default=False,
        ),
    ] = None,
    models: ModelsOption = None,
    gradient_flow: Annotated[
        bool, typer.Option("--gradient-flow", help="How far back gradients reach, for one model or several.")
    ] = False,
    at: AtOption = None,
    at_char: AtCharOption = None,
    hardest: HardestOption = None,
    truncation: TruncationOption = False,
    neurons: NeuronOption = None,
    gates: Annotated[
        bool,
        typer.Option(
            "--gates",
            help="How open the gates are at each character, over all neurons; with --neuron, this neuron's "
            "gates, candidate and states.",
        ),
    ] = False,
    states: Annotated[
        bool, typer.Option("--states", help="The whole state after each character, as strips of cells.")
    ] = False,
    embedding: Annotated[
        bool,
        typer.Option(
            "--embedding", help="Which characters the model takes for similar: neighbours, a map, classes."
        ),
    ] = False,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="PROPERTY",
            help="Neurons that follow a property of the text: quote (is one open), newline (is it next), "
            "indent (of the line) or position (in the line).",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="With --find: number of neurons to show; default: 10. With --embedding: number of "
            "neighbours; default: 5.",
            show_default=False,
        ),
    ] = None,
    chars: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_CHARS,
            metavar="N",
            help="Read only the first N characters of the text; default: 100,000, or 200 with --states; of a "
            "test part 1,000 with --neuron and 200 with --gates.",
            show_default=False,
        ),
    ] = None,
    html: HtmlOption = None,
    export: ExportOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Look inside a network: at gradients back in time, states, neurons, gates and the embedding."""
    from charseq.analysis.activations import PROPERTIES
    from charseq.analysis.inside import insides_of, require_gates, spreads_of, states_of
    from charseq.analysis.inspection import find_neurons, flows_of, neuron_states
    from charseq.cli.console import check_before, check_choice, check_format, split_models
    from charseq.registry import REPORTS

    check_format(format_name, page=True)
    choose = chooser(at, at_char, hardest, gradient_flow=gradient_flow)
    views = {
        "--gradient-flow": gradient_flow,
        "--truncation": truncation,
        "--neuron": neurons,
        "--gates": gates and not neurons,
        "--states": states,
        "--embedding": embedding,
        "--find": find,
    }
    asked = [view for view, wanted in views.items() if wanted not in (None, False, [])]
    if not asked:
        raise ConfigError(f"say what to look at: one of {VIEWS}")
    if len(asked) > 1:
        raise ConfigError(f"{' and '.join(asked)}: inspect shows one of them at a time")
    named, texts = split_models(arguments, models)
    if len(named) > 1 and not (gradient_flow or truncation):
        raise ConfigError("only --gradient-flow and --truncation look at several models: name one")
    if len(texts) > 1:
        raise ConfigError(f"{texts[1]}: inspect looks at one text at a time")
    if embedding and (texts or chars is not None):
        raise ConfigError(f"{(*texts, '--chars')[0]}: --embedding reads no text: leave it out")
    if find is not None:
        check_choice("--find", find, tuple(PROPERTIES))
    places = places_of(neurons)
    check_before(texts, html, export)
    loaded = _loaded(named)
    name, checkpoint = next(iter(loaded.items()))
    if gates:
        require_gates(checkpoint)
    result: Any
    if embedding:
        from charseq.analysis.embedding import NUM_NEAREST, embedding_of

        report, result = REPORTS["embedding"], embedding_of(checkpoint, num_neighbours=top or NUM_NEAREST)
        return _write(report, result, loaded, format_name=format_name, html=html, export=export)
    most = _most_chars(of_text=bool(texts), neurons=bool(neurons), gates=gates, states=states)
    text = _read(texts[0] if texts else None, name, checkpoint, most=most, chars=chars)
    if choose is not None:
        report, result = origins_and_report(loaded, text, choose)
    elif truncation:
        report, result = truncations_and_report(loaded, text)
    elif gradient_flow:
        report, result = REPORTS["gradient flow"], flows_of(loaded, text)
    elif find is not None:
        report, result = REPORTS["found"], find_neurons(checkpoint, text, find, top or 10)
    elif neurons and gates:
        report, result = REPORTS["neuron gates"], insides_of(checkpoint, text.text, places)
    elif neurons:
        report, result = REPORTS["neurons"], neuron_states(checkpoint, text.text, places)
    elif states:
        report, result = REPORTS["states"], states_of(checkpoint, text.text)
    else:
        report, result = REPORTS["gates"], spreads_of(checkpoint, text.text)
    return _write(report, result, loaded, format_name=format_name, html=html, export=export)


def _write(
    report: "Report",
    result: Any,
    loaded: "Iterable[str]",
    *,
    format_name: str,
    html: "Path | None",
    export: "Path | None",
) -> None:
    """Write the result of a view of the models `loaded`."""
    from charseq.cli.console import write_result
    from charseq.reports.display.page import page
    from charseq.reports.report import Part

    write_result(
        report.rows(result),
        lambda console: report.show(console, result),
        lambda: page(f"Inside {', '.join(loaded)}", report.sections(result)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: [Part(report, result)],
    )


def _most_chars(*, of_text: bool, neurons: bool, gates: bool, states: bool) -> int:
    """Return the number of characters that a view shows if no number is given."""
    if states or (gates and not neurons and not of_text):
        return MAX_STRIPS
    return MAX_LETTERS if neurons and not of_text else MAX_CHARS


def _loaded(models: list[str]) -> "dict[str, Checkpoint]":
    """Return the models by name; the newest one if none is named."""
    from charseq.analysis.shared import distinct_names
    from charseq.cli.console import load_model
    from charseq.runs.directory import model_name

    wanted: list[str | None] = [*models] if models else [None]
    found = [load_model(model) for model in wanted]
    names = distinct_names([model_name(path) for path, _ in found])
    return {name: checkpoint for name, (_, checkpoint) in zip(names, found, strict=True)}


def _read(
    source: str | None, name: str, checkpoint: "Checkpoint", *, most: int, chars: int | None
) -> "NamedText":
    """Return the first `chars` characters of a text, by default `most`, and say so if that is not all of it.

    Without a source it is the test part of the model `name`.
    """
    from charseq.analysis.inspection import NamedText
    from charseq.cli.console import note, note_terminal
    from charseq.text.remarks import Remarks

    num_chars = most if chars is None else chars
    if source is None:
        text = NamedText.test_part(name, checkpoint, num_chars)
    else:
        note_terminal([source])
        text = NamedText.read(source, num_chars, Remarks(note), checkpoint.codec.form)
    if text.is_cut and chars is None:
        note(f"{text.name}: only the first {num_chars:,} characters are looked at")
    return text
