"""What a route may ask for: the open parts of the process, and who is asking.

`Services` is made once by the composition root and handed to `create_app`. Routes take what they
need from the functions below and from nowhere else; `get_db` gives the database whose `read` and
`write` run a query function in one thread hop, never a session on the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import trio
from quart import current_app, has_websocket_context, request, websocket

from stashhog.api.asgi import Exchange, Scope, Visitor, exchange_of

if TYPE_CHECKING:
    from actors import Actors
    from stashhog.api.security.doors import Doors
    from stashhog.api.settings_holder import SettingsHolder
    from stashhog.core.config import Settings
    from stashhog.db import Database
    from stashhog.llm import ModelSwitch
    from stashhog.stash import StashSwitch

EXTENSION = "stashhog"
DOORS = "stashhog.doors"


@dataclass(frozen=True, slots=True)
class Services:
    """The open parts of the process.

    `closing` is set when the service begins to stop: WebSockets close with 1012 then, and `/ready`
    says 503. `started_at` is aware, UTC. `command_token` is what commands on this machine come in
    with; empty: none do.
    """

    db: Database
    actors: Actors
    stash: StashSwitch
    model: ModelSwitch
    settings: SettingsHolder
    started_at: datetime
    version: str
    closing: trio.Event = field(default_factory=trio.Event)
    command_token: str = field(default="", repr=False)


def get_services() -> Services:
    """The open parts of the process that serves this request."""
    return cast("Services", current_app.extensions[EXTENSION])


def get_doors() -> Doors:
    """Who may come in: passwords, sessions, tokens and tickets."""
    return cast("Doors", current_app.extensions[DOORS])


def get_db() -> Database:
    """Return the database, whose `read(query, *args)` runs a query in a thread."""
    return get_services().db


def get_actors() -> Actors:
    """The background actors' handles."""
    return get_services().actors


def get_settings() -> Settings:
    """The settings as they are now; immutable, so take them once per request."""
    return get_services().settings.current


def get_stash_client() -> StashSwitch:
    """The present Stash; calls raise `StashNotConfiguredError` while no address is set."""
    return get_services().stash


def get_openai_client() -> ModelSwitch:
    """The present language model."""
    return get_services().model


def get_exchange() -> Exchange:
    """What the layers found out about this request or socket."""
    scope: Any = websocket.scope if has_websocket_context() else request.scope
    return exchange_of(cast("Scope", scope))


def get_current_user() -> Visitor:
    """Who is asking; the gate let nobody past on a closed route without one."""
    visitor = get_exchange().visitor
    return visitor or Visitor("anonymous", "open")
