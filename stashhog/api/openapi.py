"""The OpenAPI document, made of the URL map and what each route was declared with.

Rules: only what lies below `/api` is in it; every status that a route may answer is named, errors
as problem documents; WebSocket routes are described in words under `x-websockets`, for OpenAPI
has none for them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from quart_trio import QuartTrio
from werkzeug.routing import Rule

from stashhog.api.contract import (
    JSON,
    NDJSON,
    SAFE_METHODS,
    Operation,
    SocketOperation,
    operation_of,
)
from stashhog.api.error_handlers import PROBLEM_JSON
from stashhog.api.schemas.common import ErrorResponse

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Reviewable, undoable metadata for a Stash library.

Errors are problem documents (RFC 9457) with a stable `code`. Every answer carries `X-Request-ID`
and `X-Process-Time`.

## WebSockets

"""
_HEADERS = {
    "X-Request-ID": {
        "description": "Names this request, in the log too.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "X-Process-Time": {
        "description": "Seconds until the answer began.",
        "schema": {"type": "number", "minimum": 0},
    },
}
_RETRIED = frozenset({429, 503})
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which asking again makes sense.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_SECURITY_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "stashhog_session"},
}


def document(app: QuartTrio, version: str, root_path: str) -> dict[str, Any]:
    """Describe all routes of an app."""
    writer = _Writer()
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        declared = operation_of(view)
        if rule.rule.startswith("/api/") and declared is not None:
            writer.add(rule, declared, inspect.getdoc(view) or "")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "StashHog",
            "version": version,
            "description": _DESCRIPTION + _describe_sockets(writer.sockets),
        },
        "servers": [{"url": root_path or "/"}],
        "paths": writer.paths,
        "components": {
            "schemas": dict(sorted(writer.schemas.items())),
            "securitySchemes": _SECURITY_SCHEMES,
        },
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "x-websockets": writer.sockets,
    }


def _describe_sockets(sockets: Mapping[str, Mapping[str, str]]) -> str:
    return "\n\n".join(
        f"**`{path}`**: {said['summary']}. {said['description']}" for path, said in sockets.items()
    )


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


class _Writer:
    """Collects paths, and the schemas that they name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}
        self.paths: dict[str, dict[str, Any]] = {}
        self.sockets: dict[str, dict[str, str]] = {}
        self._problem = self._schema(ErrorResponse)

    def add(self, rule: Rule, declared: Operation | SocketOperation, text: str) -> None:
        """Describe one rule of the URL map."""
        path = _path(rule)
        if isinstance(declared, SocketOperation):
            self.sockets[path] = {"summary": declared.summary, "description": declared.description}
            return
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            described = self._operation(rule, method, declared)
            self.paths.setdefault(path, {})[method.lower()] = {**described, "description": text}

    def _operation(self, rule: Rule, method: str, declared: Operation) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "operationId": f"{method.lower()}_{rule.endpoint.replace('.', '_')}",
            "tags": [rule.endpoint.partition(".")[0]],
            "summary": declared.summary,
            "parameters": [*_path_parameters(rule), *self._query_parameters(declared)],
            "responses": self._responses(rule, method, declared),
        }
        if declared.open:
            operation["security"] = []
        if declared.body is not None:
            operation["requestBody"] = {
                "required": not _may_be_empty(declared.body),
                "content": {declared.consumes: {"schema": self._schema(declared.body)}},
            }
        elif declared.streams:
            operation["requestBody"] = {
                "required": True,
                "content": {name: {"schema": {"type": "string"}} for name in declared.media_types},
            }
        return operation

    def _query_parameters(self, declared: Operation) -> Iterable[dict[str, Any]]:
        if declared.query is None:
            return
        whole = declared.query.model_json_schema(ref_template=_REF, by_alias=True)
        self.schemas.update(whole.get("$defs", {}))
        required = whole.get("required", ())
        for name, schema in whole.get("properties", {}).items():
            described = _without_null(schema)
            text = described.pop("description", None)
            parameter = {"name": name, "in": "query", "required": name in required}
            parameter |= {"schema": described} | ({"description": text} if text else {})
            yield parameter

    def _responses(self, rule: Rule, method: str, declared: Operation) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        for status, model in declared.returns.items():
            response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
            response["headers"] = _HEADERS
            if isinstance(model, str):
                response["content"] = {model: {"schema": _media_schema(model)}}
            elif model is not None:
                schema = self._schema(model, mode="serialization")
                response["content"] = {JSON: {"schema": schema}}
            responses[str(status)] = response
        for status in sorted(error_statuses(rule, method, declared)):
            problem = {
                "description": HTTPStatus(status).phrase,
                "headers": _HEADERS | (_RETRY_AFTER if status in _RETRIED else {}),
                "content": {PROBLEM_JSON: {"schema": self._problem}},
            }
            responses.setdefault(str(status), problem)
        return responses

    def _schema(self, model: Any, mode: str = "validation") -> dict[str, Any]:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        found = adapter.json_schema(ref_template=_REF, mode=cast("Any", mode), by_alias=True)
        self.schemas.update(found.pop("$defs", {}))
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return found
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", model.__name__).strip("_")
        self.schemas[name] = found
        return {"$ref": _REF.format(model=name)}


def _may_be_empty(model: type[BaseModel]) -> bool:
    """Whether a request may come without a body, which then counts as `{}`."""
    if {"oneOf", "minProperties"} & model.model_json_schema().keys():
        return False  # refused with a code of its own
    try:
        model.model_validate_json(b"{}")
    except ValidationError:
        return False
    return True


def _media_schema(media_type: str) -> dict[str, Any]:
    if media_type == JSON:
        return {"type": "object"}
    return {"type": "string"} if media_type.startswith("text/") or media_type == NDJSON else {}


def _path_parameters(rule: Rule) -> Iterable[dict[str, Any]]:
    for name, converter in rule._converters.items():  # noqa: SLF001 - werkzeug keeps them nowhere else
        schema = getattr(converter, "schema", {"type": "string", "minLength": 1})
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query value is given or not; there is no way to write a null."""
    described = {key: value for key, value in schema.items() if key not in ("title", "anyOf")}
    variants = [v for v in schema.get("anyOf", ()) if v.get("type") != "null"]
    if len(variants) == 1:
        described |= variants[0]
    elif variants:
        described["anyOf"] = variants
    if described.get("default", "") is None:
        del described["default"]
    return described


def error_statuses(rule: Rule, method: str, declared: Operation) -> set[int]:
    """All error statuses that a route may answer."""
    statuses = {400, 421, *declared.errors}
    if not declared.open:
        statuses |= {401, 503}
    if method not in SAFE_METHODS:
        statuses |= {403, 408, 413, 415, 422}
    if rule.arguments:
        statuses.add(404)
    if declared.query is not None or declared.body is not None:
        statuses.add(422)
    return statuses
