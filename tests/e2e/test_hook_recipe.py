"""The README's recipe for Stash's hooks, as Stash would run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stashhog.domain.events import read_hook

README = Path(__file__).resolve().parents[2] / "README.md"
GIVEN = {
    "server_connection": {"Scheme": "http", "Port": 9999, "SessionCookie": None},
    "args": {
        "hookContext": {
            "id": 45,
            "type": "Scene.Update.Post",
            "input": {"id": "45", "title": "x"},
            "inputFields": ["id", "title"],
        }
    },
}


def block(name: str) -> str:
    """The fenced block of the README that begins with a file's name."""
    found = re.search(
        rf"```\w+\n# {re.escape(name)}\n(.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    assert found, f"the README has no {name}"
    return found[1]


def told(script: str, given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )


@pytest.mark.parametrize("fields", [["id", "title"], None])
def test_the_script_posts_what_the_service_reads(fields: list[str] | None) -> None:
    heard: list[tuple[str, str | None, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((self.path, self.headers["X-StashHog-Hook-Secret"], body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    given = json.loads(json.dumps(GIVEN))
    given["args"]["hookContext"]["inputFields"] = fields
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.handle_request).start()
        script = block("stashhog.py").replace(":9998/", f":{server.server_port}/")
        assert told(script, given).stdout == "{}\n"
    body = {"id": 45, "type": "Scene.Update.Post", "fields": fields}
    assert heard == [("/api/hooks/stash", "the hook secret", body)]


def test_the_script_lets_a_save_go_on_where_nobody_listens() -> None:
    assert told(block("stashhog.py").replace(":9998/", ":9/"), GIVEN).stdout == "{}\n"


def test_every_trigger_of_the_plugin_is_one_that_is_understood() -> None:
    triggers = re.findall(r"\w+\.\w+\.Post", block("stashhog.yml"))
    assert len(triggers) == 13
    for trigger in triggers:
        hook = read_hook(trigger, "45")
        assert hook is not None
        assert (type(hook).__name__ == "OtherHook") == (trigger == "Tag.Merge.Post")
