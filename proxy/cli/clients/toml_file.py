"""The servers in a client's TOML file: tables `[mcp_servers.NAME]`."""

import re
import tomllib
from typing import Any

from proxy.cli.clients.entry import Entry, Unfit

_LIST = "mcp_servers"
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|(?P<comment>#[^\n]*)")


def entries(text: str) -> list[Entry]:
    """The servers that are started by a command. Raises Unfit."""
    return [_entry(text, name, server) for name, server in _servers(text).items() if "command" in server]


def remote(text: str) -> list[str]:
    """The names of the servers that are reached by a URL. Raises Unfit."""
    return [name for name, server in _servers(text).items() if "url" in server]


def document(text: str) -> Any:
    """All that the file says. Raises Unfit."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unfit(f"it cannot be read as toml: {error}; correct it") from error


def _servers(text: str) -> dict[str, dict[str, Any]]:
    found = document(text).get(_LIST, {})
    if not isinstance(found, dict) or not all(isinstance(server, dict) for server in found.values()):
        raise Unfit(f"`{_LIST}` has something that is no server: correct it")
    return found


def _entry(text: str, name: str, server: dict[str, Any]) -> Entry:
    command, args = server["command"], server.get("args")
    start, end = _table(text, name)
    command_at = _value(text, start, end, key="command", value=command)
    args_at = None if args is None else _value(text, start, end, key="args", value=args)
    whole = args is None or (isinstance(args, list) and all(isinstance(word, str) for word in args))
    if not isinstance(command, str) or not whole:
        raise Unfit(f"the command of `{name}` is no text, or its `args` are no list of texts: correct it")
    items = () if args_at is None else _items(text, args_at)
    return Entry(
        path=(_LIST, name),
        command=command,
        args=tuple(args or ()),
        command_at=command_at,
        args_at=None if args_at is None else (args_at[0] + 1, args_at[1] - 1),
        items_at=items,
        args_name="\nargs = ",
    )


def _table(text: str, name: str) -> tuple[int, int]:
    """Where the server's own keys stand. Raises Unfit where they are written in another way."""
    key = "|".join(re.escape(spelling) for spelling in (name, f'"{name}"', f"'{name}'"))
    heading = re.compile(rf"^[ \t]*\[[ \t]*{_LIST}[ \t]*\.[ \t]*(?:{key})[ \t]*\][^\n]*$", re.MULTILINE)
    found = heading.search(text)
    if found is None:
        raise Unfit(f"`{name}` is not written as a table: write it as [{_LIST}.{name}]")
    following = _TABLE.search(text, found.end())
    # A list of arguments may begin a line with a bracket; then what is looked for is found before it.
    return found.end(), following.start() if following else len(text)


def _value(text: str, start: int, end: int, *, key: str, value: object) -> tuple[int, int]:
    """Where the value of `key` stands between two places: the shortest text that reads as `value`."""
    begin = re.compile(rf"^[ \t]*{key}[ \t]*=[ \t]*", re.MULTILINE).search(text, start, end)
    for close in re.finditer(r"[\"'\]]", text[begin.end() :]) if begin else ():
        at = begin.end() + close.end() if begin else 0
        try:
            if begin and tomllib.loads(f"x = {text[begin.end() : at]}")["x"] == value:
                return begin.end(), at
        except tomllib.TOMLDecodeError:
            continue
    raise Unfit(f"`{key}` is written in a way that cannot be changed safely: write it on lines of its own")


def _items(text: str, args_at: tuple[int, int]) -> tuple[int, ...]:
    found = _STRING.finditer(text, *args_at)
    return tuple(item.start() for item in found if item["comment"] is None)
