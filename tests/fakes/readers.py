"""Models that answer questions about scenes: well, obediently, or in any way a test wants."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.model import Answer, Said, Seen, completion

Line = Mapping[str, Any]
Choice = tuple[Sequence[str], str | None]
Choose = Callable[[Line], Choice]


def lines_of(seen: Seen) -> list[Line]:
    """The scenes that a request asks about."""
    return [json.loads(line) for line in seen.body["messages"][-1]["content"].split("\n")]


def asked_lines(requests: Sequence[Seen]) -> Iterator[Line]:
    """The scenes of several requests; requests of one word ask about none."""
    for seen in requests:
        if "response_format" in seen.body:
            yield from lines_of(seen)


def counted(seen: Seen, text: str) -> Mapping[str, int]:
    """Usage as a server would count it: about four characters a token."""
    sent = sum(len(message["content"]) for message in seen.body["messages"])
    return {"prompt_tokens": sent // 4, "completion_tokens": max(1, len(text) // 4)}


def reading(choose: Choose) -> Answer:
    """Answer each scene in codes with what `choose` picks for its line."""

    def answer(seen: Seen) -> Said:
        if "response_format" not in seen.body:
            return completion("ok", usage=counted(seen, "ok"))(seen)
        files = []
        for line in lines_of(seen):
            picks, title = choose(line)
            files.append({"n": line["n"], "picks": list(picks), "title": title})
        text = json.dumps({"files": files})
        return completion(text, usage=counted(seen, text))(seen)

    return answer


def first(line: Line) -> Choice:
    """Take the likeliest of everything."""
    return [f"{letter}0" for letter in "spdkt" if letter in line], None


def writing(write: Callable[[Line], Any]) -> Answer:
    """Pick nothing, and write `write`'s text as details of each scene that asks for one."""

    def answer(seen: Seen) -> Said:
        if "response_format" not in seen.body:
            return completion("ok", usage=counted(seen, "ok"))(seen)
        files = []
        for line in lines_of(seen):
            said = {"n": line["n"], "picks": [], "title": None}
            files.append(said | ({"details": write(line)} if "about" in line else {}))
        text = json.dumps({"files": files})
        return completion(text, usage=counted(seen, text))(seen)

    return answer


def nothing(_line: Line) -> Choice:
    """Take nothing at all."""
    return [], None


_CODE = re.compile(r"\b[a-z]\d{1,4}\b")
_QUOTED = re.compile(r"'([^']*)'")


def obeying(line: Line) -> Choice:
    """Do all that a file's name says: pick every code it mentions, set the title it demands."""
    path = str(line["path"])
    demanded = _QUOTED.findall(path)
    return [*_CODE.findall(path), *demanded, "s9999", "p-1", path], (demanded or [path])[-1]
