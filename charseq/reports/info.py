"""The report of `charseq info`: what a model is and where it comes from."""

from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from charseq.config import format_duration
from charseq.gradients import LOSSES, Plan
from charseq.gradients.rtrl import Cost
from charseq.models.mixture import Mixture
from charseq.reports.column import Column, field
from charseq.reports.display.tables import facts_table
from charseq.reports.display.visible import visible
from charseq.reports.report import Report
from charseq.runs.checkpoint import Checkpoint


class StoredModel(NamedTuple):
    """A model, and the file that it is in."""

    path: Path
    checkpoint: Checkpoint

    @property
    def vocab(self) -> str:
        """The characters that the tokenizer took from the training text, as one text."""
        return self.checkpoint.codec.tokenizer.learnt


def _setting(key: str) -> Any:
    """Return a function that gives a setting of the section model, None if the kind does not use it."""

    def value(model: StoredModel) -> Any:
        checkpoint = model.checkpoint
        is_used = key in checkpoint.kind.settings.get("model", ())
        return getattr(checkpoint.settings.model, key) if is_used else None

    return value


def _parts(what: str) -> Any:
    """Return a function that gives `what` of each member of a mixture, None for a model that is none."""

    def value(model: StoredModel) -> Any:
        mixture = model.checkpoint.model
        return [getattr(part, what) for part in mixture.parts] if isinstance(mixture, Mixture) else None

    return value


def _valid_nats(model: StoredModel) -> float | None:
    valid = model.checkpoint.results.valid
    return None if valid is None else valid.nats_per_char


def _split(model: StoredModel) -> str:
    made_of, data = model.checkpoint.provenance, model.checkpoint.settings.data
    way = "" if data.split == "tail" else f"{data.split}, put one after the other: "
    return (
        f"{way}train [0, {made_of.train_end:,}), valid [{made_of.train_end:,}, {made_of.valid_end:,}), "
        f"test [{made_of.valid_end:,}, {made_of.test_end:,}) characters"
    )


def _corpus(model: StoredModel) -> str:
    made_of = model.checkpoint.provenance
    return f"{', '.join(made_of.sources)}, {made_of.num_bytes:,} bytes"


def _valid(model: StoredModel) -> str:
    valid = model.checkpoint.results.valid
    return "none" if valid is None else str(valid)


def _reached(model: StoredModel) -> str | None:
    results = model.checkpoint.results
    if not model.checkpoint.kind.is_trained:
        return None
    shards = results.num_shards or 1
    plan = f", each batch in {Plan(shards)}" if shards > 1 else ""
    return f"step {results.step:,}, after {format_duration(round(results.train_seconds))}{plan}"


def _cost(model: StoredModel) -> Cost | None:
    """Return the cost of real-time recurrent learning, None for a model that was not learnt so."""
    settings, vocab_size = model.checkpoint.settings, model.checkpoint.codec.vocab_size
    if not model.checkpoint.kind.is_trained or settings.train.gradient != "rtrl":
        return None
    return Cost.of(settings.model, vocab_size)


def _gradient(model: StoredModel) -> str | None:
    """Return the method for the gradient with its cost, None for backpropagation through time."""
    cost = _cost(model)
    return None if cost is None else f"rtrl: {cost}"


def _cost_in(figure: str) -> Any:
    """Return a function that gives a figure of the cost, None for backpropagation through time."""
    return lambda model: getattr(_cost(model), figure, None)


def _loss(model: StoredModel) -> str | None:
    """Return the training loss with its candidates, None for the softmax over the vocabulary."""
    train = model.checkpoint.settings.train
    if not model.checkpoint.kind.is_trained or not LOSSES[train.loss].draws:
        return None
    return f"{train.loss}, {train.num_negatives:,} tokens drawn for each step"


def _trained_with(key: str) -> Any:
    """Return a function that gives the items of a setting of the section optim, if it is trained."""

    def value(model: StoredModel) -> list[str]:
        is_trained = model.checkpoint.kind.is_trained
        return list(getattr(model.checkpoint.settings.optim, key)) if is_trained else []

    return value


def _made_with(model: StoredModel) -> str:
    made_of = model.checkpoint.provenance
    return f"charseq {made_of.charseq_version}, numpy {made_of.numpy_version}"


def _vocabulary(model: StoredModel) -> str:
    tokenizer = model.checkpoint.codec.tokenizer
    if tokenizer.one_token_each:
        return f"{tokenizer.vocab_size}: {visible(model.vocab)}"
    num_more = len(tokenizer.alphabet) - len(model.vocab)
    more = f" and {num_more:,} that every text may have" if num_more else ""
    learnt = f": {visible(model.vocab)}" if model.vocab else ""
    return f"{tokenizer.vocab_size} tokens for {len(model.vocab)} characters{more}{learnt}"


def _rates(model: StoredModel) -> list[float] | None:
    rates = model.checkpoint.rates
    return None if rates is None else list(rates.rates)


def _adapting_weights(model: StoredModel) -> list[float] | None:
    rates = model.checkpoint.rates
    return None if rates is None else list(rates.weights)


def _adapts(model: StoredModel) -> str | None:
    """Return the rates and weights with which a model adapts, in words; None if none were chosen."""
    checkpoint, rates = model.checkpoint, model.checkpoint.rates
    if rates is None:
        return None
    each = [
        f"{member.description}{f' at rate {rate:.3g}' if member.kind.is_trained else ''}, weight {weight:.2f}"
        for member, rate, weight in zip(checkpoint.members, rates.rates, rates.weights, strict=False)
    ]
    return "; ".join([*each, f"a cache, weight {rates.weights[-1]:.2f}"])


def _it(model: StoredModel) -> StoredModel:
    return model


class InfoReport(Report):
    """The facts of a model, one below the other."""

    command, name, title, has_name = "info", "info", "The model", False
    help = "`charseq info`. One row."
    columns = (
        Column("file", "file", "", lambda model: str(model.path), "the model file"),
        field("kind", attrgetter("checkpoint.settings.model.kind"), "the kind of model"),
        field("order", _setting("order"), "of an n-gram model: the length of its longest n-grams"),
        field("cell", _setting("cell"), "of a network: its cell"),
        field("num_layers", _setting("num_layers"), "of a network: its layers"),
        field("hidden_size", _setting("hidden_size"), "of a network: neurons in each layer"),
        field(
            "embedding_size",
            _setting("embedding_size"),
            "of a network: 0 where inputs are one-hot",
        ),
        field("rms_norm", _setting("rms_norm"), "of a network: true if W h(t-1) is normalised"),
        field(
            "num_parameters",
            attrgetter("checkpoint.model.num_parameters"),
            "parameters, or n-grams counted",
        ),
        field("members", _parts("description"), "of a mixture: what its members are"),
        field("weights", _parts("weight"), "of a mixture: the weights of its members"),
        Column("unit", "unit", "", attrgetter("checkpoint.settings.data.unit"), "the unit of a sequence"),
        field("separator", attrgetter("checkpoint.settings.data.separator"), "what ends a document"),
        field("encoding", attrgetter("checkpoint.settings.data.encoding"), "the encoding of the corpus"),
        Column(
            "target_after",
            "targets after",
            visible,
            attrgetter("checkpoint.codec.target_after"),
            "the separator between sources and targets, empty without targets",
        ),
        Column("tokenizer", "tokenizer", "", attrgetter("checkpoint.codec.tokenizer.name"), "the tokenizer"),
        Column("", "vocabulary", _vocabulary, _it, ""),
        field(
            "vocab_size",
            attrgetter("checkpoint.codec.tokenizer.vocab_size"),
            "size of the vocabulary",
        ),
        field("vocab", attrgetter("vocab"), "its characters, those of the training text, as one text"),
        Column(
            "normalization",
            "texts are read",
            "",
            attrgetter("checkpoint.codec.form.name"),
            "the form in which texts are read: nfc, nfd, nfkc, lowercase, blank; none: as they are",
        ),
        Column("", "corpus", _corpus, _it, ""),
        field("sources", lambda model: list(model.checkpoint.provenance.sources), "files of the corpus"),
        field("num_bytes", attrgetter("checkpoint.provenance.num_bytes"), "size of the corpus"),
        Column("sha256", "SHA-256", "", attrgetter("checkpoint.provenance.sha256"), "checksum of the corpus"),
        Column("", "split", _split, _it, ""),
        field("split", attrgetter("checkpoint.settings.data.split"), "how the parts were chosen"),
        field(
            "train_end",
            attrgetter("checkpoint.provenance.train_end"),
            "end of the training part, in characters",
        ),
        field("valid_end", attrgetter("checkpoint.provenance.valid_end"), "end of the validation part"),
        field("test_end", attrgetter("checkpoint.provenance.test_end"), "end of the test part"),
        Column("", "best validation", _valid, _it, ""),
        field("valid_nats_per_char", _valid_nats, "nats per character of the best validation"),
        Column("", "reached at", "", _reached, ""),
        Column("", "with adapting", "", _adapts, ""),
        field(
            "adapt_rates", _rates, "the rates of the members when the model adapts; null if none were chosen"
        ),
        field("adapt_weights", _adapting_weights, "the weights of the members, and of the cache"),
        Column("", "gradient", "", _gradient, ""),
        field(
            "rtrl_products",
            _cost_in("products"),
            "multiplications a character of real-time recurrent learning; null for other models",
        ),
        field("rtrl_stream_bytes", _cost_in("num_bytes"), "its memory for each stream"),
        field("bptt_products", _cost_in("backpropagation"), "multiplications a character of backpropagation"),
        Column("", "loss", "", _loss, ""),
        field(
            "loss",
            lambda model: model.checkpoint.settings.train.loss if model.checkpoint.kind.is_trained else None,
            "the training loss",
        ),
        Column("freeze", "frozen", ", ".join, _trained_with("freeze"), "parts that did not learn"),
        Column(
            "rate_scale",
            "rates of parts",
            ", ".join,
            _trained_with("rate_scale"),
            "parts with a rate of their own, and its factor",
        ),
        field("step", attrgetter("checkpoint.results.step"), "the step of the best validation"),
        field(
            "num_shards",
            attrgetter("checkpoint.results.num_shards"),
            "parts in which each batch was computed, a core for each",
        ),
        field(
            "train_seconds",
            attrgetter("checkpoint.results.train_seconds"),
            "seconds of training up to that step",
        ),
        Column(
            "command", "command", "", attrgetter("checkpoint.provenance.command"), "the command that made it"
        ),
        Column("", "made with", _made_with, _it, ""),
        field(
            "charseq_version",
            attrgetter("checkpoint.provenance.charseq_version"),
            "version of charseq",
        ),
        field("numpy_version", attrgetter("checkpoint.provenance.numpy_version"), "version of numpy"),
    )

    def items(self, result: StoredModel) -> list[StoredModel]:
        """Return the model."""
        return [result]

    def table(self, result: StoredModel) -> Table:
        """Return the facts of the model; those of its kind stand after the file."""
        checkpoint = result.checkpoint
        cells = [(column.label, f"{column.cell(result)}") for column in self.columns if column.label]
        known = [cell for cell in cells if cell[1]]
        return facts_table(
            [known[0], *checkpoint.kind.facts(checkpoint.settings.model, checkpoint.model), *known[1:]]
        )
