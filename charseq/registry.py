"""The registries: all cells, tokenizers, reports and so on by name. A new one is added in this file only.

An entry gives the module of an object and its name there. The module is imported when the entry is first
used, so that settings, help and completion know all names without loading numpy.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(MutableMapping[str, T], Generic[T]):
    """Objects of one kind by their names, in the order of listings.

    An entry is the object itself or its place: `"package.module:name"`, or `"package.module:Class()"` for an
    instance. `what` is the word for such an object in messages.
    """

    def __init__(self, what: str, entries: Mapping[str, "T | str"]) -> None:
        self.what = what
        self._entries: dict[str, Any] = dict(entries)

    def __getitem__(self, name: str) -> T:
        entry = self._entries[name]
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = getattr(import_module(module), attribute.removesuffix("()"))
            if attribute.endswith("()"):
                entry = entry()
            self._entries[name] = entry
        thing: T = entry
        return thing

    def __setitem__(self, name: str, entry: "T | str") -> None:
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


TOKENIZERS: Registry[Any] = Registry(
    "tokenizer",
    {
        "char": "charseq.text.tokenizers.char:CharTokenizer",
        "byte": "charseq.text.tokenizers.byte:ByteTokenizer",
        "jamo": "charseq.text.tokenizers.jamo:JamoTokenizer",
        "blank": "charseq.text.tokenizers.blank:BlankTokenizer",
    },
)
"""Tokenizer classes: they divide text into tokens."""

TASKS: Registry[Any] = Registry(
    "task",
    {
        "copy": "charseq.text.tasks.copy:Copy()",
        "brackets": "charseq.text.tasks.brackets:Brackets()",
        "addition": "charseq.text.tasks.addition:Addition()",
        "dates": "charseq.text.tasks.dates:Dates()",
    },
)
"""Tasks: texts of lines that are made on the spot, the corpora `builtin:NAME`."""

CELLS: Registry[Any] = Registry(
    "cell",
    {
        "gru": "charseq.cells.gru:GRU()",
        "lstm": "charseq.cells.lstm:LSTM()",
        "rnn": "charseq.cells.rnn:RNN()",
    },
)
"""Recurrent cells."""

MODELS: Registry[Any] = Registry(
    "kind of model",
    {
        "recurrent": "charseq.models.recurrent:RecurrentKind()",
        "ngram": "charseq.models.ngram:NGramKind()",
        "mlp": "charseq.models.mlp:MLPKind()",
        "mixture": "charseq.models.mixture:MixtureKind()",
    },
)
"""Kinds of models: each builds, trains, loads and describes models."""

OPTIMIZERS: Registry[Any] = Registry(
    "optimizer",
    {
        "adam": "charseq.optim.adam:Adam",
        "adamw": "charseq.optim.adam:AdamW",
        "nadamw": "charseq.optim.adam:NAdamW",
        "rmsprop": "charseq.optim.rmsprop:RMSProp",
        "sgd": "charseq.optim.sgd:SGD",
    },
)
"""Optimizer classes: update rules."""

TARGETS: Registry[Any] = Registry(
    "choice of targets",
    {
        "auto": "charseq.gradients.targets:selected_targets",
        "target": "charseq.gradients.targets:selected_targets",
        "last": "charseq.gradients.targets:selected_targets",
        "all": "charseq.gradients.targets:every_target",
    },
)
"""Choices of targets: functions of a codec that return the weights of the targets of a window."""

LOSSES: Registry[Any] = Registry(
    "loss",
    {
        "softmax": "charseq.gradients.losses:SoftmaxLoss()",
        "sampled": "charseq.gradients.sampled:SampledSoftmax()",
        "negative": "charseq.gradients.sampled:NegativeSampling()",
    },
)
"""Losses: functions of hidden states and targets, with the gradient of the hidden states."""

SOURCES: Registry[Any] = Registry(
    "gradient",
    {"bptt": "charseq.gradients.sources:backpropagation", "rtrl": "charseq.gradients.rtrl:real_time"},
)
"""Functions that make gradient sources, which compute the gradient of a window."""

FILTERS: Registry[Any] = Registry(
    "filter",
    {
        "top_k": "charseq.sampling.filters:top_k",
        "typical": "charseq.sampling.filters:typical",
        "top_p": "charseq.sampling.filters:top_p",
        "min_p": "charseq.sampling.filters:min_p",
    },
)
"""Filters of sampling, by their settings, in the order in which they are applied."""

CONSTRAINTS: Registry[Any] = Registry(
    "constraint",
    {
        "allow": "charseq.sampling.constraints.allow:Allow",
        "forbid": "charseq.sampling.constraints.forbid:Forbid",
        "match": "charseq.sampling.constraints.match:Match",
        "unique": "charseq.sampling.constraints.unique:Unique",
        "not_in": "charseq.sampling.constraints.not_in:NotIn",
        "max_copy": "charseq.sampling.constraints.max_copy:MaxCopy",
    },
)
"""Constraints on sampled texts, by their settings."""

REPORTS: Registry[Any] = Registry(
    "report",
    {
        "text": "charseq.reports.text:TextReport()",
        "char": "charseq.reports.groups:CharReport()",
        "class": "charseq.reports.groups:ClassReport()",
        "position": "charseq.reports.groups:PositionReport()",
        "column": "charseq.reports.groups:ColumnReport()",
        "word": "charseq.reports.groups:WordReport()",
        "line": "charseq.reports.groups:LineReport()",
        "file": "charseq.reports.groups:FileReport()",
        "chunk": "charseq.reports.groups:ChunkReport()",
        "hardest": "charseq.reports.hardest:HardestReport()",
        "calibration": "charseq.reports.calibration:CalibrationReport()",
        "confusions": "charseq.reports.confusions:ConfusionReport()",
        "case": "charseq.reports.cases:CaseReport()",
        "each char": "charseq.reports.each:EachCharReport()",
        "each word": "charseq.reports.each:EachWordReport()",
        "each segment": "charseq.reports.each:EachSegmentReport()",
        "each guess": "charseq.reports.guess_numbers:GuessReport()",
        "sample": "charseq.reports.samples:SampleReport()",
        "continuation": "charseq.reports.continuations:ContinuationReport()",
        "prediction": "charseq.reports.prediction:PredictionReport()",
        "steps": "charseq.reports.steps:StepReport()",
        "ladder": "charseq.reports.ladder:LadderReport()",
        "compare model": "charseq.reports.models:ModelReport()",
        "compare pair": "charseq.reports.pairs:PairReport()",
        "compare class": "charseq.reports.classes:ComparedClassReport()",
        "compare passage": "charseq.reports.passages:PassageReport()",
        "coloured text": "charseq.reports.coloured_texts:ColouredTextReport()",
        "curve": "charseq.reports.curves:CurveReport()",
        "attribution": "charseq.reports.attributions:AttributionReport()",
        "gradient flow": "charseq.reports.gradient_flow:GradientFlowReport()",
        "gradient origin": "charseq.reports.origins:OriginReport()",
        "truncation": "charseq.reports.truncation:TruncationReport()",
        "neurons": "charseq.reports.neurons:NeuronReport()",
        "gates": "charseq.reports.gates:GateReport()",
        "neuron gates": "charseq.reports.neuron_gates:NeuronGateReport()",
        "states": "charseq.reports.states:StateReport()",
        "embedding": "charseq.reports.embedding:EmbeddingReport()",
        "found": "charseq.reports.found:FoundReport()",
        "info": "charseq.reports.info:InfoReport()",
        "weights": "charseq.reports.weights:WeightReport()",
        "data builtin": "charseq.reports.builtins:BuiltinReport()",
        "data corpus": "charseq.reports.corpus:CorpusReport()",
        "data remark": "charseq.reports.corpus:RemarkReport()",
        "data novelty": "charseq.reports.novelty:NovelGramReport()",
        "data copied": "charseq.reports.novelty:SpanReport()",
        "data advice": "charseq.reports.corpus:AdviceReport()",
        "bench": "charseq.reports.bench:BenchReport()",
    },
)
"""Reports: columns, with their rows, tables and pages; see `reports/report.py`."""

FORMATS: Registry[Any] = Registry(
    "format",
    {
        "json": "charseq.reports.formats:write_json",
        "jsonl": "charseq.reports.formats:write_jsonl",
        "yaml": "charseq.reports.formats:write_yaml",
        "tsv": "charseq.reports.formats:write_tsv",
        "csv": "charseq.reports.formats:write_csv",
    },
)
"""File formats: functions that write rows for other programs to read."""
