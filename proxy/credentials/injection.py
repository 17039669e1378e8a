"""Secrets put in for placeholders, in requests that pass: the agent never has what the upstream gets."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from proxy.credentials.credentials import Credentials
from proxy.credentials.entry import CredentialEntry
from proxy.credentials.header import Header, fit
from proxy.credentials.sources.secret import Source
from rules.call import HttpCall
from rules.headers import Fields
from rules.placeholder import Misuse, Placeholder, Use, placeholders_in

type Derive = Callable[[str, str], str]
"""Makes the placeholder of a credential, by its name and the placeholder's prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """The placeholders of one agent, and the sources of what they stand for."""

    known: Sequence[Placeholder]
    exports: dict[str, str]
    """The agent's environment: each placeholder by the variable in which it is handed to the agent."""
    _sources: dict[str, Source]

    @classmethod
    def of(cls, entries: Iterable[CredentialEntry], credentials: Credentials, derive: Derive) -> Self | None:
        """That of the entries with `inject`; None where there are none."""
        places: dict[str, set[tuple[str, bytes]]] = {}
        texts, exports, sources = {}, {}, {}
        for entry in entries:
            if not entry.inject:
                continue
            texts[entry.label] = exports[entry.export] = derive(entry.label, entry.placeholder_prefix)
            places.setdefault(entry.label, set()).add((entry.host, entry.slot.encode()))
            sources[entry.label] = _source(credentials, entry)
        known = [
            Placeholder(text=text.encode(), credential=label, places=frozenset(places[label]))
            for label, text in texts.items()
        ]
        return cls(known=known, exports=exports, _sources=sources) if known else None

    def look(self, call: HttpCall) -> tuple[Use, ...] | Misuse:
        """Where `call` has placeholders."""
        return placeholders_in(call, self.known)

    async def fields(self, uses: Sequence[Use]) -> Fields:
        """The fields with secrets of this moment. Raises CredentialError and StoreUnavailable."""
        return tuple([(use.name, await self._filled(use)) for use in uses])

    async def _filled(self, use: Use) -> bytes:
        secret = await self._sources[use.placeholder.credential].secret()
        name = use.name.decode("latin-1")
        fit(secret.text, header=name)
        return use.filled(secret.text.encode())


def _source(credentials: Credentials, entry: CredentialEntry) -> Source:
    """Where the secret of `entry` comes from; the one from which replays take it."""
    for credential in credentials.by_host[entry.host]:
        if (
            isinstance(credential, Header)
            and credential.name == entry.label
            and credential.slot == entry.slot
        ):
            return credential.source
    raise ValueError(f"the credential `{entry.label}` goes out in no header")
