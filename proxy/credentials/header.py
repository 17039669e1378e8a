"""A secret in a header field."""

from dataclasses import dataclass

from proxy.credentials.sources.secret import CredentialError, Source
from proxy.credentials.supply import Outgoing, Supplied


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header: `template` holds `{secret}`."""

    name: str
    source: Source
    header: str
    template: str

    @property
    def slot(self) -> str:
        """Its header's name."""
        return self.header.lower()

    async def supply(self, outgoing: Outgoing, *, past: str | None) -> Supplied:
        """The header field with the secret in it, whatever goes out. Raises CredentialError."""
        secret = await self.source.secret(past=past)
        value = self.template.replace("{secret}", secret.text)
        fit(value, header=self.header)
        field = (self.header.encode(), value.encode())
        return Supplied(fields=(field,), generations={self.name: secret.generation})

    async def generation(self) -> str:
        """That of its secret."""
        return await self.source.generation()


def fit(value: str, *, header: str) -> None:
    """Raise CredentialError where `header` cannot carry `value`.

    What an HTTP client would refuse has to fail here, while it is certain that nothing was sent.
    """
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise CredentialError(
            f"the secret for `{header}` has characters that no header can carry: write it anew"
        )
