"""Models that adapt to what they go on from: next and sample with --adapt."""

from typing import Any

import pytest

from tests.cli.conftest import ADAPTING, TALES, Call

pytestmark = pytest.mark.usefixtures("adapting")
TEXT = TALES[9000:10500]
PHRASE = "pof puf pif. "
each_model = pytest.mark.parametrize("model", ADAPTING)


@each_model
def test_the_next_character_is_that_of_a_model_that_read_the_prefix(rows: Any, model: str) -> None:
    """A phrase that was repeated goes on as it did; each prefix begins with the trained model."""
    prefix = PHRASE * 5 + "pof p"
    adapted = rows("next", model, "pof p", prefix, "pof p", "--adapt")
    (static,) = rows("next", model, prefix, "--top", "99")
    (p,) = (guess["probability"] for guess in static["top"] if guess["char"] == "u")
    before, after, again = (row["top"] for row in adapted)
    assert after[0]["char"] == "u"
    assert after[0]["probability"] > 2 * p
    assert before == again


def sampled(call: Call, *arguments: str) -> str:
    code, out, err = call("sample", *arguments, "--hide-prompt", "--seed", "3")
    assert (code, err) == (0, "")
    return out


@each_model
def test_a_sample_goes_on_with_the_phrase_of_its_prompt(call: Call, model: str) -> None:
    """A repeated phrase becomes likely, also one of several lines; without --adapt it was not."""
    phrase = "pof puf pif\n" if model == "lines" else PHRASE
    arguments = (model, "--prompt", phrase * 30 + "pof", "--length", "9", "--temperature", "0.1")
    assert sampled(call, *arguments, "--adapt").startswith(" puf pif")
    assert not sampled(call, *arguments).startswith(" puf pif")


@each_model
def test_the_same_seed_gives_the_same_text(call: Call, model: str) -> None:
    """And several texts are independent of each other: the first two of three are the two."""
    arguments = (model, "--prompt", TEXT[:130], "--length", "30", "--adapt")
    assert sampled(call, *arguments) == sampled(call, *arguments)
    two, three = (sampled(call, *arguments, "-n", number) for number in ("2", "3"))
    assert three.startswith(two)
    assert len(set(three.split("\n\n") if model != "lines" else three.splitlines())) > 1


def test_one_text_does_not_depend_on_those_before_it(call: Call) -> None:
    """With the temperature near zero all texts after one prompt are the same one."""
    out = sampled(
        call, "net", "--prompt", TEXT[:100], "--length", "25", "--temperature", "0.001", "-n", "3", "--adapt"
    )
    one = sampled(call, "net", "--prompt", TEXT[:100], "--length", "25", "--temperature", "0.001", "--adapt")
    assert out.count(one.rstrip("\n")) == 3


@each_model
def test_a_sample_needs_no_prompt(call: Call, model: str) -> None:
    """There is nothing to adapt to, and a text all the same; also after a prompt of unknown characters."""
    assert sampled(call, model, "--length", "20", "--adapt")
    assert call("sample", model, "--prompt", "Ж中", "--length", "20", "--adapt").code == 0
