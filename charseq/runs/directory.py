"""The directory of a run: its files, the name of a new one, and the search for a model.

RUN/model.safetensors   the best model on validation; sample, evaluate and next need nothing else
RUN/last.safetensors    the latest model and everything that resuming needs
RUN/metrics.jsonl       the records of the run, see `metrics.py`
RUN/charseq.toml        the settings that were in force
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from charseq.config import Settings
from charseq.errors import CharseqError, ConfigError
from charseq.files import exists, is_file
from charseq.models import MODELS

RUNS = Path("runs")
MAX_STEM_CHARS = 50
"""The most characters of the corpus name in the name of a run directory: systems limit file names."""
MODEL, LAST, METRICS, SETTINGS = "model.safetensors", "last.safetensors", "metrics.jsonl", "charseq.toml"


def default_directory(settings: Settings) -> Path:
    """Return the first free of runs/<corpus>-<cell>, runs/<corpus>-<cell>-2, and so on."""
    first = settings.data.corpus[0]
    if first.startswith("builtin:"):
        first = first.removeprefix("builtin:").partition(",")[0].replace(":", "-")
    stem = (
        "stdin" if first == "-" else first.rpartition(":")[2].rstrip("/").rpartition("/")[2].partition(".")[0]
    )
    kind = MODELS[settings.model.kind].stem(settings.model)
    name, path, number = f"{stem[:MAX_STEM_CHARS] or 'text'}-{kind}", RUNS, 1
    while (path := RUNS / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path


def make_directory(path: Path) -> None:
    """Create the directory of a new run. Raises ConfigError if it exists already and is not empty."""
    check_is_new(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        raise _cannot_be_created(path, error) from None


@contextmanager
def new_directory(path: Path) -> Iterator[None]:
    """Make a directory as `make_directory` does; if the block raises an error, it is not left behind."""
    is_new = not exists(str(path))
    make_directory(path)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):  # it holds something
                path.rmdir()
        raise


def check_is_new(path: Path) -> None:
    """Raise ConfigError unless `path` can become the directory of a new run: it is empty, or not there."""
    try:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            resume = f", or continue it with charseq train --resume {shlex.quote(str(path))}"
            raise ConfigError(
                f"{path}: exists already; choose another output{resume if (path / LAST).exists() else ''}"
            )
    except (OSError, ValueError) as error:
        raise _cannot_be_created(path, error) from None


def _cannot_be_created(path: Path, error: Exception) -> CharseqError:
    why = getattr(error, "strerror", None) or error
    return CharseqError(f"{path}: cannot be created: {why}; choose another output")


def is_model(argument: str) -> bool:
    """Say whether `argument` names a model: a directory that holds one, or a .safetensors file."""
    path = Path(argument)
    if not exists(argument):
        return False
    return is_file(path / MODEL) or (path.suffix == ".safetensors" and is_file(path))


def find_model(argument: str | None) -> Path:
    """Return the model file that `argument` names: a run directory or a file; None is the newest under runs/.

    Raises ConfigError if there is none.
    """
    if argument is None:
        models = sorted(RUNS.glob(f"*/{MODEL}"), key=lambda path: path.stat().st_mtime)
        if not models:
            raise ConfigError(f"no model given, and none under {RUNS}/: train one with charseq train")
        return models[-1]
    path = Path(argument)
    if is_model(argument):
        return path / MODEL if path.is_dir() else path
    if not exists(argument):
        known = f" (did you mean {RUNS / path}?)" if is_model(f"{RUNS / path}") else ""
        what = f"no such model{known}"
    else:
        what = "no model in it yet" if path.is_dir() else "not a model"
    raise ConfigError(f"{argument or repr(argument)}: {what}; give a run directory or a .safetensors file")


def model_name(path: Path) -> str:
    """Return the name of a model: its run directory, or the file itself outside of a run directory."""
    return str(path.parent if path.name == MODEL and path.parent != Path() else path)
