"""A small blocking client of the HTTP contract, and what tests ask for again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from tests.rig.requests import send
from tests.rig.waiting import PATIENCE_S, until

Shape = dict[str, Any]
FINAL = ("completed", "failed", "cancelled")


class Api:
    """Speaks to a service; every answer that is not a success has to be a problem document.

    Args:
        url: The service's address.
        headers: What each request carries.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.headers = dict(headers or {})

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and check what holds for every answer."""
        answer = send(
            method,
            f"{self.url}/api{path}",
            json=json,
            params=params,
            content=content,
            headers={**self.headers, **(headers or {})},
            timeout=PATIENCE_S,
        )
        assert answer.headers["x-request-id"], answer
        assert float(answer.headers["x-process-time"]) >= 0
        if answer.status_code >= 400:
            check_problem(answer)
        return answer

    def ask(
        self, method: str, path: str, json: Any = None, *, expect: int = 200, params: Any = None
    ) -> Shape:
        """Send one request that has to end with this status; returns the body."""
        answer = self.send(method, path, json=json, params=params)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def get(self, path: str, **params: Any) -> Shape:
        """GET what has to be there."""
        return self.ask("GET", path, params=params)

    def items(self, path: str, **params: Any) -> list[Shape]:
        """All items of a list, page by page, by cursor."""
        return list(self._items(path, params))

    def _items(self, path: str, params: Mapping[str, Any]) -> Iterator[Shape]:
        page = self.get(path, **{"size": 500, **params})
        while True:
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            page = self.get(path, **{"size": 500, **params, "cursor": page["next_cursor"]})

    # --- jobs -----------------------------------------------------------------------------------

    def job(self, job_id: str) -> Shape:
        """The job now."""
        return self.get(f"/jobs/{job_id}")

    def ended(self, job: Shape, *, status: str = "completed", seconds: float = PATIENCE_S) -> Shape:
        """Wait for the job's end, which has to be this one."""
        done = self.final(job, seconds=seconds)
        assert done["status"] == status, done
        return done

    def final(self, job: Shape, *, seconds: float = PATIENCE_S) -> Shape:
        """Wait for the job's end, whichever it is."""

        def look() -> Shape | None:
            now = self.job(job["id"])
            return now if now["status"] in FINAL else None

        return until(look, f"the end of {job['kind']} {job['id']}", seconds=seconds)

    def running(self, job: Shape, *, done: int = 0, seconds: float = PATIENCE_S) -> Shape:
        """Wait until the job runs and has got past `done` items, and still runs."""

        def look() -> Shape | None:
            now = self.job(job["id"])
            assert now["status"] not in FINAL, f"the job ended too early: {now}"
            there = now["status"] == "running" and now["progress"]["done"] >= done
            return now if there else None

        return until(look, f"{job['kind']} past {done} items", seconds=seconds, every_s=0.005)

    def sync(self, mode: str = "full", **more: Any) -> Shape:
        """Start a sync."""
        return self.ask("POST", "/scenes/sync", {"mode": mode, **more}, expect=202)

    def synced(self, mode: str = "full") -> Shape:
        """Run a sync to its end."""
        return self.ended(self.sync(mode))

    def analyse(self, **body: Any) -> Shape:
        """Start an analysis, of all scenes unless told otherwise."""
        if "scene_ids" not in body:
            body.setdefault("filter", {"all": True})
        return self.ask("POST", "/analysis/generate", body, expect=202)

    def plan_made(self, **body: Any) -> Shape:
        """Run an analysis to its end; returns the plan."""
        job = self.ended(self.analyse(**body))
        return self.plan(job["params"]["plan_id"])

    # --- plans ----------------------------------------------------------------------------------

    def plan(self, plan_id: int) -> Shape:
        """The plan now."""
        return self.get(f"/analysis/plans/{plan_id}")

    def changes(self, plan_id: int, **filters: Any) -> list[Shape]:
        """All changes of a plan that pass the filters."""
        return self.items(f"/analysis/plans/{plan_id}/changes", **filters)

    def decide(self, plan_id: int, status: str, **selection: Any) -> Shape:
        """Move changes."""
        body = {"status": status, **selection}
        return self.ask("PATCH", f"/analysis/plans/{plan_id}/changes", body)

    def accept_all(self, plan_id: int) -> int:
        """Accept what is proposed; returns how many changes moved."""
        moved: int = self.decide(plan_id, "accepted", filter={"all": True})["updated"]
        return moved

    def apply(self, plan_id: int, **body: Any) -> Shape:
        """Start an apply."""
        return self.ask("POST", f"/analysis/plans/{plan_id}/apply", body, expect=202)

    def applied(self, plan_id: int, **body: Any) -> Shape:
        """Run an apply to its end; returns its result."""
        result: Shape = self.ended(self.apply(plan_id, **body))["result"]
        return result

    def undo(self, plan_id: int, **body: Any) -> Shape:
        """Start an undo."""
        return self.ask("POST", f"/analysis/plans/{plan_id}/undo", body, expect=202)

    def undone(self, plan_id: int, **body: Any) -> Shape:
        """Run an undo to its end; returns its result."""
        result: Shape = self.ended(self.undo(plan_id, **body))["result"]
        return result


def check_problem(answer: httpx.Response) -> Shape:
    """Check that an error is a whole problem document without a trace of code; returns it."""
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json", answer.text
    problem: Shape = answer.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys(), problem
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["code"] == problem["code"].lower()
    assert "Traceback" not in answer.text
    assert answer.status_code != 500, problem
    return problem
