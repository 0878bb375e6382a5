"""A coverage-guided fuzzer for all that reads files, settings and arguments; run by hand, not in CI.

    pip install atheris
    python -m tests.faults.fuzz record -max_total_time=180 -max_len=8192 -timeout=20 -rss_limit_mb=2048

The first word is one of `TARGETS`, what follows are libFuzzer's own options, perhaps with a folder of inputs
to begin with, instead of `seeds`; -max_len=300 keeps `cases` quick. What it finds lies in
tests/faults/findings. The test suite replays that folder and the seeds through the same functions, for which
it does not need atheris.
"""

import codecs
import gzip
import io
import itertools
import json
import math
import os
import random
import re
import shutil
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import astuple
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from unittest import mock

import numpy as np

if __name__ == "__main__":
    import atheris

    instrumented: Any = atheris.instrument_imports(include=["charseq", "tomllib", "yaml"])
else:
    instrumented = nullcontext()
with instrumented:
    from safetensors import safe_open
    from safetensors.numpy import save

    from charseq.analysis.cases import Answer, read_cases
    from charseq.analysis.curves import curve_of
    from charseq.cli import info
    from charseq.cli.console import note
    from charseq.cli.options import option_layers
    from charseq.config import DataConfig, ModelConfig, SampleConfig, Settings, TrainConfig
    from charseq.config.toml import load_toml, to_toml
    from charseq.errors import CharseqError
    from charseq.files import CACHE_VARIABLE
    from charseq.limits import MAX_PACKED_RATIO
    from charseq.models import fit_ngram
    from charseq.registry import REPORTS
    from charseq.reports import write_rows
    from charseq.reports.curves import AXES, QUANTITIES, LearningCurves
    from charseq.runs.checkpoint import METADATA_KEY, Checkpoint, checksum_of
    from charseq.runs.counting import count
    from charseq.runs.directory import LAST, METRICS, MODEL
    from charseq.runs.metrics import read_metrics
    from charseq.runs.mixing import NamedMember, mix_and_save
    from charseq.runs.run import Run
    from charseq.sampling.sampler import sample
    from charseq.scoring.predictor import Predictor
    from charseq.scoring.scorer import Scorer
    from charseq.text import CharTokenizer, corpus, sources
    from charseq.text.batches import Examples
    from charseq.text.codec import Codec
    from charseq.text.encodings import DecodingErrors, SourceFormat
    from charseq.text.sniffing import HEAD_BYTES, wide
    from charseq.text.symbols import EncodedText

WORDS = r"NaN 1e400 0x1 1:00:00.5 2020-01-31 null true [[ { \ud800 !!bool !!int !!float !!set <<: &a *a ? -"
"""What the fuzzer is to try beside the names of settings and of what a model file holds."""
STRING = rb'"(?:[^"\\\n]|\\.)*"'
VALUE = re.compile(rb"(?:%s: *)?(%s|-?\b\d[\d.]*(?:e[+-]?\d+)?\b|(?<=[:=])[ \t]*[\w.]+)" % (STRING, STRING))
VALUES = rb'null true -1 0 0.5 1e308 -Infinity NaN inf [] {} [1,2] "" 1:00:00.5 "\ud800" "a\nb\u001b[2J"'
LARGE = [b"9" * 400, b"0x" + b"f" * 4000, b"'%s'" % (b"x" * 1500), b"[" * 400, b"a." * 1500 + b"a"]
"""Of what is often a value in a text: what such ones look like, odd ones, and large ones."""
DECODING: tuple[DecodingErrors, ...] = ("strict", "replace", "ignore")
PACKED = b"c" + gzip.compress(b"hello king, exper\n" * 9)
METRIC = (
    b'{"step": 9, "epoch": 1, "elapsed": 0.5, "learning_rate": 0.008, "train_nats_per_char": 2.1, '
    b'"valid_nats_per_char": 2.2, "valid_bits_per_char": 3.2, "improved": true}\n'
)
FINDINGS = Path(__file__).parent / "findings"
TEXT = "hello king,\nexper\n" * 4
MAX_MESSAGE_CHARS = 1000
Found = TypeVar("Found")


class Original(NamedTuple):
    """A sound model file, and what is in it: its record, and its tensors by name."""

    content: bytes
    record: dict[str, Any]
    tensors: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Original":
        """Take a model file apart."""
        with safe_open(path, framework="numpy") as file:
            record = json.loads(file.metadata()[METADATA_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return cls(path.read_bytes(), record, tensors)


@cache
def originals() -> tuple[Original, Original, Original, Original]:
    """Return a network with the state of its training, one without, an n-gram model, and a mixture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text.txt").write_text(TEXT)
        train = TrainConfig(batch_size=2, seq_length=8, max_steps=4, threads=1, backend="numpy")
        data = DataConfig(corpus=(f"{folder / 'text.txt'}",))
        network = Settings(data=data, model=ModelConfig(hidden_size=3), train=train)
        for _ in Run.start(folder / "run", network, command="charseq train text.txt").events():
            pass
        ngram = Settings(data=data, model=ModelConfig(kind="ngram", order=2))
        count(folder / "ngram", ngram, command="charseq train text.txt --kind ngram")
        members = [NamedMember.load(f"{folder / name}") for name in ("run", "ngram")]
        mix_and_save(members, "linear", command="charseq mix run ngram", directory=folder / "mixture")
        run, last = Original.read(folder / "run" / MODEL), Original.read(folder / "run" / LAST)
        return last, run, *(Original.read(folder / name / MODEL) for name in ("ngram", "mixture"))


class Draw:
    """Small decisions made of bytes; when these have run out, all are 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self, end: int) -> int:
        """Return a number below `end`, which is at most 256."""
        taken, self._data = self._data[:1] or b"\0", self._data[1:]
        return taken[0] % end

    def choice(self, choices: Sequence[Found]) -> Found:
        """Return one of the `choices`."""
        return choices[self.number(len(choices))]

    def array(self, dtype: str, shape: tuple[int, ...]) -> Any:
        """Return an array whose numbers are the next bytes as they are."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        taken, self._data = self._data[:size], self._data[size:]
        return np.frombuffer(taken.ljust(size, b"\0"), dtype).reshape(shape)

    def change(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """Return tensors some of which are others, in numbers, shape or type, or are missing."""
        changed = dict(tensors)
        for _ in range(self.number(4)):
            name = self.choice([*sorted(tensors), "training.x", "x", ""])
            old = tensors.get(name, np.zeros(1, np.float32))
            dtype = self.choice([old.dtype.str] * 4 + ["<f4", "<f8", "<f2", "<i8", "<u1", "|b1"])
            size = range(self.number(4))
            shape = self.choice([old.shape] * 4 + [tuple(self.number(5) for _ in size)])
            changed[name] = self.array(dtype, shape)
            if self.number(8) == 1:
                del changed[name]
        return changed


def assemble(record: dict[str, Any], tensors: dict[str, Any]) -> bytes:
    """Return a model file with a checksum that fits."""
    unsigned = {key: value for key, value in record.items() if key != "checksum"}
    signed = unsigned | {"checksum": checksum_of(unsigned, tensors)}
    return bytes(save(tensors, {METADATA_KEY: json.dumps(signed)}))


def answer(work: Callable[[], Found], begin: str) -> Found | None:
    """Return what `work` returns; None where it raises one short line that begins so, and prints."""
    try:
        return work()
    except CharseqError as error:
        message = str(error)
    assert message.startswith(begin), message
    assert len(message) < MAX_MESSAGE_CHARS, f"{len(message)} characters: {message[:500]}"
    assert len(message.splitlines()) == 1, message
    with redirect_stderr(io.StringIO()) as shown:
        note(message)
    assert shown.getvalue().removesuffix("\n").isprintable(), shown.getvalue()
    return None


def use(path: Path) -> None:
    """Load a model file; where it is one, let it score a text, guess, write, and say what it is."""
    checkpoint = answer(lambda: Checkpoint.load(path), f"{path}: ")
    if checkpoint is None:
        return
    model, codec = checkpoint.model, checkpoint.codec
    Scorer(model, codec).score("hello king,\nx?")
    Predictor(model, codec).predict("hell", "o")
    list(sample(model, codec, "hell", SampleConfig(length=3), rng=np.random.default_rng(0)))
    for format_name in ("table", "tsv"):
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")):
            info.command(f"{path}", format_name=format_name)


def file(data: bytes, folder: Path) -> None:
    """Load the bytes as a model file."""
    path = folder / "m.safetensors"
    path.write_bytes(data)
    use(path)


def record(data: bytes, folder: Path) -> None:
    """Load a sound file with another record: the first byte says which file, the others are the JSON."""
    path, model = folder / "m.safetensors", originals()[data[0] % 4 if data else 0]
    text = data[1:].decode("utf-8", "replace")
    try:
        path.write_bytes(assemble(json.loads(text), model.tensors))
    except (ValueError, AttributeError, RecursionError):  # no record, and so without a checksum
        path.write_bytes(bytes(save(model.tensors, {METADATA_KEY: text})))
    use(path)


def tensors(data: bytes, folder: Path) -> None:
    """Load a sound file with other tensors: the first byte says which file."""
    path, draw = folder / "m.safetensors", Draw(data)
    model = draw.choice(originals())
    path.write_bytes(assemble(model.record, draw.change(model.tensors)))
    use(path)


def resume(data: bytes, folder: Path) -> None:
    """Go on from another training state: its record as JSON, a NUL, and bytes that its arrays are made of."""
    text, _, rest = data.partition(b"\0")
    model, source = originals()[0], folder / "text.txt"
    try:
        changed = model.record | {"training": json.loads(text)}
    except (ValueError, RecursionError):
        return
    arrays = {name: array for name, array in model.tensors.items() if name.startswith("training.")}
    others = {name: array for name, array in model.tensors.items() if name not in arrays}
    source.write_text(TEXT)
    (folder / "run").mkdir(exist_ok=True)
    (folder / "run" / METRICS).unlink(missing_ok=True)
    (folder / "run" / LAST).write_bytes(assemble(changed, others | Draw(rest).change(arrays)))
    layers: Any = [({"data": {"corpus": [f"{source}"]}, "train": {"max_steps": 9}}, "test")]
    run = answer(lambda: Run.resume(folder / "run", layers), f"{folder / 'run'}")
    if run is not None:
        *sums, recent = astuple(run.trainer.progress)
        assert all(math.isfinite(value or 0) and (value or 0) >= 0 for value in (*sums, *recent))
        answer(lambda: list(itertools.islice(run.events(), 6)), "")


def toml(data: bytes, folder: Path) -> None:
    """Read the bytes as a file of settings; those that pass are the same when they are written and read."""
    path = folder / "charseq.toml"
    path.write_bytes(data)
    settings = answer(lambda: Settings().with_layer(load_toml(path), f"{path}"), f"{path}: ")
    if settings is not None:
        path.write_text(to_toml(settings), encoding="utf-8")
        assert Settings().with_layer(load_toml(path), "again") == settings


def set_option(data: bytes, folder: Path) -> None:
    """Lay the bytes as an argument of --set over the settings."""
    text = data.decode("utf-8", "surrogateescape")
    settings = answer(lambda: Settings().with_layers(option_layers({}, [text])), "--set ")
    if settings is not None:
        toml(to_toml(settings).encode(), folder)


def cases(data: bytes, folder: Path) -> None:
    """Read the bytes as a file of cases, and ask the first of them."""
    path, output = folder / "cases.yaml", io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
    path.write_bytes(data)
    for case in (answer(lambda: read_cases(path), f"{path}: ") or [])[:2]:
        prediction = predictor().predict(case.prefix, case.target)
        answered = Answer.of(prediction, passed=case.passed(prediction))
        write_rows([REPORTS["case"].row(answered)], "tsv", output)


@cache
def predictor() -> Predictor:
    """Return one of a model that only counts."""
    codec = Codec(CharTokenizer.fit(TEXT), "stream")
    examples = Examples(EncodedText.of(TEXT), codec)
    return Predictor(fit_ngram(examples, vocab_size=codec.vocab_size, order=2), codec)


def metrics(data: bytes, folder: Path) -> None:
    """Read the bytes as the validations of a run, and draw their curve."""
    (folder / METRICS).write_bytes(data)
    records = answer(lambda: read_metrics(folder), f"{folder / METRICS}: ")
    if records:
        drawn = tuple(itertools.product(QUANTITIES, AXES))
        REPORTS["curve"].sections(LearningCurves((curve_of("run", records),), drawn))


def read(data: bytes, folder: Path) -> None:
    """Read a text in small chunks and by way of the cache; it is what Python's own decoder makes of it.

    The first byte says whether the file is plain, packed by gzip, or only said to be so.
    """
    path = folder / ("x.txt" if data[:1] < b"b" else "x.gz")
    path.write_bytes(gzip.compress(data[1:], 1) if data[:1] == b"b" else data[1:])
    sizes: Any = {"CORPUS_CHUNK_BYTES": 7, "LARGE_BYTES": 100}
    small: Any = {"CHUNK_BYTES": 5, "LARGE_BYTES": 100}
    cached = {CACHE_VARIABLE: f"{folder / 'cache'}"}
    patches = mock.patch.multiple(corpus, **sizes), mock.patch.multiple(sources, **small)
    with patches[0], patches[1], mock.patch.dict(os.environ, cached):
        whole = answer(lambda: corpus.read_corpus((f"{path}",)), f"{path}: ")
        assert (whole and whole.text) == decoded(path, "strict")
        for errors in DECODING:
            texts = answer(partial(texts_in, path, errors), f"{path}: ")
            assert (texts and texts[0]) == decoded(path, errors)


def decoded(path: Path, errors: str) -> str | None:
    """Return the text in a file as Python reads it; None where that fails, or unpacks to far too much."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        too_large = path.suffix == ".gz" and len(raw) > max(100, MAX_PACKED_RATIO * path.stat().st_size)
        if too_large or (errors == "strict" and wide(raw[:HEAD_BYTES])):
            return None
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return None


def texts_in(path: Path, errors: DecodingErrors) -> list[str]:
    """Return the text of each file behind a path."""
    return ["".join(pieces) for _, pieces in corpus.iter_texts(f"{path}", how=SourceFormat(errors=errors))]


TARGETS: dict[str, Callable[[bytes, Path], None]] = {
    "file": file,
    "record": record,
    "tensors": tensors,
    "resume": resume,
    "toml": toml,
    "set": set_option,
    "cases": cases,
    "metrics": metrics,
    "corpus": read,
}
"""What the bytes are given to, each time with a folder to write in."""


def seeds() -> dict[str, list[bytes]]:
    """Return for each target what the fuzzer begins with."""
    models, settings = originals(), to_toml(Settings()).encode()
    texts = [TEXT.encode(), "żółw 안녕 😀\n".encode(), b"\xef\xbb\xbfa\xff\xed\xa0\x80"]
    training = json.dumps(models[0].record["training"]).encode()
    case = b"- prefix: hell\n  target: o\n  expect: {rank: 1, min_probability: 0.5}\n"
    return {
        "file": [model.content for model in models],
        "record": [b"%d%s" % (k, json.dumps(model.record).encode()) for k, model in enumerate(models)],
        "tensors": [bytes([k, 1, n, 0, 0]) + bytes(range(1, 90)) for k in range(4) for n in (0, 1, 3)],
        "resume": [training + b"\0", training + b"\0\1\0\0" + bytes(64)],
        "toml": [settings, *settings.split(b"\n\n")],
        "set": [b"model.cell=gru", b"train.max_time=1h30m", b"optim.beta1=.5", b"data.corpus=['a', \"b\"]"],
        "cases": [case, b'- &a {prefix: a, target: "\\n"}\n- *a\n- {<<: *a, prefix: !!str 1}\n'],
        "metrics": [METRIC, METRIC * 3 + METRIC[:20]],
        "corpus": [b"a" + text for text in texts] + [b"b" + text * 9 for text in texts] + [PACKED],
    }


def words() -> list[str]:
    """Return what is worth a try in any text."""
    record = {name for model in originals() for name in re.findall(r'"\w+"', json.dumps(model.record))}
    keys = [f"{section}.{key}=" for section, values in Settings() for key, _ in values]
    return [*sorted(record), *keys, *WORDS.split()]


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Put another value in the place of one, which leaves most texts what they are; or change any bytes."""
    rng, places = random.Random(seed), list(VALUE.finditer(data))
    if not places or rng.random() < 0.4:
        return bytes(atheris.Mutate(data, max_size))
    place = rng.choice(places)
    other = rng.choice([*VALUES.split(), *LARGE, rng.choice(places)[1]])
    return (data[: place.start(1)] + other + data[place.end(1) :])[:max_size]


def main() -> None:
    """Fuzz the target that the command line names."""
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    np.seterr(all="raise", under="ignore")  # as in all tests
    warnings.simplefilter("error")
    FINDINGS.mkdir(exist_ok=True)
    folder = Path(tempfile.gettempdir()) / f"charseq-fuzz-{os.getuid()}"
    shutil.rmtree(folder, ignore_errors=True)  # of the last time: libFuzzer ends without farewells
    for part in ("seeds", "work"):
        (folder / part).mkdir(parents=True)
    if all(option.startswith("-") for option in options):
        options.append(f"{folder / 'seeds'}")
        for number, seed in enumerate(seeds()[name]):
            (folder / "seeds" / f"{number}").write_bytes(seed)
    lines = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words()]
    (folder / "words").write_text("".join(f'"{line}"\n' for line in lines))
    libfuzzer = [sys.argv[0], f"-dict={folder / 'words'}", f"-artifact_prefix={FINDINGS / name}-", *options]
    atheris.Setup(libfuzzer, lambda data: target(data, folder / "work"), custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
