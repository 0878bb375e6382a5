"""The task of addition: two numbers and their sum."""

import math
import random
from typing import ClassVar

from charseq.text.tasks.task import Number, Task


class Addition(Task):
    """Lines such as "17+305=322": two numbers of up to DIGITS digits, and their sum.

    Each number from 0 to 10^DIGITS - 1 is equally likely. The sum is the target, and a perfect model knows
    it: 0 bits.

    If the numbers count, too, each line costs the log2(N^2) bits of two numbers out of N = 10^DIGITS. A
    number has one digit, and one more for each power of ten that it reaches. Of N numbers 10^k are below
    10^k; of N^2 pairs 10^k (10^k + 1) / 2 have a sum below 10^k. So there are on average

        1 + sum over k = 1 ... DIGITS - 1 of (1 - 10^k / N)                      digits in a number
        1 + sum over k = 1 ... DIGITS     of (1 - 10^k (10^k + 1) / (2 N^2))     digits in a sum

    and three more characters in a line: +, = and the newline.
    """

    help = "two numbers of up to DIGITS digits, and their sum"
    number = Number("DIGITS", "digits of the numbers, at most", 1, 9, 3, default=3)
    data: ClassVar = {"unit": "line", "target_after": "="}

    def line(self, number: int, rng: random.Random) -> str:
        """Return a line with two numbers of at most `number` digits."""
        a, b = rng.randrange(10**number), rng.randrange(10**number)
        return f"{a}+{b}={a + b}\n"

    def optimum(self, number: int, counted: str) -> float | None:
        """Return 0 for the sum alone, as for its last digit; else the bits of two numbers per character."""
        if counted != "all":
            return 0.0
        N = 10**number
        digits: float = 1 + sum(1 - 10**k / N for k in range(1, number))
        digits_of_sum: float = 1 + sum(1 - 10**k * (10**k + 1) / (2 * N**2) for k in range(1, number + 1))
        return 2 * math.log2(N) / (2 * digits + digits_of_sum + 3)
