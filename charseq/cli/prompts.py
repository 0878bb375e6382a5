"""The options --prompt, --prompt-file and --escapes."""

from typing import TYPE_CHECKING, Annotated

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.text.form import TextForm

PromptOption = Annotated[str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="Text to continue.")]
ContextOption = Annotated[
    str | None,
    typer.Option("--prompt", "-p", metavar="TEXT", help="Text before each text, read but not scored."),
]
PromptFileOption = Annotated[
    str | None, typer.Option(metavar="FILE", help="File with that text; - for standard input.")
]
EscapesOption = Annotated[
    bool, typer.Option("--escapes", help=r"Read \n, \t and \\ in --prompt as newline, tab and backslash.")
]
ExactPromptOption = Annotated[
    bool, typer.Option("--exact-prompt", help="The newline at the end of a --prompt-file is a part of it.")
]


def read_prompt(
    prompt: str | None, prompt_file: str | None, *, escapes: bool, form: "TextForm", exact: bool = False
) -> str:
    """Return the prompt that is given, or the one in the file; "" without both.

    One newline at the end of a file is no part of it, unless the prompt is `exact`.

    It is not changed to `form` here, but a file may have any bytes if the form has characters for them.
    Raises ConfigError for both, and for a wrong escape.
    """
    from charseq.cli.console import note
    from charseq.config.escapes import unescaped

    if prompt is not None and prompt_file is not None:
        raise ConfigError("give --prompt or --prompt-file, not both")
    if prompt_file is not None:
        return _prompt_in(prompt_file, any_bytes=form.any_bytes, exact=exact)
    if escapes:
        return unescaped("--prompt", prompt or "")
    if "\\" in (prompt or ""):
        note("the backslash in the prompt is a character of it: with --escapes, it would begin an escape")
    return prompt or ""


def _prompt_in(name: str, *, any_bytes: bool, exact: bool) -> str:
    """Return the prompt in a file, without the newline at its end, which is that of an editor or of echo.

    An `exact` prompt has all of the file.
    """
    from charseq.cli.console import note, note_terminal
    from charseq.text.corpus import read_corpus
    from charseq.text.encodings import SourceFormat
    from charseq.text.form import TextForm

    note_terminal([name], what="the prompt")
    read = read_corpus((name,), how=SourceFormat(form=TextForm(any_bytes=any_bytes)))
    for sentence in read.notes:
        note(sentence)
    if exact:
        return read.text
    prompt = read.text.removesuffix("\r\n" if read.text.endswith("\r\n") else "\n")
    if prompt != read.text:
        called = "standard input" if name == "-" else name
        note(f"{called}: the newline at its end is no part of the prompt")
    return prompt
