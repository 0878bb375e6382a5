"""The task of brackets: each one that is opened has to be closed, the last one first."""

import random

from charseq.text.tasks.task import Number, Task

PAIRS = ("()", "[]", "{}", "<>")
"""Four kinds of brackets: 2 bits."""


class Brackets(Task):
    """Lines such as "([]<()>)": balanced brackets, of which at most DEPTH are open at a time.

    A line begins with an opening bracket. Then a fair coin decides between opening and closing; at DEPTH only
    closing is possible, and where nothing is open, the coin decides between opening and the end of the line.
    Each kind of bracket is equally likely to be opened. A model has to remember all that are open, in order.

    Call DEPTH D. The number of open brackets is a random walk on 0, 1, ..., D that is reflected at both ends.
    Between two visits of 0 it visits D once on average and each place in between twice. A line has two such
    rounds on average, since the coin ends it with probability 1/2 after each. So a line has

        characters:  2 rounds x 2 D steps, and the newline         = 4 D + 1
        coins:       2 at the place 0, and 2 x 2 at each of D - 1  = 4 D - 2,  1 bit each
        openings:    half of all steps                             = 2 D,      2 bits each

    on average, and (8 D - 2) / (4 D + 1) bits per character.

    Source: Chomsky and Schützenberger 1963, "The algebraic theory of context-free languages", on Dyck
    languages.
    """

    help = "balanced brackets of four kinds, at most DEPTH open at a time"
    number = Number("DEPTH", "brackets open at a time, at most", 1, 1000, 4)

    def line(self, number: int, rng: random.Random) -> str:
        """Return a line whose brackets are at most `number` deep."""
        opened, line = list[str](), ""
        while not line or opened or rng.random() < 0.5:
            if not opened or (len(opened) < number and rng.random() < 0.5):
                opened.append(rng.choice(PAIRS))
                line += opened[-1][0]
            else:
                line += opened.pop()[1]
        return f"{line}\n"

    def optimum(self, number: int, counted: str) -> float | None:
        """Return (8 D - 2) / (4 D + 1) for all characters."""
        return (8 * number - 2) / (4 * number + 1) if counted == "all" else None
