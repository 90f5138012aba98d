"""`python -m tests.corpora FOLDER SEED… [--scenes N] [--organized SHARE]`: write made libraries."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.corpora.make import make

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--organized", type=float)
    given = parser.parse_args()
    for seed in given.seeds:
        made = make(seed, scenes=given.scenes, organized=given.organized)
        made.write(given.folder / str(seed))
        print(f"{given.folder / str(seed)}: {len(made.scenes)} scenes")
