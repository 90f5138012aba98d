"""`python -m stashhog`: the same as the `stashhog` command."""

from stashhog.cli import run

if __name__ == "__main__":
    run()
