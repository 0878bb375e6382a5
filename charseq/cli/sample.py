"""charseq sample: write text with a model."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import (
    AdaptRateOption,
    ConfigOption,
    ModelOption,
    SetOption,
    base_settings,
    examples,
    option_layers,
    settings_options,
)
from charseq.cli.prompts import EscapesOption, PromptFileOption, PromptOption, read_prompt
from charseq.cli.sample_each import continue_each
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.text.codec import Codec

EXAMPLES = examples(
    ("charseq sample", "500 characters from the newest model"),
    ("charseq sample runs/pydoc --prompt 'The class ' --temperature 0.5", "continue a text, cautiously"),
    ("charseq sample runs/names -n 10 --seed 7", "ten names, always the same ones"),
    (
        "charseq sample runs/dates --each line --prompt-file dates.tsv --temperature 0",
        "the likeliest target of every line",
    ),
    ("charseq sample runs/pydoc --length 2000 --stop .", "up to the first full stop"),
)


@settings_options(sample=())
def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]",
            help="Run directory or .safetensors file; default: the newest run.",
            show_default=False,
        ),
    ] = None,
    models: ModelOption = None,
    prompt: PromptOption = None,
    prompt_file: PromptFileOption = None,
    escapes: EscapesOption = False,
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STRING",
            help=r"End a text before this string; \n, \t and \\ are escapes; repeatable.",
        ),
    ] = None,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="line",
            help="Continue every line of the --prompt-file, in order; what follows a separator in it is "
            "dropped.",
        ),
    ] = None,
    beam: Annotated[
        int,
        typer.Option(
            min=0,
            max=1000,
            metavar="K",
            help="With --each: the likeliest continuation of each line, by beam search with K beginnings.",
        ),
    ] = 0,
    format_name: Annotated[
        str | None, typer.Option("--format", "-f", metavar="FORMAT", help="With --each: tsv, csv or jsonl.")
    ] = None,
    hide_prompt: Annotated[bool, typer.Option("--hide-prompt", help="Print the new text only.")] = False,
    adapt: Annotated[
        bool, typer.Option("--adapt", help="Let the model learn from the prompt before it writes.")
    ] = False,
    adapt_rate: AdaptRateOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    *,
    options: dict[tuple[str, str], str],
) -> None:
    """Write text, character by character. A model trained with --unit line stops at the end of the line."""
    from charseq.cli.console import load_model
    from charseq.config.escapes import unescaped
    from charseq.sampling import texts

    settings = base_settings(config).with_layers(option_layers(options, assignments)).sample
    if each is not None:
        model = _the_model(models, arguments or [])
        if any((prompt, stop, hide_prompt, adapt, adapt_rate is not None, settings.num_samples > 1)):
            raise ConfigError("--each continues each line once, to its end: leave out the other options")
        continue_each(model, each, prompt_file, settings, beam=beam, format_name=format_name or "tsv")
        return
    if beam or format_name:
        raise ConfigError("--beam and --format need --each line")
    stops = [unescaped("--stop", text) for text in stop or [] if text]
    _, checkpoint = load_model(_the_model(models, arguments or []), adapt=adapt, adapt_rate=adapt_rate)
    codec = checkpoint.codec
    prompt = read_prompt(prompt, prompt_file, escapes=escapes, form=codec.form)
    separated = codec.end != "\n"  # a text may have empty lines
    formed = _completed(codec.form.apply(prompt, "the prompt"), codec)
    _warn_of_unseen(formed, codec)
    made = texts(checkpoint.reading_model, codec, prompt, settings, stops=stops)
    shown = codec.written(formed)
    for number, pieces in enumerate(made):
        if number and separated:
            sys.stdout.write("\n")
        if not hide_prompt:
            _write(shown)
        last = shown[-1:]
        for piece in pieces:
            _write(piece)
            sys.stdout.flush()
            last = piece[-1:] or last
        if last != "\n" and (
            sys.stdout.isatty() or not codec.form.any_bytes
        ):  # bytes in a pipe stay as they are
            sys.stdout.write("\n")


def _write(text: str) -> None:
    """Write text to stdout; for a terminal, each byte that is not UTF-8 becomes U+FFFD."""
    if sys.stdout.isatty():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    sys.stdout.write(text)


def _the_model(options: list[str] | None, arguments: list[str]) -> str | None:
    """Return the model that is named, if any. Raises ConfigError for a text among the arguments."""
    from charseq.cli.console import one_model
    from charseq.runs.directory import is_model

    texts = arguments[1:] if not options else [text for text in arguments if not is_model(text)]
    if texts and not is_model(texts[0]):
        raise ConfigError(f"{texts[0]!r}: not a model: the text to continue is given by --prompt")
    if len(arguments) > 1:
        raise ConfigError(f"{arguments[1]}: sample takes one model: leave it out")
    return one_model(options, arguments[0] if arguments else None)


def _completed(prompt: str, codec: "Codec") -> str:
    """Return the prompt with its separator. Raises ConfigError if the model only knows what follows one."""
    if not prompt and codec.selects and codec.target_after:
        raise ConfigError("this model continues sources: give one by --prompt, or many by --each line")
    return codec.completed(prompt)


def _warn_of_unseen(prompt: str, codec: "Codec") -> None:
    from charseq.cli.console import note
    from charseq.reports.display.visible import visible

    if unknown := codec.unknown(prompt):
        note(f"not in the model's vocabulary, read as the zero vector: {visible(''.join(unknown))}")
