"""The commands, alone and beside a running service."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stashhog.demo import SampleStash
from stashhog.demo.faults import delay
from tests.e2e.conftest import Reviewed
from tests.fakes.model import FakeModel
from tests.fakes.readers import first, reading
from tests.rig.library import small_library
from tests.rig.model import Model
from tests.rig.service import begin, command
from tests.rig.stash import Stash, differences
from tests.rig.waiting import until


def _lines(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.stdout.splitlines()]


class _Shell:
    """Runs commands on one folder."""

    def __init__(self, home: Path, url: str | None, **env: str) -> None:
        self.home = home
        self.env = env if url is None else {"STASHHOG_STASH__URL": url, **env}
        self.said = ""

    def __call__(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        ended = command(
            *arguments,
            "--json",
            "--data-dir",
            str(self.home / "data"),
            home=self.home,
            env=self.env,
        )
        assert ended.returncode == code, f"{arguments}: {ended.returncode}\n{ended.stderr}"
        assert "Traceback" not in ended.stderr
        self.said = ended.stderr
        return _lines(ended)


def test_the_whole_story_goes_by_commands_without_a_service(tmp_path: Path) -> None:
    with Stash(SampleStash(small_library())) as stash:
        run = _Shell(tmp_path, stash.url)
        before = stash.library()
        assert run("sync")[-1]["created"] == 60
        assert run.said == ""
        analysed = run("analyze", "--name", "by hand")[-1]
        assert (analysed["status"], analysed["plan_id"]) == ("completed", 1)
        assert "not yet calibrated" in run.said
        assert "takes 150 organised scenes, and there are 30" in run.said
        plan, *changes = run("plans", "show", "1", "--changes")
        assert (plan["name"], plan["status"]) == ("by hand", "reviewing")
        assert len(changes) == plan["changes"] > 60
        applied = run("apply", "1", "--accept", "0.5")[-1]
        assert applied["applied"] > 0
        stash.edit("31", title="Mine")
        undone = run("undo", "1", code=4)[-1]
        assert undone["conflicts"] == 1
        assert differences(before, stash.library()).keys() == {"scenes/31"}


def test_a_model_is_asked_as_the_command_says_and_within_its_caps(tmp_path: Path) -> None:
    scenes = SampleStash(small_library())
    with Stash(scenes) as stash, Model(FakeModel()) as model:
        model.fake.answer = reading(first)
        none = _Shell(tmp_path / "none", stash.url)
        none("analyze", "--use-llm", "always", code=1)
        run = _Shell(tmp_path / "one", stash.url, STASHHOG_OPENAI__BASE_URL=model.url)
        run("sync")
        run("analyze", "--max-cost-usd", "1", code=2)  # nobody knows what this model costs
        run("analyze", "--use-llm", "never", "--all")
        assert not model.fake.seen
        capped = run("analyze", "--use-llm", "always", "--max-tokens", "1", "--all")[-1]
        assert (capped["stopped"], len(model.fake.seen)) == ("budget", 0)
        asked = run("analyze", "--use-llm", "always", "--all")[-1]
        assert asked["cost"]["requests"] == len(model.fake.seen) > 0


def test_commands_beside_a_service_go_through_it(reviewed: Reviewed) -> None:
    with reviewed() as at:
        run = _Shell(at.service.home, at.stash.url)
        token = at.service.data / "service.json"
        assert token.stat().st_mode & 0o077 == 0
        accepted = at.api.plan(1)["counts"]["accepted"]
        last = run("apply", "1")[-1]
        assert last["applied"] == accepted
        assert at.api.job(last["job_id"])["status"] == "completed"
        (plan,) = run("plans")
        assert plan["counts"] == at.api.plan(1)["counts"]
        run("undo", "9", code=1)


def test_doctor_says_what_is_wrong_and_changes_nothing(tmp_path: Path) -> None:
    alone = _Shell(tmp_path, None)
    away = _Shell(tmp_path, "http://127.0.0.1:9")
    wrong = _Shell(tmp_path, "http://127.0.0.1:9", STASHHOG_APP__PORT="x")
    with ThreadPoolExecutor() as pool:
        fine = pool.submit(alone, "doctor")
        bad = pool.submit(away, "doctor", code=3)
        unset = pool.submit(wrong, "doctor", code=2)
        none = pool.submit(alone, "plans")
    assert {row["check"]: row["state"] for row in fine.result()}["stash"] == "warning"
    assert {row["check"]: row["state"] for row in bad.result()}["stash"] == "bad"
    (row,) = unset.result()
    assert (row["check"], row["state"]) == ("settings", "bad")
    assert none.result() == []
    assert not (tmp_path / "data").exists()


def test_a_command_without_its_stash_ends_with_3_and_without_a_setting_with_2(
    tmp_path: Path,
) -> None:
    away = _Shell(tmp_path / "a", "http://127.0.0.1:9", STASHHOG_JOBS__STASH_WAIT_SECONDS="0")
    none = _Shell(tmp_path / "b", None)
    with ThreadPoolExecutor() as pool:
        for ended in (pool.submit(away, "sync", code=3), pool.submit(none, "sync", code=2)):
            assert ended.result()[-1]["status"] == "failed"


def test_a_command_that_is_interrupted_keeps_what_it_did(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "data")
    with Stash(SampleStash(small_library())) as stash:
        run = _Shell(tmp_path, stash.url)
        stash.fault(delay(0.1), "mutation", times=None)
        data = str(tmp_path / "data")
        process = begin("apply", "1", "--data-dir", data, home=tmp_path, env=run.env)
        try:
            until(lambda: len(stash.written()) >= 2, "two scenes are written")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
        finally:
            process.kill()
            process.wait()
        stash.heal()
        done = len(stash.written())
        last = run("apply", "1")[-1]
        assert (last["failed"], last["conflicts"]) == (0, 0)
        assert set(stash.written().values()) == {1}
        assert 2 <= done < len(stash.written()) == 30
