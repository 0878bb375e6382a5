"""The settings: their definitions, reading and writing them, and the explanation of a wrong one."""

from charseq.config.messages import brief, reason, suggest
from charseq.config.sample import SampleConfig
from charseq.config.section import Section
from charseq.config.settings import (
    DEFAULT_MAX_TIME,
    DataConfig,
    Layers,
    ModelConfig,
    OptimConfig,
    Settings,
    TrainConfig,
)
from charseq.config.values import (
    AUTO,
    BackendName,
    CellName,
    Escapes,
    Name,
    NormalForm,
    OptimizerName,
    ScheduleName,
    Unit,
    choices_of,
    format_duration,
    parse_duration,
    parse_threads,
)

__all__ = [
    "AUTO",
    "DEFAULT_MAX_TIME",
    "BackendName",
    "CellName",
    "DataConfig",
    "Escapes",
    "Layers",
    "ModelConfig",
    "Name",
    "NormalForm",
    "OptimConfig",
    "OptimizerName",
    "SampleConfig",
    "ScheduleName",
    "Section",
    "Settings",
    "TrainConfig",
    "Unit",
    "brief",
    "choices_of",
    "format_duration",
    "parse_duration",
    "parse_threads",
    "reason",
    "suggest",
]
