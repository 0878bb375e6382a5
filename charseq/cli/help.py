"""charseq help: the manual in the terminal."""

import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from charseq.cli.options import examples
from charseq.manual import TOPICS, read_page

if TYPE_CHECKING:
    from rich.markdown import Markdown

EXAMPLES = examples(
    ("charseq help", "the topics of the manual"),
    ("charseq help tutorial", "one page, in a pager"),
    ("charseq help settings | grep learning_rate", "a page as plain Markdown, in a pipe"),
)
LESS = "FRX"
"""Options for the pager less if the environment has none: show colours, and end at once on a short page."""


def command(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]",
            help="A topic of the manual, or a command; default: the list of topics.",
            autocompletion=lambda incomplete: [name for name in TOPICS if name.startswith(incomplete)],
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show a page of the manual, or the list of its pages.

    In a terminal a page is formatted and shown in a pager (PAGER); in a pipe it is plain Markdown.
    """
    if topic is None:
        print(_topics(), end="")
        return
    page = re.sub(r"<!--.*?-->\n*", "", _command_page(topic) or read_page(topic), flags=re.DOTALL)
    if sys.stdout.isatty():
        _show(page)
    else:
        sys.stdout.write(page)


def _topics() -> str:
    """Return the list of topics, each with its line."""
    width = max(map(len, TOPICS))
    lines = [f"  {name:{width}}  {about}" for name, about in TOPICS.items()]
    return "\n".join(["The manual. charseq help TOPIC shows a page:", "", *lines, ""])


def _command_page(name: str) -> str:
    """Return the part of the page `commands` about one command; empty if there is no such command."""
    part = re.search(rf"^## charseq {re.escape(name)}\n.*?(?=^## |\Z)", read_page("commands"), re.M | re.S)
    return part[0] if part else ""


def _show(page: str) -> None:
    """Show a page in the terminal, formatted, through a pager."""
    from charseq.cli.console import results

    os.environ.setdefault("LESS", LESS)
    console = results()
    with console.pager(styles=True):
        console.print(_formatted(page), crop=False)


def _formatted(page: str) -> "Markdown":
    """Return a page for the terminal.

    Lines of code stay whole: a table is as wide as it was printed, and a command can be copied.
    """
    from rich.markdown import CodeBlock, Markdown
    from rich.text import Text

    class WholeLines(CodeBlock):
        def __rich_console__(self, console: Any, options: Any) -> Iterator[Text]:
            yield Text(str(self.text).rstrip(), style="cyan", no_wrap=True, overflow="ignore")

    class Page(Markdown):
        elements: ClassVar = {**Markdown.elements, "fence": WholeLines, "code_block": WholeLines}

    return Page(page)
