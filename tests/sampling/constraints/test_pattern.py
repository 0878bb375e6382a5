"""Automata of regular expressions against Python's own."""

import re
from itertools import product

import pytest

from charseq.errors import ConfigError
from charseq.sampling.constraints.chars import Chars
from charseq.sampling.constraints.pattern import NEVER, Pattern

ALPHABET = "abcAB01 \nxyz"
PATTERNS = [
    *("a*b", "(ab|c)+", "[^a]b?", "a{2,3}", "a{2,}", "(?i)ab", r"\w+ \d", "^a.b$", "a|", "(a?){3}"),
    *(r"[a-c\d]{1,2}", "x(?:y|)z", "(?i:A)b", "(a|b|)(c)", "(?:a|b)*a(a|b){2}", r"[^\W\d]\S", "(?s:.)"),
]


def pattern_of(pattern: str, alphabet: str = ALPHABET) -> Pattern:
    def writable(chars: Chars) -> bool:
        return any(char in chars for char in alphabet)

    return Pattern(pattern, alphabet, writable)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_automaton_accepts_what_re_matches(pattern: str) -> None:
    """Every text of up to three characters; a character is allowed only if some text goes on from it."""
    automaton, whole = pattern_of(pattern), re.compile(pattern)
    for text in map("".join, (t for n in range(4) for t in product("abcA0 \n", repeat=n))):
        states = automaton.begin
        for char in text:
            allowed = char in automaton.chars(states, 9)
            states = automaton.after(states, char)
            assert allowed == bool(states)
        assert automaton.accepts(states) == bool(whole.fullmatch(text))


@pytest.mark.parametrize("pattern", ["a*b", "(ab|c)+", "a{2,3}", "a?b?cc", "a|bbb"])
def test_no_way_is_begun_that_is_too_long(pattern: str) -> None:
    """With room for `left` characters those are allowed after which some text still fits."""
    automaton, whole = pattern_of(pattern), re.compile(pattern)
    for left in (1, 2, 3):
        fits = {
            t[0] for n in range(1, left + 1) for t in product("abc", repeat=n) if whole.fullmatch("".join(t))
        }
        assert {char for char in "abc" if char in automaton.chars(automaton.begin, left)} == fits


def test_what_the_model_cannot_write_is_no_way() -> None:
    """The distance goes through characters of the alphabet only."""
    assert pattern_of("(é|aaa)b").distance(pattern_of("(é|aaa)b").begin) == 4
    assert pattern_of("é").distance(frozenset()) == NEVER


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "not a regular expression: missing ), unterminated subpattern at position 0"),
        ("a(?=b)", "no automaton can do assert: "),
        (r"(a)\1", "no automaton can do groupref: "),
        (r"a\b", "no automaton can do at: "),
        ("a++", "no automaton can do possessive repeat: "),
        ("(?:(?:a{0,100}){0,100}){0,100}", "needs over 10,000 states: repeat less"),
        ("(?:){4000000000}(?:a{0,60000})", "needs over 10,000 states: repeat less"),
    ],
)
def test_what_no_automaton_can_do_is_refused(pattern: str, reason: str) -> None:
    """One sentence says which part of the expression it is."""
    with pytest.raises(ConfigError, match=re.escape(f"sample.match = {pattern!r}: {reason}")):
        pattern_of(pattern)


def test_groups_in_each_other_have_a_bound() -> None:
    """No expression ends in a traceback."""
    with pytest.raises(ConfigError, match=r"(too many groups in each other|not a regular expression)"):
        pattern_of("(" * 5000 + "a" + ")" * 5000)


def test_states_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found anew."""
    monkeypatch.setattr("charseq.sampling.constraints.pattern.MAX_KEPT", 3)
    automaton = pattern_of("(ab|ba)*")
    states = automaton.begin
    for char in "abba" * 5:
        states = automaton.after(states, char)
    assert automaton.accepts(states)


def test_the_states_do_not_explode() -> None:
    """An expression whose whole automaton has a million states is ready at once."""
    automaton = pattern_of("(a|b)*a(a|b){20}")
    assert automaton.distance(automaton.begin) == 21
