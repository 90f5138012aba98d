"""What criteria mean, on every Stash: the sample's and a real one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.speaking import Speaker

Filter = dict[str, Any]


async def _titles(stash: Speaker, tag: str, given: Filter) -> set[str]:
    """The titles, without the prefix, of the scenes with the tag for which a filter holds."""
    whole = {"tags": {"value": [tag], "modifier": "INCLUDES"}, "AND": given}
    answer = await stash.ask(
        "query($s:SceneFilterType){findScenes(scene_filter:$s,filter:{per_page:-1})"
        "{scenes{title}}}",
        s=whole,
    )
    found = answer["findScenes"]["scenes"]
    return {scene["title"].removeprefix(stash.prefix) for scene in found}


@pytest.mark.parametrize(
    ("value", "modifier", "held"),
    [
        ("%red OWL", "EQUALS", {"red owl"}),
        ("%red owl", "NOT_EQUALS", {"blue owl", "redstart"}),
        ("owl start", "INCLUDES", {"red owl", "blue owl", "redstart"}),
        ('"red owl"', "INCLUDES", {"red owl"}),
        ("owl", "EXCLUDES", {"redstart"}),
        ("red.?o", "MATCHES_REGEX", {"red owl"}),
        ("owl$", "NOT_MATCHES_REGEX", {"redstart"}),
        ("", "IS_NULL", set()),
        ("", "NOT_NULL", {"red owl", "blue owl", "redstart"}),
    ],
)
async def test_texts(stash: Speaker, value: str, modifier: str, held: set[str]) -> None:
    tag = await stash.entity("tag", "texts")
    for title in ("red owl", "blue owl", "redstart"):
        await stash.scene(title=title, tag_ids=[tag])
    given = {"title": {"value": value, "modifier": modifier}}
    assert await _titles(stash, tag, given) == held


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"rating100": {"value": 50, "modifier": "GREATER_THAN"}}, {"b"}),
        ({"rating100": {"value": 50, "modifier": "LESS_THAN"}}, {"a"}),
        ({"rating100": {"value": 20, "value2": 30, "modifier": "NOT_BETWEEN"}}, {"b"}),
        ({"rating100": {"value": 0, "modifier": "IS_NULL"}}, {"c"}),
        ({"rating100": {"value": 0, "modifier": "NOT_NULL"}}, {"a", "b"}),
        ({"date": {"value": "2020-01-02", "modifier": "GREATER_THAN"}}, {"b"}),
        ({"date": {"value": "2020-01-02", "modifier": "EQUALS"}}, {"a"}),
        ({"organized": True}, {"b"}),
        ({"organized": False}, {"a", "c"}),
        ({"url": {"value": "example", "modifier": "INCLUDES"}}, {"a"}),
        ({"is_missing": "date"}, {"c"}),
        ({"is_missing": "performers"}, {"a", "b", "c"}),
        ({"is_missing": "url"}, {"b", "c"}),
        ({"is_missing": "details"}, {"a", "c"}),
        ({"tag_count": {"value": 1, "modifier": "EQUALS"}}, {"a", "b", "c"}),
        ({"organized": True, "OR": {"is_missing": "date"}}, {"b", "c"}),
        ({"NOT": {"organized": True}}, {"a", "c"}),
    ],
)
async def test_numbers_dates_and_flags(stash: Speaker, given: Filter, held: set[str]) -> None:
    tag = await stash.entity("tag", "numbers")
    both = {"tag_ids": [tag]}
    urls = ["https://example.org/a"]
    await stash.scene(title="a", rating100=20, date="2020-01-02", urls=urls, **both)
    await stash.scene(
        title="b", rating100=80, date="2021-01-02", organized=True, details="x", **both
    )
    await stash.scene(title="c", **both)
    assert await _titles(stash, tag, given) == held


@pytest.mark.parametrize(
    ("modifier", "held"),
    [
        ("INCLUDES", {"both", "one"}),
        ("INCLUDES_ALL", {"both"}),
        ("EXCLUDES", {"none"}),
        ("IS_NULL", {"none"}),
        ("NOT_NULL", {"both", "one"}),
    ],
)
async def test_members(stash: Speaker, modifier: str, held: set[str]) -> None:
    tag = await stash.entity("tag", "members")
    one, two = await stash.entity("performer", "one"), await stash.entity("performer", "two")
    await stash.scene(title="both", tag_ids=[tag], performer_ids=[one, two])
    await stash.scene(title="one", tag_ids=[tag], performer_ids=[one])
    await stash.scene(title="none", tag_ids=[tag])
    given = {"performers": {"value": [one, two], "modifier": modifier}}
    assert await _titles(stash, tag, given) == held


async def test_a_studio_with_those_below_it(stash: Speaker) -> None:
    tag, top = await stash.entity("tag", "studios"), await stash.entity("studio", "top")
    below = await stash.entity("studio", "below", parent_id=top)
    await stash.scene(title="top", tag_ids=[tag], studio_id=top)
    await stash.scene(title="below", tag_ids=[tag], studio_id=below)
    for depth, held in ((0, {"top"}), (1, {"top", "below"}), (-1, {"top", "below"})):
        given = {"studios": {"value": [top], "modifier": "INCLUDES", "depth": depth}}
        assert await _titles(stash, tag, given) == held


async def test_a_search_wants_all_words(stash: Speaker) -> None:
    word = stash.prefix.strip()
    await stash.scene(title="amber heron", details="in the reeds")
    await stash.scene(title="amber owl")
    for words, count in (("amber", 2), ("amber heron", 1), ("amber reeds", 1), ("newt", 0)):
        assert (await stash.page(q=f"{word} {words}"))["count"] == count


async def test_missing_something_unheard_of_is_refused(stash: Speaker) -> None:
    message = await stash.refusal('{findScenes(scene_filter:{is_missing:"nope"}){count}}')
    assert "no such column: scenes.nope" in message


@pytest.mark.parametrize("kind", ["performer", "tag", "studio"])
async def test_entities_have_criteria_too(stash: Speaker, kind: str) -> None:
    await stash.entity(kind, "plain")
    await stash.entity(kind, "ignored", ignore_auto_tag=True)
    plural = f"{kind}s"

    async def names(given: Filter, **find: Any) -> list[str]:
        own = {"name": {"value": stash.prefix + "%", "modifier": "EQUALS"}, "AND": given}
        answer = await stash.ask(
            f"query($e:{kind.title()}FilterType,$f:FindFilterType)"
            f"{{find{plural.title()}({kind}_filter:$e,filter:$f){{{plural}{{name}}}}}}",
            e=own,
            f=find,
        )
        found = answer[f"find{plural.title()}"][plural]
        return [row["name"].removeprefix(stash.prefix) for row in found]

    ignored: Filter = {"ignore_auto_tag": True}
    plain: Filter = {"name": {"value": "%plain", "modifier": "EQUALS"}}
    assert await names(ignored) == ["ignored"]
    assert await names({"NOT": ignored}) == ["plain"]
    assert await names({**ignored, "OR": plain}) == ["ignored", "plain"]
    assert await names({"updated_at": {"value": "2000", "modifier": "LESS_THAN"}}) == []
    assert await names({}, sort="id", direction="DESC") == ["ignored", "plain"]
    assert await names({}, q=f"{stash.prefix}ignored") == ["ignored"]
