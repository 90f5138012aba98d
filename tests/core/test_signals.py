from __future__ import annotations

import signal

import pytest

from stashhog.core.signals import ending_signals


@pytest.mark.parametrize(("handler", "listened"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)])
def test_a_closed_terminal_ends_what_nohup_did_not_protect(
    handler: signal.Handlers, *, listened: bool
) -> None:
    before = signal.signal(signal.SIGHUP, handler)
    try:
        assert (signal.SIGHUP in ending_signals()) is listened
        assert {signal.SIGTERM, signal.SIGINT} <= set(ending_signals())
    finally:
        signal.signal(signal.SIGHUP, before)
