"""What the service does not take, and how it says so."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stashhog.demo import SampleStash
from stashhog.demo.faults import html, unauthorized
from stashhog.demo.options import StashOptions
from tests.rig.api import Api, check_problem
from tests.rig.installation import Installation, installed
from tests.rig.library import small_library
from tests.rig.requests import send
from tests.rig.service import Service, command
from tests.rig.stash import Stash
from tests.rig.waiting import until

UNKNOWN_JOB = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    with installed(tmp_path_factory.mktemp("refusals")) as both:
        both.api.synced()
        yield both


# --- settings and folders -----------------------------------------------------------------------


def test_a_bad_setting_or_argument_ends_the_command_with_one_line(tmp_path: Path) -> None:
    wrong: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
        "STASHHOG_APP__PORT": ({"STASHHOG_APP__PORT": "many"}, ("serve",)),
        "STASHHOG_STASH__URL": ({"STASHHOG_STASH__ULR": "http://127.0.0.1:9999"}, ("serve",)),
        "stash": ({"STASHHOG_STASH__URL": "ftp://127.0.0.1"}, ("sync",)),
        "STASHHOG_STASH__TIMEOUT": ({"STASHHOG_STASH__TIMEOUT": "-1"}, ("plans",)),
        "frobnicate": ({}, ("frobnicate",)),
        "--prot": ({}, ("serve", "--prot", "1")),
        "one": ({}, ("apply", "one")),
        "plan-id": ({}, ("apply", "99999999999999999999")),
        "--accept": ({}, ("apply", "1", "--accept", "95")),
        "--min-confidence": ({}, ("analyze", "--min-confidence", "-0.5")),
    }
    with ThreadPoolExecutor(4) as pool:
        started = {
            named: pool.submit(command, *arguments, home=tmp_path / named, env=env)
            for named, (env, arguments) in wrong.items()
        }
    for named, future in started.items():
        ended = future.result()
        assert (ended.returncode, ended.stdout) == (2, ""), named
        assert "Traceback" not in ended.stderr
        assert named.lower() in ended.stderr.lower()
        if wrong[named][0]:
            assert len(ended.stderr.splitlines()) == 1, ended.stderr


def test_a_second_service_on_the_same_folder_is_refused_and_the_first_goes_on(
    at: Installation,
) -> None:
    began = time.monotonic()
    ended = command(
        "serve", "--port", "0", "--data-dir", str(at.service.data), home=at.service.home
    )
    assert ended.returncode == 1
    (line,) = [each for each in ended.stderr.splitlines() if each.startswith("stashhog:")]
    assert str(at.service.data) in line
    assert "Traceback" not in ended.stderr
    assert time.monotonic() - began < 8
    assert at.api.get("/health") == {"status": "ok"}


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    contents = {"empty": b"", "garbage": b"this is no database at all\n" * 400}
    files = {name: tmp_path / name / "stashhog.db" for name in contents}
    for name, file in files.items():
        file.parent.mkdir(mode=0o700)
        file.write_bytes(contents[name])
    with ThreadPoolExecutor() as pool:
        started = {
            name: pool.submit(
                command, "serve", "--port", "0", "--data-dir", str(file.parent), home=tmp_path
            )
            for name, file in files.items()
        }
    for name, future in started.items():
        ended = future.result()
        assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
        assert "stashhog.db" in ended.stderr.splitlines()[-1]
        assert files[name].read_bytes() == contents[name]


def test_the_folder_and_its_secrets_are_for_their_owner_only(at: Installation) -> None:
    assert stat.S_IMODE(at.service.data.stat().st_mode) == 0o700
    for file in at.service.data.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    with sqlite3.connect(f"file:{at.service.data / 'stashhog.db'}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


# --- Stash --------------------------------------------------------------------------------------


def test_without_a_stash_the_service_is_up_and_says_what_is_missing(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        api = Api(service.url)
        ready = send("GET", f"{service.url}/ready").json()
        assert (ready["status"], ready["checks"]["stash"]["status"]) == ("degraded", "unset")
        for path, body in (("/scenes/sync", {}), ("/scenes/1/resync", None)):
            answer = api.send("POST", path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "stash_not_configured")
        assert api.get("/scenes")["items"] == []
        assert service.stop()[0] == 0


def test_a_wrong_key_fails_the_sync_at_once_and_never_shows_a_key(tmp_path: Path) -> None:
    sample = SampleStash(small_library(), StashOptions(api_key="the-right-key-91"))
    env = {"STASHHOG_STASH__API_KEY": "a-wrong-key-4711"}
    with Stash(sample) as stash, Service(tmp_path, stash.url, env=env) as service:
        api = Api(service.url)
        ended = api.ended(api.sync(), status="failed")
        assert ended["error"]["code"] == "stash_unauthorized"
        ready = api.get("/ready")
        assert (ready["status"], ready["checks"]["stash"]["status"]) == ("degraded", "down")
        values = api.get("/settings")["values"]
        assert values["stash"]["api_key"] == "********"
        log = api.get(f"/jobs/{ended['id']}/log")
    assert "a-wrong-key-4711" not in f"{ended}{ready}{values}{log}{service.log}"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    with installed(tmp_path_factory.mktemp("troubled")) as both:
        yield both


@pytest.mark.parametrize("away", ["refuses", "is a page"])
def test_a_sync_waits_visibly_while_stash_is_away_and_goes_on_afterwards(
    troubled: Installation, away: str
) -> None:
    at = troubled
    if away == "refuses":
        at.stash.go_away()
    else:
        at.stash.fault(html(503), "*", times=None)
    job = at.api.sync()
    waiting = until(lambda: at.api.job(job["id"])["waiting"], "the job says that it waits")
    assert waiting["code"] == "stash_unavailable"
    assert at.api.job(job["id"])["status"] == "running"
    ready = at.api.get("/ready")
    assert (ready["status"], ready["checks"]["stash"]["status"]) == ("degraded", "down")
    assert at.api.send("POST", "/scenes/1/resync").status_code in (502, 503)
    at.stash.heal()
    assert at.api.ended(job)["result"]["failed"] == 0
    assert at.api.job(job["id"])["waiting"] is None
    assert at.api.get("/ready")["checks"]["stash"]["status"] == "ok"
    assert at.api.get("/scenes")["total"] == 60


def test_a_job_that_waits_is_cancelled_at_once(troubled: Installation) -> None:
    troubled.stash.go_away()
    job = troubled.api.sync()
    until(lambda: troubled.api.job(job["id"])["waiting"], "the job waits")
    troubled.api.ask("DELETE", f"/jobs/{job['id']}", expect=202)
    ended = troubled.api.ended(job, status="cancelled", seconds=10)
    assert ended["waiting"] is None
    troubled.stash.heal()


def test_a_key_that_is_revoked_fails_what_needs_it_and_nothing_else(
    troubled: Installation,
) -> None:
    api = troubled.api
    api.synced()
    troubled.stash.fault(unauthorized(), "*", times=None)
    assert api.ended(api.sync(), status="failed")["error"]["code"] == "stash_unauthorized"
    assert api.plan_made()["changes"] > 0
    troubled.stash.heal()


# --- requests -----------------------------------------------------------------------------------


def test_a_studio_is_a_filter_that_may_be_given_more_than_once(at: Installation) -> None:
    by_studio = {
        studio["id"]: at.api.get("/scenes", studio_id=studio["id"])["total"]
        for studio in at.api.get("/studios")["items"]
    }
    (one, some), (other, more), *_ = [(id_, n) for id_, n in by_studio.items() if n]
    assert at.api.get("/scenes", studio_id=[one, other])["total"] == some + more
    for chosen, number in ((one, some), ([one], some), ([one, other], some + more)):
        estimate = at.api.ask(
            "POST", "/analysis/estimate", {"filter": {"studio_id": chosen}}, expect=200
        )
        assert estimate["scenes"] == number


def test_what_does_not_exist_is_a_404(at: Installation) -> None:
    for path in (
        "/scenes/999999",
        "/scenes/none",
        "/scenes/999999/changes",
        "/scenes/999999/screenshot",
        "/analysis/plans/999",
        "/analysis/plans/one",
        "/analysis/plans/99999999999999999999999",
        "/analysis/plans/999/changes",
        "/analysis/plans/999/export",
        f"/jobs/{UNKNOWN_JOB}",
        f"/jobs/{UNKNOWN_JOB}/log",
        "/jobs/not-a-job",
        "/nothing/here",
    ):
        assert at.api.send("GET", path).status_code == 404, path
    for method, path, body in (
        ("DELETE", f"/jobs/{UNKNOWN_JOB}", None),
        ("POST", f"/jobs/{UNKNOWN_JOB}/retry", None),
        ("DELETE", "/analysis/plans/999", None),
        ("POST", "/analysis/plans/999/apply", {}),
        ("POST", "/analysis/plans/999/undo", {}),
        ("PATCH", "/analysis/plans/999/changes", {"status": "accepted", "ids": [1]}),
        ("PATCH", "/analysis/changes/999", {"status": "accepted"}),
        ("DELETE", "/analysis/rejections/999", None),
        ("POST", "/scenes/999999/resync", None),
        ("POST", "/hooks/stash", {"id": 1, "type": "Scene.Update.Post"}),
    ):
        assert at.api.send(method, path, json=body).status_code == 404, path


def test_a_wrong_method_is_a_405(at: Installation) -> None:
    answer = at.api.send("PUT", "/scenes")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"mode": NaN}', b"[" * 100_000],
    ids=range(8),
)
def test_a_body_that_is_no_json_object_is_refused(at: Installation, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = at.api.send("POST", "/analysis/generate", content=content, headers=headers)
    assert answer.status_code in (400, 422)


def test_a_body_over_the_limit_is_a_413(at: Installation) -> None:
    body = b'{"mode": "' + b"x" * (1 << 20) + b'"}'
    answer = at.api.send(
        "POST", "/scenes/sync", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/scenes/sync", {"mode": "sideways"}, None),
        ("POST", "/scenes/sync", {"mode": "full", "speed": 1}, None),
        ("POST", "/scenes/sync", {"scene_ids": []}, "empty_selection"),
        ("POST", "/analysis/generate", {}, "empty_selection"),
        ("POST", "/analysis/generate", {"filter": {}}, "empty_selection"),
        ("POST", "/analysis/generate", {"scene_ids": []}, "empty_selection"),
        (
            "POST",
            "/analysis/generate",
            {"scene_ids": ["1"], "filter": {"all": True}},
            "ambiguous_selection",
        ),
        ("POST", "/analysis/generate", {"filter": {"all": True, "colour": "red"}}, None),
        ("POST", "/analysis/generate", {"filter": {"all": True}, "options": {"fast": 1}}, None),
        ("POST", "/analysis/estimate", {"filter": {}}, "empty_selection"),
        ("POST", "/analysis/estimate", {"filter": {"q": " \t"}}, "empty_selection"),
        ("POST", "/scenes/1/resync", {"speed": 1}, None),
        ("POST", f"/jobs/{UNKNOWN_JOB}/retry", {"speed": 1}, None),
        ("DELETE", "/analysis/plans/1", {"speed": 1}, None),
        ("PATCH", "/analysis/changes/1", {"status": None}, "empty_selection"),
        ("PATCH", "/analysis/plans/1/changes", {"status": "accepted"}, "empty_selection"),
        (
            "PATCH",
            "/analysis/plans/1/changes",
            {"status": "accepted", "filter": {}},
            "empty_selection",
        ),
        ("PATCH", "/analysis/plans/1/changes", {"status": "applied", "ids": [1]}, None),
        (
            "PATCH",
            "/analysis/plans/1/changes",
            {"status": "accepted", "ids": [1], "filter": {"all": True}},
            "ambiguous_selection",
        ),
    ],
)
def test_a_body_that_means_nothing_is_a_422(
    at: Installation, method: str, path: str, body: dict[str, object], code: str | None
) -> None:
    answer = at.api.send(method, path, json=body)
    assert answer.status_code == 422, answer.text
    if code is not None:
        assert answer.json()["code"] == code
    else:
        assert answer.json()["errors"][0]["loc"]


@pytest.mark.parametrize(
    "query",
    [
        "size=0",
        "size=501",
        "page=0",
        "sort=colour",
        "colour=red",
        "cursor=xyz",
        f"cursor={'x' * 5000}",
        "organized=maybe",
    ],
    ids=range(8),
)
def test_a_query_that_means_nothing_is_a_422(at: Installation, query: str) -> None:
    answer = at.api.send("GET", f"/scenes?{query}")
    assert answer.status_code == 422
    assert not query.startswith("cursor=") or answer.json()["code"] == "bad_cursor"


def test_other_sites_and_other_host_names_are_kept_out(at: Installation) -> None:
    foreign = {"origin": "https://elsewhere.example"}
    assert at.api.send("POST", "/scenes/sync", json={}, headers=foreign).status_code == 403
    assert at.api.send("GET", "/scenes", headers={"host": "rebound.example"}).status_code == 421


def test_the_request_id_of_a_client_is_kept_only_where_it_is_plain(at: Installation) -> None:
    for given, kept in (("abc-1.2_X", True), ("a b", False), ("x" * 129, False)):
        answer = at.api.send("GET", "/health", headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_a_key_opens_the_door_and_nothing_else_does(tmp_path: Path) -> None:
    env = {"STASHHOG_SECURITY__API_KEY": "open-sesame-123456"}
    with Service(tmp_path, env=env) as service:
        closed = send("GET", f"{service.url}/api/scenes")
        assert closed.status_code == 401
        check_problem(closed)
        assert (
            Api(service.url, {"x-api-key": "open-sesame"}).send("GET", "/scenes").status_code == 401
        )
        for headers in (
            {"x-api-key": "open-sesame-123456"},
            {"authorization": "Bearer open-sesame-123456"},
        ):
            assert Api(service.url, headers).get("/scenes")["total"] == 0
        for path in ("health", "ready", "version"):
            assert send("GET", f"{service.url}/{path}").status_code == 200
    assert "open-sesame-123456" not in service.log
