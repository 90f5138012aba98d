"""Envelopes, status codes and doors, as every Stash has them: the sample's and a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.contracts.speaking import Speaker

VERSION = '{"query":"{version{version}}"}'


async def _raw(
    stash: Speaker, body: str | bytes = VERSION, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    given = {"Content-Type": "application/json", **stash.headers, **(headers or {})}
    return await stash.http.post(stash.base_url + "/graphql", content=body, headers=given)


def _codes(answer: Any) -> set[str]:
    return {error["extensions"]["code"] for error in answer["errors"]}


# --- envelopes ----------------------------------------------------------------------------------


async def test_a_document_that_does_not_parse_is_422(stash: Speaker) -> None:
    response = await stash.post("{version{version}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["data"] is None
    assert answer["errors"][0]["message"] == "Expected Name, found <EOF>"
    assert _codes(answer) == {"GRAPHQL_PARSE_FAILED"}


async def test_every_unknown_field_is_named_with_422(stash: Speaker) -> None:
    response = await stash.post("{version{nope} nope2}")
    assert response.status_code == 422
    answer = response.json()
    assert [error["message"] for error in answer["errors"]] == [
        'Cannot query field "nope" on type "Version".',
        'Cannot query field "nope2" on type "Query".',
    ]
    assert answer["errors"][0]["locations"] == [{"line": 1, "column": 10}]
    assert _codes(answer) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_an_unknown_argument_is_422(stash: Speaker) -> None:
    response = await stash.post("{findScenes(sort:1){count}}")
    assert response.status_code == 422
    message = response.json()["errors"][0]["message"]
    assert message.startswith('Unknown argument "sort" on field "Query.findScenes"')


@pytest.mark.parametrize(
    ("declared", "value", "message", "path"),
    [
        ("$v:ID!", ..., "must be defined", []),
        ("$v:ID!", None, "cannot be null", []),
        ("$v:ID!", {"a": 1}, "cannot use map as ID", []),
        ("$v:FindFilterType", {"nope": 1}, "unknown field", ["nope"]),
        ("$v:FindFilterType", {"page": "x"}, "cannot use string as Int", ["page"]),
        (
            "$v:SceneFilterType",
            {"id": {"value": 1, "modifier": "NOPE"}},
            "NOPE is not a valid CriterionModifier",
            ["id", "modifier"],
        ),
    ],
)
async def test_a_variable_that_does_not_fit_is_422(
    stash: Speaker, declared: str, value: Any, message: str, path: list[str]
) -> None:
    use = {
        "$v:ID!": "findScene(id:$v){id}",
        "$v:FindFilterType": "findScenes(filter:$v){count}",
        "$v:SceneFilterType": "findScenes(scene_filter:$v){count}",
    }[declared]
    variables = {} if value is ... else {"v": value}
    response = await stash.post(f"query A({declared}){{{use}}}", variables)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["message"], error["path"]) == (message, ["variable", "v", *path])


async def test_a_number_will_do_as_an_id(stash: Speaker) -> None:
    scene = await stash.scene()
    answer = await stash.ask("query A($id:ID!){findScene(id:$id){id}}", id=int(scene))
    assert answer["findScene"] == {"id": scene}


async def test_one_of_several_operations_is_chosen_by_name(stash: Speaker) -> None:
    body = {"query": "query A{version{version}} query B{version{hash}}"}
    answer = (await _raw(stash, json.dumps({**body, "operationName": "A"}))).json()
    assert list(answer["data"]["version"]) == ["version"]
    response = await _raw(stash, json.dumps({**body, "operationName": "C"}))
    assert "operation C not found" in response.text
    assert "operation  not found" in (await _raw(stash, json.dumps(body))).text


async def test_fragments_aliases_and_directives_work(stash: Speaker) -> None:
    scene = await stash.scene()
    answer = await stash.ask(
        "query A($id:ID!,$yes:Boolean!){a:findScene(id:$id){...F id @skip(if:$yes)} "
        "b:findScene(id:$id){... on Scene{id} title @include(if:$yes) __typename}} "
        "fragment F on Scene{organized id @include(if:$yes)}",
        id=scene,
        yes=True,
    )
    assert answer["a"] == {"organized": False, "id": scene}
    assert answer["b"] == {"id": scene, "title": stash.prefix + "a scene", "__typename": "Scene"}


async def test_introspection_shows_what_a_release_can_do(stash: Speaker) -> None:
    answer = await stash.ask(
        'query A($n:String!){version{version} filters:__type(name:"SceneFilterType")'
        '{inputFields{name}} scene:__type(name:$n){fields{name}} none:__type(name:"Nope"){name}}',
        n="Scene",
    )
    names = {field["name"] for field in answer["filters"]["inputFields"]}
    assert {"id", "updated_at", "organized"} <= names
    assert ("files_filter" in names) is (stash.release >= 30)
    fields = {field["name"] for field in answer["scene"]["fields"]}
    assert ("groups" in fields) is (stash.release >= 27)
    assert answer["none"] is None


async def test_the_status_says_which_database_it_has(stash: Speaker) -> None:
    answer = await stash.ask("{systemStatus{status databaseSchema appSchema}}")
    schema = {25: 55, 26: 58, 27: 67, 28: 72, 29: 72, 30: 75}[stash.release]
    wanted = {"status": "OK", "databaseSchema": schema, "appSchema": schema}
    assert answer["systemStatus"] == wanted


async def test_a_body_that_is_no_operation_is_400(stash: Speaker) -> None:
    for body in ("{", "", f"[{VERSION}]"):
        response = await _raw(stash, body)
        assert response.status_code == 400
        message = response.json()["errors"][0]["message"]
        assert "body could not be decoded" in message


async def test_another_content_type_is_400_in_plain_text(stash: Speaker) -> None:
    response = await _raw(stash, VERSION, {"Content-Type": "text/plain"})
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")
    assert response.json()["errors"][0]["message"] == "transport not supported"
    proper = "application/json; charset=utf-8"
    assert (await _raw(stash, VERSION, {"Content-Type": proper})).status_code == 200


async def test_a_query_may_come_by_get_but_no_mutation(stash: Speaker) -> None:
    url = stash.base_url + "/graphql"
    query = {"query": "query A($id:ID!){findScene(id:$id){id}}", "variables": '{"id":0}'}
    response = await stash.http.get(url, params=query, headers=stash.headers)
    assert response.json() == {"data": {"findScene": None}}
    mutation = {"query": "mutation{sceneUpdate(input:{id:0}){id}}"}
    response = await stash.http.get(url, params=mutation, headers=stash.headers)
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("accept", "plain"),
    [
        ("application/json", True),
        ("", True),
        ("application/json, */*", True),
        ("*/*", False),
        ("text/html", False),
        ("application/graphql-response+json", False),
    ],
)
async def test_from_029_on_accept_decides_type_status_and_compression(
    stash: Speaker, accept: str, plain: int
) -> None:
    as_json = plain or stash.release < 29
    kind = "application/json" if as_json else "application/graphql-response+json"
    headers = {"Accept": accept, "Accept-Encoding": "gzip"}
    wrong = await _raw(stash, '{"query":"{nope}"}', headers)
    assert wrong.headers["content-type"] == kind
    assert wrong.status_code == (422 if as_json else 400)
    for _ in range(10):
        await stash.scene()
    page = {"query": "{findScenes{scenes{id title created_at updated_at}}}"}
    right = await _raw(stash, json.dumps(page), headers)
    assert right.headers["content-type"] == kind
    assert right.headers.get("content-encoding") == ("gzip" if as_json else None)


async def test_nothing_is_compressed_for_who_does_not_ask(stash: Speaker) -> None:
    await stash.scene()
    headers = {"Accept-Encoding": "identity"}
    response = await _raw(stash, '{"query":"{findScenes{scenes{id title}}}"}', headers)
    assert "content-encoding" not in response.headers


# --- doors --------------------------------------------------------------------------------------


async def test_health_needs_no_key(stash: Speaker) -> None:
    response = await stash.http.get(stash.base_url + "/healthz")
    assert (response.status_code, response.text) == (200, ".")


async def test_a_wrong_key_is_refused_also_where_none_is_set(stash: Speaker) -> None:
    response = await _raw(stash, VERSION, {"ApiKey": "surely-wrong"})
    if stash.release >= 26:
        assert (response.status_code, response.content) == (401, b"")
        assert response.headers["www-authenticate"] == "FormBased"
    else:
        assert (response.status_code, response.text) == (500, "unauthorized\n")


async def test_without_a_key_a_locked_stash_lets_nobody_in(stash: Speaker) -> None:
    url = stash.base_url
    nobody = {"Accept": "application/json", "Content-Type": "application/json"}
    response = await stash.http.post(url + "/graphql", content=VERSION, headers=nobody)
    picture = await stash.http.get(url + "/scene/0/screenshot")
    video = await stash.http.get(url + "/scene/0/clip.mp4")
    if stash.api_key is None:
        statuses = (response.status_code, picture.status_code, video.status_code)
        assert statuses == (200, 404, 404)
        return
    assert (response.status_code, response.content) == (401, b"")
    assert response.headers["www-authenticate"] == "FormBased"
    assert picture.status_code == 302
    assert picture.headers["location"] == "/login?returnURL=%2Fscene%2F0%2Fscreenshot"
    assert video.status_code == 401


async def test_the_key_may_stand_in_the_query(stash: Speaker) -> None:
    if stash.api_key is None:
        assert stash.headers == {"Accept": "application/json"}
        return
    url = f"{stash.base_url}/graphql?apikey={stash.api_key}"
    response = await stash.http.post(url, json=json.loads(VERSION))
    assert response.status_code == 200


async def test_stream_addresses_carry_the_key_and_screenshots_do_not(stash: Speaker) -> None:
    scene = await stash.scene()
    answer = await stash.ask(f"{{findScene(id:{scene}){{updated_at paths{{screenshot stream}}}}}}")
    paths = answer["findScene"]["paths"]
    assert paths["screenshot"].startswith(f"{stash.base_url}/scene/{scene}/screenshot?t=")
    key = f"?apikey={stash.api_key}" if stash.api_key else ""
    assert paths["stream"] == f"{stash.base_url}/scene/{scene}/stream{key}"


async def test_addresses_follow_the_host_that_was_asked_for(stash: Speaker) -> None:
    scene = await stash.scene()
    body = json.dumps({"query": f"{{findScene(id:{scene}){{paths{{screenshot}}}}}}"})
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/stash", "Host": "box:1234"}
    answer = (await _raw(stash, body, headers)).json()
    screenshot = answer["data"]["findScene"]["paths"]["screenshot"]
    assert screenshot.startswith(f"https://box:1234/stash/scene/{scene}/screenshot")


async def test_screenshots_are_pictures_of_scenes_that_exist(stash: Speaker) -> None:
    scene = await stash.scene()
    url = (await stash.look(scene))["paths"]["screenshot"]
    response = await stash.http.get(url, headers=stash.headers)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("image/")
    again = {**stash.headers, "If-None-Match": response.headers["etag"]}
    assert (await stash.http.get(url, headers=again)).status_code == 304
    assert (await stash.http.head(url, headers=stash.headers)).status_code == 405
    for path, status in (("999999999/screenshot", 404), ("abc/screenshot", 400)):
        response = await stash.http.get(f"{stash.base_url}/scene/{path}", headers=stash.headers)
        assert response.status_code == status
