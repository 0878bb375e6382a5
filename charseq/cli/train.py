"""charseq train: learn a model from text."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.cli.console import graceful_interrupt, note_terminal
from charseq.cli.options import (
    ConfigOption,
    SetOption,
    base_settings,
    examples,
    option_layers,
    settings_options,
)
from charseq.config.toml import value_from_text
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint
    from charseq.runs.run import Run
    from charseq.text.split import CorpusParts
    from charseq.training.events import Mixed

MLP_EMBEDDING = 32
"""The size of the embedding of a network on a window, unless it is given."""

GLIMPSED_CHARS = 200
"""The most characters of a line of the held-out text that are shown with a new target."""
EXAMPLES = examples(
    ("charseq train", "two minutes on Python's own language reference"),
    ("charseq train novel.txt --cell gru --max-time 10m", "a GRU on a file, for ten minutes"),
    ("charseq train novel.txt --mlp 8", "a network that sees the last eight characters only"),
    ("charseq train names.txt --unit line -o runs/names", "every line a sequence of its own"),
    ("charseq train --resume runs/names --max-time 1h", "go on where that run stopped"),
    ("cat *.log | charseq train - --set optim.beta2=0.999", "any text, any setting"),
)


@settings_options(data=("corpus",), model=(), optim=(), train=())
def command(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, directories, *.gz, *.bz2, *.xz, - or builtin:NAME; default: the setting data.corpus."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="RUN", help="New run directory; default: runs/<corpus>-<cell>."
        ),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Continue a run exactly where it was saved.")
    ] = None,
    init_from: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Start a new run from another model's weights.")
    ] = None,
    ngram: Annotated[
        str | None,
        typer.Option(metavar="K", help="Count n-grams of up to K characters instead of training a network."),
    ] = None,
    mlp: Annotated[
        str | None,
        typer.Option(
            metavar="K",
            help="Train a network without recurrence, on a fixed window of the last K characters.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Plain lines only: no live display, no samples.")
    ] = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    *,
    options: dict[tuple[str, str], Any],
) -> None:
    """Learn a model from text, character by character, with truncated backpropagation through time."""
    from charseq.cli.progress import ReadingDisplay
    from charseq.runs.finish import TEST_SECONDS
    from charseq.runs.making import Counted, Origin, make
    from charseq.runs.run import Run

    layers = option_layers(options, assignments)
    if corpus:
        layers.append(({"data": {"corpus": corpus}}, "CORPUS"))
    if ngram is not None:
        order = value_from_text("model", "order", ngram)
        layers.append(({"model": {"kind": "ngram", "order": order}}, "--ngram"))
    if mlp is not None:
        if ngram is not None:
            raise ConfigError("--ngram and --mlp are two kinds of models: leave out one of them")
        order = value_from_text("model", "order", mlp)
        layers.insert(
            0, ({"model": {"kind": "mlp", "order": order, "embedding_size": MLP_EMBEDDING}}, "--mlp")
        )
    if resume is not None and (output or init_from or config):
        raise ConfigError("--resume goes on as the run was: leave out --output, --init-from and --config")
    with ReadingDisplay(plain=quiet) as display:
        if resume is not None:
            made: Run | Counted = Run.resume(resume, layers, progress=display.show)
        else:
            base = base_settings(config)  # once: it may come from a pipe
            data = base.with_layers(layers).data
            note_terminal([*data.corpus, data.valid])
            made = make(
                base,
                layers,
                command=shlex.join(["charseq", *sys.argv[1:]]),
                directory=output,
                init_from=Origin(init_from, "--init-from") if init_from else None,
                progress=display.show,
            )
    if isinstance(made, Counted):
        _describe_model(made.checkpoint)
        _describe_texts(made.texts)
        _summarise(made.directory, made.texts, test_seconds=TEST_SECONDS)
        return
    with graceful_interrupt() as interrupted:
        _describe(made)
        if init_from:
            _describe_origin(made, init_from)
        mixed = _train(made, interrupted, quiet=quiet)
    _summarise(made.directory, made.texts, test_seconds=made.test_seconds, mixed=mixed)


def _describe_model(checkpoint: "Checkpoint") -> None:
    from charseq.cli.console import note

    note(
        f"{checkpoint.description}, {checkpoint.model.num_parameters:,} {checkpoint.kind.parameters_name}, "
        f"vocabulary {checkpoint.codec.vocab_size}"
    )


def _describe(run: "Run") -> None:
    from charseq.cli.console import note
    from charseq.optim.parts import num_frozen
    from charseq.training.advice import is_too_small

    texts, batches = run.texts, run.batches
    one_token_each = run.checkpoint.codec.tokenizer.one_token_each
    _describe_model(run.checkpoint)
    _describe_texts(texts)
    if run.choice:
        note(run.choice)
    if batches.num_streams < run.settings.train.batch_size:
        note(f"the text is short: batch_size {batches.num_streams}, not {run.settings.train.batch_size}")
    if batches.num_dropped:
        what = f"{batches.num_dropped} {'characters' if one_token_each else 'tokens'}"
        note(f"the last {what} are left out, so that {batches.num_streams} streams are equally long")
    counts_too = run.settings.train.with_ngram and texts.valid
    if not counts_too and is_too_small(len(texts.train), run.checkpoint.model.num_parameters):
        way = _ways_out(run.settings.model.dropout)
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
    if cost := _cost(run):
        note(cost)
    for key in run.other_bits:
        note(f"{key} is another one than before: the weights may differ in their last bits from now on")
    if not texts.valid and run.settings.train.with_ngram:
        note("nothing is held out for validation, on which weights are fitted: no n-grams are mixed in")
    if not texts.valid:
        note("nothing is held out for validation: the latest model counts as the best, no plateau is noticed")


def _cost(run: "Run") -> str:
    """Return the method for the gradient and its cost, "" for backpropagation."""
    cost = run.trainer.source.cost
    return f"{run.settings.train.gradient}: {cost}" if cost else ""


def _ways_out(dropout: float) -> str:
    """Return what to try where a network with this `dropout` learns its text by heart, the best first."""
    return "try --ngram 5" if dropout else "try --ngram 5, or --dropout 0.5"


def _describe_origin(run: "Run", model: str) -> None:
    """Say what the run took over from another model."""
    from charseq.cli.console import load_model, note
    from charseq.runs.checks import continued_member

    other = continued_member(load_model(model)[1])
    known = len(run.checkpoint.codec.shared_tokens(other.codec)[0])
    size, one_each = run.checkpoint.codec.vocab_size, run.checkpoint.codec.tokenizer.one_token_each
    others = "" if known == size else "; the others begin at random"
    what = f"{known} of {size} {'characters' if one_each else 'tokens'} known{others}"
    note(f"from {model}: its sizes ({other.description}) and its weights; {what}")


def _describe_texts(texts: "CorpusParts") -> None:
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


def _train(run: "Run", interrupted: Callable[[], int], *, quiet: bool) -> "Mixed | None":
    """Train, and show what happens; return the event of mixing in n-grams, if that was asked for."""
    import time

    from charseq.cli.progress import TrainingDisplay
    from charseq.gradients import Plan
    from charseq.sampling import glimpse
    from charseq.training.events import Mixed, StepDone

    mixed: Mixed | None = None
    train = run.settings.train
    sampled, is_planned = time.monotonic(), False
    with TrainingDisplay(plain=quiet, codec=run.checkpoint.codec, cost=_cost(run)) as display:
        for event in run.events():
            try:
                if not is_planned and isinstance(event, StepDone):
                    is_planned = True
                    if run.trainer.plan not in (None, Plan()):
                        display.say(f"charseq: each batch in {run.trainer.plan}")
                display.show(event)
                due = train.sample_every and time.monotonic() - sampled >= train.sample_every
                if due and not quiet and isinstance(event, StepDone):
                    seed = (train.seed, 2, event.step)
                    held_out = run.texts.valid or run.texts.train
                    source = str(held_out[:GLIMPSED_CHARS]).partition("\n")[0]
                    model, codec = run.trainer.model, run.checkpoint.codec
                    display.sample(glimpse(model, codec, seed=seed, source=source))
                    sampled = time.monotonic()
            except BrokenPipeError:  # the display's reader has gone; what was learnt stays
                run.save()
                raise
            if signum := interrupted():
                run.save()
                resume = f"charseq train --resume {shlex.quote(str(run.directory))}"
                display.say(f"interrupted; to go on: {resume}")
                raise typer.Exit(128 + signum)
            if isinstance(event, Mixed):
                mixed = event
    return mixed


def _summarise(
    directory: Path, texts: "CorpusParts", *, test_seconds: float, mixed: "Mixed | None" = None
) -> None:
    """Print the path of the model, its validation, its score on the test part, the loss curve."""
    from charseq.cli.console import results
    from charseq.reports.display.tables import facts_table
    from charseq.reports.display.visible import sparkline
    from charseq.runs.summary import Summary

    summary = Summary.of(directory, texts.test, seconds=test_seconds)
    best = summary.best
    facts = [("model", f"{summary.path}")]
    if best.results.valid is not None:
        at = f", at step {best.results.step:,}" if best.results.step else ""
        facts.append(("best validation", f"{best.results.valid}{at}"))
    if mixed is not None:
        weighted = zip(mixed.alone.items(), mixed.weights, strict=True)
        facts += [(f"{name} alone", f"{nats:.4f} nats, weight {w:.3f}") for (name, nats), w in weighted]
    elif summary.learnt_by_heart:
        when = f"step {best.results.step:,} of {summary.steps[-1]:,}"
        way = _ways_out(best.settings.model.dropout)
        facts.append(("note", f"after {when} the model only learnt the text by heart: {way}"))
    elif summary.is_worse_than_uniform:
        cost = f"a uniform guess costs {best.codec.uniform_bits:.2f} bits"
        facts.append(("note", f"{cost}: training diverged or has hardly begun; try a lower learning rate"))
    if summary.test is not None:
        whole = summary.test.num_chars == best.codec.num_counted(texts.test.strings())
        facts.append(("test", f"{summary.test}{'' if whole else f', the first of {len(texts.test):,}'}"))
    if summary.optimum is not None:
        facts.append(("best possible", f"{summary.optimum:.4f} bits per character"))
    if losses := summary.losses:
        facts.append(("training loss", f"{sparkline(losses)}  {losses[0]:.3f} to {losses[-1]:.3f} nats"))
    facts.append(("next", f"charseq sample {shlex.quote(str(directory))}"))
    results().print(facts_table(facts))
