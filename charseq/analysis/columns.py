"""Texts in a column of CSV files, for studies of reading times; what stands in the other columns is kept."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from charseq.errors import ConfigError, DataError
from charseq.limits import MAX_CELL_CHARS
from charseq.text.corpus import read_corpus
from charseq.text.encodings import UTF8, SourceFormat
from charseq.text.form import PLAIN, TextForm
from charseq.text.sniffing import STANDARD_INPUT


class ColumnTexts:
    """The texts in the column `column` of CSV `sources` with a header: each cell is a text of its own.

    They are in `form`. Iterate over it to get them; `kept` then has the other cells of the row whose text was
    yielded last.
    """

    def __init__(
        self,
        sources: Sequence[str],
        column: str,
        *,
        taken: Sequence[str] = (),
        form: TextForm = PLAIN,
        encoding: str = UTF8,
    ) -> None:
        self._sources, self._column, self._taken, self._form = sources, column, taken, form
        self._how = SourceFormat(encoding)
        self.kept: Mapping[str, str] = {}

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the name of the file and the text of each row; an empty text has no parts.

        Raises ConfigError if there is no such column, or if another one has a name of `taken`; DataError for
        a row with more or fewer cells than the header, and for a cell of more than MAX_CELL_CHARS.
        """
        csv.field_size_limit(MAX_CELL_CHARS)  # of all CSV in this process; the file is in memory anyway
        for source in self._sources:
            name = STANDARD_INPUT if source == "-" else source
            rows = csv.reader(
                io.StringIO(read_corpus((source,), how=self._how).text.removeprefix("\ufeff"), newline=""),
                strict=True,
            )
            try:
                header = next(rows, [])
                self._check(name, header)
                for row in rows:
                    if row:
                        yield name, [self._text(f"{name}: line {rows.line_num}", header, row)]
            except csv.Error as error:
                why = f"not CSV: {error}"
                if "field limit" in str(error):
                    why = f"a cell of more than {MAX_CELL_CHARS:,} characters: is a quotation mark missing?"
                raise DataError(f"{name}: line {rows.line_num}: {why}") from None

    def _check(self, name: str, header: Sequence[str]) -> None:
        if self._column not in header:
            raise ConfigError(
                f"{name}: no column {self._column!r}; the first line has {', '.join(header) or 'none'}"
            )
        clash = next((key for key in header if key in self._taken and key != self._column), None)
        if clash or len(set(header)) < len(header):
            what = f"the column {clash!r} would be there twice" if clash else "two columns have the same name"
            raise ConfigError(f"{name}: {what}: rename it in the first line")

    def _text(self, where: str, header: Sequence[str], row: Sequence[str]) -> str:
        if len(row) != len(header):
            raise DataError(f"{where}: {len(row)} cells, not {len(header)} as in the first line")
        cells = dict(zip(header, row, strict=True))
        text = self._form.apply(cells.pop(self._column), where)
        self.kept = cells
        return text
