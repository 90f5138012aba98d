"""Signing in and out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from stashhog.api.contract import BodyModel, exactly_one
from stashhog.api.schemas.common import ApiModel
from stashhog.api.security.passwords import MAX_LENGTH, MIN_LENGTH

GivenSecret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]
NewPassword = Annotated[SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]


class LoginBody(BodyModel):
    """A password or an API key, one of them."""

    model_config = ConfigDict(json_schema_extra=exactly_one("password", "api_key"))

    password: GivenSecret | None = None
    api_key: GivenSecret | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.password is None) == (self.api_key is None):
            raise PydanticCustomError("one_of", "Send a password or an api_key, one of them")
        return self


class SetupBody(BodyModel):
    """The one-time token from the log, and the first password."""

    token: GivenSecret
    password: NewPassword


class PasswordBody(BodyModel):
    """The password as it is and as it shall be; where there is none yet, `old` does not count."""

    old: Annotated[SecretStr, Field(max_length=MAX_LENGTH)] = SecretStr("")
    new: NewPassword


class UserResponse(ApiModel):
    """Who has signed in."""

    user: str


class MeResponse(ApiModel):
    """Who is asking, and by what right."""

    user: str
    via: Literal["open", "cookie", "token", "key"]


class TokenResponse(ApiModel):
    """A bearer token."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - its kind, not a secret
    expires_in: int = Field(description="Seconds.")


class TicketResponse(ApiModel):
    """A ticket for one WebSocket, once."""

    ticket: str
    expires_in: int = Field(description="Seconds.")
