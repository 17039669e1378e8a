"""MCP servers over HTTP, as a configuration names them."""

import re
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from addons.exchange import Place
from proxy.packs import load_packs
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.mcp.carried import Server
from rules.request.authority import canonical_host

_SEGMENT = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Trust(StrEnum):
    """What the first list of a server's tools is worth while rules are enforced."""

    FIRST_USE = "first-use"
    """It is trusted as it is; what changes later is not."""
    APPROVED = "approved"
    """Each tool is at least tier 3 until a reviewer has accepted it."""


class McpServer(Strict):
    """An MCP server over HTTP, by the URL that agents connect to."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    url: str
    authorization: tuple[str, ...] = ()
    trust: Trust = Trust.APPROVED
    tasks: bool = True
    serve: bool = False
    pack: str = ""

    @field_validator("name")
    @classmethod
    def _whole(cls, value: str) -> str:
        if not value.isprintable() or value == "*":
            raise ValueError(f"{quote(value)} is no server's name; rules name the server by it")
        return value

    @field_validator("url")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        return plain_url(value)

    @field_validator("authorization")
    @classmethod
    def _endpoints(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(plain_url, value))

    @field_validator("pack")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_pack(value) if value else value

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.serve and not _SEGMENT.fullmatch(self.name):
            raise ValueError(
                f"{quote(self.name)} cannot be served under a path: name it with letters, digits and `._-`"
            )
        return self

    def served(self) -> tuple[bytes, Place]:
        """The path under which clients reach it who cannot use a proxy, and where it is."""
        parts = urlsplit(self.url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return f"/mcp/{self.name}".encode(), (parts.scheme, parts.hostname or "", port, parts.path.encode())

    def server(self) -> Server:
        """The server that this entry describes."""
        return Server(
            name=self.name,
            url=self.url,
            authorization=frozenset(self.authorization),
            trusted_at_first=self.trust is Trust.FIRST_USE,
            tasks=self.tasks,
            pack=self.pack,
        )


def known_pack(name: str) -> str:
    """`name`, if there is a pack for servers of that name. Raises ValueError."""
    known = sorted(load_packs().named_servers)
    if name not in known:
        raise ValueError(f"{quote(name)} is no pack for an MCP server: use one of {', '.join(known)}")
    return name


def plain_url(url: str) -> str:
    """`url` in the one form in which requests to it are written. Raises ValueError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{quote(url)} is no url") from error
    host = canonical_host(parts.hostname or "")
    if parts.scheme not in ("http", "https") or host is None or parts.query or parts.fragment:
        raise ValueError(f"{quote(url)} is no http or https url without a query; write it as agents do")
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    place = shown if port in (None, default) else f"{shown}:{port}"
    return f"{parts.scheme}://{place}{parts.path or '/'}"
