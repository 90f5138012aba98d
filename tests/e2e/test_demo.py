"""`stashhog demo`, as somebody would try it first."""

from __future__ import annotations

from pathlib import Path

from tests.rig.api import Api
from tests.rig.service import Service
from tests.rig.waiting import until


def test_the_demo_has_a_plan_to_review(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.env = {}
    service.arguments = ("demo", "--port", str(service.port))
    with service:
        until(lambda: "A plan to review" in service.output, "the plan is ready")
        api = Api(service.url)
        (plan,) = api.items("/analysis/plans")
        assert plan["status"] == "reviewing"
        assert plan["counts"]["proposed"] > 0
        assert f"{service.url}/plans/{plan['id']}" in service.output
        assert api.get("/ready")["status"] == "ready"
        api.accept_all(plan["id"])
        assert api.applied(plan["id"])["failed"] == 0
        code, took = service.stop()
        assert (code, took < 8) == (0, True)
        assert "Traceback" not in service.log


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    mine = tmp_path / "stashhog-demo" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")
    service = Service(tmp_path)
    service.arguments = ("demo", "--port", str(service.port))
    with service.start(wait=False):
        assert service.wait() == 1
    assert mine.read_text() == "years of work"
    assert "Traceback" not in service.log
