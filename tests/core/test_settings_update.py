"""Changing settings while running, and trying an address."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from stashhog.core.config import (
    MASK,
    SettingsLayers,
    plan_test,
    plan_update,
    public_values,
    read_layers,
    resolve,
)
from stashhog.core.exceptions import ConflictError, ValidationError

A = "http://a.example:9999"
B = "http://b.example:9999"


def layers(
    folder: Path,
    environ: dict[str, str] | None = None,
    *,
    saved: dict[str, Any] | None = None,
    toml: str = "",
) -> SettingsLayers:
    (folder / "stashhog.toml").write_text(toml)
    read = read_layers(
        command_line={},
        environ={"STASHHOG_APP__DATA_DIR": str(folder), **(environ or {})},
        dotenv_path=None,
    )
    return read.with_database(saved or {})


def update(at: SettingsLayers, tree: dict[str, Any], sent_version: int | None = None) -> Any:
    return plan_update(at, tree, stored_version=7, sent_version=sent_version)


def code_of(at: SettingsLayers, tree: dict[str, Any], sent_version: int | None = None) -> str:
    with pytest.raises((ValidationError, ConflictError)) as caught:
        update(at, tree, sent_version)
    return caught.value.public_code


def test_what_is_sent_joins_what_is_saved(tmp_path: Path) -> None:
    at = layers(tmp_path, saved={"jobs": {"workers": 2, "keep_days": 5}})
    new = update(at, {"jobs": {"workers": 3}, "security": {"allowed_hosts": ["x.example"]}})
    assert new == {
        "jobs": {"workers": 3, "keep_days": 5},
        "security": {"allowed_hosts": ["x.example"]},
    }
    assert resolve(at.with_database(new)).sources["jobs.workers"] == "database"


def test_null_takes_a_value_back_to_what_lies_below(tmp_path: Path) -> None:
    at = layers(tmp_path, saved={"jobs": {"workers": 2}}, toml="[jobs]\nworkers = 9\n")
    new = update(at, {"jobs": {"workers": None}})
    assert resolve(at.with_database(new)).settings.jobs.workers == 9


def test_a_switch_takes_true_and_false(tmp_path: Path) -> None:
    tree = {"stash": {"live": False}, "openai": {"enabled": True}}
    assert update(layers(tmp_path), tree) == tree


def test_values_are_saved_in_their_normal_spelling(tmp_path: Path) -> None:
    new = update(layers(tmp_path), {"stash": {"url": "HTTP://A.example:9999/graphql/"}})
    assert new["stash"]["url"] == A


def test_sending_back_everything_that_is_shown_changes_nothing(tmp_path: Path) -> None:
    saved = {
        "stash": {"url": A, "api_key": "the-key"},
        "logging": {"file": "x.log"},
        "key_origins": {"stash": A},
    }
    at = layers(tmp_path, {"STASHHOG_SECURITY__API_KEY": "fixed-key"}, saved=saved)
    shown = public_values(resolve(at).settings)
    new = update(at, shown)
    before, after = resolve(at), resolve(at.with_database(new))
    assert after.settings == before.settings
    assert after.settings.stash.api_key == before.settings.stash.api_key
    assert after.read_only == before.read_only


@pytest.mark.parametrize(
    ("tree", "loc", "kind"),
    [
        ({"jobs": {"workers": 0}}, ["jobs", "workers"], "greater_than_equal"),
        ({"jobs": {"workers": True}}, ["jobs", "workers"], "not_bool"),
        ({"jobs": {"workers": "2"}}, ["jobs", "workers"], "other_kind"),
        ({"stash": {"live": 0}}, ["stash", "live"], "other_kind"),
        ({"stash": {"live": "yes"}}, ["stash", "live"], "other_kind"),
        ({"cors": {"origins": "https://a.example"}}, ["cors", "origins"], "other_kind"),
        ({"jobs": {"worker": 1}}, ["jobs", "worker"], "extra_forbidden"),
        ({"jobz": {"workers": 1}}, ["jobz"], "extra_forbidden"),
        ({"jobz": None}, ["jobz"], "extra_forbidden"),
        ({"jobs": None}, ["jobs"], "dict_type"),
        ({"jobs": [1]}, ["jobs"], "dict_type"),
        ({"jobs": {"gone": None}}, ["jobs", "gone"], "extra_forbidden"),
        ({"stash": {"url": "http://169.254.169.254"}}, ["stash", "url"], "bad_address"),
        ({"stash": {"url": 5}}, ["stash", "url"], "string_type"),
        ({"app": {"name": "\ud800"}}, ["app", "name"], "string_unicode"),
        (
            {"security": {"allowed_hosts": ["ok", "a b"]}},
            ["security", "allowed_hosts", 1],
            "bad_text",
        ),
        ({"cors": {"credentials": True, "origins": ["*"]}}, ["cors"], "open_credentials"),
        ({"logging": {"file": "/etc/cron.d/x.log"}}, ["logging", "file"], "bad_path"),
        ({"logging": {"file": "../x.log"}}, ["logging", "file"], "bad_path"),
        ({"logging": {"file": "stashhog.db"}}, ["logging", "file"], "bad_path"),
        ({"logging": {"file": "x\0.log"}}, ["logging", "file"], "bad_path"),
        ({"key_origins": {"stash": B}}, ["key_origins"], "extra_forbidden"),
    ],
)
def test_a_bad_value_is_named_by_its_place_and_kind(
    tmp_path: Path, tree: dict[str, Any], loc: list[Any], kind: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        update(layers(tmp_path), tree)
    assert caught.value.public_code == "bad_value"
    errors = caught.value.context["errors"]
    assert isinstance(errors, list)
    assert [(each["loc"], each["type"]) for each in errors] == [(loc, kind)]
    assert set(errors[0]) == {"loc", "msg", "type"}


def test_values_that_are_bad_only_together_are_refused(tmp_path: Path) -> None:
    at = layers(tmp_path, saved={"cors": {"credentials": True}})
    assert code_of(at, {"cors": {"origins": ["*"]}}) == "bad_value"


def test_a_refused_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        update(layers(tmp_path), {"stash": {"api_key": "canary with space"}})
    assert "canary" not in f"{caught.value!r} {caught.value.context}"


@pytest.mark.parametrize(
    "tree",
    [
        {"app": {"host": "0.0.0.0"}},  # noqa: S104 - refused, not bound
        {"app": {"port": 1}},
        {"app": {"root_path": "/x"}},
        {"app": {"data_dir": "/elsewhere"}},
        {"app": {"data_dir": None}},
        {"database": {"url": "sqlite:///x"}},
        {"database": {"echo": True}},
        {"jobs": {"workers": 2}},
        {"jobs": {"workers": None}},
        {"stash": {"api_key": "other-key"}},
        {"stash": {"api_key": "fixed-key"}},
        {"stash": {"url": B}},
        {"stash": {"url": B, "api_key": None}},
    ],
)
def test_what_is_fixed_elsewhere_cannot_be_changed_here(
    tmp_path: Path, tree: dict[str, Any]
) -> None:
    environ = {"STASHHOG_JOBS__WORKERS": "5", "STASHHOG_STASH__API_KEY": "fixed-key"}
    at = layers(tmp_path, environ, saved={"stash": {"url": A}})
    assert "stash.url" in resolve(at).read_only
    assert code_of(at, tree) == "setting_read_only"


def test_an_unchanged_fixed_value_may_be_sent(tmp_path: Path) -> None:
    at = layers(tmp_path, {"STASHHOG_JOBS__WORKERS": "5"})
    tree = {"jobs": {"workers": 5}, "app": {"port": 9998, "host": None}}
    assert update(at, tree) == {}


def test_refusals_come_in_the_order_of_the_contract(tmp_path: Path) -> None:
    at = layers(tmp_path, saved={"stash": {"url": A, "api_key": "k"}})
    bad, fixed, moved = {"jobs": {"workers": 0}}, {"app": {"port": 1}}, {"stash": {"url": B}}
    assert code_of(at, {**bad, **fixed, **moved}, 1) == "bad_value"
    assert code_of(at, {**fixed, **moved}, 1) == "setting_read_only"
    assert code_of(at, moved, 1) == "settings_changed"
    assert code_of(at, moved, 7) == "secret_required"


# --- keys and addresses -------------------------------------------------------------------------


def with_key(folder: Path) -> SettingsLayers:
    at = layers(folder)
    return at.with_database(update(at, {"stash": {"url": A, "api_key": "the-key"}}))


def stash_key(at: SettingsLayers) -> str | None:
    key = resolve(at).settings.stash.api_key
    return key and key.get_secret_value()


def test_the_first_address_needs_no_key(tmp_path: Path) -> None:
    assert update(layers(tmp_path), {"stash": {"url": A}}) == {"stash": {"url": A}}


@pytest.mark.parametrize("secret", [{}, {"api_key": MASK}])
def test_a_saved_key_does_not_go_to_another_address(tmp_path: Path, secret: dict[str, str]) -> None:
    for address in (B, "https://a.example:9999", "http://a.example", "http://a.example.evil:9999"):
        assert code_of(with_key(tmp_path), {"stash": {"url": address, **secret}}) == (
            "secret_required"
        )


def test_another_path_at_the_same_server_keeps_the_key(tmp_path: Path) -> None:
    at = with_key(tmp_path)
    assert stash_key(at.with_database(update(at, {"stash": {"url": f"{A}/sub"}}))) == "the-key"


def test_another_address_with_its_key_is_taken(tmp_path: Path) -> None:
    at = with_key(tmp_path)
    at = at.with_database(update(at, {"stash": {"url": B, "api_key": "new-key"}}))
    assert (resolve(at).settings.stash.url, stash_key(at)) == (B, "new-key")


@pytest.mark.parametrize("none", [None, ""])
def test_another_address_with_no_key_on_purpose_is_taken(tmp_path: Path, none: str | None) -> None:
    at = with_key(tmp_path)
    at = at.with_database(update(at, {"stash": {"url": B, "api_key": none}}))
    assert (resolve(at).settings.stash.url, stash_key(at)) == (B, None)


def test_a_key_cannot_be_carried_in_two_steps(tmp_path: Path) -> None:
    at = with_key(tmp_path)
    at = at.with_database(update(at, {"stash": {"url": None}}))
    assert code_of(at, {"stash": {"url": B}}) == "secret_required"
    back = at.with_database(update(at, {"stash": {"url": A}}))
    assert stash_key(back) == "the-key"


def test_a_key_that_was_saved_before_any_address_is_entered_anew(tmp_path: Path) -> None:
    at = layers(tmp_path)
    at = at.with_database(update(at, {"stash": {"api_key": "the-key"}}))
    assert code_of(at, {"stash": {"url": B}}) == "secret_required"


def test_the_key_of_the_file_does_not_go_to_an_address_set_here(tmp_path: Path) -> None:
    at = layers(tmp_path, toml=f'[stash]\nurl = "{A}"\napi_key = "file-key"\n')
    assert code_of(at, {"stash": {"url": B}}) == "secret_required"
    moved = at.with_database(update(at, {"stash": {"url": B, "api_key": None}}))
    assert (resolve(moved).settings.stash.url, stash_key(moved)) == (B, None)
    home = moved.with_database(update(moved, {"stash": {"url": None}}))
    assert resolve(home).settings.stash.url == A
    assert stash_key(home.with_database(update(home, {"stash": {"api_key": None}}))) == "file-key"


def test_the_model_is_held_to_the_same_rule(tmp_path: Path) -> None:
    at = layers(tmp_path)
    at = at.with_database(update(at, {"openai": {"api_key": "sk-1"}}))
    assert code_of(at, {"openai": {"base_url": B}}) == "secret_required"
    at = at.with_database(update(at, {"openai": {"base_url": B, "api_key": "sk-2"}}))
    assert code_of(at, {"openai": {"base_url": None}}) == "secret_required"
    ambient = layers(tmp_path, {"OPENAI_API_KEY": "sk-ambient"})
    assert code_of(ambient, {"openai": {"base_url": B}}) == "secret_required"


def test_an_unrelated_change_is_taken_while_a_saved_key_has_lost_its_address(
    tmp_path: Path,
) -> None:
    saved = {"stash": {"api_key": "the-key"}, "key_origins": {"stash": A}}
    at = layers(tmp_path, {"STASHHOG_STASH__URL": B}, saved=saved)
    new = update(at, {"jobs": {"workers": 2}})
    assert new == {**saved, "jobs": {"workers": 2}}


# --- trying a connection ------------------------------------------------------------------------


def tried(at: SettingsLayers, group: Literal["stash", "openai"], **override: Any) -> Any:
    return plan_test(resolve(at), group, override)


def test_a_trial_without_an_override_uses_what_is_set(tmp_path: Path) -> None:
    at = with_key(tmp_path)
    assert tried(at, "stash") == resolve(at).settings.stash


def test_a_trial_takes_other_values_and_keeps_the_rest(tmp_path: Path) -> None:
    section = tried(with_key(tmp_path), "stash", timeout=1, ca_file="ca.pem", page_size=None)
    assert (section.timeout, section.url, section.page_size) == (1.0, A, 500)
    assert section.ca_file == tmp_path / "ca.pem"
    assert section.api_key.get_secret_value() == "the-key"


@pytest.mark.parametrize("environ", [{}, {"STASHHOG_STASH__API_KEY": "fixed-key"}])
def test_a_trial_at_another_address_needs_its_key(tmp_path: Path, environ: dict[str, str]) -> None:
    at = layers(tmp_path, environ, saved={"stash": {"url": A, "api_key": "the-key"}})
    for override in ({"url": B}, {"url": B, "api_key": MASK}):
        with pytest.raises(ValidationError) as caught:
            tried(at, "stash", **override)
        assert caught.value.public_code == "secret_required"
    assert tried(at, "stash", url=B, api_key=None).api_key is None
    assert tried(at, "stash", url=B, api_key="new").api_key.get_secret_value() == "new"


def test_a_trial_of_the_model_at_another_address_needs_its_key(tmp_path: Path) -> None:
    at = layers(tmp_path, {"OPENAI_API_KEY": "sk-ambient"})
    with pytest.raises(ValidationError) as caught:
        tried(at, "openai", base_url=B)
    assert caught.value.public_code == "secret_required"
    assert tried(at, "openai", base_url=B, api_key=None).effective_key is None
    assert tried(at, "openai").effective_key.get_secret_value() == "sk-ambient"


def test_a_bad_override_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        tried(layers(tmp_path), "stash", url="http://169.254.169.254", nonsense=1)
    assert caught.value.public_code == "bad_value"
    errors = caught.value.context["errors"]
    assert isinstance(errors, list)
    assert [each["loc"] for each in errors] == [["stash", "nonsense"], ["stash", "url"]]
