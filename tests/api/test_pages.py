"""The web page, the documentation and everything else that is a file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from stashhog.api.routes import ui
from stashhog.api.static import StaticFolder
from stashhog.core.exceptions import NotFoundError
from tests.api.conftest import KEY, House, OpenHouse


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "site" / "static"
    (root / "deep").mkdir(parents=True)
    (root / "index.html").write_text('<!doctype html><script src="{{root}}ui/app.js"></script>')
    (root / "app.js").write_text("run()")
    (root / "deep" / "a.css").write_text("p {}")
    (root.parent / "canary.txt").write_text("CANARY outside")
    (root / "link.txt").symlink_to(root.parent / "canary.txt")
    monkeypatch.setattr(ui, "_FILES", StaticFolder(root))
    return root


async def test_the_page_and_its_files_are_sent(house: House, page: Path) -> None:
    front = await house.call("GET", "/")
    script = await house.call("GET", "/ui/app.js")
    style = await house.call("GET", "/ui/deep/a.css")
    assert (front.body, front.header("content-type")) == (
        b'<!doctype html><script src="./ui/app.js"></script>',
        "text/html; charset=utf-8",
    )
    assert (script.body, script.header("content-type")) == (
        b"run()",
        "text/javascript; charset=utf-8",
    )
    assert style.header("content-type") == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/", "./"),
        ("/plans", "./"),
        ("/plans/12", "../"),
        ("/scenes/7", "../"),
        ("/jobs/019f0000-0000-7000-8000-000000000000", "../"),
        ("/settings", "./"),
    ],
)
async def test_every_page_has_an_address_and_finds_its_files_from_there(
    house: House, page: Path, path: str, root: str
) -> None:
    shell = await house.call("GET", path)
    assert shell.status == 200
    assert shell.body == f'<!doctype html><script src="{root}ui/app.js"></script>'.encode()


async def test_below_a_sub_path_without_its_last_slash_the_files_are_found(
    open_house: OpenHouse, page: Path
) -> None:
    async with open_house({"app": {"root_path": "/a/hog"}}) as house:
        bare = await house.call("GET", "/a/hog")
        slashed = await house.call("GET", "/a/hog/")
        deep = await house.call("GET", "/a/hog/plans/3")
    assert b'src="./hog/ui/app.js"' in bare.body
    assert b'src="./ui/app.js"' in slashed.body
    assert b'src="../ui/app.js"' in deep.body


@pytest.mark.parametrize(
    "path", ["/plan", "/plans/", "/plans/1/2", "/index", "/apix", "/plans/1/ui/app.js"]
)
async def test_what_is_no_page_is_not_found(house: House, page: Path, path: str) -> None:
    reply = await house.call("GET", path)
    assert (reply.status, reply.header("content-type")) == (404, "application/problem+json")


async def test_files_are_sent_again_only_when_they_changed(house: House, page: Path) -> None:
    first = await house.call("GET", "/ui/app.js")
    etag = first.header("etag")
    again = await house.call("GET", "/ui/app.js", headers={"if-none-match": etag})
    other = await house.call("GET", "/ui/app.js", headers={"if-none-match": '"other"'})
    assert (again.status, again.body) == (304, b"")
    assert (other.status, other.body) == (200, b"run()")


async def test_without_a_built_page_the_root_says_how(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "_FILES", StaticFolder(tmp_path / "nothing"))
    reply = await house.call("GET", "/")
    assert reply.status == 200
    assert b"not built" in reply.body
    deep = await house.call("GET", "/plans/3")
    assert b'href="../docs"' in deep.body


TARGETS = ["canary.txt", "static/../canary.txt", "index.html/../../canary.txt"]
ESCAPES = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..\\",
    "..%5c",
    "....//",
    "..;/",
    "..%00/",
    "/",
    "//",
    "%2f",
    "./../",
    ".%2e/",
    "deep/../../",
    "deep/%2e%2e/%2e%2e/",
    "..%c0%af",
    "..%u2215",
    "file:///",
]


async def test_nothing_outside_the_folder_can_be_had(house: House, page: Path) -> None:
    for outside in (f"{escape}{target}" for escape in ESCAPES for target in TARGETS):
        for path in (f"/ui/{outside}", f"/ui{outside}", f"/docs/{outside}"):
            for spelled in (path, unquote(path), unquote(unquote(path))):
                reply = await house.call("GET", spelled, headers={"range": "bytes=0-1000"})
                assert reply.status in (400, 404), spelled
                assert b"CANARY" not in reply.body, spelled


async def test_what_is_not_there_is_404_and_no_fallback(house: House, page: Path) -> None:
    for path in (
        "/ui/link.txt",
        "/ui/",
        "/ui/deep",
        "/ui/deep/",
        "/ui/app.js/",
        "/ui/APP.JS",
        "/ui/app.js.map",
        "/ui/.env",
        "/.env",
        "/index.html",
        "/static/app.js",
        "/favicon.ico",
        "/ui/" + "a" * 5000,
        "/docs/swagger-ui-standalone-preset.js",
        "/docs/../__init__.py",
        "/docs/",
    ):
        reply = await house.call("GET", path)
        kind = reply.header("content-type")
        assert (reply.status, kind) == (404, "application/problem+json"), path


def test_a_folder_is_a_table_of_files(page: Path) -> None:
    folder = StaticFolder(page)
    assert folder.find("deep/a.css").content_type.startswith("text/css")
    assert "link.txt" not in folder
    with pytest.raises(NotFoundError):
        folder.find("../canary.txt")


@pytest.mark.parametrize("base", ["", "/api"])
async def test_the_documentation_loads_its_own_files_only(house: House, base: str) -> None:
    reply = await house.call("GET", f"{base}/docs")
    html = reply.body.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert loaded
    for address in loaded:
        assert (await house.call("GET", f"{base}/{address}")).status == 200, address
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=", html)
    assert "//" not in html.replace("<!doctype", "")
    start = await house.call("GET", f"{base}/docs/start.js")
    assert b"https" not in start.body


async def test_the_documentation_needs_credentials_where_there_are_some(locked: House) -> None:
    for path in ("/docs", "/api/docs", "/openapi.json", "/api/openapi.json", "/docs/start.js"):
        assert (await locked.call("GET", path)).status == 401
        assert (await locked.call("GET", path, headers={"x-api-key": KEY})).status == 200
