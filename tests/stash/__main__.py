"""Tries the adapter on a given Stash: `python -m tests.stash --stash URL [--api-key KEY]`.

It creates scenes, performers, tags and studios of its own, under names that nobody else has, and
removes them again. What was there before is only read.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

from tests.contracts.speaking import KEY, URL


def main() -> int:
    """Run; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tests.stash", description=__doc__)
    parser.add_argument("--stash", required=True, metavar="URL")
    parser.add_argument("--api-key", metavar="KEY")
    given, rest = parser.parse_known_args()
    os.environ[URL] = given.stash
    if given.api_key:
        os.environ[KEY] = given.api_key
    here = Path(__file__).resolve().parent
    heard = f"{here / 'test_live.py'}::test_a_scan_is_heard_to_its_end"
    return int(pytest.main([str(here / "test_adapter.py"), heard, "-q", *rest]))


if __name__ == "__main__":
    sys.exit(main())
