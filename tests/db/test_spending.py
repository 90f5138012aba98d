"""What calls to a model cost, against a model of the ledger: caps hold whatever comes together."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stashhog.db import open_database
from stashhog.db.model_calls import book_calls, settle_lost_calls, spending_of
from stashhog.domain.asking import Caps, Wanted
from stashhog.ports.model import ModelUsage, Reservation, Settlement
from tests.db.conftest import SETTINGS
from tests.rig.fresh import fresh_data

STEPS = 250
CENT = 1 / 64
"""Amounts are multiples of it, so that sums are exact."""
CAPS = Caps(job_tokens=4000, job_usd=40 * CENT, day_usd=60 * CENT, month_usd=150 * CENT)
BEGIN = datetime(2026, 1, 29, 20, tzinfo=UTC)


@dataclass
class Ledger:
    """What should have been booked; amounts are (day, job, tokens, usd)."""

    booked: list[tuple[str, str, int, float]] = field(default_factory=list)
    held: dict[int, tuple[str, str, int, float]] = field(default_factory=dict)

    def sums(self, job: str, day: str) -> tuple[int, float, float, float]:
        lines = [*self.booked, *self.held.values()]
        return (
            sum(tokens for _, name, tokens, _ in lines if name == job),
            sum(usd for _, name, _, usd in lines if name == job),
            sum(usd for at, _, _, usd in lines if at == day),
            sum(usd for at, _, _, usd in lines if at[:7] == day[:7]),
        )

    def fits(self, job: str, day: str, wanted: Wanted) -> bool:
        tokens, of_job, of_day, of_month = self.sums(job, day)
        usd = wanted.usd or 0.0
        return (
            tokens + wanted.tokens <= 4000
            and of_job + usd <= 40 * CENT
            and of_day + usd <= 60 * CENT
            and of_month + usd <= 150 * CENT
        )


class History:
    """Calls by three jobs over some days, and over the end of a month."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ledger = Ledger()
        self.now = BEGIN
        self.outcomes: dict[str, int] = defaultdict(int)

    @property
    def day(self) -> str:
        return self.now.date().isoformat()

    def reservation(self) -> Reservation:
        wanted = Wanted(
            self.chance.randrange(1, 300),
            self.chance.randrange(1, 100),
            self.chance.randrange(1, 8) * CENT,
        )
        return Reservation(self.chance.choice(["one", "two", "three"]), 1, wanted, CAPS)

    def settlement(self) -> Settlement | None:
        """A call that ended: as it said, as nobody knows, or never executed."""
        if not self.ledger.held or self.chance.random() < 0.2:
            return None
        call_id = self.chance.choice(sorted(self.ledger.held))
        day, job, tokens, usd = self.ledger.held.pop(call_id)
        match self.chance.randrange(3):
            case 0:
                self.ledger.booked.append((day, job, tokens, usd))
                return Settlement(call_id, None)
            case 1:
                return Settlement(call_id, ModelUsage("m", 0, 0, 0.0, 0, 0.0, requests=0))
        used = self.chance.randrange(tokens + 1)
        paid = self.chance.randrange(int(usd / CENT) + 1) * CENT
        self.ledger.booked.append((day, job, used, paid))
        return Settlement(call_id, ModelUsage("m", used, 0, paid, used, paid))


@pytest.mark.parametrize("seed", [1, 2])
async def test_caps_hold_and_sums_are_right_after_any_history(tmp_path: Path, seed: int) -> None:
    history = History(seed)
    ledger = history.ledger
    async with open_database(fresh_data(tmp_path), SETTINGS) as db:
        for _ in range(STEPS):
            history.now += timedelta(minutes=history.chance.choice([1, 5, 400]))
            if history.chance.random() < 0.03:
                assert await db.write(settle_lost_calls) == len(ledger.held)
                ledger.booked += ledger.held.values()
                ledger.held.clear()
            settled = [one for one in (history.settlement(),) if one is not None]
            wanted = [history.reservation() for _ in range(history.chance.randrange(1, 4))]
            outcomes = await db.write(book_calls, [*settled, *settled], wanted, history.now)
            for call, outcome in zip(wanted, outcomes, strict=True):
                fits = ledger.fits(call.job_id, history.day, call.wanted)
                assert isinstance(outcome, int) is fits, (call, outcome)
                history.outcomes[str(outcome) if isinstance(outcome, str) else "held"] += 1
                if isinstance(outcome, int):
                    usd = call.wanted.usd or 0.0
                    line = (history.day, call.job_id, call.wanted.tokens, usd)
                    ledger.held[outcome] = line
            told = await db.read(spending_of, history.now)
            booked = Ledger(ledger.booked)
            _, _, of_day, of_month = booked.sums("", history.day)
            assert (told["day"]["usd"], told["month"]["usd"]) == (of_day, of_month)
    assert min(history.outcomes["held"], history.outcomes["budget"]) > 20


async def test_a_cap_is_reached_to_the_last_billionth_and_not_passed(tmp_path: Path) -> None:
    # Ten times 0.1 is less than 1.0 as a fraction, three times more than 0.3.
    async with open_database(fresh_data(tmp_path), SETTINGS) as db:
        for cap, fits in ((0.3, 3), (1.0, 10), (1.0 - 1e-9, 9), (0.1 + 0.7, 8)):
            calls = [Reservation(f"{cap}", 1, Wanted(1, 1, 0.1), Caps(job_usd=cap))] * 12
            outcomes = await db.write(book_calls, [], calls, BEGIN)
            held = [outcome for outcome in outcomes if isinstance(outcome, int)]
            assert len(held) == fits
            paid = ModelUsage("m", 1, 1, 0.1, 2, 0.1)
            await db.write(book_calls, [Settlement(held[0], paid)], [], BEGIN)
            again = await db.write(book_calls, [], calls[:1], BEGIN)
            assert again == ["budget"]


async def test_a_cap_in_money_and_an_unknown_price_exclude_each_other(tmp_path: Path) -> None:
    unknown = Wanted(10, 10, None)
    async with open_database(fresh_data(tmp_path), SETTINGS) as db:
        for caps, free in ((Caps(), True), (Caps(job_tokens=20), True), (Caps(day_usd=1.0), False)):
            call = Reservation("job", 1, unknown, caps)
            (outcome,) = await db.write(book_calls, [], [call], BEGIN)
            assert isinstance(outcome, int) is free
            assert free or outcome == "price_unknown"
            if isinstance(outcome, int):
                never = ModelUsage("", 0, 0, 0.0, 0, 0.0, requests=0)
                await db.write(book_calls, [Settlement(outcome, never)], [], BEGIN)
