"""The service as a process: started, killed, stopped and started again on the same folder."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.rig.requests import send
from tests.rig.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port below the range that outgoing connections take theirs from."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


NOT_ITS_OWN = ("STASHHOG_", "OPENAI_", "COVERAGE_", "PYTHONDONTWRITEBYTECODE")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process' environment without anything that is a setting of the service.

    What the started process runs is not measured: that would cost a third of the whole suite. It
    keeps what it compiled, as an installed one does: without, each start takes half as long again.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(NOT_ITS_OWN) and "proxy" not in name.lower()
    }
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, **(extra or {})}


def settings_of(stash_url: str | None) -> dict[str, str]:
    """The environment that names a Stash, and tells everything to the log."""
    named = {} if stash_url is None else {"STASHHOG_STASH__URL": stash_url}
    return {"STASHHOG_LOGGING__LEVEL": "debug", **named}


class Service:
    """One installation: a folder, an address, and the process that serves it now.

    Args:
        home: Its own working directory; the data folder lies in it unless given by `data`.
        stash_url: The Stash that it is set up for; None: none.
        env: More settings.
        arguments: The command; `serve` with port and folder unless given.
        data: The data folder, where it is not its own.
        program: What Python is to run; the product unless given.
    """

    def __init__(
        self,
        home: Path,
        stash_url: str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str] | None = None,
        data: Path | None = None,
        program: Sequence[str] = ("-m", "stashhog"),
    ) -> None:
        self.home = home
        self.program = program
        self.data = data or home / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**settings_of(stash_url), **(env or {})}
        self.arguments = arguments or (
            "serve",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.data),
        )
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self.start() if self.process is None else self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        if error is not None:
            print(f"--- log of {self.url}\n{self.log[-12_000:]}")

    @property
    def log_file(self) -> Path:
        """What the present process writes to standard error."""
        return self.home / f"stderr-{self.starts}.log"

    @property
    def log(self) -> str:
        """What all its processes wrote to standard error."""
        files = [self.home / f"stderr-{number}.log" for number in range(1, self.starts + 1)]
        return "".join(file.read_text("utf-8", "replace") for file in files)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What its processes logged, without the lines that are for a person."""
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]

    @property
    def output(self) -> str:
        """What the present process wrote to standard output."""
        return (self.home / f"stdout-{self.starts}.log").read_text("utf-8", "replace")

    def start(self, *, wait: bool = True) -> Self:
        """Start it, and wait until it says that it is ready (or degraded)."""
        self.starts += 1
        with (
            self.log_file.open("wb") as errors,
            (self.home / f"stdout-{self.starts}.log").open("wb") as output,
        ):
            self.process = subprocess.Popen(
                [sys.executable, *self.program, *self.arguments],
                cwd=self.home,
                env=environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        if wait:
            until(self._is_ready, "the service is ready", seconds=PATIENCE_S)
        return self

    def _is_ready(self) -> bool:
        code = self.present.poll()
        if code is not None:
            text = self.log_file.read_text("utf-8", "replace")
            raise AssertionError(f"the service ended with {code}:\n{text[-6000:]}")
        try:
            answer = send("GET", f"{self.url}/ready", timeout=2)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    @property
    def present(self) -> subprocess.Popen[bytes]:
        """The process that runs now, or ran last."""
        assert self.process is not None, "the service was never started"
        return self.process

    @property
    def cpu_seconds(self) -> float:
        """How long the present process has worked."""
        fields = Path(f"/proc/{self.present.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL; nothing happens where it has ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_S)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to stop; returns the exit code and the seconds that it took."""
        began = time.monotonic()
        self.present.send_signal(sign)
        code = self.present.wait(PATIENCE_S)
        return code, time.monotonic() - began

    def wait(self, seconds: float = PATIENCE_S) -> int:
        """Wait for its own end; returns the exit code."""
        return self.present.wait(seconds)


def begin(
    *arguments: str, home: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a one-shot command whose output nobody reads."""
    return subprocess.Popen(
        [sys.executable, "-m", "stashhog", *arguments],
        cwd=home,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def command(
    *arguments: str,
    home: Path,
    env: Mapping[str, str] | None = None,
    seconds: float = PATIENCE_S,
) -> subprocess.CompletedProcess[str]:
    """Run a one-shot command to its end."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "stashhog", *arguments],
        cwd=home,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
