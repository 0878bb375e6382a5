"""A word that no option or command has: the one that was meant is named."""

import pytest

from charseq.cli.hints import COMMANDS, meant
from tests.builders import refusal
from tests.cli.conftest import Call, Workshop

NAMES = [
    "--learning-rate",
    "--hidden-size",
    "--max-steps",
    "--warmup-steps",
    "--max-grad-norm",
    "--weight-decay",
]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("--lr", ["--learning-rate"]),
        ("--wd", ["--weight-decay"]),
        ("--rate", ["--learning-rate"]),
        ("--hidden", ["--hidden-size"]),
        ("--hidden_size", ["--hidden-size"]),
        ("-hid", ["--hidden-size"]),
        ("--steps", ["--max-steps", "--warmup-steps"]),
        ("--learnin-rate", ["--learning-rate"]),
        ("--clip", ["--max-grad-norm"]),
        ("--xyz", []),
        ("-x", []),
    ],
)
def test_the_option_that_was_meant(wrong: str, found: list[str]) -> None:
    """Initials, parts of a name, other words for it and misspellings are understood."""
    assert meant(wrong, NAMES) == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--lr", "0.01"), "No such option: --lr (did you mean --learning-rate?)"),
        (("train", "-hidden", "64"), "No such option: -hidden (did you mean --hidden-size?)"),
        (("train", "-layers", "2"), "No such option: -layers (did you mean --num-layers?)"),
        (
            ("sample", "--temp", "1"),
            "No such option: --temp (did you mean --temperature or --temperature-end?)",
        ),
        (("train", "-x"), "No such option: -x"),
        (("sample", "-t", "1"), "No such option: -t"),
        (("train", "--qqq", "1"), "No such option: --qqq"),
        (("resume",), "No such command 'resume' (use charseq train --resume RUN)"),
        (("list",), "No such command 'list' (use ls runs, and charseq info RUN for one of them)"),
        (("plot",), "No such command 'plot' (use charseq evaluate MODEL --html FILE)"),
    ],
)
def test_a_hint_on_the_command_line(call: Call, arguments: tuple[str, ...], message: str) -> None:
    """One line names what was written, what to write instead, and the help that has it."""
    command = f" {arguments[0]}" if "option" in message else ""
    assert call(*arguments) == refusal(f"{message}; see charseq{command} --help")


def test_a_word_has_one_hint() -> None:
    """No word stands for two commands."""
    words = [word for several in COMMANDS.values() for word in several]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("sample", "hello"),
            "hello: no such model (did you mean runs/hello?); give a run directory or a .safetensors file",
        ),
        (("evaluate", "hello"), "hello: no such file or directory (did you mean runs/hello?)"),
        (("compare", "tales", "hello"), "tales: no such file or directory (did you mean runs/tales?)"),
        (
            ("sample", "runs/hello", "The class "),
            "'The class ': not a model: the text to continue is given by --prompt",
        ),
        (
            ("sample", "-m", "runs/hello", "The class "),
            "'The class ': not a model: the text to continue is given by --prompt",
        ),
        (("sample", "runs/hello", "runs/tales"), "runs/tales: sample takes one model: leave it out"),
    ],
)
def test_a_run_or_a_prompt_that_was_meant(
    call: Call, models: Workshop, arguments: tuple[str, ...], message: str
) -> None:
    """A run is found by its name under runs/, and a prompt among the models is told its option."""
    assert models.path.is_dir()
    assert call(*arguments) == refusal(message)


def test_a_prefix_is_no_misspelt_run(call: Call, models: Workshop) -> None:
    """What next is asked about may be the name of a run."""
    code, _, err = call("next", "hello")
    assert (code, err) == (0, f"charseq: using the newest model, {models.hello}/model.safetensors\n")
