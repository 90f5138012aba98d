"""One model server: asking it, and finding out how it wants to be asked.

Loaded on first use only: the library behind it is heavy, and most installations ask no model.

Rules:
- The library sends the request as it is made here and hands the answer on as it came; its typed
  methods would convert both, at three times the cost, and what they check is checked here anyway.
- One request an `ask`; the only second try is in another dialect after a refusal (a 400), which
  costs nothing, and only until the server has understood one.
- Whose fault it is decides the error; nothing of what the server said goes into it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

import httpx2
import openai
import structlog

from stashhog.core.config import OpenAISettings
from stashhog.core.config.model import OPENAI_URL
from stashhog.core.exceptions import (
    ModelAnswerError,
    ModelAuthError,
    ModelRefusedError,
    ModelUnavailableError,
    OpenAIError,
)
from stashhog.llm.answers import fits, json_answer, read_completion
from stashhog.llm.limits import wait_seconds
from stashhog.llm.transport import ModelTransport, passing
from stashhog.ports.model import Gate, ModelReply, ModelRequest

_log = structlog.get_logger(__name__)

Format = Literal["json_schema", "json_object", "text"]
FORMATS: Sequence[Format] = ("json_schema", "json_object", "text")
"""How an answer's shape is asked for, best first."""

CHECK_TOKENS = 16
_BOUNDS = frozenset({"minItems", "maxItems"})
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY})
_REFUSED_REQUEST = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server wants to be asked; `proven` once it answered as it was asked to.

    `bounded` is whether a schema says how long its lists may be, which some servers refuse, not all
    of them by that name.
    """

    format: Format
    limit_name: Literal["max_completion_tokens", "max_tokens"]
    proven: bool = False
    swapped: bool = False
    bounded: bool = True

    def after_refusal(self, message: str) -> Dialect | None:
        """Return what to try after a 400, or None where nothing is left."""
        if self.proven:
            return None
        text = message.lower()
        if not self.swapped and ("max_tokens" in text or "max_completion_tokens" in text):
            other: Literal["max_completion_tokens", "max_tokens"] = (
                "max_tokens"
                if self.limit_name == "max_completion_tokens"
                else "max_completion_tokens"
            )
            return replace(self, limit_name=other, swapped=True)
        if self.bounded and self.format == "json_schema":
            return replace(self, bounded=False)
        return self.simpler()

    def simpler(self) -> Dialect | None:
        """Return the dialect with the next weaker format."""
        place = FORMATS.index(self.format) + 1
        return replace(self, format=FORMATS[place]) if place < len(FORMATS) else None


class Chat:
    """A client for one server, one key and one model; `settings` are those it was made with."""

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        key = settings.effective_key
        transport = ModelTransport(
            settings.effective_url,
            api_key=None if key is None else key.get_secret_value(),
            max_response_bytes=settings.max_response_bytes,
            connections=settings.concurrency,
            timeout_s=settings.timeout,
        )
        self._client = openai.AsyncOpenAI(
            api_key="set-by-the-transport",
            base_url=settings.effective_url,
            timeout=settings.timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                transport=transport,
                timeout=settings.timeout,
                follow_redirects=False,
                trust_env=False,
            ),
        )
        self._is_negotiable = settings.response_format == "auto"
        self._dialect = Dialect(
            format=settings.response_format if settings.response_format != "auto" else FORMATS[0],
            limit_name=(
                "max_completion_tokens" if settings.effective_url == OPENAI_URL else "max_tokens"
            ),
        )

    async def ask(self, request: ModelRequest, gate: Gate) -> ModelReply:
        """Ask once; the answer is a JSON object, not checked against the schema.

        Raises:
            OpenAIError: Of the family; `answers.usage_of` tells what was used all the same.
        """
        limit = min(request.max_output_tokens, self.settings.max_tokens)
        with passing(gate):
            return await self._ask(request, limit)

    async def check(self, gate: Gate) -> str:
        """Ask for one word; proves address, key and model. Returns the model's name.

        Raises:
            OpenAIError: Of the family.
        """
        request = ModelRequest("", "Answer with the word: ok", "", {}, CHECK_TOKENS)
        with passing(gate):
            return await self._check(request)

    async def aclose(self) -> None:
        """Close all connections; requests on their way fail."""
        await self._client.close()

    async def _ask(self, request: ModelRequest, limit: int) -> ModelReply:
        reply, dialect = await self._negotiate(request, limit)
        if self._dialect.proven:
            return replace(reply, text=json_answer(reply))
        try:
            text = json_answer(reply)
        except ModelAnswerError:
            self._learn(dialect, understood=False)
            raise
        self._learn(dialect, understood=fits(json.loads(text), request.schema))
        return replace(reply, text=text)

    async def _negotiate(self, request: ModelRequest, limit: int) -> tuple[ModelReply, Dialect]:
        """Ask in simpler dialects until the server takes one; a 400 costs nothing."""
        dialect = self._dialect
        while True:
            try:
                return await self._send(request, dialect, limit), dialect
            except openai.APIStatusError as error:
                other = self._other_dialect(dialect, error)
                if other is None:
                    raise _status_error(error) from None
                dialect = other

    async def _check(self, request: ModelRequest) -> str:
        dialect = replace(self._dialect, format="text")
        while True:
            try:
                return (await self._send(request, dialect, CHECK_TOKENS)).model
            except openai.APIStatusError as error:
                other = dialect.after_refusal(error.message)
                if other is None or error.status_code not in _REFUSED_REQUEST:
                    raise _status_error(error) from None
                dialect = other
                self._dialect = replace(self._dialect, limit_name=other.limit_name, swapped=True)
            except (ModelRefusedError, ModelAnswerError) as error:
                if "usage" not in error.context:
                    raise
                return self.settings.model  # it declined or was cut short, but it is there

    def _other_dialect(self, dialect: Dialect, error: openai.APIStatusError) -> Dialect | None:
        if error.status_code not in _REFUSED_REQUEST or _known_code(error) is not None:
            return None
        other = dialect.after_refusal(error.message)
        if other is not None and other.format != dialect.format and not self._is_negotiable:
            return None
        return other

    def _learn(self, dialect: Dialect, *, understood: bool) -> None:
        """Keep the dialect that worked; one that was taken but not followed gives way."""
        simpler = dialect.simpler() if self._is_negotiable and not understood else None
        self._dialect = simpler or replace(dialect, proven=True)
        if simpler is not None:
            _log.info("model_ignores_format", format=dialect.format, next=simpler.format)

    async def _send(self, request: ModelRequest, dialect: Dialect, limit: int) -> ModelReply:
        """Send one request.

        Raises:
            openai.APIStatusError: The server said no; still to be judged.
            OpenAIError: Anything else.
        """
        system = _system_text(request, dialect)
        try:
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,  # as it came: `read_completion` checks it
                body={
                    "model": self.settings.model,
                    "messages": [
                        *([{"role": "system", "content": system}] if system else []),
                        {"role": "user", "content": request.user},
                    ],
                    dialect.limit_name: limit,
                    **_format_fields(request, dialect),
                },
            )
        except openai.APIConnectionError as error:
            late = isinstance(error, openai.APITimeoutError)
            raise ModelUnavailableError(
                f"the model did not answer in {self.settings.timeout:g} s"
                if late
                else "no model server answers at its address",
                unknown_cost=not isinstance(error.__cause__, _NOT_SENT),
            ) from None
        return read_completion(
            response.content,
            asked=len(system) + len(request.user),
            model=self.settings.model,
            request_id=_short(response.headers.get("x-request-id")),
        )


def _system_text(request: ModelRequest, dialect: Dialect) -> str:
    if dialect.format == "json_schema" or not request.schema:
        return request.system
    schema = json.dumps(request.schema, separators=(",", ":"))
    return (
        f"{request.system}\n\nAnswer with one JSON object and nothing else. It has to fit this "
        f"JSON schema:\n{schema}"
    )


def _format_fields(request: ModelRequest, dialect: Dialect) -> Mapping[str, Any]:
    if dialect.format == "text" or not request.schema:
        return {}
    if dialect.format == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = request.schema if dialect.bounded else _unbounded(request.schema)
    described = {"name": request.schema_name, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _unbounded(schema: Any) -> Any:
    """The schema without the lengths of its lists."""
    if isinstance(schema, Mapping):
        return {name: _unbounded(part) for name, part in schema.items() if name not in _BOUNDS}
    return schema


def _known_code(error: openai.APIStatusError) -> str | None:
    """Return what a refused request is about, where it is not about the dialect."""
    known = {
        "context_length_exceeded": "prompt_too_long",
        "content_filter": "model_refused",
        "content_policy_violation": "model_refused",
        "model_not_found": "model_not_found",
        "insufficient_quota": "model_quota",
    }
    return known.get(error.code or "")


def _status_error(error: openai.APIStatusError) -> OpenAIError:
    status = error.status_code
    _log.warning("model_request_failed", status=status, said=error.message[:200])
    code = _known_code(error)
    if code == "model_refused":
        return ModelRefusedError("the model's server declined the request")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ModelAuthError("the model's server refused the key, or asks for one")
    if code is not None:
        return OpenAIError(_DETAILS[code], code=code)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = wait_seconds(error.response.headers)
        return ModelUnavailableError(
            "the model's server asks to wait", retry_after_seconds=wait, throttled=True
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _AGAIN:
        wait = wait_seconds(error.response.headers)
        return ModelUnavailableError(
            f"the model's server failed (status {status})", retry_after_seconds=wait
        )
    if status < HTTPStatus.BAD_REQUEST:
        return ModelAnswerError("the address leads elsewhere (a redirect, which is not followed)")
    if status == HTTPStatus.NOT_FOUND:
        return OpenAIError(_DETAILS["model_not_found"], code="model_not_found")
    return OpenAIError(f"the model's server refused the request (status {status})")


_DETAILS = {
    "prompt_too_long": "the question is too long for this model",
    "model_not_found": "the server does not know this model, or the address has a wrong path",
    "model_quota": "the account at the model's server has no money left",
}


def _short(text: str | None) -> str | None:
    return None if text is None else text[:128]
