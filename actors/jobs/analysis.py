"""The analysis job: look at each scene that was fixed at submit, and propose what would change.

Matching runs in a thread on the one CPU slot; a batch's changes, counts and cursor are committed
together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from actors.jobs.context import JobContext
from actors.jobs.patience import patiently
from actors.tasks import Slot, task
from stashhog.core.config import AnalysisSettings
from stashhog.domain.detection import DetectionOptions, Proposal, SceneFindings, detect
from stashhog.domain.jobs import JobKind
from stashhog.domain.learning import Knowledge
from stashhog.domain.library import EntityKind, Library, Scene
from stashhog.domain.merge import entity_value
from stashhog.domain.plans import ENTITY_FIELDS, Field, NewChange, Value
from stashhog.domain.sync import content_hash

CREATE_NAMES: Mapping[str, EntityKind] = {
    "performers": "performer",
    "tags": "tag",
    "studios": "studio",
}


@task(JobKind.ANALYSIS, slot=Slot.CPU)
async def run(ctx: JobContext) -> Mapping[str, Any] | None:
    """Analyse from the cursor to the end of the list."""
    plan_id: int = ctx.job.params["plan_id"]
    options = detection_options(ctx.job.params.get("options") or {}, ctx.settings.analysis)
    ctx.progress(ctx.done, ctx.total, message="learning from organised scenes")
    knowledge = await ctx.shared.knowledge(ctx)
    library = await patiently(ctx, ctx.ports.plans.library)
    if not knowledge.calibrated:
        ctx.log("info", "few organised scenes: confidences are not yet calibrated to this library")
    size = ctx.settings.analysis.batch_size
    while True:
        batch = await patiently(ctx, ctx.ports.plans.next_scenes, ctx.job.id, size)
        if batch.last_id is None:
            return None
        findings, hashes = await ctx.cpu(_look(batch.scenes, knowledge, options))
        changes = [
            new_change(scene, proposal, library)
            for scene, found in zip(batch.scenes, findings, strict=True)
            for proposal in found.proposals
        ]
        await patiently(
            ctx,
            ctx.ports.plans.save_findings,
            ctx.job.id,
            plan_id,
            changes,
            last_id=batch.last_id,
            scenes=len(batch.scenes),
            skipped=Counter(found.skipped for found in findings if found.skipped),
            analyzed=hashes,
        )
        ctx.progress(ctx.done + len(batch.scenes), ctx.total, message="looking at scenes")


def _look(
    scenes: Sequence[Scene], knowledge: Knowledge, options: DetectionOptions
) -> Callable[[Callable[[], None]], tuple[list[SceneFindings], dict[str, str]]]:
    def work(checkpoint: Callable[[], None]) -> tuple[list[SceneFindings], dict[str, str]]:
        findings = []
        for scene in scenes:
            checkpoint()
            findings.append(detect(scene, knowledge, options))
        return findings, {scene.id: content_hash(scene) for scene in scenes}

    return work


def detection_options(options: Mapping[str, Any], usual: AnalysisSettings) -> DetectionOptions:
    """Read a job's public options as the detectors take them; the settings say the rest."""
    wanted = options.get("create_missing") or False
    if isinstance(wanted, Mapping):
        create = frozenset(CREATE_NAMES[name] for name, on in wanted.items() if on)
    else:
        create = frozenset(CREATE_NAMES.values()) if wanted else frozenset()
    fields = options.get("fields")
    return DetectionOptions(
        fields=frozenset(fields if fields is not None else usual.fields),
        min_confidence=float(options.get("min_confidence", usual.min_confidence)),
        overwrite=frozenset(options.get("overwrite") or ()),
        removals=bool(options.get("removals")),
        create_missing=create,
        include_organized=bool(options.get("include_organized")),
    )


def new_change(scene: Scene, proposal: Proposal, library: Library) -> NewChange:
    """Turn a detector's proposal into a change with the pre-image as it was read."""
    return NewChange(
        scene_id=scene.id,
        field=cast("Field", proposal.field),
        action=proposal.action,
        current=_current(scene, proposal, library),
        proposed=None if proposal.action == "remove" else _value(proposal),
        confidence=proposal.confidence,
        source=proposal.source,
        reason=proposal.reason,
        evidence=proposal.evidence,
        creates_entity=proposal.field in ENTITY_FIELDS and proposal.entity_id is None,
    )


def _value(proposal: Proposal) -> Value:
    if proposal.field in ENTITY_FIELDS:
        return {"id": proposal.entity_id, "name": proposal.value}
    return proposal.value


def _current(scene: Scene, proposal: Proposal, library: Library) -> Value:
    if proposal.action == "add":
        return None
    match proposal.field:
        case "title":
            return scene.title
        case "date":
            return scene.date
        case "details":
            return scene.details
        case "studio":
            return entity_value(library, "studio", scene.studio_id)
        case _:
            return _value(proposal)
