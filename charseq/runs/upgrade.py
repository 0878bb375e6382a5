"""Model files of older versions, converted to the format of this one."""

from typing import Any


class OutdatedError(Exception):
    """A file of an older version that cannot be converted."""


def upgrade_(record: dict[str, Any]) -> None:
    """Turn the record of a model file of an older format into one of format 4, in place.

    The first files of format 4 were of runs that read a text in its order, and go on with that.
    Format 3 knew no average of the weights, and a run of it goes on without.
    Raises OutdatedError for n-gram models of lines of format 1 or 2: those versions counted each n-gram that
    begins a line once, and the true counts are not in the file. Raises KeyError, TypeError or AttributeError
    for anything that is not such a record.
    """
    if record["format_version"] > 3:
        record.get("settings", {}).get("train", {}).setdefault("piece_length", 0)
        return
    if record["format_version"] < 3:
        _upgrade_to_3(record)
    settings = record["settings"]
    settings["optim"] = {**settings.get("optim", {}), "average_span": 0.0}
    settings["train"] = {**settings.get("train", {}), "piece_length": 0}
    record["format_version"] = 4


def _upgrade_to_3(record: dict[str, Any]) -> None:
    settings, valid = record["settings"], record["results"]["valid"]
    if "kernels" in settings.get("train", {}):
        settings["train"]["backend"] = settings["train"].pop("kernels")
    order = settings.get("model", {}).pop("ngram", 0)
    if order:
        settings["model"] |= {"kind": "ngram", "order": order}
        if order > 2 and settings["data"]["unit"] == "line":
            raise OutdatedError(
                "counted by an older charseq, which counted the beginnings of lines wrongly; count it again "
                f"with charseq train --unit line --ngram {order}"
            )
    if isinstance(valid, dict):
        valid |= {"num_words": None, "num_top1": None, "num_top5": None}  # they were not counted
