"""Stash's screenshots through the service: what is held is not sent again."""

from __future__ import annotations

from pathlib import Path

from tests.rig.installation import installed


def test_a_picture_comes_once_and_is_then_only_confirmed(tmp_path: Path) -> None:
    with installed(tmp_path) as at:
        at.api.synced()
        (scene, *_) = at.api.get("/scenes")["items"]
        path = scene["paths"]["screenshot"].removeprefix("/api")
        picture = at.api.send("GET", path)
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
        assert picture.content.startswith(b"\x89PNG")
        tag = picture.headers["etag"]
        for held in (tag, f'"another", {tag}', f"W/{tag}", "*"):
            again = at.api.send("GET", path, headers={"if-none-match": held})
            assert (again.status_code, again.content) == (304, b""), held
            assert again.headers["etag"] == tag
        changed = at.api.send("GET", path, headers={"if-none-match": '"another"'})
        assert (changed.status_code, changed.content) == (200, picture.content)
