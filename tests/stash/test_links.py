"""Addresses lose every key and nothing else."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from stashhog.stash.links import is_screenshot_path, screenshot_path, strip_keys


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://s/scene/1/stream?apikey=CANARY", "http://s/scene/1/stream"),
        ("http://s/x?apikey=CANARY&t=1", "http://s/x?t=1"),
        ("http://s/x?t=1&ApiKey=CANARY", "http://s/x?t=1"),
        ("http://s/x?t=1&APIKEY=CANARY&u=2", "http://s/x?t=1&u=2"),
        ("http://s/x?t=1;apikey=CANARY", "http://s/x?t=1"),
        ("http://s/x?a%70ikey=CANARY", "http://s/x"),
        ("http://s/x?%61%50%69%4b%65%79=CANARY", "http://s/x"),
        ("http://s/x?a%2570ikey%253DCANARY", "http://s/x"),
        ("http://s/x?api_key=CANARY&api-key=CANARY&z=", "http://s/x?z="),
        ("http://s/x#apikey=CANARY", "http://s/x"),
        ("http://s/x?u=http%3A%2F%2Fs%3Fapikey%3DCANARY&v=1", "http://s/x?v=1"),
        ("http://s/apikey=CANARY/x", ""),
        ("http://s/x?apikey[]=CANARY", "http://s/x"),
    ],
)
def test_a_key_is_cut_out_in_every_spelling(url: str, kept: str):
    assert strip_keys(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a%20b?c=d&e;f=g#h?i&j",
        "https://example.org/get-an-api-key-today?page=2",
        "not an address at all",
        "",
        "?",
        "https://example.org/?q=100%&r=%zz",
    ],
)
def test_an_address_without_a_key_stays_as_it_is(url: str):
    assert strip_keys(url) == url


@given(
    st.text(max_size=30),
    st.sampled_from(["apikey", "ApiKey", "APIKEY", "api_key"]),
    st.integers(0, 3),
    st.sampled_from("?&;#"),
    st.text(max_size=30),
)
def test_no_text_around_a_key_saves_it(before: str, name: str, rounds: int, sign: str, after: str):
    part = f"{name}=CANARY"
    for _ in range(rounds):
        part = quote(part, safe="")
    assert "CANARY" not in strip_keys(f"http://s/{before}{sign}{part}&{after}")


@pytest.mark.parametrize(
    "url",
    [
        "http://s:9999/scene/12/screenshot",
        "https://public.example/prefix/scene/12/screenshot?t=1700000000",
        "/scene/12/screenshot?t=1&apikey=CANARY",
        "http://s/scene/12/screenshot#x",
    ],
)
def test_a_screenshot_is_kept_as_its_path_alone(url: str):
    assert screenshot_path(url) == "/scene/12/screenshot"


@pytest.mark.parametrize(
    "url",
    [
        "http://s/scene/12/stream",
        "http://s/scene/12/screenshots",
        "http://s/scene/x/screenshot",
        "http://s/scene/12/screenshot/../../graphql",
        "",
    ],
)
def test_nothing_else_is_a_screenshot(url: str):
    assert screenshot_path(url) is None


@pytest.mark.parametrize(
    "path",
    [
        "/scene/1/screenshot?apikey=x",
        "/scene/1/screenshot\n",
        "//evil.example/scene/1/screenshot",
        "@evil.example/scene/1/screenshot",
        "/scene/1/../../scene/1/screenshot",
        "http://evil.example/scene/1/screenshot",
        "/scene/１/screenshot",
    ],
)
def test_only_paths_of_that_one_form_are_fetched(path: str):
    assert not is_screenshot_path(path)
    assert is_screenshot_path("/scene/1/screenshot")
