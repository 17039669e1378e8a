"""`keys` in the configuration: where the keys outside the store come from, and whose decisions count."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from proxy.keys.command import Vault
from proxy.keys.source import InEnvironment, InFiles, Source
from rules.language.complaint import quote
from rules.language.document import Strict

_CONSOLE_BYTES = 32


class Keys(Strict):
    """What opens what is held, and who may decide about it."""

    source: Literal["file", "env", "command"] = "file"
    env: Annotated[str, Field(min_length=1, max_length=200)] = "SIDEGATE_KEYS"
    command: tuple[Annotated[str, Field(min_length=1, max_length=4096)], ...] = ()
    timeout: Annotated[float, Field(gt=0, le=60)] = 10.0
    consoles: tuple[str, ...] = ()

    @field_validator("consoles")
    @classmethod
    def _public_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                key = bytes.fromhex(text)
            except ValueError:
                key = b""
            if len(key) != _CONSOLE_BYTES or key.hex() != text:
                raise ValueError(
                    f"{quote(text)} is no console's key; write the {2 * _CONSOLE_BYTES} hexadecimal digits "
                    "in small letters that `sidegate keys show` prints there"
                )
        return value

    @model_validator(mode="after")
    def _command_given(self) -> Self:
        if (self.source == "command") != bool(self.command):
            raise ValueError("`command` belongs to `source: command` and nothing else; give both or neither")
        return self

    def source_in(self, folder: Path) -> Source:
        """Where the keys come from; files of theirs are in `folder`."""
        match self.source:
            case "env":
                return InEnvironment(self.env)
            case "command":
                return InFiles(folder=folder, vault=Vault(command=self.command, timeout=self.timeout))
            case "file":
                return InFiles(folder=folder)

    def known(self, own: bytes) -> tuple[bytes, ...]:
        """The public keys of the consoles whose decisions count: our own, and those that are named."""
        return (own, *(bytes.fromhex(text) for text in self.consoles))
