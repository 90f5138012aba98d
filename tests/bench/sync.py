"""P1, P2, P8 and P9 on a Stash: a full sync beside a bare client that downloads the same pages.

`python -m tests.bench sync [--stash URL [--api-key KEY]] [--scenes N]`. The bare client asks the
same questions in the same order, one at a time over one connection, and throws the answers away;
it runs before and after the sync, and the ratio is to their mean. Nothing else looks at the service
while that is measured.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from stashhog.stash.documents import SCENES_AFTER
from stashhog.stash.transport import coding_for
from tests.bench.service import MINUTES, measured, peak_bytes, resident_bytes, running
from tests.rig.api import Api
from tests.rig.waiting import until

PAGE = 500
"""As `stash.page_size` is by default."""
_IDS = re.compile(rb'\{"id":"(\d+)","title"')
TURNS = 5


def bare_download(url: str, api_key: str | None) -> tuple[int, float]:
    """Download all scenes and throw them away; returns how many, and the seconds."""
    headers = {"Accept": "application/json", "Accept-Encoding": coding_for(url)}
    if api_key:
        headers["ApiKey"] = api_key
    count, after = 0, 0
    start = time.perf_counter()
    with httpx.Client(headers=headers, trust_env=False, timeout=120) as http:
        while True:
            where = {"id": {"value": after, "modifier": "GREATER_THAN"}}
            paging = {"sort": "id", "direction": "ASC", "per_page": PAGE}
            body = {"query": SCENES_AFTER.text, "variables": {"filter": paging, "where": where}}
            answer = http.post(f"{url.rstrip('/')}/graphql", json=body)
            ids = _IDS.findall(answer.raise_for_status().content)
            count += len(ids)
            if len(ids) < PAGE:
                return count, time.perf_counter() - start
            after = int(ids[-1])


def _synced(api: Api, mode: str) -> tuple[dict[str, object], float]:
    """Run a sync; returns its result, and the seconds from its making to its end."""
    job = api.sync(mode)

    def ended() -> dict[str, Any] | None:
        now = api.job(job["id"])
        return now if now["finished_at"] else None

    done = until(ended, "the sync ends", seconds=MINUTES, every_s=0.25)
    assert done["status"] == "completed", done
    times = (datetime.fromisoformat(done[name]) for name in ("created_at", "finished_at"))
    made, end = times
    return done["result"], (end - made).total_seconds()


def run(argv: Sequence[str]) -> int:
    """Print the figures; judges nothing."""
    with running("sync", argv) as (service, api, options):
        url = options.url
        print(f"idle {resident_bytes(service) / 1e6:.0f} MB")
        count, before = bare_download(url, options.api_key)
        print(f"bare client: {count} scenes in {before:.2f} s, {count / before:,.0f}/s")
        result, full = _synced(api, "full")
        print(f"full sync into an empty store: {full:.2f} s, {count / full:,.0f}/s")
        print(f"  {json.dumps(result)}")
        _, after = bare_download(url, options.api_key)
        print(f"bare client again: {after:.2f} s")
        print(f"P1 ratio {full / ((before + after) / 2):.2f}")
        print(f"peak {peak_bytes(service) / 1e6:.0f} MB")
        with measured(service, f"{TURNS} syncs with nothing changed"):
            turns = sorted(_synced(api, "incremental")[1] for _ in range(TURNS))
        nothing = turns[len(turns) // 2]
        print(f"P2 {nothing:.2f} s, 1/{full / nothing:.0f} of the full sync")
        with measured(service, "full sync again, looked at 200 times a second", count):
            _synced(api, "full")
    return 0
