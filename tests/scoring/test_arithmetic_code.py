"""The reported bits are those of a code: an exact arithmetic coder writes a text in them, and reads it."""

import math
from fractions import Fraction
from itertools import accumulate, count

from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.scoring import Scorer
from tests.scoring.twins import ALPHABET, CHAR_KINDS, EPS, PAIR_KINDS, Kind, each, plain_p


class Events:
    """What may come next, one character after the other: each event of the model with a share of [0, 1).

    The shares are exact fractions of the twin's numbers: (1 - eps) p for each character of the alphabet, eps
    for all others. The share of impossible spellings is nobody's.
    """

    def __init__(self, kind: Kind) -> None:
        self._pairs, self._text = kind.tokens == "pair", list[str]()
        self._plain = plain_p(kind.make(), kind, (self._text[k] for k in count()))

    def shares(self) -> list[tuple[Fraction, Fraction]]:
        """Return where the share of each event begins, and how wide it is, the escape being the last."""
        weights, eps = [Fraction(q) for q in next(self._plain).tolist()], Fraction(EPS)
        total = max(sum(weights), Fraction(1)) if self._pairs else sum(weights)
        widths = [*((1 - eps) * weight / total for weight in weights), eps]
        return list(zip(accumulate(widths, initial=Fraction(0)), widths, strict=False))

    def read(self, char: str) -> None:
        """Go on after `char`."""
        self._text.append(char)


BYTES = [(Fraction(k, 256), Fraction(1, 256)) for k in range(256)]


def encoded(text: str, events: Events) -> tuple[int, int]:
    """Return a number and in how many bits it is to be written: the shortest in the text's interval."""
    low, width = Fraction(0), Fraction(1)
    for char in text:
        shares = events.shares()
        taken = [shares[ALPHABET.index(char) if char in ALPHABET else -1]]
        if char not in ALPHABET:
            taken += [BYTES[byte] for byte in char.encode()]
        for begin, share in taken:
            low, width = low + width * begin, width * share
        events.read(char)
    num_bits = 1
    while Fraction(2, 2**num_bits) > width:
        num_bits += 1
    return math.ceil(low * 2**num_bits), num_bits


def decoded(number: int, num_bits: int, num_chars: int, events: Events) -> str:
    """Return the text of `num_chars` characters that was encoded."""
    point, text = Fraction(number, 2**num_bits), ""

    def taken(shares: list[tuple[Fraction, Fraction]]) -> int:
        nonlocal point
        place = max(k for k, (begin, _) in enumerate(shares) if begin <= point)
        begin, width = shares[place]
        point = (point - begin) / width
        return place

    for _ in range(num_chars):
        event = taken(events.shares())
        if event < len(ALPHABET):
            char = ALPHABET[event]
        else:
            first = taken(BYTES)
            num_more = (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)
            char = bytes([first, *(taken(BYTES) for _ in range(num_more))]).decode()
        events.read(char)
        text += char
    return text


@each(*CHAR_KINDS, *PAIR_KINDS)
@settings(max_examples=2)
@given(
    text=st.text(
        st.one_of(st.sampled_from("".join(ALPHABET) + "\n\n"), st.sampled_from("QЖ中😀")), max_size=12
    )
)
@example(text="hello Q\nkin 😀, ПЖ\n\nexpert")
def test_a_text_can_be_written_in_its_bits(kind: Kind, text: str) -> None:
    """An exact arithmetic code writes a text in at most two bits more than reported, and reads it back."""
    number, num_bits = encoded(text, Events(kind))
    reported = Scorer(kind.make(), kind.codec, ranks=False).score(text).nats.sum() / math.log(2)
    assert reported - 1e-6 <= num_bits <= reported + 2 + 1e-6
    assert 0 <= number < 2**num_bits
    assert decoded(number, num_bits, len(text), Events(kind)) == text
