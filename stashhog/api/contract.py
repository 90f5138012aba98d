"""How a route says what it takes and gives: one decorator that checks, answers and documents.

Rules:
- What `operation` is told is what is checked, what `/openapi.json` says, and what the gate and the
  body layer go by. A route below `/api` without it fails the tests.
- Query and body models refuse unknown fields; errors name the place and never echo the input.
- While testing (`HOLD_TO_CONTRACT`), answers are held against the models that they document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import UnionType
from typing import Annotated, Any, ParamSpec, TypeVar, Union, cast, get_args, get_origin

import orjson
import pydantic
from pydantic import BaseModel, ConfigDict
from quart import Response, current_app, request
from quart.typing import ResponseReturnValue

from stashhog.api.error_handlers import ProblemError
from stashhog.core.config import Settings
from stashhog.core.exceptions import ValidationError

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M", bound=BaseModel)

JSON = "application/json"
NDJSON = "application/x-ndjson"
OCTETS = "application/octet-stream"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HOLD_TO_CONTRACT = "HOLD_TO_CONTRACT"
"""The app's configuration key that tests set, to have answers held against their models."""

_JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class QueryModel(BaseModel):
    """Base of all query models: unknown names are refused, text becomes numbers and dates."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BodyModel(BaseModel):
    """Base of all body models: unknown fields are refused, a number is not a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class NoBody(BodyModel):
    """What may be sent to a route that takes nothing: nothing, or `{}`."""


def exactly_one(*names: str) -> dict[str, Any]:
    """Say in a model's schema that exactly one of these members has a value."""
    return {"oneOf": [_given(name) for name in names]}


def at_most_one(*names: str) -> dict[str, Any]:
    """Say in a model's schema that of these members no two have a value."""
    return {"not": {"allOf": [_given(name) for name in names]}}


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


SOME = {"minItems": 1}
"""For lists whose emptiness is refused with a code of its own: what the schema says of that."""


class InvalidRequestError(ValidationError):
    """A query or body that does not fit; `errors` says where, without the input."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        first = errors[0]
        place = ".".join(str(part) for part in first["loc"])
        super().__init__(f"{place}: {first['msg']}" if place else str(first["msg"]))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes and gives.

    `returns` maps each good status to its model (None: no body; a text: that media type). `errors`
    are the statuses that this route adds to those that each route of its make may answer. An open
    route with `open_while` is closed like any other where that does not hold, one that is open only
    `after_setup` in setup mode.
    """

    summary: str
    returns: dict[int, Any]
    query: type[QueryModel] | None = None
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    consumes: str = JSON
    body_limit_bytes: int | None = None
    streams: bool = False
    open: bool = False
    open_while: Callable[[Settings], bool] | None = None
    after_setup: bool = False

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a body may be sent as; one that streams also as a file of no named type."""
        return (self.consumes, OCTETS) if self.streams else (self.consumes,)

    def is_open(self, settings: Settings) -> bool:
        """Whether everybody may call it as things are set."""
        return self.open and (self.open_while is None or self.open_while(settings))

    @property
    def first_status(self) -> int:
        """The status of a plain return."""
        status, *_ = self.returns
        return status


@dataclass(frozen=True, slots=True)
class SocketOperation:
    """What a WebSocket route is for, in prose; OpenAPI has no words of its own for sockets."""

    summary: str
    description: str
    query: type[QueryModel] | None = None


def operation(
    summary: str,
    returns: Mapping[int, Any] | Any,
    *,
    query: type[QueryModel] | None = None,
    body: type[BaseModel] | None = None,
    errors: Iterable[int] = (),
    consumes: str = JSON,
    body_limit_bytes: int | None = None,
    streams: bool = False,
    open: bool = False,  # noqa: A002 - the word of the contract: open to everybody
    open_while: Callable[[Settings], bool] | None = None,
    after_setup: bool = False,
    admits: Callable[[], None] | None = None,
) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[ResponseReturnValue]]]:
    """Declare a route: `@bp.get(…)` first, then this.

    Args:
        summary: One line for the documentation.
        returns: The model of a 200, or `{status: model}`; the first is the status of a plain
            return, another one is returned as `(value, status)`. None is an empty answer, a text
            such as `"image/*"` a media type that the route answers with a Response of its own.
        query: Model of the query; the route gets it as `query=`.
        body: Model of the JSON body; the route gets it as `body=`. An empty body counts as `{}`.
        errors: Statuses of its own (404, 409, 502, …).
        consumes: Media type of the body.
        body_limit_bytes: A larger body is 413; None is the limit in the settings.
        streams: The body may be as large as a plan import and is not read before the route runs:
            take `get_exchange().body`, an iterator of pieces.
        open: Everybody may call it, without credentials. The list is checked by a test.
        open_while: Open only while this holds.
        after_setup: Closed in setup mode, though open.
        admits: Raises where this caller may not; asked before anything that was sent is judged.
    """
    shapes = dict(returns) if isinstance(returns, Mapping) else {200: returns}
    declared = Operation(
        summary, shapes, query, body, tuple(errors), consumes, body_limit_bytes, streams,
        open, open_while, after_setup,
    )  # fmt: skip
    lists = _list_fields(query) if query is not None else frozenset()

    def decorate(
        handler: Callable[P, Awaitable[Any]],
    ) -> Callable[P, Awaitable[ResponseReturnValue]]:
        @wraps(handler)
        async def route(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if admits is not None:
                admits()
            if query is not None:
                kwargs["query"] = parse_query(query, request.args.lists(), lists)
            if body is not None:
                kwargs["body"] = parse_body(body, cast("bytes", await request.get_data()))
            elif not streams and request.method not in SAFE_METHODS:
                parse_body(NoBody, cast("bytes", await request.get_data()))
            return to_response(await handler(*args, **kwargs), declared)

        route.operation = declared  # type: ignore[attr-defined]  # functions have no typed attributes
        return route

    return decorate


def socket(
    summary: str, description: str, *, query: type[QueryModel] | None = None
) -> Callable[[F], F]:
    """Declare a WebSocket route; it is described in the documentation and nothing else."""

    def decorate(handler: F) -> F:
        handler.operation = SocketOperation(summary, description, query)  # type: ignore[attr-defined]  # as above
        return handler

    return decorate


def operation_of(view: Callable[..., Any]) -> Operation | SocketOperation | None:
    """What a view function was declared with."""
    return cast("Operation | SocketOperation | None", getattr(view, "operation", None))


# --- reading ------------------------------------------------------------------------------------


def parse_query(
    model: type[M], pairs: Iterable[tuple[str, list[str]]], lists: frozenset[str] | None = None
) -> M:
    """Read a query string's values; only fields that are lists may be repeated.

    Raises:
        InvalidRequestError: an unknown name, a value that does not fit, a repeated single one.
    """
    repeatable = _list_fields(model) if lists is None else lists
    values: dict[str, Any] = {}
    for name, given in pairs:
        if name in repeatable:
            values[name] = given
        elif len(given) == 1:
            values[name] = given[0]
        else:
            raise InvalidRequestError(
                [{"loc": ["query", name], "msg": "may be given only once", "type": "repeated"}]
            )
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        raise InvalidRequestError(describe(error, "query")) from None


def parse_body(model: type[M], raw: bytes) -> M:
    """Read a JSON body.

    Raises:
        ProblemError: 400 `bad_json`, it is no JSON (or nested too deep).
        InvalidRequestError: it does not fit the model.
    """
    try:
        return model.model_validate_json(raw or b"{}")
    except pydantic.ValidationError as error:
        errors = describe(error, "body")
    if errors[0]["type"] == "json_invalid":
        raise ProblemError(400, "bad_json", "the body is not JSON that can be read")
    raise InvalidRequestError(errors)


def describe(error: pydantic.ValidationError, *where: str) -> list[dict[str, Any]]:
    """List what is wrong: place, sentence and type; neither the input nor its context."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [{"loc": [*where, *e["loc"]], "msg": e["msg"], "type": e["type"]} for e in found]


def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        info.alias or name for name, info in model.model_fields.items() if _is_list(info.annotation)
    )


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_list(member) for member in get_args(annotation))
    return (origin or annotation) in (list, tuple, set, frozenset)


# --- answering ----------------------------------------------------------------------------------


def to_response(result: Any, declared: Operation) -> Response:
    """Turn what a route returned into a response with one of its declared statuses."""
    value, status = result if isinstance(result, tuple) else (result, declared.first_status)
    if isinstance(value, Response):
        return value
    if current_app.config.get(HOLD_TO_CONTRACT):
        _hold_to_contract(value, status, declared)
    if value is None:
        return _response(b"", status, None)
    return _response(dump_json(value), status, JSON)


def dump_json(value: Any) -> bytes:
    """Encode a model, dataclass or JSON-ready value; times end in `Z`."""
    if isinstance(value, BaseModel):
        return value.model_dump_json(by_alias=True).encode()
    return orjson.dumps(value, default=_dump_model, option=_JSON_OPTIONS)


def _dump_model(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(type(value).__name__)


def _response(body: bytes, status: int, media_type: str | None) -> Response:
    response = current_app.response_class(body, status, content_type=media_type)
    if media_type is None:
        response.headers.pop("content-type", None)
    return response


def _hold_to_contract(value: Any, status: int, declared: Operation) -> None:
    model = declared.returns[status]
    if model is None or value is None:
        if value is not model:
            raise TypeError(f"{status} of {declared.summary!r} returns {type(value).__name__}")
    elif isinstance(model, type) and issubclass(model, BaseModel) and not isinstance(value, model):
        model.model_validate_json(dump_json(value))
