"""Kinds of values that settings have, each with the check that belongs to it.

Rules:
- No message repeats the value; it may be a secret in the wrong place.
- Each secret that is read is kept out of the logs from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from stashhog.core.config.addresses import check_outbound_url, check_stash_url
from stashhog.core.exceptions import ValidationError
from stashhog.core.redaction import register_secret


def _split_list(value: object) -> object:
    """Read a list written as one text: a JSON array, or words with commas between."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise PydanticCustomError("list_syntax", "Not a JSON array") from None
    return [word.strip() for word in value.split(",") if word.strip()]


def _as_error(check: Callable[[str], str]) -> Callable[[str], str]:
    def validate(text: str) -> str:
        try:
            return check(text)
        except ValidationError as error:
            detail = error.detail[0].upper() + error.detail[1:]
            raise PydanticCustomError("bad_address", "{detail}", {"detail": detail}) from None

    return validate


def _matching(pattern: str, message: str) -> AfterValidator:
    regex = re.compile(pattern)

    def validate(text: str) -> str:
        if not regex.fullmatch(text):
            raise PydanticCustomError("bad_text", "{message}", {"message": message})
        return text

    return AfterValidator(validate)


def _check_secret(secret: SecretStr) -> SecretStr | None:
    text = secret.get_secret_value().strip()
    if not re.fullmatch(r"[\x21-\x7e]{0,4096}", text):
        raise PydanticCustomError(
            "bad_secret", "A secret is one word of printable ASCII characters"
        )
    register_secret(text)
    return SecretStr(text) if text else None


def _check_network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise PydanticCustomError("bad_network", "Not an address or CIDR network") from None


def _check_origin(text: str) -> str:
    if text == "*":
        return text
    address = _as_error(check_outbound_url)(text)
    if address.count("/") != 2:  # noqa: PLR2004 - those of "://"
        raise PydanticCustomError("bad_address", "An origin has no path")
    return address


def _absolute(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("bad_path", "A path cannot hold a NUL character")
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise PydanticCustomError("bad_path", "No home folder is known for this path") from None


def _check_path(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("bad_path", "A path cannot hold a NUL character")
    return path


Line = Annotated[
    str,
    Field(max_length=255),
    _matching(r"[^\x00-\x1f\x7f\u2028\u2029]*", "Control characters cannot be used here"),
]
Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Address = Annotated[str, AfterValidator(_as_error(check_outbound_url))]
StashAddress = Annotated[str, AfterValidator(_as_error(check_stash_url))]
Network = Annotated[str, AfterValidator(_check_network)]
Origin = Annotated[str, AfterValidator(_check_origin)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
PathIn = Annotated[Path, AfterValidator(_check_path)]
ListOfWords = BeforeValidator(_split_list)
Host = Annotated[str, _matching(r"[A-Za-z0-9._:\[\]-]{1,255}", "Not a host name or IP address")]
RootPath = Annotated[
    str,
    _matching(r"(/[A-Za-z0-9._~-]+)*", "A path like /stashhog, with no slash at its end"),
    Field(max_length=255),
]
SqliteUrl = Annotated[
    str, Field(max_length=2048), _matching(r"(sqlite:///[^\x00?#]+)?", "Write sqlite:///FILE")
]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
AnalysisField = Literal["title", "date", "details", "studio", "performers", "tags"]


def seconds(default: float, low: float, high: float, text: str) -> Any:
    """Declare a duration in seconds."""
    return Field(
        default=default, ge=low, le=high, description=text, json_schema_extra={"unit": "seconds"}
    )


def size_bytes(default: int, low: int, high: int, text: str) -> Any:
    """Declare a size in bytes."""
    return Field(
        default=default, ge=low, le=high, description=text, json_schema_extra={"unit": "bytes"}
    )


def count(default: int, low: int, high: int, text: str) -> Any:
    """Declare a whole number."""
    return Field(default=default, ge=low, le=high, description=text)


def money(text: str) -> Any:
    """Declare an optional amount in US dollars."""
    return Field(
        default=None, ge=0, le=1_000_000, description=text, json_schema_extra={"unit": "USD"}
    )
