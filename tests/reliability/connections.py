"""Open connections of all kinds, and more than there are file descriptors for, and let go.

Each kind is closed in its time and leaves nothing behind. While descriptors are short, those who
are in are served, jobs and the database go on; afterwards everybody is.
"""

from __future__ import annotations

import resource
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from stashhog.demo.faults import delay
from tests.reliability.trial import Trial
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.service import Service
from tests.rig.waiting import until

USUAL = 300
AT_ONCE_S = 0.1
KEEP_ALIVE_S = 6.0
BASE_S = 10.0
RECOVERS_S = 2.0
POOLED = 16
"""Descriptors more that stay: connections to the database and to Stash that are kept for later."""
SPARE = 12
"""Descriptors that the process may still open in the trial without any."""
MOST_LINES = 40
ENV = {"STASHHOG_STASH__PAGE_SIZE": "10"}
ASK = "GET /api/health HTTP/{version}\r\nHost: {host}\r\n{more}\r\n"


class Connections:
    """Opens and counts connections to one service."""

    def __init__(self, trial: Trial, at: Installation) -> None:
        self.trial = trial
        self.at = at
        self.parts = urlsplit(at.service.url)

    def fds(self) -> int:
        """Descriptors that the service has open now."""
        return len(self._open())

    def clients(self) -> int:
        """Connections of clients that the service has open now."""
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{self.parts.port:04X}")}
        return sum(each in ours for each in self._open()) - 1  # but for the one that listens

    def _open(self) -> list[str]:
        opened = []
        for each in Path(f"/proc/{self.at.service.present.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                opened.append(str(each.readlink()))
        return opened

    def all_back(self, base: int) -> None:
        """Wait until no client is held, and look at what else is open."""
        until(lambda: self.clients() == 0, "no client is held any more", seconds=BASE_S)
        now = self.fds()
        self.trial.check(now <= base + POOLED, "descriptors are back", f"{now}, before {base}")

    def connect(self, version: str = "1.1", more: str = "") -> socket.socket:
        """Open a connection and ask for something on it."""
        opened = socket.create_connection((self.parts.hostname, self.parts.port), timeout=20)
        text = ASK.format(version=version, host=self.parts.netloc, more=more)
        opened.sendall(text.encode())
        return opened

    def answered(self, opened: socket.socket) -> bytes:
        """Read one answer; what follows it is left."""
        got = b""
        while b'"ok"}' not in got:
            piece = opened.recv(4096)
            if not piece:
                break
            got += piece
        return got

    def eof_after(self, opened: socket.socket) -> float:
        """Seconds from the answer to the end of the connection."""
        self.trial.check(b"200" in self.answered(opened)[:15], "answered")
        began = time.monotonic()
        while opened.recv(4096):
            pass
        return time.monotonic() - began

    # --- in their time --------------------------------------------------------------------------

    def closing_kinds(self) -> None:
        """`Connection: close` and HTTP/1.0 end with the answer."""
        kinds = {"close": ("1.1", "Connection: close\r\n"), "http_1_0": ("1.0", "")}
        for name, (version, more) in kinds.items():
            for _ in range(5):
                with closing(self.connect(version, more)) as opened:
                    took = self.eof_after(opened)
                self.trial.check(took <= AT_ONCE_S, f"{name} closes at once", took)
                self.trial.most(f"{name}_s", took)

    def idle(self, count: int) -> None:
        """Many that are kept alive and say nothing more."""
        base = self.fds()
        with ExitStack() as stack:
            opened = [stack.enter_context(closing(self.connect())) for _ in range(count)]
            for each in opened:
                self.trial.check(b"200" in self.answered(each)[:15], "answered")
            began = time.monotonic()
            self.trial.check(self.clients() == count, "all are held", self.clients())
            for each in opened:
                while each.recv(4096):
                    pass
            took = time.monotonic() - began
        self.trial.check(took <= KEEP_ALIVE_S, "idle ones are closed", took)
        self.trial.figures["idle_closed_s"] = round(took, 2)
        self.all_back(base)

    # --- without descriptors --------------------------------------------------------------------

    def exhausted(self) -> None:
        """More clients than descriptors, while a job runs; then they go."""
        api, service = self.at.api, self.at.service
        self.at.stash.fault(delay(0.1), "findScenes", times=None)
        base = self.fds()
        lines = len(service.log.splitlines())
        with httpx.Client(base_url=service.url, trust_env=False, timeout=10) as inside:
            inside.get("/api/health")
            job = api.sync("full")
            with _few_descriptors(service, self.fds() + SPARE), ExitStack() as stack:
                for _ in range(3 * SPARE):
                    stack.enter_context(closing(self.connect()))
                for path in ("/api/health", "/api/scenes", f"/api/jobs/{job['id']}") * 3:
                    status = inside.get(path).status_code
                    self.trial.check(status == 200, "who is in is served", f"{path} {status}")
            began = time.monotonic()
            until(self._serves, "it serves again", seconds=BASE_S)
            took = time.monotonic() - began
        self.trial.check(took <= RECOVERS_S, "recovers", took)
        self.trial.most("recovered_s", took)
        ended = api.final(job, seconds=30)
        self.trial.check(ended["status"] == "completed", "the job went on", ended)
        told = [line for line in service.log.splitlines()[lines:] if '"request"' not in line]
        self.trial.check(len(told) <= MOST_LINES, "the log stays readable", len(told))
        self.all_back(base)

    def _serves(self) -> bool:
        try:
            return self.at.api.send("GET", "/scenes").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def _few_descriptors(service: Service, most: int) -> Generator[None]:
    pid = service.present.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


def run(trial: Trial) -> None:
    """Each kind, `count` idle ones, and too many."""
    with (
        tempfile.TemporaryDirectory() as folder,
        installed(Path(folder), library=small_library(), env=ENV) as at,
    ):
        at.api.synced()
        connections = Connections(trial, at)
        connections.closing_kinds()
        connections.idle(trial.count)
        connections.exhausted()
        trial.check("Traceback" not in at.service.log, "no traceback in the log")
        trial.check(at.service.stop()[0] == 0, "an orderly stop")
