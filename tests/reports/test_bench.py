"""Benchmarks for people: tables that fit a terminal, whatever the machine."""

from dataclasses import replace

import pytest

from charseq.bench import SHAPES, TRAIN_SHAPES, Shape
from tests.reports.builders import EVALUATED, SAMPLED, TRAINED, table_lines


def test_benchmarks_of_training_fit_80_columns() -> None:
    """Each line of the default grid fits, with the largest figures that are likely."""
    slow = {"ms_per_step": 1234.56, "spread": 1.0, "chars_per_second": 12345.6}
    fast = {"ms_per_step": 0.12, "chars_per_second": 1234567.8, "gflops": 1234.5, "peak_share": 1.0}
    measured = []
    for name in TRAIN_SHAPES:
        shape = Shape.parse(name)
        sizes = {
            key: getattr(shape, key) for key in ("num_layers", "hidden_size", "batch_size", "seq_length")
        }
        for figures in (slow, fast):
            measured.append(replace(TRAINED, cell="lstm", num_shards=64, backend="numpy", **sizes, **figures))
    words = {word for line in table_lines("bench", measured) for word in line}
    assert {*TRAIN_SHAPES, "1234.56", "100.0%", "12,346", "1,234,568", "1234.5", "64", "numpy"} <= words


@pytest.mark.parametrize("measured", [SAMPLED, EVALUATED])
def test_other_benchmarks_fit_80_columns(measured: object) -> None:
    """As slow or as fast as may be."""
    lines = table_lines(
        "bench",
        [replace(measured, us_per_char=us, chars_per_second=1e6 / us) for us in (12345.67, 0.5)],  # type: ignore[type-var]
    )
    assert {"12345.7", "81", "0.5", "2,000,000"} <= {word for line in lines for word in line}
    assert SHAPES
