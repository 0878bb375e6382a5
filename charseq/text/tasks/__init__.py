"""Tasks: texts of lines that are made on the spot, each by a process that is known exactly."""

from charseq.text.tasks.made import MadeText, best_possible, data_settings
from charseq.text.tasks.task import Number, Task

__all__ = ["MadeText", "Number", "Task", "best_possible", "data_settings"]
