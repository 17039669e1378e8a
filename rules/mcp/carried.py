"""MCP inside HTTP: which requests carry it, where to, and in which shape their answers go back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.call import HttpCall, PayloadKind
from rules.headers import VOLATILE, Fields, bound, first
from rules.mcp.message import Message, write
from rules.mcp.methods import Kind, of_client
from rules.reply import Reply
from rules.request.spelling import fold_name
from rules.request.strict_json import Json

SESSION = b"mcp-session-id"

# New in every request of a session, or ours to write.
_UNSTEADY = VOLATILE | {b"accept", b"content-type", b"host", b"last-event-id", b"prefer"}
_JSON = b"application/json"
_EVENTS = b"text/event-stream"


class Use(StrEnum):
    """What a request to an MCP server is for."""

    MESSAGE = "message"
    """It carries a message."""
    STREAM = "stream"
    """It waits for what the server has to say."""
    END = "end"
    """It ends a session."""
    AUTHORIZATION = "authorization"
    """It gets the agent its token."""
    METADATA = "metadata"
    """It reads where tokens are got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An MCP server over HTTP. `url` is its endpoint, without a query."""

    name: str
    url: str
    authorization: frozenset[str] = frozenset()
    """Further URLs, to which agents post for their tokens."""
    trusted_at_first: bool = False
    """Whether its first list of tools is trusted as it is."""
    tasks: bool = True
    """Whether held calls become tasks for clients that offer it."""
    pack: str = ""
    """Which known server it is, as the operator says."""
    configured: bool = True
    """False for one that only its requests make look like one: nothing there is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A request to an MCP server."""

    server: Server
    use: Use
    place: str
    """The whole URL, query included: another query may mean another account."""


def carried(call: HttpCall, servers: Sequence[Server]) -> Carried | None:
    """What `call` is to one of `servers`, or to one that nobody configured; None for all else."""
    if not servers and call.method != "POST":
        return None
    url = url_of(call)
    place = place_of(call)
    for server in servers:
        if url == server.url and (use := _use(call)) is not None:
            return Carried(server=server, use=use, place=place)
        if url in server.authorization and call.method == "POST":
            return Carried(server=server, use=Use.AUTHORIZATION, place=place)
    if call.method == "POST" and _looks_like_mcp(call):
        stranger = Server(name=call.host, url=url, configured=False)
        return Carried(server=stranger, use=Use.MESSAGE, place=place)
    return None


def url_of(call: HttpCall) -> str:
    """The URL that `call` asks for, without its query."""
    return f"{call.scheme}://{_authority(call)}{call.target.partition('?')[0]}"


def place_of(call: HttpCall) -> str:
    """The whole URL that `call` asks for."""
    return f"{call.scheme}://{_authority(call)}{call.target}"


def plain_url(scheme: str, host: str, port: int, target: bytes) -> str:
    """The URL of a request that nobody has read, without its query."""
    shown = f"[{host}]" if ":" in host else host.lower()
    default = {"http": 80, "https": 443}.get(scheme)
    place = shown if port == default else f"{shown}:{port}"
    return f"{scheme}://{place}{target.partition(b'?')[0].decode('latin-1')}"


def steady(fields: Fields, *, credentials: Iterable[bytes]) -> Fields:
    """The fields that belong to an approved call: what an honest repetition has as well."""
    kept = bound(fields, credentials=credentials)
    lowered = ((name.lower(), value) for name, value in kept)
    return tuple((n, v) for n, v in lowered if n not in _UNSTEADY and not n.startswith(b"mcp-"))


def reply_of(message: Message, fields: Fields, *, status: int = 200) -> Reply:
    """`message` as the answer to a request with `fields`, in a form that its client takes."""
    accept = (first(fields, b"accept") or b"").lower()
    if _EVENTS in accept and not any(kind in accept for kind in (_JSON, b"application/*", b"*/*")):
        return _reply(status, _EVENTS, b"event: message\ndata: " + write(message) + b"\n\n")
    return _reply(status, _JSON, write(message))


def _reply(status: int, kind: bytes, body: bytes) -> Reply:
    return Reply(status=status, fields=((b"Content-Type", kind), (b"Cache-Control", b"no-store")), body=body)


def _use(call: HttpCall) -> Use | None:
    return {"POST": Use.MESSAGE, "GET": Use.STREAM, "DELETE": Use.END}.get(call.method)


def _looks_like_mcp(call: HttpCall) -> bool:
    if any(name.lower().replace(b"_", b"-").startswith(b"mcp-") for name, _ in call.fields):
        return True
    if call.payload.kind is PayloadKind.OPAQUE:
        return b"jsonrpc" in call.body and b"tools/call" in call.body
    value = call.payload.value
    messages = value if isinstance(value, list) else [value]
    return any(isinstance(message, dict) and _names_method(message) for message in messages[:100])


def _names_method(message: dict[str, Json]) -> bool:
    """Whether a lenient reader would find one of MCP's methods in it."""
    named = {fold_name(name): value for name, value in message.items()}
    method = named.get("method")
    known = isinstance(method, str) and of_client(method.strip()) is not Kind.UNKNOWN
    return "jsonrpc" in named and known


def _authority(call: HttpCall) -> str:
    host = f"[{call.host}]" if ":" in call.host else call.host
    default = {"http": 80, "https": 443}.get(call.scheme)
    return host if call.port == default else f"{host}:{call.port}"
