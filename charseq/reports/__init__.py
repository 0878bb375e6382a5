"""From scores and predictions to what people and programs read: tables for the one, records for the other."""

from charseq.reports.formats import (
    REPORTS,
    Row,
    calibration_row,
    evaluation_row,
    group_rows,
    hardest_row,
    prediction_row,
    write_rows,
)

__all__ = [
    "REPORTS",
    "Row",
    "calibration_row",
    "evaluation_row",
    "group_rows",
    "hardest_row",
    "prediction_row",
    "write_rows",
]
