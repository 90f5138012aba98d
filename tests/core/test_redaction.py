"""Secrets and what is written down."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr

from stashhog.core.redaction import redact, redact_text, register_secret

CANARY = "Kq7+/c&n =9%\"'\\ry"


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_secret(CANARY)


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote(CANARY),
        quote_plus(CANARY),
        quote(CANARY, safe="").lower().replace("kq7", "Kq7"),
        json.dumps(CANARY)[1:-1],
        repr(CANARY)[1:-1],
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ],
)
def test_a_registered_secret_disappears_in_each_spelling(spelling: str) -> None:
    text = redact_text(f"before<{spelling}>after")
    assert spelling.rstrip("=") not in text
    assert text.startswith("before<***")
    assert text.endswith("after")


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_a_registered_secret_disappears_from_base64_wherever_it_stands(
    before: bytes, after: bytes
) -> None:
    encoded = base64.b64encode(before + CANARY.encode() + after).decode()
    left = redact_text(encoded).replace("***", "")
    assert len(encoded) - len(left) >= len(CANARY) * 8 // 6 - 2


def test_a_secret_disappears_from_nested_values_and_from_keys() -> None:
    value = {
        "list": [1, {"deep": (f"x{CANARY}y", {CANARY: 1})}],
        "error": ValueError(CANARY),
        "object": SecretStr(CANARY),
        "bytes": CANARY.encode(),
    }
    shown = json.dumps(redact(value))
    assert CANARY not in json.loads(shown)["list"][1]["deep"][0]
    assert json.dumps(CANARY)[1:-1] not in shown
    assert "Kq7" not in shown


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apikey",
        "X-Api-Key",
        "password",
        "Authorization",
        "hook_secret",
        "access_token",
        "cookie",
        "secret_key",
        "ws_ticket",
    ],
)
def test_what_stands_under_a_telling_name_disappears(name: str) -> None:
    for value in ("abc", b"abc", ["abc"], {"a": "abc"}):
        assert redact({name: value}) == {name: "***"}


def test_counts_and_switches_under_a_telling_name_stay() -> None:
    counts = {"input_tokens": 12, "max_tokens": 2000, "has_api_key": True, "token": None}
    assert redact(counts) == counts


@pytest.mark.parametrize(
    "text",
    [
        "GET http://h:9999/scene/1/stream?t=3&apikey=abc123&x=1",
        "GET /scene/1/screenshot?API_KEY=abc123",
        "{'ApiKey': 'abc123', 'Accept': 'x'}",
        "(b'ApiKey', b'abc123')",
        '{"api_key": "abc123"}',
        '{\\"api_key\\": \\"abc123\\"}',
        "ApiKey: abc123",
        "Authorization: Bearer abc123",
        "authorization=Basic abc123",
        "Cookie: session=abc123; other=abc123",
        "http://user:abc123@host/",
        "password=abc123",
        "new_password: abc123",
        "/ws?ticket=abc123",
        "the key sk-abc123abc123abc123 was refused",
        "token eyJabc123.eyJabc123.abc123-_",
        "Bearer abc123abc123abc123",
    ],
)
def test_what_looks_like_a_secret_disappears_from_text(text: str) -> None:
    shown = redact_text(text)
    assert "abc123" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "GET http://127.0.0.1:9999/graphql took 0.3 s",
        "the password was wrong",
        "basic authentication is not supported",
        "mail to someone@example.org",
        "used 12 tokens of 200",
    ],
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_short_values_are_not_registered() -> None:
    register_secret("abcde")
    register_secret(None)
    register_secret("")
    assert redact_text("abcde") == "abcde"


def test_a_registered_number_disappears() -> None:
    register_secret("84120975")
    assert redact({"n": 84120975, "m": 84120976}) == {"n": "***", "m": 84120976}


def test_text_and_nesting_are_bounded() -> None:
    nested: object = "x"
    for _ in range(100):
        nested = [nested]
    assert (
        len(json.dumps(redact({"a": nested, "b": "y" * 10**6, "c": list(range(10**5))}))) < 20_000
    )


def test_the_newest_secrets_are_kept() -> None:
    for number in range(200):
        register_secret(f"secret-number-{number}")
    assert redact_text("secret-number-199") == "***"
    assert redact_text("<secret-number-150>") == "<***>"
