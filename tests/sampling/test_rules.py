"""Rules: texts that go wherever they may keep the constraint, without the stop that ends them."""

import re
from itertools import product

import pytest

from charseq.sampling.constraints.chars import Chars
from charseq.sampling.constraints.forbid import Forbid
from charseq.sampling.constraints.match import Match
from charseq.sampling.constraints.pattern import Pattern
from charseq.sampling.rules import Rules
from charseq.sampling.stops import until

ALPHABET, LENGTH = "abc", 5


def reachable(rules: Rules, stops: list[str]) -> set[tuple[str, str]]:
    """Return every whole text that the rules lead to, with what was drawn for it."""
    found, waiting = set[tuple[str, str]](), [("", rules.begin("", LENGTH))]
    while waiting:
        drawn, place = waiting.pop()
        ended = any(drawn.endswith(stop) for stop in stops)
        if ended or len(drawn) == LENGTH:
            if ended or rules.may_be_cut(place):
                found.add(("".join(until(drawn, stops)) if ended else drawn, drawn))
            continue
        left = LENGTH - len(drawn)
        for char in ALPHABET:
            if char in rules.chars(place, left):
                waiting.append((drawn + char, rules.after(place, char, left - 1)))
    return found


@pytest.mark.parametrize(
    "stops", [["c"], ["bc"], ["c", "bc"], ["abc", "ca"], ["bb", "abb", "c"], []], ids=str
)
@pytest.mark.parametrize("pattern", ["a*", "(a|b){2}", "a+b?b?", "[^a]*", "ab.*"])
def test_the_texts_that_are_reached_are_those_that_match(pattern: str, stops: list[str]) -> None:
    """The twin draws every text and cuts it as `until` does; what belongs to a stop need not match."""
    automaton = Pattern(pattern, ALPHABET, lambda chars: any(char in chars for char in ALPHABET))
    expected = set[tuple[str, str]]()
    for drawn in map("".join, (t for n in range(LENGTH + 1) for t in product(ALPHABET, repeat=n))):
        ends = [n for n in range(1, len(drawn) + 1) if any(drawn[:n].endswith(stop) for stop in stops)]
        is_ended = ends == [len(drawn)]
        if is_ended or (not ends and len(drawn) == LENGTH):
            text = "".join(until(drawn, stops)) if is_ended else drawn
            if re.fullmatch(pattern, text):
                expected.add((text, drawn))
    assert reachable(Rules(Match(automaton), stops), stops) == expected


def test_a_stop_may_hold_what_is_forbidden() -> None:
    """It is not written."""
    rules = Rules(Forbid(["b"]), ["bc"])
    place = rules.begin("", 9)
    assert "b" in rules.chars(place, 9)
    place = rules.after(place, "b", 8)
    assert rules.chars(place, 8) == Chars(frozenset("c"))
    assert not rules.may_be_cut(place)
    assert "b" not in rules.chars(rules.begin("", 1), 1)


def test_a_stop_that_begins_in_the_prompt_ends_an_empty_text() -> None:
    """It is refused where the text must not be empty."""
    for pattern, is_allowed in (("a*", True), ("a+", False)):
        automaton = Pattern(pattern, ALPHABET, lambda chars: True)
        rules = Rules(Match(automaton), ["bc"])
        assert ("c" in rules.chars(rules.begin("ab", 9), 9)) == is_allowed
