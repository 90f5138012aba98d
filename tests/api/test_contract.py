"""What the document says, the routes do: lists, orders, ids, bodies that may be left out."""

from __future__ import annotations

from typing import Any, cast

import pytest

from stashhog.api.contract import Operation, operation_of
from stashhog.api.schemas.common import ListQuery
from tests.api.conftest import House, OpenHouse

Parameter = dict[str, Any]


def readable(house: House) -> dict[str, Operation]:
    """What can be read, by its rule."""
    found = {}
    for rule in house.app.url_map.iter_rules():
        declared = operation_of(house.app.view_functions[rule.endpoint])
        if "GET" in (rule.methods or ()) and isinstance(declared, Operation):
            found[rule.rule] = declared
    return found


async def described(house: House) -> dict[str, Any]:
    return cast("dict[str, Any]", (await house.call("GET", "/openapi.json")).json)


def example(schema: dict[str, Any]) -> str:
    """A value that the schema of an item takes."""
    if "enum" in schema:
        return str(schema["enum"][0])
    return "7" if "pattern" in schema else "word"


async def test_every_parameter_that_is_an_array_may_be_given_once_and_again(house: House) -> None:
    tried = 0
    for path, methods in (await described(house))["paths"].items():
        for parameter in cast("list[Parameter]", methods.get("get", {}).get("parameters", ())):
            if parameter["schema"].get("type") != "array" or "{" in path:
                continue
            pair = f"{parameter['name']}={example(parameter['schema']['items'])}"
            for query in (pair, f"{pair}&{pair}"):
                reply = await house.call("GET", f"{path}?{query}")
                assert reply.status == 200, (path, query, reply.body)
            tried += 1
    assert tried >= 6


async def test_every_order_that_is_described_exists_and_no_other(house: House) -> None:
    for path, methods in (await described(house))["paths"].items():
        parameters = cast("list[Parameter]", methods.get("get", {}).get("parameters", ()))
        if "{" in path or not any(p["name"] == "cursor" for p in parameters):
            continue
        [orders] = [p["schema"]["enum"] for p in parameters if p["name"] == "sort"] or [[]]
        for order in orders:
            reply = await house.call("GET", f"{path}?sort={order}&size=1")
            assert reply.status == 200, (path, order, reply.body)
        reply = await house.call("GET", f"{path}?sort=colour")
        assert (reply.status, reply.json["code"]) == (422, "bad_sort"), path


async def test_lists_have_the_orders_of_the_contract(house: House) -> None:
    wanted = {
        "/api/scenes": {"title", "date", "path", "duration", "size", "created_at", "updated_at"},
        "/api/performers": {"name"},
        "/api/tags": {"name"},
        "/api/studios": {"name"},
        "/api/jobs": {"created_at"},
        "/api/analysis/plans": {"created_at"},
        "/api/analysis/plans/<id:plan_id>/changes": {"scene_id", "confidence", "field"},
    }
    routes = readable(house)
    for path, keys in wanted.items():
        query = routes[path].query
        assert query is not None
        assert issubclass(query, ListQuery)
        assert keys | {"id"} <= set(query.sort_keys), path


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("plan_id", ["0", "-1", "01", "1.0", "x", "9223372036854775808", "1" * 40])
async def test_a_malformed_id_is_404_whatever_the_method(
    house: House, method: str, plan_id: str
) -> None:
    for path in (f"/api/analysis/plans/{plan_id}", f"/api/analysis/changes/{plan_id}"):
        assert (await house.call(method, path)).status == 404, path


async def test_a_body_is_required_exactly_where_none_is_refused(open_house: OpenHouse) -> None:
    known = {"X-StashHog-Hook-Secret": "k"}
    async with open_house({"security": {"hook_secret": "k"}}) as house:
        for path, methods in (await described(house))["paths"].items():
            for method, operation in methods.items():
                body = operation.get("requestBody")
                if body is None or "{" in path or "/auth/" in path or path.endswith("/import"):
                    continue
                reply = await house.call(method.upper(), path, headers=known)
                codes = ("invalid", "empty_selection")
                refused = reply.status == 422 and reply.json["code"] in codes
                assert refused is body["required"], (path, method, reply.status, reply.body)


async def test_every_answer_is_described_with_its_headers(house: House) -> None:
    for path, methods in (await described(house))["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                assert {"X-Request-ID", "X-Process-Time"} <= response["headers"].keys(), (
                    path,
                    method,
                    status,
                )
                if status in ("429", "503") and not path.endswith("/ready"):
                    assert "Retry-After" in response["headers"], (path, method, status)


async def test_no_body_takes_a_member_that_it_does_not_know(house: House) -> None:
    """So nobody sets an id, a status or a right that is not theirs to set."""
    document = await described(house)
    schemas = document["components"]["schemas"]

    def closed(schema: dict[str, Any]) -> bool:
        if "$ref" in schema:
            return closed(schemas[schema["$ref"].rpartition("/")[2]])
        return schema.get("additionalProperties") is False

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                kind = content["schema"]
                assert kind.get("type") == "string" or closed(kind), (path, method)
