"""The notes of charseq train on stderr about a run, before it begins and when it is interrupted."""

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charseq.ranks import World
    from charseq.runs.checkpoint import Checkpoint
    from charseq.runs.run import Run
    from charseq.text.split import CorpusParts
    from charseq.training.progress import Progress


def describe_model(checkpoint: "Checkpoint") -> None:
    """Say which kind and size a model has."""
    from charseq.cli.console import note

    note(
        f"{checkpoint.description}, {checkpoint.model.num_parameters:,} {checkpoint.kind.parameters_name}, "
        f"vocabulary {checkpoint.codec.vocab_size}"
    )


def describe(run: "Run", world: "World | None") -> None:
    """Say what a run learns, from which texts, and whatever about it is out of the ordinary."""
    from charseq.cli.console import note
    from charseq.optim.parts import num_frozen
    from charseq.training.advice import is_too_small

    texts, batches = run.texts, run.batches
    one_token_each = run.checkpoint.codec.tokenizer.one_token_each
    describe_model(run.checkpoint)
    describe_texts(texts)
    if run.choice:
        note(run.choice)
    if batches.num_streams < run.settings.train.batch_size:
        note(f"the text is short: batch_size {batches.num_streams}, not {run.settings.train.batch_size}")
    if batches.num_dropped:
        what = f"{batches.num_dropped} {'characters' if one_token_each else 'tokens'}"
        note(f"the last {what} are left out, so that {batches.num_streams} streams are equally long")
    counts_too = run.settings.train.with_ngram and texts.valid
    if not counts_too and is_too_small(len(texts.train), run.checkpoint.model.num_parameters):
        way = ways_out(run.settings.model.dropout)
        note(f"the text is very small for this model, which will learn it by heart: {way}")
    optim = run.settings.optim
    if optim.freeze:
        total, params = run.checkpoint.model.num_parameters, run.trainer.model.params
        share = f"{num_frozen(optim, params):,} of {total:,} parameters"
        note(f"frozen: {', '.join(optim.freeze)}: {share} do not learn")
    if optim.rate_scale:
        note(f"rates of their own: {', '.join(optim.rate_scale)}")
    if remark := run.trainer.loss.remark(run.checkpoint.codec.vocab_size):
        note(f"{run.settings.train.loss}: {remark}")
    if cost := cost_of(run):
        note(cost)
    if world is not None:
        note(f"{world.size} ranks, each with a part of the streams: {_rhythm(run.settings.train.sync_every)}")
    for key in run.other_bits:
        note(f"{key} is another one than before: the weights may differ in their last bits from now on")
    if not texts.valid and run.settings.train.with_ngram:
        note("nothing is held out for validation, on which weights are fitted: no n-grams are mixed in")
    if not texts.valid:
        note("nothing is held out for validation: the latest model counts as the best, no plateau is noticed")


def describe_end(num_steps: int, now: "Progress") -> str:
    """Return in words how an interrupted run ends, which has so many steps left and is as far as `now`."""
    from charseq.config import format_duration

    again = "(Ctrl-C again ends at once)"
    if not num_steps:
        return f"interrupted: the model is finished now {again}"
    seconds = format_duration(max(1, round(num_steps * now.elapsed / now.step)))
    steps = "1 step" if num_steps == 1 else f"{num_steps:,} steps"
    return f"interrupted: the learning rate falls to its end in {steps}, about {seconds} {again}"


def way_on(run: "Run") -> str:
    """Return in words how to go on with an interrupted run."""
    return f"interrupted; to go on: charseq train --resume {shlex.quote(str(run.directory))}"


def _rhythm(sync_every: int) -> str:
    """Return in words how often ranks exchange what they have learnt."""
    if sync_every == 1:
        return "gradients are added at every step"
    return f"each learns on its own, and the weights are averaged every {sync_every} steps"


def cost_of(run: "Run") -> str:
    """Return the method for the gradient and its cost, "" for backpropagation."""
    cost = run.trainer.source.cost
    return f"{run.settings.train.gradient}: {cost}" if cost else ""


def ways_out(dropout: float) -> str:
    """Return what to try where a network with this `dropout` learns its text by heart, the best first."""
    return "try --ngram 5" if dropout else "try --ngram 5, or --dropout 0.5"


def describe_origin(run: "Run", model: str) -> None:
    """Say what the run took over from another model."""
    from charseq.cli.console import load_model, note
    from charseq.runs.checks import continued_member

    other = continued_member(load_model(model)[1])
    known = len(run.checkpoint.codec.shared_tokens(other.codec)[0])
    size, one_each = run.checkpoint.codec.vocab_size, run.checkpoint.codec.tokenizer.one_token_each
    others = "" if known == size else "; the others begin at random"
    what = f"{known} of {size} {'characters' if one_each else 'tokens'} known{others}"
    note(f"from {model}: its sizes ({other.description}) and its weights; {what}")


def describe_texts(texts: "CorpusParts") -> None:
    """Say what is remarkable about the texts of a model, and how long their parts are."""
    from charseq.cli.console import note
    from charseq.cli.options import as_options
    from charseq.text.tasks import MadeText

    for sentence in texts.notes:
        note(as_options(sentence))
    for source in texts.sources:
        if (made := MadeText.of(source)) is not None:
            note(f"{source}: {made.about}")
    note(
        f"{', '.join(texts.sources)}: {len(texts.train):,} characters to train, {len(texts.valid):,} to "
        f"validate, {len(texts.test):,} to test"
    )
