"""The log: one event, one line, no secrets."""

from __future__ import annotations

import io
import json
import logging
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from stashhog.core.config import LoggingSettings
from stashhog.core.exceptions import SettingsError
from stashhog.core.logging import configure_logging, register_secret

CANARY = "canary-log-5d1f"
NASTY = "a\r\nb\x1b[31mc\u2028d\u2029e\x85f\x00g\u202eh\ud800i"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    for handler in list(root.handlers):
        if handler not in before[0]:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fail(error: Exception) -> None:
    raise error


def json_log(**settings: object) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(LoggingSettings.model_validate(settings), stream)
    return stream


def events(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_beside_a_terminal_each_event_is_one_json_line() -> None:
    stream = json_log()
    structlog.get_logger("stashhog.x").info("scene_saved", scene_id="7", path=NASTY)
    (event,) = events(stream)
    assert event["event"] == "scene_saved"
    assert event["level"] == "info"
    assert event["logger"] == "stashhog.x"
    assert str(event["timestamp"]).endswith("Z")
    assert event["path"] == NASTY
    assert stream.getvalue().isascii()
    assert stream.getvalue().count("\n") == 1


def test_on_a_terminal_nothing_can_forge_a_line_or_a_colour() -> None:
    stream = Terminal()
    configure_logging(LoggingSettings(), stream)
    log = structlog.get_logger("stashhog.x")
    log.info(NASTY, path=NASTY, nested={"deep": [NASTY]}, **{NASTY: 1})
    line = stream.getvalue()
    assert len(line.splitlines()) == 1
    assert "\x1b[31m" not in line.replace("\x1b[31m\x1b[1m", "")
    assert "\\x1b[31mc" in line
    assert "\u202e" not in line


def test_a_traceback_on_a_terminal_is_marked_line_by_line() -> None:
    stream = Terminal()
    configure_logging(LoggingSettings(format="console"), stream)
    try:
        fail(ValueError("first\n2026-01-01 [error] forged"))
    except ValueError:
        structlog.get_logger("x").exception("job_failed")
    first, *rest = stream.getvalue().splitlines()
    assert "job_failed" in first
    assert rest
    assert all(line.startswith("  | ") for line in rest)


def test_a_traceback_shows_no_local_variables() -> None:
    stream = json_log()
    local_value = CANARY
    try:
        fail(KeyError(len(local_value)))
    except KeyError:
        structlog.get_logger("x").exception("job_failed")
        logging.getLogger("foreign").exception("broke")
    assert stream.getvalue().count("Traceback") == 2
    assert CANARY not in stream.getvalue()
    assert len(events(stream)) == 2


def test_other_libraries_speak_the_same_way() -> None:
    stream = json_log()
    logging.getLogger("hypercorn.error").warning("Running on %s\n%s", "http://h", NASTY)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old habits", UserWarning, stacklevel=1)
    first, second = events(stream)
    assert first["logger"] == "hypercorn.error"
    assert first["level"] == "warning"
    assert second["logger"] == "py.warnings"
    assert "old habits" in str(second["event"])


def test_secrets_disappear_from_our_events_and_from_foreign_ones() -> None:
    register_secret(CANARY)
    stream = json_log(level="debug")
    structlog.get_logger("x").info(
        f"at {CANARY}", url="http://h/?apikey=abc123", headers={"ApiKey": "abc123"}, key=[CANARY]
    )
    logging.getLogger("other").error("sent %s with %r", CANARY, {"Authorization": "Bearer abc123"})
    try:
        fail(RuntimeError(f"no entry with {CANARY}"))
    except RuntimeError:
        logging.getLogger("other").exception("failed")
    assert len(events(stream)) == 3
    assert CANARY not in stream.getvalue()
    assert "abc123" not in stream.getvalue()


def test_http_libraries_do_not_list_their_requests_even_when_debugging() -> None:
    stream = json_log(level="debug")
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get("http://h/?q=1", headers={"ApiKey": "abc123"})
    assert stream.getvalue() == ""


def test_what_is_bound_to_a_request_or_a_job_stands_in_each_event() -> None:
    stream = json_log()
    with structlog.contextvars.bound_contextvars(request_id="r1", job_id="j1", kind="sync"):
        structlog.get_logger("x").info("one")
        logging.getLogger("other").info("two")
    structlog.get_logger("x").info("three")
    one, two, three = events(stream)
    for event in (one, two):
        assert (event["request_id"], event["job_id"], event["kind"]) == ("r1", "j1", "sync")
    assert "request_id" not in three


def test_the_level_holds_for_everybody() -> None:
    stream = json_log(level="warning")
    structlog.get_logger("x").info("quiet")
    logging.getLogger("other").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [event["event"] for event in events(stream)] == ["loud"]


def test_libraries_that_talk_of_themselves_are_heard_from_warnings_on() -> None:
    stream = json_log()
    for name in ("httpx", "alembic.runtime.plugins.setup"):
        logging.getLogger(name).info("I am here")
        logging.getLogger(name).warning("I am ill")
    assert [event["event"] for event in events(stream)] == ["I am ill", "I am ill"]


def test_configuring_anew_replaces_the_former_log() -> None:
    first, second = json_log(), json_log()
    structlog.get_logger("x").info("here")
    assert first.getvalue() == ""
    assert len(events(second)) == 1


def test_a_log_file_is_private_json_and_rotates(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "stashhog.log"
    stream = Terminal()
    configure_logging(LoggingSettings(file=path, max_bytes=4096, backups=2), stream)
    for number in range(100):
        structlog.get_logger("x").info("line", number=number, text="y" * 100)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["stashhog.log", "stashhog.log.1", "stashhog.log.2"]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_size <= 4096
        assert all(json.loads(line)["event"] == "line" for line in file.read_text().splitlines())


def test_a_log_file_that_cannot_be_written_is_a_settings_error_and_the_old_log_stays(
    tmp_path: Path,
) -> None:
    stream = json_log()
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        configure_logging(LoggingSettings(file=tmp_path / "file" / "x.log"), io.StringIO())
    assert "logging.file" in caught.value.detail
    structlog.get_logger("x").info("still here")
    assert len(events(stream)) == 1


def test_a_log_that_cannot_be_written_any_more_stops_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = json_log()
    stream.close()
    structlog.get_logger("x").info("lost", value=CANARY)
    assert capsys.readouterr() == ("", "")
