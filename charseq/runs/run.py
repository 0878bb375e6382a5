"""A training run: it begins, trains, saves into its directory, and continues after an interruption."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import Layers, Settings, reason
from charseq.config.toml import to_toml
from charseq.errors import CharseqError, CheckpointError, ConfigError
from charseq.files import is_file, sweep, write_atomically
from charseq.models import MODELS, ModelKind, TrainableModel
from charseq.ranks import World
from charseq.runs.best_model import BestModel, as_it_is_now
from charseq.runs.checkpoint import RESULTS, Checkpoint, Provenance, Results
from charseq.runs.checks import (
    BITS,
    check_changes,
    check_corpus_is_there,
    check_is_trained,
    check_memory,
    check_shapes,
    check_texts,
    read_parts,
)
from charseq.runs.directory import LAST, MODEL, SETTINGS, make_directory, new_directory
from charseq.runs.finish import Finish
from charseq.runs.lock import DirectoryLock, locked
from charseq.runs.metrics import append_metrics, forget_later, record_of, records_before
from charseq.runs.ranks import how_to_train, kept_arrays, own_arrays, shared_by
from charseq.runs.saving import SaveTimes
from charseq.scoring import Validator
from charseq.text.batches import Batches, Examples
from charseq.text.corpus import OnProgress
from charseq.text.fitting import codec_of
from charseq.text.split import CorpusParts
from charseq.training.events import Event, MadeAnew, StepDone, Unsaved, Validated
from charseq.training.recipe import Recipe
from charseq.training.trainer import Trainer

BEST = "best"
"""The key of the training record that holds the results of the best validation."""
MAX_VALID_TOKENS = 1 << 18
"""The most tokens in a validation while training: enough for three digits, and soon done."""
NUM_SAVES = 2
"""The saves at the end of a run that take about as long as the first one."""


class Run:
    """A run in progress: iterate over `events()`, which trains and saves as it goes."""

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        texts: CorpusParts,
        checkpoint: Checkpoint,
        *,
        began: float = 0.0,
        world: World | None = None,
    ) -> None:
        self.directory, self.settings, self.texts = directory, settings, texts
        self.checkpoint, self._began, self._world = checkpoint, began, world
        self.own_arrays: dict[str, FloatArray] = {}
        self._lock: DirectoryLock | None = None
        self._records: list[dict[str, Any]] = []
        self._num_written = 0
        self._is_interrupted = False
        self.other_bits: list[str] = []
        self.choice = ""
        """The choice of the recipe with its reason, in one line; empty if it has chosen nothing."""
        codec, model = checkpoint.codec, cast(TrainableModel, checkpoint.model)  # its kind is trained
        self.examples = Examples(texts.train, codec)
        self.batches = Batches(
            self.examples,
            batch_size=settings.train.batch_size,
            seq_length=settings.train.seq_length,
            piece_length=settings.train.piece_length,
            seed=settings.train.seed,
            share=None if world is None or settings.data.min_count > 1 else (world.rank, world.size),
        )
        self._validator = None
        if texts.valid:
            self._validator = Validator(model, codec, texts.valid, max_tokens=MAX_VALID_TOKENS)
        self._finish = Finish(settings, self.examples, texts)
        self.trainer = Trainer(
            model,
            self.batches,
            shared_by(world, self._validator),
            reserve=self._finish.seconds,
            num_later_validations=self._finish.num_validations,
            **how_to_train(world, settings, self.batches.num_streams),
        )
        self._best = BestModel(directory / MODEL, checkpoint, self.trainer)

    @classmethod
    def start(
        cls,
        directory: Path,
        settings: Settings,
        *,
        command: str,
        init_from: Checkpoint | None = None,
        recipe: Recipe | None = None,
        progress: OnProgress | None = None,
        world: World | None = None,
    ) -> "Run":
        """Begin a run in a new directory, with fresh weights or with those of `init_from`.

        A `recipe` may change the settings when the text is known. `progress` is called while a large corpus
        is read. On several ranks, rank 0 of the `world` calls it.
        Raises ConfigError if the directory already holds something or `init_from` has other sizes,
        DataError for an unusable corpus.
        """
        began = time.monotonic()
        check_is_trained(settings)
        if init_from:
            check_shapes(settings, init_from)
        texts = read_parts(settings.data, progress)
        with new_directory(directory):
            codec = codec_of(settings.data, texts.train)
            chosen = recipe(len(texts.train), len(texts.valid), codec.vocab_size) if recipe else None
            settings = chosen.settings if chosen else settings
            check_memory(settings, codec.vocab_size)
            kind: ModelKind = MODELS[settings.model.kind]
            rng = np.random.default_rng([settings.train.seed, 0])
            checkpoint = Checkpoint(
                kind.build(settings.model, codec.vocab_size, rng),
                codec,
                settings,
                Provenance.of(texts, command),
            )
            if init_from:
                kind.adopt_(checkpoint.model, init_from.model, *codec.shared_tokens(init_from.codec))
            run = cls(directory, settings, texts, checkpoint, began=began, world=world)
        run.choice = chosen.reason if chosen else ""
        run._write_settings()
        begin = time.monotonic()
        run._save_last()  # from now on this is the directory of a run, which can be resumed
        run.trainer.timing.reserve += NUM_SAVES * (time.monotonic() - begin)
        return run

    @classmethod
    def resume(
        cls,
        directory: Path,
        changes: Layers,
        *,
        progress: OnProgress | None = None,
        world: World | None = None,
    ) -> "Run":
        """Continue the run in `directory` where it was last saved, with some settings changed.

        `progress` and `world` are as in `start`.
        Raises ConfigError for changes that would make it another run, DataError if the corpus is not the
        one it was trained on.
        """
        began = time.monotonic()
        if not is_file(directory / LAST):
            raise ConfigError(f"{directory}: no run to resume: there is no {LAST}")
        checkpoint = Checkpoint.load(directory / LAST)
        settings = checkpoint.settings.with_layers(changes)
        check_is_trained(checkpoint.settings)
        changed = check_changes(checkpoint.settings, settings)
        checkpoint.settings = settings
        check_corpus_is_there(settings.data)
        texts, made_of = CorpusParts.read(settings.data, progress=progress), checkpoint.provenance
        check_texts(texts, settings.data.valid, made_of, directory)
        checkpoint.provenance = replace(made_of, sources=texts.sources)
        run = cls(directory, settings, texts, checkpoint, began=began, world=world)
        run.other_bits = [name for name in changed if name in BITS]
        if checkpoint.training is None:
            raise CheckpointError(f"{directory / LAST}: holds no training state")
        try:
            run.trainer.restore(checkpoint.training)
            run.own_arrays = kept_arrays(checkpoint.training.arrays)
            best = checkpoint.training.record.get(BEST)
            checkpoint.results = checkpoint.results if best is None else RESULTS.validate_python(best)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            why = f"the training state is damaged: {reason(error)}"
            raise CheckpointError(f"{directory / LAST}: {why}") from None
        checkpoint.training = None  # it would be out of date after the first step
        kept, now = run._best.compare_with_file_(), run.trainer.progress
        is_at_end = run.trainer.reason_to_stop is not None and not now.train_chars
        if is_at_end and kept is not None and run._finish.is_done(kept, best=checkpoint.results):
            raise ConfigError(f"{directory}: {run.trainer.limits.way_on(now)}")
        if "optim.learning_rate" in changed:
            run.trainer.rate_anew()
        return run

    @property
    def test_seconds(self) -> float:
        """The time for scoring the test part after all events."""
        return self._finish.test_seconds

    def events(self) -> Iterator[Event]:
        """Train and yield events; save the best model when it is found, and the latest one at intervals.

        If a save fails, training goes on and the save is tried again later. Raises CharseqError only if the
        last save fails, ConfigError if another process is training in the directory.
        """
        with locked(self.directory) as self._lock:
            sweep(self.directory)
            self._write_settings()
            self._records = forget_later(self.directory, self.trainer.progress)
            self._num_written = len(self._records)
            yield from self._events()

    def _events(self) -> Iterator[Event]:
        self._finish.count_from_(self._began, self.trainer.progress.elapsed)
        yield from self._finish.count()
        if not (self._records or self.trainer.progress.step):
            self._records += records_before(self._validator)
        self.trainer.timing.reserve += self._finish.seconds_so_far
        if self._world is not None:
            self._world.share(self.trainer.timing.reserve)
        saves = SaveTimes(self.trainer, self.settings.train)
        for event in self.checkpoint.kind.learn(self.trainer.model, self.examples, self.trainer):
            if isinstance(event, StepDone | Validated) and event.figures is not None:
                self._records.append(record_of(event, event.figures))
            if isinstance(event, Validated) and event.improved:
                self.checkpoint.results, self._best.is_saved = Results.of(event, self.trainer.plan), False
            if due := saves.is_due_():
                self.own_arrays = own_arrays(self._world, self.trainer)  # whatever happens to the files
            try:
                if (due or isinstance(event, Validated)) and self._make_anew():
                    yield MadeAnew(self.trainer.progress.step)
                if isinstance(event, Validated):
                    self._save_best()
                if due:
                    self._write()
            except CharseqError as error:
                yield Unsaved(self.trainer.progress.step, str(error))
            yield event
        self.save()
        finished, mixed = self._finish.finished(self._best.now(), max_chars=self.trainer.num_valid_chars)
        finished.save(self.directory / MODEL)
        if mixed is not None:
            yield mixed

    def interrupt(self) -> int:
        """End the run soon: save it, let the learning rate fall to its end, and finish the best model.

        Return the number of steps that are left. Call it between two events of training, where ranks agree
        (`source.is_settled`). A resumed run goes on from this save, as if it had not been interrupted.
        """
        self.save()
        self._is_interrupted = True
        self._finish.hasten_(self.trainer.progress.elapsed)
        return self.trainer.cool_down_()

    def save(self) -> None:
        """Save everything that resuming needs, and the best model; without a validation, the latest one.

        Call it only between two events: within a step the state is not consistent. Raises CharseqError if a
        file cannot be written; no file is then damaged, and the next save writes what is missing.
        """
        self.own_arrays = own_arrays(self._world, self.trainer)
        self._write()

    def _write(self) -> None:
        self._make_anew()
        if not (self.directory / SETTINGS).exists():
            self._write_settings()
        self._save_best()
        if not (self._is_interrupted and (self.directory / LAST).exists()):
            self._save_last()

    def _make_anew(self) -> bool:
        """If the directory is gone, make it anew, so that it can be filled again; say whether it was gone."""
        if self._lock is None or self._lock.is_there():
            return False
        self._num_written = 0
        make_directory(self.directory)
        self._lock.take()
        return True

    def _write_settings(self) -> None:
        write_atomically(self.directory / SETTINGS, to_toml(self.settings).encode())

    def _save_last(self) -> None:
        training = self.trainer.snapshot()
        training.record[BEST] = asdict(self.checkpoint.results)
        training.arrays.update(self.own_arrays)
        latest = as_it_is_now(self.checkpoint, self.trainer.progress)
        replace(latest, training=training).save(self.directory / LAST)

    def _save_best(self) -> None:
        """Write the records and the best model, unless they are written already."""
        append_metrics(self.directory, self._records[self._num_written :])
        self._num_written = len(self._records)
        self._best.save()
