"""`audit.sinks` in the configuration: where audit records go besides their files."""

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from proxy.channels.settings import SecretPlace
from proxy.credentials.sources.endpoint import endpoint_url
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.language.names import plain_name

_SCHEMES = ("unix", "udp", "tcp")


class SinkKind(StrEnum):
    """What takes records."""

    STDOUT = "stdout"
    """Whoever reads the sidecar's standard output: one line each."""
    SYSLOG = "syslog"
    """A syslog server (RFC 5424), over a socket of this machine, UDP or TCP."""
    REDIS = "redis"
    """A stream in Redis."""
    WEBHOOK = "webhook"
    """A program over HTTP, with signatures."""


class SinkEntry(Strict):
    """One of them. `to`: its address, by which kind it is."""

    name: str
    kind: SinkKind
    to: Annotated[str, Field(max_length=500)] = ""
    secrets: Annotated[tuple[SecretPlace, ...], Field(max_length=2)] = ()
    keep: Annotated[int, Field(ge=1_000, le=100_000_000)] = 100_000

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        return plain_name(value, "sink")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.secrets and self.kind is not SinkKind.WEBHOOK:
            raise ValueError("`secrets` are for a sink of the kind `webhook` alone: leave them out")
        match self.kind:
            case SinkKind.STDOUT if self.to:
                raise ValueError("a sink of the kind `stdout` goes nowhere else: leave out `to`")
            case SinkKind.SYSLOG:
                syslog_address(self.to)
            case SinkKind.REDIS if self.to and urlsplit(self.to).scheme not in ("redis", "rediss", "unix"):
                raise ValueError("`to` of a redis sink begins with redis://, rediss:// or unix://")
            case SinkKind.WEBHOOK:
                endpoint_url(self.to)
                if not self.secrets:
                    raise ValueError("a webhook's posts are signed: give one or two `secrets`")
        return self


def syslog_address(text: str) -> tuple[str, str, int]:
    """Scheme, host or path, and port of `unix:///PATH`, `udp://HOST:PORT` or `tcp://HOST:PORT`."""
    cure = "write `to` as unix:///PATH, udp://HOST:PORT or tcp://HOST:PORT"
    try:
        parts = urlsplit(text)
        port = parts.port or 0
    except ValueError as error:
        raise ValueError(f"{quote(text)} is no syslog address; {cure}") from error
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"{quote(text)} is no syslog address; {cure}")
    if parts.scheme == "unix":
        whole = parts.path.startswith("/") and not parts.netloc
    else:
        whole = bool(parts.hostname and port) and parts.path in ("", "/")
    if not whole:
        raise ValueError(f"{quote(text)} is no syslog address; {cure}")
    return parts.scheme, parts.path if parts.scheme == "unix" else parts.hostname or "", port
