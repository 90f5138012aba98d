"""The composition root: opens everything, hands it over, serves, and closes in the right order.

Rules:
- The actors' nursery lies around the server: when the tree of actors gives up, the process ends
  with a non-zero exit.
- Stop order: stop listening → close WebSockets (1012) → jobs `interrupted` and saved → clients
  closed → database closed, inside `STOP_BUDGET_S`; a watchdog ends what hangs beyond that.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
import trio

from actors import ActorPorts, Actors, open_actors
from stashhog.api import announce_setup, create_app
from stashhog.api.dependencies import Services
from stashhog.api.server import serve_http
from stashhog.api.settings_holder import SettingsHolder
from stashhog.core import interpreter
from stashhog.core.config import Settings, SettingsLayers, resolve
from stashhog.core.logging import configure_logging
from stashhog.core.service_file import SERVICE_FILE
from stashhog.core.signals import ending_signals
from stashhog.db import Database, open_database
from stashhog.db.files import place
from stashhog.db.lock import lock_data_folder
from stashhog.db.opening import database_path
from stashhog.db.settings import load_settings
from stashhog.llm import ModelSwitch
from stashhog.stash import StashSubscription, StashSwitch

STOP_BUDGET_S = 8.0
ACTORS_STOP_S = 5.0
EXIT_WATCHDOG = 75
DESCRIPTORS = 8192

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that works without a server."""

    db: Database
    stash: StashSwitch
    model: ModelSwitch
    holder: SettingsHolder
    actors: Actors


@asynccontextmanager
async def open_core(layers: SettingsLayers, *, resume: bool) -> AsyncGenerator[Core]:
    """Lock the data folder, open the store and the clients, start the actors.

    Args:
        layers: Where settings come from; what the database holds is laid in here.
        resume: Whether interrupted jobs are taken up; only the service does.

    Raises:
        StorageError: the folder or the database cannot be used, or another process holds it.
        SettingsError: a setting cannot be used.
    """
    interpreter.share_out()
    settings = resolve(layers).settings
    with lock_data_folder(settings.app.data_dir):
        async with open_database(settings.app.data_dir, settings.database) as db:
            tree, number = await db.read(load_settings, db.secrets)
            async with _clients(layers.with_database(tree), number, db) as (holder, stash, model):
                ports = ActorPorts(
                    stash=stash,
                    model=model,
                    jobs=db.jobs,
                    sync=db.sync,
                    plans=db.plans,
                    journal=db.journal,
                    schedules=db.schedules,
                    events=StashSubscription(stash),
                    own_writes=db.own_writes,
                    model_store=db.model,
                )
                async with open_actors(ports, lambda: holder.current, resume=resume) as actors:
                    yield Core(db, stash, model, holder, actors)


@asynccontextmanager
async def open_store(layers: SettingsLayers) -> AsyncGenerator[Database | None]:
    """Open only the store, for a look: nothing is made or brought up to date; None without one.

    Raises:
        StorageError: the database cannot be used, or another process holds the folder.
    """
    settings = resolve(layers).settings
    folder = settings.app.data_dir
    if not database_path(folder, settings.database).exists():
        yield None
        return
    with lock_data_folder(folder):
        async with open_database(folder, settings.database, migrate=False) as db:
            yield db


@asynccontextmanager
async def _clients(
    layers: SettingsLayers, number: int, db: Database
) -> AsyncGenerator[tuple[SettingsHolder, StashSwitch, ModelSwitch]]:
    stash, model = StashSwitch(), ModelSwitch()
    try:
        holder = SettingsHolder(layers=layers, version=number, db=db, stash=stash, model=model)
        configure_logging(holder.current.logging)
        await stash.configure(holder.current.stash)
        await model.configure(holder.current.openai)
        yield holder, stash, model
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
            await stash.aclose()
            await model.aclose()


Ready = Callable[[Services, str], Awaitable[None]]


async def serve(
    layers: SettingsLayers,
    hypercorn_values: Mapping[str, Any],
    *,
    on_ready: Ready | None = None,
) -> None:
    """Serve until a signal comes; `on_ready` gets the open parts and the bound address.

    Raises:
        StashHogException: what keeps the service from starting, or the actors' own end.
    """
    _allow_descriptors()
    async with open_core(layers, resume=True) as core:
        services = Services(
            db=core.db,
            actors=core.actors,
            stash=core.stash,
            model=core.model,
            settings=core.holder,
            started_at=datetime.now(UTC),
            version=core.holder.current.app.version,
            command_token=secrets.token_urlsafe(32),
        )
        app = create_app(services)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_close_on_signal, services.closing, nursery.cancel_scope)
            nursery.start_soon(core.db.tend)
            async with trio.open_nursery() as serving:
                url: str = await serving.start(
                    serve_http, app, core.holder.current, hypercorn_values, services.closing
                )
                interpreter.keep_for_good()
                with _announced(core.holder.current, url, services.command_token):
                    _log.info("serving", url=url)
                    await announce_setup(app, core.holder.current)
                    if on_ready is not None:
                        nursery.start_soon(on_ready, services, url)
                    await services.closing.wait()
                _start_watchdog()
                _log.info("stopping")
                await core.actors.stop(ACTORS_STOP_S)
            nursery.cancel_scope.cancel()


def _allow_descriptors() -> None:
    """Take as many descriptors as connections may need, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _close_on_signal(closing: trio.Event, everything: trio.CancelScope) -> None:
    """The first signal starts an orderly stop, the second one ends it at once."""
    with trio.open_signal_receiver(*ending_signals()) as signals:
        async for _ in signals:
            if closing.is_set():
                everything.cancel()
                return
            closing.set()


def _start_watchdog() -> None:
    """End the process where an orderly stop hangs; all that was told is on disk by then."""

    def end() -> None:
        os.write(2, b"the stop took too long; ending the process\n")
        os._exit(EXIT_WATCHDOG)

    timer = threading.Timer(STOP_BUDGET_S, end)
    timer.daemon = True
    timer.start()


@contextmanager
def _announced(settings: Settings, url: str, token: str) -> Generator[None]:
    """Keep the file that lets one-shot commands of the same user speak to this service."""
    path = settings.app.data_dir / SERVICE_FILE
    try:
        place(path, json.dumps({"url": url, "token": token}).encode())
    except OSError as error:
        _log.warning("commands_cannot_find_us", file=str(path), error=error.strerror)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
