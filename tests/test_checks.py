"""The checks of arguments: right ones come back as they are wanted, wrong ones are one sentence each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq import checks
from charseq.errors import ConfigError


def message_of(check: Callable[..., object], *arguments: Any) -> str:
    """Return the message with which a check refuses."""
    with pytest.raises(ConfigError) as caught:
        check(*arguments)
    return str(caught.value)


def test_a_string_is_a_string() -> None:
    """Bytes, numbers and None are not."""
    assert checks.string("text", "") == ""
    for wrong in (5, None, b"a", ["a"]):
        assert message_of(checks.string, "text", wrong) == f"text: must be a string; got {wrong!r}"


def test_a_count_is_a_whole_number_that_is_not_negative() -> None:
    """Numpy's whole numbers count too; a truth value does not."""
    assert checks.count("top", 0) == 0
    assert checks.count("top", np.int64(3)) == 3
    for wrong in (-1, 2.0, True, "3", None):
        expected = f"top: must be a whole number, at least 0; got {wrong!r}"
        assert message_of(checks.count, "top", wrong) == expected


def test_a_truth_value_is_true_or_false() -> None:
    """A word such as "no" would count as true."""
    assert checks.truth("calibration", True) is True
    assert checks.truth("calibration", np.False_) is False
    for wrong in ("no", 1, None, []):
        expected = f"calibration: must be True or False; got {wrong!r}"
        assert message_of(checks.truth, "calibration", wrong) == expected


def test_a_function_can_be_called() -> None:
    """Anything that can be called will do."""
    assert checks.function("on_event", print) is print
    assert message_of(checks.function, "on_event", 5) == "on_event: must be a function; got 5"


def test_one_name_or_several_are_a_list_of_names() -> None:
    """A string is one name and not a list of characters."""
    assert checks.strings("by", "char") == ["char"]
    assert checks.strings("by", ("char", "word")) == ["char", "word"]
    assert checks.strings("by", iter(["char"])) == ["char"]
    assert checks.strings("by", []) == []
    for wrong, got in ((5, 5), (None, None), (b"ab", b"ab"), (["a", 5], 5)):
        expected = f"by: must be a string or a list of strings; got {got!r}"
        assert message_of(checks.strings, "by", wrong) == expected


def test_pairs_are_taken_one_by_one() -> None:
    """A wrong one is refused when its turn comes."""
    found = checks.pairs("questions", iter([("a", None), ("b",)]), "pairs")
    assert next(found) == ("a", None)
    assert message_of(list, found) == "questions: must be pairs; got ('b',)"
    for wrong, got in ((5, 5), ("ab", "ab"), (["ab"], "ab")):
        expected = f"questions: must be pairs; got {got!r}"
        assert message_of(lambda given: list(checks.pairs("questions", given, "pairs")), wrong) == expected


def test_one_path_or_several_are_a_list_of_strings() -> None:
    """There is one at least; a path may be a string or a Path."""
    assert checks.path("path", Path("a/b")) == "a/b"
    assert checks.paths("texts", Path("a")) == ["a"]
    assert checks.paths("texts", ["a", Path("b")]) == ["a", "b"]
    assert message_of(checks.paths, "texts", []) == "texts: must not be empty"
    for wrong, got in ((5, 5), (b"a", b"a"), (["a", None], None)):
        expected = f"texts: must be a path or a list of paths, strings or Path objects; got {got!r}"
        assert message_of(checks.paths, "texts", wrong) == expected
    for single in (5, b"a", None, ["a"]):
        expected = f"path: must be a path, a string or a Path object; got {single!r}"
        assert message_of(checks.path, "path", single) == expected


def test_a_path_object_of_bytes_is_refused() -> None:
    """Python allows it; no file of the program is named like that."""

    class OfBytes:
        def __fspath__(self) -> bytes:
            return b"a"

    assert message_of(checks.path, "path", OfBytes()).startswith("path: must be a path, a string or a Path")


def test_a_choice_is_one_of_the_known() -> None:
    """The most similar one is suggested."""
    assert checks.one_of("resample", "line", ["block", "line"]) == "line"
    expected = "resample: must be one of block, line; got 'lines' (did you mean 'line'?)"
    assert message_of(checks.one_of, "resample", "lines", ["block", "line"]) == expected
    assert message_of(checks.one_of, "x", [], ["a"]) == "x: must be one of a; got []"
