"""Every error is one problem document, whoever caused it."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from werkzeug.exceptions import ImATeapot

from actors.mailbox import ActorRestartedError
from stashhog.api.error_handlers import ClientGoneError, ErrorBoundary, problem_of
from stashhog.core import exceptions as tree
from stashhog.domain.jobs import IllegalTransitionError
from tests.api.conftest import House

PLANTED = "CANARY-4471"

STATUSES = [
    (tree.ValidationError("no"), 422, "invalid"),
    (tree.ValidationError("no", code="ambiguous_selection"), 422, "ambiguous_selection"),
    (tree.NotFoundError("no"), 404, "not_found"),
    (tree.JobNotFoundError("no"), 404, "job_not_found"),
    (tree.PlanNotFoundError("no"), 404, "plan_not_found"),
    (tree.ConflictError("no", code="plan_busy"), 409, "plan_busy"),
    (tree.SettingsError("no"), 422, "bad_settings"),
    (tree.StashNotConfiguredError("no"), 409, "stash_not_configured"),
    (tree.StashError("no"), 502, "stash_error"),
    (tree.StashAuthError("no"), 502, "stash_error"),
    (tree.StashProtocolError("no"), 502, "stash_error"),
    (tree.StashRejectedError("no"), 502, "stash_error"),
    (tree.StashUnknownOutcomeError("no"), 502, "stash_error"),
    (tree.StashNameConflictError("no"), 502, "stash_error"),
    (tree.StashGoneError("no"), 404, "not_found"),
    (tree.StashConnectionError("no"), 503, "stash_unavailable"),
    (tree.StashBusyError("no"), 503, "stash_unavailable"),
    (tree.OpenAIError("no"), 502, "model_error"),
    (tree.ModelAuthError("no"), 502, "model_error"),
    (tree.ModelAnswerError("no"), 502, "model_error"),
    (tree.ModelUnavailableError("no"), 503, "model_unavailable"),
    (tree.BusyError("no", retry_after_seconds=2.5), 503, "busy"),
    (tree.StorageError("no"), 503, "busy"),
    (ActorRestartedError("no"), 503, "busy"),
    (tree.DiskFullError("no"), 507, "disk_full"),
    (IllegalTransitionError("no"), 409, "illegal_transition"),
    (tree.StashHogException("no"), 500, "internal_error"),
]
BUGS = [
    RuntimeError(PLANTED),
    KeyError(PLANTED),
    AssertionError(PLANTED),
    RecursionError(PLANTED),
    MemoryError(PLANTED),
    OSError(28, PLANTED),
    trio.TooSlowError(PLANTED),
    UnicodeEncodeError("utf-8", PLANTED, 0, 1, PLANTED),
    ExceptionGroup(PLANTED, [ValueError(PLANTED)]),
    ExceptionGroup("", [tree.NotFoundError("no"), ExceptionGroup("", [ValueError(PLANTED)])]),
]


async def raised(house: House, error: BaseException) -> Any:
    async def route() -> None:
        raise error

    house.app.add_url_rule("/api/raise", "raise", route)
    return await house.call("GET", "/api/raise")


@pytest.mark.parametrize(
    ("error", "status", "code"), STATUSES, ids=[type(row[0]).__name__ + row[2] for row in STATUSES]
)
async def test_each_error_of_the_tree_has_its_status(
    house: House, error: Exception, status: int, code: str
) -> None:
    reply = await raised(house, error)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.header("content-type") == "application/problem+json"
    assert reply.json["status"] == status
    assert reply.json["request_id"] == reply.header("x-request-id")
    assert (reply.header("retry-after") is not None) == (status == 503)


def test_no_class_of_the_tree_is_without_a_status() -> None:
    def below(cls: type[tree.StashHogException]) -> set[type[tree.StashHogException]]:
        return {cls}.union(*(below(child) for child in cls.__subclasses__()))

    ours = {cls for cls in below(tree.StashHogException) if cls.__module__ == tree.__name__}
    for cls in ours - {tree.StashHogException}:
        assert problem_of(cls("no")).status != 500, cls


@pytest.mark.parametrize(
    "error", BUGS, ids=[type(bug).__name__ + str(n) for n, bug in enumerate(BUGS)]
)
async def test_a_bug_is_500_without_a_word_about_itself(house: House, error: Exception) -> None:
    with capture_logs() as lines:
        reply = await raised(house, error)
    assert (reply.status, reply.json["code"]) == (500, "internal_error")
    text = reply.body.decode() + str(reply.headers)
    assert PLANTED not in text
    assert "Traceback" not in text
    (line,) = [line for line in lines if line["event"] == "request_failed"]
    assert line["exc_info"] is not None
    assert line["path"] == "/api/raise"
    assert (await house.call("GET", "/api/health")).status == 200


async def test_an_error_out_of_a_nursery_is_the_error_itself(house: House) -> None:
    error = ExceptionGroup("", [ExceptionGroup("", [tree.PlanNotFoundError("no plan")])])
    reply = await raised(house, error)
    assert (reply.status, reply.json["detail"]) == (404, "no plan")


async def test_facts_go_beside_the_members_and_never_over_them(house: House) -> None:
    error = tree.ConflictError(
        "busy", code="plan_busy", context={"job_id": "j", "status": 200, "code": "x"}
    )
    reply = await raised(house, error)
    assert (reply.json["job_id"], reply.json["status"], reply.json["code"]) == (
        "j",
        409,
        "plan_busy",
    )


async def test_the_reason_behind_a_502_is_told_by_its_code(house: House) -> None:
    reply = await raised(house, tree.StashAuthError("refused"))
    assert reply.json["reason"] == "stash_unauthorized"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/api/", 404, "not_found"),
        ("GET", "/api/health/", 404, "not_found"),
        ("GET", "//evil.example/api/health", 404, "not_found"),
        ("GET", "http://evil.example/", 400, "bad_target"),
        ("OPTIONS", "*", 400, "bad_target"),
        ("CONNECT", "evil.example:443", 400, "bad_target"),
        ("GET", "/api/health\0", 404, "not_found"),
        ("GET", "/api/scenes/\0", 404, "not_found"),
        ("GET", "/api/analysis/plans/1\0", 404, "not_found"),
        ("GET", "/ui/\0.js", 404, "not_found"),
        ("POST", "/api/health", 405, "method_not_allowed"),
        ("TRACE", "/api/health", 405, "method_not_allowed"),
        ("BREW", "/api/settings", 405, "method_not_allowed"),
    ],
)
async def test_what_does_not_exist_is_said_the_same_way(
    house: House, method: str, path: str, status: int, code: str
) -> None:
    reply = await house.call(method, path)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.header("location") is None


async def test_a_socket_and_a_route_are_not_mistaken_for_one_another(house: House) -> None:
    plain = await house.call("GET", "/api/events")
    assert (plain.status, plain.json["code"]) == (426, "upgrade_required")
    assert plain.header("upgrade") == "websocket"
    socket = await house.call("GET", "/api/scenes", websocket=True)
    assert (socket.status, socket.json["code"]) == (404, "not_found")


async def test_405_says_what_is_allowed(house: House) -> None:
    reply = await house.call("DELETE", "/api/settings")
    assert reply.header("allow") == "GET, HEAD, OPTIONS, PUT"


async def test_a_method_cannot_be_overridden(house: House) -> None:
    reply = await house.call("GET", "/api/settings", headers={"x-http-method-override": "PUT"})
    assert reply.json["values"]["app"]["name"] == "StashHog"


async def test_head_and_options_answer_as_get_would(house: House) -> None:
    got = await house.call("GET", "/api/health")
    head = await house.call("HEAD", "/api/health")
    options = await house.call("OPTIONS", "/api/settings")
    assert head.status == 200
    assert head.header("content-length") == got.header("content-length")
    assert options.status == 200
    assert set(str(options.header("allow")).split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT"}


def test_errors_of_werkzeug_that_have_no_name_are_bad_requests() -> None:
    assert (problem_of(ImATeapot()).status, problem_of(ImATeapot()).code) == (418, "bad_request")


# --- the boundary itself ------------------------------------------------------------------------


async def through_boundary(
    error: BaseException, *first: dict[str, Any], kind: str = "http"
) -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in first:
            await send(message)
        raise error

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "path": "/", "headers": []}
    await ErrorBoundary(app)(scope, trio.sleep_forever, send)  # type: ignore[arg-type]  # never called
    return sent


async def test_an_answer_that_began_is_cut_and_not_patched() -> None:
    start = {"type": "http.response.start", "status": 200, "headers": []}
    assert await through_boundary(RuntimeError("late"), start) == [start]


async def test_an_open_socket_closes_with_1011() -> None:
    accept = {"type": "websocket.accept"}
    *_, last = await through_boundary(RuntimeError("late"), accept, kind="websocket")
    assert (last["type"], last["code"]) == ("websocket.close", 1011)


async def test_a_closed_socket_is_not_closed_twice() -> None:
    messages = {"type": "websocket.accept"}, {"type": "websocket.close", "code": 1000}
    assert await through_boundary(RuntimeError("late"), *messages, kind="websocket") == [*messages]


@pytest.mark.parametrize("error", [ClientGoneError(), ExceptionGroup("", [ClientGoneError()])])
async def test_nothing_is_said_to_a_client_that_is_gone(error: Exception) -> None:
    with capture_logs() as lines:
        assert await through_boundary(error) == []
    assert lines == []


async def test_cancellation_passes_the_boundary() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()

    async def send(message: Any) -> None:
        raise AssertionError(message)

    with trio.CancelScope() as scope:
        scope.cancel()
        boundary = ErrorBoundary(app)
        await boundary({"type": "http", "path": "/", "headers": []}, trio.sleep_forever, send)  # type: ignore[arg-type]  # never called
    assert scope.cancelled_caught
