"""The servers in a client's JSON file, wherever in it the client keeps them."""

from collections.abc import Iterator
from typing import Any

from proxy.cli.clients.entry import Entry, Unfit
from proxy.cli.clients.jsonc import Value, parse

# VS Code's name is one that other documents use for other things.
_LISTS = ("mcpServers", "servers")
_PER_PROJECT = "projects"


def entries(text: str) -> list[Entry]:
    """The servers that are started by a command. Raises Unfit."""
    return [_entry(path, value) for path, value in _servers(_parsed(text)) if "command" in value.members]


def remote(text: str) -> list[str]:
    """The names of the servers that are reached by a URL. Raises Unfit."""
    return [path[-1] for path, value in _servers(_parsed(text)) if {"url", "httpUrl"} & value.members.keys()]


def document(text: str) -> Any:
    """All that the file says. Raises Unfit."""
    return _parsed(text).value


def _parsed(text: str) -> Value:
    try:
        value = parse(text)
    except ValueError as error:
        raise Unfit(f"it cannot be read as json: {error}; correct it") from error
    if not isinstance(value.value, dict):
        raise Unfit("it is no json object: name a client's configuration")
    return value


def _servers(whole: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    for name in _LISTS:
        if name in whole.members:
            yield from _listed((name,), whole.members[name])
    projects = whole.members.get(_PER_PROJECT)
    for project, value in projects.members.items() if projects else ():
        if "mcpServers" in value.members:
            yield from _listed((_PER_PROJECT, project, "mcpServers"), value.members["mcpServers"])


def _listed(path: tuple[str, ...], found: Value) -> Iterator[tuple[tuple[str, ...], Value]]:
    yield from (((*path, name), value) for name, value in found.members.items())


def _entry(path: tuple[str, ...], server: Value) -> Entry:
    command, args = server.members["command"], server.members.get("args")
    given = [] if args is None else args.value
    texts = isinstance(given, list) and all(isinstance(word, str) for word in given)
    if not isinstance(command.value, str) or not texts:
        raise Unfit(f"the command of `{path[-1]}` is no text, or its `args` are no list of texts: correct it")
    return Entry(
        path=path,
        command=command.value,
        args=tuple(given),
        command_at=(command.start, command.end),
        args_at=None if args is None else (args.start + 1, args.end - 1),
        items_at=() if args is None else tuple(item.start for item in args.items),
        args_name=', "args": ',
    )
