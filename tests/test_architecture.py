"""The rules of the project, read from the source with `ast`: layers, libraries, docstrings, names, tests."""

import ast
import functools
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "charseq"

LAYERS = (
    ("limits", "version", "arrays", "registry"),
    ("errors",),
    ("files", "ranks"),
    ("backend", "config"),
    ("text", "cells", "checks"),
    ("network",),
    ("optim", "models"),
    ("gradients", "adaptation"),
    ("scoring",),
    ("sampling",),
    ("training",),
    ("runs",),
    ("analysis",),
    ("reports",),
    ("api", "bench", "manual"),
    ("cli",),
    ("__main__",),
)
"""The layers from the bottom to the top: modules and packages directly below charseq/. `__init__` is free.

A module imports only from layers below its own, and from its own package.
"""

LAYER_NUMBERS = {package: number for number, packages in enumerate(LAYERS) for package in packages}

LIBRARIES = {"typer": {"cli"}, "rich": {"cli", "reports"}, "yaml": {"reports", "analysis"}}
"""The libraries that only some packages may import."""

WHOLE = "tests/reports/test_goldens.py shows every report whole, test_report.py checks its fields"
TESTED_ELSEWHERE = {
    "scoring/readings": "tests/scoring/test_scorer.py, for all that is read from a text",
    "scoring/streams": "tests/scoring/test_scorer.py, with lines of any lengths",
    "scoring/windows": "tests/scoring/test_scorer.py and tests/network/test_pricing.py",
    "training/events": "records without code; tests/training/test_trainer.py, for every event",
    "api/model": "tests/test_api.py",
    "api/texts": "tests/test_api.py",
    "api/training": "tests/test_api.py and test_api_mix.py",
    "api/keywords": "tests/test_api.py, by the settings of train and sample",
    "cli/parts": "tests/cli/test_evaluate.py and test_evaluate_reports.py",
    "backend/work": "numbers without code; tests/scoring/test_compiling.py, for one that uses them",
    "limits": "numbers without code; tests/faults/ tries what is beyond them",
    "version": "a single string; tests/cli/test_app.py prints it",
    "network/compiled_reading": "tests/network/test_compiled_reader.py, for every cell",
    "network/weights": "tests/network/test_reader.py, for every kind of network",
    "sampling/compiled": "tests/sampling/test_draws.py, beside the draws of NumPy",
    "models/compiled": "tests/models/test_ngram.py, beside the reader by NumPy",
    "models/packing": "a contract: tests/runs/test_state_file.py, for every kind of model",
    "models/ngram_reader": "tests/models/test_ngram.py and test_many.py read with it",
    "models/mixture_reader": "tests/models/test_mixture.py and test_many.py read with it",
    "sampling/batch": "tests/sampling/test_sampler.py makes texts with it",
    "sampling/draft": "tests/sampling/test_sampler.py makes texts with it",
    "sampling/order": "tests/sampling/test_sampler.py makes texts with it",
    "config/values": "the types of settings: tests/config/test_settings.py and test_toml.py",
    "config/section": "the base of the sections: tests/config/test_settings.py",
    "config/sample": "numbers with bounds: tests/config/test_settings.py and test_toml.py",
    "config/messages": "the sentences about settings: tests/config/test_settings.py",
    "models/mlp_readers": "tests/models/test_mlp.py",
    "models/kind": "the contract: tests/test_registry.py and tests/extensions/test_model_kind.py",
    "errors": "exception classes without code; tests/cli/test_app.py turns each into an exit code",
    "cells/cell": "the contract and the activations: tests/cells/test_cells.py, for every cell",
    "cells/rnn": "tests/cells/test_cells.py iterates over CELLS",
    "cells/lstm": "tests/cells/test_cells.py iterates over CELLS",
    "cells/gru": "tests/cells/test_cells.py iterates over CELLS",
    "cells/compiled": "tests/network/test_compiled_layer.py compares each with its twin in CELLS",
    "network/layer": "arrays without code: tests/network/test_recurrent.py",
    "network/columns": "exists in compiled code only: tests/network/test_compiled_layer.py",
    "network/compiled_normalisation": "tests/network/test_compiled_layer.py compares it with its twin",
    "network/emitter": "writes the code of `tiles` and `columns`: tests/network/test_panels.py",
    "network/tiles": "exists in compiled code only: tests/network/test_panels.py",
    "network/windows": "tests/network/test_compiled_layer.py compares each with its twin",
    "optim/optimizer": "the contract: tests/optim/test_optimizers.py, for every optimizer",
    "optim/sgd": "tests/optim/test_optimizers.py",
    "optim/rmsprop": "tests/optim/test_optimizers.py",
    "optim/adam": "tests/optim/test_optimizers.py",
    "optim/compiled": "tests/optim/test_optimizers.py compares each with its twin",
    "sampling/beam": "tests/sampling/test_continuations.py compares it with what it searches for",
    "network/compiled": "tests/network/test_pricing.py compares it with its twin",
    "reports/alternatives": "tests/cli/test_sample_alternatives.py shows it",
    "reports/attributions": WHOLE,
    "reports/calibration": WHOLE,
    "reports/cases": WHOLE,
    "reports/classes": WHOLE,
    "reports/coloured": WHOLE,
    "reports/coloured_texts": WHOLE,
    "reports/confusions": WHOLE,
    "reports/samples": WHOLE,
    "reports/continuations": WHOLE,
    "reports/each": WHOLE,
    "reports/embedding": WHOLE,
    "reports/guess_numbers": WHOLE,
    "reports/novelty": WHOLE,
    "reports/found": WHOLE,
    "reports/gates": WHOLE,
    "reports/info": WHOLE,
    "reports/corpus": WHOLE,
    "reports/models": WHOLE,
    "reports/neurons": WHOLE,
    "reports/neuron_gates": WHOLE,
    "reports/origins": WHOLE,
    "reports/pairs": WHOLE,
    "reports/passages": WHOLE,
    "reports/scores": WHOLE,
    "reports/totals": WHOLE,
    "reports/truncation": WHOLE,
    "analysis/gradient_views": "tests/cli/test_gradients.py compares it with origins and truncation",
    "reports/guesses": "tests/reports/test_prediction.py and test_hardest.py",
    "reports/heatmap": "tests/cli/test_evaluate_page.py, in pipes and at a terminal",
    "analysis/attribution": "tests/cli/test_compare_each.py compares it with lines scored one by one",
    "cli/questions": "tests/cli/test_next.py",
    "cli/neurons": "tests/cli/test_inspect.py and test_next_steps.py",
    "cli/commands": "the list of commands: tests/cli/test_app.py and test_options.py",
    "cli/console": "the two streams: tests/cli/test_pipes.py, in real pipes and at a real terminal",
    "cli/train_notes": "what training says first: tests/cli/test_train.py and test_ranks.py",
    "cli/texts": "what evaluate and compare score: tests/cli/test_evaluate.py and test_compare.py",
    "cli/progress": "what training looks like: tests/cli/test_train.py and test_pipes.py",
}
"""Modules without a tests file of their name, and why."""


def sources() -> list[Path]:
    """Return every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a file as it is called here: charseq/text/corpus.py."""
    return path.relative_to(ROOT).as_posix()


def package_of(name: str) -> str:
    """Return the package of a file: text for charseq/text/corpus.py, __init__ for charseq/__init__.py."""
    return name.removesuffix(".py").split("/")[1]


def imports(tree: ast.AST, name: str) -> Iterator[tuple[int, str]]:
    """Yield (line, module in full) for every import of a file, wherever in it and whatever for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name.removesuffix(".py").split("/")[: -node.level] if node.level else []
            base = ".".join([*package, *filter(None, [node.module])])
            if base == "charseq":  # packages, or names of charseq/__init__.py
                yield from ((node.lineno, f"charseq.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base


STREAMS = ("stdout", "stderr", "exit")
"""The attributes of `sys` that only the command line may use."""


@functools.cache
def parsed(source: str) -> ast.Module:
    """Return the tree of a source, which many tests walk through; none may change it."""
    return ast.parse(source)


def violations(source: str, name: str) -> list[str]:
    """Return the imports, prints and uses of streams by which the file `name` breaks the rules."""
    tree, package, found = parsed(source), package_of(name), []
    for line, module in imports(tree, name):
        top, _, rest = module.partition(".")
        if top in LIBRARIES and package not in LIBRARIES[top]:
            found.append(
                f"{name}:{line} imports {top}, which only {' and '.join(sorted(LIBRARIES[top]))} may"
            )
        other = rest.split(".")[0]
        if top != "charseq" or other not in LAYER_NUMBERS or package in (other, "__init__"):
            continue
        if LAYER_NUMBERS[other] >= LAYER_NUMBERS[package]:
            found.append(f"{name}:{line} ({layer(package)}) imports {module} ({layer(other)})")
    for node in ast.walk(tree):
        if package in ("cli", "__main__"):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            found.append(f"{name}:{node.lineno} prints; only cli may")
        if isinstance(node, ast.Attribute) and node.attr in STREAMS and ast.unparse(node.value) == "sys":
            found.append(f"{name}:{node.lineno} uses {ast.unparse(node)}; only cli may")
    return found


# ---- layers and libraries


def test_imports_obey_the_layers() -> None:
    """A package imports only from lower layers or from itself, and only libraries that it may use."""
    found = [complaint for path in sources() for complaint in violations(path.read_text(), name_of(path))]
    assert not found, "\n".join(found)


def layer(package: str) -> str:
    """Return the number of the layer of a package, and its name, for messages."""
    return f"layer {LAYER_NUMBERS[package]}, {package}"


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        (
            "charseq/sampling/sampler.py",
            "import os\n\nfrom charseq.cli.app import run\n",
            f"3 ({layer('sampling')}) imports charseq.cli.app ({layer('cli')})",
        ),
        (
            "charseq/sampling/sampler.py",
            "from charseq import cli\n",
            f"1 ({layer('sampling')}) imports charseq.cli ({layer('cli')})",
        ),
        (
            "charseq/scoring/scorer.py",
            "import charseq.sampling.sampler\n",
            f"1 ({layer('scoring')}) imports charseq.sampling.sampler ({layer('sampling')})",
        ),
        (
            "charseq/text/corpus.py",
            "from ..network import CharModel\n",
            f"1 ({layer('text')}) imports charseq.network ({layer('network')})",
        ),
        (
            "charseq/arrays.py",
            "def f():\n    if True:\n        from .training.trainer import Trainer\n",
            f"3 ({layer('arrays')}) imports charseq.training.trainer ({layer('training')})",
        ),
        (
            "charseq/text/corpus.py",
            "if TYPE_CHECKING:\n    from charseq.runs.run import Run\n",
            f"2 ({layer('text')}) imports charseq.runs.run ({layer('runs')})",
        ),
        ("charseq/runs/run.py", "import typer\n", "1 imports typer, which only cli may"),
        (
            "charseq/training/trainer.py",
            "from rich.progress import Progress\n",
            "1 imports rich, which only cli and reports may",
        ),
        ("charseq/config/toml.py", "import yaml\n", "1 imports yaml, which only analysis and reports may"),
        ("charseq/training/trainer.py", "x = 1\nprint(x)\n", "2 prints; only cli may"),
        (
            "charseq/training/trainer.py",
            "import sys\nsys.stdout.write('x')\n",
            "2 uses sys.stdout; only cli may",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_line(name: str, source: str, complaint: str) -> None:
    """Each rule is broken by a line of source, and the checker says where, with both layers."""
    assert violations(source, name) == [f"{name}:{complaint}"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("charseq/network/recurrent.py", "from charseq.cells import CELLS\nfrom .model import CharModel\n"),
        ("charseq/runs/run.py", "from charseq.version import __version__\nfrom charseq.training import x\n"),
        ("charseq/cli/app.py", "import typer, rich\nfrom charseq.cli import info\nprint('x')\n"),
        ("charseq/__init__.py", "from charseq.api import load\n"),
        ("charseq/training/trainer.py", "def printable(print_all):\n    return print_all\n"),
    ],
)
def test_what_the_rules_allow_is_not_complained_of(name: str, source: str) -> None:
    """Imports from lower layers and from the own package are free."""
    assert violations(source, name) == []


COMMAND_LINE = re.compile(r"(?<![\w(-])--[a-z]")
"""An option in a sentence; a custom property of a style sheet is none."""
WHOLE_COMMAND = re.compile(r"charseq [a-z]+[^`]* --[a-z]")
"""A command to be typed as it stands is right for whoever uses Python, too."""
NAMES_A_REPORT = re.compile(r"\(?(help|command)\b")


def options_in_words(source: str, name: str) -> list[str]:
    """Return the strings of a file that name an option; docstrings and a report's help are left out."""
    if package_of(name) in ("cli", "__main__", "manual"):
        return []
    tree = parsed(source)
    free = {
        id(inner)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and NAMES_A_REPORT.match(ast.unparse(node.targets[0])))
        for inner in ast.walk(node)
    }
    return [
        f"{name}:{node.lineno} {node.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in free
        if COMMAND_LINE.search(node.value) and not WHOLE_COMMAND.search(node.value)
    ]


def test_messages_below_the_command_line_name_no_option() -> None:
    """They reach people in Python, too, who know settings and arguments and no options."""
    found = [item for path in sources() for item in options_in_words(path.read_text(), name_of(path))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('raise ConfigError(f"{path}: choose another --output")', 1),
        ('advice = "leave out --baseline"', 1),
        ('tell("leave out --baseline")', 1),
        ('raise ConfigError(f"continue it with charseq train --resume {path}")', 0),
        ('"""About --report."""\nhelp = "`charseq evaluate --by`."\ncolour = "var(--axis)"', 0),
    ],
)
def test_an_option_in_a_message_is_found(source: str, number: int) -> None:
    """Whole commands, docstrings and the help are free."""
    assert len(options_in_words(source, "charseq/runs/run.py")) == number
    assert options_in_words(source, "charseq/cli/train.py") == []


@pytest.mark.parametrize("package", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_no_package_imports_in_a_circle(package: str) -> None:
    """Within a package no module imports one that imports it, however far around."""
    files = {
        path.stem: path.read_text() for path in (PACKAGE / package).glob("*.py") if path.stem != "__init__"
    }
    prefix = f"charseq.{package}."
    needs = {
        stem: {
            module.removeprefix(prefix).split(".")[0]
            for _, module in imports(parsed(source), f"charseq/{package}/{stem}.py")
            if module.startswith(prefix)
        }
        for stem, source in files.items()
    }
    assert circle_in(needs) == []


def circle_in(needs: dict[str, set[str]]) -> list[str]:
    """Return the names along one circle of a graph, nothing where there is none."""

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name) :]
        for other in sorted(needs.get(name, set())):
            if found := walk(other, [*way, name]):
                return found
        return []

    return next((found for name in needs if (found := walk(name, []))), [])


def test_a_circle_is_found() -> None:
    """The checker names the modules along the circle."""
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_every_module_has_a_layer() -> None:
    """No module or package is outside the table, and the table names none that is not there."""
    packages = {package_of(name_of(path)) for path in sources()} - {"__init__"}
    assert packages == LAYER_NUMBERS.keys()


# ---- docstrings and names


def undocumented(source: str, name: str) -> list[str]:
    """Return the module, public classes and public functions of a file that have no docstring."""
    tree = parsed(source)
    found = [] if ast.get_docstring(tree) else [name]

    def look(node: ast.Module | ast.ClassDef) -> None:
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                if child.name.startswith("_"):
                    continue
                if not ast.get_docstring(child):
                    found.append(f"{name}:{child.lineno} {child.name}")
                if isinstance(child, ast.ClassDef):
                    look(child)

    look(tree)
    return found


def test_everything_public_has_a_docstring() -> None:
    """Every module, public class, public function and public method says what it is for."""
    found = [item for path in sources() for item in undocumented(path.read_text(), name_of(path))]
    assert not found, "\n".join(found)


def test_a_missing_docstring_is_found() -> None:
    """The check names the module, the class, the method and the function that lack one."""
    source = "class A:\n    def b(self): ...\n    def _c(self): ...\ndef d(): ...\n"
    assert undocumented(source, "x.py") == ["x.py", "x.py:1 A", "x.py:2 b", "x.py:4 d"]


def defined(source: str) -> set[str]:
    """Return the public names that a file defines itself, `__version__` among them."""
    names = set()
    for node in parsed(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_") or name == "__version__"}


def taken(source: str, *, module: str) -> set[str]:
    """Return the names that a file imports from `module` or from what is in it."""
    nodes = [node for node in ast.walk(parsed(source)) if isinstance(node, ast.ImportFrom)]
    begins = [node for node in nodes if f"{node.module}.".startswith(f"{module}.")]
    return {alias.name for node in begins for alias in node.names}


@functools.cache
def imported_names() -> dict[str, set[str]]:
    """Return the names that the files of the package import, by the module that they name."""
    found: dict[str, set[str]] = {}
    for path in sources():
        for node in ast.walk(parsed(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                found.setdefault(f"{node.module}", set()).update(alias.name for alias in node.names)
    return found


def wanted(module: str) -> set[str]:
    """Return the names, modules aside, that the files of the package import from this very module."""
    folder = ROOT / module.replace(".", "/")
    names = imported_names().get(module, set())
    return {name for name in names if not (folder / f"{name}.py").exists()}


def order(name: str) -> tuple[int, str]:
    """Return the place of a name among others: constants, then classes, then the rest, by alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def modules_with_all() -> list[str]:
    """Return the modules that list their public names."""
    paths = [path for path in sources() if "__all__" in path.read_text()]
    return [name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]


@pytest.mark.parametrize("module", modules_with_all())
def test_all_is_sorted_and_exact(module: str) -> None:
    """`__all__` is sorted; it lists what the module defines and what others take from it."""
    loaded = importlib.import_module(module)
    assert loaded.__all__ == sorted(loaded.__all__, key=order)
    assert len(set(loaded.__all__)) == len(loaded.__all__)
    assert all(hasattr(loaded, name) for name in loaded.__all__)
    assert loaded.__file__ is not None
    source = Path(loaded.__file__).read_text()
    assert defined(source) | wanted(module) <= set(loaded.__all__)
    assert set(loaded.__all__) <= defined(source) | taken(source, module="charseq")


def test_every_package_lists_its_names() -> None:
    """Each package but the command line has an `__all__`."""
    packages = {"charseq", *(f"charseq.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))}
    assert packages - {"charseq.cli"} <= set(modules_with_all())


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Public names are loaded late; one that does not exist is refused as Python does."""
    charseq = importlib.import_module("charseq")
    with pytest.raises(AttributeError, match="module 'charseq' has no attribute 'Trainee'"):
        _ = charseq.Trainee


# ---- start-up, and tests


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_no_numpy(option: str) -> None:
    """Asking for the version or the help loads neither numpy nor what builds on it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "charseq", option],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "charseq.cli.app" in loaded
    assert "charseq" in done.stdout
    heavy = {"numpy", "safetensors", "yaml", "charseq.network", "charseq.training"}
    assert not loaded & heavy


def test_tests_mirror_modules() -> None:
    """For each module there is a file of tests at the same place under tests/, or a reason why not."""
    modules = {
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in sources()
        if path.stem not in ("__init__", "__main__")
    }
    tested = {
        module
        for module in modules
        if (ROOT / "tests" / module).with_name(f"test_{Path(module).name}.py").is_file()
    }
    assert modules - tested - TESTED_ELSEWHERE.keys() == set()
    assert TESTED_ELSEWHERE.keys() - (modules - tested) == set(), "a reason that is not needed any more"
