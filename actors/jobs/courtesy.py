"""Making way for Stash while it scans or generates, where the settings say so.

Rules:
- A question to Stash waits before it is asked; what was begun is brought to its end.
- Stash is looked at once in `LOOK_EVERY_S` seconds, however many jobs there are.
- Not knowing is no reason to wait: the question itself finds out whether Stash is away.
"""

from __future__ import annotations

from datetime import timedelta

import trio

from actors.jobs.context import JobContext
from stashhog.core.exceptions import StashHogException

LOOK_EVERY_S = 5.0


async def make_way(ctx: JobContext) -> None:
    """Wait, visibly, while Stash is at work on something that we should not disturb."""
    code = await _hindrance(ctx)
    if code is not None:
        ctx.log("info", "making way for Stash, which scans or generates")
    while code is not None:
        with ctx.waiting(code, ctx.now() + timedelta(seconds=LOOK_EVERY_S)):
            await trio.sleep(LOOK_EVERY_S)
            code = await _hindrance(ctx)


async def _hindrance(ctx: JobContext) -> str | None:
    if ctx.shielded or not ctx.settings_now.stash.pause_while_busy:
        return None
    look, now = ctx.shared.stash_look, trio.current_time()
    if now - look.at >= LOOK_EVERY_S:
        look.at = now
        try:
            look.code = await ctx.ports.stash.hindrance()
        except StashHogException:
            look.code = None
    return look.code
