"""One token per code point of texts whose characters are separated by blanks, as in "a b _ c".

These are the character-level files of the Penn Treebank. Blanks are left out when a text is read (see
`text/form.py`), so that the tokens are the characters and the newlines, and figures are about these.
"""

from charseq.text.tokenizers.char import CharTokenizer


class BlankTokenizer(CharTokenizer):
    """The code points of a text without its blanks."""

    name = "blank"
    is_separated = True
