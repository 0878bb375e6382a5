"""The copy task: one of eight markers, a number of dots, and the same marker again."""

import random

from charseq.text.tasks.task import Number, Task

MARKERS = "abcdefgh"
"""Eight markers: 3 bits."""


class Copy(Task):
    """Lines such as "c....c": the marker at the end is LAG + 1 characters after the one at the beginning.

    A model without memory can say everything about a line but its last marker. It pays 3 bits for each of the
    two markers; a model that remembers pays for the first one only.

    A line has LAG + 3 characters, the newline counted. Its first marker costs log2(8) = 3 bits. All that
    follows is known: 3 / (LAG + 3) bits per character.

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory", have tasks of this kind.
    """

    help = "one of eight markers, LAG dots, the same marker again"
    number = Number("LAG", "dots between the two markers", 1, 10_000, 20)

    def line(self, number: int, rng: random.Random) -> str:
        """Return a line with `number` dots."""
        marker = rng.choice(MARKERS)
        return f"{marker}{'.' * number}{marker}\n"

    def optimum(self, number: int, counted: str) -> float | None:
        """Return 3 / (LAG + 3); 0 for the last character and the newline, which are known."""
        return {"all": 3 / (number + 3), "last": 0.0}.get(counted)
