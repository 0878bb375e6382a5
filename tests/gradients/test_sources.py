"""The sources of the program: backpropagation picks one piece or shards by the plan."""

import pytest

from charseq.gradients import SOURCES, Plan
from charseq.gradients.shards import Shards
from charseq.gradients.whole import Whole
from tests.gradients.builders import make_job


@pytest.mark.parametrize(("plan", "kind"), [(Plan(), Whole), (Plan(2), Shards)])
def test_the_plan_decides_between_one_piece_and_shards(plan: Plan, kind: type) -> None:
    """A batch in one piece needs no shard, and a source keeps the plan that it was made for."""
    job = make_job()
    source = SOURCES["bptt"](job, job.model.initial_state(6), plan)
    assert type(source) is kind
    assert source.plan == plan


@pytest.mark.parametrize("plan", [Plan(), Plan(2)])
def test_backpropagation_has_nothing_to_resume(plan: Plan) -> None:
    """What a window leaves behind is the state alone."""
    job = make_job()
    assert SOURCES["bptt"](job, job.model.initial_state(6), plan).arrays() == {}
