"""charseq sample: how much is written, where it ends, and that a seed decides it."""

from pathlib import Path

import numpy as np
import pytest

from charseq.config import SampleConfig
from charseq.runs.checkpoint import Checkpoint
from charseq.sampling import sample
from charseq.sampling.batch import TEXTS_AT_ONCE
from charseq.sampling.stops import until
from charseq.scoring import Predictor
from tests.builders import refusal
from tests.cli.conftest import Call, Feed, Workshop

PROMPT = "The "


def written(call: Call, *arguments: str) -> str:
    """Return what a sample that goes well writes to stdout, with nothing on stderr."""
    code, out, err = call("sample", *arguments)
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize("length", [0, 1, 80])
@pytest.mark.parametrize("prompt", ["", PROMPT, "one\ntwo"])
def test_length_counts_new_characters(call: Call, models: Workshop, length: int, prompt: str) -> None:
    """A text is its prompt, --length characters, and a newline where it does not end with one."""
    out = written(call, models.tales, "--length", f"{length}", "--prompt", prompt, "--seed", "1")
    assert out.startswith(prompt)
    assert len(out) - len(prompt) in (length, length + 1)
    assert out.endswith("\n")
    if len(out) == len(prompt) + length + 1:
        assert not out[:-1].endswith("\n")


def test_the_seed_decides(call: Call, models: Workshop) -> None:
    """The same seed writes the same text, another seed another one."""
    first, again, other = (
        written(call, models.tales, "--length", "200", "--seed", seed) for seed in ("3", "3", "4")
    )
    assert first == again
    assert first != other


def test_without_a_seed_no_two_texts_are_alike(call: Call, models: Workshop) -> None:
    """The default is a new text each time."""
    assert len({written(call, models.tales, "--length", "200") for _ in range(3)}) == 3


def test_a_shorter_text_is_a_beginning(call: Call, models: Workshop) -> None:
    """With the same seed, length only decides where the text ends."""
    long, short = (written(call, models.tales, "--seed", "3", "--length", n) for n in ("90", "40"))
    assert long.startswith(short.removesuffix("\n"))


def test_temperature_zero_is_the_likeliest(call: Call, models: Workshop) -> None:
    """At temperature 0 no seed matters: each character is the model's first guess."""
    first, other = (
        written(call, models.tales, "-p", PROMPT, "--temperature", "0", "--length", "12", "--seed", seed)
        for seed in ("1", "2")
    )
    assert first == other
    checkpoint = Checkpoint.load(Path(models.tales) / "model.safetensors")
    predictor = Predictor(checkpoint.model, checkpoint.codec)
    for place in range(len(PROMPT), len(PROMPT) + 12):
        assert predictor.predict(first[:place]).top[0].char == first[place]


def test_top_k_of_one_is_the_likeliest(call: Call, models: Workshop) -> None:
    """The draw from a single candidate is that candidate."""
    common = (models.tales, "--length", "30", "--seed", "1")
    assert written(call, *common, "--top-k", "1") == written(call, *common, "--temperature", "0")


def test_a_seed_of_each_number(call: Call, models: Workshop) -> None:
    """Several texts differ from each other; the first is the one that stands alone."""
    common = (models.tales, "--length", "60", "--seed", "5", "--set", "sample.top_k=20")
    alone, together = written(call, *common), written(call, *common, "-n", "3")
    assert together.startswith(alone + "\n")
    assert 3 * 60 < len(together) <= 3 * 61 + 2


# ---- several texts


def one_by_one(
    run: str, num_texts: int, *, prompt: str = "", length: int, stops: tuple[str, ...] = ()
) -> list[str]:
    """Return the new text of each of the seeds that --seed 5 stands for, each drawn on its own."""
    checkpoint = Checkpoint.load(Path(run) / "model.safetensors")
    config = SampleConfig(length=length)
    rngs = [np.random.default_rng(seed) for seed in np.random.SeedSequence(5).spawn(num_texts)]
    texts = [sample(checkpoint.model, checkpoint.codec, prompt, config, rng=rng) for rng in rngs]
    return ["".join(until(text, stops)) for text in texts]


@pytest.mark.parametrize("num_texts", [2, 3])
@pytest.mark.parametrize("prompt", ["", PROMPT, "one\ntwo", "the end.\n"])
def test_texts_of_a_stream(call: Call, models: Workshop, prompt: str, num_texts: int) -> None:
    """Each text is its prompt and what its seed gives; a blank line stands between any two."""
    texts = one_by_one(models.tales, num_texts, prompt=prompt, length=30)
    out = written(call, models.tales, "-n", f"{num_texts}", "--seed", "5", "--length", "30", "-p", prompt)
    assert out == "\n".join(ended(prompt + text) for text in texts)


def test_texts_of_a_stream_without_their_prompt(call: Call, models: Workshop) -> None:
    """With --hide-prompt, the same texts stand there without it."""
    texts = one_by_one(models.tales, 3, prompt=PROMPT, length=30)
    common = (models.tales, "-n", "3", "--seed", "5", "--length", "30", "-p", PROMPT)
    assert written(call, *common, "--hide-prompt") == "\n".join(map(ended, texts))


@pytest.mark.parametrize("prompt", ["", "he"])
def test_texts_of_a_line_model(call: Call, models: Workshop, prompt: str) -> None:
    """Each text is a line of its own: its prompt and what its seed gives, and nothing between the lines."""
    texts = one_by_one(models.hello, 4, prompt=prompt, length=30, stops=("\n",))
    out = written(call, models.hello, "-n", "4", "--seed", "5", "--length", "30", "-p", prompt)
    assert out == "".join(f"{prompt}{text}\n" for text in texts)


def test_more_texts_than_are_made_together(call: Call, models: Workshop) -> None:
    """Seventy texts are seventy, whatever is made together, and the first of them are those of fewer."""
    assert TEXTS_AT_ONCE < 70
    texts = one_by_one(models.tales, 70, prompt=PROMPT, length=8)
    assert len(set(texts)) > 20
    common = (models.tales, "--seed", "5", "--length", "8", "-p", PROMPT)
    out = written(call, *common, "-n", "70")
    assert out == "\n".join(ended(PROMPT + text) for text in texts)
    assert out.startswith(written(call, *common, "-n", f"{TEXTS_AT_ONCE}"))


def test_more_lines_than_are_made_together(call: Call, models: Workshop) -> None:
    """Forty texts of a model of lines are forty lines."""
    texts = one_by_one(models.hello, 40, length=30, stops=("\n",))
    assert written(call, models.hello, "-n", "40", "--seed", "5", "--length", "30") == "".join(
        f"{text}\n" for text in texts
    )


@pytest.mark.parametrize("num_texts", ["3", "40"])
def test_the_seed_decides_all_texts(call: Call, models: Workshop, num_texts: str) -> None:
    """The same seed writes the same texts, another seed others."""
    common = (models.tales, "-n", num_texts, "--length", "10")
    first, again, other = (written(call, *common, "--seed", seed) for seed in ("3", "3", "4"))
    assert first == again
    assert first != other


def test_each_text_stops_on_its_own(call: Call, models: Workshop) -> None:
    """Of several texts each ends before the first of the strings to stop at, or at its length."""
    stops = (" t", "ou", " a")
    texts = one_by_one(models.tales, 6, length=25, stops=stops)
    assert len(set(map(len, texts))) > 2
    common = (models.tales, "-n", "6", "--seed", "5", "--length", "25")
    assert written(call, *common, *(word for stop in stops for word in ("--stop", stop))) == "\n".join(
        map(ended, texts)
    )


@pytest.mark.parametrize("prompt", ["", "he", "he\n"])
def test_several_texts_of_no_length(call: Call, models: Workshop, prompt: str) -> None:
    """Several texts of no new characters are their prompt, as one of them is."""
    common = ("--length", "0", "-p", prompt)
    one = written(call, models.tales, *common)
    assert one == ended(prompt)
    assert written(call, models.tales, *common, "-n", "3") == "\n".join([one] * 3)
    assert written(call, models.hello, *common, "-n", "3") == one * 3


# ---- where a text ends


def ended(text: str) -> str:
    """Return a text with the newline that ends it."""
    return text if text.endswith("\n") else text + "\n"


def test_stop(call: Call, models: Workshop) -> None:
    """A text ends before the first occurrence of the string to stop at."""
    common = (models.tales, "--length", "200", "--seed", "3")
    whole = written(call, *common)
    stop = whole[70:73]
    assert written(call, *common, "--stop", stop) == ended(whole[: whole.index(stop)])


def test_several_stops(call: Call, models: Workshop) -> None:
    """Of several strings the one that comes first ends the text; one that never comes does no harm."""
    common = (models.tales, "--length", "200", "--seed", "3")
    whole = written(call, *common)
    early, late = whole[40:43], whole[90:93]
    stops = ("--stop", late, "--stop", "@@@", "--stop", early)
    end = min(whole.index(early), whole.index(late))
    assert written(call, *common, *stops) == ended(whole[:end])


def test_a_stop_in_the_prompt_is_passed_by(call: Call, models: Workshop) -> None:
    """Only new text is searched."""
    common = (models.tales, "--length", "50", "--seed", "3", "-p", "@@@")
    code, out, _ = call("sample", *common, "--stop", "@@@")
    assert code == 0
    assert len(out) >= 53


@pytest.mark.parametrize("prompt", ["", "he"])
def test_a_line_unit_writes_lines(call: Call, models: Workshop, prompt: str) -> None:
    """A model of lines ends each text at the end of the line: five texts are five lines."""
    out = written(call, models.hello, "-n", "5", "--seed", "1", "-p", prompt)
    lines = out.split("\n")
    assert len(lines) == 6
    assert lines.pop() == ""
    assert all(line.startswith(prompt) and len(line) > len(prompt) for line in lines)
    assert len(set(lines)) > 1


def test_a_line_that_is_cut(call: Call, models: Workshop) -> None:
    """A line that is longer than --length still ends with a newline."""
    assert written(call, models.hello, "-p", "exp", "--temperature", "0", "--length", "2") == "exper\n"


# ---- prompts


def test_hide_prompt(call: Call, models: Workshop) -> None:
    """With --hide-prompt only the new text is written, and it is the same text."""
    common = (models.tales, "-p", PROMPT, "--length", "40", "--seed", "2")
    assert PROMPT + written(call, *common, "--hide-prompt") == written(call, *common)


def test_prompt_file(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A prompt from a file is continued as the same prompt from the command line is, newlines and all."""
    prompt = "One day\r\n\r\nthe "
    (tmp_path / "prompt.txt").write_bytes(prompt.encode())
    common = (models.tales, "--length", "20", "--seed", "2")
    code, out, _ = call("sample", *common, "--prompt-file", str(tmp_path / "prompt.txt"))
    assert code == 0
    assert out == call("sample", *common, "--prompt", prompt).out


def test_prompt_from_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """The file - is standard input."""
    feed(PROMPT.encode())
    common = (models.tales, "--length", "20", "--seed", "2")
    assert written(call, *common, "--prompt-file", "-") == written(call, *common, "--prompt", PROMPT)


def test_prompt_and_prompt_file(call: Call, models: Workshop) -> None:
    """Two prompts are one too many."""
    arguments = ("sample", models.tales, "--prompt", "a", "--prompt-file", "b.txt")
    assert call(*arguments) == refusal("give --prompt or --prompt-file, not both")


def test_prompt_file_that_is_not_there(call: Call, models: Workshop) -> None:
    """A file that does not exist is refused."""
    message = "none.txt: no such file or directory"
    assert call("sample", models.tales, "--prompt-file", "none.txt") == refusal(message)


@pytest.mark.parametrize(("prompt", "named"), [("Żółw", "Żół"), ("the\x1b", r"\x1b"), ("€€ and", "€")])
def test_unseen_characters_are_warned_of(call: Call, models: Workshop, prompt: str, named: str) -> None:
    """Characters of the prompt that the model does not know are named once, on stderr; the text goes on."""
    code, out, err = call("sample", models.tales, "-p", prompt, "--length", "5")
    assert code == 0
    assert out.startswith(prompt)
    assert err == f"charseq: not in the model's vocabulary, read as the zero vector: {named}\n"


# ---- models


def test_a_model_by_its_file(call: Call, models: Workshop) -> None:
    """A run and the model file in it are the same model."""
    common = ("--length", "20", "--seed", "2")
    by_file = written(call, f"{models.tales}/model.safetensors", *common)
    assert by_file == written(call, models.tales, *common)


def test_the_newest_model(call: Call, models: Workshop) -> None:
    """Without a model the newest one is taken, and named on stderr."""
    code, out, err = call("sample", "--seed", "2")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert out == written(call, models.hello, "--seed", "2")


def test_a_file_that_is_no_model(call: Call, models: Workshop) -> None:
    """A text is refused as a model, and so is a foreign file with a model's name."""
    rule = "give a run directory or a .safetensors file"
    assert call("sample", "data/hello.txt") == refusal(f"data/hello.txt: not a model; {rule}")
    assert call("sample", "data") == refusal(f"data: no model in it yet; {rule}")


def test_a_foreign_file(call: Call, tmp_path: Path) -> None:
    """A file that only has a model's name is an error that names it."""
    (tmp_path / "foreign.safetensors").write_text("hello")
    code, out, err = call("sample", "foreign.safetensors")
    assert (code, out) == (1, "")
    assert err.startswith("charseq: error: foreign.safetensors: not a charseq model: ")
    assert err.count("\n") == 1


def test_a_model_can_be_named_by_an_option(call: Call, models: Workshop) -> None:
    """-m is as good as the argument; both are refused."""
    common = ("--seed", "3", "--length", "20")
    assert written(call, "-m", models.tales, *common) == written(call, models.tales, *common)
    message = f"{models.hello}: the model is given by -m already: leave out one of the two"
    assert call("sample", models.hello, "-m", models.tales) == refusal(message)
