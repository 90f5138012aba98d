"""Reading settings from where they may stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stashhog.core.config import (
    FIELDS,
    GROUPS,
    SECRET_FIELDS,
    Settings,
    SettingsLayers,
    openai_enabled,
    public_values,
    read_layers,
    resolve,
)
from stashhog.core.exceptions import SettingsError
from stashhog.core.redaction import redact_text

CANARY = "canary-7f3a9c"


def layers(
    folder: Path,
    environ: dict[str, str] | None = None,
    *,
    dotenv: str | None = None,
    toml: str | None = None,
    cli: dict[str, Any] | None = None,
) -> SettingsLayers:
    if toml is not None:
        (folder / "stashhog.toml").write_text(toml)
    dotenv_path = folder / ".env"
    if dotenv is not None:
        dotenv_path.write_text(dotenv)
    return read_layers(
        command_line=cli or {},
        environ={"STASHHOG_APP__DATA_DIR": str(folder), **(environ or {})},
        dotenv_path=dotenv_path,
    )


def refusal(folder: Path, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        resolve(layers(folder, *args, **kwargs))
    assert "\n" not in caught.value.detail
    return caught.value.detail


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    resolved = resolve(layers(tmp_path))
    assert resolved.settings.app.host == "127.0.0.1"
    assert resolved.settings.app.port == 9998
    assert resolved.settings.database.url == f"sqlite:///{tmp_path}/stashhog.db"
    assert resolved.sources["app.port"] == "default"
    assert resolved.sources["app.data_dir"] == "env"
    assert set(resolved.sources) == FIELDS


def test_the_environment_of_the_process_does_not_leak_into_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STASHHOG_APP__PORT", "1234")
    assert Settings().app.port == 9998


def test_each_layer_covers_the_weaker_ones(tmp_path: Path) -> None:
    secret = tmp_path / "name"
    secret.write_text("from-secret-file\n")
    sources = {
        "default": {},
        "file": {"toml": '[app]\nname = "from-file"\n'},
        "database": {},
        "secret_file": {"environ": {"STASHHOG_APP__NAME__FILE": str(secret)}},
        "dotenv": {"dotenv": "STASHHOG_APP__NAME=from-dotenv\n"},
        "env": {"environ": {"STASHHOG_APP__NAME__FILE": str(secret), "STASHHOG_APP__NAME": "e"}},
        "cli": {"cli": {"app": {"name": "from-cli", "port": None}}},
    }
    for source, given in sources.items():
        read = layers(tmp_path, **given)  # type: ignore[arg-type]  # a table of keyword arguments
        if source not in ("default", "file"):
            read = read.with_database({"app": {"name": "from-database"}})
        assert resolve(read).sources["app.name"] == source


def test_a_secret_file_may_be_named_in_the_environment_or_in_dotenv(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(f"{CANARY}\n")
    for where in (
        {"environ": {"STASHHOG_STASH__API_KEY__FILE": str(secret)}},
        {"dotenv": f"STASHHOG_STASH__API_KEY__FILE={secret}\n"},
    ):
        resolved = resolve(layers(tmp_path, **where))  # type: ignore[arg-type]  # as above
        key = resolved.settings.stash.api_key
        assert key is not None
        assert key.get_secret_value() == CANARY
        assert resolved.sources["stash.api_key"] == "secret_file"


def test_a_field_that_is_called_file_is_not_taken_for_a_secret_file(tmp_path: Path) -> None:
    resolved = resolve(layers(tmp_path, {"STASHHOG_LOGGING__FILE": "logs/out.log"}))
    assert resolved.settings.logging.file == tmp_path / "logs" / "out.log"
    assert resolved.sources["logging.file"] == "env"


@pytest.mark.parametrize("content", [b"", b"  \n", b"x" * 70_000, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_a_value_is_refused_by_its_variable(
    tmp_path: Path, content: bytes
) -> None:
    secret = tmp_path / "key"
    secret.write_bytes(content)
    detail = refusal(tmp_path, {"STASHHOG_STASH__API_KEY__FILE": str(secret)})
    assert "STASHHOG_STASH__API_KEY__FILE" in detail


def test_a_secret_file_that_is_missing_is_refused_by_its_variable(tmp_path: Path) -> None:
    detail = refusal(tmp_path, {"STASHHOG_STASH__API_KEY__FILE": str(tmp_path / "none")})
    assert "STASHHOG_STASH__API_KEY__FILE" in detail
    assert "No such file" in detail


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    resolved = resolve(layers(tmp_path, {"STASHHOG_STASH__URL": "", "STASHHOG_APP__PORT": " "}))
    assert resolved.settings.stash.url is None
    assert resolved.sources["app.port"] == "default"


def test_a_dollar_sign_in_dotenv_is_taken_as_it_is(tmp_path: Path) -> None:
    read = layers(tmp_path, dotenv="STASHHOG_SECURITY__API_KEY='a${HOME}b$c'\nOTHER=1\n")
    key = resolve(read).settings.security.api_key
    assert key is not None
    assert key.get_secret_value() == "a${HOME}b$c"


def test_lists_are_read_with_commas_or_as_json(tmp_path: Path) -> None:
    for text in ("a.example, b.example", '["a.example", "b.example"]'):
        resolved = resolve(layers(tmp_path, {"STASHHOG_SECURITY__ALLOWED_HOSTS": text}))
        assert resolved.settings.security.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("STASHHOG_STASH__ULR", "STASHHOG_STASH__URL"),
        ("STASHHOG_APP_PORT", "STASHHOG_APP__PORT"),
        ("STASHHOG_STASH__APIKEY", "STASHHOG_STASH__API_KEY"),
    ],
)
def test_an_unknown_variable_is_refused_with_what_was_meant(
    tmp_path: Path, variable: str, meant: str
) -> None:
    detail = refusal(tmp_path, {variable: CANARY})
    assert detail == f"{variable} names no setting; did you mean {meant}?"
    assert ".env" in refusal(tmp_path, dotenv=f"{variable}={CANARY}\n")


def test_what_kubernetes_sets_for_a_service_of_our_name_is_ignored(tmp_path: Path) -> None:
    environ = {
        "STASHHOG_PORT": "tcp://10.0.0.1:9998",
        "STASHHOG_PORT_9998_TCP_ADDR": "10.0.0.1",
        "STASHHOG_SERVICE_HOST": "10.0.0.1",
        "STASHHOG_SERVICE_PORT_HTTP": "9998",
    }
    assert resolve(layers(tmp_path, environ)).settings.app.port == 9998


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[stash]\nulr = 1\n", "unknown key stash.ulr; did you mean stash.url?"),
        ("[stashh]\n", "unknown group [stashh]; did you mean stash?"),
        ("stash = 3\n", "has to be a table"),
        ("[app]\ndata_dir = '/x'\n", "cannot be set in the data folder itself"),
        (f"[stash]\napi_key = '{CANARY}\n", "is not TOML (at "),
        ("[app]\nport = 'many'\n", "app.port in stashhog.toml: Input should be a valid integer"),
    ],
)
def test_a_toml_file_that_cannot_be_used_is_refused_with_its_key(
    tmp_path: Path, toml: str, said: str
) -> None:
    detail = refusal(tmp_path, toml=toml)
    assert said in detail
    assert CANARY not in detail


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STASHHOG_APP__PORT", CANARY),
        ("STASHHOG_APP__PORT", "70000"),
        ("STASHHOG_STASH__URL", f"http://user:{CANARY}@host"),
        ("STASHHOG_STASH__URL", "ftp://host"),
        ("STASHHOG_STASH__API_KEY", f"{CANARY} with space"),
        ("STASHHOG_STASH__TIMEOUT", "nan"),
        ("STASHHOG_OPENAI__BASE_URL", "http://169.254.169.254/"),
        ("STASHHOG_APP__ROOT_PATH", "stashhog/"),
        ("STASHHOG_APP__ENV", CANARY),
        ("STASHHOG_SECURITY__TRUSTED_PROXIES", f"10.0.0.0/8,{CANARY}"),
        ("STASHHOG_CORS__ORIGINS", "https://x.example/path"),
        ("STASHHOG_CORS__ORIGINS", "[1"),
        ("STASHHOG_DATABASE__URL", f"postgresql://u:{CANARY}@h/db"),
        ("STASHHOG_APP__NAME", "a\x1b[31mb"),
    ],
)
def test_a_bad_value_is_refused_by_its_variable_and_never_repeated(
    tmp_path: Path, variable: str, value: str
) -> None:
    detail = refusal(tmp_path, {variable: value})
    assert detail.startswith(f"{variable}: ")
    assert CANARY not in detail
    assert f"{variable} in .env: " in refusal(tmp_path, dotenv=f"{variable}='{value}'\n")


def test_several_bad_values_make_one_line(tmp_path: Path) -> None:
    detail = refusal(tmp_path, {"STASHHOG_APP__PORT": "x"}, toml="[stash]\ntimeout = -1\n")
    assert "STASHHOG_APP__PORT: " in detail
    assert "; stash.timeout in stashhog.toml: " in detail


def test_a_data_folder_is_found_before_the_file_in_it_is_read(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "stashhog.toml").write_text("[app]\nport = 4321\n")
    resolved = resolve(layers(tmp_path, cli={"app": {"data_dir": str(other)}}))
    assert resolved.settings.app.data_dir == other
    assert resolved.settings.app.port == 4321


def test_a_saved_value_that_no_longer_fits_gives_way_and_leaves_a_notice(tmp_path: Path) -> None:
    read = layers(tmp_path, toml="[jobs]\nworkers = 3\n").with_database(
        {
            "jobs": {"workers": 0, "keep_days": 7, "gone_in_this_release": 1},
            "cors": {"credentials": True, "origins": ["*"]},
            "older_group": {"x": 1},
            "not_a_group": 5,
        }
    )
    resolved = resolve(read)
    assert resolved.settings.jobs.workers == 3
    assert resolved.settings.jobs.keep_days == 7
    assert resolved.settings.cors.origins == ()
    assert [notice.split()[3] for notice in resolved.notices] == [
        "cors.credentials",
        "cors.origins",
        "jobs.gone_in_this_release",
        "jobs.workers",
        "older_group.x",
    ]


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    environ = {
        f"STASHHOG_{name.replace('.', '__').upper()}": f"{CANARY}-{number:02d}-{'x' * 24}"
        for number, name in enumerate(sorted(SECRET_FIELDS))
    }
    read = layers(tmp_path, {**environ, "OPENAI_API_KEY": CANARY}).with_database(
        {"stash": {"api_key": CANARY}}
    )
    resolved = resolve(read)
    shown = f"{read!r} {resolved!r} {resolved.settings!s} {public_values(resolved.settings)}"
    assert CANARY not in shown
    assert CANARY not in resolved.settings.model_dump_json()


def test_secrets_are_shown_as_a_mask_where_set_and_null_where_not(tmp_path: Path) -> None:
    read = layers(tmp_path, {"STASHHOG_STASH__API_KEY": CANARY})
    values = public_values(resolve(read).settings)
    assert values["stash"]["api_key"] == "********"
    assert values["openai"]["api_key"] is None
    assert set(values) == set(GROUPS)
    assert values["security"]["allowed_hosts"] == []
    assert values["app"]["data_dir"] == str(tmp_path)


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": CANARY}, False),
        ({"OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": "http://llm.example"}, False),
        ({"OPENAI_API_KEY": CANARY, "STASHHOG_OPENAI__MODEL": "x"}, False),
        ({"OPENAI_API_KEY": CANARY, "STASHHOG_OPENAI__ENABLED": "true"}, True),
        ({"STASHHOG_OPENAI__API_KEY": CANARY}, True),
        ({"STASHHOG_OPENAI__BASE_URL": "http://127.0.0.1:8080/v1"}, True),
        ({"STASHHOG_OPENAI__API_KEY": CANARY, "STASHHOG_OPENAI__ENABLED": "false"}, False),
    ],
)
def test_the_model_is_on_only_where_a_setting_of_ours_says_so(
    tmp_path: Path, environ: dict[str, str], *, on: bool
) -> None:
    assert openai_enabled(resolve(layers(tmp_path, environ)).settings) is on


@pytest.mark.parametrize(
    ("environ", "url", "key"),
    [
        ({"OPENAI_API_KEY": "ambient"}, "https://api.openai.com/v1", "ambient"),
        (
            {"OPENAI_API_KEY": "ambient", "OPENAI_BASE_URL": "http://llm.example/v1/"},
            "http://llm.example/v1",
            "ambient",
        ),
        (
            {"OPENAI_API_KEY": "ambient", "STASHHOG_OPENAI__BASE_URL": "http://other.example"},
            "http://other.example",
            None,
        ),
        (
            {
                "OPENAI_API_KEY": "ambient",
                "OPENAI_BASE_URL": "http://llm.example",
                "STASHHOG_OPENAI__API_KEY": "ours",
            },
            "https://api.openai.com/v1",
            "ours",
        ),
        ({"OPENAI_BASE_URL": "http://llm.example"}, "https://api.openai.com/v1", None),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "nonsense"}, "https://api.openai.com/v1", None),
    ],
)
def test_the_ambient_key_goes_to_its_own_server_only(
    tmp_path: Path, environ: dict[str, str], url: str, key: str | None
) -> None:
    resolved = resolve(layers(tmp_path, environ))
    openai = resolved.settings.openai
    assert openai.effective_url == url
    assert (openai.effective_key and openai.effective_key.get_secret_value()) == key
    if key == "ambient":
        assert resolved.sources["openai.api_key"] == "ambient"
        assert "openai.api_key" not in resolved.read_only
        assert public_values(resolved.settings)["openai"]["api_key"] == "********"


def test_a_saved_key_is_not_used_where_the_address_was_changed_elsewhere(tmp_path: Path) -> None:
    saved = {
        "stash": {"url": "http://a.example:9999", "api_key": CANARY},
        "key_origins": {"stash": "http://a.example:9999"},
    }
    assert resolve(layers(tmp_path).with_database(saved)).settings.stash.api_key is not None
    moved = layers(tmp_path, {"STASHHOG_STASH__URL": "http://b.example"}).with_database(saved)
    resolved = resolve(moved)
    assert resolved.settings.stash.api_key is None
    assert "stash.api_key" in resolved.notices[0]


def test_every_setting_says_what_it_means() -> None:
    for name in sorted(FIELDS):
        group, _, key = name.partition(".")
        field = GROUPS[group].model_fields[key]
        assert field.description, name
        assert field.description.endswith("."), name


def test_each_secret_that_is_read_is_kept_out_of_the_logs(tmp_path: Path) -> None:
    environ = {"STASHHOG_STASH__API_KEY": "read-from-env", "OPENAI_API_KEY": "ambient-key"}
    resolve(layers(tmp_path, environ).with_database({"openai": {"api_key": "read-from-db"}}))
    assert redact_text("read-from-env ambient-key read-from-db") == "*** *** ***"


def test_an_empty_secret_on_the_command_line_means_none(tmp_path: Path) -> None:
    environ = {"STASHHOG_STASH__API_KEY": CANARY}
    resolved = resolve(layers(tmp_path, environ, cli={"stash": {"api_key": ""}}))
    assert resolved.settings.stash.api_key is None
