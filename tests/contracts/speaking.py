"""Speaks to a Stash, ours or a real one, in plain HTTP, and tidies up after itself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

URL, KEY = "CONTRACT_STASH_URL", "CONTRACT_STASH_KEY"
"""The environment variables that name another Stash than the sample ones."""

Answer = dict[str, Any]


@dataclass
class Speaker:
    """A client of one Stash, for one test.

    `prefix` opens every name that the test creates: no other thing of that server has it.
    """

    base_url: str
    api_key: str | None
    http: httpx.AsyncClient
    prefix: str = field(default_factory=lambda: f"zq{secrets.token_hex(4)} ")
    version: str = ""
    made: list[tuple[str, str]] = field(default_factory=list)

    @property
    def release(self) -> int:
        """The minor release number of the server."""
        found = re.match(r"v?0\.(\d+)", self.version)
        assert found, self.version
        return int(found[1])

    @property
    def headers(self) -> dict[str, str]:
        """What every proper request carries."""
        key = {"ApiKey": self.api_key} if self.api_key else {}
        return {"Accept": "application/json", **key}

    async def post(self, query: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send an operation."""
        body = {"query": query, "variables": variables or {}}
        return await self.http.post(self.base_url + "/graphql", json=body, headers=self.headers)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        response = await self.post(query, variables)
        answer = response.json()
        assert (response.status_code, answer.get("errors")) == (200, None), answer
        return answer["data"]

    async def refusal(self, query: str, **variables: Any) -> str:
        """The message of an operation that must be refused, at status 200."""
        response = await self.post(query, variables)
        answer = response.json()
        assert response.status_code == 200, answer
        assert len(answer["errors"]) == 1, answer
        return str(answer["errors"][0]["message"])

    # --- making ---------------------------------------------------------------------------------

    async def scene(self, **given: Any) -> str:
        """Create a scene; its title has the prefix."""
        given["title"] = self.prefix + given.get("title", "a scene")
        document = "mutation($i:SceneCreateInput!){sceneCreate(input:$i){id}}"
        scene_id = str((await self.ask(document, i=given))["sceneCreate"]["id"])
        self.made.append(("scene", scene_id))
        return scene_id

    async def entity(self, kind: str, name: str, **given: Any) -> str:
        """Create a performer, tag or studio; its name has the prefix."""
        answer = await self.ask(create_document(kind), i={"name": self.prefix + name, **given})
        entity_id = str(answer[f"{kind}Create"]["id"])
        self.made.append((kind, entity_id))
        return entity_id

    async def refused_entity(self, kind: str, name: str, **given: Any) -> str:
        """Why an entity of that name (with the prefix) is not created."""
        given = {"name": self.prefix + name, **given}
        return await self.refusal(create_document(kind), i=given)

    async def destroy(self, kind: str, entity_id: str) -> None:
        """Remove what was made; the tidying up leaves it alone then."""
        await self.ask(f'mutation{{{kind}Destroy(input:{{id:"{entity_id}"}})}}')
        self.made.remove((kind, entity_id))

    async def tidy(self) -> None:
        """Remove everything that was made and is still there."""
        for kind, entity_id in reversed(self.made):
            await self.post(f'mutation{{{kind}Destroy(input:{{id:"{entity_id}"}})}}')

    # --- changing and looking -------------------------------------------------------------------

    async def update(self, scene_id: str, **given: Any) -> Answer:
        """`sceneUpdate`, with the input as one variable."""
        answer: Answer = await self.ask(UPDATE, i={"id": scene_id, **given})
        return dict(answer["sceneUpdate"])

    async def refused_update(self, scene_id: str, **given: Any) -> str:
        """Why a `sceneUpdate` is refused."""
        return await self.refusal(UPDATE, i={"id": scene_id, **given})

    async def bulk(self, *ids: str, **given: Any) -> Any:
        """`bulkSceneUpdate`, with the input as one variable."""
        return (await self.ask(BULK, i={"ids": ids, **given}))["bulkSceneUpdate"]

    async def refused_bulk(self, *ids: str, **given: Any) -> str:
        """Why a `bulkSceneUpdate` is refused."""
        return await self.refusal(BULK, i={"ids": ids, **given})

    async def look(self, scene_id: str) -> Answer:
        """A scene as it is now."""
        answer = await self.ask(f'{{findScene(id:"{scene_id}"){{{SCENE}}}}}')
        return dict(answer["findScene"])

    async def let_a_second_pass(self, scene_id: str) -> str:
        """Touch a scene until the server's clock has moved on; returns its `updated_at`."""
        before = after = (await self.update(scene_id))["updated_at"]
        while after == before:
            after = (await self.update(scene_id))["updated_at"]
        return str(after)

    async def page(self, scene_filter: Answer | None = None, **find: Any) -> Answer:
        """`findScenes`: count and ids."""
        answer: Answer = await self.ask(
            "query($s:SceneFilterType,$f:FindFilterType)"
            "{findScenes(scene_filter:$s,filter:$f){count scenes{id}}}",
            s=scene_filter,
            f=find or None,
        )
        found = answer["findScenes"]
        return {"count": found["count"], "ids": [scene["id"] for scene in found["scenes"]]}

    async def names(self, kind: str, field_name: str, value: str) -> set[str]:
        """Names, without the prefix, of the entities for which a name criterion EQUALS holds."""
        plural = f"{kind}s"
        answer = await self.ask(
            f"query($v:String!){{find{plural.title()}({kind}_filter:"
            f"{{{field_name}:{{value:$v,modifier:EQUALS}}}},"
            f'filter:{{per_page:-1,sort:"id"}}){{{plural}{{name}}}}}}',
            v=self.prefix + value,
        )
        found = answer[f"find{plural.title()}"][plural]
        return {row["name"].removeprefix(self.prefix) for row in found}


SCENE = (
    "id title code details director date rating100 organized urls created_at updated_at "
    "studio{id} tags{id} performers{id} stash_ids{endpoint stash_id} files{id} paths{screenshot}"
)
UPDATE = f"mutation($i:SceneUpdateInput!){{sceneUpdate(input:$i){{{SCENE}}}}}"
BULK = f"mutation($i:BulkSceneUpdateInput!){{bulkSceneUpdate(input:$i){{{SCENE}}}}}"


def create_document(kind: str) -> str:
    """The mutation that creates an entity of a kind."""
    name = kind.title()
    return f"mutation($i:{name}CreateInput!){{{kind}Create(input:$i){{id name}}}}"


def ids_of(rows: list[Answer]) -> set[str]:
    """The ids of linked things."""
    return {row["id"] for row in rows}
