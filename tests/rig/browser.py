"""A real Chromium without a window, driven over its DevTools protocol.

Rules:
- A tab has a browser context of its own: nothing is shared between tests, and closing it ends it.
- A tab remembers what must not happen: errors in the console, dialogs, requests to other hosts.
- Waiting is done in the page, frame by frame; nothing sleeps here.
"""

from __future__ import annotations

import base64
import json
import math
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from tests.rig.waiting import PATIENCE_S, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDE = (1440, 900)
PHONE = (390, 844)
_KEYS = {"Escape": 27, "Enter": 13, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "Backspace": 8}


def find_chromium() -> str | None:
    """The program, or None where the machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(Exception):
    """The browser refused a command, or a script in the page threw."""


class Chromium:
    """The process; many tabs may be opened in it."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="stashhog-chromium-")
        self._port_file = Path(self._profile.name, "DevToolsActivePort")
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._profile.name}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        until(
            lambda: self._port_file.is_file() and "\n" in self._port_file.read_text(),
            "the browser listens",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._profile.cleanup()

    @property
    def address(self) -> str:
        port, path = self._port_file.read_text().split("\n")[:2]
        return f"ws://127.0.0.1:{port}{path}"


@dataclass
class Tab:
    """One page and what was seen on it."""

    _socket: WebSocketConnection
    _session: str = ""
    _next_id: int = 0
    _waiting: dict[int, tuple[trio.Event, list[dict[str, Any]]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give one command of the protocol and return its result."""
        self._next_id += 1
        number, done = self._next_id, trio.Event()
        slot: list[dict[str, Any]] = []
        self._waiting[number] = (done, slot)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_message(json.dumps(message))
        with trio.fail_after(PATIENCE_S + 10):  # what a page waits for in vain says so first
            await done.wait()
        (reply,) = slot
        if "error" in reply:
            raise BrowserError(f"{method}: {reply['error']['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def listen(self) -> None:
        """Take what the browser says, for as long as the tab is open."""
        while True:
            try:
                message = json.loads(await self._socket.get_message())
            except ConnectionClosed:
                return
            if "id" in message:
                done, slot = self._waiting.pop(message["id"])
                slot.append(message)
                done.set()
            elif message.get("sessionId") == self._session:
                await self._note(message["method"], message["params"])

    async def _note(self, method: str, said: dict[str, Any]) -> None:
        match method:
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "assert", "warning"):
                words = (str(a.get("value", a.get("description", ""))) for a in said["args"])
                self.errors.append(" ".join(words))
            case "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Page.javascriptDialogOpening":
                self.dialogs.append(f"{said['type']}: {said['message']}")
                self._waiting[-1] = (trio.Event(), [])
                answer = {"id": -1, "method": "Page.handleJavaScriptDialog"}
                await self._socket.send_message(
                    json.dumps({**answer, "params": {"accept": True}, "sessionId": self._session})
                )
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(said["url"])

    # --- looking --------------------------------------------------------------------------------

    async def run(self, script: str) -> Any:
        """Evaluate an expression (a promise is awaited) and return its plain value."""
        result = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    async def wait(self, condition: str, *, seconds: float = PATIENCE_S) -> Any:
        """Wait until an expression is true in the page; returns its value."""
        script = (
            "new Promise((good, bad) => { const began = performance.now(); const look = () => {"
            f" let found; try {{ found = ({condition}); }} catch {{ found = false; }}"
            " if (found) return good(found);"
            f" if (performance.now() - began > {seconds * 1000}) return bad(new Error("
            f" {json.dumps(f'never true: {condition}')} + ' — ' +"
            " document.body.innerText.slice(0, 600)));"
            " setTimeout(look, 16); }; look(); })"
        )
        return await self.run(script)

    async def text(self, selector: str = "body") -> str:
        """What is read in the first element that matches."""
        found: str = await self.run(f"document.querySelector({json.dumps(selector)}).innerText")
        return found

    async def count(self, selector: str) -> int:
        """How many elements match."""
        found: int = await self.run(f"document.querySelectorAll({json.dumps(selector)}).length")
        return found

    def foreign_requests(self, base: str) -> list[str]:
        """The requests that went anywhere but to the service itself."""
        home = urlsplit(base).netloc
        return [
            one
            for one in self.requests
            if urlsplit(one).scheme not in ("data", "blob") and urlsplit(one).netloc != home
        ]

    async def screenshot(self, path: Path) -> None:
        """Save what is seen."""
        shot = await self.call("Page.captureScreenshot", format="png")
        await trio.Path(path).write_bytes(base64.b64decode(shot["data"]))

    # --- doing ----------------------------------------------------------------------------------

    async def goto(self, url: str) -> None:
        """Load an address."""
        await self.call("Page.navigate", url=url)
        await self.wait(
            f"location.href === {json.dumps(url)} && document.readyState === 'complete'"
        )

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, as a person would."""
        for key in keys:
            code = _KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
            text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
            down = {"key": key, "windowsVirtualKeyCode": code, "text": text}
            await self.call("Input.dispatchKeyEvent", type="keyDown", **down)
            await self.call(
                "Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code
            )

    async def type(self, text: str) -> None:
        """Put text where the focus is."""
        await self.call("Input.insertText", text=text)

    async def click(self, selector: str, *, nth: int = 0) -> None:
        """Scroll an element into view and click its middle."""
        found = f"document.querySelectorAll({json.dumps(selector)})[{nth}]"
        await self.wait(f"Boolean({found})")
        box = await self.run(
            f"(() => {{ const e = {found}; e.scrollIntoView({{block: 'nearest'}});"
            " const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        at = {"x": math.floor(box[0]), "y": math.floor(box[1]), "button": "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type="mousePressed", **at)
        await self.call("Input.dispatchMouseEvent", type="mouseReleased", **at)

    async def click_text(self, text: str, *, within: str = "body") -> None:
        """Click the button or link that says so."""
        script = (
            f"[...document.querySelectorAll({json.dumps(within)} + ' button, ' +"
            f" {json.dumps(within)} + ' a')].find((e) => !e.disabled && e.checkVisibility() &&"
            f" e.innerText.trim().startsWith({json.dumps(text)}))"
        )
        await self.wait(f"Boolean({script})")
        await self.run(f"{script}.click()")

    async def look(
        self, size: tuple[int, int] = WIDE, *, dark: bool = False, touch: bool = False
    ) -> None:
        """Set the window's size and whether the machine prefers dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=touch,
        )
        await self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def offline(self, *, yes: bool) -> None:
        """Take the network away, or give it back."""
        await self.call(
            "Network.emulateNetworkConditions",
            offline=yes,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )


@asynccontextmanager
async def open_tab(chromium: Chromium) -> AsyncGenerator[Tab]:
    """A new tab in a browser context of its own."""
    async with (
        open_websocket_url(chromium.address, max_message_size=64 * 1024 * 1024) as socket,
        trio.open_nursery() as nursery,
    ):
        tab = Tab(socket)
        nursery.start_soon(tab.listen)
        context = (await tab.call("Target.createBrowserContext", disposeOnDetach=True))[
            "browserContextId"
        ]
        target = await tab.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await tab.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await tab.call(f"{domain}.enable")
        await tab.look()
        yield tab
        nursery.cancel_scope.cancel()
