"""The class of a character: letter, digit, space, newline, punctuation, or the script it belongs to."""

import unicodedata

CLASS_OF_CATEGORY = {
    "P": "punctuation",
    "S": "symbol",
    "N": "other number",
    "Z": "space",
    "C": "control",
    "M": "mark",
}
"""Classes by the first letter of the Unicode category, except those of letters."""
NAMED_BY_SCRIPT = ("LETTER", "LIGATURE", "SYLLABLE", "SYLLABICS", "SEONG", "IDEOGRAPH")
"""Words in the Unicode names of letters; a name with one of them begins with the script of the letter.

SEONG is in the names of the parts of Hangul syllables: choseong, jungseong, jongseong.
"""


def class_of(char: str) -> str:
    """Return the class of a character; for a letter that is not Latin, the first word of its Unicode name."""
    if char in "\n\r\u0085\u2028\u2029":
        return "newline"
    category = unicodedata.category(char)
    if char == "\t" or category == "Zs":
        return "space"
    if category == "Nd":
        return "digit"
    if category[0] != "L":
        return CLASS_OF_CATEGORY[category[0]]
    name = unicodedata.name(char, "")
    if not any(word in name for word in NAMED_BY_SCRIPT):
        return "other letter"
    script = name.partition(" ")[0]
    return {"LATIN": "letter", "CJK": "CJK"}.get(script, script.capitalize())
