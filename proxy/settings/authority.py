"""`ca` in the configuration: for which hosts our authority signs, and where agents find its certificate."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from proxy.data_dir.authority import Terms
from rules.language.complaint import quote
from rules.language.document import Strict
from rules.request.authority import canonical_host

type Name = Annotated[str, Field(min_length=1, max_length=253)]


class CaEntry(Strict):
    """The authority that agents trust."""

    names: tuple[Name, ...] = ()
    publish: Annotated[str, Field(min_length=1, max_length=4096)] | None = None

    @field_validator("names")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not (_is_range(name) or (name == canonical_host(name) and not name.startswith("*"))):
                raise ValueError(
                    f"{quote(name)} is no domain, address or range; write a domain in small letters and "
                    "without `*.`: all below it belong to it"
                )
        return value

    @field_validator("publish")
    @classmethod
    def _a_path(cls, value: str | None) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("no path has a null character in it; take it out")
        return value

    @property
    def terms(self) -> Terms:
        """What the authority is made and handed out by."""
        return Terms(names=self.names, publish=Path(self.publish) if self.publish else None)


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
