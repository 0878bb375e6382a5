"""A model unrolled in time: for each token that is read the input, the state after it, and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

from charseq.analysis.activations import States, step_states
from charseq.analysis.inside import NeuronInside
from charseq.analysis.inspection import Place, check_neurons
from charseq.models.mixture import Mixture, Part
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Prediction, Predictor
from charseq.text import UNSEEN


@dataclass(frozen=True, slots=True)
class MemberStep:
    """The part of a mixture's member in a step: its description, its weight, and its own prediction."""

    member: str
    weight: float
    prediction: Prediction
    order: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step in time, from 0: `input` is the name of the token that was read, `prediction` what comes out.

    `token` is its number. It is None where the zero vector is read: at the start of a stream, which has no
    `input` either, and for an unknown character. `order` is the length of the n-grams that a model of n-grams
    used. Within a character of several tokens, the prediction is that of this character.
    """

    step: int
    token: int | None
    input: str | None
    prediction: Prediction
    order: int | None = None
    members: tuple[MemberStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Unrolling:
    """The steps of a model through `prefix`: first the start, then one for each token.

    `states` has the states and gates of its network after each step, (layers, S, H) each; it is None without
    a network. `neurons` are the neurons to show.
    """

    prefix: str
    model: str
    steps: tuple[Step, ...]
    states: States | None = None
    neurons: tuple[Place, ...] = ()

    def __repr__(self) -> str:
        return f"<Unrolling: {len(self.steps)} steps of {self.model} through {self.prefix!r}>"

    @property
    def inputs(self) -> list[str | None]:
        """The names of the inputs, None for the start of a stream."""
        return [step.input for step in self.steps]

    def insides(self) -> list[NeuronInside]:
        """Return the gates, the candidate and the states (S,) of each of the `neurons`."""
        if self.states is None:
            return []
        return [NeuronInside.of(place, self.states, column=place[1] - 1) for place in self.neurons]


class Unroller:
    """Unrolls a model through one prefix after the other; `neurons` are those to show.

    Raises ConfigError for a neuron that does not exist.
    """

    def __init__(self, checkpoint: Checkpoint, *, neurons: Sequence[Place] = (), num_top: int = 5) -> None:
        if neurons:
            check_neurons(checkpoint, neurons)
        self._checkpoint, self._neurons, self._num_top = checkpoint, tuple(neurons), num_top
        self._predictor = Predictor(checkpoint.model, checkpoint.codec)
        self._members = [
            (part.description, part.weight, member.kind, Predictor(member.model, member.codec))
            for part, member in zip(_parts(checkpoint), checkpoint.members, strict=False)
        ]

    def unroll(self, prefix: str, target: str | None = None) -> Unrolling:
        """Return the steps through `prefix` and what follows; texts and errors are those of a Predictor."""
        checkpoint, label = self._checkpoint, self._checkpoint.codec.tokenizer.label
        each = [self._member_steps(k, prefix, target) for k in range(len(self._members))]
        members = list(zip(*each, strict=True))
        steps = []
        for k, (token, prediction) in enumerate(self._predictor.steps(prefix, target, num_top=self._num_top)):
            read = prediction.prefix[-1:] or None
            steps.append(
                Step(
                    step=k,
                    token=None if token == UNSEEN else token,
                    input=read if token == UNSEEN else label(token),
                    prediction=prediction,
                    order=checkpoint.kind.order_used(self._predictor.reader),
                    members=members[k] if members else (),
                )
            )
        states = None
        if checkpoint.has_network:
            text = self._predictor.text_read(prefix, target)
            states = step_states(checkpoint.network, checkpoint.codec, text)
        return Unrolling(prefix, checkpoint.description, tuple(steps), states, self._neurons)

    def _member_steps(self, number: int, prefix: str, target: str | None) -> list[MemberStep]:
        name, weight, kind, predictor = self._members[number]
        return [
            MemberStep(name, weight, prediction, kind.order_used(predictor.reader))
            for _, prediction in predictor.steps(prefix, target, num_top=self._num_top)
        ]


def _parts(checkpoint: Checkpoint) -> list[Part]:
    return checkpoint.model.parts if isinstance(checkpoint.model, Mixture) else []
