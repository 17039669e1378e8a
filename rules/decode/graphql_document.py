"""What a GraphQL document asks for: its root fields (GraphQL specification, section 2)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql.error import GraphQLError
from graphql.language import parse
from graphql.language.ast import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

MAX_CHARACTERS = 16 * 1024
MAX_TOKENS = 1000
"""Reading a token takes about 4 us, and other clients wait for as long. Clients' documents have 20 to 500."""

_MAX_COMMENTS = 100
# Line ends to some readers: what is a comment to the one is text to the other.
_LINE_ENDS = re.compile("[\x0b\x0c\x85\u2028\u2029]")

type Fragments = Mapping[str, SelectionSetNode]


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFields:
    """`names`: kind and field, as `query.me`, in order, each once. `tokens`: how many were read for it."""

    names: tuple[str, ...]
    tokens: int


def read_document(text: str, *, tokens: int) -> RootFields | None:
    """The root fields of every operation in `text`, or None where they are not certain. Never raises.

    Of several operations all count: `operationName` is the agent's word, and servers look for it in
    different places. `tokens`: how many may be read.
    Fields behind `@skip` and `@include` count, since their variables may change; aliases do not, since
    the server runs the field.
    """
    document = _parsed(text, tokens)
    if document is None:
        return None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = _fragments(document.definitions)
    if fragments is None or len(operations) + len(fragments) != len(document.definitions):
        return None
    names: dict[str, None] = {}
    for node in operations:
        fields = _fields(node.selection_set, fragments)
        if not fields:
            return None
        names |= dict.fromkeys(f"{node.operation.value}.{field}" for field in fields)
    return RootFields(names=tuple(names), tokens=document.token_count) if names else None


def _parsed(text: str, tokens: int) -> DocumentNode | None:
    if len(text) > MAX_CHARACTERS or _LINE_ENDS.search(text):
        return None
    try:
        return parse(
            text,
            no_location=True,
            max_lexical_tokens=tokens,
            max_comments=_MAX_COMMENTS,
        )
    except (GraphQLError, RecursionError):
        return None


def _fragments(definitions: Sequence[DefinitionNode]) -> Fragments | None:
    """The fragments by their names, None where one name stands for two."""
    found = [node for node in definitions if isinstance(node, FragmentDefinitionNode)]
    by_name = {node.name.value: node.selection_set for node in found}
    return by_name if len(by_name) == len(found) else None


def _fields(root: SelectionSetNode, fragments: Fragments) -> dict[str, None] | None:
    """The names of the fields under `root`, fragments followed; None where a fragment is missing."""
    fields: dict[str, None] = {}
    followed: set[str] = set()
    pending: list[SelectionNode] = list(root.selections)
    while pending:
        match pending.pop(0):
            case FieldNode(name=name):
                fields[name.value] = None
            case FragmentSpreadNode(name=name):
                if name.value not in fragments:
                    return None
                if name.value not in followed:
                    followed.add(name.value)
                    pending += fragments[name.value].selections
            case InlineFragmentNode(selection_set=inner):
                pending += inner.selections
    return fields
