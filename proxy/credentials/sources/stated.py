"""Secrets in the sidecar's environment and in files, read anew every time: they may change meanwhile."""

import os
from dataclasses import dataclass
from pathlib import Path

from proxy.credentials.sources.secret import CredentialError, Keyed, Secret

_MAX_SECRET_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A secret in an environment variable of the sidecar."""

    variable: str

    def read(self) -> str:
        """The variable's value without the white space around it. Raises CredentialError."""
        value = os.environ.get(self.variable, "").strip()
        if not value:
            raise CredentialError(
                f"the environment variable `{self.variable}` is not set or empty: "
                "set it where the sidecar is started, and start that anew"
            )
        return value


@dataclass(frozen=True, slots=True)
class FromFile:
    """A secret in a file, which may be replaced while Sidegate runs, as Kubernetes does with its own."""

    path: Path

    def read(self) -> str:
        """The file's text without the white space around it. Raises CredentialError."""
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


type Reference = FromEnvironment | FromFile
"""Where the operator keeps a secret that the configuration names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The secret is what stands there."""

    reference: Reference
    keyed: Keyed

    async def secret(self, *, past: str | None = None) -> Secret:
        """What stands there now, `past` or not. Raises CredentialError."""
        text = self.reference.read()
        return Secret(text=text, generation=self.keyed(text))

    async def generation(self) -> str:
        """That of what stands there now. Raises CredentialError."""
        return (await self.secret()).generation
