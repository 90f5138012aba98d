"""The command line: `stashhog serve | demo | sync | analyze | plans | apply | undo | doctor`.

Rules:
- One-shot commands do their work in this process, or, while a service holds the data folder,
  through that service.
- Exit codes: 0 done, 1 failed, 2 usage or settings, 3 a dependency is away, 4 finished with
  conflicts or failed items, 130 interrupted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import trio
from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.validators import Number

from stashhog.cli.desk import Desk, ReadingDesk, ServiceDesk, Shape
from stashhog.cli.options import AsJson, DataDir, layers_of
from stashhog.cli.output import (
    DONE,
    INTERRUPTED,
    USAGE,
    Printer,
    exit_code_of_job,
    told,
)
from stashhog.core.config import SettingsLayers, resolve
from stashhog.core.hypercorn_file import find_hypercorn_file, read_hypercorn_file
from stashhog.core.logging import configure_logging
from stashhog.core.signals import ending_signals
from stashhog.domain.jobs import (
    FINAL,
    AnalysisSubmission,
    ApplySubmission,
    JobStatus,
    SceneSelection,
    Submission,
    SyncSubmission,
    UndoSubmission,
)

app = App(
    name="stashhog",
    help="Reviewable, undoable metadata for a Stash library.",
    version_flags=["--version"],
)
ABOUT = Group("About")
app["--help"].group = ABOUT
app["--version"].group = ABOUT
plans_app = App(name="plans", help="Look at plans; changes nothing.")
app.command(plans_app)
# By name, for each of these loads what the others do without.
app.command(
    "stashhog.cli.doctor:doctor",
    name="doctor",
    help="Check settings, folder, database, Stash and model, and say what to do; changes nothing.",
)
app.command(
    "stashhog.cli.demo:demo",
    name="demo",
    help="Try StashHog on a sample library: sync, analyse, and review at the printed address.",
)
app.command(
    "stashhog.cli.backups:backup",
    name="backup",
    help="Write a checked copy of the database, also while the service runs.",
)
app.command(
    "stashhog.cli.backups:restore",
    name="restore",
    help="List the copies of the database, or put one in its place.",
)

CONFIDENCE = Number(gte=0, lte=1)
PlanId = Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))]
POLL_S = 0.2
CANCEL_S = 10.0
ENDED = FINAL | {JobStatus.INTERRUPTED}


def _stash_id(_: object, text: str) -> None:
    if not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise ValueError(f"{text[:40]} is no id of a scene")


def run(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    try:
        code = app(arguments, exit_on_error=False, print_error=True)
    except CycloptsError:
        code = USAGE
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else DONE)


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on.")] = None,
    data_dir: DataDir = None,
) -> int:
    """Run the service until SIGTERM or SIGINT."""

    async def story() -> int:
        layers = layers_of(data_dir, host=host, port=port)
        settings = resolve(layers).settings
        configure_logging(settings.logging)
        options = read_hypercorn_file(find_hypercorn_file(settings.app.data_dir))
        from stashhog.main import serve as serve_until_signal  # noqa: PLC0415 - loads everything

        await serve_until_signal(layers, options)
        return DONE

    return told(story)


@app.command
def sync(
    *scene_ids: Annotated[str, Parameter(help="Only these scenes.", validator=_stash_id)],
    full: Annotated[bool, Parameter(negative="", help="Read every scene again.")] = False,
    adopt: Annotated[
        bool, Parameter(negative="", help="Take the library that Stash serves now as it is.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Bring the local copy up to date with Stash."""
    mode: Literal["full", "incremental"] = "full" if full or adopt else "incremental"
    submission = SyncSubmission(mode, scene_ids or None, adopt=adopt)
    return told(partial(_run_job, submission, Printer(as_json), data_dir))


@app.command
def analyze(
    *scene_ids: Annotated[str, Parameter(help="Only these scenes.")],
    everything: Annotated[
        bool, Parameter(name="--all", negative="", help="All scenes, analysed before or not.")
    ] = False,
    name: Annotated[str | None, Parameter(help="The plan's name.")] = None,
    min_confidence: Annotated[
        float | None,
        Parameter(
            help="Leave out what is less sure; unset: as in the settings.", validator=CONFIDENCE
        ),
    ] = None,
    use_llm: Annotated[
        Literal["auto", "always", "never"] | None,
        Parameter(
            help="Ask a model about doubtful scenes, all or none; unset: as in the settings."
        ),
    ] = None,
    max_cost_usd: Annotated[
        float | None, Parameter(help="Most that asking may cost.", validator=Number(gte=0))
    ] = None,
    max_tokens: Annotated[
        int | None, Parameter(help="Most tokens that asking may use.", validator=Number(gte=0))
    ] = None,
    explain: Annotated[
        str | None, Parameter(help="Show what is found in this path and why; makes no plan.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Look at scenes and propose a plan; by default those not analysed since they last changed."""
    if explain is not None:
        return told(partial(_explain, explain, Printer(as_json), data_dir))
    if scene_ids:
        selection = SceneSelection(ids=tuple(scene_ids))
    else:
        selection = SceneSelection(filter={"all": True} if everything else {"analyzed": False})
    given = {
        "min_confidence": min_confidence,
        "use_llm": use_llm,
        "max_cost_usd": max_cost_usd,
        "max_tokens": max_tokens,
    }
    options = {option: value for option, value in given.items() if value is not None}
    submission = AnalysisSubmission(selection, options, name)
    return told(partial(_run_job, submission, Printer(as_json), data_dir))


@app.command
def apply(
    plan_id: PlanId,
    *,
    accept: Annotated[
        float | None,
        Parameter(
            help="First accept what is proposed with at least this confidence (0 to 1).",
            validator=CONFIDENCE,
        ),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Write a plan's accepted changes to Stash."""
    printer = Printer(as_json)

    async def prepare(desk: Desk) -> None:
        if accept is not None:
            printer.say(f"{await desk.accept(plan_id, accept)} changes accepted")

    return told(partial(_run_job, ApplySubmission(plan_id), printer, data_dir, prepare))


@app.command
def undo(
    plan_id: PlanId,
    *,
    remove_created: Annotated[
        bool, Parameter(negative="", help="Remove entities that the plan created, if unused.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Put back what a plan wrote, where Stash still has it."""
    submission = UndoSubmission(plan_id, remove_created=remove_created)
    return told(partial(_run_job, submission, Printer(as_json), data_dir))


@plans_app.default
@plans_app.command(name="list")
def list_plans(*, as_json: AsJson = False, data_dir: DataDir = None) -> int:
    """List all plans, newest first."""
    printer = Printer(as_json)

    async def story() -> int:
        async with _reading_desk(data_dir) as desk:
            items = await _all_pages(desk.plans)
        printer.rows(("id", "name", "status", "created_at", "scenes", "changes", "counts"), items)
        return DONE

    return told(story)


@plans_app.command(name="show")
def show_plan(
    plan_id: PlanId,
    *,
    changes: Annotated[bool, Parameter(negative="", help="All its changes too.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> int:
    """Show one plan."""
    printer = Printer(as_json)

    async def story() -> int:
        async with _reading_desk(data_dir) as desk:
            printer.result(await desk.plan(plan_id))
            if changes:
                items = await _all_pages(partial(desk.changes, plan_id))
                columns = ("id", "scene_id", "field", "action", "proposed", "confidence", "status")
                printer.rows(columns, items)
        return DONE

    return told(story)


# --- how a command runs -------------------------------------------------------------------------


async def _service(layers: SettingsLayers) -> ServiceDesk | None:
    settings = resolve(layers).settings
    configure_logging(settings.logging.model_copy(update={"level": "error"}))
    service = ServiceDesk.of(settings.app.data_dir)
    return service if service is not None and await service.answers() else None


@asynccontextmanager
async def _reading_desk(data_dir: Path | None) -> AsyncGenerator[ReadingDesk]:
    """The running service's desk where there is one, else the database's."""
    layers = layers_of(data_dir)
    service = await _service(layers)
    if service is not None:
        yield service
        return
    async with _local().reading_desk(layers) as desk:
        yield desk


@asynccontextmanager
async def _desk(data_dir: Path | None) -> AsyncGenerator[Desk]:
    """The running service's desk where there is one, else our own."""
    layers = layers_of(data_dir)
    service = await _service(layers)
    if service is not None:
        yield service
        return
    async with _local().local_desk(layers) as desk:
        yield desk


def _local() -> ModuleType:
    from stashhog.cli import local  # noqa: PLC0415 - loads the service, which others need not

    return local


async def _explain(path: str, printer: Printer, data_dir: Path | None) -> int:
    async with _desk(data_dir) as desk:
        printer.explanation(await desk.explain(path))
    return DONE


async def _run_job(
    submission: Submission,
    printer: Printer,
    data_dir: Path | None,
    prepare: Callable[[Desk], Awaitable[None]] | None = None,
) -> int:
    async with _desk(data_dir) as desk:
        if prepare is not None:
            await prepare(desk)
        job = await desk.submit(submission)
        stopped = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, stopped, nursery.cancel_scope)
            with printer.progress() as bar:
                job = await _followed(desk, job, bar.show)
            nursery.cancel_scope.cancel()
        if stopped.is_set():
            await _cancel(desk, job)
            printer.say("cancelled; what was done is kept")
            return INTERRUPTED
        printer.warnings((await desk.log(job["id"]))["items"])
    if job["error"]:
        printer.say(f"stashhog: {job['error']['detail']}")
    printer.result({"job_id": job["id"], "status": job["status"], **(job["result"] or {})})
    return exit_code_of_job(job)


async def _followed(desk: Desk, job: Shape, show: Callable[[Shape], None]) -> Shape:
    """Look at the job until nothing more happens to it here."""
    while job["status"] not in ENDED:
        show(job)
        await trio.sleep(POLL_S)
        job = await desk.job(job["id"])
    return job


async def _cancel(desk: Desk, job: Shape) -> None:
    """A signal to the command is its person's wish to end the job; wait until it has ended."""
    await desk.cancel(job["id"])
    with trio.move_on_after(CANCEL_S):
        await _followed(desk, job, lambda _: None)


async def _stop_on_signal(stopped: trio.Event, scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(*ending_signals()) as signals:
        async for _ in signals:
            stopped.set()
            scope.cancel()
            return


async def _all_pages(
    read: Callable[[int], Awaitable[Mapping[str, Any]]],
) -> list[Mapping[str, Any]]:
    items: list[Mapping[str, Any]] = []
    page = 1
    while True:
        got = await read(page)
        items += got["items"]
        if page >= got["pages"]:
            return items
        page += 1
