"""charseq sample: write text with a model."""

import re
import sys
from functools import partial
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
from charseq.cli.prompts import (
    EscapesOption,
    ExactPromptOption,
    PromptFileOption,
    PromptOption,
    read_prompt,
)
from charseq.cli.sample_alternatives import (
    ShowAlternativesOption,
    check_alternatives,
    show_alternatives,
)
from charseq.cli.sample_each import continue_each
from charseq.cli.sample_likeliest import BeamOption, TopTextsOption, check_search, write_likeliest
from charseq.cli.sample_rows import FormatOption, IndexOption, KeepStopOption, check_many, write_texts
from charseq.cli.sample_state import SaveStateOption, StateOption, check_state, save_start, start_of
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from charseq.text.codec import Codec

EXAMPLES = examples(
    ("charseq sample", "500 characters from the newest model"),
    ("charseq sample runs/pydoc --prompt 'The class ' --temperature 0.5", "continue a text, cautiously"),
    ("charseq sample runs/names -n 10 --seed 7", "ten names, always the same ones"),
    ("charseq sample runs/names -n 1000 --format tsv | sort -t$'\\t' -k2,2n", "the likeliest names first"),
    (
        "charseq sample runs/dates --each line --prompt-file dates.tsv --temperature 0",
        "the likeliest target of every line",
    ),
    ("charseq sample runs/pydoc --length 2000 --stop .", "up to the first full stop"),
    (
        "charseq sample runs/pydoc --prompt-file novel.txt --length 0 --save-state novel.safetensors",
        "read a long prompt once, then go on from it with --state novel.safetensors",
    ),
    ("charseq sample runs/names -n 20 --match '[A-Z][a-z]{4}' --unique", "twenty names of five letters"),
    (
        "charseq sample runs/names --top-texts 100 --format tsv",
        "the likeliest names, with their probabilities",
    ),
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
    beam: BeamOption = 0,
    top_texts: TopTextsOption = 0,
    format_name: FormatOption = None,
    index: IndexOption = None,
    keep_stop: KeepStopOption = False,
    exact_prompt: ExactPromptOption = False,
    state: StateOption = None,
    save: SaveStateOption = None,
    alternatives: ShowAlternativesOption = False,
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
    from charseq.runs.provenance import training_text
    from charseq.sampling import Order, sampled, texts
    from charseq.sampling.sampler import text_to_go_on

    settings = base_settings(config).with_layers(option_layers(options, assignments)).sample
    if each is not None:
        model = _the_model(models, arguments or [])
        others = (
            prompt,
            top_texts,
            stop,
            hide_prompt,
            adapt,
            exact_prompt,
            keep_stop,
            state,
            save,
            alternatives,
        )
        if any(others) or (index, adapt_rate) != (None, None) or settings.num_samples > 1:
            raise ConfigError("--each continues each line once, to its end: leave out the other options")
        continue_each(model, each, prompt_file, settings, beam=beam, format_name=format_name or "tsv")
        return
    if beam or top_texts:
        chosen = (
            bool(stop),
            adapt,
            adapt_rate is not None,
            index is not None,
            keep_stop,
            bool(state or save or alternatives),
            bool(beam and top_texts),
        )
        given = [key for _, key in options]
        check_search("--top-texts" if top_texts else "--beam", given=given, others=chosen)
    stops = [unescaped("--stop", text) for text in stop or [] if text]
    format_name = format_name or "text"
    check_many(settings, index=index, stops=stops, keep_stop=keep_stop, format_name=format_name)
    check_state(state, save, adapt=adapt, num_texts=settings.num_samples, format_name=format_name)
    if alternatives:
        check_alternatives(format_name=format_name, is_plain=not (adapt or state or save or hide_prompt))
    _, checkpoint = load_model(_the_model(models, arguments or []), adapt=adapt, adapt_rate=adapt_rate)
    codec = checkpoint.codec
    prompt = read_prompt(prompt, prompt_file, escapes=escapes, form=codec.form, exact=exact_prompt)
    formed = codec.form.apply(prompt, "the prompt")
    if state is None:
        formed = _completed(formed, codec)
    _warn_of_unseen(formed, codec)
    if beam or top_texts:
        write_likeliest(
            checkpoint,
            formed,
            settings,
            top_texts=top_texts,
            beam=beam,
            format_name=format_name,
            hide_prompt=hide_prompt,
        )
        return
    start = start_of(checkpoint, state, formed)
    start.training_text = partial(training_text, checkpoint)
    order = Order.of(settings, codec, stops=stops, keep_stop=keep_stop, first=index or 0)
    if alternatives:
        show_alternatives(checkpoint, start, order, formed)
        return
    if format_name != "text":
        write_texts(sampled(start, order), format_name)
        return
    hidden = hide_prompt or state is not None
    made: Iterable[Iterable[str]] = texts(start, order) if save is None else [text_to_go_on(start, order)]
    if save is None or settings.length:
        _show(made, codec.written(formed), codec, hide_prompt=hidden)
    if save is not None:
        if not settings.length:
            list(*made)
        save_start(checkpoint, start, save)


def _show(made: "Iterable[Iterable[str]]", prompt: str, codec: "Codec", *, hide_prompt: bool) -> None:
    """Write each of the texts to stdout, the pieces of each as they come, after the prompt."""
    for number, pieces in enumerate(made):
        if number and codec.end != "\n":  # a text may have empty lines
            sys.stdout.write("\n")
        if not hide_prompt:
            _write(prompt)
        last = prompt[-1:]
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
        text = re.sub("[\udc80-\udcff]", "\ufffd", text)
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
