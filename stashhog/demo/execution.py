"""Runs GraphQL operations: parsed and validated by graphql-core, then run by plans of our own.

Rules:
- A document is parsed, validated and planned once by its text; a page of a list then costs little
  more than reading its rows.
- An error makes the field null, or, where that may not be, what the field belongs to; fields beside
  it are run all the same, mutations too, as a real Stash does.
- Introspection is left to graphql-core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    execute_sync,
    is_leaf_type,
    parse,
    validate,
)

from stashhog.demo.inputs import read_arguments, read_variables
from stashhog.demo.rows import RefusedError
from stashhog.demo.sdl import schema_of

Get = Callable[[Any], Any]
Resolve = Callable[[Any, Mapping[str, Any], Any], Any]
Complete = Callable[[Any, "Run[Any]"], Any]
Condition = tuple[DirectiveNode, ...]
Parts = Sequence[tuple[SelectionSetNode, Condition]]

_Context = TypeVar("_Context")


class InvalidDocumentError(Exception):
    """A document that cannot be run.

    Attributes:
        errors: What the answer's `errors` says.
    """

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("the document cannot be run")
        self.errors = errors


class _NullError(Exception):
    """A null where none may be, on its way up; its error is recorded already."""


@dataclass(slots=True)
class Run(Generic[_Context]):
    """One run of an operation: what resolvers get, and the errors so far."""

    context: _Context
    variables: Mapping[str, Any]
    errors: list[tuple[str, list[str | int]]] = field(default_factory=list)

    def refuse(self, message: str) -> None:
        """Record an error; those that call us put the path before it."""
        self.errors.append((message, []))

    def locate(self, mark: int, key: str | int) -> None:
        """Put `key` before the paths of all errors since `mark`."""
        for _, path in self.errors[mark:]:
            path.insert(0, key)


@dataclass(frozen=True, slots=True, eq=False)
class Resolvers:
    """How fields get their values, by type and name; `get` needs neither arguments nor context."""

    get: Mapping[str, Mapping[str, Get]]
    resolve: Mapping[str, Mapping[str, Resolve]]


@dataclass(frozen=True, slots=True)
class _Step:
    key: str
    get: Get | None
    resolve: Resolve | None
    arguments: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    complete: Complete | None
    non_null: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A planned operation: `query`, `mutation` or `subscription`."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    steps: tuple[_Step, ...]
    root_fields: frozenset[str]

    @property
    def kind(self) -> str:
        """The kind of operation."""
        return self.node.operation.value

    @property
    def name(self) -> str | None:
        """The operation's own name."""
        return self.node.name.value if self.node.name else None

    def read_variables(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the variables.

        Raises:
            BadVariableError: one does not fit.
        """
        return read_variables(self.schema, self.node.variable_definitions or (), given)

    def run(self, context: object, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run to the end; returns the answer, `errors` first as a real Stash has it."""
        run = Run(context, variables)
        data = _run_root(self.steps, run)
        if not run.errors:
            return {"data": data}
        errors = [{"message": message, "path": path} for message, path in run.errors]
        return {"errors": errors, "data": data}


@lru_cache(maxsize=1000)
def plan(release: int, text: str, name: str | None, resolvers: Resolvers) -> Operation:
    """Parse, validate and plan the named operation, or the only one.

    Raises:
        InvalidDocumentError: it cannot be run.
    """
    return _Planner(release, resolvers, _document(release, text)).plan(name)


def _document(release: int, text: str) -> DocumentNode:
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        message = error.message.removeprefix("Syntax Error: ").removesuffix(".")
        raise InvalidDocumentError([_located(error, message, "GRAPHQL_PARSE_FAILED")]) from None
    errors = validate(schema_of(release), document)
    if errors:
        code = "GRAPHQL_VALIDATION_FAILED"
        raise InvalidDocumentError(
            [_located(error, error.message.replace("'", '"'), code) for error in errors]
        )
    return document


def _located(error: GraphQLError, message: str, code: str) -> dict[str, Any]:
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    return {"message": message, "locations": places, "extensions": {"code": code}}


def _unplanned(message: str) -> InvalidDocumentError:
    code = {"code": "GRAPHQL_VALIDATION_FAILED"}
    return InvalidDocumentError([{"message": message, "extensions": code}])


# --- planning -----------------------------------------------------------------------------------


class _Planner:
    def __init__(self, release: int, resolvers: Resolvers, document: DocumentNode) -> None:
        self.schema = schema_of(release)
        self.resolvers = resolvers
        self.operations: list[OperationDefinitionNode] = []
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self.operations.append(node)
            elif isinstance(node, FragmentDefinitionNode):
                self.fragments[node.name.value] = node

    def plan(self, name: str | None) -> Operation:
        named = [
            node
            for node in self.operations
            if name is None or (node.name is not None and node.name.value == name)
        ]
        if len(named) != 1:
            raise _unplanned(f"operation {name or ''} not found")
        node = named[0]
        root = self.schema.get_root_type(node.operation)
        if root is None:
            raise _unplanned(f"unsupported operation {node.operation.value}")
        fields = self._collect([(node.selection_set, ())])
        steps = tuple(self._step(root, key, nodes, node) for key, nodes in fields.items())
        names = frozenset(nodes[0][0].name.value for nodes in fields.values())
        return Operation(self.schema, node, steps, names)

    def _collect(self, parts: Parts) -> dict[str, list[tuple[FieldNode, Condition]]]:
        fields: dict[str, list[tuple[FieldNode, Condition]]] = {}
        for selection_set, outer in parts:
            for node in selection_set.selections:
                condition = (*outer, *(node.directives or ()))
                if isinstance(node, FieldNode):
                    key = (node.alias or node.name).value
                    fields.setdefault(key, []).append((node, condition))
                    continue
                inner = self._fragment(node)
                for key, found in self._collect([(inner, condition)]).items():
                    fields.setdefault(key, []).extend(found)
        return fields

    def _fragment(self, node: object) -> SelectionSetNode:
        if isinstance(node, FragmentSpreadNode):
            return self.fragments[node.name.value].selection_set
        return cast("InlineFragmentNode", node).selection_set

    def _step(
        self,
        parent: GraphQLObjectType,
        key: str,
        nodes: Sequence[tuple[FieldNode, Condition]],
        operation: OperationDefinitionNode | None = None,
    ) -> _Step:
        node, name = nodes[0][0], nodes[0][0].name.value
        conditions = tuple(condition for _, condition in nodes if condition)
        if len(conditions) < len(nodes):
            conditions = ()
        if name == "__typename":
            return _Step(key, lambda _row: parent.name, None, dict, None, True, conditions)
        if name.startswith("__") and operation is not None:
            resolve = self._introspection(key, [each for each, _ in nodes], operation)
            return _Step(key, None, resolve, dict, None, False, conditions)
        defined = parent.fields[name]
        parts = [(each.selection_set, rest) for each, rest in nodes if each.selection_set]
        complete, non_null = self._complete(defined.type, parts)
        return _Step(
            key,
            self.resolvers.get.get(parent.name, {}).get(name),
            self.resolvers.resolve.get(parent.name, {}).get(name),
            (lambda variables: read_arguments(node, defined.args, variables))
            if node.arguments
            else dict,
            complete,
            non_null,
            conditions,
        )

    def _complete(self, kind: GraphQLOutputType, parts: Parts) -> tuple[Complete | None, bool]:
        if isinstance(kind, GraphQLNonNull):
            return self._complete(kind.of_type, parts)[0], True
        if isinstance(kind, GraphQLList):
            inner, non_null = self._complete(kind.of_type, parts)
            return (None if inner is None else _each(inner, non_null=non_null)), False
        if is_leaf_type(kind):
            return None, False
        fields = self._collect(parts)
        parent = cast("GraphQLObjectType", kind)
        steps = tuple(self._step(parent, key, nodes) for key, nodes in fields.items())
        return (lambda row, run: _run_steps(steps, row, run)), False

    def _introspection(
        self, key: str, nodes: Iterable[FieldNode], operation: OperationDefinitionNode
    ) -> Resolve:
        asked = OperationDefinitionNode(
            operation=operation.operation,
            directives=(),
            variable_definitions=operation.variable_definitions,
            selection_set=SelectionSetNode(selections=tuple(nodes)),
        )
        document = DocumentNode(definitions=(asked, *self.fragments.values()))

        def resolve(_row: Any, _arguments: Mapping[str, Any], run: Run[Any]) -> Any:
            given = dict(run.variables)
            return (execute_sync(self.schema, document, variable_values=given).data or {}).get(key)

        return resolve


# --- running ------------------------------------------------------------------------------------


def _run_root(steps: Iterable[_Step], run: Run[Any]) -> dict[str, Any] | None:
    """Run all fields of an operation, also those after one that makes the whole answer null."""
    out: dict[str, Any] | None = {}
    for step in steps:
        try:
            part = _run_steps((step,), None, run)
        except _NullError:
            out = None
        else:
            out = None if out is None else out | part
    return out


def _run_steps(steps: Iterable[_Step], row: Any, run: Run[Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for step in steps:
        if step.conditions and not _wanted(step.conditions, run.variables):
            continue
        get = step.get
        if get is not None and step.complete is None:
            value = get(row)
            if value is None and step.non_null:
                run.refuse("must not be null")
                run.locate(len(run.errors) - 1, step.key)
                raise _NullError
            out[step.key] = value
        else:
            out[step.key] = _run_step(step, row, run)
    return out


def _run_step(step: _Step, row: Any, run: Run[Any]) -> Any:
    mark = len(run.errors)
    value = None
    try:
        value = _value(step, row, run)
        if value is not None and step.complete is not None:
            value = step.complete(value, run)
    except RefusedError as error:
        value = None
        run.refuse(str(error))
    except _NullError:
        value = None
    if value is None and step.non_null and len(run.errors) == mark:
        run.refuse("must not be null")
    if len(run.errors) > mark:
        run.locate(mark, step.key)
        if value is None and step.non_null:
            raise _NullError
    return value


def _value(step: _Step, row: Any, run: Run[Any]) -> Any:
    if step.get is not None:
        return step.get(row)
    if step.resolve is None:
        raise TypeError(f"nothing resolves {step.key}")
    return step.resolve(row, step.arguments(run.variables), run)


def _each(inner: Complete, *, non_null: bool) -> Complete:
    def complete(rows: Iterable[Any], run: Run[Any]) -> list[Any]:
        out: list[Any] = []
        for index, row in enumerate(rows):
            mark = len(run.errors)
            try:
                out.append(inner(row, run))
            except _NullError:
                run.locate(mark, index)
                if non_null:
                    raise
                out.append(None)
            else:
                if len(run.errors) > mark:
                    run.locate(mark, index)
        return out

    return complete


def _wanted(conditions: Iterable[Condition], variables: Mapping[str, Any]) -> bool:
    return any(all(_holds(each, variables) for each in condition) for condition in conditions)


def _holds(directive: DirectiveNode, variables: Mapping[str, Any]) -> bool:
    value = (directive.arguments or ())[0].value
    given = (
        variables.get(value.name.value)
        if isinstance(value, VariableNode)
        else getattr(value, "value", None)
    )
    return bool(given) is (directive.name.value == "include")
