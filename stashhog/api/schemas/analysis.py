"""Plans, changes, decisions and what an analysis is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from stashhog.api.contract import SOME, BodyModel, QueryModel, at_most_one, exactly_one
from stashhog.api.schemas.common import ApiModel, Instant, ListQuery, RowId, StashId
from stashhog.api.schemas.scenes import SceneFilterBody
from stashhog.db.plans import CHANGE_SORT_KEYS, PLAN_SORT_KEYS

FieldName = Literal["title", "date", "details", "studio", "performers", "tags"]
ScalarName = Literal["title", "date", "details", "studio"]
ChangeStatusName = Literal[
    "proposed",
    "accepted",
    "rejected",
    "applying",
    "applied",
    "conflict",
    "failed",
    "undone",
    "undo_conflict",
]
Decision = Literal["accepted", "rejected", "proposed"]
PlanStatusName = Literal[
    "draft", "reviewing", "cancelled", "applying", "applied", "partially_applied", "undone"
]
SourceName = Literal["rule", "learned", "llm"]
Confidence = Annotated[float, Field(ge=0, le=1)]
MANY = 10_000


class CreateMissing(BodyModel):
    """For which kinds new entities may be proposed."""

    performers: bool = False
    tags: bool = False
    studios: bool = False


class OptionsBody(BodyModel):
    """How to analyse."""

    fields: list[FieldName] | None = Field(
        default=None,
        description="Default: all but `details`. Details that are asked for are cleaned of markup;"
        " where there are none (or `overwrite` has `details`) and the model is on, it writes a"
        " short text from what is known of the scene: source `llm`, confidence 0.5, the model's"
        " name in `evidence.written_by`.",
    )
    use_llm: Literal["auto", "always", "never"] = "auto"
    min_confidence: Confidence = 0.5
    overwrite: list[ScalarName] = Field(
        default_factory=list, description="Scalar fields whose value may be replaced."
    )
    removals: bool = Field(
        default=False,
        description="Propose to take off performers and tags whose names stand in a path, but most"
        " likely mean something else there.",
    )
    create_missing: bool | CreateMissing = Field(
        default=False, description="Propose names that the library lacks; made when applied."
    )
    include_organized: bool = False
    max_cost_usd: Annotated[float, Field(ge=0)] | None = None
    max_tokens: Annotated[int, Field(ge=0, le=2**53)] | None = None


class GenerateBody(BodyModel):
    """What to analyse, and how: exactly one of `scene_ids` and `filter`."""

    model_config = ConfigDict(json_schema_extra=exactly_one("scene_ids", "filter"))

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    scene_ids: (
        Annotated[list[StashId], Field(max_length=100_000, json_schema_extra=SOME)] | None
    ) = None
    filter: SceneFilterBody | None = None
    options: OptionsBody = OptionsBody()


class EstimateResponse(ApiModel):
    """What an analysis would cost; `cost_usd` is null where no price is known."""

    scenes: int
    llm_scenes: int
    llm_requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class ExplainBody(BodyModel):
    """What to explain: exactly one of a path, as if it were new, and a scene that is held."""

    model_config = ConfigDict(json_schema_extra=exactly_one("path", "scene_id"))

    path: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    scene_id: StashId | None = None


class CandidateResponse(ApiModel):
    """A value that a field may have; a loser of its field has neither source nor reason."""

    value: str
    id: str | None
    confidence: float
    source: SourceName | None
    reason: str | None
    new: bool = Field(description="Whether the library lacks it.")
    evidence: dict[str, Any]


class ExplainResponse(ApiModel):
    """By field the candidates, the likeliest first."""

    path: str | None
    organized_scenes: int
    calibrated: bool
    skipped: str | None = Field(description="Why nothing at all was found.")
    fields: dict[FieldName, list[CandidateResponse]]


class CalibrationBin(ApiModel):
    """Proposals of about one confidence that people decided."""

    confidence_from: float
    confidence_to: float
    decided: int
    accepted: int
    mean_confidence: float


class FieldCalibration(ApiModel):
    """How a field's confidences turned out; a value that was replaced counts as not accepted."""

    decided: int
    accepted: int
    bins: list[CalibrationBin]


class CalibrationResponse(ApiModel):
    """Whether confidences are this library's own, and how they turned out in decisions."""

    organized_scenes: int
    calibrated: bool
    calibrated_from: int
    fields: dict[FieldName, FieldCalibration]


class CostResponse(ApiModel):
    """What model calls cost so far; `usd` is null where no price is known."""

    requests: int
    input_tokens: int
    output_tokens: int
    usd: float | None


class PlanResponse(ApiModel):
    """A plan and how its changes stand."""

    id: int
    name: str
    status: PlanStatusName
    created_at: AwareDatetime
    job_id: str | None
    scenes: int
    changes: int
    counts: dict[ChangeStatusName, int]
    skipped: dict[str, int] = Field(
        description="Why scenes have no change: `organized`, `complete` (nothing is open),"
        " `no_files`, `nothing_found`, `low_confidence`; why changes were left out: `rejected`"
        " before, `already_proposed` in another plan; and what became of questions to the model,"
        " such as `model_not_asked`, or of its text: `model_details_refused`."
    )
    cost: CostResponse


class PlanListQuery(ListQuery):
    """Filters of the list of plans."""

    sort_keys: ClassVar[Sequence[str]] = PLAN_SORT_KEYS

    status: list[PlanStatusName] | None = None


class EntityValue(ApiModel):
    """A performer, tag or studio as a value; `id` is null where it would be new."""

    id: str | None
    name: str


ValueResponse = str | EntityValue | None


class ChangeErrorResponse(ApiModel):
    """Why a change failed."""

    code: str
    detail: str


class ChangeResponse(ApiModel):
    """One change of one scene."""

    id: int
    plan_id: int
    scene_id: str
    scene_title: str | None
    field: FieldName
    action: Literal["set", "add", "remove"]
    current: ValueResponse
    proposed: ValueResponse
    observed: ValueResponse
    confidence: float
    source: SourceName
    reason: str
    evidence: dict[str, Any]
    creates_entity: bool
    edited: bool
    status: ChangeStatusName
    outcome: Literal["sent", "already"] | None
    error: ChangeErrorResponse | None


ReviewRow = tuple[
    int,
    str,
    FieldName,
    Literal["set", "add", "remove"],
    ValueResponse,
    ValueResponse,
    ValueResponse,
    float,
    SourceName,
    ChangeStatusName,
    bool,
    bool,
    int | None,
    int | None,
]


class ReviewQuery(QueryModel):
    """What came or moved since an earlier answer; nothing given is everything."""

    after_id: RowId | None = Field(default=None, description="The highest id that is known.")
    since: Instant | None = Field(default=None, description="`since` of that answer.")


class ReviewResponse(ApiModel):
    """All changes of a plan as rows, by scene and field; what the columns hold is said in them.

    `start` and `end` are the matched span in the scene's path, in characters, where there is one.
    """

    since: AwareDatetime
    scene_columns: list[Literal["id", "title", "path"]]
    scenes: list[tuple[str, str | None, str | None]]
    change_columns: list[str]
    changes: list[ReviewRow]


class ChangeListQuery(ListQuery):
    """Filters of a plan's changes; bounds on the confidence are inclusive."""

    sort_keys: ClassVar[Sequence[str]] = CHANGE_SORT_KEYS

    scene_id: list[StashId] | None = None
    field: list[FieldName] | None = None
    status: list[ChangeStatusName] | None = None
    source: list[SourceName] | None = None
    min_confidence: Confidence | None = None
    max_confidence: Confidence | None = None


class ChangeFilterBody(BodyModel):
    """The same filters in a body, single values or arrays; everything as `{"all": true}`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    all: Literal[True] | None = None
    scene_id: StashId | Annotated[list[StashId], Field(max_length=MANY)] | None = None
    field: FieldName | list[FieldName] | None = None
    status: ChangeStatusName | list[ChangeStatusName] | None = None
    source: SourceName | list[SourceName] | None = None
    min_confidence: Confidence | None = None
    max_confidence: Confidence | None = None


class DecideBody(BodyModel):
    """Move many changes: exactly one of `ids` and `filter`."""

    model_config = ConfigDict(json_schema_extra=exactly_one("ids", "filter"))

    status: Decision
    ids: Annotated[list[RowId], Field(max_length=MANY, json_schema_extra=SOME)] | None = None
    filter: ChangeFilterBody | None = None
    dry_run: bool = False
    foresee: bool = False
    """Of a dry run of accepting: also say what it would meet."""


class MeetingsResponse(ApiModel):
    """Ids of those changes that accepting would meet something with, as our own copy knows it."""

    gone: list[int]
    """The scene is no longer in Stash: it would fail."""
    changed: list[int]
    """Stash has something else than the plan was made from: it would be a conflict."""
    rivals: list[int]
    """Another value is accepted or written for the same field of the same scene."""
    rejected: list[int]
    """The same was rejected for this scene before."""
    rejected_elsewhere: list[int]
    """This performer, tag or studio was rejected for more scenes than it was accepted for."""


class DecideResponse(ApiModel):
    """How many changes moved (or would); `meets` where `foresee` asked for it."""

    updated: int
    by_field: dict[str, int]
    by_source: dict[str, int]
    meets: MeetingsResponse | None = None


class ProposedEntity(BodyModel):
    """An entity by `id` or by `name`."""

    model_config = ConfigDict(json_schema_extra=exactly_one("id", "name"))

    id: StashId | None = None
    name: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class EditBody(BodyModel):
    """Decide or edit one change."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    status: Decision | None = None
    proposed: Annotated[str, Field(max_length=100_000)] | ProposedEntity | None = None


class ApplyBody(BodyModel):
    """Which changes; neither: every accepted one."""

    model_config = ConfigDict(json_schema_extra=at_most_one("change_ids", "scene_ids"))

    change_ids: Annotated[list[RowId], Field(max_length=MANY, json_schema_extra=SOME)] | None = None
    scene_ids: Annotated[list[StashId], Field(max_length=MANY, json_schema_extra=SOME)] | None = (
        None
    )


class UndoBody(ApplyBody):
    """Which changes; neither: all that was applied."""

    remove_created: bool = False


class ImportResponse(ApiModel):
    """What an import did: changes that moved, that stood so already, and that matched nothing."""

    updated: int
    unchanged: int
    unmatched: int


class RejectionResponse(ApiModel):
    """Something that is not proposed again."""

    id: int
    scene_id: str
    field: FieldName
    action: Literal["set", "add", "remove"]
    value: ValueResponse
    created_at: AwareDatetime


class RejectionListQuery(ListQuery):
    """Filters of the remembered rejections."""

    scene_id: StashId | None = None
    field: FieldName | None = None
