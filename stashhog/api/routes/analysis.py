"""Plans: make one, review it, apply it, undo it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson
import trio
from quart import Blueprint, Response, current_app

from actors.estimating import MOST_LOOKED_AT
from actors.model_calls import check_wanted
from stashhog.api.bodies import spooled
from stashhog.api.contract import JSON, NDJSON, BodyModel, operation
from stashhog.api.dependencies import (
    get_actors,
    get_db,
    get_exchange,
    get_openai_client,
    get_settings,
)
from stashhog.api.routes.scenes import Shapes, require_stash
from stashhog.api.schemas.analysis import (
    ApplyBody,
    CalibrationResponse,
    ChangeFilterBody,
    ChangeListQuery,
    ChangeResponse,
    DecideBody,
    DecideResponse,
    EditBody,
    EstimateResponse,
    ExplainBody,
    ExplainResponse,
    GenerateBody,
    ImportResponse,
    PlanListQuery,
    PlanResponse,
    RejectionListQuery,
    RejectionResponse,
    ReviewQuery,
    ReviewResponse,
    UndoBody,
)
from stashhog.api.schemas.common import Page
from stashhog.api.schemas.jobs import JobResponse
from stashhog.api.static import mark_packed, pack, takes_gzip
from stashhog.core.exceptions import ValidationError
from stashhog.db import (
    Database,
    calibration as db_calibration,
    plans as db_plans,
    scenes as db_scenes,
)
from stashhog.db.jobs import job_json
from stashhog.domain.jobs import (
    AnalysisSubmission,
    ApplySubmission,
    ChangeSelection,
    SceneSelection,
    UndoSubmission,
)
from stashhog.domain.library import new_scene
from stashhog.domain.plans import ChangeStatus
from stashhog.domain.selections import allow_none, require_one

bp = Blueprint("analysis", __name__, url_prefix="/analysis")

EXPORT_PAGE = 1000
IMPORT_LINES = 500
"""So many decisions are one transaction."""
PACK_LEVEL = 3
"""On the way to a browser nearby, speed counts for more than the last bytes."""


def _given(model: BodyModel | None) -> dict[str, Any] | None:
    """What a body model was sent with, without the defaults."""
    return None if model is None else model.model_dump(exclude_unset=True, exclude_none=True)


def _selection(body: GenerateBody) -> SceneSelection:
    wanted = _given(body.filter)
    require_one(scene_ids=body.scene_ids, filter=wanted)
    ids = None if body.scene_ids is None else tuple(body.scene_ids)
    return SceneSelection(ids, wanted)


def _options(body: GenerateBody) -> dict[str, Any]:
    return body.options.model_dump(mode="json", exclude_unset=True, exclude_none=True)


@bp.post("/generate")
@operation("Analyse scenes into a plan", {202: JobResponse}, body=GenerateBody, errors=(409,))
async def generate(body: GenerateBody) -> dict[str, Any]:
    """The scenes are fixed now, in id order; `params.plan_id` names the plan.

    Options that are not given are those of the settings.
    """
    selection, options = _selection(body), _options(body)
    check_wanted(options, get_settings(), get_openai_client())
    submission = AnalysisSubmission(selection, options, body.name)
    return job_json(await get_actors().planner.submit(submission))


@bp.post("/estimate")
@operation("What an analysis would cost", EstimateResponse, body=GenerateBody, errors=(409,))
async def estimate(body: GenerateBody) -> EstimateResponse:
    """What would be sent to the model, without calling it; answers that are kept cost nothing.

    Large selections are judged by a sample. Usual sizes, not bounds: the caps are what holds.
    """
    selection, options = _selection(body), _options(body)
    check_wanted(options, get_settings(), get_openai_client())
    total, sample = await get_db().read(db_scenes.sample_selection, selection, MOST_LOOKED_AT)
    found = await get_actors().planner.estimate(sample, total, options)
    return EstimateResponse(**asdict(found))


@bp.post("/explain")
@operation("What is found in one path, and why", ExplainResponse, body=ExplainBody, errors=(404,))
async def explain(body: ExplainBody) -> dict[str, Any]:
    """All candidates with spans, rules and runners-up; changes nothing.

    The first one after the library changed waits until it is learned from.
    """
    require_one(path=body.path, scene_id=body.scene_id)
    if body.path is not None:
        scene = new_scene(body.path, datetime.now(UTC))
    else:
        scene = await get_db().read(db_scenes.held_scene, body.scene_id or "")
    return await get_actors().planner.explain(scene)


@bp.get("/calibration")
@operation("How confidences turned out", CalibrationResponse)
async def show_calibration() -> dict[str, Any]:
    """Confidences as shown, and how many of those proposals people took."""
    return await get_db().read(db_calibration.calibration)


@bp.get("/plans")
@operation("Find plans", Page[PlanResponse], query=PlanListQuery)
async def list_plans(query: PlanListQuery) -> Shapes:
    """Newest first."""
    sort = query.sort_key()
    return await get_db().read(db_plans.list_plans, query.status, query.params(), sort)


@bp.get("/plans/<id:plan_id>")
@operation("One plan", PlanResponse, errors=(404,))
async def show_plan(plan_id: int) -> dict[str, Any]:
    """With how many changes stand where."""
    return await get_db().read(db_plans.get_plan, plan_id)


@bp.delete("/plans/<id:plan_id>")
@operation("Delete a plan", {204: None}, errors=(404, 409))
async def delete_plan(plan_id: int) -> None:
    """Journal, rejections and the scenes' history stay."""
    await get_db().write(db_plans.delete_plan, plan_id)


@bp.get("/plans/<id:plan_id>/changes")
@operation("A plan's changes", Page[ChangeResponse], query=ChangeListQuery, errors=(404,))
async def list_changes(plan_id: int, query: ChangeListQuery) -> Shapes:
    """By scene, unless sorted otherwise."""
    sort = query.sort_key()
    filters = db_plans.change_filters(query.filters())
    return await get_db().read(db_plans.list_changes, plan_id, filters, query.params(), sort)


@bp.get("/plans/<id:plan_id>/review")
@operation("All changes of a plan in few bytes", ReviewResponse, query=ReviewQuery, errors=(404,))
async def review_plan(plan_id: int, query: ReviewQuery) -> Response:
    """What a review page holds of each change, in one answer; reasons and evidence are in the list.

    With `after_id` and `since` of what is held already: only what came or moved since.
    """
    content = await get_db().read(
        db_plans.change_index,
        plan_id,
        after_id=query.after_id,
        since=query.since,
        now=datetime.now(UTC),
    )
    packed = await trio.to_thread.run_sync(pack, content, PACK_LEVEL) if takes_gzip() else None
    body = content if packed is None else packed
    response: Response = current_app.response_class(body, 200, content_type=JSON)
    if packed is not None:
        mark_packed(response)
    return response


@bp.patch("/plans/<id:plan_id>/changes")
@operation("Decide many changes", DecideResponse, body=DecideBody, errors=(404,))
async def decide_changes(plan_id: int, body: DecideBody) -> dict[str, Any]:
    """Only changes that may move there are moved and counted.

    `dry_run` only counts; with `foresee` it says what accepting would meet.
    """
    wanted = _change_filter(body.filter)
    require_one(ids=body.ids, filter=wanted)
    act = get_db().read if body.dry_run else get_db().write
    return await act(
        db_plans.decide,
        plan_id,
        ChangeStatus(body.status),
        ids=None if body.ids is None else tuple(body.ids),
        filters=None if wanted is None else db_plans.change_filters(wanted),
        dry_run=body.dry_run,
        foresee=body.foresee,
        now=datetime.now(UTC),
    )


def _change_filter(body: ChangeFilterBody | None) -> dict[str, Any] | None:
    """A body's filter in the form of the query's: repeatable ones always as lists."""
    given = _given(body)
    if given is None:
        return None
    single = ("all", "min_confidence", "max_confidence")
    return {
        name: value if name in single or isinstance(value, list) else [value]
        for name, value in given.items()
    }


@bp.patch("/changes/<id:change_id>")
@operation("Decide or edit one change", ChangeResponse, body=EditBody, errors=(404, 409))
async def edit_change(change_id: int, body: EditBody) -> dict[str, Any]:
    """`proposed` is checked like a detector's value and marks the change as edited."""
    given = body.model_dump(exclude_unset=True)
    if body.status is None and "proposed" not in given:
        raise ValidationError("give a status or a proposed value", code="empty_selection")
    return await get_db().write(
        db_plans.edit_change,
        change_id,
        status=None if body.status is None else ChangeStatus(body.status),
        proposed=given.get("proposed", db_plans.UNSET),
        now=datetime.now(UTC),
    )


@bp.post("/plans/<id:plan_id>/apply")
@operation("Write accepted changes to Stash", {202: JobResponse}, body=ApplyBody, errors=(404, 409))
async def apply_plan(plan_id: int, body: ApplyBody) -> dict[str, Any]:
    """Never over somebody else's edit; nothing to do is a job that ends with zeros."""
    submission = ApplySubmission(plan_id, _changes(body))
    require_stash()
    return job_json(await get_actors().registry.submit(submission))


@bp.post("/plans/<id:plan_id>/undo")
@operation("Put back what a plan wrote", {202: JobResponse}, body=UndoBody, errors=(404, 409))
async def undo_plan(plan_id: int, body: UndoBody) -> dict[str, Any]:
    """Only where Stash still has what the plan wrote."""
    submission = UndoSubmission(plan_id, _changes(body), body.remove_created)
    require_stash()
    return job_json(await get_actors().registry.submit(submission))


def _changes(body: ApplyBody) -> ChangeSelection:
    allow_none(change_ids=body.change_ids, scene_ids=body.scene_ids)
    return ChangeSelection(
        None if body.change_ids is None else tuple(body.change_ids),
        None if body.scene_ids is None else tuple(body.scene_ids),
    )


@bp.get("/plans/<id:plan_id>/export")
@operation("A plan as a file", NDJSON, errors=(404,))
async def export_plan(plan_id: int) -> Response:
    """JSON lines: the plan first, then its changes with their decisions."""
    plan = await get_db().read(db_plans.get_plan, plan_id)
    response = current_app.response_class(_exported(get_db(), plan), content_type=NDJSON)
    response.timeout = None
    name = f'attachment; filename="stashhog-plan-{plan_id}.jsonl"'
    response.headers["Content-Disposition"] = name
    return response


async def _exported(db: Database, plan: dict[str, Any]) -> AsyncIterator[bytes]:
    """The lines, page by page; runs after the request's own context has ended."""
    yield orjson.dumps(plan, option=orjson.OPT_APPEND_NEWLINE)
    after = 0
    while lines := await db.read(db_plans.export_lines, plan["id"], after, EXPORT_PAGE):
        yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        after = lines[-1]["id"]


@bp.post("/plans/import")
@operation(
    "Bring decisions back from a file",
    ImportResponse,
    consumes=NDJSON,
    streams=True,
    errors=(422, 507),
)
async def import_plan() -> dict[str, int]:
    """Matched by scene, field, action and value; what matches nothing is counted.

    A line that is none of an export keeps all of them out.
    """
    body = get_exchange().body
    assert body is not None  # noqa: S101 - what streams has one
    found: Counter[str] = Counter()
    async with spooled(body, get_settings().app.data_dir) as file:
        await trio.to_thread.run_sync(db_plans.check_lines, file)
        file.seek(0)
        lines = db_plans.lines_of(file)
        while some := await trio.to_thread.run_sync(lambda: list(islice(lines, IMPORT_LINES))):
            found.update(await get_db().write(db_plans.import_decisions, some, datetime.now(UTC)))
    return {name: found[name] for name in ("updated", "unchanged", "unmatched")}


@bp.get("/rejections")
@operation("What is not proposed again", Page[RejectionResponse], query=RejectionListQuery)
async def list_rejections(query: RejectionListQuery) -> Shapes:
    """Newest first."""
    query.sort_key()
    return await get_db().read(
        db_plans.list_rejections, query.scene_id, query.field, query.params()
    )


@bp.delete("/rejections/<id:rejection_id>")
@operation("Forget a rejection", {204: None}, errors=(404,))
async def delete_rejection(rejection_id: int) -> None:
    """It may be proposed again from now on."""
    await get_db().write(db_plans.delete_rejection, rejection_id)
