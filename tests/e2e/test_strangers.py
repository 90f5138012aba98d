"""What strangers get, what secrets leave behind, and how much anybody may use: from outside."""

from __future__ import annotations

import base64
import os
import socket
import stat
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from stashhog.api.security.doors import MAX_SOCKETS
from tests.rig.api import Api
from tests.rig.installation import Installation, installed
from tests.rig.requests import send

KEY = "CANARY-api-key-9f3e7a1b55"
PASSWORD = "CANARY-password-1b55"
MODEL_KEY = "CANARY-model-key-7a1b55"
HOOK = "CANARY-hook-secret-3e7a"
SECRETS = (KEY, PASSWORD, MODEL_KEY, HOOK)
ODD_WORDS = (
    *('"', "NEAR(", "a* OR b", "title:x", "%", "_", "\\", "'; drop table scenes--", "(((", ")"),
    *("-", "^x", "{a b}:c", "a AND", "\0", '"a" "b', "*", "a+b", "-- x", "1=1"),
)


@contextmanager
def open_to_all() -> Generator[None]:
    """A careless umask, which the service has to make up for."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    home = tmp_path_factory.mktemp("strangers")
    env = {
        "STASHHOG_SECURITY__API_KEY": KEY,
        "STASHHOG_SECURITY__HOOK_SECRET": HOOK,
        "STASHHOG_LOGGING__FILE": str(home / "data" / "service.log"),
    }
    with open_to_all(), installed(home, env=env) as both:
        both.api.headers["X-Api-Key"] = KEY
        both.api.synced()
        yield both


def spelled(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), encoded}


def test_no_secret_lies_in_an_answer_a_log_or_a_file(at: Installation) -> None:
    api, told = at.api, list[str]()

    def say(method: str, path: str, **more: object) -> httpx.Response:
        answer = api.send(method, path, **more)  # type: ignore[arg-type]  # json and headers
        told.append(answer.text + str(answer.headers))
        return answer

    model = {"api_key": MODEL_KEY, "base_url": "http://127.0.0.1:9/v1"}
    assert say("PUT", "/settings", json={"values": {"openai": model}}).status_code == 200
    say("POST", "/auth/password", json={"old": "", "new": PASSWORD})
    session = say("POST", "/auth/login", json={"password": PASSWORD}).cookies["stashhog_session"]
    token = api.send("POST", "/auth/token", json={"password": PASSWORD}).json()["access_token"]
    for path in ("/settings", "/ready", "/metrics", "/openapi.json", "/jobs", "/auth/me"):
        say("GET", path)
    say("POST", "/settings/test-openai", json={})
    say("POST", "/hooks/stash", json={"type": "x"}, headers={"X-StashHog-Hook-Secret": HOOK})
    say("PUT", "/settings", json={"values": {"openai": {"api_key": MODEL_KEY, "timeout": "x"}}})
    say("PUT", "/settings", json={"values": {"stash": {"url": f"http://{KEY}@x/"}}})
    say("GET", "/scenes", params={"q": KEY, "sort": KEY})
    files = [path for path in at.service.data.rglob("*") if path.is_file()]
    told[0] = told[0].partition("set-cookie")[0]
    kept = [path.read_bytes().decode("latin-1") for path in files]
    places = [at.service.log, at.service.output, *kept]
    for secret in (*SECRETS, session, token):
        for spelling in spelled(secret):
            assert not any(spelling in place for place in places), spelling
    for spelling in spelled(MODEL_KEY) | spelled(HOOK) | spelled(PASSWORD):
        assert not any(spelling in answer for answer in told), spelling
    assert "service.log" in {path.name for path in files}
    for path in (at.service.data, *files):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    command = Path(f"/proc/{at.service.present.pid}/cmdline").read_text()
    assert not any(secret in command for secret in SECRETS)


def test_words_of_a_search_are_words_and_nothing_else(at: Installation) -> None:
    for word in ODD_WORDS:
        for path in ("/scenes", "/performers"):
            answer = at.api.send("GET", path, params={"q": word})
            assert answer.status_code == 200, (path, word)
        assert at.api.send("GET", "/scenes", params={"path": word}).status_code == 200, word
    for wildcard in ("%", "_", "%%", "M%"):
        for path, name in (("/scenes", "path"), ("/performers", "q")):
            assert at.api.ask("GET", path, params={name: wildcard})["total"] == 0


def test_more_sockets_than_are_allowed_and_fifty_guesses_at_once_are_bounded(
    at: Installation,
) -> None:
    port, before = at.service.port, memory_mb(at)
    head = (
        f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Api-Key: {KEY}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
    answers: Counter[bytes] = Counter()
    with ExitStack() as stack:
        sockets = []
        for _ in range(MAX_SOCKETS + 50):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            one.sendall(head)
            sockets.append(one)
        for one in sockets:
            answers[one.recv(12)[-3:]] += 1
        assert answers == {b"101": MAX_SOCKETS, b"429": 50}, answers
        assert Api(at.service.url).get("/health") == {"status": "ok"}
        assert memory_mb(at) - before < 100
    statuses: Counter[int] = Counter()

    def guess() -> None:
        body = {"password": "a wrong one"}
        answer = send("POST", f"{at.service.url}/api/auth/login", json=body, timeout=60)
        statuses[answer.status_code] += 1

    threads = [threading.Thread(target=guess) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.keys() == {401, 429}, statuses
    assert statuses[401] <= 6


def memory_mb(at: Installation) -> float:
    lines = Path(f"/proc/{at.service.present.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
