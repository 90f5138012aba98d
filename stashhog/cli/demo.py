"""`stashhog demo`: the whole story on a sample library, in one command.

A sample Stash and the service start side by side; the library is synced and analysed, and a plan
lies ready to review. Everything lives in the demo's own folder, which is made anew at each start
(the sample Stash keeps nothing either).
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import trio
from cyclopts import Parameter

from stashhog.api.dependencies import Services
from stashhog.cli.output import DONE, told
from stashhog.core.config import read_layers, resolve
from stashhog.core.exceptions import StorageError
from stashhog.core.logging import configure_logging
from stashhog.demo import SampleStash
from stashhog.demo.serve import serve_sample_stash
from stashhog.domain.jobs import AnalysisSubmission, Job, SceneSelection, SyncSubmission
from stashhog.main import serve

FOLDER = "stashhog-demo"
MARK = ".stashhog-demo"
"""Only a folder with this file in it is ever removed."""


def demo(
    *,
    port: Annotated[int | None, Parameter(help="Port to listen on.")] = None,
    data_dir: Annotated[
        Path | None, Parameter(help="The demo's own folder, made anew at each start.")
    ] = None,
) -> int:
    """Try StashHog on a sample library: sync, analyse, and review at the printed address."""
    return told(partial(run_demo, port=port, folder=data_dir))


async def run_demo(*, port: int | None = None, folder: Path | None = None) -> int:
    """Run until a signal comes."""
    home = _fresh_folder((folder or Path(FOLDER)).absolute())
    given: dict[str, Any] = {"data_dir": home}
    if port is not None:
        given["port"] = port
    async with trio.open_nursery() as nursery:
        stash_url: str = await nursery.start(serve_sample_stash, SampleStash())
        stash = {"url": stash_url, "api_key": ""}
        layers = read_layers(
            command_line={
                "app": given,
                "stash": stash,
                "openai": {"enabled": False},
                "logging": {"level": "warning"},
            }
        )
        configure_logging(resolve(layers).settings.logging.model_copy(update={"level": "warning"}))
        await serve(layers, {}, on_ready=partial(_prepare, stash_url, home))
        nursery.cancel_scope.cancel()
    return DONE


def _fresh_folder(home: Path) -> Path:
    if home.exists():
        if any(home.iterdir()) and not (home / MARK).exists():
            raise StorageError(f"{home} holds something else; name another folder by --data-dir")
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / MARK).touch()
    return home


async def _prepare(stash_url: str, home: Path, services: Services, url: str) -> None:
    """Sync, analyse, and say where the plan lies."""
    print(f"StashHog  {url}\nSample Stash  {stash_url}\nFolder  {home}", flush=True)  # noqa: T201 - for the person who started it
    synced = await services.actors.sync_manager.request(SyncSubmission("full"))
    await _ended(services, synced)
    wanted = AnalysisSubmission(
        SceneSelection(filter={"organized": False}), name="What the sample library lacks"
    )
    job = await services.actors.planner.submit(wanted)
    await _ended(services, job)
    plan_id = job.params["plan_id"]
    print(f"\nA plan to review  {url}/plans/{plan_id}\n(stop with Ctrl-C)", flush=True)  # noqa: T201 - for the person who started it


async def _ended(services: Services, job: Job) -> None:
    async with services.actors.registry.watch(job.id, None) as frames:
        async for _ in frames:
            pass
