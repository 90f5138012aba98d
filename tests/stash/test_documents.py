"""Only listed operations, whatever a plan, a file name or a model may hold."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest
from graphql import (
    FieldNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from stashhog.core.config import StashSettings
from stashhog.demo.sdl import schema_of
from stashhog.stash import documents, open_stash
from stashhog.stash.documents import ALLOWED, ForbiddenOperationError, Operation, require_allowed

EACH = pytest.mark.parametrize("operation", ALLOWED.values(), ids=lambda op: op.name)
MUTATIONS = {
    "bulkSceneUpdate",
    *(f"{kind}{verb}" for kind in ("performer", "tag", "studio") for verb in ("Create", "Destroy")),
}


def definition(operation: Operation) -> OperationDefinitionNode:
    (found,) = parse(operation.text).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


@EACH
def test_a_document_is_what_it_says_it_is(operation: Operation):
    found = definition(operation)
    assert found.name is not None
    assert found.name.value == operation.name
    assert operation.mutates == (found.operation is OperationType.MUTATION)
    roots = [node for node in found.selection_set.selections if isinstance(node, FieldNode)]
    answered = {(node.alias or node.name).value for node in roots}
    assert operation.root in answered


def test_no_other_mutation_can_be_sent():
    sent = {operation.root for operation in ALLOWED.values() if operation.mutates}
    assert sent == MUTATIONS


@EACH
def test_a_mutation_has_its_whole_input_in_one_variable(operation: Operation):
    if operation.mutates:
        assert re.match(r"mutation \w+\(\$input: \w+!\) \{ \w+\(input: \$input\)", operation.text)
        assert operation.text.count("$") == 2


@EACH
def test_a_document_names_no_key_no_stream_and_no_text_but_types(operation: Operation):
    class Look(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            assert node.name.value not in {"stream", "sceneStreams", "apiKey", "api_key"}

        def enter_string_value(self, node: StringValueNode, *_: object) -> None:
            assert operation is documents.CAPABILITIES
            assert node.value in {"Tag", "Scene", "SceneFilterType"}

    visit(parse(operation.text), Look())


@EACH
@pytest.mark.parametrize("release", [25, 26, 27, 28, 29, 30])
def test_a_document_fits_every_release_that_it_is_sent_to(operation: Operation, release: int):
    groups = release >= 27
    if operation.name.endswith("Uses") and not groups:
        assert operation is documents.ENTITY_OPERATIONS["performer"].uses or validate(
            schema_of(release), parse(operation.text)
        )
        return
    assert validate(schema_of(release), parse(operation.text)) == []


@EACH
def test_an_operation_that_only_calls_itself_allowed_is_refused(operation: Operation):
    require_allowed(operation)
    with pytest.raises(ForbiddenOperationError):
        require_allowed(replace(operation, text="mutation X { execSQL }"))
    with pytest.raises(ForbiddenOperationError):
        require_allowed(replace(operation, name="Other"))


async def test_the_wire_sends_nothing_that_is_not_allowed():
    asked = []
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(200))
    settings = StashSettings(url="http://stash.example")
    async with open_stash(settings, transport=transport) as client:
        with pytest.raises(ForbiddenOperationError):
            await client._wire.ask(
                Operation("Evil", "execSQL", "mutation Evil { execSQL }"), {}, dict
            )
    assert asked == []
