"""charseq evaluate --heatmap and --html: the text coloured by surprisal, in a terminal and on a page."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from charseq.analysis.groups import GROUPINGS
from charseq.reports.display.visible import SPARKS, visible
from tests.builders import refusal
from tests.cli.conftest import TALES, Call, Feed, Workshop, shell
from tests.cli.test_evaluate import UNSEEN, figures, lines_of, parts_of, rows
from tests.cli.test_evaluate_reports import ALL
from tests.cli.test_pipes import COLOUR, at_terminal

LEGEND = f"0 {SPARKS} 10 bits"
HOSTILE = '<script>alert(1)</script> & "<b>" \x1b[31m\n</div>'


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Return the name of a text with unseen and wide characters."""
    (tmp_path / "text.txt").write_bytes(UNSEEN.encode())
    return str(tmp_path / "text.txt")


# ---- heat map


def test_heatmap_in_a_pipe(call: Call, models: Workshop, tmp_path: Path) -> None:
    """In a pipe each line of the text stands above its bars, the legend below; then come the figures."""
    (tmp_path / "text.txt").write_text("hell kin\nexpert")
    code, out, err = call("evaluate", models.hello, str(tmp_path / "text.txt"), "--heatmap")
    assert (code, err) == (0, "")
    first, first_bars, second, second_bars, legend, empty, *table = out.splitlines()
    assert (first, second, legend, empty) == ("hell␣kin⏎", "expert", LEGEND, "")
    assert set(first_bars + second_bars) <= set(f" {SPARKS}")
    assert lines_of("\n".join(table))[2:4] == ["characters 15", "bytes 15"]


def test_bars_are_as_high_as_the_surprise(call: Call, models: Workshop, text: str) -> None:
    """A bar is as high as its character cost bits, ten of them being the full height."""
    out = call("evaluate", models.tales, text, "--heatmap").out
    shown, bars, *_ = out.splitlines()
    prices = call("evaluate", models.tales, text, "--each", "char", "-f", "jsonl").out
    expected = ""
    for row in map(json.loads, prices.splitlines()[: UNSEEN.index("\n")]):
        width = 2 if row["char"] in "안녕😀\r" else 1
        expected += f" {SPARKS}"[int(min(row["bits"], 10) * 0.8)] * width
    assert shown == r"Żółw,␣the␣turtle:␣안녕␣😀\r⏎"
    assert bars == (expected + f" {SPARKS}"[int(0.8 * min(10, _newline_bits(prices)))]).rstrip()


def _newline_bits(prices: str) -> float:
    rows = map(json.loads, prices.splitlines())
    return float(next(row["bits"] for row in rows if row["char"] == "\n"))


def test_heatmap_is_wrapped_at_80_columns(call: Call, models: Workshop, tmp_path: Path) -> None:
    """In a pipe long lines are cut into lines of 80 columns; nothing of them is lost."""
    (tmp_path / "text.txt").write_text("x" * 200)
    lines = call("evaluate", models.tales, str(tmp_path / "text.txt"), "--heatmap").out.splitlines()
    assert [len(line) for line in lines[:6:2]] == [80, 80, 40]


def test_heatmaps_of_several_texts(call: Call, models: Workshop, text: str) -> None:
    """Each text has a map and a legend of its own, in their order, before all the tables."""
    out = call("evaluate", models.tales, text, "data/hello.yaml", "--heatmap", "--by", "class").out
    maps = out.split(f"{LEGEND}\n")
    assert len(maps) == 3
    assert visible(UNSEEN[:10]) in maps[0]
    assert "prefix:" in maps[1]
    headers = [parts_of(table)[0] for table in maps[2].strip("\n").split("\n\n")]
    assert ["text" in headers[0], "class" in headers[1]] == [True, True]
    assert len(headers) == 2


def test_a_heatmap_of_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """A pipe can be shown as well."""
    feed(b"hello")
    out = call("evaluate", models.tales, "-", "--heatmap").out
    assert out.startswith("hello\n")


def test_a_heatmap_of_the_test_part(call: Call, models: Workshop) -> None:
    """Without a text it is the model's own test part that is shown."""
    out = call("evaluate", models.tales, "--heatmap").out
    shown = "".join(out.partition("\n" + LEGEND)[0].split("\n")[::2])
    expected = TALES[:8000][7600:]
    assert shown == visible(expected).replace(r"\n", "⏎")


def test_a_heatmap_at_a_terminal(models: Workshop, text: str) -> None:
    """At a terminal the text is coloured, with blanks as blanks; without colours it has bars there, too."""
    coloured = at_terminal("evaluate", models.tales, text, "--heatmap", path=models.path)
    assert COLOUR.search(coloured)
    assert not set(SPARKS) & set(coloured)
    plain = at_terminal("evaluate", models.tales, text, "--heatmap", path=models.path, NO_COLOR="1")
    assert not COLOUR.search(plain)
    assert LEGEND in plain


@pytest.mark.parametrize("name", ["json", "jsonl", "yaml", "tsv", "csv", "html"])
def test_a_heatmap_is_for_people(call: Call, models: Workshop, name: str) -> None:
    """A heat map is no format for programs."""
    arguments = ("evaluate", models.hello, "data/hello.txt", "--heatmap", "--format", name)
    assert call(*arguments) == refusal("--heatmap is for people: leave out --format")


def test_a_heatmap_of_nothing(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A text of nothing is an error here, too."""
    (tmp_path / "text.txt").touch()
    code, _, err = call("evaluate", models.hello, str(tmp_path / "text.txt"), "--heatmap")
    assert code == 1
    assert err == f"charseq: error: {tmp_path}/text.txt: empty: there is nothing to score\n"


def test_a_heatmap_obeys_nothing(call: Call, models: Workshop, tmp_path: Path) -> None:
    """What would be a command for the terminal is shown as text."""
    (tmp_path / "text.txt").write_text(HOSTILE)
    out = call("evaluate", models.tales, str(tmp_path / "text.txt"), "--heatmap").out
    assert "\x1b" not in out
    assert visible(HOSTILE.partition("\n")[0]) in out


# ---- page


class Page(HTMLParser):
    """The cells, headings and coloured text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self._inside, self._depth = "", 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._inside = tag
        self._depth += tag == "div" and (self._depth > 0 or ("class", "text") in attrs)
        if tag in ("td", "th"):
            self.cells.append("")
        elif tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        self._depth -= tag == "div" and self._depth > 0

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.text += data
        elif self._inside in ("td", "th"):
            self.cells[-1] += data
        elif self._inside in ("h1", "h2"):
            self.headings[-1] += data


def page_of(call: Call, *arguments: str, path: str = "page.html") -> Page:
    """Return the page that an evaluation writes, which otherwise goes as it does without."""
    without = call("evaluate", *arguments, "--format", "json")
    code, out, err = call("evaluate", *arguments, "--html", path, "--format", "json")
    assert (code, err) == (without.code, without.err)
    assert [figures(row) for row in json.loads(out)] == [figures(row) for row in json.loads(without.out)]
    return Page(Path(path).read_bytes().decode())


def test_the_text_comes_back_from_the_page(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """The page holds the whole text, beside the figures that stdout has as always."""
    page = page_of(call, models.tales, text, path=str(tmp_path / "page.html"))
    assert page.text == UNSEEN.replace("\r", r"\r")
    (row,) = rows(call, models.tales, text)
    assert f"{row['perplexity']:.4f}" in page.cells
    assert page.headings[0] == f"{models.tales}: gru 1 x 32"
    assert {"Figures", "Learning curves", "Gradient flow", "Text"} <= set(page.headings)


def test_all_reports_are_on_the_page(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """Each report that was asked for has its section, cases among them."""
    cases = ("--cases", "data/hello.yaml")
    arguments = (models.hello, text, "--baseline", "uniform", *ALL, *cases)
    path = str(tmp_path / "page.html")
    code, _, err = call("evaluate", *arguments, "--html", path)
    assert (code, err) == (0, "")
    headings = Page(Path(path).read_text(encoding="utf-8")).headings[1:]
    named = ["Figures", "Beside each other", "Cases", *(f"By {by}" for by in GROUPINGS)]
    assert {*named, "Hardest characters", "Calibration", "Text"} <= set(headings)


def test_a_page_with_the_tables(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """The tables are printed whether there is a page or not."""
    arguments = ("evaluate", models.tales, text)
    with_page, without = call(*arguments, "--html", str(tmp_path / "page.html")), call(*arguments)
    assert (with_page.code, with_page.err) == (0, "")
    assert lines_of(with_page.out)[:-1] == lines_of(without.out)[:-1]


def test_html_on_stdout(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """The format html is the same page on stdout."""
    path = tmp_path / "page.html"
    code, out, err = call("evaluate", models.tales, text, "--html", str(path), "--format", "html")
    assert (code, err) == (0, "")
    assert out == path.read_text(encoding="utf-8")
    assert Page(out).text == UNSEEN.replace("\r", r"\r")


def test_figures_on_the_page(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """The tables of the page have the figures of all rows."""
    arguments = ("evaluate", models.tales, text, "data/hello.yaml", *ALL)
    cells = Page(call(*arguments, "--format", "html").out).cells
    for row in json.loads(call(*arguments, "--format", "json").out):
        if row["report"] == "text":
            assert f"{row['perplexity']:.4f}" in cells
        elif row["report"] == "hardest":
            assert f"{row['offset']:,}" in cells
        elif row["report"] in GROUPINGS:
            assert f"{row['bits_per_char']:.3f}" in cells


def test_a_page_of_cases_alone(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Without a text there is none on the page."""
    page = page_of(call, models.hello, "--cases", "data/hello.yaml", path=str(tmp_path / "page.html"))
    assert "Cases" in page.headings
    assert "Text" not in page.headings
    assert "pass" in page.cells


def test_a_page_of_the_test_part(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Without a text or cases the page shows the model's own test part."""
    page = page_of(call, models.tales, path=str(tmp_path / "page.html"))
    assert page.text == TALES[:8000][7600:]


def test_a_page_of_several_texts(call: Call, models: Workshop, tmp_path: Path, text: str) -> None:
    """Several texts are shown one after the other."""
    page = page_of(call, models.tales, text, "data/hello.yaml", path=str(tmp_path / "page.html"))
    assert page.text == UNSEEN.replace("\r", r"\r") + Path("data/hello.yaml").read_text()


@pytest.mark.parametrize("content", ["x", "안녕", "x" * 300, "\n"], ids=["one", "unseen", "long", "newline"])
def test_a_page_of_hardly_anything(call: Call, models: Workshop, tmp_path: Path, content: str) -> None:
    """A page can be made of any text at all, and of every report on it."""
    (tmp_path / "text.txt").write_text(content)
    arguments = (models.tales, str(tmp_path / "text.txt"), *ALL)
    code, out, err = call("evaluate", *arguments, "--format", "html")
    assert (code, err) == (0, "")
    assert Page(out).text == content


def test_a_page_of_a_model_of_counts(call: Call, tmp_path: Path) -> None:
    """A model without steps or states has no learning curve and no gradients."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    assert call("train", "text.txt", "--ngram", "3", "-o", "run").code == 0
    page = page_of(call, "run", path="page.html")
    assert page.headings == ["run: ngram:3", "Figures", "Text"]


def test_a_hostile_text_is_escaped(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A text that looks like HTML stays text, in the tables as well."""
    name = str(tmp_path / "<b>text&.txt")
    Path(name).write_text(HOSTILE)
    arguments = ("evaluate", models.tales, name, *ALL, "--rows", "0")
    html = call(*arguments, "--format", "html").out
    page = Page(html)
    assert page.text == HOSTILE.replace("\x1b", r"\x1b")
    assert "alert(1)</script>" not in html
    assert "\x1b" not in html
    assert "b" not in page.tags
    assert name in page.cells


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("none/page.html", "No such file or directory"),
        (".", "Is a directory"),
        ("text.txt/page.html", "Not a directory"),
    ],
)
def test_a_page_that_cannot_be_written(call: Call, tiny_run: Path, path: str, why: str) -> None:
    """A page that cannot be written is an error of one line that names it."""
    path = "run" if path == "." else path
    assert call("evaluate", "run", "text.txt", "--html", path) == refusal(
        f"{path}: cannot be written: {why}", 1
    )


@pytest.mark.parametrize("path", ["", "/", "."])
def test_a_page_without_a_name(call: Call, tiny_run: Path, path: str) -> None:
    """A path that cannot be a file is an error of one line, too."""
    code, out, err = call("evaluate", "run", "text.txt", "--html", path)
    assert (code, out) in ((1, ""), (2, ""))
    assert err.startswith("charseq: error: ")
    assert err.count("\n") == 1


def test_a_page_that_cannot_be_written_is_refused_at_once(call: Call, tiny_run: Path) -> None:
    """Nothing is scored for a page that has no place to go."""
    Path("bad.txt").write_bytes(b"\xff")
    message = "none/page.html: cannot be written: No such file or directory"
    code, _, err = call("evaluate", "run", "bad.txt", "--html", "none/page.html")
    assert (code, err) == (1, f"charseq: error: {message}\n")


def test_a_page_that_is_there_is_replaced(call: Call, tiny_run: Path) -> None:
    """A page takes the place of an older one, and leaves nothing else behind."""
    Path("page.html").write_text("old")
    before = {path.name for path in Path().iterdir()}
    assert call("evaluate", "run", "text.txt", "--html", "page.html").code == 0
    assert Path("page.html").read_text().startswith("<!DOCTYPE html>")
    assert {path.name for path in Path().iterdir()} == before


def test_html_in_a_pipe(models: Workshop) -> None:
    """In a pipe the page is UTF-8, whatever the locale."""
    done = shell(
        "printf 'Żółw 안녕' | charseq evaluate runs/tales - -f html", models.path, LC_ALL="C", PYTHONUTF8="0"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert Page(done.stdout.decode("utf-8")).text == "Żółw 안녕"
