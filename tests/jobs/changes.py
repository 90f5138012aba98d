"""Changes as an analysis would propose them for a bare scene."""

from __future__ import annotations

from stashhog.domain.plans import Action, Field, NewChange, Value


def new_change(
    scene_id: str,
    field: Field,
    proposed: Value,
    *,
    current: Value = None,
    creates: bool = False,
    action: Action | None = None,
) -> NewChange:
    """One proposal; list fields add unless told otherwise."""
    action = action or ("add" if field in ("performers", "tags") else "set")
    return NewChange(
        scene_id,
        field,
        action,
        current,
        proposed,
        confidence=0.9,
        source="rule",
        reason="because",
        creates_entity=creates,
    )


def title(scene_id: str) -> NewChange:
    """A title for a scene that has none."""
    return new_change(scene_id, "title", f"Title {scene_id}", current="")


def full_set(scene_id: str) -> tuple[NewChange, ...]:
    """A title, a date, a studio, a performer and a tag."""
    return (
        title(scene_id),
        new_change(scene_id, "date", "2020-02-03"),
        new_change(scene_id, "studio", {"id": "1", "name": "Quarry Lane"}),
        new_change(scene_id, "performers", {"id": "2", "name": "Ferdy Quill"}),
        new_change(scene_id, "tags", {"id": "4", "name": "Rainy Day"}),
    )
