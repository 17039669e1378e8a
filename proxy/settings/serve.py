"""`serve` in the configuration: what flags of `sidegate serve` say as well."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from proxy.destinations import Address
from rules.language.complaint import quote
from rules.language.document import Strict

type Port = Annotated[int, Field(ge=1, le=65535)]
type Text = Annotated[str, Field(min_length=1, max_length=4096)]


class ServeEntry(Strict):
    """Where a sidecar listens, and the files that it takes."""

    listen: Text = "127.0.0.1:8080"
    console: Text = "127.0.0.1:8081"
    capture: Port | None = None
    dns: Port | None = None
    upstream_ca: Text | None = None
    witness: Text | None = None
    rules: tuple[Text, ...] = ()
    packs: bool = True

    @field_validator("listen", "console")
    @classmethod
    def _address(cls, value: str) -> str:
        address(value)
        return value

    @field_validator("upstream_ca", "witness", "rules")
    @classmethod
    def _a_path(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if any("\0" in text for text in ((value,) if isinstance(value, str) else value or ())):
            raise ValueError("no path has a null character in it; take it out")
        return value

    @property
    def rules_files(self) -> tuple[Path, ...]:
        """The rules files, in order."""
        return tuple(Path(text) for text in self.rules)


def address(text: str) -> Address:
    """HOST:PORT, an IPv6 host in brackets, port 0 for any free one. Raises ValueError."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise ValueError(f"{quote(text)} is not HOST:PORT; write it like `127.0.0.1:8080`")
    return host, port
