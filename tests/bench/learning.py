"""What a made library teaches: how long that takes, how much memory, and how fast looking is then.

In this process alone, without a store: the scenes are read from a file as they are needed, each
once, as the service reads them page by page. Times are of the processor, so what else the machine
does counts little. Memory is what comes on top of the entities and the code.

With `--service` the whole service does it, beside a Stash that has the library: it learns in the
first analysis, which looks at one scene only, knows it in the second and after a restart, and is
told in between that a person changed something. Its times are the wall clock's, and the event
loop's pulse is felt meanwhile as `tests.bench.lag` does. `--stash URL` takes what a real Stash has;
the title of one of its organised scenes is changed and put back, and a performer comes and goes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import httpx

from stashhog.core import interpreter
from stashhog.demo import SampleLibrary, SampleStash
from stashhog.domain.detection import DetectionOptions, detect
from stashhog.domain.learning import learn
from stashhog.domain.library import Scene
from stashhog.stash.documents import ENTITY_OPERATIONS, UPDATE_SCENE, Operation
from tests.bench.accuracy import load_library, scene_of
from tests.bench.lag import Whiles
from tests.bench.service import MINUTES, ended
from tests.rig.api import Api, Shape
from tests.rig.service import Service
from tests.rig.stash import Stash

LOOKED_AT = 3_000


def run(argv: Sequence[str]) -> int:
    """Make a library, learn from it, look at some of its scenes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench learning")
    parser.add_argument("--scenes", type=int, default=25_000, help="all of them organised")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--service", action="store_true", help="in the whole service")
    parser.add_argument("--stash", metavar="URL", help="a real one, for the whole service")
    parser.add_argument("--api-key", metavar="KEY")
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        url = options.stash
        if url is None:
            made = ("--scenes", str(options.scenes), "--organized", "1.0")
            command = (sys.executable, "-m", "tests.corpora", home, str(options.seed), *made)
            subprocess.run(command, check=True)
            if not options.service:
                _measure(home / str(options.seed))
                return 0
            sample = SampleStash(SampleLibrary.from_corpus(home / str(options.seed)))
            url = stack.enter_context(Stash(sample)).url
        _serve(home, url, options.api_key)
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


def _serve(home: Path, url: str, api_key: str | None) -> None:
    """Learn in the whole service: at first, again, after a restart, and after changes."""
    beats = home / "beats"
    service = Service(
        home / "service",
        url,
        env={"STASHHOG_STASH__API_KEY": api_key} if api_key else {},
        program=("-m", "tests.bench.heart", str(beats)),
    )
    with service, _Person(url, api_key) as person:
        api, whiles = Api(service.url), Whiles(service)
        with whiles.of("full sync"):
            api.ended(api.sync("full"), seconds=MINUTES)
        scene = api.get("/scenes", organized=True, size=1)["items"][0]
        with whiles.of("first analysis"):
            _looked(api, scene)
        with whiles.of("second analysis"):
            _looked(api, scene)
        service.stop()
        whiles.tell(beats)
        service.start()
        with whiles.of("after a restart"):
            _looked(api, scene)
        for what, title in (("changed", f"{scene['title']} again"), ("put back", scene["title"])):
            person.call(scene["id"], title)
            api.ended(api.sync("incremental"), seconds=MINUTES)
            with whiles.of(f"one title {what}"):
                _looked(api, scene)
        with person.newcomer():
            api.ended(api.sync("incremental"), seconds=MINUTES)
            with whiles.of("one performer more"):
                _looked(api, scene)
        service.stop()
        whiles.tell(beats)


def _looked(api: Api, scene: Shape) -> None:
    """Analyse one scene, and what has to be learned before."""
    options = {"include_organized": True}
    job = ended(api, api.analyse(scene_ids=[scene["id"]], options=options), every_s=0.1)
    assert job["status"] == "completed", job


class _Person:
    """Somebody at Stash's own page."""

    def __init__(self, url: str, api_key: str | None) -> None:
        headers = {"Accept": "application/json", **({"ApiKey": api_key} if api_key else {})}
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, scene_id: str, title: str | None) -> None:
        """Give a scene a title."""
        self._do(UPDATE_SCENE, {"ids": [scene_id], "title": title})

    @contextmanager
    def newcomer(self) -> Generator[None]:
        """Have a performer whom nobody knew, and remove them again."""
        kind = ENTITY_OPERATIONS["performer"]
        made = self._do(kind.create, {"name": "Ottoline Nevermet"})
        try:
            yield
        finally:
            self._do(kind.destroy, {"id": made["performerCreate"]["id"]})

    def _do(self, operation: Operation, given: Shape) -> Shape:
        body = {"query": operation.text, "variables": {"input": given}}
        answer: Shape = self._http.post("/graphql", json=body).json()
        assert "errors" not in answer, answer
        done: Shape = answer["data"]
        return done
