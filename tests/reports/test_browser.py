"""The page in a real browser: it explains what is pointed at, shows what is hostile, and loads nothing."""

import json
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.reports.display.heat import ACTIVATION, NUM_STEPS, SURPRISAL
from charseq.reports.display.page import Details, heat_text, page, paragraph, section, table
from charseq.reports.display.tables import filled_table

REQUIRED = os.environ.get("BROWSER_TESTS") == "required"
"""Whether tests fail where there is no browser, as in CI, instead of being skipped."""
NAMES = (os.environ.get("CHROME"), "chromium", "chromium-browser", "google-chrome")
CHROME = next(filter(None, (shutil.which(name) for name in NAMES if name)), None)
DRIVER = shutil.which("chromedriver")
PARTS = {"chromium": CHROME, "chromedriver": DRIVER, "selenium": find_spec("selenium")}
MISSING = " and ".join(name for name, part in PARTS.items() if not part)


def marks(missing: str, *, required: bool) -> list[pytest.MarkDecorator]:
    """Return the marks of these tests: they are skipped where something is `missing` and not `required`."""
    skipped = pytest.mark.skipif(bool(missing) and not required, reason=f"{missing} missing")
    return [pytest.mark.browser, skipped]


pytestmark = marks(MISSING, required=REQUIRED)

HOSTILE = "<script>alert(1)</script></script><img src=x onerror=alert(2)> &amp; \x1b\u202e\u2028\n"
PLAIN = "hello world\nsecond line of it\nthird\n\nשלום e\u0301 한\n" + "word " * 60 + "\x1b" * 60
VOCAB = ("l", " ", "\n", "<b>", "\u0301", "e")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
BOX = "return arguments[0].getClientRects()[0].toJSON()"
PANEL = ("css selector", ".panel")
GUESSES = ["l", "0.5000", "␣", "0.2500", r"\n", "0.1250", "<b>", "0.0625", "◌\u0301", "1.0e-5"]


def details_of(text: str) -> Details:
    """Return details that tell characters apart: the k-th has the rank k, and the last no chance."""
    length = len(text)
    return Details(
        probabilities=np.where(np.arange(length) < length - 1, 0.25, 0),
        ranks=np.arange(length, dtype=np.int32),
        guesses=np.tile(np.arange(5, dtype=np.int32), (length, 1)),
        guess_probabilities=np.tile([0.5, 0.25, 0.125, 0.0625, 1e-5], (length, 1)),
        vocab=VOCAB,
    )


def heat(text: str) -> str:
    """Return a text in the colours of all steps, with details."""
    return heat_text(text, np.arange(len(text)) % NUM_STEPS, SURPRISAL, details=details_of(text))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a page with everything."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    activations = np.linspace(-1, 1, NUM_STEPS)
    wide = [f"a wide column {k}" for k in range(12)]
    sections = [
        section(HOSTILE, paragraph(HOSTILE), table(filled_table(wide, [wide], num_text_columns=1))),
        section("plain", heat(PLAIN)),
        section("hostile", heat(HOSTILE)),
        section(
            "diverging",
            heat_text("activations", activations, ACTIVATION),
            heat_text("x" * 500, [9] * 500, SURPRISAL),
        ),
    ]
    path.write_text(page(HOSTILE, sections), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a browser."""
    assert not MISSING, f"{MISSING} missing, and BROWSER_TESTS=required"
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = CHROME or ""
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(DRIVER))
    yield driver
    driver.quit()


class Page:
    """An open page, and what a reader can do with it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str, *, width: int = 1000, height: int = 700, scheme: str = "light") -> None:
        """Load a page at a size, in a colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        schemes = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": schemes})
        self.driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script, *arguments)

    def text(self, number: int) -> Any:
        """Return a heat text."""
        return self.driver.find_elements("css selector", ".heat .text")[number]

    def char(self, number: int, place: int) -> Any:
        """Return a character of a heat text."""
        return self.run("return arguments[0].children[arguments[1]]", self.text(number), place)

    def point(self, element: Any) -> None:
        """Move the mouse onto an element."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=0).move_to_element(element).perform()

    def tap(self, element: Any) -> None:
        """Touch an element, which must be in the window, and let go."""
        box = self.run(BOX, element)
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind, points in (("touchStart", [place]), ("touchEnd", [])):
            event = {"type": kind, "touchPoints": points}
            self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    def press(self, element: Any, *keys: str) -> None:
        """Give an element the focus, and press keys."""
        from selenium.webdriver.common.keys import Keys

        self.run("arguments[0].focus()", element)
        self.driver.switch_to.active_element.send_keys(*(getattr(Keys, key) for key in keys))

    @property
    def panel(self) -> list[str]:
        """Return the lines of the panel; none where it is hidden."""
        return str(self.driver.find_element(*PANEL).text).splitlines()

    @property
    def rank(self) -> int:
        """Return the rank in the panel, by which characters are told apart here."""
        return int(self.panel[6])

    def messages(self) -> list[Any]:
        """Return what the browser complains of."""
        return list(self.driver.get_log("browser"))


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Page]:
    """Load the page at a desk; afterwards the browser must have no complaint."""
    opened = Page(chromium)
    opened.messages()
    opened.open(address)
    yield opened
    assert opened.messages() == []


def explained(char: str, rank: int | str) -> list[str]:
    """Return the lines of the panel for a character."""
    return [char, "probability", "0.2500", "bits", "2.00", "rank", str(rank), *GUESSES]


# ---- pointing, tapping, arrow keys


def test_there_is_no_panel_unasked(opened: Page) -> None:
    """Nobody who points at nothing sees a panel."""
    assert opened.panel == []
    opened.point(opened.driver.find_element("css selector", "h2"))
    assert opened.panel == []


@pytest.mark.parametrize(
    ("number", "place", "char"),
    [(0, 1, "e"), (0, 5, "␣"), (0, 11, r"\n"), (1, HOSTILE.index("\x1b"), r"\x1b")],
)
def test_the_character_under_the_mouse_is_explained(opened: Page, number: int, place: int, char: str) -> None:
    """The character under the mouse is explained, in every text of the page."""
    opened.point(opened.char(number, place))
    assert opened.panel == explained(char, place)


def test_the_panel_goes_on_and_away_with_the_mouse(opened: Page) -> None:
    """The panel goes on with the mouse, and goes with it; the character it is about is marked."""
    marked = "return Array.from(document.querySelectorAll('.current'), (char) => char.textContent)"
    opened.point(opened.char(0, 4))
    opened.point(opened.char(0, 7))
    assert opened.panel == explained("o", 7)
    assert opened.run(marked) == ["o"]
    assert (
        opened.driver.find_element("css selector", ".current").value_of_css_property("outline-width") == "2px"
    )
    opened.point(opened.driver.find_element("css selector", "h1"))
    assert opened.panel == []
    assert opened.run(marked) == []


def test_an_unseen_character_is_not_in_the_vocabulary(opened: Page) -> None:
    """A character without a rank is not in the vocabulary."""
    opened.point(opened.char(0, 0))
    assert opened.panel == explained("h", "not in the vocabulary")


def test_an_impossible_character_has_infinitely_many_bits(opened: Page) -> None:
    """A character of no probability has infinitely many bits."""
    opened.point(opened.char(1, len(HOSTILE) - 1))
    assert opened.panel[:5] == [r"\n", "probability", "0.0000", "bits", "∞"]


def test_what_the_panel_covers_can_be_pointed_at(opened: Page) -> None:
    """What the panel covers can be pointed at."""
    opened.run("arguments[0].scrollIntoView()", opened.text(0))
    opened.point(opened.char(0, 0))
    covered = opened.char(0, PLAIN.index("third") + 2)
    box, panel = (opened.run(BOX, element) for element in (covered, opened.driver.find_element(*PANEL)))
    assert panel["top"] < box["top"] < box["bottom"] < panel["bottom"]
    assert panel["left"] < box["left"] < box["right"] < panel["right"]
    opened.point(covered)
    assert opened.rank == PLAIN.index("third") + 2


def test_the_right_guess_stands_out(opened: Page) -> None:
    """The guess that is the character itself is marked; beyond the first five there is none."""
    right = "return Array.from(document.querySelectorAll('.right bdi'), (char) => char.textContent)"
    opened.point(opened.char(0, 3))
    assert opened.run(right) == [r"\n"]
    opened.point(opened.char(0, 7))
    assert opened.run(right) == []


def test_bars_are_as_long_as_guesses_are_probable(opened: Page) -> None:
    """The bars are as long as the guesses are probable."""
    opened.point(opened.char(0, 3))
    widths = opened.run(
        "return Array.from(document.querySelectorAll('.bar'),"
        "(bar) => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width)"
    )
    assert widths == pytest.approx([0.5, 0.25, 0.125, 0.0625, 1e-5], abs=0.01)


def test_the_character_that_is_tapped_is_explained(opened: Page, address: str) -> None:
    """On a phone, the character that is tapped is explained until something else is tapped."""
    opened.open(address, width=360, height=800)
    opened.run("arguments[0].scrollIntoView()", opened.text(0))
    opened.tap(opened.char(0, 8))
    assert opened.panel == explained("r", 8)
    opened.tap(opened.char(0, 6))
    assert opened.panel == explained("w", 6)
    opened.run("document.querySelectorAll('h2')[1].scrollIntoView()")
    opened.tap(opened.driver.find_elements("css selector", "h2")[1])
    assert opened.panel == []


def test_the_panel_goes_when_the_reader_does(opened: Page) -> None:
    """The focus that goes elsewhere, and a click beside the text that never had it, hide the panel."""
    opened.press(opened.text(0), "ARROW_RIGHT", "TAB")
    assert opened.panel == []
    opened.run("arguments[0].click()", opened.char(0, 1))
    assert opened.panel != []
    opened.run("document.body.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))")
    assert opened.panel == []


@pytest.mark.parametrize(
    ("keys", "rank"),
    [
        ("↓→→→", 3),
        ("→→→→←", 2),
        ("→→→↓↓", PLAIN.index("third") + 2),
        ("→→→↓↓↓", PLAIN.index("\n\n") + 1),
        ("→→→↓↓↑", PLAIN.index("second") + 2),
        ("→→→↑", 2),
    ],
)
def test_arrow_keys_lead_to_the_next_character_or_line(opened: Page, keys: str, rank: int) -> None:
    """The first key leads to the first character, others to the next one, or to the one above or below."""
    names = {"→": "ARROW_RIGHT", "←": "ARROW_LEFT", "↑": "ARROW_UP", "↓": "ARROW_DOWN"}
    opened.press(opened.text(0), *(names[key] for key in keys))
    assert opened.rank == rank


def test_arrow_keys_reach_every_character(opened: Page) -> None:
    """One after the other, all characters are explained, marks and what does not print among them."""
    chars = opened.run(
        "const text = arguments[0], seen = [];"
        "for (const _ of text.children) {"
        "  text.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));"
        "  seen.push(document.querySelector('.panel .char').textContent);"
        "}"
        "return seen",
        opened.text(0),
    )
    assert chars == [
        {" ": "␣", "\n": r"\n", "\u0301": "◌\u0301", "\x1b": r"\x1b"}.get(char, char) for char in PLAIN
    ]
    opened.press(opened.text(0), "ARROW_RIGHT", "ARROW_RIGHT")
    assert opened.rank == len(PLAIN) - 1


def test_arrow_keys_move_by_one_line(opened: Page, address: str) -> None:
    """Even where an escape is broken at the end of a line, the next line is the next to be reached."""
    opened.open(address, width=360)
    tops = []
    for _ in range(20):
        opened.press(opened.text(0), "ARROW_DOWN")
        tops.append(opened.run(BOX, opened.driver.find_element("css selector", ".current"))["top"])
        tops[-1] += opened.run("return scrollY")
    steps = np.diff(tops)
    assert steps == pytest.approx([steps[0]] * len(steps), abs=1)


def test_escape_hides_the_panel_and_other_keys_change_nothing(opened: Page) -> None:
    """Escape hides the panel; other keys change nothing, nor do arrows together with them."""
    opened.press(opened.text(0), "ARROW_RIGHT", "ARROW_RIGHT", "HOME", "SHIFT")
    assert opened.rank == 1
    opened.press(opened.text(0), "ESCAPE")
    assert opened.panel == []


def test_only_plain_arrow_keys_are_taken_from_the_browser(opened: Page) -> None:
    """Of an arrow key the page makes nothing else; what other keys do, they still do."""
    script = """
        const options = {key: arguments[1], cancelable: true, [`${arguments[2]}Key`]: true};
        return !arguments[0].dispatchEvent(new KeyboardEvent("keydown", options))"""
    for key, more in (("ArrowDown", "alt"), ("ArrowLeft", "meta"), ("End", "")):
        assert not opened.run(script, opened.text(0), key, more)
        assert opened.panel == []
    assert opened.run(script, opened.text(0), "ArrowDown", "")
    assert opened.panel != []


def test_keys_scroll_the_page_to_the_character(opened: Page, address: str) -> None:
    """The character that a key leads to comes into the window."""
    opened.open(address, width=400, height=150)
    opened.press(opened.text(0), "ARROW_RIGHT", *["ARROW_DOWN"] * 15)
    box = opened.run(BOX, opened.driver.find_element("css selector", ".current"))
    assert box["top"] >= 0
    assert box["bottom"] <= 151


def test_the_panel_is_inside_the_window(opened: Page, address: str) -> None:
    """Wherever a character is, its panel is in the window, beside it and not on it."""
    script = """
        const text = arguments[0], boxes = [];
        for (let place = 0; place < text.children.length; place += 7) {
          text.children[place].scrollIntoView({block: ["start", "center", "end"][place % 3]});
          text.children[place].click();
          boxes.push([text.children[place], document.querySelector(".panel")].map(
            (element) => element.getBoundingClientRect().toJSON()));
        }
        return boxes"""
    opened.open(address, width=360, height=640)
    boxes = opened.run(script, opened.text(0))
    for char, panel in boxes:
        assert panel["left"] >= 0
        assert panel["right"] <= 360
        assert panel["top"] >= 0
        assert panel["bottom"] <= 640
        assert panel["bottom"] <= char["top"] or panel["top"] >= char["bottom"]
    assert len(boxes) > 40


# ---- safety


def test_a_hostile_text_is_shown(opened: Page) -> None:
    """No script in a text runs, and the text is there to be read."""
    read = "return Array.from(document.querySelectorAll(arguments[0]), (element) => element.textContent)"
    printed = HOSTILE.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e").replace("\u2028", r"\u2028")
    assert opened.run(read, "h1") == [printed]
    assert opened.run(read, "p") == [printed]
    assert opened.run(read, ".text")[1] == printed
    assert opened.run("return document.images.length") == 0


def test_the_page_loads_nothing_else(opened: Page, address: str) -> None:
    """The page is the only thing that the browser asks for, and no other machine is."""
    opened.driver.get_log("performance")
    opened.open(address)
    opened.point(opened.char(0, 0))
    messages = (json.loads(entry["message"])["message"] for entry in opened.driver.get_log("performance"))
    requests = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    assert {request["request"]["url"] for request in requests} == {address}


def test_a_foreign_script_does_not_run(chromium: Any, tmp_path: Path) -> None:
    """Even if a script came into a page unescaped, the page's policy would stop it."""
    path = tmp_path / "page.html"
    foreign = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"
    path.write_text(page("title", [foreign]), encoding="utf-8")
    chromium.get(path.as_uri())
    assert chromium.title == "title"
    stopped = [entry["message"] for entry in chromium.get_log("browser")]
    assert len(stopped) == 3
    assert all("Content Security Policy" in message for message in stopped)


# ---- looks


@pytest.mark.parametrize("width", [320, 768, 1200])
def test_nothing_scrolls_sideways(opened: Page, address: str, width: int) -> None:
    """At any width the page fits the window; a table that does not fit scrolls in its own box."""
    opened.open(address, width=width, height=800)
    assert opened.run("return document.documentElement.scrollWidth <= innerWidth")
    boxes = opened.driver.find_elements("css selector", ".scroll, .text")
    wide = [opened.run("return arguments[0].scrollWidth > arguments[0].clientWidth", box) for box in boxes]
    assert wide == [True, False, False, False, False]


COLOURS = """
    const style = (element) => getComputedStyle(element);
    const light = (colour) => {
      const [red, green, blue] = colour.match(/[\\d.]+/g).map((part) => part / 255).map(
        (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const paper = style(document.body).backgroundColor, clear = "rgba(0, 0, 0, 0)";
    const lights = (element) => [style(element).color, style(element).backgroundColor].map(
      (colour) => light(colour === clear ? paper : colour));
    return [light(paper), Array.from(arguments[0].children, lights)]"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_every_background(opened: Page, address: str, scheme: str) -> None:
    """Letters can be read on every background, and a higher step differs more from the paper."""
    opened.open(address, scheme=scheme)
    for number in (0, 2):
        paper, steps = opened.run(COLOURS, opened.text(number))
        for ink, background in steps:
            assert (max(ink, background) + 0.05) / (min(ink, background) + 0.05) >= 4.5
        away = [abs(background - paper) for _, background in steps[:NUM_STEPS]]
        halves = [away] if number == 0 else [away[NUM_STEPS // 2 :], away[: NUM_STEPS // 2 + 1][::-1]]
        for half in halves:
            assert half[0] == 0
            assert half == sorted(half)
            assert len(set(half)) == len(half)


def test_the_page_is_dark_in_the_dark_and_light_in_the_light(opened: Page, address: str) -> None:
    """In the dark the page is dark, in the light it is light."""
    papers = []
    for scheme in ("light", "dark"):
        opened.open(address, scheme=scheme)
        papers.append(opened.run(COLOURS, opened.text(0))[0])
    assert papers[0] > 0.9
    assert papers[1] < 0.02


def test_newlines_break_lines_and_spaces_take_their_place(opened: Page) -> None:
    """Newlines break lines, and every space takes its place."""
    places = "return Array.from(arguments[0].children, (char) => char.getClientRects()[0].toJSON())"
    boxes = opened.run(places, opened.text(0))
    assert boxes[PLAIN.index("second")]["top"] > boxes[PLAIN.index("hello")]["bottom"] - 1
    assert boxes[PLAIN.index("second")]["left"] == boxes[0]["left"]
    assert boxes[PLAIN.index(" ")]["width"] == pytest.approx(boxes[0]["width"], abs=0.5)


def test_hebrew_runs_from_right_to_left(opened: Page) -> None:
    """Hebrew runs from right to left, and begins at the right, as its readers read."""
    places = "return Array.from(arguments[0].children, (char) => char.getClientRects()[0].left)"
    lefts, begin = opened.run(places, opened.text(0)), PLAIN.index("ש")
    word = lefts[begin : begin + 4]
    assert word == sorted(word, reverse=True)
    assert len(set(word)) == 4
    assert min(word) > max(lefts[:begin])
