"""How the page gets into the package, and what happens where it cannot be built."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.bridge.app import Application
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from stashhog.ui import build_hook
from tests.ui.conftest import SOURCE

ROOT = SOURCE.parent.parent


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A page's source that nothing was built of."""
    (tmp_path / "src").mkdir()
    for name in ("build.mjs", "package.json", "package-lock.json", "src/app.tsx"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(build_hook, "is_fresh", lambda: False)


def hook() -> build_hook.PageBuildHook:
    metadata = ProjectMetadata(str(ROOT), PluginManager())
    builder = WheelBuilder(str(ROOT), metadata=metadata)
    return build_hook.PageBuildHook(
        str(ROOT), {}, builder.config, metadata, str(ROOT / "dist"), "wheel", Application()
    )


def test_the_content_of_the_source_decides_whether_a_page_is_fresh(source: Path) -> None:
    assert not build_hook.is_fresh(source)
    (source / "dist").mkdir()
    (source / "dist" / ".stamp").write_text(build_hook.source_hash(source))
    assert build_hook.is_fresh(source)
    (source / "src" / "app.tsx").touch()
    assert build_hook.is_fresh(source)
    (source / "src" / "more.ts").write_text("")
    assert not build_hook.is_fresh(source)


@pytest.mark.usefixtures("without_node")
def test_without_node_it_is_asked_for_and_else_the_package_is_built_without_a_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STASHHOG_UI", "auto")
    if build_hook.find_node() is not None:
        pytest.skip("Node came with a Python package, which no PATH hides")
    assert hook().dependencies() == [build_hook.NODE_PACKAGE]
    hook().initialize("standard", {})
    assert "The web page was not built" in capsys.readouterr().err
    monkeypatch.setenv("STASHHOG_UI", "require")
    with pytest.raises(build_hook.PageNotBuiltError):
        hook().initialize("standard", {})


@pytest.mark.usefixtures("without_node")
def test_skipping_asks_for_nothing_and_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASHHOG_UI", "skip")
    assert hook().dependencies() == []
    hook().initialize("standard", {})
    monkeypatch.setenv("STASHHOG_UI", "maybe")
    with pytest.raises(build_hook.PageNotBuiltError, match="maybe"):
        hook().dependencies()


def test_the_wheel_holds_the_page_and_not_its_source(built: Path, tmp_path: Path) -> None:
    wheels = list(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    names = set(zipfile.ZipFile(wheels[0]).namelist())
    assert {f"stashhog/ui/dist/{path.name}" for path in built.iterdir()} <= names
    assert not [name for name in names if "node_modules" in name or name.endswith((".tsx", ".mjs"))]
