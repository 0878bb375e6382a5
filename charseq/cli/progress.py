"""What training looks like: a live line in a terminal, plain lines anywhere else; all of it on stderr."""

import math
from types import TracebackType
from typing import TYPE_CHECKING

from charseq.cli.console import notes
from charseq.reports.text import printable
from charseq.score import Score, describe
from charseq.trainer import Event, Recovered, StepDone, Stopped, Validated

if TYPE_CHECKING:
    from rich.progress import Progress

REFRESH_SECONDS = 0.1
LINE_SECONDS = 2.0
"""Seconds of training between two lines at least; the last validation always has its line."""
SMOOTHING = 0.98


class TrainingDisplay:
    """Shows events as they come; use as a context manager. `plain` means no live line and no samples."""

    def __init__(self, *, plain: bool) -> None:
        self._console = notes()
        self._live: Progress | None = None if plain or not self._console.is_terminal else self._make_live()
        self._task = self._live.add_task("train", total=1.0, text="starting") if self._live else None
        self._loss = self._speed = math.nan
        self._shown = -math.inf
        self._last_elapsed: float | None = None
        self._valid = ""
        self._line, self._line_elapsed = "", -math.inf

    def __enter__(self) -> "TrainingDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, event: Event) -> None:
        """Show one event of the trainer."""
        if isinstance(event, StepDone):
            self._step(event)
        elif isinstance(event, Validated):
            self._validated(event)
        elif isinstance(event, Recovered):
            self.say(
                f"step {event.step}: the loss is not finite; going on from the best model "
                f"with learning rate {event.learning_rate:.3g}"
            )
        elif isinstance(event, Stopped):
            self._say_line()
            self.say(f"stopped at step {event.step}: {event.reason}")

    def say(self, text: str) -> None:
        """Print a line above the live one."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def sample(self, text: str) -> None:
        """Print a short sample of what the model writes."""
        self._console.print(printable(text), style="dim", markup=False, highlight=False, soft_wrap=True)

    def _step(self, event: StepDone) -> None:
        self._loss = _smooth(self._loss, event.loss)
        if self._last_elapsed is not None and event.elapsed > self._last_elapsed:
            self._speed = _smooth(self._speed, event.num_chars / (event.elapsed - self._last_elapsed))
        self._last_elapsed = event.elapsed
        if self._live and self._task is not None and event.elapsed - self._shown >= REFRESH_SECONDS:
            self._shown = event.elapsed
            left = event.elapsed * (1 - event.progress) / event.progress if event.progress else math.nan
            text = (
                f"epoch {event.epoch + 1}  step {event.step:,}  loss {self._loss:.3f}  {self._valid}"
                f"{self._speed:,.0f} chars/s  {_clock(event.elapsed)} < {_clock(left)}"
            )
            self._live.update(self._task, completed=event.progress, text=text, refresh=True)

    def _validated(self, event: Validated) -> None:
        score = Score(num_chars=1, nats=event.nats_per_char)
        self._valid = f"valid {score.bits_per_char:.3f} bits, perplexity {score.perplexity:.2f}  "
        self._last_elapsed = None
        speed = "" if math.isnan(self._speed) else f"  {self._speed:,.0f} chars/s"
        self._line = (
            f"{_clock(event.elapsed)}  epoch {event.epoch + 1}  step {event.step:,}{speed}  "
            f"train {event.train_nats_per_char:.4f} nats  "
            f"valid {describe(event.nats_per_char)}{'  best' if event.improved else ''}"
        )
        if event.elapsed - self._line_elapsed >= LINE_SECONDS:
            self._line_elapsed = event.elapsed
            self._say_line()

    def _say_line(self) -> None:
        if self._line:
            self.say(self._line)
        self._line = ""

    def _make_live(self) -> "Progress":
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (BarColumn(bar_width=16), TaskProgressColumn(), TextColumn("{task.fields[text]}"))
        return Progress(*columns, console=self._console, transient=True, auto_refresh=False)


def _smooth(average: float, value: float) -> float:
    return value if math.isnan(average) else SMOOTHING * average + (1 - SMOOTHING) * value


def _clock(seconds: float) -> str:
    if math.isnan(seconds):
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
