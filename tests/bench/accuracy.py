"""How right the analysis is on a labelled library, in the words of the acceptance table.

`python -m tests.bench.accuracy CORPUS… [--cold] [--scorer score.py]` prints precision, recall and
calibration by field; `--fit CORPUS…` prints the numbers to ship. A corpus is a folder with
`library.json`, `scenes.jsonl` and `truth.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stashhog.domain.detection import FIELDS, DetectionOptions, Knowledge, detect
from stashhog.domain.learning import learn
from stashhog.domain.library import Entity, Library, Scene, SceneFile
from stashhog.domain.names import plain

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BINS = 15


def load_library(folder: Path) -> Library:
    """Read a corpus's entities."""
    data = json.loads((folder / "library.json").read_text())
    studios = {
        s["id"]: Entity(
            "studio", s["id"], s["name"], tuple(s["aliases"]),
            parent_ids=(s["parent_id"],) if s["parent_id"] else (),
        )
        for s in data["studios"]
    }  # fmt: skip
    performers = {
        p["id"]: Entity("performer", p["id"], p["name"], tuple(p["aliases"]), p["disambiguation"])
        for p in data["performers"]
    }
    tags = {
        t["id"]: Entity("tag", t["id"], t["name"], tuple(t["aliases"]), None, tuple(t["parents"]))
        for t in data["tags"]
    }
    return Library(performers, tags, studios)


def load_scenes(folder: Path) -> list[Scene]:
    """Read a corpus's scenes as the product sees them."""
    with (folder / "scenes.jsonl").open() as lines:
        return [_scene(json.loads(line)) for line in lines]


def _scene(row: Mapping[str, Any]) -> Scene:
    files = tuple(
        SceneFile(
            f"{row['id']}.{at}", f["path"], width=f["width"], height=f["height"],
            duration=f["duration"], frame_rate=f["frame_rate"],
        )
        for at, f in enumerate(row["files"])
    )  # fmt: skip
    return Scene(
        row["id"], row["title"], row["details"], row["date"], None, row["organized"],
        row["studio"], tuple(row["performers"]), tuple(row["tags"]), files, (), EPOCH, EPOCH, "",
    )  # fmt: skip


def load_truth(folder: Path) -> dict[str, dict[str, Any]]:
    """Read a corpus's answers."""
    with (folder / "truth.jsonl").open() as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def emptied(scene: Scene) -> Scene:
    """The scene as nobody had touched it: for a cold start."""
    return replace(
        scene, organized=False, title=None, date=None, details=scene.details, studio_id=None,
        performer_ids=(), tag_ids=(),
    )  # fmt: skip


Row = tuple[float, bool, bool]


def judge(
    scene: Scene, truth: Mapping[str, Any], proposals: Iterable[Mapping[str, Any]]
) -> Iterable[tuple[str, Row]]:
    """Each proposal as (field, (confidence, right, of what the path reveals))."""
    evidence = truth["evidence"]
    wanted = wanted_of(scene, truth)
    for p in proposals:
        name, value = p["field"], p["value"]
        if name not in wanted:
            continue
        truths, shown = wanted[name]
        if name == "title":
            right = plain(value) == plain(truth["title"] or "")
            yield name, (p["confidence"], right, bool(evidence["title"]))
        else:
            yield name, (p["confidence"], value in truths, value in shown)


def wanted_of(
    scene: Scene, truth: Mapping[str, Any]
) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """By field what is to be found, and what of it the path reveals."""
    evidence = truth["evidence"]
    wanted = {}
    for name, open_ in (("studio", scene.studio_id is None), ("date", scene.date is None)):
        if open_:
            values = frozenset(v for v in (truth[name],) if v)
            wanted[name] = (values, values if evidence[name] else frozenset())
    if scene.title is None or scene.title != truth["title"]:
        values = frozenset({truth["title"]})
        wanted["title"] = (values, values if evidence["title"] else frozenset())
    shown_tags = evidence["tags_in_title"] if evidence["title"] else ()
    for name, own, shown in (
        ("performers", scene.performer_ids, evidence["performers"]),
        ("tags", scene.tag_ids, shown_tags),
    ):
        values = frozenset(truth[name]) - frozenset(own)
        wanted[name] = (values, values & frozenset(shown))
    return wanted


def expected_calibration_error(rows: Iterable[Row]) -> float:
    """Mean gap between confidence and share of right ones, over bins of equal mass."""
    ranked = sorted((row[0], float(row[1])) for row in rows)
    count = len(ranked)
    bins = min(BINS, count)
    error = 0.0
    for at in range(bins):
        part = ranked[at * count // bins : (at + 1) * count // bins]
        error += abs(sum(c for c, _ in part) - sum(right for _, right in part)) / count
    return error


def run_corpus(
    folder: Path, *, cold: bool = False, least: float = 0.5, knowledge: Knowledge | None = None
) -> tuple[dict[str, list[Row]], dict[str, tuple[int, int]], list[dict[str, Any]]]:
    """Learn and analyse a corpus: rows and (truth, recoverable) by field, and the proposals."""
    library, scenes, truth = load_library(folder), load_scenes(folder), load_truth(folder)
    if cold:
        scenes = [emptied(scene) for scene in scenes]
    started = time.process_time()
    knowledge = knowledge or learn(library, (s for s in scenes if s.organized))
    learned = time.process_time()
    options = DetectionOptions(min_confidence=least)
    rows: dict[str, list[Row]] = {name: [] for name in FIELDS}
    totals = dict.fromkeys(FIELDS, (0, 0))
    answers = []
    looked = [scene for scene in scenes if not scene.organized]
    for scene in looked:
        findings = detect(scene, knowledge, options)
        given = [
            {"field": p.field, "value": p.entity_id or p.value, "confidence": p.confidence}
            for p in findings.proposals
        ]
        answers.append({"id": scene.id, "proposals": given})
        for name, (values, shown) in wanted_of(scene, truth[scene.id]).items():
            totals[name] = (totals[name][0] + len(values), totals[name][1] + len(shown))
        for name, row in judge(scene, truth[scene.id], given):
            rows[name].append(row)
    taken = time.process_time() - learned
    print(
        f"{folder.name}: learned in {learned - started:.1f} s, {len(looked) / taken:.0f} scenes/s"
    )
    return rows, totals, answers


def show(rows: Mapping[str, list[Row]], totals: Mapping[str, tuple[int, int]]) -> None:
    """Print the table."""
    print("field       F1rec@.5  P@.5  Rrec@.5  P@.8  Rrec@.8  P@.95   ECE   Rall@.5   n   shortfall")
    for name, found in rows.items():
        if not found:
            continue
        line = {t: _at(found, totals[name], t) for t in THRESHOLDS}
        half, high, top = line[0.5], line[0.8], line[0.95]
        f1 = 2 * half[0] * half[1] / (half[0] + half[1]) if half[0] + half[1] else 0.0
        short = max((t - p for t, (p, _, _, n) in line.items() if n >= 50), default=0.0)
        print(
            f"{name:11s}  {f1:.3f}    {half[0]:.3f}   {half[1]:.3f}   {high[0]:.3f}   {high[1]:.3f}"
            f"   {top[0]:.3f}   {expected_calibration_error(found):.3f}   {half[2]:.3f}"
            f"  {half[3]:6d}   {short:+.3f}"
        )


def _at(
    rows: list[Row], totals: tuple[int, int], least: float
) -> tuple[float, float, float, int]:
    """Precision, recall of what the path reveals, recall of all, number."""
    kept = [row for row in rows if row[0] >= least]
    right = sum(row[1] for row in kept)
    shown = sum(row[1] and row[2] for row in kept)
    return (
        right / len(kept) if kept else 1.0,
        shown / totals[1] if totals[1] else 0.0,
        right / totals[0] if totals[0] else 0.0,
        len(kept),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--cold", action="store_true", help="with no organised scene at all")
    parser.add_argument("--write", type=Path, help="folder for proposals as score.py reads them")
    options = parser.parse_args(arguments)
    for folder in options.corpora:
        rows, totals, answers = run_corpus(folder, cold=options.cold)
        show(rows, totals)
        if options.write:
            lines = "".join(json.dumps(answer) + "\n" for answer in answers)
            (options.write / f"{folder.name}.jsonl").write_text(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
