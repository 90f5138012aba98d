"""A real Stash in hand as the sample one is: looked at and stirred in directly, served by a proxy.

Rules:
- The service speaks to the proxy, where faults and counts are; what a person does goes straight to
  Stash and is counted nowhere.
- What a trial writes it puts back as far as it can; use a server that may be thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from stashhog.demo.faults import Fault, Faults, Rule
from stashhog.demo.rows import Kind, Mutation
from tests.rig.proxy import Proxy
from tests.rig.stash import Request, scenes_written

Row = dict[str, Any]
_PAGE = 1000
_SCENE = (
    "id title code details director date rating100 organized o_counter play_count urls created_at"
    " studio{id} performers{id} tags{id} galleries{id} stash_ids{endpoint stash_id}"
    " files{id path size duration} scene_markers{id title seconds}"
)
_ENTITY: Mapping[Kind, str] = {
    "performer": "id name disambiguation alias_list gender birthdate details favorite urls"
    " ignore_auto_tag tags{id} stash_ids{stash_id}",
    "tag": "id name aliases description favorite ignore_auto_tag parents{id}",
    "studio": "id name aliases details favorite ignore_auto_tag parent_studio{id}"
    " stash_ids{stash_id}",
}
"""What makes up an entity; an older Stash has not all of it."""
_LINKS = {"studio_id": "studio", "performer_ids": "performers", "tag_ids": "tags"}


class RealStash:
    """A running Stash behind a proxy of ours; what `tests.rig.stash.Stash` can, this can.

    Args:
        upstream: The server's address.
        api_key: Its key, if it has one.
        seed: Where the chance of the proxy's faults begins.
    """

    def __init__(self, upstream: str, api_key: str | None = None, *, seed: int = 0) -> None:
        self.upstream = upstream
        self.proxy = Proxy(upstream, seed=seed)
        headers = {"Accept": "application/json", **({"ApiKey": api_key} if api_key else {})}
        self._http = httpx.Client(base_url=upstream, headers=headers, timeout=120, trust_env=False)

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.proxy.__exit__(kind, error, trace)
        self._http.close()

    @property
    def url(self) -> str:
        """The address that the service is given."""
        return self.proxy.url

    def ask(self, query: str, **variables: Any) -> Row:
        """The data of an operation that must succeed."""
        answer = self._http.post("/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
        told = answer.json()
        assert not told.get("errors"), told["errors"]
        data: Row = told["data"]
        return data

    # --- looking --------------------------------------------------------------------------------

    def scenes(self, ids: Sequence[str] = ()) -> dict[str, Row]:
        """All scenes (or these) as they are now, by id, without the time of their last change."""
        rows: dict[str, Row] = {}
        last = 0
        while True:
            where = {"id": {"value": last, "modifier": "GREATER_THAN"}}
            found = self.ask(
                "query($w:SceneFilterType,$f:FindFilterType,$ids:[ID!]){findScenes("
                f"scene_filter:$w,filter:$f,ids:$ids){{scenes{{{_SCENE}}}}}}}",
                w=where,
                f={"sort": "id", "direction": "ASC", "per_page": _PAGE},
                ids=list(ids),
            )["findScenes"]["scenes"]
            rows.update((row["id"], _flat(row)) for row in found)
            if ids or len(found) < _PAGE:
                return rows
            last = int(found[-1]["id"])

    def entities(self, kind: Kind) -> dict[str, Row]:
        """All entities of a kind, by id."""
        root = f"find{kind.title()}s"
        found = self.ask(
            f'{{{root}(filter:{{per_page:-1,sort:"id"}}){{{kind}s{{{self._had(kind)}}}}}}}'
        )
        return {row["id"]: row for row in found[root][f"{kind}s"]}

    def _had(self, kind: Kind) -> str:
        """The fields of an entity that this Stash has."""
        asked = f'{{__type(name:"{kind.title()}"){{fields{{name}}}}}}'
        known = {field["name"] for field in self.ask(asked)["__type"]["fields"]}
        return " ".join(f for f in _ENTITY[kind].split() if f.partition("{")[0] in known)

    def library(self) -> Row:
        """Everything that a person could lose here."""
        kinds: tuple[Kind, ...] = ("studio", "performer", "tag")
        return {"scenes": self.scenes(), **{kind: self.entities(kind) for kind in kinds}}

    def mutations(self) -> list[Mutation]:
        """What the service had executed, in order."""
        return self.proxy.do(lambda: list(self.proxy.mutations))

    def requests(self) -> list[Request]:
        """What the service asked, executed or not, in order."""
        return self.proxy.do(
            lambda: [
                Request(frozenset(each.root_fields), each.variables)
                for each in self.proxy.passed
                if each.root_fields
            ]
        )

    def written(self) -> Counter[str]:
        """How many mutations were executed for each scene."""
        return scenes_written(self.mutations())

    # --- stirring -------------------------------------------------------------------------------

    def edit(self, scene_id: str, **values: Any) -> None:
        """Change a scene as a person would in Stash's own page."""
        self.ask(
            "mutation($i:SceneUpdateInput!){sceneUpdate(input:$i){id}}",
            i={"id": scene_id, **values},
        )

    def edit_here(self, scene_id: str, **values: Any) -> None:
        """The same from inside a fault, which strikes in a thread of its own."""
        self.edit(scene_id, **values)

    def scene_here(self, scene_id: str) -> Row:
        """A scene as it is now, from inside a fault."""
        return self.scenes([scene_id])[scene_id]

    def remove(self, scene_id: str) -> None:
        """Remove a scene."""
        self.ask("mutation($i:SceneDestroyInput!){sceneDestroy(input:$i)}", i={"id": scene_id})

    def create(self, kind: Kind, name: str) -> str:
        """Create a performer, tag or studio; returns its id."""
        made = self.ask(
            f"mutation($i:{kind.title()}CreateInput!){{{kind}Create(input:$i){{id}}}}",
            i={"name": name},
        )
        return str(made[f"{kind}Create"]["id"])

    def destroy(self, kind: Kind, entity_id: str) -> None:
        """Remove a performer, tag or studio."""
        self.ask(
            f"mutation($i:{kind.title()}DestroyInput!){{{kind}Destroy(input:$i)}}",
            i={"id": entity_id},
        )

    @property
    def faults(self) -> Faults:
        """What goes wrong; it belongs to the proxy's thread."""
        return self.proxy.faults

    def do(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Run something in the proxy's thread."""
        return self.proxy.do(act, *arguments)

    def fault(self, fault: Fault, on: str, **when: Any) -> Rule:
        """Put a fault in force: `times`, `skip`, `chance` as `Faults.add`."""
        return self.proxy.do(lambda: self.proxy.faults.add(fault, on, **when))

    def heal(self) -> None:
        """End all faults."""
        self.proxy.do(self.proxy.faults.clear)

    def go_away(self) -> None:
        """Refuse connections."""
        self.proxy.do(self.proxy.faults.refuse)

    def come_back(self) -> None:
        """Accept connections again."""
        self.proxy.do(self.proxy.faults.accept)


def _flat(row: Row) -> Row:
    """A scene as the sample Stash keeps it: links as numbers, in their order."""
    flat = {name: value for name, value in row.items() if name not in _LINKS.values()}
    for name, link in _LINKS.items():
        value = row[link]
        if isinstance(value, list):
            flat[name] = [int(each["id"]) for each in value]
        else:
            flat[name] = None if value is None else int(value["id"])
    return flat
