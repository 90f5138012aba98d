"""The Stash of the present settings: one port that stays while address and key may change.

Rules:
- While no address is set, every call raises `StashNotConfiguredError`.
- A call goes on to its end with the client that it began with; a client that was replaced is closed
  by whoever leaves it last.
- What was last seen of Stash is remembered, so that telling how it is never asks it.
- One cause is logged once in `QUIET_S` seconds, however often Stash goes and comes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import structlog
import trio

from stashhog.core.config import StashSettings
from stashhog.core.exceptions import (
    StashAuthError,
    StashBusyError,
    StashConnectionError,
    StashError,
    StashNotConfiguredError,
    StashProtocolError,
    StashUnknownOutcomeError,
)
from stashhog.domain.library import Entity, EntityKind, Scene, StashInstance
from stashhog.domain.merge import SceneUpdate
from stashhog.domain.sync import EVERYTHING, Stamp, Window
from stashhog.ports import DependencyState, EntityList, ScenePage, ScenesById
from stashhog.stash.client import StashClient, connect
from stashhog.stash.transport import Screenshot

DOWN = (StashConnectionError, StashAuthError, StashBusyError, StashProtocolError)
AWAY = (StashConnectionError, StashAuthError, StashBusyError)
"""What a live connection shows of Stash itself; that it speaks no WebSocket says nothing."""
_DOWN_CODES = frozenset({"stash_too_old", "stash_schema"})

QUIET_S = 10.0

_log = structlog.get_logger(__name__)


class StashSwitch:
    """Implements `stashhog.ports.Stash` over whichever server is set now."""

    def __init__(self) -> None:
        self._settings: StashSettings | None = None
        self._client: StashClient | None = None
        self._users: dict[StashClient, int] = {}
        self._state = DependencyState("unset")
        self._logged: dict[str, float] = {}
        self._down_logged = False
        self._changed = trio.Event()

    @property
    def state(self) -> DependencyState:
        """What the last call saw, or the live connection heard."""
        return self._state

    @property
    def settings(self) -> StashSettings | None:
        """The present settings; None before the first and after the last."""
        return self._settings

    async def changed(self) -> None:
        """Wait until other settings hold than now."""
        await self._changed.wait()

    async def configure(
        self, settings: StashSettings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Use these settings from the next call on.

        Raises:
            SettingsError: the file with certificates cannot be used; what was set stays.
        """
        if settings == self._settings:
            return
        fresh = None if settings.url is None else await connect(settings, transport=transport)
        old, self._client, self._settings = self._client, fresh, settings
        self._state = DependencyState("unset" if fresh is None else "unknown")
        changed, self._changed = self._changed, trio.Event()
        changed.set()
        if old is not None and old not in self._users:
            await old.aclose()

    async def aclose(self) -> None:
        """Close whatever is open, calls under way included."""
        clients = {*self._users, *([self._client] if self._client else [])}
        self._client = self._settings = None
        self._state = DependencyState("unset")
        for client in clients:
            await client.aclose()

    @asynccontextmanager
    async def _present(self) -> AsyncGenerator[StashClient]:
        client = self._client
        if client is None:
            raise StashNotConfiguredError("no Stash is set yet; name its address in the settings")
        self._users[client] = self._users.get(client, 0) + 1
        try:
            yield client
        except StashUnknownOutcomeError:
            raise
        except StashError as error:
            down = isinstance(error, DOWN) or error.public_code in _DOWN_CODES
            self._saw(client, error.public_code if down else None)
            raise
        else:
            self._saw(client, None)
        finally:
            self._users[client] -= 1
            if not self._users[client]:
                del self._users[client]
                if client is not self._client:
                    await client.aclose()

    def _saw(self, client: StashClient, code: str | None) -> None:
        if client is self._client:
            self._note(code)

    def lost(self, settings: StashSettings, failure: StashError) -> None:
        """Note what a live connection by these settings ended with, where that means Stash."""
        if settings is self._settings and isinstance(failure, AWAY):
            self._note(failure.public_code)

    def heard(self, settings: StashSettings, *, anew: bool = False) -> None:
        """Note that a live connection by these settings is alive, or was made anew.

        It says nothing of what a request was refused or answered wrongly for: only a new
        connection, and only a Stash that could not be reached, is there again.
        """
        back = anew and self._state.detail_code == StashConnectionError.code
        if settings is self._settings and (self._state.status != "down" or back):
            self._note(None)

    def _note(self, code: str | None) -> None:
        was = self._state.detail_code
        self._state = DependencyState("down" if code else "ok", datetime.now(UTC), code)
        if code is None and self._down_logged:
            self._down_logged = False
            _log.info("stash_back")
        elif code is not None and code != was and self._is_news(code):
            self._down_logged = True
            _log.warning("stash_down", code=code)

    def _is_news(self, code: str) -> bool:
        now = trio.current_time()
        if now - self._logged.get(code, -QUIET_S) < QUIET_S:
            return False
        self._logged[code] = now
        return True

    # --- the port -------------------------------------------------------------------------------

    async def probe(self) -> StashInstance:
        """See `StashClient.probe`."""
        async with self._present() as stash:
            return await stash.probe()

    async def check(self) -> StashInstance:
        """See `StashClient.probe`."""
        return await self.probe()

    async def hindrance(self) -> str | None:
        """See `StashClient.hindrance`."""
        async with self._present() as stash:
            return await stash.hindrance()

    async def count_scenes(self, window: Window = EVERYTHING) -> int:
        """See `StashClient.count_scenes`."""
        async with self._present() as stash:
            return await stash.count_scenes(window)

    async def scene_at(self, position: int) -> str | None:
        """See `StashClient.scene_at`."""
        async with self._present() as stash:
            return await stash.scene_at(position)

    async def scenes_after(self, after_id: str | None, limit: int) -> ScenePage:
        """See `StashClient.scenes_after`."""
        async with self._present() as stash:
            return await stash.scenes_after(after_id, limit)

    async def stamps_after(
        self, after_id: str | None, limit: int, *, window: Window = EVERYTHING
    ) -> Sequence[Stamp]:
        """See `StashClient.stamps_after`."""
        async with self._present() as stash:
            return await stash.stamps_after(after_id, limit, window=window)

    async def scenes(self, ids: Sequence[str]) -> ScenesById:
        """See `StashClient.scenes`."""
        async with self._present() as stash:
            return await stash.scenes(ids)

    async def entity_prints(self) -> Mapping[EntityKind, str]:
        """See `StashClient.entity_prints`."""
        async with self._present() as stash:
            return await stash.entity_prints()

    async def entities(self, kind: EntityKind) -> EntityList:
        """See `StashClient.entities`."""
        async with self._present() as stash:
            return await stash.entities(kind)

    async def update_scene(self, update: SceneUpdate) -> Scene:
        """See `StashClient.update_scene`."""
        async with self._present() as stash:
            return await stash.update_scene(update)

    async def create_entity(self, kind: EntityKind, name: str) -> Entity:
        """See `StashClient.create_entity`."""
        async with self._present() as stash:
            return await stash.create_entity(kind, name)

    async def find_entity(self, kind: EntityKind, name: str) -> Entity | None:
        """See `StashClient.find_entity`."""
        async with self._present() as stash:
            return await stash.find_entity(kind, name)

    async def entity_uses(self, kind: EntityKind, entity_id: str) -> int | None:
        """See `StashClient.entity_uses`."""
        async with self._present() as stash:
            return await stash.entity_uses(kind, entity_id)

    async def destroy_entity(self, kind: EntityKind, entity_id: str) -> None:
        """See `StashClient.destroy_entity`."""
        async with self._present() as stash:
            return await stash.destroy_entity(kind, entity_id)

    async def screenshot(self, path: str, *, if_none_match: str | None = None) -> Screenshot:
        """See `StashClient.screenshot`."""
        async with self._present() as stash:
            return await stash.screenshot(path, if_none_match=if_none_match)
