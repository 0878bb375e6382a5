"""The texts that the names of tasks stand for."""

from typing import Any

import pytest

from charseq.config import DataConfig
from charseq.errors import ConfigError
from charseq.registry import TASKS
from charseq.text.codec import Codec
from charseq.text.corpus import read_corpus
from charseq.text.tasks import MadeText, best_possible, data_settings
from charseq.text.tokenizers.char import CharTokenizer


def named(name: str) -> str:
    """Return the name of a text of the task, with a number if it takes one."""
    number = TASKS[name].number
    return f"builtin:{name}:{number.example}" if number else f"builtin:{name}"


def codec(**settings: Any) -> Codec:
    """Return the codec of a model with these settings of the section data."""
    tokenizer = CharTokenizer("\n.ab", num_once=0, num_chars=100)
    return Codec.of(tokenizer, DataConfig().model_copy(update={"unit": "line", **settings}))


def as_meant(name: str) -> Codec:
    return codec(**TASKS[name].data)


every_task = pytest.mark.parametrize("name", TASKS)


@every_task
def test_lines_and_seed_are_options(name: str) -> None:
    """There are as many lines as asked for; the same seed gives the same lines, and another one others."""
    texts = [read_corpus((f"{named(name)},lines=1203,seed={seed}",)).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count("\n") == 1203


@every_task
def test_there_are_20000_lines_of_seed_1_by_default(name: str) -> None:
    """A name alone is enough."""
    made = MadeText.of(named(name))
    assert made is not None
    assert (made.lines, made.seed) == (20_000, 1)


def test_a_number_can_have_a_default() -> None:
    """Numbers have three digits unless another number is given."""
    made, other = MadeText.of("builtin:addition"), MadeText.of("builtin:addition:1")
    assert made is not None
    assert other is not None
    assert (made.number, other.number) == (3, 1)


@pytest.mark.parametrize("source", ["text.txt", "builtin:pydoc", "copy:3", "builtin:copy3"])
def test_other_sources_are_no_tasks(source: str) -> None:
    """Files and installed corpora are none."""
    assert MadeText.of(source) is None


@pytest.mark.parametrize(
    "source", ["builtin:copy", "builtin:copy:", "builtin:copy:x", "builtin:copy:0,seed=2"]
)
def test_a_wrong_number_is_answered_with_its_bounds(source: str) -> None:
    """An example is named."""
    with pytest.raises(ConfigError) as caught:
        MadeText.of(source)
    assert str(caught.value) == (
        f"{source}: LAG must be a number from 1 to 10,000 (dots between the two markers), "
        "as in builtin:copy:20"
    )


def test_a_number_for_a_task_without_one_is_refused() -> None:
    """The dates have nothing to count."""
    with pytest.raises(ConfigError, match=r"^builtin:dates:3: dates takes no number: leave out :3$"):
        MadeText.of("builtin:dates:3")


def test_the_text_says_what_it_is_with_its_number() -> None:
    """The name of the number is replaced."""
    made = MadeText.of("builtin:copy:7")
    assert made is not None
    assert made.about == "one of eight markers, 7 dots, the same marker again"
    assert made.own_optimum == 0.3


def test_the_best_possible_is_that_of_the_characters_that_count() -> None:
    """The sum alone costs nothing; with the numbers it costs something; other targets are not known."""
    assert best_possible(["builtin:addition"], as_meant("addition")) == 0
    assert best_possible(["builtin:addition"], codec()) == pytest.approx(1.71, abs=0.1)
    assert best_possible(["builtin:addition"], codec(target_after="+")) is None


def test_seeds_and_sizes_have_the_same_optimum() -> None:
    """It is that of the process."""
    sources = ["builtin:copy:3", "builtin:copy:3,seed=2,lines=7"]
    assert best_possible(sources, codec()) == 0.5
    assert best_possible([*sources, "builtin:copy:4"], codec()) is None
    assert best_possible([*sources, "text.txt"], codec()) is None
    assert best_possible([], codec()) is None


def test_texts_in_another_form_have_no_known_optimum() -> None:
    """In lower case two ways of writing a date are one."""
    assert best_possible(["builtin:copy:3"], codec(lowercase=True)) is None


def test_tasks_bring_their_settings() -> None:
    """The settings are those that all sources have in common."""
    assert data_settings(["builtin:addition", "builtin:addition:2,seed=3"]) == {
        "unit": "line",
        "target_after": "=",
    }
    assert data_settings(["builtin:copy:3", "builtin:brackets:2"]) == {"unit": "line"}
    assert data_settings(["builtin:copy:3", "builtin:dates"]) == {}
    assert data_settings(["builtin:copy:3", "text.txt"]) == {}
