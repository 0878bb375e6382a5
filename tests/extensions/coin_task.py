"""A toy task in one file: each line is the result of a coin that falls on heads three times of four."""

import random

from charseq.text.tasks import Task


class Coin(Task):
    """Lines "h" and "t". The character costs the entropy of the coin, the newline nothing."""

    help = "a coin that falls on heads three times of four"

    def line(self, number: int, rng: random.Random) -> str:
        """Return heads or tails."""
        return "h\n" if rng.random() < 0.75 else "t\n"

    def optimum(self, number: int, counted: str) -> float | None:
        """Return half of h(1/4) = 0.8113 bits, since a line has two characters."""
        return 0.8112781244591328 / 2 if counted == "all" else None
