"""A job as the outside sees it: JSON-ready values in exactly one shape, wherever it is shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from stashhog.domain.jobs import Job, Progress


def time_text(moment: datetime) -> str:
    """An aware instant as RFC 3339 in UTC with `Z`; microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def progress_json(progress: Progress) -> dict[str, Any]:
    """A job's progress."""
    return asdict(progress)


def job_json(job: Job) -> dict[str, Any]:
    """A job's snapshot."""
    waiting = job.waiting
    return {
        "id": job.id,
        "kind": job.kind.value,
        "status": job.status.value,
        "progress": progress_json(job.progress),
        "waiting": None
        if waiting is None
        else {
            "code": waiting.code,
            "since": time_text(waiting.since),
            "retry_at": _time(waiting.retry_at),
        },
        "params": dict(job.params),
        "result": None if job.result is None else dict(job.result),
        "error": None if job.error is None else asdict(job.error),
        "attempt": job.attempt,
        "created_at": time_text(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "seq": job.seq,
    }
