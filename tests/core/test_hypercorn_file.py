"""The options of the HTTP server."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypercorn.config import Config

from stashhog.core.exceptions import SettingsError
from stashhog.core.hypercorn_file import OPTIONS, find_hypercorn_file, read_hypercorn_file

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    path = folder / "hypercorn.toml"
    path.write_text(text)
    return path


def test_the_file_of_the_repository_sets_what_holds_without_it() -> None:
    values = read_hypercorn_file(ROOT / "hypercorn.toml")
    assert set(values) <= set(OPTIONS)
    assert {key: getattr(Config, key) for key in values} == values


def test_each_option_is_one_that_hypercorn_has() -> None:
    assert all(hasattr(Config, key) for key in OPTIONS)


def test_without_a_file_nothing_is_set() -> None:
    assert read_hypercorn_file(None) == {}


def test_the_data_folder_wins_over_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    data.mkdir()
    monkeypatch.chdir(here)
    assert find_hypercorn_file(data) is None
    written(here, "")
    assert find_hypercorn_file(data) == here / "hypercorn.toml"
    assert find_hypercorn_file() == here / "hypercorn.toml"
    written(data, "")
    assert find_hypercorn_file(data) == data / "hypercorn.toml"


def test_values_are_taken_over_and_files_are_found_beside_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'keep_alive_timeout = 3\ncertfile = "c.pem"\nkeyfile = "/etc/k.pem"\nworkers = 1\n',
    )
    assert read_hypercorn_file(path) == {
        "keep_alive_timeout": 3.0,
        "certfile": str(tmp_path / "c.pem"),
        "keyfile": "/etc/k.pem",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "keep_alive_timout = 5",
            "unknown key keep_alive_timout; did you mean keep_alive_timeout?",
        ),
        ("zzz = 5", "unknown key zzz"),
        ("[server]\nbacklog = 5", "unknown key server"),
        ('bind = "0.0.0.0:80"', "bind cannot be set here; the address is app.host and app.port"),
        ('accesslog = "-"', "logs are set in the group logging"),
        ("workers = 4", "workers can only be 1"),
        ('worker_class = "asyncio"', "worker_class can only be 'trio'"),
        ("backlog = 0", "backlog has to lie between 1 and 65535"),
        ("backlog = true", "backlog has to be a whole number"),
        ('keep_alive_timeout = "5"', "keep_alive_timeout has to be a number"),
        ("keep_alive_timeout = nan", "has to lie between"),
        ("include_date_header = 1", "include_date_header has to be true or false"),
        ("ciphers = 1", "ciphers has to be a text"),
        ('certfile = "c.pem"', "certfile and keyfile belong together"),
        ("backlog = = 1", "not TOML (at line 1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_hypercorn_file(path)
    assert said in caught.value.detail
    assert str(path) in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_hypercorn_file(tmp_path)
    path = tmp_path / "hypercorn.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_hypercorn_file(path)
