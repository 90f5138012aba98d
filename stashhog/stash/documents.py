"""Every GraphQL operation that may ever be sent to Stash, as constants.

Rules:
- What is not in `ALLOWED` is never sent: the wire looks each operation up before it goes out.
- Documents never change at run time; whatever comes from people, files or models is a variable.
- A mutation takes its whole input as one variable: only then does an absent key mean "unchanged".
- Only fields that every release since 0.25 has, none of them deprecated in any; what came later
  lies in a document of its own that is sent where the schema shows it. `paths { stream }`, which
  holds the API key, is never asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stashhog.core.exceptions import StashHogException
from stashhog.domain.library import EntityKind


class ForbiddenOperationError(StashHogException):
    """Something other than an allowed operation was about to be sent."""

    code = "forbidden_operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """One document; `name` is also its operation name, `root` the field that answers it."""

    name: str
    root: str
    text: str

    @property
    def mutates(self) -> bool:
        """Whether Stash's library may differ afterwards."""
        return self.text.startswith("mutation")


_SCENE = """{
  id title code details director date urls rating100 organized created_at updated_at
  files {
    id path size duration width height video_codec frame_rate updated_at
    fingerprints { type value }
  }
  paths { screenshot }
  studio { id }
  tags { id }
  performers { id }
  stash_ids { endpoint stash_id }
}"""
_PERFORMER = "{ id updated_at name disambiguation alias_list ignore_auto_tag }"
_TAG = "{ id updated_at name aliases ignore_auto_tag parents { id } }"
_STUDIO = "{ id updated_at name aliases ignore_auto_tag parent_studio { id } }"


def _query(name: str, root: str, arguments: str, call: str, fields: str) -> Operation:
    head = f"query {name}({arguments})" if arguments else f"query {name}"
    passed = f"({call})" if call else ""
    return Operation(name, root, f"{head} {{ {root}{passed} {fields} }}")


def _mutation(name: str, root: str, kind: str, fields: str = "") -> Operation:
    return Operation(
        name, root, f"mutation {name}($input: {kind}!) {{ {root}(input: $input) {fields} }}"
    )


_PAGE = "$filter: FindFilterType, $where: SceneFilterType"
_PAGED = "filter: $filter, scene_filter: $where"

STATUS = Operation(
    "Status",
    "systemStatus",
    "query Status { version { version } systemStatus { status databaseSchema appSchema } }",
)
CAPABILITIES = Operation(
    "Capabilities",
    "tag",
    'query Capabilities { tag: __type(name: "Tag") { fields { name } }'
    ' scene_filter: __type(name: "SceneFilterType") { inputFields { name } }'
    ' scene: __type(name: "Scene") { fields { name } } }',
)
JOB_QUEUE = Operation("JobQueue", "jobQueue", "query JobQueue { jobQueue { status description } }")
COUNT_SCENES = _query("CountScenes", "findScenes", _PAGE, _PAGED, "{ count }")
SCENES_AFTER = _query("ScenesAfter", "findScenes", _PAGE, _PAGED, f"{{ scenes {_SCENE} }}")
STAMPS_AFTER = _query("StampsAfter", "findScenes", _PAGE, _PAGED, "{ scenes { id updated_at } }")
FILE_STAMPS_AFTER = _query(
    "FileStampsAfter",
    "findScenes",
    _PAGE,
    _PAGED,
    "{ scenes { id updated_at files { id path size updated_at fingerprints { type value } } } }",
)
SCENES_BY_ID = _query(
    "ScenesById", "findScenes", "$ids: [ID!]", "ids: $ids", f"{{ scenes {_SCENE} }}"
)
SCENE_BY_ID = _query("SceneById", "findScene", "$id: ID!", "id: $id", _SCENE)
UPDATE_SCENE = _mutation("UpdateScene", "bulkSceneUpdate", "BulkSceneUpdateInput", _SCENE)


ENTITY_STAMPS = Operation(
    "EntityStamps",
    "findPerformers",
    "query EntityStamps($filter: FindFilterType) {"
    " findPerformers(filter: $filter) { performers { id updated_at } }"
    " findTags(filter: $filter) { tags { id updated_at } }"
    " findStudios(filter: $filter) { studios { id updated_at } } }",
)


@dataclass(frozen=True, slots=True)
class EntityOperations:
    """What can be asked about one kind of entity.

    `rows` is the field of the list's answer; `criterion` the type of its filter.
    """

    rows: str
    find: Operation
    create: Operation
    destroy: Operation
    uses: Operation
    uses_before_groups: Operation


def _entities(
    kind: str, fields: str, uses: str, uses_before_groups: str | None = None
) -> EntityOperations:
    rows = f"{kind.lower()}s"
    old = uses if uses_before_groups is None else uses_before_groups
    return EntityOperations(
        rows=rows,
        find=_query(
            f"Find{kind}s",
            f"find{kind}s",
            f"$filter: FindFilterType, $where: {kind}FilterType",
            f"filter: $filter, {kind.lower()}_filter: $where",
            f"{{ count {rows} {fields} }}",
        ),
        create=_mutation(f"Create{kind}", f"{kind.lower()}Create", f"{kind}CreateInput", fields),
        destroy=_mutation(f"Destroy{kind}", f"{kind.lower()}Destroy", f"{kind}DestroyInput"),
        uses=_query(f"{kind}Uses", f"find{kind}", "$id: ID!", "id: $id", uses),
        uses_before_groups=_query(
            f"{kind}UsesBeforeGroups", f"find{kind}", "$id: ID!", "id: $id", old
        ),
    )


_MEDIA = "scene_count image_count gallery_count"
_TAG_USES = f"{_MEDIA} scene_marker_count performer_count child_count"
_STUDIO_USES = f"{_MEDIA} child_studios {{ id }}"

ENTITY_OPERATIONS: Mapping[EntityKind, EntityOperations] = {
    # Groups are not asked for: Stash derives a performer's from the scenes.
    "performer": _entities("Performer", _PERFORMER, f"{{ {_MEDIA} }}"),
    "tag": _entities(
        "Tag", _TAG, f"{{ {_TAG_USES} studio_count group_count }}", f"{{ {_TAG_USES} }}"
    ),
    "studio": _entities(
        "Studio",
        _STUDIO,
        f"{{ {_STUDIO_USES} group_count }}",
        f"{{ {_STUDIO_USES} movie_count }}",
    ),
}

SUBSCRIPTIONS = (
    Operation(
        "JobsSubscribe",
        "jobsSubscribe",
        "subscription JobsSubscribe { jobsSubscribe { type job { status description } } }",
    ),
    Operation(
        "ScanCompleteSubscribe",
        "scanCompleteSubscribe",
        "subscription ScanCompleteSubscribe { scanCompleteSubscribe }",
    ),
)
"""What is listened to; each is named by its root on the socket."""

ALLOWED: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        STATUS,
        CAPABILITIES,
        JOB_QUEUE,
        COUNT_SCENES,
        SCENES_AFTER,
        STAMPS_AFTER,
        FILE_STAMPS_AFTER,
        SCENES_BY_ID,
        SCENE_BY_ID,
        UPDATE_SCENE,
        ENTITY_STAMPS,
        *SUBSCRIPTIONS,
        *(
            operation
            for kind in ENTITY_OPERATIONS.values()
            for operation in (
                kind.find,
                kind.create,
                kind.destroy,
                kind.uses,
                kind.uses_before_groups,
            )
        ),
    )
}


def require_allowed(operation: Operation) -> None:
    """Let only operations of this module pass.

    Raises:
        ForbiddenOperationError: it is not one of them, whatever it calls itself.
    """
    if ALLOWED.get(operation.name) != operation:
        raise ForbiddenOperationError("only the listed operations may be sent to Stash")
