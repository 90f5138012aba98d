"""What a made library teaches: how long that takes, how much memory, and how fast looking is then.

In this process alone, without a store: the scenes are read from a file as they are needed, each
once, as the service reads them page by page. Times are of the processor, so what else the machine
does counts little. Memory is what comes on top of the entities and the code.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from stashhog.core import interpreter
from stashhog.domain.detection import DetectionOptions, detect
from stashhog.domain.learning import learn
from stashhog.domain.library import Scene
from tests.bench.accuracy import load_library, scene_of

LOOKED_AT = 3_000


def run(argv: Sequence[str]) -> int:
    """Make a library, learn from it, look at some of its scenes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench learning")
    parser.add_argument("--scenes", type=int, default=25_000, help="all of them organised")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(argv)
    with TemporaryDirectory() as home:
        made = ("--scenes", str(options.scenes), "--organized", "1.0")
        command = (sys.executable, "-m", "tests.corpora", home, str(options.seed), *made)
        subprocess.run(command, check=True)
        _measure(Path(home) / str(options.seed))
    return 0


def _measure(folder: Path) -> None:
    library = load_library(folder)
    interpreter.keep_for_good()
    before, start = _peak_mb(), time.process_time()
    with interpreter.uncollected():
        knowledge = learn(library, _scenes(folder))
    took, peak = time.process_time() - start, _peak_mb()
    print(
        f"learned from {knowledge.organized_scenes:,} organised scenes, "
        f"{len(library.performers):,} performers: {took:.1f} s, {before:.0f} MB before, "
        f"{peak:.0f} MB at the peak"
    )
    options = DetectionOptions(include_organized=True)
    some = list(islice(_scenes(folder), LOOKED_AT))
    start = time.process_time()
    for scene in some:
        detect(scene, knowledge, options)
    print(f"looked at {len(some):,}: {len(some) / (time.process_time() - start):,.0f} scenes/s")


def _scenes(folder: Path) -> Iterator[Scene]:
    with (folder / "scenes.jsonl").open() as lines:
        for line in lines:
            yield scene_of(json.loads(line))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
