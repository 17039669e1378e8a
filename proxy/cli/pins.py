"""`sidegate pins`: what the tools of MCP servers were when they were trusted, and accepting what they are."""

import argparse
from collections.abc import Iterator
from typing import Any

from proxy.cli.remote import Console, Negative, console, finish
from proxy.cli.terminal import confirmed, say
from rules.review.inert import visible

_SHORT = 12
_AT_ONCE = 100
_SAYS = {
    "new": "new on a server whose tools are known",
    "text": "describes itself in other words",
    "schema": "takes other arguments",
    "hidden": "has characters that people cannot see",
    "injected": "has a description that instructs its reader",
    "unaccepted": "not accepted yet",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "pins",
        help="show the tools of MCP servers, what changed about them, and accept them",
        usage="sidegate pins [SERVER] | sidegate pins accept SERVER [TOOL...]",
    )
    parser.add_argument(
        "words", nargs="*", metavar="SERVER", help="a server's name or key; `accept` before it"
    )
    parser.add_argument("--yes", action="store_true", help="accept without asking")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Show, or accept; 1 where something waits to be accepted or there is no such server."""
    with console(args.data_dir) as api:
        if args.words[:1] == ["accept"] and len(args.words) > 1:
            return _accept(api, args.words[1], args.words[2:], sure=args.yes)
        if len(args.words) > 1 or args.words == ["accept"]:
            raise Negative(
                "write `sidegate pins [SERVER]` or `sidegate pins accept SERVER [TOOL...]`", code=2
            )
        servers = _servers(api, args.words[0] if args.words else None)
    if not servers:
        say("no tools of MCP servers are known yet")
    for server in servers:
        _show(server)
    return 1 if any(_waiting(server) for server in servers) else 0


def _accept(api: Console, name: str, tools: list[str], *, sure: bool) -> int:
    found = _servers(api, name)
    if len(found) > 1:
        keys = ", ".join(f"`{server['key'][:_SHORT]}` ({visible(server['place'])})" for server in found)
        raise Negative(f"several servers are called `{name}`: name one by its key: {keys}")
    [server] = found
    waiting = _chosen(server, tools)
    if not waiting:
        say("nothing waits to be accepted")
        return 0
    _show({**server, "tools": waiting})
    if not sure and not confirmed(f"accept {len(waiting)} as they are?"):
        return 1
    for start in range(0, len(waiting), _AT_ONCE):
        batch = waiting[start : start + _AT_ONCE]
        seen = {tool["name"]: {part: tool["listed"][part] for part in ("text", "schema")} for tool in batch}
        api.ask("POST", "/api/pins/accept", json={"key": server["key"], "tools": seen})
    say(f"accepted {len(waiting)}")
    return 0


def _servers(api: Console, wanted: str | None) -> list[dict[str, Any]]:
    """The servers of that name, or whose key begins like that. Raises Negative where there is none."""
    servers = api.ask("GET", "/api/pins")["servers"]
    if wanted is None:
        return list(servers)
    found = [one for one in servers if one["name"] == wanted or one["key"].startswith(wanted)]
    if not found:
        raise Negative(f"no tools of a server `{wanted}` were listed yet: `sidegate pins` shows whose were")
    return found


def _chosen(server: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    waiting = _waiting(server)
    if unknown := set(names) - {tool["name"] for tool in server["tools"] if tool["listed"]}:
        raise Negative(f"`{server['name']}` does not list the tool `{min(unknown)}`")
    return [tool for tool in waiting if tool["name"] in names] if names else waiting


def _waiting(server: dict[str, Any]) -> list[dict[str, Any]]:
    return [tool for tool in server["tools"] if tool["change"] is not None]


def _show(server: dict[str, Any]) -> None:
    say(visible(f"{server['name']} at {server['place']}, key {server['key'][:_SHORT]}"))
    for tool in server["tools"]:
        for line in _lines(tool):
            say(visible(line))


def _lines(tool: dict[str, Any]) -> Iterator[str]:
    yield f"  {tool['shown']}: {_standing(tool)}"
    for when in ("pinned", "listed"):
        if tool[when]:
            yield f"    {when} text {tool[when]['text'][:_SHORT]} schema {tool[when]['schema'][:_SHORT]}"
    if tool["suspect"] and tool["suspect"] != tool["change"]:
        yield f"    ! {_SAYS[tool['suspect']]}"
    yield from (f"    {line}" for line in tool["difference"])


def _standing(tool: dict[str, Any]) -> str:
    if tool["change"]:
        return _SAYS[tool["change"]]
    if tool["listed"] is None:
        return "not on the server's last list"
    by = tool["pinned"]["by"]
    return f"accepted by {by} at {tool['pinned']['at']}" if by else "as it was first seen"
