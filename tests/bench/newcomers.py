"""How right it is where a path names somebody or something that the library does not have.

`python -m tests.bench.newcomers CORPUS… [--made SEED…]` analyses as `tests.bench.accuracy` does,
with new performers, studios and tags allowed, and prints by confidence how many of the new names
are such, and how many of those that the scenes have are found. A name in Latin letters is right
where the truth has it in others.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stashhog.domain.detection import DetectionOptions, Proposal, detect
from stashhog.domain.detection.newcomers import same_name
from stashhog.domain.learning import learn
from stashhog.domain.names import latin, squash
from tests.bench.accuracy import EPOCH, load_library, load_scenes, load_truth
from tests.corpora.make import make

OPTIONS = DetectionOptions(
    min_confidence=0.1, create_missing=frozenset({"performer", "studio", "tag"})
)
LEAST = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
FIELDS = ("performers", "studio", "tags")


def strangers(truth: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """The names of a scene that its library lacks."""
    studio = truth["unknown_studio"]
    return {"performers": truth["unknown_performers"], "studio": [studio] if studio else []}


def found_in(folder: Path, there: Counter[str]) -> Iterator[tuple[Proposal, bool, str]]:
    """Each new name that is proposed, whether it is one, and where."""
    library, scenes, truth = load_library(folder), load_scenes(folder), load_truth(folder)
    paths = [(file.path, EPOCH) for scene in scenes for file in scene.files]
    knowledge = learn(library, [scene for scene in scenes if scene.organized], paths)
    for scene in scenes:
        if scene.organized:
            continue
        names = strangers(truth[scene.id])
        there.update({field: len(given) for field, given in names.items()})
        for one in detect(scene, knowledge, OPTIONS).proposals:
            if one.field in FIELDS and one.entity_id is None:
                given = names.get(one.field, ())
                keys = [
                    squash(written) for name in given for written in (name, latin(name) or name)
                ]
                right = any(same_name(squash(one.value), key) for key in keys)
                yield one, right, scene.path or ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.newcomers", description=__doc__)
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("--made", nargs="+", type=int, default=[], help="seeds of libraries")
    parser.add_argument("--scenes", type=int, default=1000, help="how many those have")
    parser.add_argument(
        "--wrong", type=int, default=0, help="show so many of the surest wrong ones"
    )
    given = parser.parse_args(arguments)
    there: Counter[str] = Counter()
    found: list[tuple[Proposal, bool, str]] = []
    with tempfile.TemporaryDirectory() as home:
        folders = [*given.corpora]
        for seed in given.made:
            folders.append(Path(home) / str(seed))
            make(seed, scenes=given.scenes, organized=0.5).write(folders[-1])
        for folder in folders:
            found += found_in(folder, there)
    for field in FIELDS:
        rows = [(one.confidence, right) for one, right, _ in found if one.field == field]
        print(f"{field}: {there[field]} names in scenes that the library lacks")
        for least in LEAST:
            kept = [right for confidence, right in rows if confidence >= least]
            share = f"{sum(kept) / len(kept):.3f} right" if kept else "none"
            of_all = f", {sum(kept) / there[field]:.3f} of all" if there[field] else ""
            print(f"  from {least:4} on: {len(kept):4} proposed, {share}{of_all}")
    wrong = sorted((w for w in found if not w[1]), key=lambda w: -w[0].confidence)
    for one, _, path in wrong[: given.wrong]:
        print(f"  {one.confidence} {one.field} {one.value!r} in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
