"""Single requests from outside, each on a connection of its own, past any proxy."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

_TLS = ssl.create_default_context()
"""For all of them: httpx would make one for each, which takes longer than most answers."""


def send(method: str, url: str, **more: Any) -> httpx.Response:
    """Send one request and read its answer."""
    return httpx.request(method, url, trust_env=False, verify=_TLS, **more)
