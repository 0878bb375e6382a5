"""Training as a generator of events; it reads and writes no files and prints nothing.

A step computes the gradient of a window, clips it and updates the parameters. The state is carried to the
next window; the gradient is not. The gradients come from a gradient source, an argument of the trainer.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

import numpy as np
from pydantic import TypeAdapter

from charseq.arrays import FloatArray
from charseq.config import OptimConfig, TrainConfig
from charseq.errors import DivergedError
from charseq.gradients import LOSSES, TARGETS, Job, Loss, Plan, SourceFactory
from charseq.gradients.plan import num_cores
from charseq.models import TrainableModel
from charseq.optim import Schedule, frozen_names
from charseq.scoring import Validator
from charseq.text.batches import Batches, Window
from charseq.training.backend import backend_for
from charseq.training.cold_starts import begin_anew_
from charseq.training.collecting import settled_objects
from charseq.training.events import Event, Recovered, StepDone, Stopped, Validated
from charseq.training.limits import Limits, affordable_eval_every, num_cool_down_steps
from charseq.training.progress import Progress, Recent, Snapshot
from charseq.training.timing import Timing
from charseq.training.update import Update
from charseq.training.validating import Validations

MAX_RECOVERIES = 3
"""The number of times that training goes on after it has diverged."""


class Trainer:
    """Trains `model` in place on `batches`; without a `validator` the latest model counts as the best.

    `source` makes the gradient source, and `targets` is a name in TARGETS. A validation scores the latest
    parameters and their average, and the better of the two counts; `best` holds those of the best validation
    so far. The same seed, settings and number of steps give the same bits. Training ends before the limit in
    time: `reserve` seconds are left for the work after it, and enough for the last validation and for
    `num_later_validations` that take as long; see `Timing`. `clock` returns seconds and never goes back.
    """

    def __init__(
        self,
        model: TrainableModel,
        batches: Batches,
        validator: Validator | None,
        *,
        optim: OptimConfig,
        train: TrainConfig,
        source: SourceFactory,
        targets: str = "all",
        reserve: float = 0.0,
        num_later_validations: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        num_parameters, num_windows = model.num_parameters, batches.num_windows
        backend = backend_for(train, num_parameters=num_parameters, num_windows=num_windows)
        model.use_backend_(backend)
        self.model, self.batches = model, batches
        self.optim, self.train = optim, train
        self.progress = Progress()
        self.best = model.params.flat.copy()
        self.clock = clock
        self.loss: Loss = LOSSES[train.loss].for_run(train, batches.token_counts)
        self._update = Update(model.params, optim, backend, by_rows=self.loss.by_rows)
        self._schedule = Schedule(optim)
        self._last_step: int | None = None  # of a run that is to end before its limits
        self._rng = np.random.default_rng([train.seed, 1])
        self.limits = Limits.of(train)
        self._validations = Validations(validator, self._update.average, clock)
        self.timing = Timing(
            self.limits, self._validations, reserve=reserve, num_later_validations=num_later_validations
        )
        self._state = model.initial_state(batches.num_streams)
        self._weights = TARGETS[targets](batches.codec)
        self._job = Job(
            model,
            batches.seq_length,
            batches.num_streams,
            resets=batches.has_resets,
            seed=train.seed,
            loss=self.loss,
            frozen=frozen_names(optim, model.params),
        )
        self.plan: Plan | None = Plan(min(train.threads, batches.num_streams)) if train.threads else None
        self._make_source = source
        self.source = source(self._job, self._state, self.plan or Plan())
        self.eval_every = train.eval_every or affordable_eval_every(
            num_tokens=validator.num_tokens if validator else 0,
            tokens_per_step=batches.num_targets / batches.num_windows,
            num_readings=self._validations.num_readings * self._job.reading_cost,
        )
        self.eval_every += -self.eval_every % self.source.period  # validations are at the end of a round

    def run(self) -> Iterator[Event]:
        """Train until a limit is reached, and yield events.

        Raises DivergedError if training has diverged more often than MAX_RECOVERIES.
        """
        begin = self.clock() - self.progress.elapsed
        self._follow(self.plan or self._job.plan(num_cores()))
        with self.source, settled_objects():
            yield from self.timing.plan_validations_(self.progress)
            while True:
                reason = self.reason_to_stop
                due = reason is not None or self._is_to_validate()
                if due and self.progress.train_chars:  # steps were done since the last validation
                    yield self._validate(begin)
                elif reason is not None:
                    self.progress.closing = self.timing.closing(self.progress)
                    break
                else:
                    done = self._step(begin)
                    yield self._recover() if done is None else done
        yield Stopped(self.progress.step, reason)

    def _follow(self, plan: Plan) -> None:
        """Replace the source by a new one that follows `plan`, and copy the arrays of the old one to it."""
        before, self.source = self.source, self._make_source(self._job, self._state, plan)
        for name, array in self.source.arrays().items():
            array[...] = before.arrays()[name]
        self.plan, self._update.optimizer.num_threads = self.source.plan, self.source.num_threads

    def snapshot(self) -> Snapshot:
        """Return all that `restore` needs to continue with the same bits, once the source has gathered it.

        The arrays are live: save them before the next step.
        """
        self.progress.rate_scale = self._schedule.scale
        self.progress.num_optimizer_steps = self._update.optimizer.num_steps
        record = {
            **asdict(self.progress),
            "rng": self._rng.bit_generator.state,
            "plan": None if self.plan is None else asdict(self.plan),
        }
        return Snapshot(dict(self._arrays()), record)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue the run of `snapshot`, whose parameters are in `model` already.

        Raises KeyError, TypeError or ValueError if the snapshot is not of such a run.
        """
        for name, array in self._arrays():
            snapshot.write(name, array)
        self.progress = Progress.of(snapshot.record)
        if not 0 <= self.progress.window < self.batches.num_windows:
            raise ValueError(f"there is no window {self.progress.window}")
        if self.validator is not None and self.progress.part_length:
            self.validator.shorten_(self.progress.part_length)
        self._schedule.scale = self.progress.rate_scale
        self._update.optimizer.num_steps = self.progress.num_optimizer_steps
        self._rng.bit_generator.state = snapshot.record["rng"]
        plan = TypeAdapter(Plan | None).validate_python(snapshot.record.get("plan"))
        if plan and not self.train.threads:
            self.plan = Plan(max(1, min(plan.num_shards, self.batches.num_streams)))

    def rate_anew(self) -> None:
        """Go back to the learning rate of the settings, which divergence or plateaus may have lowered."""
        self._schedule.scale = 1.0
        self.progress.num_recoveries = 0

    def cool_down_(self) -> int:
        """Let the learning rate fall to its end soon, and end the run then; return the number of steps left.

        Call it between two events. A snapshot holds no cool-down: take one before, if the run is to go on.
        """
        now, done = self.progress, self._done()
        num_steps = num_cool_down_steps(now, done)
        num_steps = self._schedule.cool_down_(step=now.step, progress=done, num_steps=num_steps)
        self._last_step = now.step + num_steps
        self.timing.limits = replace(self.limits, patience=0)
        return num_steps

    def _arrays(self) -> Iterator[tuple[str, FloatArray]]:
        yield "training.best", self.best
        for name, array in self._update.arrays():
            yield f"training.{name}", array
        for name, array in self._state.arrays.items():
            yield f"training.state.{name}", array
        for name, array in self.source.arrays().items():
            yield f"training.gradient.{name}", array

    @property
    def validator(self) -> Validator | None:
        """The validator, if there is a validation text."""
        return self._validations.validator

    @property
    def reason_to_stop(self) -> str | None:
        """The limit that is reached, in words; None if none is."""
        if self._last_step is not None and self.progress.step >= self._last_step:
            return "interrupted"
        return self.timing.reason_to_stop(self.progress)

    @property
    def num_valid_chars(self) -> int | None:
        """The characters that validations score if there is no time for more, None if that is no limit."""
        return self.validator.num_chars if self.validator and self.progress.part_length else None

    def _done(self) -> float:
        """Return the share of the run that is done, in [0, 1], by its limits."""
        return self.timing.share_done(self.progress, num_windows=self.batches.num_windows)

    def _is_to_validate(self) -> bool:
        """Return True if a validation is due after the latest step, and there is time for it."""
        return self.progress.step % self.eval_every == 0 and self.timing.allows_validation(self.progress)

    def _window(self) -> Window:
        """Return the next window, with the weights of its targets."""
        window = self.batches[self.progress.window]
        return window._replace(weights=self._weights(window))

    def _step(self, begin: float) -> StepDone | None:
        """Do one step; return None if the loss, the gradient or the new parameters are not finite."""
        now, window = self.progress, self._window()
        if (cold := begin_anew_(window, self._state, self._rng)) is not None:
            self.source.forget_(cold)
        rate = self._schedule.learning_rate(step=now.step, progress=self._done())
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is checked below
            loss, grads = self.source.gradient(window, now.step)
            if not math.isfinite(loss):
                return None
            grad_norm = self._update(
                grads, learning_rate=rate, after_step=self.source.after_step, agreed=self.source.agreed
            )
            if not math.isfinite(grad_norm):
                return None

        now.step += 1
        now.window += 1
        total_weight, num_chars = window.total_weight, window.num_chars
        now.count_(loss * total_weight, num_chars, grad_norm, max_norm=self.optim.max_grad_norm)
        if num_chars:
            loss *= total_weight / num_chars  # nats per character, however many tokens one has
        if now.window == self.batches.num_windows:
            now.window, now.epoch = 0, now.epoch + 1
            self.source.gather_()
            self._state.roll_()  # read in order, the end of a stream is the context of the next stream
            self.source.forget_()
        now.elapsed = self.clock() - begin
        validates = self._is_to_validate() or self.reason_to_stop is not None  # and has figures of its own
        is_due = now.recent.is_due(now.step) and not validates
        figures = now.figures_(self.model.params.flat) if is_due else None
        done = self._done() if self._last_step is None else now.step / self._last_step
        return StepDone(
            now.step, now.epoch_number, loss, grad_norm, rate, num_chars, now.elapsed, done, figures
        )

    def _validate(self, begin: float) -> Validated:
        now = self.progress
        self.source.settle_(self.model.params)
        train_nats = now.train_nats / now.train_chars
        valid, averaged = self._validations.score()
        nats = None if valid is None else valid.nats_per_char
        improved = nats is None or nats < (math.inf if now.best_nats is None else now.best_nats)
        now.num_bad_validations = 0 if improved else now.num_bad_validations + 1
        if improved:
            now.best_nats, now.best_step = nats, now.step
            self.best[...] = self._update.average.now() if averaged else self.model.params.flat
        self._schedule.validated(improved=improved)
        now.train_nats, now.train_chars = 0.0, 0
        now.elapsed = self.clock() - begin
        rate = self._schedule.learning_rate(step=now.step, progress=self._done())
        epoch, figures = now.epoch_number, now.figures_(self.model.params.flat)
        return Validated(now.step, epoch, valid, train_nats, rate, improved, averaged, now.elapsed, figures)

    def _recover(self) -> Recovered:
        """Go back to the best parameters, with half the learning rate, a reset optimizer and zero states.

        Raises DivergedError if training has diverged too often.
        """
        now = self.progress
        now.num_recoveries += 1
        if now.num_recoveries > MAX_RECOVERIES:
            raise DivergedError(
                f"training diverged at step {now.step + 1}, after {MAX_RECOVERIES} new starts with half the "
                f"rate: try a learning_rate below {self.optim.learning_rate * self._schedule.scale:g}"
            )
        self._schedule.scale /= 2
        self.model.params.flat[...] = self.best
        self._update.reset_()
        self._state.reset_()
        self.source.forget_()
        now.train_nats, now.train_chars, now.recent = 0.0, 0, Recent()  # of steps that were undone
        return Recovered(now.step + 1, self.optim.learning_rate * self._schedule.scale)
