"""Full-text search: what is indexed of a scene, and what a person's words become.

Rules:
- A scene's row in the index has its id; one that is deleted in Stash has it negated.
- Ideographs, kana, hangul and Thai letters are words of their own, so that any part is found.
- What a person types is words to find, all of them, the last one as a beginning; nothing in it is
  syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from stashhog.db.values import run, run_many, to_json

PART_CHARACTERS = 20_000
"""More of one text is not indexed."""
MOST_WORDS = 16
_ALONE = re.compile(
    "[\u0e00-\u0e7f\u2e80-\u30ff\u3130-\u318f\u31f0-\u9fff\ua960-\ua97f\uac00-\ud7a3"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_PREFIX_LENGTH = 2


def _apart(text: str) -> str:
    return text if text.isascii() else _ALONE.sub(r" \g<0> ", text)


def indexed(parts: Iterable[str | None]) -> str:
    """What the index holds of a scene's texts."""
    texts = list(filter(None, parts))
    whole = "\n".join(texts)
    if len(whole) > PART_CHARACTERS:
        whole = "\n".join(text[:PART_CHARACTERS] for text in texts)
    return _apart(whole.replace("\0", " "))


def match_text(words: str) -> str | None:
    """The index's question for a person's words; None where there is no word in them."""
    found = []
    for word in words.replace("\0", " ").split()[:MOST_WORDS]:
        bare = _apart(word.encode("utf-8", "replace").decode()).replace('"', " ")
        if any(char.isalnum() for char in bare):
            found.append(f'"{bare}"')
    if not found:
        return None
    last = found[-1]
    if not words[-1:].isspace() and len(last) >= _PREFIX_LENGTH + 2:
        found[-1] = f"{last}*"
    return " ".join(found)


def put_words(s: Session, rows: Sequence[tuple[int, str]]) -> None:
    """Index scenes (id, text) that are not indexed yet."""
    run_many(s, "INSERT INTO scene_words (rowid, words) VALUES (?, ?)", rows)


def drop_words(s: Session, ids: Sequence[int]) -> None:
    """Take scenes out of the index, deleted ones too."""
    rows = [(scene_id,) for scene_id in ids]
    run_many(s, "DELETE FROM scene_words WHERE rowid = ?", rows)
    run_many(s, "DELETE FROM scene_words WHERE rowid = -?", rows)


def index_again(s: Session, ids: Sequence[int]) -> None:
    """Index scenes as they lie in their rows now: after an entity got another name or went."""
    rows = run(
        s,
        """
        SELECT c.id, c.deleted_at, c.title, c.details, c.code, u.name,
            (SELECT group_concat(path, char(10)) FROM files WHERE scene_id = c.id),
            (SELECT group_concat(e.name, char(10)) FROM scene_performers AS p
                CROSS JOIN entities AS e ON e.kind = 'performer' AND e.id = p.performer_id
                WHERE p.scene_id = c.id),
            (SELECT group_concat(e.name, char(10)) FROM scene_tags AS t
                CROSS JOIN entities AS e ON e.kind = 'tag' AND e.id = t.tag_id
                WHERE t.scene_id = c.id)
        FROM scenes AS c LEFT JOIN entities AS u ON u.kind = 'studio' AND u.id = c.studio_id
        WHERE c.id IN (SELECT value FROM json_each(?))
        """,
        (to_json(list(ids)),),
    ).all()
    drop_words(s, ids)
    put_words(s, [(-row[0] if row[1] else row[0], indexed(row[2:])) for row in rows])
