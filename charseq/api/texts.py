"""Texts scored in Python: evaluated, compared, and attributed to models line by line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, get_args

from charseq import checks
from charseq.analysis.attribution import Attribution
from charseq.analysis.attribution import attribute as attribute_lines
from charseq.analysis.baselines import count_baselines
from charseq.analysis.comparison import ComparedModel, Comparison
from charseq.analysis.comparison import compare as compare_models
from charseq.analysis.evaluation import Evaluation, Wanted
from charseq.analysis.evaluation import evaluate as evaluate_texts
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.reading import held_out_text
from charseq.analysis.shared import distinct_names, shared_form, shared_test_part
from charseq.analysis.uncertainty import UNITS
from charseq.api.model import Model, StrPath, one_model, several_models
from charseq.text.corpus import named_texts
from charseq.text.encodings import DecodingErrors, SourceFormat, known_encoding
from charseq.text.form import TextForm


def evaluate(
    model: Model | StrPath,
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    baselines: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    hardest: int = 0,
    calibration: bool = False,
    resample: str = "block",
    include: str | Sequence[str] = (),
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Evaluation:
    """Return the evaluation that `charseq evaluate` shows: totals by text and model, and parts on request.

    `texts` are files, directories or "builtin:NAME"; by default the model's own test part. `baselines` are
    "uniform", "unigram" and "ngram:K", `by` the groupings "char", "class", "word" and so on, each one name or
    a list; `hardest` is the number of most surprising characters to list. Standard errors come from
    `resample`: "block", "line" or "file". The `texts` are read as the settings `include`, `encoding` and
    `errors` of the section data say. The errors raised are those of the command.
    """
    wanted = Wanted(
        by=tuple(checks.one_of("by", name, list(GROUPINGS)) for name in checks.strings("by", by)),
        num_hardest=checks.count("hardest", hardest),
        calibration=checks.truth("calibration", calibration),
        units=checks.one_of("resample", resample, list(UNITS)),
    )
    one, how = one_model("model", model), source_format(include, encoding, errors)
    return evaluate_texts(
        one.checkpoint,
        held_out_text(one.checkpoint)
        if texts is None
        else named_texts(checks.paths("texts", texts), how=how.in_form(one.codec.form)),
        wanted,
        name=one.name,
        baselines=count_baselines(one.checkpoint, checks.strings("baselines", baselines)),
    )


def compare(
    models: Sequence[Model | StrPath],
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    passages: int = 5,
    resample: str = "block",
    include: str | Sequence[str] = (),
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Comparison:
    """Return the comparison that `charseq compare` shows: figures, paired differences, classes, passages.

    The differences have intervals. `texts`, `resample` and the last three are as in `evaluate`; by default
    the text is the test part that all models have in common.
    """
    units, num_passages = checks.one_of("resample", resample, list(UNITS)), checks.count("passages", passages)
    how, loaded = source_format(include, encoding, errors), several_models("compare", models)
    compared = _compared(loaded, [model.name for model in loaded])
    shared = {one.name: one.checkpoint for one in compared}
    form = shared_form(shared)
    if texts is None:
        named = shared_test_part(shared)
    else:
        named = named_texts(checks.paths("texts", texts), how=how.in_form(form))
    return compare_models(compared, named, num_passages=num_passages, units=units)


def attribute(
    models: Sequence[Model | StrPath],
    texts: StrPath | Sequence[StrPath],
    *,
    include: str | Sequence[str] = (),
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Iterator[Attribution]:
    """Yield for each line of the texts the model that finds it likeliest, with the margin in bits.

    These are the rows of `charseq compare --each line`: every line is scored on its own. A label may follow a
    tab; `is_correct` says whether it is the name of the directory of the model. The texts and the keywords
    are as in `evaluate`. The errors raised are those of the command.
    """
    how, loaded = source_format(include, encoding, errors), several_models("attribute", models)
    compared = _compared(loaded, [Path(model.name).name for model in loaded])
    form = TextForm(any_bytes=any(model.codec.form.any_bytes for model in loaded))  # lines with their labels
    return attribute_lines(compared, named_texts(checks.paths("texts", texts), how=how.in_form(form)))


def source_format(include: str | Sequence[str], encoding: str, errors: str) -> SourceFormat:
    """Return how texts are read. Raises ConfigError for an unknown encoding or treatment of errors."""
    policy = checks.one_of("errors", errors, get_args(DecodingErrors))
    patterns = tuple(checks.strings("include", include))
    name = known_encoding(checks.string("encoding", encoding))
    return SourceFormat(name, cast(DecodingErrors, policy), patterns)


def _compared(models: Sequence[Model], names: Sequence[str]) -> list[ComparedModel]:
    each = zip(distinct_names(names), models, strict=True)
    return [ComparedModel(name, model.checkpoint, model.path.stat().st_size) for name, model in each]
