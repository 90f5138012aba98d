"""A library full of damage: what a sync makes of it, and whether its counts agree with Stash's.

The count is of scenes. Some have nothing but nulls, a title of a megabyte, an impossible date, NUL
and text from right to left, half a character, a tag that is gone (which nulls the whole page it is
on), or five thousand tags; some come twice in an answer, some go while their page is read. Tags
are each other's parents. The sync has to end, hold every scene that can be read exactly once, and
list every other one.
"""

from __future__ import annotations

from typing import Any

from stashhog.demo.faults import edited, overtaken
from stashhog.demo.rows import SceneRow
from stashhog.demo.state import StashState
from tests.bench.service import peak_bytes
from tests.reliability.site import site
from tests.reliability.trial import Trial
from tests.rig.installation import Installation

USUAL = 10_000
MANY_TAGS = 5_000
"""So many are on a scene; in a small library fewer, ten for each scene."""
LONG = 1_000_000
GONE_TAG = 999_999
ENV = {"STASHHOG_STASH__PAGE_SIZE": "200"}


def run(trial: Trial) -> None:
    """Damage the sample's library, sync, compare; then mend nothing and sync again."""
    with site(trial, scenes=trial.count, env=ENV) as at:
        unreadable = at.stash.do(_damage, trial, at.stash.sample.state)
        twice = at.stash.fault(edited(_doubled), "ScenesAfter", times=5, skip=1)
        leaving = [str(key) for key in trial.chance.sample(range(31, 31 + trial.count), 5)]
        going = at.stash.fault(
            overtaken(lambda _: _let_go(at.stash.sample.state, leaving)), "ScenesAfter", skip=2
        )
        for mode in ("full", "full", "incremental"):
            _sync(trial, at, mode, unreadable)
        if trial.count > 2 * int(ENV["STASHHOG_STASH__PAGE_SIZE"]):
            trial.check(twice.hits and going.hits, "the damage came to pass", (twice, going))
        trial.figures.update(scenes=trial.count, unreadable=len(unreadable))
        trial.figures["peak_mb"] = peak_bytes(at.service) // 1_000_000
        trial.check("Traceback" not in at.service.log, "no traceback in the log")


def _sync(trial: Trial, at: Installation, mode: str, unreadable: set[str]) -> None:
    ended = at.api.final(at.api.sync(mode), seconds=900)
    trial.check(ended["status"] == "completed", "a sync of damage completes", (mode, ended))
    present = set(at.stash.scenes())
    held = [scene["id"] for scene in at.api.items("/scenes")]
    trial.check(len(held) == len(set(held)), "no scene is held twice", len(held))
    wanted = present - unreadable
    wrong = sorted(set(held) ^ wanted)[:5]
    trial.check(not wrong, "what can be read is held, and nothing else", (mode, wrong))
    lines = [line["message"] for line in at.api.items(f"/jobs/{ended['id']}/log")]
    listed = {i for i in unreadable if any(f"scene {i}:" in line for line in lines)}
    if mode == "full":
        failed = ended["result"]["failed"]
        trial.check(failed == len(unreadable & present), "failures are counted", ended["result"])
        trial.check(listed == unreadable & present, "and listed", (unreadable, lines[:5]))
    trial.figures[f"last_{mode}"] = ended["result"]


def _damage(trial: Trial, state: StashState) -> set[str]:
    """Damage some scenes each way, and the tags; returns the ids that nobody can read."""
    tags = sorted(state.tags.rows)
    state.tags.rows[tags[0]].parent_ids = [tags[1]]
    state.tags.rows[tags[1]].parent_ids = [tags[0]]
    state.tags.rows[tags[2]].parent_ids = [tags[2]]
    state.tags.rows[tags[3]].name = "\u202eneddih\u0000 \U0001f600"
    for number in range(min(MANY_TAGS, 10 * trial.count)):
        state.tags.create({"name": f"One of many {number}"})
    every = sorted(state.tags.rows)
    chosen = iter(trial.chance.sample(sorted(state.scenes), min(60, len(state.scenes) - 10)))
    unreadable: set[str] = set()
    for row in (state.scenes[next(chosen)] for _ in range(6)):
        _nothing(row)
    for row in (state.scenes[next(chosen)] for _ in range(4)):
        row.title = "x" * LONG
    for text in ("0000-00-00", "not a date", "2024-13-45", "99999-01-01"):
        state.scenes[next(chosen)].date = text
    for text in ("a\x00b", "\u202eneddih", "\ud800 half", "\U0001f600" * 50, "\ufffe\uffff"):
        row = state.scenes[next(chosen)]
        row.title = row.details = text
        row.files[0].path = f"/media/{text}.mp4"
    for text in ("", "yesterday", "0000-00-00T00:00:00Z"):
        row = state.scenes[next(chosen)]
        row.created_at = text
        unreadable.add(str(row.id))
    state.scenes[next(chosen)].created_at = "9999-12-31T23:59:59Z"
    for _ in range(3):
        state.scenes[next(chosen)].tag_ids = list(every)
    for _ in range(3):
        row = state.scenes[next(chosen)]
        row.tag_ids = [*row.tag_ids, GONE_TAG]
        unreadable.add(str(row.id))
    return unreadable


def _nothing(row: SceneRow) -> None:
    absent: Any = None
    row.title = row.details = row.code = row.director = row.date = absent
    row.rating100 = row.studio_id = None
    row.urls, row.tag_ids, row.performer_ids = [], [], []
    row.files = []


def _doubled(answer: Any) -> None:
    """Put the first scene of a page onto it a second time."""
    scenes = ((answer.get("data") or {}).get("findScenes") or {}).get("scenes")
    if scenes:
        scenes.append(scenes[0])


def _let_go(state: StashState, ids: list[str]) -> None:
    """Remove scenes just before a page is read."""
    for scene_id in ids:
        if int(scene_id) in state.scenes:
            state.destroy_scenes([scene_id])
