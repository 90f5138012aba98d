"""The one error tree, split by whose fault it is.

Rules:
- `code` is stable, snake_case and public: it appears in problem documents, job errors and logs.
- `detail` is for people; it never holds a secret, a query, or a path outside the data folder.
- HTTP status codes are not decided here but in `stashhog.api.error_handlers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class StashHogException(Exception):  # noqa: N818 - the name clients and readers look for
    """Anything that StashHog itself reports.

    Args:
        detail: One sentence for a person.
        code: Overrides the class's own stable code.
        context: Public facts that go with the error (for example `job_id`); no secrets.
    """

    code: ClassVar[str] = "internal_error"

    def __init__(
        self, detail: str, *, code: str | None = None, context: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.public_code = code or type(self).code
        self.context: Mapping[str, object] = dict(context or {})


# --- the caller's fault -------------------------------------------------------------------------


class ValidationError(StashHogException):
    """What was sent cannot be used; nothing was changed."""

    code = "invalid"


class NotFoundError(StashHogException):
    """The named thing does not exist."""

    code = "not_found"


class JobNotFoundError(NotFoundError):
    """No job has this id."""

    code = "job_not_found"


class PlanNotFoundError(NotFoundError):
    """No plan has this id."""

    code = "plan_not_found"


class ConflictError(StashHogException):
    """The request is right but the present state forbids it."""

    code = "conflict"


class SettingsError(StashHogException):
    """A setting from a file, the environment or the command line cannot be used."""

    code = "bad_settings"


# --- Stash's fault ------------------------------------------------------------------------------


class StashError(StashHogException):
    """Stash answered, but not with what was asked for."""

    code = "stash_error"


class StashNotConfiguredError(StashHogException):
    """No Stash address was ever set."""

    code = "stash_not_configured"


class StashConnectionError(StashError):
    """Stash could not be reached, or did not answer in time, and nothing was sent or executed.

    Waiting helps; a read or an idempotent request may be tried again.
    """

    code = "stash_unavailable"


class StashAuthError(StashError):
    """Stash refused the API key (or asked for one). Waiting does not help."""

    code = "stash_unauthorized"


class StashBusyError(StashError):
    """Stash is alive but could not do it now ("database is locked", 429, 503); nothing was done.

    Args:
        detail: One sentence for a person.
        retry_after_seconds: How long it asks to wait, where it says so.
    """

    code = "stash_busy"

    def __init__(self, detail: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class StashGoneError(StashError):
    """The scene or entity does not exist in Stash any more."""

    code = "gone"


class StashNameConflictError(StashError):
    """An entity of that name or alias exists already."""

    code = "name_conflict"


class StashRejectedError(StashError):
    """Stash refused a value (a bad date, a broken reference): a retry with the same fails again."""

    code = "stash_rejected"


class StashProtocolError(StashError):
    """What answers at the address does not speak Stash's GraphQL (HTML, a redirect, cut JSON)."""

    code = "not_stash"


class StashUnknownOutcomeError(StashError):
    """A mutation was sent and no answer came back: it may or may not have been executed.

    Never send again blindly: read, then decide.
    """

    code = "outcome_unknown"


# --- the model's fault --------------------------------------------------------------------------


class OpenAIError(StashHogException):
    """The language model or its server failed."""

    code = "model_error"


class ModelUnavailableError(OpenAIError):
    """The model's server cannot be reached or asks to wait.

    Args:
        detail: One sentence for a person.
        code: Overrides the stable code.
        retry_after_seconds: When trying again makes sense, as the server says where it does.
        unknown_cost: Whether the server may have done the work all the same.
        throttled: Whether it is there and only asks to be asked less often.
    """

    code = "model_unavailable"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        retry_after_seconds: float = 0.5,
        unknown_cost: bool = False,
        throttled: bool = False,
    ) -> None:
        super().__init__(detail, code=code)
        self.unknown_cost = unknown_cost
        self.throttled = throttled
        self.retry_after_seconds = retry_after_seconds


class ModelAuthError(OpenAIError):
    """The model's server refused the key."""

    code = "model_unauthorized"


class ModelRefusedError(OpenAIError):
    """The model declined to answer this request."""

    code = "model_refused"


class ModelAnswerError(OpenAIError):
    """The model's answer could not be used (cut, not JSON, another shape)."""

    code = "bad_answer"


class BudgetReachedError(OpenAIError):
    """A call was not sent, for it might cost more than what is left of a cap."""

    code = "budget"


# --- our own storage ----------------------------------------------------------------------------


class StorageError(StashHogException):
    """The database or the data folder cannot be used; the message names the file and the remedy."""

    code = "storage_error"


class DiskFullError(StorageError):
    """No space left on the device that holds the data folder; reads go on."""

    code = "disk_full"


class BusyError(StashHogException):
    """A bounded queue is full or a lock was not free in time.

    Args:
        detail: One sentence for a person.
        retry_after_seconds: When trying again makes sense.
    """

    code = "busy"

    def __init__(self, detail: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
