"""Fresh credentials for a replay: from where the operator said, for exactly one host, never from Redis."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rules.action import Action
from rules.headers import Fields

_MAX_SECRET_BYTES = 64 * 1024


class CredentialError(Exception):
    """the configured credential cannot be had"""


class Provider(Protocol):
    """Where a secret comes from; asked anew at every replay."""

    def read(self) -> str:
        """The secret. Raises CredentialError with which one and the cure, never with the secret."""


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A secret in an environment variable of the sidecar."""

    variable: str

    def read(self) -> str:
        """The variable's value without the white space around it."""
        value = os.environ.get(self.variable, "").strip()
        if not value:
            raise CredentialError(f"the environment variable `{self.variable}` is not set or empty: set it")
        return value


@dataclass(frozen=True, slots=True)
class FromFile:
    """A secret in a file, which may be replaced while Sidegate runs."""

    path: Path

    def read(self) -> str:
        """The file's text without the white space around it."""
        try:
            with self.path.open("rb") as file:
                content = file.read(_MAX_SECRET_BYTES + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no file can have this name"
            raise CredentialError(
                f"the credential file `{self.path}` cannot be read: {why}; correct its path or its mode"
            ) from error
        text = content.decode("utf-8", errors="replace").strip()
        if not text or len(content) > _MAX_SECRET_BYTES:
            raise CredentialError(
                f"the credential file `{self.path}` is empty or over {_MAX_SECRET_BYTES} bytes: "
                "write the secret, and nothing else, into it"
            )
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One header of one host: `template` holds `{secret}`."""

    provider: Provider
    header: str
    template: str

    def field(self) -> tuple[bytes, bytes]:
        """The header field with the secret in it. Raises CredentialError."""
        value = self.template.replace("{secret}", self.provider.read())
        # What the HTTP client would refuse has to fail here, while it is certain that nothing was sent.
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise CredentialError(
                f"the secret for `{self.header}` has characters that no header can carry: write it anew"
            )
        return self.header.encode(), value.encode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """The operator's credentials by host, or by `host:port` where a port is given."""

    by_host: Mapping[str, tuple[Credential, ...]]

    def has(self, action: Action) -> bool:
        """Whether a provider is configured for where `action` goes."""
        return self._of(action) is not None

    def fields(self, action: Action) -> Fields:
        """Fresh credential fields for `action`. Raises CredentialError, without TLS before any is read."""
        if action.scheme != "https" and self.has(action):
            raise CredentialError(f"the credential for `{action.host}` goes out over TLS only: ask for https")
        return tuple(credential.field() for credential in self._of(action) or ())

    def _of(self, action: Action) -> tuple[Credential, ...] | None:
        # Bracketed as the configuration writes it: `::1` with port 443 is not the host `::1:443`.
        host = f"[{action.host}]" if ":" in action.host else action.host
        return self.by_host.get(f"{host}:{action.port}") or self.by_host.get(action.host)
