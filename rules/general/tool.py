"""The general reading of an MCP tool call: by the tool's name, then by what its server says of it."""

import re
from collections.abc import Iterator

from rules.call import ToolCall, ToolDefinition
from rules.general.effect import Effect, Evidence, gravest
from rules.general.named_inside import operations_in
from rules.general.names.lexicon import VERBS
from rules.general.names.naming import effect_within
from rules.general.names.words import split, words_of
from rules.general.own_thing import is_own
from rules.general.stated import documents_in, statements_in

_WORD = re.compile(r"[A-Za-z]+")
_GIVES = frozenset({"returns", "gives", "displays", "looks", "lists", "shows"})
# What such a description says is done to a statement, and that is read by itself.
_RUNS = frozenset({"execute", "executes", "run", "runs"})
# What is said to such a tool is words, however they begin, unless a database hears them.
_ASKED = words_of("search find lookup look browse web ask answer chat recommend suggest")
_DATABASES = words_of(
    """
    sql db database databases table tables warehouse postgres postgresql mysql mariadb sqlite mssql oracle
    snowflake bigquery redshift duckdb clickhouse databricks athena cypher neo4j graphql mongo mongodb
    """
)


def read_tool(call: ToolCall) -> Evidence:
    """What `call` most likely does. The agent's arguments only ever make it graver."""
    return gravest([_of_tool(call), *_of_hints(call.definition), *_of_arguments(call)])


def _of_tool(call: ToolCall) -> Evidence:
    effect = _named(call.tool)
    described = None if call.definition is None else _described(call.definition.description)
    if effect is Effect.READ and described is not None and _reads_by_statement(call):
        described = None
    if effect is Effect.CHANGE and is_own(call):
        own = "its server takes away again what the tool makes, and it is for nobody else"
        named = Evidence(effect=Effect.REVERSIBLE, because=own)
        return gravest([named, *(described,)]) if described and described.effect.tier > 3 else named
    if effect is not None:
        named = Evidence(effect=effect, because=f"by its name the tool {effect.says}")
        return gravest([named, *(described,)]) if described and described.effect.tier > 2 else named
    if described is not None:
        return described
    return Evidence(effect=Effect.CHANGE, because="neither name nor description say what the tool does")


def _reads_by_statement(call: ToolCall) -> bool:
    """Whether the description begins with what is done to a statement, and each that there is only reads."""
    first = _WORD.match(call.definition.description.lstrip()) if call.definition is not None else None
    found = list(_of_statements(call))
    runs = first is not None and first[0].lower() in _RUNS
    return runs and bool(found) and gravest(found).effect is Effect.READ


def _named(name: str) -> Effect | None:
    """What the name says; to evaluate is to run a program, where it is a tool that does it."""
    effect = effect_within(name)
    return None if effect is Effect.READ and "evaluate" in split(name) else effect


def _described(description: str) -> Evidence | None:
    """What the verb at the beginning of the description says."""
    first = _WORD.match(description.lstrip())
    if first is None:
        return None
    word = first[0].lower()
    effect = Effect.READ if word in _GIVES else _of_third_person(word)
    if effect is None:
        return None
    return Evidence(effect=effect, because=f"by its description, `{word}`, the tool {effect.says}")


def _of_third_person(word: str) -> Effect | None:
    for verb in (word, word.removesuffix("s"), word.removesuffix("es")):
        if verb in VERBS:
            return VERBS[verb]
    return VERBS.get(word.removesuffix("ies") + "y")


def _of_hints(definition: ToolDefinition | None) -> Iterator[Evidence]:
    """A vendor's hints only ever make a call graver: some mark tools as read-only that send messages."""
    if definition is None:
        return
    if definition.destructive and not definition.read_only:
        yield Evidence(effect=Effect.DELETION, because="its server says that it destroys")
    elif definition.read_only is False:
        yield Evidence(effect=Effect.REVERSIBLE, because="its server says that it does not only read")


def _of_arguments(call: ToolCall) -> Iterator[Evidence]:
    """A tool whose name is a verb of many meanings says in an argument which one is meant."""
    yield from operations_in(call.arguments)
    yield from documents_in(call.arguments)
    yield from _of_statements(call)


def _of_statements(call: ToolCall) -> Iterator[Evidence]:
    words = frozenset(split(call.tool))
    asked = not _ASKED.isdisjoint(words) and _DATABASES.isdisjoint(words.union(split(call.server)))
    return statements_in(call.arguments, sure=asked)
