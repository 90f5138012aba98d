"""What apply and undo have in common: their direction, and how a change is judged and ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from actors.jobs.context import JobContext
from actors.jobs.patience import TRIES
from stashhog.core.exceptions import StashHogException
from stashhog.domain.jobs import JobKind
from stashhog.domain.library import Library, Scene
from stashhog.domain.merge import (
    SceneUpdate,
    Verdict,
    judge_apply,
    judge_undo,
    landed_apply,
    landed_undo,
    present_value,
    update_for_apply,
    update_for_undo,
)
from stashhog.domain.plans import Change, ChangeError, ChangeStatus, Value
from stashhog.ports.journal import ChangeOutcome

GAVE_UP = ChangeError("gave_up", f"Stash failed {TRIES} times to take it; its value is as it was")
GONE_CODES = frozenset({"gone", "missing_reference"})


@dataclass(frozen=True, slots=True)
class Direction:
    """What tells an apply from an undo."""

    kind: JobKind
    judge: Callable[[Change, Value], Verdict]
    landed: Callable[[Change, Value], bool]
    update: Callable[[str, Iterable[Change]], SceneUpdate]
    done: ChangeStatus
    conflict: ChangeStatus
    failed: ChangeStatus
    creates: bool


APPLY = Direction(
    kind=JobKind.APPLY,
    judge=judge_apply,
    landed=landed_apply,
    update=update_for_apply,
    done=ChangeStatus.APPLIED,
    conflict=ChangeStatus.CONFLICT,
    failed=ChangeStatus.FAILED,
    creates=True,
)
UNDO = Direction(
    kind=JobKind.UNDO,
    judge=judge_undo,
    landed=landed_undo,
    update=update_for_undo,
    done=ChangeStatus.UNDONE,
    conflict=ChangeStatus.UNDO_CONFLICT,
    failed=ChangeStatus.APPLIED,
    creates=False,
)


@dataclass(frozen=True, slots=True)
class Story:
    """What stays the same for all scenes of one run; `tries` counts how often a change was sent."""

    ctx: JobContext
    direction: Direction
    library: Library
    tries: Counter[int] = field(default_factory=Counter)

    def present(self, scene: Scene, change: Change) -> Value:
        """What Stash has in the place that a change is about."""
        return present_value(scene, change, self.library)

    def settled(self, scene: Scene, change: Change) -> bool:
        """Whether reading the scene told how an open intent ended for this change."""
        present = self.present(scene, change)
        return (
            self.direction.landed(change, present)
            or self.direction.judge(change, present) is not Verdict.SEND
        )

    def failed(self, change: Change, error: ChangeError) -> ChangeOutcome:
        """The outcome of a change that did not come about."""
        return ChangeOutcome(change.id, self.direction.failed, error=error)


def judged(
    story: Story, scene: Scene, changes: Sequence[Change]
) -> tuple[list[ChangeOutcome], list[Change]]:
    """What needs no sending, and the rest."""
    direction = story.direction
    outcomes: list[ChangeOutcome] = []
    to_send: list[Change] = []
    for change in changes:
        present = story.present(scene, change)
        match direction.judge(change, present):
            case Verdict.SEND:
                to_send.append(change)
            case Verdict.ALREADY:
                already = ChangeOutcome(change.id, direction.done, present, present, "already")
                outcomes.append(already)
            case Verdict.CONFLICT:
                outcomes.append(ChangeOutcome(change.id, direction.conflict, present))
    return outcomes, to_send


def checked(
    story: Story,
    answered: Scene,
    changes: Sequence[Change],
    observed: Mapping[int, Value],
) -> list[ChangeOutcome]:
    """Compare what Stash answered with what was asked for."""
    outcomes = []
    for change in changes:
        present = story.present(answered, change)
        if story.direction.landed(change, present):
            outcomes.append(done(story.direction, change, observed[change.id], present))
        else:
            error = ChangeError("not_taken", "Stash answered without an error but kept its value")
            outcomes.append(replace(story.failed(change, error), observed=present))
    return outcomes


def done(direction: Direction, change: Change, observed: Value, written: Value) -> ChangeOutcome:
    """The outcome of a change that was sent and stands."""
    return ChangeOutcome(change.id, direction.done, observed, written, "sent")


def failure(story: Story, change: Change, error: StashHogException) -> ChangeOutcome:
    """The outcome of a change that Stash refused."""
    code = "gone" if error.public_code in GONE_CODES else error.public_code
    return story.failed(change, ChangeError(code, error.detail))
