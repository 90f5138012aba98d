"""Another release of the product: a copy of the tree with one more change of schema."""

from __future__ import annotations

import os
import shutil
import textwrap
from pathlib import Path

from stashhog.db.revisions import REVISIONS, head
from tests.rig.service import ROOT

NEXT = "9001"


def revision_file(folder: Path, upgrade: str, *, number: str = NEXT, after: str = "") -> None:
    """Write a revision whose `upgrade` has this body."""
    body = textwrap.indent(textwrap.dedent(upgrade).strip(), "    ")
    folder.joinpath("versions", f"{number}_trial.py").write_text(
        f'"""Made by a test."""\n\nfrom alembic import op\n\nrevision = "{number}"\n'
        f'down_revision = "{after or head()}"\n\n\ndef upgrade() -> None:\n{body}\n',
        encoding="utf-8",
    )


def revisions_with(folder: Path, upgrade: str) -> Path:
    """Copy the revisions and add one; returns their folder."""
    copied = shutil.copytree(REVISIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    revision_file(copied, upgrade)
    return copied


def next_release(folder: Path, upgrade: str) -> dict[str, str]:
    """Copy the product with one revision more; returns the environment that runs it."""
    for package in ("stashhog", "actors"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    revision_file(folder / "stashhog" / "db" / "migrations", upgrade)
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
