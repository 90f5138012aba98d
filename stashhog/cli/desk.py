"""Where a one-shot command works: in this process, or through the service that holds the folder.

All desks answer in the shapes of the HTTP API, so that the commands above need not know which.
Those that work in this process are in `stashhog.cli.local`, which loads the whole service.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import trio

from stashhog.core.exceptions import NotFoundError, StashHogException
from stashhog.core.service_file import SERVICE_FILE
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    Submission,
    SyncSubmission,
    UndoSubmission,
)

Shape = dict[str, Any]
PAGE = 500
ANSWER_S = 30.0
LEARNING_S = 300.0


class ReadingDesk(Protocol):
    """What commands ask for that only look."""

    async def plans(self, page: int) -> Shape:
        """A page of plans, newest first."""
        ...

    async def plan(self, plan_id: int) -> Shape:
        """One plan."""
        ...

    async def changes(self, plan_id: int, page: int) -> Shape:
        """A page of a plan's changes."""
        ...


class Desk(ReadingDesk, Protocol):
    """What the commands ask for that do something."""

    async def explain(self, path: str) -> Shape:
        """What is found in a path, and why."""
        ...

    async def submit(self, submission: Submission) -> Shape:
        """Start a job; returns it."""
        ...

    async def job(self, job_id: str) -> Shape:
        """The job as it is now."""
        ...

    async def log(self, job_id: str) -> Shape:
        """The first page of the job's log."""
        ...

    async def cancel(self, job_id: str) -> None:
        """Ask for the job's end."""
        ...

    async def accept(self, plan_id: int, min_confidence: float) -> int:
        """Accept what is proposed with at least this confidence; returns how many."""
        ...


class ServiceError(StashHogException):
    """The running service answered with an error."""


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """Speaks to the service that holds the data folder, over loopback with its token file."""

    url: str
    token: str

    @classmethod
    def of(cls, data_dir: Path) -> ServiceDesk | None:
        """Read the token file that a running service keeps; None where there is none."""
        try:
            kept = json.loads((data_dir / SERVICE_FILE).read_text("utf-8"))
            return cls(str(kept["url"]), str(kept["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    async def answers(self) -> bool:
        """Whether a service is there; a file left by a killed one names nobody."""
        try:
            await self._ask("GET", "/version")
        except ServiceError:
            return False
        return True

    async def sync_status(self) -> Shape:
        """GET where syncing stands."""
        return await self._ask("GET", "/sync/status")

    async def schedules(self) -> Shape:
        """GET the schedules."""
        return await self._ask("GET", "/schedules")

    async def explain(self, path: str) -> Shape:
        """POST the path; learning may come first."""
        return await self._ask("POST", "/analysis/explain", {"path": path}, LEARNING_S)

    async def submit(self, submission: Submission) -> Shape:
        """POST to the route of the kind."""
        path, body = _request_of(submission)
        return await self._ask("POST", path, body)

    async def job(self, job_id: str) -> Shape:
        """GET the job."""
        return await self._ask("GET", f"/jobs/{job_id}")

    async def log(self, job_id: str) -> Shape:
        """GET the job's log."""
        return await self._ask("GET", f"/jobs/{job_id}/log?size={PAGE}")

    async def cancel(self, job_id: str) -> None:
        """DELETE the job."""
        await self._ask("DELETE", f"/jobs/{job_id}")

    async def plans(self, page: int) -> Shape:
        """GET a page of plans."""
        return await self._ask("GET", f"/analysis/plans?page={page}&size={PAGE}")

    async def plan(self, plan_id: int) -> Shape:
        """GET a plan."""
        return await self._ask("GET", f"/analysis/plans/{plan_id}")

    async def changes(self, plan_id: int, page: int) -> Shape:
        """GET a page of changes."""
        return await self._ask("GET", f"/analysis/plans/{plan_id}/changes?page={page}&size={PAGE}")

    async def accept(self, plan_id: int, min_confidence: float) -> int:
        """PATCH by filter."""
        wanted = {"status": ["proposed"], "min_confidence": min_confidence}
        body = {"status": "accepted", "filter": wanted}
        decided = await self._ask("PATCH", f"/analysis/plans/{plan_id}/changes", body)
        return int(decided["updated"])

    async def _ask(
        self, method: str, path: str, body: Shape | None = None, seconds: float = ANSWER_S
    ) -> Shape:
        return await trio.to_thread.run_sync(self._ask_now, method, path, body, seconds)

    def _ask_now(self, method: str, path: str, body: Shape | None, seconds: float) -> Shape:
        request = urllib.request.Request(  # noqa: S310 - the address is our own loopback one
            f"{self.url}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as response:
                return cast("Shape", json.load(response))
        except urllib.error.HTTPError as error:
            raise _problem(error) from None
        except OSError as error:
            raise ServiceError(
                f"the service at {self.url} does not answer: {error}", code="busy"
            ) from None


def _problem(error: urllib.error.HTTPError) -> StashHogException:
    try:
        told = json.load(error)
        detail, code = str(told["detail"]), str(told["code"])
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"the service answered {error.code}")
    kind = NotFoundError if error.code == 404 else ServiceError  # noqa: PLR2004 - not found
    return kind(detail, code=code)


def _request_of(submission: Submission) -> tuple[str, Shape]:
    """The HTTP request that starts this job."""
    match submission:
        case SyncSubmission():
            body: Shape = {"mode": submission.mode}
            if submission.scene_ids:
                body["scene_ids"] = list(submission.scene_ids)
            if submission.adopt:
                body["adopt"] = True
            return "/scenes/sync", body
        case AnalysisSubmission():
            return "/analysis/generate", _analysis_body(submission)
        case ApplySubmission():
            return f"/analysis/plans/{submission.plan_id}/apply", {}
        case UndoSubmission():
            kept = {"remove_created": submission.remove_created}
            return f"/analysis/plans/{submission.plan_id}/undo", kept


def _analysis_body(submission: AnalysisSubmission) -> Shape:
    selection: Mapping[str, Any] = (
        {"scene_ids": list(submission.selection.ids)}
        if submission.selection.ids is not None
        else {"filter": dict(submission.selection.filter or {})}
    )
    body: Shape = {**selection, "options": dict(submission.options)}
    if submission.name:
        body["name"] = submission.name
    return body
