"""The progress of reading and training on stderr: live in a terminal, plain lines elsewhere."""

import math
import time
from types import TracebackType
from typing import TYPE_CHECKING

from charseq.cli.console import note, notes
from charseq.models import Counting
from charseq.reports.display.visible import printable
from charseq.scoring.score import bits, shown
from charseq.text.codec import Codec
from charseq.training.events import (
    Counted,
    Event,
    MadeAnew,
    Recovered,
    Shortened,
    StepDone,
    Stopped,
    Unsaved,
    Validated,
)
from charseq.training.pace import Pace, time_left

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.progress import Progress

REFRESH_SECONDS = 0.1
HEADER = "  time epoch      step   chars/s train nats valid nats bits/char perplexity"
MARGIN = "  | "
"""The beginning of each line of a sample."""
MIN_WIDTH = 8
"""The fewest columns for a sample beside its margin."""
LINE_SECONDS = 2.0
"""The fewest seconds of training between two lines; the last validation always has its line."""
SAY_SECONDS = 30.0
"""Seconds between two lines about the reading of a long text, if stderr is not a terminal."""


class ReadingDisplay:
    """Shows the progress of reading a long text; use as a context manager.

    In a terminal it is a bar; elsewhere it is a line every SAY_SECONDS.
    """

    def __init__(self, *, plain: bool, noun: str = "the corpus") -> None:
        self._console, self._noun = notes(), noun
        self._hidden, self._live = plain, self._console.is_terminal
        self._bar: Progress | None = None
        self._said = time.monotonic()
        self._what, self._shown = "", -math.inf

    def __enter__(self) -> "ReadingDisplay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, what: str, num_bytes: int, total: int | None) -> None:
        """Show that `num_bytes` of `total` have been read; `what` names the work, such as "scoring"."""
        now = time.monotonic()
        soon = what == self._what and num_bytes != total and now - self._shown < REFRESH_SECONDS
        if self._hidden or soon:
            return
        if not self._live:
            self._say(what, num_bytes, total, now)
            return
        if self._bar is None:
            self._bar = self._make_bar()
            self._bar.start()
        if what != self._what:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(what, total=total)
        self._what, self._shown = what, now
        self._bar.update(self._bar.task_ids[0], completed=num_bytes, total=total, refresh=True)

    def _say(self, what: str, num_bytes: int, total: int | None, now: float) -> None:
        if now - self._said >= SAY_SECONDS:
            self._said = now
            share = f" of {total / 1e6:,.1f}" if total else ""
            note(f"{what} {self._noun}: {num_bytes / 1e6:,.1f}{share} MB")

    def _make_bar(self) -> "Progress":
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn(f"{{task.description}} {self._noun}", style=""),
            BarColumn(24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        return Progress(*columns, console=self._console, transient=True, auto_refresh=False)


class TrainingDisplay:
    """Shows events as they come; use as a context manager. `plain` means no live line and no samples.

    A validation that is worse than a uniform guess by `codec` is marked so. `cost` is that of the method for
    the gradient, in words, which stays in sight.
    """

    def __init__(self, *, plain: bool, codec: Codec, cost: str = "") -> None:
        self._codec, self._cost = codec, cost
        self._console = notes()
        self._live = None if plain or not self._console.is_terminal else self._make_live()
        self._pace = Pace()
        self._shown = -math.inf
        self._valid = ""
        self._line, self._line_elapsed, self._header_said = "", -math.inf, False

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
        self._pace.add(event)
        if isinstance(event, StepDone):
            self._step(event)
        elif isinstance(event, Validated):
            self._validated(event)
        elif isinstance(event, Recovered):
            self.say(
                f"step {event.step}: training diverged; going on from the best model "
                f"with learning rate {event.learning_rate:.3g}"
            )
        elif isinstance(event, Unsaved):
            self.say(f"step {event.step}: not saved: {event.reason}; trying again later")
        elif isinstance(event, MadeAnew):
            self.say(f"step {event.step}: the run directory was gone; it was made anew")
        elif isinstance(event, Counting):
            self._counting(event)
        elif isinstance(event, Counted):
            kinds = f"{event.num_ngrams:,} different n-grams of up to {event.order} characters"
            self.say(f"counted {kinds} in {event.seconds:.1f} s")
        elif isinstance(event, Shortened):
            self.say(f"each validation scores {event.num_chars:,} characters: there is no time for more")
        elif isinstance(event, Stopped):
            self._say_line()
            self.say(f"stopped at step {event.step}: {event.reason}")

    def say(self, text: str) -> None:
        """Print a line above the live one."""
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def sample(self, text: str) -> None:
        """Print a short text by the model, set off from the figures."""
        from rich.cells import chop_cells

        self._say_header()
        width = self._console.width - len(MARGIN) if self._console.is_terminal else len(text) * 8
        for line in printable(text).expandtabs().split("\n"):
            for part in chop_cells(line, max(width, MIN_WIDTH)) or [""]:
                self._console.print(
                    f"{MARGIN}{part}".rstrip(), style="dim", markup=False, highlight=False, soft_wrap=True
                )

    def _counting(self, event: Counting) -> None:
        if self._live:
            share = event.num_done / max(1, event.total)
            self._live.update(f"{event.what} the training part for n-grams: {share:.0%}", refresh=True)

    def _step(self, event: StepDone) -> None:
        if self._live and event.elapsed - self._shown >= REFRESH_SECONDS:
            self._shown = event.elapsed
            self._live.update(self._picture(event), refresh=True)

    def _picture(self, event: StepDone) -> "RenderableType":
        """Return the live lines: progress and speed; loss and gradient; validation and cost, if any."""
        from rich.columns import Columns
        from rich.console import Group
        from rich.progress_bar import ProgressBar

        bar = ProgressBar(total=1.0, completed=event.progress, width=24)
        time = f"{_clock(event.elapsed)}, {_clock(time_left(event))} to go"
        where = f"epoch {event.epoch}, step {event.step:,}"
        return Group(
            Columns([bar, f"{event.progress:4.0%}  {time}, {self._pace.speed:,.0f} chars/s"]),
            f"{where}, loss {shown(bits(self._pace.loss), '.3f')} bits, "
            f"gradient norm {shown(self._pace.grad_norm, '.3f')}",
            *filter(None, [self._valid, self._cost]),
        )

    def _validated(self, event: Validated) -> None:
        figures = "no validation"
        if event.valid is not None:
            score = event.valid
            nats, per_char = shown(score.nats_per_char, ".4f"), shown(score.bits_per_char, ".4f")
            figures = f"{nats:>10} {per_char:>9} {shown(score.perplexity, '.3f'):>10}"
            perplexity = shown(score.perplexity, ".2f")
            self._valid = f"valid {shown(score.bits_per_char, '.3f')} bits, perplexity {perplexity}"
        self._line = (
            f"{_clock(event.elapsed):>6} {event.epoch:>5} {event.step:>9,} {self._pace.speed:>9,.0f} "
            f"{shown(event.train_nats_per_char, '.4f'):>10} {figures}{self._verdict(event)}"
        )
        if event.elapsed - self._line_elapsed >= LINE_SECONDS:
            self._line_elapsed = event.elapsed
            self._say_line()

    def _verdict(self, event: Validated) -> str:
        if event.valid is not None and event.valid.is_worse_than_uniform(self._codec):
            return " worse than a uniform guess"
        return " best" if event.improved else ""

    def _say_line(self) -> None:
        if self._line:
            self._say_header()
            self.say(self._line)
        self._line = ""

    def _say_header(self) -> None:
        if not self._header_said:
            self._header_said = True
            self.say(HEADER)

    def _make_live(self) -> "Live":
        from rich.live import Live

        return Live(console=self._console, transient=True, auto_refresh=False)


def _clock(seconds: float) -> str:
    if math.isnan(seconds):
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
