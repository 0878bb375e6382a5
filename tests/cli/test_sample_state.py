"""charseq sample with states: --save-state and --state."""

from pathlib import Path

import pytest

from tests.builders import refused
from tests.cli.conftest import Call, Workshop

LONG = "the mill stood by the river, and the miller's cat sat on the mill. " * 20


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_a_saved_prompt_is_gone_on_from(call: Call, models: Workshop, tmp_path: Path, run: str) -> None:
    """Nothing is printed for it, and then only the new text, as if the prompt had been read again."""
    model, state, prompt = getattr(models, run), str(tmp_path / "a"), "he" if run == "hello" else LONG
    done = call("sample", model, "-p", prompt, "--length", "0", "--save-state", state)
    assert done == (0, "", f"charseq: the state is saved in {state}\n")
    common = ("sample", model, "--length", "30", "--hide-prompt", "-n", "3", "--seed", "2")
    again = call(*common, "-p", prompt)
    assert call(*common, "--state", state) == again
    more = call(*common, "--state", state, "-p", "l")
    assert more == call(*common, "-p", f"{prompt}l") != again


def test_a_text_is_gone_on_with(call: Call, models: Workshop, tmp_path: Path) -> None:
    """The state after a text is that of the prompt and the text."""
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    done = call("sample", models.tales, "-p", "the ", "--length", "20", "--seed", "1", "--save-state", first)
    assert done.code == 0
    assert done.out.startswith("the ")
    whole = done.out.removesuffix("\n") if len(done.out) == 25 else done.out
    call("sample", models.tales, "-p", whole, "--length", "0", "--save-state", second)
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_a_line_that_has_ended_is_followed_by_another(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Its newline has been read."""
    state = str(tmp_path / "a")
    call("sample", models.hello, "-p", "he", "--seed", "1", "--save-state", state)
    common = ("sample", models.hello, "-n", "3", "--seed", "4")
    assert call(*common, "--state", state).out == call(*common).out


def test_a_stop_may_begin_in_the_state(call: Call, models: Workshop, tmp_path: Path) -> None:
    """It holds the end of the text."""
    state = str(tmp_path / "a")
    call("sample", models.tales, "-p", "the w", "--length", "0", "--save-state", state)
    common = ("sample", models.tales, "--state", state, "--seed", "3", "--length", "9")
    new = call(*common).out
    assert call(*common, "--stop", f"w{new[0]}").out == "\n"


def test_what_is_refused(call: Call, models: Workshop, tmp_path: Path) -> None:
    """States of other models, several texts, models that adapt, and names of other files."""
    state = str(tmp_path / "a")
    call("sample", models.tales, "--length", "0", "--save-state", state)
    refused(call("sample", models.hello, "--state", state), "the state of another model", code=2)
    refused(call("sample", models.hello, "--state", "none"), "none: no such file", code=2)
    several = call("sample", models.tales, "-n", "2", "--save-state", state)
    refused(several, "--save-state saves the state after one text", code=2)
    adapted = call("sample", models.tales, "--adapt", "--state", state)
    refused(adapted, "--adapt learns from a prompt", code=2)
    over = call("sample", models.tales, "--save-state", f"{models.tales}/model.safetensors")
    refused(over, "a file that is not a state", code=2)
    each = call("sample", models.hello, "--each", "line", "--state", state)
    refused(each, "--each continues each line once", code=2)
