"""Values that come in: variables, and literals in documents, as the resolvers get them.

Rules:
- An input object keeps which keys were there: absent and null mean different things.
- As in a real Stash, a variable that was left out and stands *inside* an inline object counts as
  null, while one that is a whole argument leaves the argument out.
- Refusals have a real Stash's texts and the path into the variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    type_from_ast,
)
from graphql.language import FloatValueNode

Path = tuple[str | int, ...]


class BadVariableError(Exception):
    """A variable does not fit its type.

    Attributes:
        path: Where, from the variable's name on.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def read_variables(
    schema: GraphQLSchema,
    definitions: Sequence[VariableDefinitionNode],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Check and convert the variables that the operation defines; left out ones stay out.

    Raises:
        BadVariableError: one does not fit.
    """
    read: dict[str, Any] = {}
    for definition in definitions:
        name = definition.variable.name.value
        kind = cast("GraphQLInputType", type_from_ast(schema, definition.type))
        if name in given:
            read[name] = convert(given[name], kind, (name,))
        elif definition.default_value is not None:
            read[name] = literal(definition.default_value, kind, {})
        elif isinstance(kind, GraphQLNonNull):
            raise BadVariableError("must be defined", (name,))
    return read


def convert(value: Any, kind: GraphQLInputType, path: Path) -> Any:
    """Convert a JSON value to an input type.

    Raises:
        BadVariableError: it does not fit.
    """
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            raise BadVariableError("cannot be null", path)
        kind = kind.of_type
    if value is None:
        return None
    if isinstance(kind, GraphQLList):
        items = value if isinstance(value, list) else [value]
        return [convert(item, kind.of_type, (*path, i)) for i, item in enumerate(items)]
    if isinstance(kind, GraphQLInputObjectType):
        return _convert_object(value, kind, path)
    if isinstance(kind, GraphQLEnumType):
        if value not in kind.values:
            raise BadVariableError(f"{value} is not a valid {kind.name}", path)
        return value
    if not isinstance(value, _ACCEPTED.get(kind.name, (str,))) or (
        isinstance(value, bool) and kind.name != "Boolean"
    ):
        raise BadVariableError(f"cannot use {_word(value)} as {kind.name}", path)
    return _scalar(value, kind)


def _convert_object(value: Any, kind: GraphQLInputObjectType, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadVariableError(f"must be a {kind.name}", path)
    for name in value:
        if name not in kind.fields:
            raise BadVariableError("unknown field", (*path, name))
    for name, field in kind.fields.items():
        if isinstance(field.type, GraphQLNonNull) and name not in value:
            raise BadVariableError("must be defined", (*path, name))
    return {
        name: convert(item, kind.fields[name].type, (*path, name)) for name, item in value.items()
    }


_ACCEPTED: dict[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "ID": (str, int),
}


def _scalar(value: Any, kind: GraphQLScalarType) -> Any:
    return str(value) if kind.name == "ID" else value


def _word(value: object) -> str:
    words = {bool: "bool", int: "int64", float: "float64", str: "string", list: "slice"}
    return words.get(type(value), "map")


def literal(node: ValueNode, kind: GraphQLInputType, variables: Mapping[str, Any]) -> Any:
    """Convert a literal of a validated document."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, NullValueNode):
        return None
    if isinstance(kind, GraphQLList):
        nodes = node.values if isinstance(node, ListValueNode) else [node]
        return [literal(item, kind.of_type, variables) for item in nodes]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        return {
            field.name.value: literal(field.value, kind.fields[field.name.value].type, variables)
            for field in node.fields
        }
    if isinstance(node, IntValueNode):
        return node.value if getattr(kind, "name", "") == "ID" else int(node.value)
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if isinstance(node, (BooleanValueNode, StringValueNode, EnumValueNode)):
        return node.value
    raise TypeError(f"not a value of a validated document: {node}")


def read_arguments(
    node: FieldNode, defined: Mapping[str, GraphQLArgument], variables: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of a field of a validated document."""
    read: dict[str, Any] = {}
    for argument in node.arguments or ():
        name, value = argument.name.value, argument.value
        if isinstance(value, VariableNode) and value.name.value not in variables:
            continue
        read[name] = literal(value, defined[name].type, variables)
    return read
