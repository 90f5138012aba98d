'''The routes, one module for each group; each has one blueprint called `bp`.

How to add a route:

1. Put its models into `stashhog/api/schemas/<group>.py`: answers inherit `ApiModel`, queries
   `QueryModel` (lists `ListQuery`), bodies `BodyModel`.
2. Write the function in `stashhog/api/routes/<group>.py`:

       bp = Blueprint("plans", __name__)

       @bp.get("/analysis/plans/<id:plan_id>")
       @operation("One plan", PlanResponse, errors=(404,))
       async def show_plan(plan_id: int) -> dict[str, Any]:
           """Longer text for the documentation, in Markdown."""
           return await get_db().read(plans.get_plan, plan_id)

   `operation` reads the query (`query=Model` → argument `query`) and the JSON body (`body=Model` →
   argument `body`), turns what is returned into JSON, and documents it all. Return a model, a
   JSON-ready dict, a `PaginatedResponse`, `(value, status)`, None for 204, or a `Response`.
   Ids in paths: `<id:…>` (int), `<job:…>` (text of a UUID), `<stash:…>` (text).
   Raise `stashhog.core.exceptions`; `error_handlers` knows the statuses. No status codes elsewhere.
   Document each error status that the route adds by `errors=`: 401, 403, 405, 421, 422, 503 and
   what goes with bodies are added for you.
3. A new module: add its `bp` to `BLUEPRINTS` below. Paths are relative to `/api`.

The route is closed to strangers by that alone: only `open=True` opens one, and a test keeps the
list of those. A WebSocket route is `@bp.websocket(…)` with `@socket(summary, description)` below
it and runs `stashhog.api.sockets.converse`.
'''

from __future__ import annotations

from quart import Blueprint

from stashhog.api.routes import (
    analysis,
    auth,
    health,
    hooks,
    jobs,
    library,
    metrics,
    scenes,
    schedules,
    settings,
    sockets,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    analysis.bp,
    auth.bp,
    health.bp,
    hooks.bp,
    jobs.bp,
    library.bp,
    metrics.bp,
    scenes.bp,
    schedules.bp,
    settings.bp,
    sockets.bp,
)
"""Registered under `/api`."""
