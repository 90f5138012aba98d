from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.jobs import (
    CRASH_LIMIT,
    FINAL,
    TRANSITIONS,
    AnalysisSubmission,
    ApplySubmission,
    ChangeSelection,
    IllegalTransitionError,
    Job,
    JobKind,
    JobSignal,
    JobStatus,
    Progress,
    SceneSelection,
    SyncSubmission,
    UndoSubmission,
    Waiting,
    add_tally,
    advance,
    next_status,
    recover,
    result_of,
    retry_submission,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def make_job(status: JobStatus = JobStatus.QUEUED, **values: object) -> Job:
    fields: dict[str, object] = {"id": "j", "kind": JobKind.SYNC, "params": {}, "created_at": NOW}
    return Job(status=status, **{**fields, **values})


def test_nothing_happens_to_a_job_that_has_ended():
    assert not [row for row in TRANSITIONS if row[0] in FINAL]


@given(st.sampled_from(JobStatus), st.sampled_from(JobSignal))
def test_a_signal_either_follows_the_table_or_is_refused(status: JobStatus, signal: JobSignal):
    if (status, signal) in TRANSITIONS:
        assert next_status(status, signal) is TRANSITIONS[status, signal]
    else:
        with pytest.raises(IllegalTransitionError):
            next_status(status, signal)


def test_every_status_can_still_reach_an_end():
    reached = set(FINAL)
    while True:
        more = {s for (s, _), to in TRANSITIONS.items() if to in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(JobStatus)


def test_a_job_that_completes_in_the_race_with_a_cancel_stays_completed():
    job = advance(advance(make_job(), JobSignal.START, NOW), JobSignal.CANCEL, NOW)
    assert advance(job, JobSignal.COMPLETE, NOW).status is JobStatus.COMPLETED


def test_a_cancelled_job_that_fails_on_its_way_out_is_cancelled():
    job = make_job(JobStatus.CANCELLING)
    assert advance(job, JobSignal.FAIL, NOW).status is JobStatus.CANCELLED


def test_an_end_sets_its_time_and_takes_the_wait_away():
    job = make_job(JobStatus.RUNNING, waiting=Waiting("stash_unavailable", NOW))
    ended = advance(job, JobSignal.COMPLETE, NOW + timedelta(seconds=5))
    assert ended.waiting is None
    assert ended.finished_at == NOW + timedelta(seconds=5)


def test_the_first_start_is_remembered_over_an_interruption():
    first = advance(make_job(), JobSignal.START, NOW)
    again = advance(advance(first, JobSignal.INTERRUPT, NOW), JobSignal.RESUME, NOW)
    started = advance(again, JobSignal.START, NOW + timedelta(hours=1))
    assert started.started_at == NOW


def test_a_clean_stop_costs_no_attempt():
    job = recover(make_job(JobStatus.INTERRUPTED, attempt=2), NOW)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 2)


def test_a_crash_costs_an_attempt():
    job = recover(make_job(JobStatus.RUNNING, attempt=2), NOW)
    assert (job.status, job.attempt, job.crashes) == (JobStatus.QUEUED, 3, 1)


def test_a_job_that_was_being_cancelled_at_a_crash_is_cancelled():
    assert recover(make_job(JobStatus.CANCELLING), NOW).status is JobStatus.CANCELLED


def test_a_queued_job_is_untouched_by_a_crash():
    job = make_job()
    assert recover(job, NOW) is job


def test_the_third_crash_at_the_same_item_fails_the_job():
    job = make_job()
    for _ in range(CRASH_LIMIT):
        assert job.status is JobStatus.QUEUED
        job = recover(advance(job, JobSignal.START, NOW), NOW)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.code == "crash_loop"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_a_job_that_gets_on_is_never_given_up(steps: list[int]):
    job = make_job()
    for step in steps:
        running = advance(job, JobSignal.START, NOW)
        done = running.progress.done + step
        job = recover(replace(running, progress=Progress(done=done)), NOW)
        assert job.status is JobStatus.QUEUED


def test_a_dotted_count_is_kept_inside_an_object():
    tally = add_tally({"applied": 1}, {"applied": 2, "created.tags": 1})
    tally = add_tally(tally, {"created.tags": 1})
    assert tally == {"applied": 3, "created": {"tags": 2}}


def test_adding_to_a_tally_leaves_the_old_one_alone():
    old = {"created": {"tags": 1}}
    add_tally(old, {"created.tags": 1})
    assert old == {"created": {"tags": 1}}


def test_an_apply_that_did_nothing_answers_zeros():
    assert result_of(JobKind.APPLY, {}, {}) == {
        "applied": 0,
        "already": 0,
        "conflicts": 0,
        "failed": 0,
        "skipped": 0,
        "created": {"tags": 0, "performers": 0, "studios": 0},
    }


def test_an_analysis_names_its_plan_in_its_result():
    assert result_of(JobKind.ANALYSIS, {"plan_id": 7}, {"changes": 2})["plan_id"] == 7


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        (JobKind.SYNC, {"mode": "full", "scene_ids": None}, SyncSubmission("full")),
        (
            JobKind.APPLY,
            {"plan_id": 3, "change_ids": [1, 2], "scene_ids": None},
            ApplySubmission(3, ChangeSelection((1, 2))),
        ),
        (
            JobKind.UNDO,
            {"plan_id": 3, "remove_created": True},
            UndoSubmission(3, remove_created=True),
        ),
        (
            JobKind.ANALYSIS,
            {"plan_id": 4, "filter": {"all": True}, "options": {"removals": True}, "name": "n"},
            AnalysisSubmission(
                SceneSelection(filter={"all": True}), {"removals": True}, "n", 4, "j"
            ),
        ),
    ],
)
def test_a_retry_asks_for_the_same(kind: JobKind, params: dict[str, object], expected: object):
    assert retry_submission(make_job(JobStatus.FAILED, kind=kind, params=params)) == expected
