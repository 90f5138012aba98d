"""How right the analysis is on a labelled library, in the words of the acceptance table.

`python -m tests.bench.accuracy CORPUS… [--cold] [--organized N]` prints precision, recall and
calibration by field, for each corpus and for all together; `--made SEED…` makes libraries by
`tests.corpora` and takes those, `--by-hand SEED…` those of `tests.corpora.by_hand`;
`--answers FOLDER` judges somebody else's answers, `FOLDER/CORPUS.jsonl` in the form that
`--write FOLDER` writes. A corpus is a folder with `library.json`, `scenes.jsonl` and `truth.jsonl`.

`--fit` prints the numbers to ship, the same ones each time. The shipped ones come from
`--fit dev1 dev2 --made $(seq 201 230)`; `dev1` and `dev2` are two labelled libraries of somebody
else's making (6,000 and 3,000 scenes). What is measured on these has therefore been seen; other
seeds, and the libraries by hand, have not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stashhog.domain.detection import FIELDS, DetectionOptions, detect
from stashhog.domain.detection.lexicon import build_lexicon
from stashhog.domain.detection.weights import numbers, untaught
from stashhog.domain.learning import learn
from stashhog.domain.learning.training import fit_weights, uncounted
from stashhog.domain.library import Entity, Library, Scene, SceneFile
from stashhog.domain.names import plain
from tests.corpora.by_hand import make_by_hand
from tests.corpora.make import make

EPOCH = datetime(2024, 6, 1, tzinfo=UTC)
"""When the made scenes came into their library: after all of their dates."""

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
        return [scene_of(json.loads(line)) for line in lines]


def scene_of(row: Mapping[str, Any]) -> Scene:
    """Read one line of a corpus's scenes as the product sees it."""
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
        scene, organized=False, title=None, date=None, details=None, studio_id=None,
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
    folder: Path, *, cold: bool = False, least: float = 0.5, organized: int | None = None
) -> tuple[dict[str, list[Row]], dict[str, tuple[int, int]], list[dict[str, Any]]]:
    """Learn and analyse a corpus: rows and (truth, recoverable) by field, and the proposals."""
    library, scenes, truth = load_library(folder), load_scenes(folder), load_truth(folder)
    if cold:
        scenes = [emptied(scene) for scene in scenes]
    started = time.process_time()
    paths = [(file.path, EPOCH) for scene in scenes for file in scene.files]
    knowledge = learn(library, [s for s in scenes if s.organized][:organized], paths)
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
    print(
        "field       F1rec@.5  P@.5  Rrec@.5  P@.8  Rrec@.8  P@.95   ECE   Rall@.5   n   shortfall"
    )
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


def _at(rows: list[Row], totals: tuple[int, int], least: float) -> tuple[float, float, float, int]:
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


def fitted(folders: Iterable[Path]) -> str:
    """The numbers to ship, as the source of `stashhog.domain.detection.shipped`."""
    examples, warm = [], []
    for folder in folders:
        library, scenes, truth = load_library(folder), load_scenes(folder), load_truth(folder)
        lexicon = build_lexicon(library, lambda: None)
        known = [_known(scene, truth[scene.id], at % 2 > 0) for at, scene in enumerate(scenes)]
        examples.extend(uncounted(known, lexicon))
        organized = (scene for scene in scenes if scene.organized)
        paths = ((file.path, EPOCH) for scene in scenes for file in scene.files)
        warm.append(numbers(learn(library, organized, paths, start=untaught()).weights))
    cold = numbers(
        fit_weights(examples, untaught(), lambda: None, most_rows=100_000, organized=False)
    )
    # these examples show no titles of their own: what one names counts as in the file's title
    cold = {**cold, "tags": {**cold["tags"], "title": cold["tags"]["in_title"]}}
    mean: dict[str, dict[str, float]] = {}
    for name in warm[0]:
        parts = dict.fromkeys(part for one in warm for part in one[name])
        mean[name] = {
            part: round(sum(one[name].get(part, 0.0) for one in warm) / len(warm), 4)
            for part in parts
        }
    return _SOURCE.format(cold=_literal(cold), warm=_literal(mean))


_SOURCE = '''"""Plain numbers, printed by `python -m tests.bench.accuracy --fit CORPUS…`."""

from __future__ import annotations

from collections.abc import Mapping

COLD: Mapping[str, Mapping[str, float]] = {cold}  # fmt: skip

WARM: Mapping[str, Mapping[str, float]] = {warm}  # fmt: skip
'''


def _literal(values: Mapping[str, Mapping[str, float]]) -> str:
    lines = ["{"]
    for name, parts in values.items():
        items = ", ".join(f'"{part}": {x}' for part, x in parts.items())
        lines.append(f'    "{name}": {{')
        lines.extend(
            textwrap.wrap(
                items + ",", 96, initial_indent=" " * 8, subsequent_indent=" " * 8,
                break_on_hyphens=False,
            )
        )  # fmt: skip
        lines.append("    },")
    return "\n".join([*lines, "}"])


def _known(scene: Scene, truth: Mapping[str, Any], keep_details: bool) -> Scene:
    """The scene with its answers, for fitting what to ship."""
    return replace(
        scene, organized=True, title=truth["title"], date=truth["date"],
        details=scene.details if keep_details else None, studio_id=truth["studio"],
        performer_ids=tuple(truth["performers"]), tag_ids=tuple(truth["tags"]),
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("--made", nargs="+", type=int, default=[], help="seeds of libraries")
    parser.add_argument("--by-hand", nargs="+", type=int, default=[], help="seeds of those")
    parser.add_argument("--scenes", type=int, default=1000, help="how many those have")
    parser.add_argument("--answers", type=Path, help="judge these instead of analysing")
    parser.add_argument("--cold", action="store_true", help="with no organised scene at all")
    parser.add_argument("--write", type=Path, help="folder for proposals as score.py reads them")
    parser.add_argument("--fit", action="store_true", help="print the numbers to ship")
    parser.add_argument("--organized", type=int, help="keep only so many organised scenes")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folders = [*options.corpora, *_made(options.made, options.scenes, Path(made))]
        for seed in options.by_hand:
            folders.append(Path(made) / f"by-hand-{seed}")
            make_by_hand(seed).write(folders[-1])
        if options.fit:
            print(fitted(folders), end="")
        else:
            run_all(folders, options)
    return 0


def _made(seeds: Iterable[int], scenes: int, folder: Path) -> Iterable[Path]:
    for seed in seeds:
        make(seed, scenes=scenes, organized=0.5).write(folder / str(seed))
        yield folder / str(seed)


def run_all(folders: Sequence[Path], options: argparse.Namespace) -> None:
    """Measure each corpus, then all together."""
    every: dict[str, list[Row]] = {name: [] for name in FIELDS}
    sums = dict.fromkeys(FIELDS, (0, 0))
    for folder in folders:
        if options.answers:
            rows, totals = judged(folder, options.answers / f"{folder.name}.jsonl")
        else:
            rows, totals, answers = run_corpus(
                folder, cold=options.cold, organized=options.organized
            )
            if options.write:
                lines = "".join(json.dumps(answer) + "\n" for answer in answers)
                (options.write / f"{folder.name}.jsonl").write_text(lines)
        show(rows, totals)
        for name in FIELDS:
            every[name].extend(rows[name])
            sums[name] = (sums[name][0] + totals[name][0], sums[name][1] + totals[name][1])
    if len(folders) > 1:
        print(f"all {len(folders)}")
        show(every, sums)


def judged(folder: Path, answers: Path) -> tuple[dict[str, list[Row]], dict[str, tuple[int, int]]]:
    """Rows and totals of answers that were given elsewhere."""
    truth = load_truth(folder)
    with answers.open() as lines:
        given = {row["id"]: row["proposals"] for row in map(json.loads, lines)}
    rows: dict[str, list[Row]] = {name: [] for name in FIELDS}
    totals = dict.fromkeys(FIELDS, (0, 0))
    for scene in load_scenes(folder):
        if scene.organized:
            continue
        for name, (values, shown) in wanted_of(scene, truth[scene.id]).items():
            totals[name] = (totals[name][0] + len(values), totals[name][1] + len(shown))
        for name, row in judge(scene, truth[scene.id], given.get(scene.id, ())):
            rows[name].append(row)
    return rows, totals


if __name__ == "__main__":
    sys.exit(main())
