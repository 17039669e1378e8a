"""A client certificate: shown by the connection, read anew when its files change."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import Reference
from proxy.credentials.supply import TLS, Outgoing, Supplied

_GENERATION_DIGITS = 16


@dataclass(slots=True, kw_only=True)
class ClientCertificate:
    """A PEM chain and its key. `context` makes a context that verifies upstreams as usual."""

    name: str
    chain: Path
    key: Path
    password: Reference | None
    context: Callable[[], ssl.SSLContext]
    _loaded: tuple[str, ssl.SSLContext] | None = field(default=None, init=False, repr=False)

    @property
    def slot(self) -> str:
        """The connection."""
        return TLS

    async def supply(self, outgoing: Outgoing, *, past: str | None) -> Supplied:
        """The context that shows the certificate, whatever goes out. Raises CredentialError."""
        generation = await self.generation()
        if self._loaded is None or self._loaded[0] != generation:
            self._loaded = generation, self._load()
        return Supplied(generations={self.name: generation}, tls=self._loaded[1])

    async def generation(self) -> str:
        """The certificate's own, which is no secret, and its key's."""
        try:
            content = self.chain.read_bytes() + b"\0" + self.key.read_bytes()
        except OSError as error:
            raise CredentialError(
                f"the client certificate of `{self.name}` cannot be read: {error.strerror} "
                f"(`{self.chain}`, `{self.key}`); correct its paths or their modes"
            ) from error
        return sha256(content).hexdigest()[:_GENERATION_DIGITS]

    def _load(self) -> ssl.SSLContext:
        context = self.context()
        # Without one of ours, OpenSSL would ask for it on the terminal.
        password = self.password.read() if self.password is not None else ""
        try:
            context.load_cert_chain(self.chain, self.key, lambda: password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise CredentialError(
                f"the client certificate `{self.chain}` and the key `{self.key}` do not fit one another, "
                "are damaged, or need another `password`: replace them"
            ) from error
        return context
