"""The class of a character: the expected ones, and one for every code point there is."""

import sys

import pytest

from charseq.analysis.classes import class_of

CLASSES = {
    "letter": "aZéßøŁſœﬁǅ",
    "digit": "09٣५１",
    "space": " \t\xa0\u2003\u3000",
    "newline": "\n\r\x85\u2028\u2029",
    "punctuation": ".,;!?-—_()«»'\"、।",
    "symbol": "+<=>$€^`|~©→😀",
    "control": "\x00\x07\x0b\x1b\x7f\u200b\xad\ud800\udfff\ue000\u0378\U0010ffff",
    "mark": "\u0301\u0308\u093e\u20dd",
    "other number": "²½Ⅷ①",
    "other letter": "ªµ",
    "Hangul": "가한ㄱ\u1100\u1161\u11a8",
    "Cyrillic": "жЯі",
    "Greek": "αΩά",
    "Hebrew": "את",
    "Arabic": "عي",
    "Devanagari": "कह",
    "Hiragana": "あん",
    "Katakana": "アン",
    "Canadian": "ᐁ",
    "Tifinagh": "ⵣ",
    "CJK": "中字𠀀",
}


@pytest.mark.parametrize(
    ("char", "expected"), [(char, name) for name, chars in CLASSES.items() for char in chars], ids=ascii
)
def test_classes(char: str, expected: str) -> None:
    """Common characters of many scripts have the class that one would look for."""
    assert class_of(char) == expected


def test_every_code_point_has_a_class() -> None:
    """Whatever the code point, surrogates and unassigned ones too, there is a class with a name."""
    codes = [*range(0x3100), *range(0x3100, sys.maxunicode + 1, 61), *range(0xD7F0, 0xF910, 7)]
    assert all(class_of(chr(code)) for code in [*codes, sys.maxunicode])


def test_a_letter_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that Unicode gives no name to, as newer ones in older versions, is in no script."""
    monkeypatch.setattr("unicodedata.name", lambda char, default: default)
    assert class_of("x") == "other letter"
