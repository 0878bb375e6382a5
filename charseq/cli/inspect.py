"""charseq inspect: look inside a network, at its gradients, its units and its gates."""

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from charseq.cli.options import HtmlOption, PageFormatOption, examples
from charseq.errors import ConfigError, DataError

if TYPE_CHECKING:
    from charseq.reports.inspection import View
    from charseq.runs.checkpoint import Checkpoint

EXAMPLES = examples(
    ("charseq inspect runs/rnn runs/lstm runs/gru --gradient-flow", "how far back each of them looks"),
    ("charseq inspect runs/gru novel.txt --find quote", "which units know that a quotation is open"),
    ("head -c 999 novel.txt | charseq inspect runs/gru - --unit 1:87", "what a unit does, letter by letter"),
    ("charseq inspect runs/lstm page.txt --gates --html gates.html", "how open the gates are, as a page"),
)

MAX_CHARS = 100_000
"""Characters of a text that are looked at."""


class NamedText(NamedTuple):
    """A text, or its beginning, and what it is called."""

    name: str
    text: str


class NamedModel(NamedTuple):
    """A model, and what it is called."""

    name: str
    checkpoint: "Checkpoint"


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
    gradient_flow: Annotated[
        bool, typer.Option("--gradient-flow", help="How far back gradients reach; also of several models.")
    ] = False,
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="LAYER:UNIT", help="A unit's state after each character; repeatable."),
    ] = None,
    gates: Annotated[bool, typer.Option("--gates", help="How open the gates are at each character.")] = False,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="PROPERTY",
            help="Units that follow a property of the text: quote (is one open), newline (is it next), "
            "indent (of the line) or position (in the line).",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="With --find: how many units to show.")] = 10,
    html: HtmlOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Look inside a network: at gradients back in time, the states of units, the openness of gates."""
    from charseq.cli.console import check_before, check_format, write_result
    from charseq.reports import REPORTS
    from charseq.reports.display.page import page

    check_format(format_name, *REPORTS, "html")
    if [gradient_flow, bool(units), gates, find is not None].count(True) != 1:
        raise ConfigError("say what to look at: one of --gradient-flow, --unit, --gates and --find")
    models, texts = _split(arguments)
    if len(models) > 1 and not gradient_flow:
        raise ConfigError("only --gradient-flow looks at several models: name one")
    if len(texts) > 1:
        raise ConfigError(f"{texts[1]}: inspect looks at one text at a time")
    if not texts and (units or gates):
        raise ConfigError("--unit and --gates show a text: name one")
    check_before(texts, html)
    loaded = [_load(model) for model in models]
    text = _read(texts[0]) if texts else _test_part(loaded[0])
    if gradient_flow:
        view = _gradient_view(loaded, text)
    elif find is not None:
        view = _found_view(loaded[0].checkpoint, text, find, top)
    else:
        view = _text_view(loaded[0].checkpoint, text.text, units)
    title = f"Inside {', '.join(model.name for model in loaded)}"
    write_result(
        view.rows(),
        view.show,
        lambda: page(title, view.sections()),
        format_name=format_name,
        html=html,
    )


# ---- models and texts


def _split(arguments: list[str] | None) -> tuple[list[str | None], list[str]]:
    """Return the models, None for the newest, and the texts."""
    from charseq.cli.console import split_model
    from charseq.runs.directory import is_model

    first, rest = split_model(arguments)
    models, texts = [first], list(rest)
    while texts and is_model(texts[0]):
        models.append(texts.pop(0))
    return models, texts


def _load(argument: str | None) -> NamedModel:
    from charseq.cli.console import load_model
    from charseq.runs.directory import model_name

    path, checkpoint = load_model(argument)
    return NamedModel(model_name(path), checkpoint)


def _read(source: str) -> NamedText:
    """Return the beginning of a text; DataError where there is nothing in it."""
    from charseq.cli.console import note
    from charseq.text.corpus import iter_texts
    from charseq.text.remarks import Remarks

    text, remarks = "", Remarks(note)
    for _, pieces in iter_texts(source, remarks=remarks, as_one=True):
        for piece in pieces:
            text += piece
            if len(text) > MAX_CHARS:
                return _beginning(source, text)
    remarks.finish()
    return _beginning(source, text)


def _test_part(model: NamedModel) -> NamedText:
    from charseq.runs.provenance import held_out_part

    part = held_out_part(model.checkpoint)
    return _beginning(f"the test part of {model.name}", str(part[: MAX_CHARS + 1]))


def _beginning(name: str, text: str) -> NamedText:
    from charseq.cli.console import note

    name = "standard input" if name == "-" else name
    if not text:
        raise DataError(f"{name}: empty: there is nothing to read")
    if len(text) > MAX_CHARS:
        note(f"{name}: only the first {MAX_CHARS:,} characters are looked at")
    return NamedText(name, text[:MAX_CHARS])


# ---- views


def _gradient_view(models: list[NamedModel], text: NamedText) -> "View":
    from charseq.analysis.gradient_flow import gradient_flow
    from charseq.reports.inspection import GradientView, ModelFlow

    flows = []
    for name, checkpoint in models:
        try:
            flow = gradient_flow(checkpoint.network, checkpoint.codec, text.text)
        except DataError as error:
            raise DataError(f"{text.name}: {error}") from None
        flows.append(ModelFlow(name, checkpoint.settings.model.cell, flow))
    return GradientView(flows, text.name)


def _found_view(checkpoint: "Checkpoint", text: NamedText, find: str, top: int) -> "View":
    from charseq.analysis.activations import PROPERTIES, hidden_states, rank_units
    from charseq.cli.console import check_choice
    from charseq.reports.inspection import FoundView

    check_choice("--find", find, tuple(PROPERTIES))
    values = PROPERTIES[find](text.text)
    if values.min() == values.max():
        raise DataError(f"{text.name}: {find} is the same at each of its characters: no unit can follow it")
    states = hidden_states(checkpoint.network, checkpoint.codec, text.text)
    return FoundView(find, text.name, rank_units(states, values, top))


def _text_view(checkpoint: "Checkpoint", text: str, units: list[str] | None) -> "View":
    """Return the view of `units`, or without any of the gates."""
    from charseq.analysis.activations import gate_openness, hidden_states
    from charseq.reports.inspection import gate_view, unit_view

    reading = checkpoint.network, checkpoint.codec, text
    if not units:
        return gate_view(text, gate_openness(*reading))
    places = [_place(checkpoint, unit) for unit in units]
    return unit_view(text, hidden_states(*reading), places)


def _place(checkpoint: "Checkpoint", unit: str) -> tuple[int, int]:
    """Return the layer and the number of a unit, counted from 1; ConfigError where there is none."""
    config = checkpoint.settings.model
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", unit, re.ASCII)
    if match is None:
        raise ConfigError(f"--unit must read LAYER:UNIT, such as 1:37; got {unit!r}")
    layer, number = int(match[1]), int(match[2])
    if not (1 <= layer <= config.num_layers and 1 <= number <= config.hidden_size):
        last = f"{config.num_layers}:{config.hidden_size}"
        raise ConfigError(f"--unit {unit}: the model has units 1:1 to {last}")
    return layer, number
