"""The findings and the seeds of the fuzzer, given again to the functions that it calls.

A finding is a file of its bytes, tests/faults/findings/TARGET-NAME. The fuzzer is in `fuzz.py`.
"""

from pathlib import Path

import pytest

from charseq.errors import CharseqError
from charseq.registry import MODELS
from tests.faults.fuzz import FINDINGS, MAX_MESSAGE_CHARS, TARGETS, answer, originals, seeds, words


@pytest.mark.parametrize("path", sorted(FINDINGS.iterdir()), ids=lambda path: path.name)
def test_a_finding_is_sound_or_refused_in_one_line(path: Path, tmp_path: Path) -> None:
    """What once was a traceback, or an error of many lines, is none any more."""
    TARGETS[path.name.partition("-")[0]](path.read_bytes(), tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzer_begins_with_is_sound_or_refused(target: str, tmp_path: Path) -> None:
    """The fuzzer begins with what is sound, or is refused as it should be."""
    found = seeds()[target]
    assert found
    for data in (*found, b"", b"\0" * 9, found[0][: len(found[0]) // 2]):
        TARGETS[target](data, tmp_path)


def test_a_changed_model_gets_past_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record and tensors that were changed reach what is behind the checksum."""
    monkeypatch.setattr(MODELS["recurrent"], "load", lambda *arguments: 1 / 0)
    for target in ("record", "tensors"):
        with pytest.raises(ZeroDivisionError):
            TARGETS[target](seeds()[target][0], tmp_path)


@pytest.mark.parametrize(
    "message",
    ["x: a\nb", "x: a\x85b", "y: a", f"x: {'a' * MAX_MESSAGE_CHARS}"],
    ids=["\\n", "\\x85", "y", "long"],
)
def test_a_wrong_message_is_found(message: str) -> None:
    """An error of two lines, of another beginning, or beyond all measure is a finding."""

    class Loose(CharseqError):
        def __str__(self) -> str:
            return message

    def fail() -> None:
        raise Loose

    with pytest.raises(AssertionError):
        answer(fail, "x: ")


@pytest.mark.parametrize("error", [KeyError, RecursionError, OverflowError, PermissionError])
def test_another_error_is_found(error: type[Exception]) -> None:
    """An error that is none of charseq's is a finding."""

    def fail() -> None:
        raise error

    with pytest.raises(error):
        answer(fail, "")


def test_the_fuzzer_knows_the_words_of_files_and_settings() -> None:
    """The fuzzer knows what a model file calls its parts, and all settings."""
    assert set(words()) >= {'"checksum"', '"num_once"', '"bit_generator"', "model.cell=", "NaN"}


def test_the_originals_are_a_run_a_network_an_ngram_model_and_a_mixture() -> None:
    """There is a network with the state of its training, one without, an n-gram model, and a mixture."""
    assert originals()[0].record["training"]["step"] == 4
    assert [model.record["settings"]["model"]["kind"] for model in originals()] == [
        "recurrent",
        "recurrent",
        "ngram",
        "mixture",
    ]
    assert [any(name.startswith("training.") for name in model.tensors) for model in originals()] == [
        True,
        False,
        False,
        False,
    ]
