"""Whose fault an answer is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from stashhog.core.exceptions import (
    StashAuthError,
    StashBusyError,
    StashConnectionError,
    StashError,
    StashGoneError,
    StashHogException,
    StashNameConflictError,
    StashProtocolError,
    StashRejectedError,
    StashUnknownOutcomeError,
)
from stashhog.stash.answers import Reply, ResolverError, read_data, said

FOREIGN_KEY = (
    "error executing `INSERT INTO scenes_tags (scene_id, tag_id) VALUES (?, ?)` [[1 999]]: "
    "FOREIGN KEY constraint failed"
)


def error_of(reply: Reply, *, mutates: bool, root: str = "x") -> StashError:
    with pytest.raises(StashError) as caught:
        read_data(reply, root=root, mutates=mutates)
    return caught.value


def told(message: str, path: list[Any] | None = None) -> Reply:
    answer = {"errors": [{"message": message, "path": path or ["x"]}], "data": {"x": None}}
    return Reply(200, json.dumps(answer).encode())


def test_data_without_errors_is_the_answer():
    assert read_data(Reply(200, b'{"data": {"x": 1}}'), root="x", mutates=True) == {"x": 1}


@pytest.mark.parametrize(
    ("status", "body", "when_reading", "when_changing"),
    [
        (401, b"", StashAuthError, StashAuthError),
        (403, b"Forbidden", StashAuthError, StashAuthError),
        (500, b"unauthorized\n", StashAuthError, StashAuthError),
        (500, b"oh no", StashBusyError, StashUnknownOutcomeError),
        (501, b"", StashBusyError, StashUnknownOutcomeError),
        (502, b"<html>", StashConnectionError, StashUnknownOutcomeError),
        (504, b"", StashConnectionError, StashUnknownOutcomeError),
        (503, b"", StashBusyError, StashBusyError),
        (429, b"", StashBusyError, StashBusyError),
        (301, b"", StashProtocolError, StashProtocolError),
        (302, b"<a href=/login>", StashProtocolError, StashProtocolError),
        (307, b"", StashProtocolError, StashProtocolError),
        (404, b"404 page not found", StashProtocolError, StashProtocolError),
        (405, b"", StashProtocolError, StashProtocolError),
        (200, b"<!doctype html>", StashProtocolError, StashUnknownOutcomeError),
        (200, b"", StashProtocolError, StashUnknownOutcomeError),
        (200, b'{"data": {"x": ', StashProtocolError, StashUnknownOutcomeError),
        (200, b"[]", StashProtocolError, StashUnknownOutcomeError),
        (200, b"{}", StashProtocolError, StashUnknownOutcomeError),
        (200, b'{"data": null}', StashProtocolError, StashUnknownOutcomeError),
        (200, b'{"data": {"y": 1}}', StashProtocolError, StashUnknownOutcomeError),
        (200, b"[" * 100_000, StashProtocolError, StashUnknownOutcomeError),
    ],
)
def test_status_and_shape_decide_first(
    status: int, body: bytes, when_reading: type, when_changing: type
):
    assert type(error_of(Reply(status, body), mutates=False)) is when_reading
    assert type(error_of(Reply(status, body), mutates=True)) is when_changing


def test_a_question_that_the_schema_does_not_know_is_told_apart():
    body = b'{"errors": [{"message": "Cannot query field \\"nope\\" on type \\"Scene\\"."}]}'
    for mutates in (False, True):
        error = error_of(Reply(422, body), mutates=mutates)
        assert error.public_code == "stash_schema"
        assert "nope" not in error.detail


@pytest.mark.parametrize(
    ("message", "when_reading", "when_changing"),
    [
        ("database is locked", StashBusyError, StashBusyError),
        ("commit: database is locked (5) (SQLITE_BUSY)", StashBusyError, StashBusyError),
        ("database or disk is full", StashBusyError, StashBusyError),
        ("context canceled", StashBusyError, StashUnknownOutcomeError),
        ("Internal system error. Error <nil>", ResolverError, StashUnknownOutcomeError),
        ("scene with id 7 not found", ResolverError, StashGoneError),
        ("tag with id 7 not found", ResolverError, StashGoneError),
        ("sql: no rows in result set", ResolverError, StashGoneError),
        ("id 9 does not exist in tags", ResolverError, StashGoneError),
        (FOREIGN_KEY, ResolverError, StashRejectedError),
        ("tag with name 'A' already exists", ResolverError, StashNameConflictError),
        ("name 'a' is used as alias for 'B'", ResolverError, StashNameConflictError),
        (
            "performer with name 'A' and disambiguation 'B' already exists",
            ResolverError,
            StashNameConflictError,
        ),
        ("UNIQUE constraint failed: studios.name", ResolverError, StashNameConflictError),
        ("tag name must not be blank", ResolverError, StashRejectedError),
        ("title must be set if scene has no files", ResolverError, StashRejectedError),
        ("", ResolverError, StashRejectedError),
    ],
)
def test_stashs_words_decide_where_the_status_is_200(
    message: str, when_reading: type, when_changing: type
):
    assert type(error_of(told(message), mutates=False)) is when_reading
    assert type(error_of(told(message), mutates=True)) is when_changing


def test_a_missing_reference_has_its_own_code():
    assert error_of(told(FOREIGN_KEY), mutates=True).public_code == "missing_reference"


def test_an_error_below_a_mutation_means_that_it_was_executed():
    reply = told("tag with id 7 not found", ["x", 0, "tags"])
    assert type(error_of(reply, mutates=True)) is StashUnknownOutcomeError


def test_a_partial_answer_with_errors_is_no_answer():
    body = b'{"errors": [{"message": "no", "path": ["x", "studio"]}], "data": {"x": {}}}'
    assert type(error_of(Reply(200, body), mutates=False)) is ResolverError


def test_a_missing_scene_is_named():
    error = error_of(told("scene with id 7 not found"), mutates=False)
    assert isinstance(error, ResolverError)
    assert error.missing_scene == "7"


@pytest.mark.parametrize("errors", [True, "words", [None], [{}], [{"message": 7}], {"a": 1}])
def test_errors_of_another_shape_are_errors_all_the_same(errors: object):
    reply = Reply(200, json.dumps({"errors": errors, "data": {"x": 1}}).encode())
    assert type(error_of(reply, mutates=False)) is ResolverError
    assert type(error_of(reply, mutates=True)) is StashRejectedError


def test_no_query_no_key_and_no_long_tale_is_repeated():
    assert said(FOREIGN_KEY) == "its database refused"
    assert said("UPDATE scenes SET x") == "its database refused"
    assert "CANARY" not in said("look at http://s/x?apikey=CANARY")
    assert len(said("word " * 1000)) <= 201
    assert said("two\nlines") == "two lines"


@given(st.integers(200, 599), st.binary(max_size=60), st.booleans())
def test_whatever_comes_back_is_data_or_one_of_our_errors(status: int, body: bytes, mutates: bool):
    try:
        read_data(Reply(status, body), root="x", mutates=mutates)
    except StashHogException as error:
        assert error.detail  # noqa: PT017 - any of the family will do
