"""Long trials of what the service promises, each a command: `python -m tests.reliability NAME`.

Rules:
- A trial is a module with a `USUAL` count and a function `run(trial)`; `__main__.TRIALS` names it.
- Chance comes from `trial.chance` only; the seed is printed, and the same seed has the same run.
- A broken promise is noted by `trial.check` and the run goes on; what was measured is a figure.
- The ordinary suite calls the same functions with small counts.
"""
