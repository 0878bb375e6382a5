"""The directory of a run: how it is named and made, how a model is found in it, its records read back."""

import os
from pathlib import Path

import pytest

from charseq.config import Settings
from charseq.errors import CharseqError, ConfigError, one_line
from charseq.runs.directory import (
    LAST,
    METRICS,
    MODEL,
    SETTINGS,
    default_directory,
    find_model,
    is_model,
    make_directory,
    model_name,
    new_directory,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_settings(corpus: list[str], cell: str) -> Settings:
    return Settings().with_layer({"data": {"corpus": corpus}, "model": {"cell": cell}}, "test")


def make_run(directory: str, *names: str) -> Path:
    """Make a directory that holds empty files of these names."""
    path = Path(directory)
    path.mkdir(parents=True)
    for name in names:
        (path / name).touch()
    return path


def message_of(path: Path) -> str:
    """Return why this is not to be the directory of a new run."""
    with pytest.raises(ConfigError) as caught:
        make_directory(path)
    return str(caught.value)


# ---- making


def test_a_directory_is_made_with_those_above_it() -> None:
    """A directory is made, and so are those that it is to be in."""
    make_directory(Path("runs/a/b"))
    assert list(Path("runs/a/b").iterdir()) == []


def test_an_empty_directory_will_do() -> None:
    """A directory that is there and empty is taken."""
    make_directory(make_run("run"))
    assert list(Path("run").iterdir()) == []


@pytest.mark.parametrize("name", [MODEL, LAST, METRICS, SETTINGS, "notes", ".hidden"])
@pytest.mark.parametrize("beside", [(), (SETTINGS,)], ids=["alone", "beside settings"])
def test_a_directory_that_holds_anything_is_refused(name: str, beside: tuple[str, ...]) -> None:
    """A directory that holds anything, be it settings alone, is left as it was."""
    make_run("run", name, *beside)
    resume = ", or continue it with charseq train --resume run" if name == LAST else ""
    assert message_of(Path("run")) == f"run: exists already; choose another output{resume}"
    assert {path.name for path in Path("run").iterdir()} == {name, *beside}


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_directory_can_have_is_refused(name: str) -> None:
    """Python has exceptions of its own for them."""
    with pytest.raises(CharseqError, match=f"^{name}: cannot be created: "):
        make_directory(Path(name))


def test_a_directory_that_holds_a_directory_is_refused() -> None:
    """A directory that holds no file but a directory is not empty."""
    make_run("run/inside")
    assert message_of(Path("run")).startswith("run: exists already; ")
    assert [path.name for path in Path("run").iterdir()] == ["inside"]


def test_a_file_is_refused() -> None:
    """The directory of a run cannot be where a file is."""
    Path("text.txt").write_text("keep me")
    assert message_of(Path("text.txt")).startswith("text.txt: exists already; ")
    assert Path("text.txt").read_text() == "keep me"


def test_what_to_type_is_quoted() -> None:
    """A name that the shell would not read as one word is quoted where it is part of a command."""
    assert message_of(make_run("my run", LAST)) == (
        "my run: exists already; choose another output, or continue it with charseq train --resume 'my run'"
    )


def test_a_directory_below_a_file() -> None:
    """A directory that cannot be made is one error that names it."""
    Path("text.txt").touch()
    with pytest.raises(
        CharseqError, match=r"^text\.txt/run: cannot be created: Not a directory; choose another output$"
    ):
        make_directory(Path("text.txt/run"))


# ---- naming


@pytest.mark.parametrize(
    ("corpus", "stem"),
    [
        ("novel.txt", "novel"),
        ("a/b/novel.txt", "novel"),
        ("/data/novel.txt.gz", "novel"),
        ("novel", "novel"),
        ("builtin:pydoc", "pydoc"),
        ("builtin:stdlib", "stdlib"),
        ("-", "stdin"),
        ("texts/", "texts"),
        (".", "text"),
        ("..", "text"),
        (".hidden", "text"),
        ("한글.txt", "한글"),
    ],
)
def test_a_run_is_named_after_its_corpus(corpus: str, stem: str) -> None:
    """A run without a name is called after its first corpus and its cell."""
    settings = make_settings([corpus, "second.txt"], "lstm")
    assert default_directory(settings) == Path("runs") / f"{stem}-lstm"


def test_runs_are_numbered() -> None:
    """A name that is taken is followed by -2, -3 and so on."""
    settings = make_settings(["corpus.txt"], "gru")
    found = []
    for _ in range(3):
        found.append(default_directory(settings))
        found[-1].mkdir(parents=True)
    assert [path.name for path in found] == ["corpus-gru", "corpus-gru-2", "corpus-gru-3"]


# ---- finding


def test_a_model_is_found() -> None:
    """A run directory stands for its best model; a model file for itself."""
    make_run("run", MODEL, LAST)
    assert find_model("run") == Path("run") / MODEL
    assert find_model("run/") == Path("run") / MODEL
    assert find_model("run/last.safetensors") == Path("run") / LAST


def test_the_newest_model_is_found() -> None:
    """Without a name, the model written last is taken, whatever it is called."""
    for seconds, name in ((300, "b"), (500, "a"), (400, "c")):
        model = make_run(f"runs/{name}", MODEL) / MODEL
        os.utime(model, (seconds, seconds))
    make_run("runs/unfinished", SETTINGS)
    assert find_model(None) == Path("runs") / "a" / MODEL


def test_no_model_at_all() -> None:
    """Without a name and without a run there is nothing to take."""
    with pytest.raises(ConfigError, match="no model given, and none under runs/: "):
        find_model(None)


@pytest.mark.parametrize(
    ("argument", "what"),
    [
        ("none", "no such model"),
        ("none.safetensors", "no such model"),
        ("run", "no model in it yet"),
        ("text.txt", "not a model"),
    ],
)
def test_what_is_no_model(argument: str, what: str) -> None:
    """Whatever is no model is refused by its name."""
    make_run("run", SETTINGS, LAST)
    Path("text.txt").touch()
    assert not is_model(argument)
    with pytest.raises(ConfigError) as caught:
        find_model(argument)
    assert str(caught.value) == f"{argument}: {what}; give a run directory or a .safetensors file"


def test_is_model() -> None:
    """A directory with a model in it is one, and so is any file that ends in .safetensors."""
    make_run("run", MODEL, SETTINGS)
    Path("other.safetensors").touch()
    Path("folder.safetensors").mkdir()
    assert [is_model(name) for name in ("run", "run/model.safetensors", "other.safetensors")] == [True] * 3
    assert not is_model("folder.safetensors")
    assert not is_model("run/charseq.toml")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"runs/pydoc/{MODEL}", "runs/pydoc"),
        (f"/data/{MODEL}", "/data"),
        (f"../{MODEL}", ".."),
        (MODEL, MODEL),
        (f"./{MODEL}", MODEL),
        (f"runs/pydoc/{LAST}", f"runs/pydoc/{LAST}"),
        ("other.safetensors", "other.safetensors"),
        ("runs/한글.safetensors", "runs/한글.safetensors"),
    ],
)
def test_what_a_model_is_called(path: str, name: str) -> None:
    """The best model of a run has the name of its directory, any other file its own."""
    assert model_name(Path(path)) == name


@pytest.mark.parametrize("argument", ["run", "run/", "run/last.safetensors", "other.safetensors"])
def test_the_name_of_a_model_finds_it(argument: str) -> None:
    """By its name a model is found again."""
    make_run("run", MODEL, LAST)
    Path("other.safetensors").touch()
    found = find_model(argument)
    assert find_model(model_name(found)) == found


IMPOSSIBLE = [
    "a\0b",
    "\0",
    "a" * 300,
    "a" * 300 + ".safetensors",
    "a" * 5000,
    "a/" * 3000,
    "\ud800",
    "\udcff",
]


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=lambda name: ascii(name[:8]))
def test_a_name_that_no_file_can_have_is_no_model(name: str) -> None:
    """A text that cannot be the name of a file is no model, whatever the system says to it."""
    assert is_model(name) is False


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=lambda name: ascii(name[:8]))
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    """Asked for by a name that no file can have, a model is not there, and that is one error."""
    with pytest.raises(ConfigError) as caught:
        find_model(name)
    message = f"{name}: no such model; give a run directory or a .safetensors file"
    assert str(caught.value) == one_line(message)


def fill_and_fail(directory: Path, *, filled: bool) -> None:
    with new_directory(directory):
        if filled:
            (directory / "file").touch()
        raise ConfigError("no")


@pytest.mark.parametrize(
    ("name", "filled", "left"), [("new", False, False), ("there", False, True), ("new", True, True)]
)
def test_a_new_directory_is_not_left_behind_after_an_error(
    tmp_path: Path, name: str, filled: bool, left: bool
) -> None:
    """One that was there before stays, and so does one that holds something."""
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match="no"):
        fill_and_fail(tmp_path / name, filled=filled)
    assert (tmp_path / name).exists() is left
