"""The analysis job: look at each scene that was fixed at submit, and propose what would change.

Rules:
- Looking runs ahead in a thread on the one CPU slot, answers of the model come in as they may;
  batches are saved in id order, each with its counts and the cursor in one transaction.
- What an answer cost is booked when it comes, not when its batch is saved; and an answer is kept,
  so that no way a job ends makes it paid for twice.
- Scenes that the budget did not reach stay on the job's list; all others are done by rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import trio

from actors.cpu import Checkpoint
from actors.jobs.asking import BUDGET, Asking, Pending, caller_of
from actors.jobs.context import JobContext
from actors.jobs.doubts import (
    Looked,
    Looking,
    answers_about,
    detection_options,
    look_at,
    model_use,
    open_scenes,
    style_of,
)
from actors.jobs.patience import patiently
from actors.learning import LEARNING
from actors.tasks import Slot, task
from stashhog.domain.asking import Answer, Share, opinions_of, with_summary
from stashhog.domain.asking.credit import Credit
from stashhog.domain.detection import Proposal, SceneFindings, reconsider
from stashhog.domain.jobs import JobKind
from stashhog.domain.learning import CALIBRATED_FROM
from stashhog.domain.library import Library, Scene
from stashhog.domain.merge import entity_value
from stashhog.domain.newnames import NewNames
from stashhog.domain.plans import ENTITY_FIELDS, Field, NewChange, Value

AHEAD_SCENES = 5_000
"""So many scenes may be looked at before the first of them is answered and saved; most wait for
nothing, and hold little."""
NOT_ASKED = "model_not_asked"
DETAILS_REFUSED = "model_details_refused"


@dataclass(frozen=True, slots=True)
class _Batch:
    """Scenes that were looked at, with the answers that some of them wait for."""

    looked: Sequence[Looked]
    last_id: str
    pending: Mapping[str, Pending]
    not_asked: int = 0


@task(JobKind.ANALYSIS, slot=Slot.CPU)
async def run(ctx: JobContext) -> Mapping[str, Any] | None:
    """Analyse from the cursor to the end of the list."""
    given = ctx.job.params.get("options") or {}

    def tell(message: str) -> None:
        ctx.progress(ctx.done, ctx.total, message=message)

    tell(LEARNING)
    knowledge = await patiently(ctx, ctx.shared.knowledge, ctx.cpu, tell)
    library = await patiently(ctx, ctx.ports.plans.library)
    if not knowledge.calibrated:
        ctx.log(
            "warning",
            "confidences are not yet calibrated to this library: that takes "
            f"{CALIBRATED_FROM} organised scenes, and there are {knowledge.organized_scenes}",
        )
    looking = Looking(
        knowledge,
        detection_options(given, ctx.settings.analysis),
        model_use(given, ctx.settings),
        answers_about(ctx.settings.openai),
        ctx.settings.openai.model,
        NewNames(await patiently(ctx, ctx.ports.plans.new_names)),
        Credit(knowledge.trust),
    )
    async with _asking(ctx, looking) as asking, _looked_ahead(ctx, looking, asking) as batches:
        async for batch in batches:
            await _save(ctx, batch, looking, library, asking)
        if asking is not None:
            _tell(ctx, asking)
    return None


@asynccontextmanager
async def _asking(ctx: JobContext, looking: Looking) -> AsyncIterator[Asking | None]:
    """The model for this job, where it is to be asked."""
    if looking.use == "never":
        yield None
        return
    await ctx.shared.calls.start(caller_of(ctx))
    async with trio.open_nursery() as nursery:
        yield Asking(
            ctx,
            ctx.shared.calls,
            nursery,
            style=style_of(ctx.settings.openai),
            always=looking.use == "always",
        )
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _looked_ahead(
    ctx: JobContext, looking: Looking, asking: Asking | None
) -> AsyncIterator[trio.MemoryReceiveChannel[_Batch]]:
    """Batches in id order, looked at while earlier ones wait for answers or are saved."""
    size = ctx.settings.analysis.batch_size
    ahead = 1 if asking is None else max(1, AHEAD_SCENES // size)
    send, receive = trio.open_memory_channel[_Batch](ahead)
    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(_look_ahead, ctx, looking, asking, send)
        yield receive
        nursery.cancel_scope.cancel()


async def _look_ahead(
    ctx: JobContext,
    looking: Looking,
    asking: Asking | None,
    send: trio.MemorySendChannel[_Batch],
) -> None:
    size, after = ctx.settings.analysis.batch_size, None
    share = Share(limited=looking.use == "auto")
    async with send:
        while True:
            batch = await patiently(ctx, ctx.ports.plans.next_scenes, ctx.job.id, size, after)
            if batch.last_id is None:
                break
            after = batch.last_id
            looked = await ctx.cpu(look_at(batch.scenes, looking))
            ready = _Batch(looked, after, {})
            if asking is not None:
                ready = await _put_questions(ctx, asking, share, ready)
                asking.looked(len(looked))
            try:
                send.send_nowait(ready)
            except trio.WouldBlock:
                if asking is not None:
                    asking.flush()
                await send.send(ready)
        if asking is not None:
            asking.flush()


async def _put_questions(ctx: JobContext, asking: Asking, share: Share, batch: _Batch) -> _Batch:
    """Ask about the most doubtful scenes of a batch, but for those whose answers are kept."""
    open_ones = [(one, one.asked) for one in batch.looked if one.asked is not None]
    keys = [asked.key for _, asked in open_ones]
    kept = await patiently(ctx, ctx.ports.model_store.kept_answers, keys) if keys else {}
    pending: dict[str, Pending] = {}
    fresh = []
    for one, asked in open_ones:
        if asked.key in kept:
            known = pending[one.scene.id] = Pending(asked)
            known.resolve(Answer.of(kept[asked.key], asked))
        else:
            fresh.append((one.doubt, asked))
    known_ones = [known.scene for known in pending.values()]
    wanted = share.chosen(fresh, known_ones, open_scenes(batch.looked))
    chosen = {asked.scene_id for asked in wanted}
    for _, asked in fresh:
        if asked.scene_id in chosen:
            await asking.room()
            pending[asked.scene_id] = asking.ask(asked)
    return _Batch(batch.looked, batch.last_id, pending, len(fresh) - len(chosen))


async def _save(
    ctx: JobContext, batch: _Batch, looking: Looking, library: Library, asking: Asking | None
) -> None:
    """Wait for a batch's answers, and keep what all of it comes to."""
    reasons: Counter[str] = Counter()
    left: list[str] = []
    for scene_id, pending in batch.pending.items():
        await pending.known.wait()
        if pending.outcome == BUDGET:
            left.append(scene_id)
        elif isinstance(pending.outcome, str):
            reasons[pending.outcome] += 1
    if batch.not_asked:
        reasons[NOT_ASKED] += batch.not_asked
    done = [one for one in batch.looked if one.scene.id not in left]
    findings = [one.findings for one in done]
    if batch.pending:
        findings, refused = await ctx.cpu(_conclude(done, batch.pending, looking))
        if refused:
            reasons[DETAILS_REFUSED] += refused
    reasons.update(found.skipped for found in findings if found.skipped)
    changes = [
        looking.names.unified(new_change(one.scene, proposal, library))
        for one, found in zip(done, findings, strict=True)
        for proposal in found.proposals
    ]
    await patiently(
        ctx,
        ctx.ports.plans.save_findings,
        ctx.job.id,
        ctx.job.params["plan_id"],
        changes,
        last_id=batch.last_id,
        scenes=len(done),
        skipped=reasons,
        analyzed={one.scene.id: one.content for one in done},
        left=left,
    )
    doing = "looking at scenes" if asking is None else "looking at scenes, asking the model"
    ctx.progress(ctx.done + len(done), ctx.total, message=doing)


def _conclude(
    done: Sequence[Looked], pending: Mapping[str, Pending], looking: Looking
) -> Callable[[Checkpoint], tuple[list[SceneFindings], int]]:
    """What answers make of the findings, and how many texts were refused."""

    def work(checkpoint: Checkpoint) -> tuple[list[SceneFindings], int]:
        answers = {
            scene_id: (answered.outcome, opinions_of(answered.scene, answered.outcome))
            for scene_id, answered in pending.items()
            if isinstance(answered.outcome, Answer)
        }
        for scene_id, (_, opinions) in answers.items():
            looking.credit.note(pending[scene_id].scene, opinions)
        knowledge = replace(looking.knowledge, trust=looking.credit.trust())
        out, refused = [], 0
        for one in done:
            checkpoint()
            found = one.findings
            if one.scene.id in answers and one.examined is not None and one.asked is not None:
                answer, opinions = answers[one.scene.id]
                found = reconsider(one.examined, opinions, knowledge, looking.options)
                if answer.details is not None:
                    judged = replace(one.examined, findings=found)
                    written = with_summary(
                        judged, one.asked, answer.details, knowledge.lexicon, looking.model
                    )
                    refused += written is None
                    found = found if written is None else written
            out.append(found)
        return out, refused

    return work


def _tell(ctx: JobContext, asking: Asking) -> None:
    """Say in the job's log what became of the questions."""
    ctx.log("info", f"the model answered for {asking.answered} scenes")
    for reason, number in sorted(asking.reasons.items()):
        if reason == BUDGET:
            ctx.log(
                "warning",
                f"the budget left {number} scenes for later: retry goes on with them, or analyse "
                "them with use_llm never",
            )
        else:
            ctx.log("warning", f"{number} scenes were done without the model: {reason}")


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
