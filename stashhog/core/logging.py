"""Structured logs: readable on a terminal, JSON lines elsewhere.

Rules:
- One event is one line, whatever a file name, a header or a foreign server puts into it (below a
  console event its traceback follows, each line of it marked).
- Everything passes the redaction of `stashhog.core.redaction`, other libraries' logs too.
- What belongs to a request or a job is bound once: `structlog.contextvars.bound_contextvars` with
  `request_id`, `job_id`, `kind`; tasks and threads inherit it.
- A log that cannot be written stops nothing.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import sys
from pathlib import Path
from typing import IO, Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from stashhog.core.config.model import LoggingSettings
from stashhog.core.exceptions import SettingsError
from stashhog.core.redaction import redact, register_secret

__all__ = ["configure_logging", "register_secret"]

# These name every request, some with headers and bodies.
_CHATTY = (
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "trio-websocket",
    "urllib3",
    "alembic.runtime.plugins",
)
_FIRST = ("timestamp", "level", "event", "logger")
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def configure_logging(settings: LoggingSettings, stream: TextIO | None = None) -> None:
    """Send all logs of the process to `stream` (standard error), and to a file where one is set.

    May be called again when the settings change; the former file is closed.

    Raises:
        SettingsError: The file cannot be written; the former logging stays.
    """
    stream = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    handlers: list[logging.Handler] = [_StreamHandler(stream)]
    handlers[0].setFormatter(_formatter(_console(stream) if console else [_render_json]))
    if settings.file is not None:
        file_handler = _open_file(settings.file, settings)
        file_handler.setFormatter(_formatter([_render_json]))
        handlers.append(file_handler)
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _StreamHandler | _FileHandler):
            root.removeHandler(old)
            old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _shared() -> list[Processor]:
    """Return what every event passes first, ours and other libraries'."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(last: list[Processor]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,  # the traceback's text: no locals
            _redact,
            *last,
        ],
    )


def _redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    clean = {str(key): redact(value, name=str(key)) for key, value in event.items()}
    ordered = [key for key in _FIRST if key in clean]
    return {key: clean[key] for key in (*ordered, *(key for key in clean if key not in _FIRST))}


def _render_json(_logger: object, _method: str, event: EventDict) -> str:
    return json.dumps(event)  # ASCII only: every control and line character is escaped


def _console(stream: TextIO) -> list[Processor]:
    return [
        _escape,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _escape(_logger: object, _method: str, event: EventDict) -> EventDict:
    clean: EventDict = {}
    for key, value in event.items():
        if key == "exception" and isinstance(value, str):
            lines = (_visible(line) for line in value.split("\n"))
            clean[key] = "\n".join(f"  | {line}" for line in lines)
        elif isinstance(value, str):
            clean[_visible(key)] = _visible(value)
        elif value is None or isinstance(value, bool | int | float):
            clean[_visible(key)] = value
        else:
            clean[_visible(key)] = json.dumps(value)
    return clean


def _visible(text: str) -> str:
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class _StreamHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - stdlib's name
        """Drop the event: the default prints it, unredacted."""


class _FileHandler(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - stdlib's name
        """Drop the event (the disk may be full): the default prints it, unredacted."""

    def _open(self) -> IO[Any]:  # type: ignore[override]  # typeshed wants its own wrapper class
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, self.mode, encoding="utf-8", opener=private)


def _open_file(path: Path, settings: LoggingSettings) -> _FileHandler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _FileHandler(path, maxBytes=settings.max_bytes, backupCount=settings.backups)
    except OSError as error:
        raise SettingsError(
            f"logging.file: {path} cannot be written ({error.strerror})", code="bad_log_file"
        ) from None
