"""The contract of a task."""

import pytest

from charseq.registry import TASKS
from charseq.text.tasks import Task


@pytest.mark.parametrize("name", TASKS)
def test_a_task_keeps_its_contract(name: str) -> None:
    """A task says what its lines are, and how they are learnt."""
    task: Task = TASKS[name]
    assert isinstance(task, Task)
    assert task.help
    assert task.data["unit"] == "line"
    if task.number:
        assert task.number.low <= task.number.example <= task.number.high
        assert task.number.name in task.help
