"""Models set up to adapt to the texts that they read."""

from collections.abc import Sequence
from dataclasses import replace

from charseq.adaptation import AdaptiveModel, Rates
from charseq.adaptation.adaptive import MAX_RATE
from charseq.errors import ConfigError
from charseq.models import LanguageModel
from charseq.models.mixture import Mixture
from charseq.runs.checkpoint import Checkpoint


def adapting(checkpoint: Checkpoint, rate: float | None = None) -> Checkpoint:
    """Return the model set up to adapt, at the rates that were chosen for it, or its networks at `rate`.

    Raises ConfigError for a rate that is not a number from 0 to MAX_RATE.
    """
    if rate is not None and not 0 <= rate <= MAX_RATE:
        raise ConfigError(f"a rate for adapting is a number from 0 to {MAX_RATE:,.0f}, not {rate:g}")
    rates = checkpoint.rates or usual_rates(checkpoint.model)
    if rate is not None:
        rates = rates.model_copy(update={"rates": (rate,) * len(rates.rates)})
    return replace(checkpoint, adaptive=AdaptiveModel(checkpoint.parts, rates))


def usual_rates(model: LanguageModel) -> Rates:
    """Return the rates of a model for which none were chosen."""
    weights: Sequence[float] = model.weights.tolist() if isinstance(model, Mixture) else (1.0,)
    return Rates.usual(weights)
