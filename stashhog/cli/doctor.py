"""`stashhog doctor`: look at settings, folder, database, Stash and model, and say what to do.

Changes nothing: no folder is made, no database opened for writing, no job taken up.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stashhog.cli.desk import ServiceDesk
from stashhog.cli.options import AsJson, DataDir, layers_of
from stashhog.cli.output import AWAY, DONE, FAILED, USAGE, Printer, told
from stashhog.core.config import MODEL_GETS, Settings, openai_enabled, resolve
from stashhog.core.exceptions import StashHogException
from stashhog.core.logging import configure_logging
from stashhog.db import inspect_database
from stashhog.llm import ModelSwitch
from stashhog.stash import StashSwitch


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is (`ok`, `warning`, `bad`), and what to do."""

    check: str
    state: str
    detail: str
    exit_code: int = DONE


def doctor(*, as_json: AsJson = False, data_dir: DataDir = None) -> int:
    """Check settings, folder, database, Stash and model, and say what to do; changes nothing."""
    return told(partial(_examine, data_dir, Printer(as_json)))


async def _examine(data_dir: Path | None, printer: Printer) -> int:
    """Look at everything; the exit code is that of the worst finding."""
    findings: list[Finding] = []
    try:
        layers = layers_of(data_dir)
        settings = resolve(layers).settings
    except StashHogException as error:
        findings.append(Finding("settings", "bad", error.detail, USAGE))
        return _tell(findings, printer)
    configure_logging(settings.logging.model_copy(update={"level": "error"}))
    findings.append(Finding("settings", "ok", f"Python {sys.version.split()[0]}"))
    findings.append(_folder(settings.app.data_dir))
    stored, found = await inspect_database(settings.app.data_dir, settings.database)
    findings += [Finding("database", state, detail, code) for state, detail, code in found]
    if stored is not None:
        settings = resolve(layers.with_database(stored)).settings
    service = ServiceDesk.of(settings.app.data_dir)
    if service is not None and not await service.answers():
        service = None
    findings.append(_service(service))
    findings.append(await _stash(settings))
    findings.append(await _model(settings))
    if service is not None:
        findings += [await _live(service, settings), await _schedules(service)]
    return _tell(findings, printer)


def _folder(path: Path) -> Finding:
    if not path.exists():
        return Finding("folder", "ok", f"{path} will be made at the first start")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        detail = f"{path} cannot be written; give it to this user, or name another by --data-dir"
        return Finding("folder", "bad", detail, FAILED)
    return Finding("folder", "ok", str(path))


def _service(service: ServiceDesk | None) -> Finding:
    if service is not None:
        return Finding("service", "ok", f"runs at {service.url}")
    detail = (
        "does not run; start it by `stashhog serve` "
        "(schedules, hooks and Stash's events need it to)"
    )
    return Finding("service", "ok", detail)


async def _live(service: ServiceDesk, settings: Settings) -> Finding:
    """Live events only make syncs come sooner: without them nothing is wrong, but late."""
    if settings.stash.url is None or not settings.stash.live:
        return Finding("live", "ok", "not wanted: no address is set, or stash.live is off")
    try:
        live = (await service.sync_status())["live"]
    except StashHogException as error:
        return Finding("live", "warning", error.detail)
    if live["connected"]:
        return Finding("live", "ok", f"listens to Stash's events since {live['since']}")
    detail = (
        f"not connected to Stash's events ({live['code']}); syncs by hand and by schedule work "
        "all the same. A proxy before Stash has to let WebSockets through"
    )
    return Finding("live", "warning", detail)


async def _schedules(service: ServiceDesk) -> Finding:
    try:
        found = await service.schedules()
    except StashHogException as error:
        return Finding("schedules", "warning", error.detail)
    named = {
        "incremental sync": found["sync"]["incremental"],
        "full sync": found["sync"]["full"],
        "analysis": found["analysis"],
    }
    on = [
        f"{name} next at {one['next_run_at']}" + _trouble(one)
        for name, one in named.items()
        if one["enabled"]
    ]
    state = "warning" if any(_trouble(one) for one in named.values() if one["enabled"]) else "ok"
    return Finding("schedules", state, "; ".join(on) or "all off: nothing starts by itself")


def _trouble(schedule: Mapping[str, Any]) -> str:
    outcome = schedule["last_outcome"]
    return f" (last: {outcome})" if outcome in ("refused", "stash_not_configured") else ""


async def _stash(settings: Settings) -> Finding:
    if settings.stash.url is None:
        detail = "no address is set: STASHHOG_STASH__URL, or the settings page"
        return Finding("stash", "warning", detail)

    async def look() -> str:
        switch = StashSwitch()
        try:
            await switch.configure(settings.stash)
            instance = await switch.probe()
        finally:
            await switch.aclose()
        return f"{settings.stash.url} answers, release {instance.version}"

    return await _asked("stash", look)


async def _model(settings: Settings) -> Finding:
    if not openai_enabled(settings):
        return Finding("model", "ok", "none; rules and statistics do the work")

    async def look() -> str:
        switch = ModelSwitch()
        try:
            await switch.configure(settings.openai)
            name = await switch.check()
            return f"{name} at {settings.openai.effective_url} answers; it gets, {MODEL_GETS}"
        finally:
            await switch.aclose()

    return await _asked("model", look)


async def _asked(check: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(check, "ok", await look())
    except StashHogException as error:
        return Finding(check, "bad", error.detail, AWAY)


def _tell(findings: list[Finding], printer: Printer) -> int:
    rows = [{"check": f.check, "state": f.state, "detail": f.detail} for f in findings]
    printer.rows(("check", "state", "detail"), rows)
    return max((finding.exit_code for finding in findings), default=DONE)
