"""What the page's files may hold: a strict content policy and relative addresses have to do."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.ui.conftest import SOURCE

SOURCES = sorted((SOURCE / "src").rglob("*.ts*"))
SHELL = SOURCE / "src" / "index.html"
# Ways to make markup or code out of text; the page builds elements and sets text only.
MARKUP_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    r"|srcdoc|\beval\(|new Function|dangerouslySet"
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
def shell() -> Tags:
    tags = Tags()
    tags.feed(SHELL.read_text())
    return tags


def test_the_shell_has_no_inline_script_style_or_handler(shell: Tags) -> None:
    names = {name for _, attributes in shell.seen for name in attributes}

    assert shell.script_text.strip() == ""
    assert "style" not in {tag for tag, _ in shell.seen}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_shell_asks_for_nothing_but_built_files(shell: Tags, built: Path) -> None:
    addresses = [
        value
        for tag, attributes in shell.seen
        for name, value in attributes.items()
        if name in {"src", "href"} and tag != "a" and value
    ]

    assert addresses
    for address in addresses:
        assert address.startswith("{{root}}ui/")
        assert (built / address.removeprefix("{{root}}ui/")).is_file()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_source_makes_markup_out_of_text(source: Path) -> None:
    assert not MARKUP_FROM_TEXT.search(source.read_text())


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_source_names_an_address_from_the_root(source: Path) -> None:
    assert not re.search(r"""["'`]/(api|ui|docs)\b""", source.read_text())


def test_the_style_sheet_loads_nothing(built: Path) -> None:
    assert not re.search(r"url\(|@import", (built / "app.css").read_text())


def test_the_script_is_at_most_sixty_kilobytes_on_the_wire(built: Path) -> None:
    assert len(gzip.compress((built / "app.js").read_bytes())) <= 60_000


def test_the_licences_of_what_is_in_the_script_lie_beside_it(built: Path) -> None:
    text = (built / "LICENSES.txt").read_text()

    assert re.search(r"^preact \d", text, re.MULTILINE)
    assert re.search(r"^@preact/signals \d", text, re.MULTILINE)
    assert text.count("Permission is hereby granted") == len(
        re.findall(r"^\S+ \d[\w.]* \(\w", text, re.MULTILINE)
    )


def test_no_package_registry_is_named_in_the_tree() -> None:
    lock = (SOURCE / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert '"integrity"' in lock
