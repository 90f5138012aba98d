"""The settings as they are now, and the one place where they change while running.

Rules:
- `current` is immutable and swapped whole: who took it keeps a consistent view.
- A change is judged, then stored, then in force: what was answered survives a restart.
- A change that cannot be put into force (a log file that cannot be written) is refused before it
  is stored. Once stored, cancelling the request does not keep the parts from being told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
import trio
from pydantic import SecretStr

from stashhog.core.config import SECRET_FIELDS, Settings, SettingsLayers, resolve
from stashhog.core.config.resolved import ResolvedSettings
from stashhog.core.config.update import plan_update
from stashhog.core.exceptions import SettingsError, ValidationError
from stashhog.core.logging import configure_logging, register_secret
from stashhog.db import Database
from stashhog.db.settings import save_settings
from stashhog.llm import ModelSwitch
from stashhog.stash import StashSwitch

log = structlog.get_logger(__name__)


class SettingsHolder:
    """Holds the settings; made by the composition root with the database's layer laid in.

    Raises:
        SettingsError: a value outside the database cannot be used.
    """

    def __init__(
        self,
        *,
        layers: SettingsLayers,
        version: int,
        db: Database,
        stash: StashSwitch,
        model: ModelSwitch,
    ) -> None:
        self._resolved = resolve(layers)
        self._version = version
        self._db = db
        self._stash = stash
        self._model = model
        self._changing = trio.Lock()
        self._keep_secrets_out_of_logs()
        for notice in self._resolved.notices:
            log.warning("setting_left_out", notice=notice)

    @property
    def current(self) -> Settings:
        """The settings as they are now."""
        return self._resolved.settings

    @property
    def resolved(self) -> ResolvedSettings:
        """The settings with their sources."""
        return self._resolved

    @property
    def version(self) -> int:
        """Rises with each change that was stored."""
        return self._version

    async def update(self, tree: Mapping[str, Any], *, sent_version: int | None) -> frozenset[str]:
        """Judge, store and put into force a partial tree of values; returns what changed.

        Raises:
            ValidationError: `bad_value`, `secret_required`; nothing was changed.
            ConflictError: `setting_read_only`, `settings_changed`; nothing was changed.
            StorageError: it could not be stored; nothing was changed.
        """
        async with self._changing:
            saved = plan_update(
                self._resolved.layers,
                tree,
                stored_version=self._version,
                sent_version=sent_version,
            )
            before = self._resolved
            after = resolve(before.layers.with_database(saved))
            self._configure_logging(before.settings, after.settings)
            with trio.CancelScope(shield=True):
                try:
                    version = await self._db.write(
                        save_settings, self._db.secrets, saved, self._version
                    )
                except BaseException:
                    self._configure_logging(after.settings, before.settings)
                    raise
                self._resolved, self._version = after, version
                self._keep_secrets_out_of_logs()
                await self._tell(before.settings, after.settings)
        changed = frozenset(_changed(before.settings, after.settings))
        log.info("settings_changed", settings=sorted(changed), version=version)
        return changed

    async def _tell(self, before: Settings, after: Settings) -> None:
        if before.stash != after.stash:
            await self._stash.configure(after.stash)
        if before.openai != after.openai:
            await self._model.configure(after.openai)

    @staticmethod
    def _configure_logging(before: Settings, after: Settings) -> None:
        if before.logging == after.logging:
            return
        try:
            configure_logging(after.logging)
        except SettingsError as error:
            raise ValidationError(error.detail, code="bad_value") from None

    def _keep_secrets_out_of_logs(self) -> None:
        for name in SECRET_FIELDS:
            group, _, key = name.partition(".")
            secret: SecretStr | None = getattr(getattr(self.current, group), key)
            register_secret(secret.get_secret_value() if secret is not None else None)
        ambient = self.current.openai.effective_key
        register_secret(ambient.get_secret_value() if ambient is not None else None)


def _changed(before: Settings, after: Settings) -> Iterable[str]:
    for group in type(before).model_fields:
        old, new = getattr(before, group), getattr(after, group)
        for key in type(old).model_fields:
            if getattr(old, key) != getattr(new, key):
                yield f"{group}.{key}"
