"""charseq sample: write text with a model."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import (
    ConfigOption,
    SetOption,
    base_settings,
    examples,
    option_layers,
    settings_options,
)
from charseq.config import SampleConfig
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np

    from charseq.runs.checkpoint import Checkpoint

EXAMPLES = examples(
    ("charseq sample", "500 characters from the newest model"),
    ("charseq sample runs/pydoc --prompt 'The class ' --temperature 0.5", "continue a text, cautiously"),
    ("charseq sample runs/names -n 10 --seed 7", "ten names, always the same ones"),
    ("charseq sample runs/pydoc --length 2000 --stop .", "up to the first full stop"),
)
TEXTS_AT_ONCE = 32
"""Texts that are made together; the first of them appears when all of them are finished."""


@settings_options(sample=())
def command(
    model: Annotated[
        str | None, typer.Argument(help="Run directory or .safetensors file; default: the newest run.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="Text to continue.")
    ] = None,
    prompt_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="File with the text to continue; - for standard input.")
    ] = None,
    stop: Annotated[
        list[str] | None, typer.Option(metavar="STRING", help="End a text before this string; repeatable.")
    ] = None,
    hide_prompt: Annotated[bool, typer.Option("--hide-prompt", help="Print the new text only.")] = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    *,
    options: dict[tuple[str, str], str],
) -> None:
    """Write text, character by character. A model trained with --unit line stops at the end of the line."""
    import numpy as np

    from charseq.cli.console import load_model

    if prompt is not None and prompt_file is not None:
        raise ConfigError("give --prompt or --prompt-file, not both")
    settings = base_settings(config).with_layers(option_layers(options, assignments)).sample
    if prompt_file is not None:
        prompt = _read_prompt(prompt_file)
    prompt = prompt or ""
    _, checkpoint = load_model(model)
    is_line = checkpoint.settings.data.unit == "line"
    stops = [text for text in stop or [] if text] + ["\n"] * is_line
    _warn_of_unseen(prompt, checkpoint)
    seeds = np.random.SeedSequence(None if settings.seed < 0 else settings.seed)
    for number, pieces in enumerate(_texts(checkpoint, prompt, settings, seeds, stops)):
        if number and not is_line:
            sys.stdout.write("\n")
        if not hide_prompt:
            sys.stdout.write(prompt)
        last = prompt[-1:]
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
            last = piece[-1:] or last
        if last != "\n":
            sys.stdout.write("\n")


def _texts(
    checkpoint: "Checkpoint",
    prompt: str,
    config: SampleConfig,
    seeds: "np.random.SeedSequence",
    stops: list[str],
) -> "Iterator[Iterable[str]]":
    """Yield each text in pieces: a single one as it is made, several when a batch of them is finished."""
    import numpy as np

    from charseq.sampling.sampler import finish_many, sample, sample_many, until
    from charseq.text.batches import prompt_tokens

    model, vocab = checkpoint.model, checkpoint.tokenizer.vocab
    tokens = prompt_tokens(prompt, checkpoint.tokenizer, checkpoint.settings.data.unit)
    for begin in range(0, config.num_samples, TEXTS_AT_ONCE):
        number = min(TEXTS_AT_ONCE, config.num_samples - begin)
        some = [np.random.default_rng(seed) for seed in seeds.spawn(number)]
        if config.num_samples == 1:
            yield until((vocab[token] for token in sample(model, tokens, config, rng=some[0])), stops)
            return
        texts = finish_many(sample_many(model, tokens, config, rngs=some), vocab, stops)
        yield from ([text] for text in texts or [""] * len(some))  # texts of no length are texts too


def _read_prompt(name: str) -> str:
    from charseq.text.corpus import read_corpus

    return read_corpus((name,)).text


def _warn_of_unseen(prompt: str, checkpoint: "Checkpoint") -> None:
    from charseq.cli.console import note
    from charseq.reports.display.visible import visible
    from charseq.text import UNSEEN

    unseen = {
        char
        for char, token in zip(prompt, checkpoint.tokenizer.encode(prompt), strict=True)
        if token == UNSEEN
    }
    if unseen:
        note(f"not in the model's vocabulary, read as the zero vector: {visible(''.join(sorted(unseen)))}")
