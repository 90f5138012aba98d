"""The shorter proof against a real Stash: edits under names of its own, synced in between.

What it creates it removes again; what was there before is only read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import trio

from stashhog.core.config import Settings, StashSettings
from tests.contracts.speaking import Speaker
from tests.reliability.copies import Copy, differences, opened_copy
from tests.reliability.library_histories import Edit, Sync
from tests.reliability.trial import Trial

SETTLED_S = 5.0
"""After this long no edit lies in the present second any more."""


@dataclass
class Hand:
    """Somebody who edits what the trial made."""

    speaker: Speaker
    scenes: list[str] = field(default_factory=list)
    entities: dict[str, list[str]] = field(
        default_factory=lambda: {"tag": [], "performer": [], "studio": []}
    )
    names: int = 0

    def name(self) -> str:
        """A name that nobody has."""
        self.names += 1
        return f"{self.speaker.prefix}{self.names}"

    async def happen(self, edit: Edit) -> None:
        """Let an edit happen, where there is something that it can happen to."""
        await EDITS[edit.what](self, edit.one, edit.other)

    def scene(self, number: int) -> str | None:
        """One of the trial's scenes."""
        return self.scenes[number % len(self.scenes)] if self.scenes else None

    def entity(self, kind: str, number: int) -> str | None:
        """One of the trial's entities."""
        ids = self.entities[kind]
        return ids[number % len(ids)] if ids else None


async def _create(hand: Hand, one: int, other: int) -> None:
    tag = hand.entity("tag", other)
    links = {"tag_ids": [tag]} if one % 2 and tag else {}
    hand.scenes.append(await hand.speaker.scene(title=hand.name(), **links))


async def _destroy(hand: Hand, one: int, _other: int) -> None:
    scene_id = hand.scene(one)
    if scene_id is not None:
        hand.scenes.remove(scene_id)
        await hand.speaker.destroy("scene", scene_id)


def _update(values: Callable[[Hand, int], dict[str, Any]]) -> Doing:
    async def act(hand: Hand, one: int, other: int) -> None:
        scene_id = hand.scene(one)
        if scene_id is not None:
            await hand.speaker.update(scene_id, **values(hand, other))

    return act


def _link(kind: str, mode: str) -> Doing:
    async def act(hand: Hand, one: int, other: int) -> None:
        scene_id, entity_id = hand.scene(one), hand.entity(kind, other)
        if scene_id is not None and entity_id is not None:
            change = {f"{kind}_ids": {"ids": [entity_id], "mode": mode}}
            await hand.speaker.bulk(scene_id, **change)

    return act


def _make(kind: str) -> Doing:
    async def act(hand: Hand, _one: int, _other: int) -> None:
        hand.names += 1
        hand.entities[kind].append(await hand.speaker.entity(kind, f"{hand.names}"))

    return act


def _rename(kind: str) -> Doing:
    async def act(hand: Hand, one: int, _other: int) -> None:
        entity_id = hand.entity(kind, one)
        if entity_id is not None:
            document = f"mutation($i:{kind.title()}UpdateInput!){{{kind}Update(input:$i){{id}}}}"
            await hand.speaker.ask(document, i={"id": entity_id, "name": hand.name()})

    return act


def _remove(kind: str) -> Doing:
    async def act(hand: Hand, one: int, _other: int) -> None:
        entity_id = hand.entity(kind, one)
        if entity_id is not None:
            hand.entities[kind].remove(entity_id)
            await hand.speaker.destroy(kind, entity_id)

    return act


async def _merge(hand: Hand, one: int, other: int) -> None:
    source, target = hand.entity("tag", one), hand.entity("tag", other)
    if source is None or target is None or source == target:
        return
    document = "mutation($i:TagsMergeInput!){tagsMerge(input:$i){id}}"
    await hand.speaker.ask(document, i={"source": [source], "destination": target})
    hand.entities["tag"].remove(source)
    hand.speaker.made.remove(("tag", source))


Doing = Callable[[Hand, int, int], Awaitable[None]]
EDITS: dict[str, Doing] = {
    "create": _create,
    "destroy": _destroy,
    "title": _update(lambda hand, _: {"title": hand.name()}),
    "details": _update(lambda _, other: {"details": f"Words {other}", "rating100": other + 1}),
    "same": _update(lambda _hand, _other: {}),
    "tag": _link("tag", "ADD"),
    "no tag": _link("tag", "REMOVE"),
    "performer": _link("performer", "ADD"),
    "no performer": _link("performer", "REMOVE"),
    "create tag": _make("tag"),
    "create performer": _make("performer"),
    "create studio": _make("studio"),
    "rename tag": _rename("tag"),
    "rename performer": _rename("performer"),
    "destroy tag": _remove("tag"),
    "destroy performer": _remove("performer"),
    "merge tags": _merge,
}
FIRST = ("create tag", "create tag", "create performer", "create", "create", "create")


def _now() -> datetime:
    return datetime.now(UTC)


async def _played(trial: Trial) -> list[str]:
    address = StashSettings(url=trial.stash, api_key=trial.api_key)
    base = str(address.url).rstrip("/")
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        speaker = Speaker(base, trial.api_key, http)
        hand = Hand(speaker)
        try:
            async with opened_copy(Settings(stash=address), _now, hand.happen) as copy:
                return await _story(trial, hand, copy)
        finally:
            await speaker.tidy()


async def _story(trial: Trial, hand: Hand, copy: Copy) -> list[str]:
    await copy.play(Sync("full"))
    for what in FIRST:
        await hand.happen(Edit(what, 1, 1))
    chance = trial.chance
    for _ in range(trial.count):
        edits = [_some_edit(chance) for _ in range(chance.randrange(4))]
        for edit in edits[:2]:
            await hand.happen(edit)
            trial.checked["edits"] += 1
        within = tuple((chance.randrange(1, 25), edit) for edit in edits[2:])
        ends_at = chance.randrange(1, 25) if chance.random() < 0.3 else None
        await copy.play(Sync("incremental", within, ends_at, chance.random() < 0.5))
        trial.checked["syncs"] += 1
    await copy.play(Sync())
    await trio.sleep(SETTLED_S)
    return await differences(copy, await copy.play(Sync()))


def _some_edit(chance: Any) -> Edit:
    return Edit(chance.choice(sorted(EDITS)), chance.randrange(30), chance.randrange(30))


def run(trial: Trial) -> None:
    """Edit and sync `count` times, then compare everything."""
    for difference in trio.run(_played, trial):
        trial.check(holds=False, promise="the copy is equal to Stash", found=difference[:500])
    trial.checked["the copy is equal to Stash"] += 1
