"""The classroom example from end to end: one model reads «hell», «kin» and «exper» and knows what follows."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from threadpoolctl import threadpool_limits

from charseq.analysis.cases import Case, read_cases
from charseq.cells import CELLS
from charseq.config import CellName, DataConfig, ModelConfig, OptimConfig, Settings, TrainConfig
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL
from charseq.runs.run import Run
from charseq.scoring.predictor import Predictor

DATA = Path(__file__).parents[1] / "data"
CASES = read_cases(DATA / "hello.yaml")
WORDS = (DATA / "hello.txt").read_text(encoding="utf-8").split()

every_cell = pytest.mark.parametrize("cell", CELLS)


@cache
def trained(cell: CellName) -> Predictor:
    """Train a model from scratch, one sequence a line, save it, load it, and let it answer."""
    settings = Settings(
        data=DataConfig(corpus=(str(DATA / "hello.txt"),), unit="line"),
        model=ModelConfig(cell=cell, hidden_size=48),
        optim=OptimConfig(learning_rate=0.03),
        train=TrainConfig(max_steps=250, seed=1),
    )
    with TemporaryDirectory() as folder, threadpool_limits(1):
        run = Run.start(Path(folder), settings, command="")
        list(run.events())
        checkpoint = Checkpoint.load(Path(folder) / MODEL)
    return Predictor(checkpoint.model, checkpoint.codec)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.prefix)
@every_cell
def test_every_case_is_learnt(cell: CellName, case: Case) -> None:
    """The character that follows is the model's first guess, with a probability of more than 0.9."""
    prediction = trained(cell).predict(case.prefix, case.target)
    assert case.passed(prediction) is True
    assert prediction.rank == 1
    assert prediction.probability is not None
    assert prediction.probability > 0.9
    assert prediction.top[0].char == case.target


@pytest.mark.parametrize(
    ("prefix", "target"),
    [
        ("g", "a"),
        ("ga", "r"),
        ("cel", "l"),
        ("kitt", "e"),
        ("yello", "w"),
        ("mornin", "g"),
        ("telling", "\n"),
    ],
)
@every_cell
def test_one_model_reads_prefixes_of_any_length(cell: CellName, prefix: str, target: str) -> None:
    """The same weights answer after one character and after seven."""
    prediction = trained(cell).predict(prefix, target)
    assert prediction.rank == 1
    assert prediction.probability is not None
    assert prediction.probability > 0.9


@pytest.mark.parametrize("prefix", ["hel", "k", "wi", "be"])
@every_cell
def test_probabilities_are_the_shares_of_the_corpus(cell: CellName, prefix: str) -> None:
    """Where several words go on differently, each gets about the share that it has in the corpus."""
    following = [word[len(prefix)] for word in WORDS if word.startswith(prefix) and word != prefix]
    assert len(set(following)) > 1
    for char in set(following):
        share = following.count(char) / len(following)
        assert trained(cell).predict(prefix, char).probability == pytest.approx(share, abs=0.1)


@every_cell
def test_the_whole_word_is_known(cell: CellName) -> None:
    """From «hello» on its way, every step after the first three is certain, and so is the end of the word."""
    *_, last, end = trained(cell).unroll("hello", "\n")
    assert (last.prefix, last.target, last.rank) == ("hell", "o", 1)
    assert (end.prefix, end.target, end.rank) == ("hello", "\n", 1)
