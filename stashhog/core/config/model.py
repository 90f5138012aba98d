"""The settings: every field with its bounds, unit, default and meaning.

Rules:
- All values are immutable; a change is a new `Settings`.
- Nothing here reads a file or the environment (`layers` does): `Settings()` is the defaults.
- Secrets are `SecretStr`: no repr and no error shows them.
- Relative paths lie in the data folder.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stashhog.core.config.addresses import is_near, same_origin
from stashhog.core.config.kinds import (
    AbsolutePath,
    Address,
    AnalysisField,
    Host,
    Line,
    ListOfWords,
    Method,
    Network,
    Origin,
    PathIn,
    RootPath,
    Secret,
    SqliteUrl,
    StashAddress,
    count,
    money,
    seconds,
    size_bytes,
)

PREFIX = "STASHHOG_"
DELIMITER = "__"
OPENAI_URL = "https://api.openai.com/v1"
MODEL_GETS = (
    "of each scene in doubt: its file's name and up to three folder names, a title that it has, "
    "and as candidates the names of performers, tags and studios, dates and titles"
)
"""What leaves this machine once a model is on; nothing else does."""


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        annotation = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and "bool" not in str(annotation):
            raise PydanticCustomError("not_bool", "True or false means nothing here")
        return value


# --- the groups ---------------------------------------------------------------------------------


def _installed_version() -> str:
    try:
        return metadata.version("stashhog")
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        return "0+source"


class AppSettings(_Section):
    """The process: where it listens and where it keeps its files."""

    name: Line = Field(default="StashHog", min_length=1, description="Shown as the page's title.")
    version: Line = Field(
        default_factory=_installed_version,
        description="The installed release; shown, never set.",
    )
    debug: bool = Field(default=False, description="More to the log; never to a client.")
    env: Literal["production", "development", "test"] = Field(
        default="production", description="Named in every log line of a JSON log."
    )
    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=9998, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    root_path: RootPath = Field(default="", description="Sub-path behind a reverse proxy.")
    data_dir: AbsolutePath = Field(
        default_factory=lambda: platformdirs.user_data_path("stashhog", appauthor=False),
        description="The data folder: database, keys, logs, `stashhog.toml`.",
    )
    shutdown_seconds: float = seconds(
        7.0, 1.0, 60.0, "All that a stop may take before the process ends itself."
    )
    body_limit_bytes: int = size_bytes(1 << 20, 1 << 10, 1 << 26, "Largest request body.")
    import_limit_bytes: int = size_bytes(1 << 26, 1 << 10, 1 << 30, "Largest plan import.")


class DatabaseSettings(_Section):
    """The database of the service."""

    url: SqliteUrl = Field(
        default="", description="`sqlite:///FILE`; empty is `stashhog.db` in the data folder."
    )
    echo: bool = Field(default=False, description="Log every statement (without its values).")
    pool_size: int = count(4, 1, 32, "Connections that read at the same time.")


class StashSettings(_Section):
    """The Stash server."""

    url: StashAddress | None = Field(
        default=None, description="Address of Stash, for example http://127.0.0.1:9999."
    )
    api_key: Secret | None = Field(
        default=None, description="Stash's API key, where it has a login."
    )
    timeout: float = seconds(30.0, 0.5, 600.0, "All that one request may take.")
    connect_timeout: float = seconds(5.0, 0.1, 60.0, "Time to reach the server.")
    verify_tls: bool = Field(default=True, description="Check the server's certificate.")
    ca_file: PathIn | None = Field(default=None, description="Certificates to trust (PEM).")
    page_size: int = count(500, 10, 1000, "Scenes asked for in one request.")
    max_connections: int = count(4, 1, 32, "Connections at the same time.")
    max_response_bytes: int = size_bytes(1 << 26, 1 << 20, 1 << 31, "Largest answer taken.")
    tries: int = count(5, 1, 10, "How often one request is tried where that is safe.")
    live: bool = Field(default=True, description="Follow Stash's own events between syncs.")
    pause_while_busy: bool = Field(
        default=False, description="Let jobs wait while Stash scans or generates."
    )


class OpenAISettings(_Section):
    """The language model; any server that speaks OpenAI's chat API."""

    enabled: bool | None = Field(
        default=None,
        description="Ask a model about scenes in doubt; unset: once a key or an address was set "
        f"here. The model's server gets, {MODEL_GETS}.",
    )
    api_key: Secret | None = Field(default=None, description="The model server's key.")
    base_url: Address | None = Field(
        default=None, description=f"The model server's address; unset is {OPENAI_URL}."
    )
    model: Line = Field(default="gpt-5.4-nano", min_length=1, description="Which model to ask.")
    max_tokens: int = count(2000, 16, 200_000, "Most tokens that one answer may have.")
    timeout: float = seconds(60.0, 0.5, 600.0, "All that one request may take.")
    concurrency: int = count(4, 1, 64, "Requests at the same time.")
    scenes_per_request: int = count(10, 1, 50, "Scenes asked about in one request.")
    candidates: Literal["auto", "codes", "names"] = Field(
        default="auto",
        description="How candidates are named in answers: short codes, or their names, which small "
        "models handle better. auto: names for a server on this machine or network, else codes.",
    )
    max_response_bytes: int = size_bytes(1 << 21, 1 << 12, 1 << 26, "Largest answer taken.")
    response_format: Literal["auto", "json_schema", "json_object", "text"] = Field(
        default="auto", description="How the answer's shape is asked for; auto finds out."
    )
    input_usd_per_million: float | None = money("Price of a million tokens sent.")
    cached_usd_per_million: float | None = money("Price of a million sent tokens, cached.")
    output_usd_per_million: float | None = money("Price of a million tokens answered.")

    # The pair OPENAI_API_KEY, OPENAI_BASE_URL: fills in a key for its own server, no more.
    _ambient_key: SecretStr | None = PrivateAttr(default=None)
    _ambient_url: str = PrivateAttr(default=OPENAI_URL)

    @property
    def on(self) -> bool:
        """Whether the model may be asked: turned on, or a key or address of ours names it."""
        if self.enabled is not None:
            return self.enabled
        return self.api_key is not None or self.base_url is not None

    @property
    def effective_url(self) -> str:
        """The address that requests go to."""
        if self.base_url is not None:
            return self.base_url
        return OPENAI_URL if self.api_key is not None else self._ambient_url

    @property
    def effective_key(self) -> SecretStr | None:
        """The key that goes with them: ours, else the ambient one at its own server."""
        if self.api_key is not None:
            return self.api_key
        return self._ambient_key if same_origin(self.effective_url, self._ambient_url) else None

    @property
    def names_candidates(self) -> bool:
        """Whether answers name candidates in full instead of by code."""
        if self.candidates == "auto":
            return is_near(self.effective_url)
        return self.candidates == "names"

    def with_ambient(self, key: SecretStr | None, url: str | None) -> OpenAISettings:
        """Return the same settings with the environment's own key for models."""
        copy = self.model_copy()
        copy._ambient_key = key  # noqa: SLF001 - of the same class
        copy._ambient_url = url or OPENAI_URL  # noqa: SLF001 - of the same class
        return copy


class AnalysisSettings(_Section):
    """What an analysis does where the request does not say."""

    fields: Annotated[tuple[AnalysisField, ...], ListOfWords] = Field(
        default=("title", "date", "studio", "performers", "tags"), description="Fields to look at."
    )
    min_confidence: float = Field(
        default=0.5, ge=0, le=1, description="Least confidence of what is proposed."
    )
    use_llm: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="When a model is asked: auto asks it about scenes in doubt and goes on without "
        "it while it is away; always asks about all that is open and fails without it; never asks.",
    )
    batch_size: int = count(100, 1, 1000, "Scenes analysed and saved together.")
    max_cost_usd_per_job: float | None = money("Most that the model may cost in one analysis.")
    max_cost_usd_per_day: float | None = money("Most that the model may cost in a day (UTC).")
    max_cost_usd_per_month: float | None = money("Most that the model may cost in a month (UTC).")
    max_tokens_per_job: int | None = Field(
        default=None, ge=0, le=10**12, description="Most tokens that one analysis may use."
    )


class JobsSettings(_Section):
    """Background work."""

    workers: int = count(4, 1, 32, "Jobs that run at the same time.")
    max_active: int = count(100, 1, 10_000, "Jobs that may wait or run; more are refused.")
    log_lines: int = count(1000, 10, 100_000, "Log lines kept of each job.")
    keep_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="How long ended jobs stay.",
        json_schema_extra={"unit": "days"},
    )
    stash_wait_seconds: float = seconds(600.0, 0.0, 86_400.0, "How long a job waits for Stash.")
    model_wait_seconds: float = seconds(600.0, 0.0, 86_400.0, "How long a job waits for the model.")


class SecuritySettings(_Section):
    """Who may come in."""

    mode: Literal["auto", "none"] = Field(
        default="auto",
        description="Who has to sign in: auto asks for credentials beyond this machine; none "
        "never asks.",
    )
    api_key: Secret | None = Field(default=None, description="Key that programs come in with.")
    hook_secret: Secret | None = Field(
        default=None, description="Key of Stash's own hooks; unset: off."
    )
    secret_key: Secret | None = Field(
        default=None, description="Signs tokens instead of the installation's own key."
    )
    algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        default="HS256", description="How tokens are signed."
    )
    allowed_hosts: Annotated[tuple[Host, ...], ListOfWords] = Field(
        default=(), max_length=64, description="Names that this service may be called by."
    )
    trusted_proxies: Annotated[tuple[Network, ...], ListOfWords] = Field(
        default=(), max_length=64, description="Networks of proxies that may name the client."
    )
    session_seconds: float = seconds(30 * 86_400.0, 60.0, 366 * 86_400.0, "Life of a login.")
    token_seconds: float = seconds(3600.0, 10.0, 30 * 86_400.0, "Life of a bearer token.")
    ticket_seconds: float = seconds(30.0, 1.0, 300.0, "Life of a WebSocket ticket.")


class CORSSettings(_Section):
    """Pages of other origins that may call this service from a browser."""

    origins: Annotated[tuple[Origin, ...], ListOfWords] = Field(
        default=(), max_length=64, description="Origins like https://name.example; * is every one."
    )
    credentials: bool = Field(default=False, description="Let them send the session cookie.")
    methods: Annotated[tuple[Method, ...], ListOfWords] = Field(
        default=("GET", "POST", "PUT", "PATCH", "DELETE"), description="Methods they may use."
    )
    max_age_seconds: int = Field(
        default=600,
        ge=0,
        le=86_400,
        description="How long a browser remembers the answer.",
        json_schema_extra={"unit": "seconds"},
    )

    @model_validator(mode="after")
    def _no_cookie_for_everyone(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise PydanticCustomError("open_credentials", "Credentials need named origins, not *")
        return self


class LoggingSettings(_Section):
    """What is written to the log, how and where."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is written."
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="How lines look; auto: readable on a terminal, JSON lines elsewhere.",
    )
    file: PathIn | None = Field(
        default=None, description="Write to this file as well, as JSON lines."
    )
    max_bytes: int = size_bytes(10 << 20, 1 << 12, 1 << 31, "Size that ends a log file.")
    backups: int = count(3, 0, 100, "Log files kept beside the present one.")


class Settings(BaseSettings):
    """All settings of one installation.

    Its only source is what it is given: `layers` reads the layers one by one, so that each value
    can be shown with where it came from.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    app: AppSettings = Field(default_factory=AppSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    stash: StashSettings = Field(default_factory=StashSettings)
    openai: OpenAISettings = Field(default_factory=OpenAISettings)
    analysis: AnalysisSettings = Field(default_factory=AnalysisSettings)
    jobs: JobsSettings = Field(default_factory=JobsSettings)
    security: SecuritySettings = Field(default_factory=SecuritySettings)
    cors: CORSSettings = Field(default_factory=CORSSettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but the arguments."""
        return (init_settings,)

    @model_validator(mode="after")
    def _place_files(self) -> Self:
        """Put files without a folder into the data folder."""
        folder = self.app.data_dir
        changes: dict[str, Any] = {}
        if not self.database.url:
            url = f"sqlite:///{folder / 'stashhog.db'}"
            changes["database"] = self.database.model_copy(update={"url": url})
        for name, attribute in (("logging", "file"), ("stash", "ca_file")):
            section = getattr(self, name)
            path: Path | None = getattr(section, attribute)
            if path is not None and not path.is_absolute():
                changes[name] = section.model_copy(update={attribute: folder / path})
        self.__dict__.update(changes)  # the model is frozen for everybody but itself
        return self


def _is_secret(annotation: object) -> bool:
    return "SecretStr" in str(annotation)


GROUPS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
FIELDS: frozenset[str] = frozenset(
    f"{group}.{name}" for group, model in GROUPS.items() for name in model.model_fields
)
"""Every setting by its dotted name."""
SECRET_FIELDS: frozenset[str] = frozenset(
    f"{group}.{name}"
    for group, model in GROUPS.items()
    for name, field in model.model_fields.items()
    if _is_secret(field.annotation)
)
"""Settings that are kept sealed and never shown."""


def openai_enabled(settings: Settings) -> bool:
    """Whether the model may be asked; the ambient OPENAI_API_KEY alone turns nothing on."""
    return settings.openai.on
