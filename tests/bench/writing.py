"""Apply beside a bare client that reads and writes each scene once: same Stash, same run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import httpx

from stashhog.stash.documents import SCENES_BY_ID, UPDATE_SCENE, Operation
from tests.bench.service import MINUTES, ended, running, seconds


def run(argv: Sequence[str]) -> int:
    """Apply and undo `--changes` of what an analysis proposes, between two runs of the bare client.

    The bare client sets a field that no plan touches, and clears it again.
    """
    with running("apply", argv) as (service, api, options):
        api.ended(api.sync("full"), seconds=MINUTES)
        plan = api.ended(api.analyse(filter={"all": True}), seconds=MINUTES)["result"]["plan_id"]
        changes = _chosen(api.changes(plan), options.per_scene)[: options.changes]
        for start in range(0, len(changes), 1000):
            api.decide(plan, "accepted", ids=[c["id"] for c in changes[start : start + 1000]])
        scenes = list(dict.fromkeys(change["scene_id"] for change in changes))
        url = service.env["STASHHOG_STASH__URL"]
        walls = {"bare": bare(url, options.api_key, scenes, "somebody")}
        for what, begin in (("apply", api.apply), ("undo", api.undo)):
            done = ended(api, begin(plan))
            walls[what] = seconds(done)
            print(f"{what} of {len(changes)} changes of {len(scenes)} scenes: {done['result']}")
        walls["bare again"] = bare(url, options.api_key, scenes, "")
        mean = (walls["bare"] + walls["bare again"]) / 2
        for what, wall in walls.items():
            each = wall / len(scenes) * 1000
            print(f"{what}: {wall:.2f} s, {each:.1f} ms a scene, {wall / mean:.2f} of the bare one")
    return 0


def _chosen(changes: Sequence[dict], per_scene: int) -> list[dict]:
    """The first few of each scene."""
    taken: Counter[str] = Counter()
    chosen = []
    for change in changes:
        if not change["creates_entity"] and taken[change["scene_id"]] < per_scene:
            taken[change["scene_id"]] += 1
            chosen.append(change)
    return chosen


def bare(url: str, api_key: str | None, scenes: Sequence[str], director: str) -> float:
    """Read and write each scene once, and nothing more; returns the wall time."""
    headers = {"Accept": "application/json", **({"ApiKey": api_key} if api_key else {})}
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:

        def ask(operation: Operation, variables: dict) -> None:
            body = {"query": operation.text, "variables": variables}
            answer = client.post(f"{url}/graphql", json=body)
            assert "errors" not in answer.json(), answer.text

        start = time.perf_counter()
        for scene_id in scenes:
            ask(SCENES_BY_ID, {"ids": [scene_id]})
            ask(UPDATE_SCENE, {"input": {"ids": [scene_id], "director": director}})
        return time.perf_counter() - start
