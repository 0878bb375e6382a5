"""A run on several ranks: rank 0 leads it and has its files; the others follow.

A follower gets the settings and the state of the run from rank 0, reads the text itself, and does the same
steps with the same trainer. It writes nothing, but takes part when rank 0 saves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charseq.config import Settings
from charseq.errors import DataError
from charseq.models import MODELS, ModelKind
from charseq.ranks import World
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.ranks import of_rank, own_arrays
from charseq.runs.run import Run
from charseq.runs.saving import SaveTimes
from charseq.text.split import CorpusParts
from charseq.training.events import Event
from charseq.training.progress import Snapshot
from charseq.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Invitation:
    """All that a follower needs to take part in a run: its parts, and its state."""

    parts: dict[str, Any]
    tensors: dict[str, Any]
    snapshot: Snapshot


def invite(run: Run | None, world: World | None) -> None:
    """Tell the other ranks which run to take part in; None if there is nothing for them to do."""
    if world is None:
        return
    if run is None:
        world.share(None)
        return
    checkpoint = run.checkpoint
    parts = {
        "settings": run.settings,
        "codec": checkpoint.codec,
        "provenance": checkpoint.provenance,
    }
    snapshot = run.trainer.snapshot()
    world.share(
        Invitation(
            parts,
            dict(checkpoint.model.tensors()),
            replace(snapshot, arrays=snapshot.arrays | run.own_arrays),
        )
    )


class Follower:
    """The part of a rank in a run that rank 0 leads."""

    def __init__(self, run: Run, world: World) -> None:
        self._run, self._world = run, world

    @classmethod
    def join(cls, world: World) -> "Follower | None":
        """Take part in the run to which rank 0 invites; None if it does not.

        Raises DataError if the text of this machine is another one.
        """
        invitation: Invitation | None = world.share()
        if invitation is None:
            return None
        settings: Settings = invitation.parts["settings"]
        texts, made_of = CorpusParts.read(settings.data), invitation.parts["provenance"]
        if (texts.sha256, texts.valid_sha256) != (made_of.sha256, made_of.valid_sha256):
            raise DataError(f"{', '.join(texts.sources)}: not the text that rank 0 reads")
        kind: ModelKind = MODELS[settings.model.kind]
        codec = invitation.parts["codec"]
        model = kind.load(settings.model, codec.vocab_size, invitation.tensors)
        run = Run(Path(), settings, texts, Checkpoint(model, codec, settings, made_of), world=world)
        run.trainer.restore(of_rank(invitation.snapshot, world.rank))
        return cls(run, world)

    def events(self) -> Iterator[Event]:
        """Train as rank 0 does, and yield the same events of the trainer."""
        trainer, kind = self._run.trainer, self._run.checkpoint.kind
        trainer.timing.reserve = self._world.share()
        saves = SaveTimes(trainer, self._run.settings.train)
        for event in kind.learn(trainer.model, self._run.examples, trainer):
            if saves.is_due_():
                self.save()
            yield event
        self.save()

    @property
    def trainer(self) -> Trainer:
        """The trainer of this rank."""
        return self._run.trainer

    def interrupt(self) -> None:
        """End the run soon, as rank 0 does at the same step; see `Run.interrupt`."""
        self.save()
        self._run.trainer.cool_down_()

    def save(self) -> None:
        """Give rank 0 what it needs to save the run."""
        own_arrays(self._world, self._run.trainer)
