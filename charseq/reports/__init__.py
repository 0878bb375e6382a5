"""Results for people and for programs: a file for each report with its columns, file formats, display."""

from charseq.reports.column import Column, Row
from charseq.reports.formats import write_rows
from charseq.reports.report import Report

__all__ = ["Column", "Report", "Row", "write_rows"]
