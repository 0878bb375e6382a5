"""The functions that make gradient sources: the entries of SOURCES."""

from charseq.gradients.plan import Plan
from charseq.gradients.shards import Shards
from charseq.gradients.source import GradientSource
from charseq.gradients.step import Job
from charseq.gradients.whole import Whole
from charseq.network import State


def backpropagation(job: Job, state: State, plan: Plan) -> GradientSource:
    """Return truncated backpropagation through time, in one piece or in shards according to the plan."""
    return Whole(job, state, plan) if plan.num_shards == 1 else Shards(job, state, plan)
