"""What a language model was asked: kept answers, calls on their way, and what all of it cost.

Rules:
- A call is held with its worst case before it goes out, in the transaction that checks the caps;
  so caps hold whatever several jobs do at once, and whatever a crash leaves.
- A call that ended moves from `model_calls` into the sums of its job, its plan and its day, in the
  transaction that keeps its answers.
- An unknown price makes a sum unknown (NULL), never less.
- Sums that caps are held against are whole billionths of a dollar; what is shown is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from stashhog.db.values import from_json, moment_text, run, run_many, to_json
from stashhog.domain.asking import Spent, refused
from stashhog.domain.asking.budget import Refusal, billionths, dollars
from stashhog.ports.model import ModelUsage, Reservation, Settlement

DAY_CHARACTERS = 10
MONTH_CHARACTERS = 7
LONGEST_KEPT = timedelta(days=365)
MOST_KEPT = 200_000
MOST_FORGOTTEN = 20_000
"""So many kept answers go at once: each time an analysis begins."""


def kept_answers(s: Session, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Question key → the answer that was kept, for those that have one."""
    rows = run(
        s,
        "SELECT key, answer FROM model_answers WHERE key IN (SELECT value FROM json_each(?))",
        (to_json(list(keys)),),
    )
    return {key: from_json(answer) for key, answer in rows}


def forget_answers(s: Session, now: datetime) -> int:
    """Let go of old answers, as `ports.ModelStore.forget_answers` says."""
    kept, old = run(
        s,
        "SELECT count(*), count(*) FILTER (WHERE created_at < ?) FROM model_answers",
        (moment_text(now - LONGEST_KEPT),),
    ).one()
    going = min(max(old, kept - MOST_KEPT), MOST_FORGOTTEN)
    if going > 0:
        run(
            s,
            "DELETE FROM model_answers WHERE key IN"
            " (SELECT key FROM model_answers ORDER BY created_at LIMIT ?)",
            (going,),
        )
    return int(max(going, 0))


def book_calls(
    s: Session, settled: Sequence[Settlement], wanted: Sequence[Reservation], now: datetime
) -> list[int | Refusal]:
    """Book calls that ended, then hold others, as `ports.ModelStore.book` says."""
    for one in settled:
        _settle(s, one, now)
    return [_reserve(s, one, now) for one in wanted]


def _reserve(s: Session, call: Reservation, now: datetime) -> int | Refusal:
    day, wanted = moment_text(now)[:DAY_CHARACTERS], call.wanted
    reason = refused(wanted, _spent(s, call.job_id, day), call.caps)
    if reason is not None:
        return reason
    return int(
        run(
            s,
            "INSERT INTO model_calls (job_id, plan_id, day, input_tokens, output_tokens, amount)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                call.job_id,
                call.plan_id,
                day,
                wanted.input_tokens,
                wanted.output_tokens,
                _amount(wanted.usd),
            ),
        ).scalar_one()
    )


def _spent(s: Session, job_id: str, day: str) -> Spent:
    """What was used, and what is held for calls on their way."""
    row = run(
        s,
        """
        WITH used AS (
            SELECT scope = 'job' AND name = :job AS of_job, scope = 'day' AND name = :day AS of_day,
                scope = 'day' AS of_month, counted_tokens AS tokens, counted_amount AS amount
            FROM model_spending
            WHERE (scope = 'job' AND name = :job)
                OR (scope = 'day' AND name >= :month AND name < :month || '~')
            UNION ALL
            SELECT job_id = :job, day = :day, substr(day, 1, 7) = :month,
                input_tokens + output_tokens, coalesce(amount, 0)
            FROM model_calls
        )
        SELECT coalesce(sum(tokens) FILTER (WHERE of_job), 0),
            coalesce(sum(amount) FILTER (WHERE of_job), 0),
            coalesce(sum(amount) FILTER (WHERE of_day), 0),
            coalesce(sum(amount) FILTER (WHERE of_month), 0)
        FROM used
        """,
        {"job": job_id, "day": day, "month": day[:MONTH_CHARACTERS]},
    ).one()
    return Spent(row[0], row[1], row[2], row[3])


def _settle(s: Session, call: Settlement, now: datetime) -> None:
    """Book a call that ended; one that was booked before is passed over."""
    row = run(
        s,
        "DELETE FROM model_calls WHERE id = ?"
        " RETURNING job_id, plan_id, day, input_tokens, output_tokens, amount",
        (call.call_id,),
    ).one_or_none()
    if row is None:
        return
    _book(s, row, call.usage)
    if call.answers and call.usage is not None:
        at, model = moment_text(now), call.usage.model
        run_many(
            s,
            "INSERT INTO model_answers (key, answer, model, created_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            [(key, to_json(answer), model, at) for key, answer in call.answers.items()],
        )


def settle_lost_calls(s: Session) -> int:
    """Book all calls on their way with their worst case: a former process left them."""
    rows = run(
        s,
        "DELETE FROM model_calls"
        " RETURNING job_id, plan_id, day, input_tokens, output_tokens, amount",
    ).all()
    for row in rows:
        _book(s, row, None)
    return len(rows)


def _book(s: Session, row: Sequence[Any], usage: ModelUsage | None) -> None:
    job_id, plan_id, day, most_input, most_output, amount = row
    most_usd = None if amount is None else dollars(amount)
    used = usage or ModelUsage(
        "", most_input, most_output, most_usd, most_input + most_output, most_usd or 0.0
    )
    if used.requests == 0:
        return
    for scope, name in (("job", job_id), ("day", day)):
        run(
            s,
            "INSERT INTO model_spending (scope, name, requests, input_tokens, output_tokens,"
            " counted_tokens, counted_amount) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,"
            " input_tokens = input_tokens + excluded.input_tokens,"
            " output_tokens = output_tokens + excluded.output_tokens,"
            " counted_tokens = counted_tokens + excluded.counted_tokens,"
            " counted_amount = counted_amount + excluded.counted_amount",
            (
                scope,
                name,
                used.requests,
                used.input_tokens,
                used.output_tokens,
                used.counted_tokens,
                billionths(used.counted_usd),
            ),
        )
    cost = (used.requests, used.input_tokens, used.output_tokens, used.usd)
    run(
        s,
        "UPDATE plans SET requests = requests + ?, input_tokens = input_tokens + ?,"
        " output_tokens = output_tokens + ?, usd = round(usd + ?, 9) WHERE id = ?",
        (*cost, plan_id),
    )
    run(
        s,
        "UPDATE jobs SET tally = json_set(tally,"
        " '$.cost.requests', json_extract(tally, '$.cost.requests') + ?,"
        " '$.cost.input_tokens', json_extract(tally, '$.cost.input_tokens') + ?,"
        " '$.cost.output_tokens', json_extract(tally, '$.cost.output_tokens') + ?,"
        " '$.cost.usd', round(json_extract(tally, '$.cost.usd') + ?, 9)) WHERE id = ?",
        (*cost, job_id),
    )


def spending_of(s: Session, now: datetime) -> dict[str, dict[str, Any]]:
    """What today and this month (UTC) cost so far: `day` and `month`."""
    day = moment_text(now.astimezone(UTC))[:DAY_CHARACTERS]
    found = {}
    for name, prefix in (("day", day), ("month", day[:MONTH_CHARACTERS])):
        row = run(
            s,
            "SELECT coalesce(sum(requests), 0), coalesce(sum(input_tokens), 0),"
            " coalesce(sum(output_tokens), 0), coalesce(sum(counted_amount), 0)"
            " FROM model_spending WHERE scope = 'day' AND name >= ? AND name < ? || '~'",
            (prefix, prefix),
        ).one()
        counts = dict(zip(("requests", "input_tokens", "output_tokens"), row[:3], strict=True))
        found[name] = {**counts, "usd": dollars(row[3])}
    return found


def _amount(usd: float | None) -> int | None:
    return None if usd is None else billionths(usd)
