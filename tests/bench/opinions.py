"""What the word of a model does to an analysis: how many scenes are sent, and what comes of it.

`python -m tests.bench.opinions CORPUS… [--made SEED…] [--use auto|always] [--reader NAME…]` learns
and analyses as `tests.bench.accuracy` does, puts the questions that the product would put, has them
answered by readers that know the truth or lie, and prints the table of that bench for each reader,
`alone` without one. No server is asked: an answer goes the way of `domain.asking` from the text on.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from actors.jobs.doubts import Looked, Looking, look_at, open_scenes
from stashhog.domain.asking import Answer, AskedScene, Share, make_prompt, opinions_of, read_answers
from stashhog.domain.asking.credit import Credit
from stashhog.domain.asking.tokens import usual
from stashhog.domain.detection import FIELDS, DetectionOptions, reconsider
from stashhog.domain.learning import Knowledge, learn
from stashhog.domain.library import Scene
from stashhog.domain.names import plain, squash
from tests.bench.accuracy import (
    EPOCH,
    Row,
    emptied,
    judge,
    load_library,
    load_scenes,
    load_truth,
    show,
    wanted_of,
)
from tests.corpora.make import make

Truth = Mapping[str, Any]
Said = tuple[list[str], str | None]
Reader = Callable[[AskedScene, Truth, random.Random], Said]

SCENES_A_CALL = 10
BATCH = 200
SLIPS = 0.1
"""How often the careless reader is wrong about a candidate."""


def fits(field: str, value: str, truth: Truth) -> bool:
    """Whether a candidate is right."""
    if field == "title":
        return plain(value) == plain(truth["title"] or "")
    given = truth[field]
    return value in given if isinstance(given, list) else value == given


def truthful(asked: AskedScene, truth: Truth, _chance: random.Random) -> Said:
    """Knows the truth, the title as well where the name holds it."""
    picks = [
        code for code, (field, option) in asked.options.items() if fits(field, option.key, truth)
    ]
    title = truth["title"] or ""
    named = "title" in asked.fields and squash(title) and squash(title) in asked.stems[0]
    known = any(code.startswith("k") for code in picks)
    return picks, title if named and not known else None


def careless(asked: AskedScene, truth: Truth, chance: random.Random) -> Said:
    """Knows the truth, but slips: leaves a right one out, or takes a wrong one in its place."""
    right, title = truthful(asked, truth, chance)
    picks = []
    for letter in "spdkt":
        codes = [code for code in asked.options if code.startswith(letter)]
        kept = [
            code
            for code in codes
            if (code in right) != (letter in "pt" and chance.random() < SLIPS)
        ]
        if letter in "sdk" and codes and chance.random() < SLIPS:
            kept = [chance.choice(codes)]
        picks += kept
    return picks, title if title is not None and chance.random() > SLIPS else None


def first(asked: AskedScene, _truth: Truth, _chance: random.Random) -> Said:
    """Takes the likeliest of everything."""
    return [code for code in asked.options if code[1:] == "0"], None


def last(asked: AskedScene, _truth: Truth, _chance: random.Random) -> Said:
    """Takes the least likely of everything."""
    return list({code[0]: code for code in asked.options}.values()), None


def every(asked: AskedScene, _truth: Truth, _chance: random.Random) -> Said:
    """Takes all that may be taken, and one of what can be one."""
    return [code for code in asked.options if code[0] in "pt" or code[1:] == "0"], None


def tossing(asked: AskedScene, _truth: Truth, chance: random.Random) -> Said:
    """Takes one of each field by chance."""
    by_letter: dict[str, list[str]] = {}
    for code in asked.options:
        by_letter.setdefault(code[0], []).append(code)
    return [chance.choice(codes) for codes in by_letter.values()], None


def nothing(_asked: AskedScene, _truth: Truth, _chance: random.Random) -> Said:
    """Takes nothing at all."""
    return [], None


def contrary(asked: AskedScene, truth: Truth, chance: random.Random) -> Said:
    """Knows the truth, and says something else."""
    wrong: dict[str, list[str]] = {}
    for code, (field, option) in asked.options.items():
        if not fits(field, option.key, truth):
            wrong.setdefault(code[0], []).append(code)
    return [chance.choice(codes) for codes in wrong.values()], None


READERS: Mapping[str, Reader] = {
    "truthful": truthful, "careless": careless, "first": first, "last": last, "every": every,
    "tossing": tossing, "nothing": nothing, "contrary": contrary,
}  # fmt: skip


@dataclass
class Seen:
    """A corpus after a look: its scenes with the questions that are sent, and the truth."""

    looked: list[Looked]
    sent: dict[str, AskedScene]
    truth: Mapping[str, Truth]
    knowledge: Knowledge
    options: DetectionOptions


def seen(folder: Path, use: str, *, cold: bool, least: float) -> Seen:
    """Learn and look, as an analysis with such a `use_llm` would."""
    library, scenes, truth = load_library(folder), load_scenes(folder), load_truth(folder)
    if cold:
        scenes = [emptied(scene) for scene in scenes]
    paths = [(file.path, EPOCH) for scene in scenes for file in scene.files]
    knowledge = learn(library, [s for s in scenes if s.organized], paths)
    options = DetectionOptions(min_confidence=least)
    looking = Looking(knowledge, options, use, "bench", "reader")  # type: ignore[arg-type]  # checked by the parser
    open_ones = [scene for scene in scenes if not scene.organized]
    share = Share(limited=use == "auto")
    looked, sent = [], {}
    for at in range(0, len(open_ones), BATCH):
        batch = look_at(open_ones[at : at + BATCH], looking)(lambda: None)
        fresh = [(one.doubt, one.asked) for one in batch if one.asked is not None]
        sent.update((a.scene_id, a) for a in share.chosen(fresh, [], open_scenes(batch)))
        looked += batch
    return Seen(looked, sent, truth, knowledge, options)


def told(found: Seen, reader: Reader | None, chance: random.Random) -> Iterator[tuple[Scene, Any]]:
    """Each scene with its proposals after the reader had its say, batch by batch as in a job."""
    credit = Credit(found.knowledge.trust)
    for at in range(0, len(found.looked), BATCH):
        batch = found.looked[at : at + BATCH]
        asked = [found.sent[one.scene.id] for one in batch if one.scene.id in found.sent]
        opinions = {}
        if reader is not None:
            for scene, answer in _answered(asked, reader, found.truth, chance):
                opinions[scene.scene_id] = opinions_of(scene, answer)
                credit.note(scene, opinions[scene.scene_id])
        knowledge = replace(found.knowledge, trust=credit.trust())
        for one in batch:
            findings = one.findings
            if one.scene.id in opinions and one.examined is not None:
                said = opinions[one.scene.id]
                findings = reconsider(one.examined, said, knowledge, found.options)
            yield one.scene, findings


def _answered(
    asked: Sequence[AskedScene],
    reader: Reader,
    truth: Mapping[str, Truth],
    chance: random.Random,
) -> Iterator[tuple[AskedScene, Answer]]:
    for at in range(0, len(asked), SCENES_A_CALL):
        group = asked[at : at + SCENES_A_CALL]
        files = []
        for number, scene in enumerate(group, 1):
            picks, title = reader(scene, truth[scene.scene_id], chance)
            files.append({"n": number, "picks": picks, "title": title})
        answers = read_answers(json.dumps({"files": files}), group, "codes")
        for scene in group:
            if scene.scene_id in answers:
                yield scene, answers[scene.scene_id]


def tokens_of(sent: Sequence[AskedScene]) -> int:
    """About how many tokens the messages of all calls have."""
    sums = 0
    for at in range(0, len(sent), SCENES_A_CALL):
        prompt = make_prompt(sent[at : at + SCENES_A_CALL], "codes")
        sums += usual(prompt.system) + usual(prompt.user)
    return sums


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.opinions", description=__doc__)
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("--made", nargs="+", type=int, default=[], help="seeds of libraries")
    parser.add_argument("--scenes", type=int, default=1000, help="how many those have")
    parser.add_argument("--use", choices=("auto", "always"), default="auto")
    parser.add_argument("--reader", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--least", type=float, default=0.5, help="least confidence proposed")
    parser.add_argument("--cold", action="store_true", help="with no organised scene at all")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        folders = [*given.corpora]
        for seed in given.made:
            folders.append(Path(home) / str(seed))
            make(seed, scenes=given.scenes, organized=0.5).write(folders[-1])
        found = [seen(f, given.use, cold=given.cold, least=given.least) for f in folders]
    for folder, one in zip(folders, found, strict=True):
        sent, looked = list(one.sent.values()), open_scenes(one.looked)
        print(
            f"{folder.name}: {len(sent)} of {looked} scenes sent ({len(sent) / looked:.1%}), about "
            f"{tokens_of(sent) / max(1, len(sent)):.0f} prompt tokens each"
        )
    for name in (None, *given.reader):
        rows: dict[str, list[Row]] = {field: [] for field in FIELDS}
        sums = dict.fromkeys(FIELDS, (0, 0))
        for one in found:
            reader = None if name is None else READERS[name]
            for scene, findings in told(one, reader, random.Random(20261126)):
                truth = one.truth[scene.id]
                proposals = [
                    {"field": p.field, "value": p.entity_id or p.value, "confidence": p.confidence}
                    for p in findings.proposals
                ]
                for field, (values, shown) in wanted_of(scene, truth).items():
                    sums[field] = (sums[field][0] + len(values), sums[field][1] + len(shown))
                for field, row in judge(scene, truth, proposals):
                    rows[field].append(row)
        print(name or "alone")
        show(rows, sums)
    return 0


if __name__ == "__main__":
    sys.exit(main())
