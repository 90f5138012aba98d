"""What the page's files may hold: a strict content policy and relative addresses have to do."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stashhog.core.config import FIELDS as SETTINGS, SECRET_FIELDS
from stashhog.ui import STATIC

SCRIPTS = sorted(STATIC.rglob("*.js"))
INDEX = STATIC / "index.html"
# Ways to make markup or code out of text; the page builds elements and sets text only.
MARKUP_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    r"|srcdoc|\beval\(|new Function|setAttribute\(\"(on|style)"
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.script_text = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.script_text += data


@pytest.fixture
def index() -> Tags:
    tags = Tags()
    tags.feed(INDEX.read_text())
    return tags


def test_the_start_page_has_no_inline_script_style_or_handler(index: Tags) -> None:
    names = {name for _, attributes in index.seen for name in attributes}

    assert index.script_text.strip() == ""
    assert "style" not in {tag for tag, _ in index.seen}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_start_page_asks_for_nothing_but_its_own_files(index: Tags) -> None:
    addresses = [
        value
        for tag, attributes in index.seen
        for name, value in attributes.items()
        if name in {"src", "href"} and tag != "a" and value
    ]

    assert addresses
    assert all((STATIC / address.removeprefix("ui/")).is_file() for address in addresses)
    assert all(address.startswith("ui/") for address in addresses)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_no_script_makes_markup_out_of_text(script: Path) -> None:
    assert not MARKUP_FROM_TEXT.search(script.read_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_every_import_is_a_file_of_ours(script: Path) -> None:
    imports = re.findall(r"from \"([^\"]+)\"|import\(\"([^\"]+)\"\)", script.read_text())

    for found in imports:
        name = "".join(found)
        assert name.startswith((".", ".."))
        assert (script.parent / name).resolve().is_file()


def test_every_script_is_reached_from_the_start() -> None:
    reached: set[Path] = set()
    open_files = [STATIC / "app.js"]
    while open_files:
        script = open_files.pop()
        if script not in reached:
            reached.add(script)
            names = re.findall(r"from \"(\.[^\"]+)\"", script.read_text())
            open_files += [(script.parent / name).resolve() for name in names]

    assert reached == set(SCRIPTS)


def test_the_page_works_below_a_sub_path() -> None:
    absolute = re.compile(r"""["'`]/(api|ui|docs)\b""")

    assert not [script for script in SCRIPTS if absolute.search(script.read_text())]


def test_the_style_sheet_loads_nothing() -> None:
    assert not re.search(r"url\(|@import", (STATIC / "style.css").read_text())


def test_every_setting_has_words_and_no_words_are_left_over() -> None:
    text = (STATIC / "settings_text.js").read_text()
    labels = text[text.index("LABELS = {") : text.index("NUMBERS")]

    assert set(re.findall(r"\"(\w+\.\w+)\":", labels)) == SETTINGS


def test_every_secret_is_edited_as_one() -> None:
    pattern = re.search(r"const SECRET = /(.+)/;", (STATIC / "settings_tree.js").read_text())
    assert pattern is not None

    assert {name for name in SETTINGS if re.search(pattern[1], name)} == SECRET_FIELDS
