"""A place in a text, in words: its line and its column, counted from 1, as editors count them."""


class Place:
    """The place after the text that was passed so far."""

    def __init__(self, line: int = 1, column: int = 1) -> None:
        self.line, self.column = line, column

    def __str__(self) -> str:
        return f"line {self.line:,}, column {self.column:,}"

    def pass_(self, text: str) -> None:
        """Go on to the end of `text`."""
        newline = text.rfind("\n")
        self.line += text.count("\n")
        self.column = len(text) - newline if newline >= 0 else self.column + len(text)

    def after(self, text: str) -> "Place":
        """Return the place at the end of `text`, which begins here."""
        found = Place(self.line, self.column)
        found.pass_(text)
        return found
