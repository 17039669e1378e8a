"""The protocol's versions: which ones we read, which a message claims, and what is said to others."""

from rules.mcp.message import Failure, Id, Notification, Request, meta_of
from rules.mcp.protocol import KNOWN_VERSIONS, MODERN_VERSIONS, UNSUPPORTED_PROTOCOL_VERSION
from rules.request.strict_json import Json

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"

KNOWN = frozenset(KNOWN_VERSIONS)


def claimed(message: Request | Notification) -> Json:
    """The version that `message` says it speaks, None where it says nothing."""
    if message.method == "initialize":
        return message.params.get("protocolVersion")
    return meta_of(message).get(VERSION_KEY)


def is_modern(message: Request | Notification) -> bool:
    """Whether `message` is of a version without a handshake."""
    return message.method != "initialize" and claimed(message) in MODERN_VERSIONS


def unsupported(id_: Id | None, version: Json, *, modern: bool = False) -> Failure:
    """What a client hears whose version nobody here can read; it comes back with one of ours.

    `modern`: its message is of those without a handshake, so that only their versions are of use to it.
    """
    supported: list[Json] = [*(MODERN_VERSIONS if modern else KNOWN_VERSIONS)]
    return Failure(
        id=id_,
        code=UNSUPPORTED_PROTOCOL_VERSION,
        message="the protocol version is not one that can be judged here; use one of `supported`",
        data={"supported": supported, "requested": version if isinstance(version, str) else None},
    )
