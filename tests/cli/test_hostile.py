"""Texts, settings and cases that are out to hang, to fill the memory, or to be obeyed: one line each."""

import gzip
import os
from pathlib import Path

import pytest

from charseq.files import MAX_SMALL_BYTES
from charseq.text import sources
from tests.builders import refused
from tests.cli.conftest import Call, Workshop


@pytest.mark.parametrize("command", [("train",), ("evaluate", "MODEL"), ("sample", "MODEL", "--prompt-file")])
def test_a_device_that_never_ends(
    command: tuple[str, ...], call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is read of a device has a limit."""
    monkeypatch.setattr(sources, "MAX_DEVICE_BYTES", 1 << 15)
    words = [models.tales if word == "MODEL" else word for word in command]
    output = ["-o", str(tmp_path / "run")] if command == ("train",) else []
    refused(call(*words, "/dev/zero", *output), "/dev/zero: more than 32,768 bytes")


def test_an_empty_device(call: Call, models: Workshop) -> None:
    """A device may be read as far as it goes."""
    refused(call("evaluate", models.tales, "/dev/null"), "/dev/null: empty")


def test_a_gzip_bomb(call: Call, models: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that unpacks to a huge one is refused before it has."""
    monkeypatch.setattr(sources, "LARGE_BYTES", 1 << 18)
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(1 << 24)))
    refused(call("train", str(bomb), "-o", str(tmp_path / "run")), "bomb.gz: more than ", "may never end")
    honest = tmp_path / "honest.gz"
    honest.write_bytes(gzip.compress(b"the quick brown fox\n" * 1000))
    assert call("evaluate", models.tales, str(honest)).code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xed\xa0\x80", b"\x80", b"a" * 70_000 + b"\xff"])
def test_bytes_that_are_no_text(content: bytes, call: Call, tmp_path: Path) -> None:
    """Binary data and lone surrogates are refused, and the byte is named."""
    (tmp_path / "x").write_bytes(content)
    refused(call("train", "x", "-o", "run"), "x: not UTF-8 at byte ")
    assert not Path("run").exists()


@pytest.mark.parametrize(
    "text",
    [
        "\0" * 300,
        "\n" * 300,
        "\ufeff" + "ab" * 100,
        "a" * 300,
        "\x1b[2J\x07" * 50,
        "e\u0301" * 90,
        "שלום" * 60,
    ],
    ids=["NUL", "newlines", "BOM", "one line", "escapes", "combining", "right to left"],
)
@pytest.mark.parametrize("unit", ["stream", "line"])
def test_odd_texts_are_texts(text: str, unit: str, call: Call, tmp_path: Path) -> None:
    """What is UTF-8 trains, is scored, and never reaches the terminal raw."""
    (tmp_path / "x").write_bytes(text.encode())
    tiny = ("--hidden-size", "4", "--max-steps", "2", "--threads", "1", "--backend", "numpy", "--unit", unit)
    outcomes = [
        call("train", "x", *tiny, "-o", "run"),
        call("evaluate", "run", "x", "--by", "char,word,line", "--hardest", "3", "--heatmap"),
        call("next", "run", text[:5]),
        call("info", "run"),
    ]
    for code, out, err in outcomes:
        assert code == 0, err
        assert not {char for char in out + err if not char.isprintable()} - {"\n"}


def test_a_directory_of_odd_files(call: Call, tmp_path: Path) -> None:
    """Loops, pipes and hidden files in a directory are passed over; nothing hangs."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "up").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    (folder / ".hidden").write_text("hidden")
    (folder / "a.txt").write_text("hello king, exper\n" * 20)
    tiny = ("--hidden-size", "4", "--max-steps", "2", "--threads", "1", "--backend", "numpy")
    outcome = call("train", "texts", *tiny, "-o", "run")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("option", ["--config", "--cases"])
def test_a_settings_file_that_never_ends(option: str, call: Call, models: Workshop) -> None:
    """Files that people write by hand have a size."""
    words = ("train", "data/tales.txt") if option == "--config" else ("evaluate", models.tales)
    refused(call(*words, option, "/dev/zero"), f"larger than {MAX_SMALL_BYTES:,} bytes")


@pytest.mark.parametrize(
    "yaml",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        "- &a [&b [&c [*a, *b, *c]]]\n",
        "[" * 1000,
        "- !!python/object/apply:os.system ['touch pwned']\n",
        "- {prefix: a, target: 5}\n",
        "- prefix: &x a\n  target: *x\n  extra: *x\n",
        "\x00",
    ],
)
def test_hostile_cases(yaml: str, call: Call, models: Workshop, tmp_path: Path) -> None:
    """Aliases, recursion, depth, objects and wrong types are errors of one line; no code is run."""
    (tmp_path / "c.yaml").write_text(yaml)
    refused(call("evaluate", models.tales, "--cases", str(tmp_path / "c.yaml")), "c.yaml: ")
    assert not (tmp_path / "pwned").exists()
    assert not Path("pwned").exists()


def test_many_aliases_are_quick(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A file whose aliases would explode is refused at once."""
    lines = ["- &a0 {prefix: x, target: x}"]
    lines += [f"- &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 40)]
    (tmp_path / "c.yaml").write_text("\n".join(lines))
    refused(call("evaluate", models.tales, "--cases", str(tmp_path / "c.yaml")), "c.yaml: ")
