"""What is counted in one organised scene.

Rules:
- Counting knows the truth, detection never does: everything here reads the scene's own metadata.
- The same counting makes the tables and the tables of a held-out fold, so that they subtract.
"""

from __future__ import annotations

from stashhog.domain.detection.counts import TOTAL, Counts, View
from stashhog.domain.detection.dates import (
    date_places,
    find_dates,
    only_readings,
    survey_places,
)
from stashhog.domain.detection.findings import stem
from stashhog.domain.detection.lexicon import Hit, Lexicon, Ref
from stashhog.domain.detection.newcomers import kin_places, runs
from stashhog.domain.detection.performers import Mention, mention_class, performer_slot
from stashhog.domain.detection.reading import Reading, Segment, path_segments, places_of
from stashhog.domain.detection.spelling import SPELLINGS, spellings
from stashhog.domain.detection.studio import CATCH_ALL, surface_keys, word_before
from stashhog.domain.detection.tags import where
from stashhog.domain.detection.titles import (
    MOST_TOKENS,
    TITLED_ROLES,
    Labels,
    end_context,
    label,
    locate,
    start_context,
    template_of,
    zones,
)
from stashhog.domain.library import Scene
from stashhog.domain.names import latin, squash

TITLE_SLOTS = ("b>", "b<", "template")
"""What `tally_titles` counts."""


def tally(counts: Counts, scene: Scene, reading: Reading) -> None:
    """Count what the scene's places and spellings meant."""
    _tally_entities(counts, scene, reading)
    title = _title_span(scene, reading)
    for segment in reading.segments:
        _tally_hits(counts, scene, segment, title)
        _tally_first_names(counts, scene, segment)
    _tally_dates(counts, scene, reading)
    _tally_words(counts, reading, title)
    _tally_name_places(counts, scene, reading)
    for plain_word, word in spellings(scene.title or ""):
        counts.saw(SPELLINGS, plain_word, word)
    titled = () if title is None else ("titled",)
    counts.saw("style", reading.style, *titled)
    counts.saw("S>titled", scene.studio_id or "", *titled)


def _tally_entities(counts: Counts, scene: Scene, reading: Reading) -> None:
    studio = scene.studio_id
    if studio is not None:
        counts.saw("S", "", studio)
        counts.add("Y", studio, reading.style)
    counts.add("Y", "", reading.style)
    given = [("S", studio)] if studio is not None else []
    given.extend(("P", performer) for performer in scene.performer_ids)
    if reading.width:
        given.append(("W", reading.width))
    folders = {value for place, value in reading.places if place[0] == "d"}
    given.extend(("F", folder) for folder in folders)
    for kind, value in given:
        for slot, members in (("P", scene.performer_ids), ("T", scene.tag_ids)):
            if kind not in "SF" and slot == "P":
                continue
            counts.saw(f"{kind}>{slot}", value, *members)
    counts.saw("P", "", *scene.performer_ids)
    counts.saw("T", "", *scene.tag_ids)
    if studio is None:
        return
    for performer in scene.performer_ids:
        counts.saw("P>S", performer, studio)
    for place, value in reading.places:
        counts.saw(f"S:{place}", value, studio)


def _title_span(scene: Scene, reading: Reading) -> tuple[int, int] | None:
    return _located(reading.stem, scene.title) if reading.stem is not None else None


def _located(segment: Segment, title: str | None) -> tuple[int, int] | None:
    """Where a segment has a title, in its own letters or in Latin ones."""
    key = squash(title or "")
    if len(key) < 2:
        return None
    span = locate(segment, key)
    if span is None and not key.isascii():
        span = locate(segment, squash(latin(title or "") or ""))
    return span


def _tally_hits(
    counts: Counts, scene: Scene, segment: Segment, title: tuple[int, int] | None
) -> None:
    beside: list[str] = []
    for hit in segment.hits:
        shared = sum(ref.kind == "performer" for ref in hit.refs)
        for slot in {_slot(segment, hit, ref, title) for ref in hit.refs}:
            counts.saw(slot, hit.key)
        for ref in hit.refs:
            if ref.kind == "studio":
                right = ref.id == scene.studio_id
                slot, kind = surface_keys(segment, hit, ref.form)
                _judge(counts, slot, hit.key, ref.id, kind, "s-class", right=right)
                word = word_before(segment, hit)
                if word:
                    counts.saw("s<", word, *_RIGHT[right])
            elif ref.kind == "performer":
                mention = Mention(
                    segment, hit.key, hit.first, hit.after, ref.form, hit.inside, shared, _KINDS
                )
                right = ref.id in scene.performer_ids
                slot, kind = performer_slot(segment.role), mention_class(mention)
                _judge(counts, slot, hit.key, ref.id, kind, "p-class", right=right)
            else:
                place = where(segment, hit, title)
                right = ref.id in scene.tag_ids
                kind = f"{place}{ref.form[0]}{hit.inside[:1]}"
                _judge(counts, f"t@{place}", hit.key, ref.id, kind, "t-class", right=right)
                if place in ("in", "title") and ref.id not in beside:
                    beside.append(ref.id)
    if segment.role == "stem":
        for tag in beside[:3]:
            counts.saw("T>T", tag, *scene.tag_ids)


_KINDS = frozenset({"performer"})
_RIGHT: tuple[tuple[str, ...], tuple[str, ...]] = ((), ("right",))
"""What is counted besides the total: nothing where a thing is wrong."""


def _slot(segment: Segment, hit: Hit, ref: Ref, title: tuple[int, int] | None) -> str:
    """Where the truth of a spelling is counted."""
    if ref.kind == "studio":
        return surface_keys(segment, hit, ref.form)[0]
    if ref.kind == "tag":
        return f"t@{where(segment, hit, title)}"
    return performer_slot(segment.role)


def _judge(
    counts: Counts, slot: str, key: str, target: str, kind: str, classes: str, *, right: bool
) -> None:
    """Count a spelling for itself and for its class, as seen and as right."""
    counts.saw(classes, kind, *_RIGHT[right])
    if right:
        counts.add(slot, key, target)


def _tally_first_names(counts: Counts, scene: Scene, segment: Segment) -> None:
    for slip in segment.slips:
        mention = Mention(
            segment, slip.key, slip.first, slip.after, slip.form, "", len(slip.ids), _KINDS
        )
        slot, kind = performer_slot(segment.role), mention_class(mention)
        counts.saw(slot, slip.key)
        counts.add("p-class", kind, TOTAL, len(slip.ids))
        for performer in scene.performer_ids:
            if performer in slip.ids:
                counts.add(slot, slip.key, performer)
                counts.add("p-class", kind, "right")


def _tally_dates(counts: Counts, scene: Scene, reading: Reading) -> None:
    if not scene.date:
        return
    places = list(date_places(reading, scene.studio_id))
    for segment in reading.segments:
        for writing in find_dates(segment.tokens.text):
            for order, value in writing.readings:
                habit = f"{writing.family}:{order}"
                right = value == scene.date
                keys = [("D", f"{segment.role[0]}{habit}")]
                keys.extend((slot, f"{place}|{habit}") for slot, place in places)
                for slot, key in keys:
                    counts.saw(slot, key, *_RIGHT[right])


def _tally_words(counts: Counts, reading: Reading, title: tuple[int, int] | None) -> None:
    own = reading.stem
    if own is None or title is None:
        return
    first, after = title
    low = own.tokens.low
    for at, word in enumerate(low[:MOST_TOKENS]):
        counts.saw("w", word, *(("in",) if first <= at < after else ()))
    counts.add("w", low[first], "first")
    counts.add("w", low[after - 1], "last")


_NOTHING = View(Counts())


def _tally_name_places(counts: Counts, scene: Scene, reading: Reading) -> None:
    """Count what kind of name stood in each place, for names that no library has yet."""
    if reading.stem is not None:
        for mark, run in runs(reading.stem, label(reading.stem, _NOTHING)):
            counts.saw("n:stem", run.place, *_NAME_MARKS.get(mark, ()))
    for segment, above in kin_places(reading):
        size = len(segment.tokens)
        whole = [hit for hit in segment.hits if hit.first == 0 and hit.after == size]
        kinds = {ref.kind for hit in whole for ref in hit.refs if _is_of(scene, ref)}
        counts.saw("n:kin", above, *kinds)


_NAME_MARKS = {"P": ("performer",), "S": ("studio",)}


def _is_of(scene: Scene, ref: Ref) -> bool:
    return ref.id == scene.studio_id if ref.kind == "studio" else ref.id in scene.performer_ids


def survey(counts: Counts, path: str, until: str) -> None:
    """Count what any path of the library, organised or not, says of how dates are written."""
    for manner, order in only_readings(stem(path), until):
        for slot, value in (("D?", ""), *survey_places(places_of(path))):
            key = f"{value}|{manner}" if value else manner
            counts.saw(slot, key, order)


def survey_folders(counts: Counts, path: str, lexicon: Lexicon) -> None:
    """Count how often another studio is named below a folder that has a studio's name.

    A studio that belongs to the folder's is no other one.
    """
    segments = path_segments(path, lexicon)
    studios = lexicon.library.studios
    nearer: set[str] = set()
    for segment in segments:
        named = {
            ref.id
            for hit in segment.hits
            for ref in hit.refs
            if ref.kind == "studio" and (ref.form != "single" or not hit.first)
        }
        if named and segment.role != "stem":
            key = "".join(segment.tokens.low)
            other = any(named.isdisjoint(studios[one].parent_ids) for one in nearer - named)
            counts.saw(CATCH_ALL, key, *(("other",) if other else ()))
        nearer |= named


def tally_titles(counts: Counts, scene: Scene, reading: Reading, view: View) -> None:
    """Count where titles begin and end; needs what `tally` counted before."""
    for segment in reading.segments:
        if segment.role not in TITLED_ROLES:
            continue
        span = _located(segment, scene.title)
        if span is not None:
            _tally_ends(counts, segment, label(segment, view), span)


def _tally_ends(counts: Counts, segment: Segment, labels: Labels, span: tuple[int, int]) -> None:
    gaps, of, role = segment.tokens.gaps, labels.of, segment.role[0]
    for low, high in zones(of):
        for at in range(low, high):
            for slot, context, right in (
                ("b>", start_context(of, gaps, at), at == span[0]),
                ("b<", end_context(of, gaps, at + 1), at + 1 == span[1]),
            ):
                counts.saw(slot, role + context, *_RIGHT[right])
            shape = f"{labels.template}|{template_of(of[:at], gaps)}|{of[at]}"
            if at == low or of[at - 1] != of[at] or at == span[0]:
                counts.saw("template", shape, *_RIGHT[at == span[0]])
