"""Train networks with different settings on one text, with as much work for each, and compare them.

    python -m tests.quality.search TEXT --steps 10500 "" "model.dropout=0.2" "model.hidden_size=512 ..."

Each argument after the text is a candidate: assignments as for `--set`, above the default settings. The
steps are those of a GRU of 256 units with batches of 16 x 64, 11.4 ms each on two quiet cores with AVX-512;
a candidate with more products in a step makes fewer steps. The last tenth of the text is scored. Each line
has the best nats per character of the whole run, and those of the run when it was half done.
"""

import argparse
import tempfile
from pathlib import Path

from charseq.config import Settings
from charseq.config.toml import layer_from_assignment
from charseq.network import num_product_weights
from charseq.runs.run import Run
from charseq.training.events import Validated

HELD_OUT = {"valid_fraction": 0.1, "test_fraction": 0.0}


def candidate(text: str, assignments: str, seed: int) -> Settings:
    """Return the settings of a candidate."""
    settings = Settings().with_layer({"data": {"corpus": text} | HELD_OUT}, "the text")
    settings = settings.with_layer({"train": {"seed": seed, "threads": 1}}, "the search")
    for assignment in assignments.split():
        settings = settings.with_layer(layer_from_assignment(assignment), assignment)
    return settings


def as_much_work(settings: Settings, steps: int, vocab_size: int) -> Settings:
    """Return the settings with as many steps as take the work of `steps` with the default settings."""
    if settings.train.max_steps:  # the candidate says so itself
        return settings

    def products(of: Settings) -> int:
        return num_product_weights(of.model, vocab_size) * of.train.batch_size * of.train.seq_length

    steps = round(steps * products(Settings()) / products(settings))
    return settings.with_layer({"train": {"max_steps": steps}}, "the search")


def figures(settings: Settings, steps: int) -> tuple[int, float, float, int]:
    """Return the steps of the run, its best nats, those of the first half, and the step of the best."""
    with tempfile.TemporaryDirectory() as folder:
        vocab_size = len(set(Path(settings.data.corpus[0]).read_text(encoding="utf-8"))) + 1
        settings = as_much_work(settings, steps, vocab_size)
        run = Run.start(Path(folder) / "run", settings, command="search")
        half = float("inf")
        for event in run.events():
            if isinstance(event, Validated) and event.valid and event.step <= settings.train.max_steps / 2:
                half = min(half, event.valid.nats_per_char)
        now = run.trainer.progress
    return settings.train.max_steps, now.best_nats or float("nan"), half, now.best_step


def main() -> None:
    """Run the candidates of the command line, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("candidates", nargs="+", metavar="ASSIGNMENTS")
    parser.add_argument("--steps", type=int, default=10_500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    print("seed\tsteps\tbest\thalf\tstep\tcandidate")
    for assignments in arguments.candidates:
        for seed in arguments.seeds:
            steps, best, half, step = figures(candidate(arguments.text, assignments, seed), arguments.steps)
            print(f"{seed}\t{steps}\t{best:.4f}\t{half:.4f}\t{step}\t{assignments}", flush=True)


if __name__ == "__main__":
    main()
