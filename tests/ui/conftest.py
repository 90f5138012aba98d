"""Says at the end of a run where the page's logic could not be tested."""

from __future__ import annotations

import shutil

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if shutil.which("node") is None:
        terminalreporter.write_line(
            "tests/ui: Node is not on the PATH, so the page's own logic was NOT tested"
        )
