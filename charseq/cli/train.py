"""charseq train: learn a model from text."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.cli.console import graceful_interrupt, note, note_terminal
from charseq.cli.interrupting import Answer, answer
from charseq.cli.options import (
    ConfigOption,
    SetOption,
    base_settings,
    examples,
    option_layers,
    settings_options,
)
from charseq.cli.ranks import connected, follow, is_done
from charseq.cli.train_notes import (
    cost_of,
    describe,
    describe_end,
    describe_model,
    describe_origin,
    describe_texts,
    way_on,
    ways_out,
)
from charseq.config.toml import value_from_text
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.ranks import World
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
            help="Files, directories, *.gz, *.bz2, *.xz, - or builtin:NAME; default: the setting "
            "data.corpus, which is builtin:pydoc unless it is set."
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
    from charseq.runs.follower import invite
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
    world = connected()
    if world is not None and not world.leads:
        follow(world)
        return
    with ReadingDisplay(plain=quiet) as display:
        if resume is not None:
            made: Run | Counted = Run.resume(resume, layers, progress=display.show, world=world)
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
                world=world,
            )
    invite(made if isinstance(made, Run) else None, world)
    if isinstance(made, Counted):
        describe_model(made.checkpoint)
        describe_texts(made.texts)
        _summarise(made.directory, made.texts, test_seconds=TEST_SECONDS)
        is_done()
        return
    with graceful_interrupt() as interrupted:
        describe(made, world)
        if init_from:
            describe_origin(made, init_from)
        try:
            mixed = _train(made, interrupted, world, quiet=quiet)
        except KeyboardInterrupt:
            note(way_on(made))
            raise
    _summarise(made.directory, made.texts, test_seconds=made.test_seconds, mixed=mixed)
    is_done()


def _train(
    run: "Run", interrupted: Callable[[], int], world: "World | None", *, quiet: bool
) -> "Mixed | None":
    """Train, and show what happens; return the event of mixing in n-grams, if that was asked for."""
    import time

    from charseq.cli.console import PIPE
    from charseq.cli.progress import TrainingDisplay
    from charseq.gradients import Plan
    from charseq.training.events import Mixed, StepDone

    mixed: Mixed | None = None
    train, nobody_reads = run.settings.train, False
    signum, how = 0, Answer.GO_ON

    def heard() -> int:
        return PIPE if nobody_reads else interrupted()

    if world is not None:
        world.heard = heard
    asked_to_end = heard if world is None else world.signal
    sampled, is_planned = time.monotonic(), False
    with TrainingDisplay(plain=quiet, codec=run.checkpoint.codec, cost=cost_of(run)) as display:
        for event in run.events():
            try:
                if not is_planned and isinstance(event, StepDone):
                    is_planned = True
                    if world is None and run.trainer.plan not in (None, Plan()):
                        display.say(f"charseq: each batch in {run.trainer.plan}")
                display.show(event)
                due = train.sample_every and time.monotonic() - sampled >= train.sample_every
                if due and not quiet and isinstance(event, StepDone):
                    display.sample(_sample(run, event.step))
                    sampled = time.monotonic()
            except BrokenPipeError:  # the display's reader has gone; what was learnt stays
                nobody_reads = True
            if isinstance(event, Mixed):
                mixed = event
            if signum or not run.trainer.source.is_settled or not (signum := asked_to_end()):
                continue
            how = answer(signum, run.trainer)
            if how is Answer.END:
                run.save()
                break
            if how is Answer.COOL_DOWN:
                display.say(describe_end(run.interrupt(), run.trainer.progress))
        if how is not Answer.GO_ON:
            is_done()
            if signum == PIPE:
                raise BrokenPipeError
            if mixed is not None:
                display.say(f"mixed with n-grams, on validation: {mixed.valid}")
            display.say(way_on(run))
            raise typer.Exit(128 + signum)
    return mixed


def _sample(run: "Run", step: int) -> str:
    """Return a short text by the latest model, or its answer to a line of the held-out text."""
    from charseq.sampling import glimpse

    held_out = run.texts.valid or run.texts.train
    source = str(held_out[:GLIMPSED_CHARS]).partition("\n")[0]
    seed = (run.settings.train.seed, 2, step)
    return glimpse(run.trainer.model, run.checkpoint.codec, seed=seed, source=source)


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
        way = ways_out(best.settings.model.dropout)
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
