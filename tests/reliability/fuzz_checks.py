"""Our own checks, loaded by Schemathesis; what was answered is counted for the trial."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
OTHER_5XX = {
    502: {"stash_error", "model_error"},
    503: {"busy", "stash_unavailable", "model_unavailable"},
    507: {"disk_full"},
}

_answers: Counter[str] = Counter()


@schemathesis.check
def problem_documents(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """Every answer has an id, and every error is a whole problem document."""
    _answers[f"{response.status_code} {case.method} {case.path}"] += 1
    [request_id] = response.headers["x-request-id"]
    assert request_id
    assert response.headers["x-process-time"]
    readiness = case.path.endswith("/ready") and response.status_code == 503
    if response.status_code < 400 or readiness or not response.content:
        return
    [media_type] = response.headers["content-type"]
    assert media_type == "application/problem+json", media_type
    problem: dict[str, Any] = response.json()
    assert problem.keys() >= MEMBERS, problem
    assert problem["status"] == response.status_code, problem
    assert problem["request_id"] == request_id, problem
    if response.status_code >= 500:
        assert problem["code"] in OTHER_5XX.get(response.status_code, ()), problem
    if response.status_code in (429, 503):
        assert response.headers["retry-after"], problem


@atexit.register
def _write() -> None:
    path = os.environ.get("STASHHOG_FUZZ_ANSWERS")
    if path:
        Path(path).write_text(json.dumps(_answers))
