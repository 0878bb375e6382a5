"""Mixtures of saved models: what they are fitted on, what a file keeps of the members, what is refused."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.config import Settings
from charseq.errors import CharseqError, ConfigError, DataError
from charseq.models.mixture import MAX_MEMBERS, RULES, Mixture
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.counting import count
from charseq.runs.directory import MODEL
from charseq.runs.mixing import Mixed, NamedMember, mix, mix_and_save
from charseq.runs.provenance import validation_part
from charseq.scoring import Validator
from charseq.scoring.predictions import predictions_of
from charseq.scoring.weights import fit
from charseq.version import __version__
from tests.blend import Blend

TEXT = "hello king,\nthe expert is hell for kin\n" * 30
WHY = "; the weights of a mixture are fitted on the validation text of its first member"
every_rule = pytest.mark.parametrize("rule", RULES)


@pytest.fixture(autouse=True)
def _corpus(clean_surroundings: None) -> None:
    """Stand in an empty directory with one corpus in it."""
    Path("text.txt").write_text(TEXT)


def counted(order: int, corpus: str = "text.txt", **data: Any) -> NamedMember:
    """Return the n-grams of a corpus, which are saved."""
    settings = Settings().with_layer(
        {"data": {"corpus": corpus, **data}, "model": {"kind": "ngram", "order": order}}, "test"
    )
    directory = Path(f"run-{len(list(Path().iterdir()))}")
    count(directory, settings, command="charseq train")
    return NamedMember.load(str(directory))


def mixed(*named: NamedMember, rule: str = "log-linear") -> Mixed:
    return mix(named, rule, command="charseq mix")


def loaded(blend: Blend) -> tuple[NamedMember, NamedMember]:
    return NamedMember.load(blend.gru), NamedMember.load(blend.ngram)


# ---- what is made


@every_rule
def test_the_weights_are_fitted_on_the_validation_part_of_the_first(blend: Blend, rule: str) -> None:
    """From its beginning, with the predictions of all members."""
    gru, ngram = loaded(blend)
    valid = validation_part(gru.checkpoint)
    predictions = predictions_of([gru.checkpoint.model, ngram.checkpoint.model], gru.checkpoint.codec, valid)
    assert mixed(gru, ngram, rule=rule).mixture.weights.tolist() == fit(predictions, rule).tolist()


@every_rule
def test_the_mixture_is_better_on_validation_than_each_member(blend: Blend, rule: str) -> None:
    """The figures are those of validating each."""
    gru, ngram = loaded(blend)
    made, valid = mixed(gru, ngram, rule=rule), validation_part(gru.checkpoint)
    alone = [Validator(one.checkpoint.model, one.checkpoint.codec, valid).score() for one in (gru, ngram)]
    assert made.alone == tuple(score.nats_per_char for score in alone)
    assert made.checkpoint.results.valid is not None
    assert made.checkpoint.results.valid.nats_per_char < min(made.alone)


@every_rule
def test_what_is_saved_is_loaded_bit_for_bit(blend: Blend, rule: str) -> None:
    """Tensors, settings, history; and a second time the same bytes are written."""
    directory, made = mix_and_save(loaded(blend), rule, command="charseq mix", directory=Path("mixed"))
    again = Checkpoint.load(directory / MODEL)
    for name, array in made.mixture.tensors().items():
        np.testing.assert_array_equal(again.model.tensors()[name], array, err_msg=name)
    assert again.settings == made.checkpoint.settings
    assert (again.provenance, again.results) == (made.checkpoint.provenance, made.checkpoint.results)
    again.save(Path("again.safetensors"))
    assert Path("again.safetensors").read_bytes() == (directory / MODEL).read_bytes()


def test_a_mixture_comes_from_the_corpus_of_the_first_and_from_its_own_command(blend: Blend) -> None:
    """The program is the one that mixed; no step of any training is its own."""
    gru, ngram = loaded(blend)
    gru.checkpoint.provenance = replace(gru.checkpoint.provenance, charseq_version="0.0.1")
    made = mixed(gru, ngram).checkpoint
    assert made.provenance == replace(
        gru.checkpoint.provenance,
        command="charseq mix",
        charseq_version=__version__,
        numpy_version=np.__version__,
    )
    assert made.settings.data == gru.checkpoint.settings.data
    assert made.results.step == 0
    assert made.description == "gru 1 x 8 + ngram:3"


def test_members_are_known_by_the_sum_of_their_files(blend: Blend) -> None:
    """SHA-256 tells which file it was."""
    for member, name in zip(mixed(*loaded(blend)).mixture.members, (blend.gru, blend.ngram), strict=True):
        path = Path(name) / MODEL
        assert (member.source, member.sha256) == (str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_mixture_mixed_again_is_taken_apart(blend: Blend) -> None:
    """Its members keep their records, and the weights are fitted anew."""
    third = mixed(NamedMember.load(blend.both), *loaded(blend)[1:])
    gru, ngram = NamedMember.load(blend.both).checkpoint.members
    assert third.checkpoint.description == "gru 1 x 8 + ngram:3 + ngram:3"
    model = Checkpoint.load(Path(blend.both) / MODEL).model
    assert isinstance(model, Mixture)
    assert third.mixture.members == (*model.members, model.members[1])
    assert [member.description for member in (gru, ngram)] == ["gru 1 x 8", "ngram:3"]


def test_models_of_lines_are_mixed() -> None:
    """Sequences of their own are no obstacle."""
    made = mixed(counted(1, unit="line"), counted(3, unit="line"))
    assert made.checkpoint.codec.unit == "line"
    assert made.checkpoint.results.valid is not None
    assert made.checkpoint.results.valid.nats_per_char <= min(made.alone)


def test_a_separate_validation_text_is_what_the_weights_are_fitted_on() -> None:
    """The first member was validated on it."""
    Path("valid.txt").write_text("hello kin\n" * 20)
    first, second = counted(1, valid="valid.txt"), counted(3)
    valid = validation_part(first.checkpoint)
    models = [first.checkpoint.model, second.checkpoint.model]
    weights = fit(predictions_of(models, first.checkpoint.codec, valid), "log-linear")
    assert str(valid) == "hello kin\n" * 20
    assert mixed(first, second).mixture.weights.tolist() == weights.tolist()


def test_a_directory_with_something_in_it_is_refused_before_the_work() -> None:
    """Not even the corpus is read for it."""
    Path("full").mkdir()
    Path("full/a").touch()
    named = [counted(1), counted(2)]
    Path("text.txt").unlink()
    with pytest.raises(ConfigError, match=r"^full: exists already; choose another output$"):
        mix_and_save(named, "linear", command="", directory=Path("full"))


@pytest.mark.skipif(os.name != "posix", reason="names of files are Unicode there")
def test_a_member_in_a_folder_whose_name_is_no_unicode_is_recorded() -> None:
    """The name is written so that it can be told."""
    second = counted(2)
    folder = Path(os.fsdecode(b"caf\xe9"))
    try:
        second.path.parent.rename(folder)
    except OSError:
        pytest.skip("this file system has Unicode names only")
    made = mixed(counted(1), NamedMember.load(str(folder)))
    assert made.mixture.members[1].source == f"caf\\udce9/{MODEL}"
    made.checkpoint.save(Path("m.safetensors"))
    assert Checkpoint.load(Path("m.safetensors")).description == "ngram:1 + ngram:2"


# ---- the network of a mixture


def test_the_network_of_a_mixture_is_that_of_its_member(blend: Blend) -> None:
    """It is inspected as the member itself is."""
    both, gru = (Checkpoint.load(Path(name) / MODEL) for name in (blend.both, blend.gru))
    assert both.has_network
    np.testing.assert_array_equal(both.network.params.flat, gru.network.params.flat)
    assert both.network_member.description == "gru 1 x 8"


def test_a_mixture_of_counts_has_no_network() -> None:
    """As n-grams have none."""
    made = mixed(counted(1), counted(2)).checkpoint
    assert not made.has_network
    with pytest.raises(ConfigError, match=r"^ngram:1 \+ ngram:2: this kind of model has no states or gates$"):
        made.network  # noqa: B018


# ---- what cannot be mixed


def refusal(*named: NamedMember, error: type[CharseqError] = ConfigError) -> str:
    with pytest.raises(error) as caught:
        mixed(*named)
    assert type(caught.value) is error
    return str(caught.value)


@pytest.mark.parametrize("num", [0, 1])
def test_fewer_than_two_models_are_refused(num: int) -> None:
    """A mixture of one would be that one."""
    named = [counted(1) for _ in range(num)]
    assert refusal(*named) == f"a mixture takes two models or more; got {num}"


def test_another_vocabulary_is_refused_with_a_way_to_the_same_one() -> None:
    """The text that the first was trained on is named."""
    Path("other.txt").write_text(TEXT + "zebra!\n" * 30)
    first, second = counted(1), counted(2, "other.txt")
    sizes = [one.checkpoint.codec.vocab_size for one in (second, first)]
    assert refusal(first, second) == (
        f"{second.path}: its vocabulary of {sizes[0]} is not that of {first.path}, of {sizes[1]}: "
        "models share one if they are trained on the same part of the same text: text.txt"
    )


def test_another_unit_is_refused_with_the_setting_for_the_same_one() -> None:
    """A model of lines and one of streams read differently."""
    first, second = counted(1), counted(2, unit="line")
    assert refusal(first, second) == (
        f"{second.path}: a model of lines cannot be mixed with one of streams: train it with data.unit=stream"
    )


def test_without_a_validation_part_there_is_nothing_to_fit_on() -> None:
    """The advice is to train again with one."""
    first, second = counted(1, valid_fraction=0.0), counted(2)
    assert refusal(first, second) == (
        f"{first.path}: the model was trained without a validation part: train it again with one{WHY}"
    )


def test_a_corpus_that_is_gone_is_named() -> None:
    """With the reason that it is needed."""
    first, second = counted(1), counted(2)
    Path("text.txt").unlink()
    assert refusal(first, second) == (
        f"{first.path}: text.txt: no such file or directory, and the model was trained on it: "
        f"train it again, or go to the directory of the training{WHY}"
    )


def test_a_corpus_that_has_changed_is_refused() -> None:
    """The weights would be fitted on text that a member may have learnt."""
    first, second = counted(1), counted(2)
    Path("text.txt").write_text("H" + TEXT[1:])
    message = refusal(first, second, error=DataError)
    assert message.startswith(
        f"{first.path}: text.txt: no longer the text that the model was trained on (SHA-"
    )
    assert message.endswith(f"): train it again{WHY}")


def test_too_many_members_are_refused() -> None:
    """A file may have no more."""
    one = counted(1)
    assert refusal(*[one] * (MAX_MEMBERS + 1)) == "a mixture has at most 64 members, not 65"


def test_a_validation_text_without_a_known_character_is_refused() -> None:
    """No weight follows from it."""
    Path("valid.txt").write_text("ŻÓŁW" * 9)
    first, second = counted(1, valid="valid.txt"), counted(2)
    assert refusal(first, second, error=DataError) == (
        "no character of the validation text is in the vocabulary: there is nothing to fit"
    )


# ---- remarks


def test_a_member_trained_on_the_fitting_text_is_remarked_on() -> None:
    """Its weight is too large, since it knows that text by heart."""
    first, second = counted(1, valid_fraction=0.3), counted(2)
    assert mixed(first, second).notes == (
        f"{second.path} was trained on a part of the text that the weights are fitted on: "
        "its weight is too large",
    )


def test_a_member_trained_on_another_text_is_remarked_on() -> None:
    """Nobody knows what is in it."""
    Path("other.txt").write_text(TEXT + TEXT)
    first, second = counted(1), counted(2, "other.txt")
    assert mixed(first, second).notes == (
        f"{second.path} was trained on another text; if the fitting text is a part of it, "
        "its weight is too large",
    )


def test_the_first_trained_on_its_own_separate_validation_text_is_remarked_on() -> None:
    """It may be the same file."""
    first, second = counted(1, valid="text.txt"), counted(2, valid="text.txt")
    assert [note.partition(" ")[0] for note in mixed(first, second).notes] == [
        str(first.path),
        str(second.path),
    ]


def test_a_member_with_other_blocks_held_out_is_remarked_on() -> None:
    """It was trained on some of the blocks that the weights are fitted on."""
    first, second = counted(1, split="blocks"), counted(2, split="blocks", split_seed=2)
    (note,) = mixed(first, second).notes
    assert note.startswith(
        f"{second.path} was trained on a part of the text that the weights are fitted on: "
    )
    assert mixed(first, counted(3, split="blocks")).notes == ()


def test_members_of_the_same_training_part_are_not_remarked_on(blend: Blend) -> None:
    """Nothing is wrong with them."""
    assert mixed(*loaded(blend)).notes == ()
