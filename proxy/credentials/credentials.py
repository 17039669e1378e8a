"""Which credentials a call gets: those of its host and port, or the one that its rule names among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from proxy.credentials.aws import Signature
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.supply import TLS, Credential, Outgoing, Supplied
from rules.action import Action
from rules.headers import Fields

_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The operator's credentials by host, or by `host:port` where a port is given.

    Of several for one header, the first is the host's; the others are there for rules that name them.
    """

    by_host: Mapping[str, tuple[Credential, ...]]
    by_server: Mapping[str, tuple[Credential, ...]] = field(default_factory=dict)
    """By the URL of an MCP server that is configured."""

    def at(self, server: str, action: Action) -> Self:
        """Those for `action`, a message to the MCP server at that URL: its own before those of its host."""
        both = (*self.by_server.get(server, ()), *self._of(action))
        return replace(self, by_host={_place(action): both}, by_server={})

    def has(self, action: Action) -> bool:
        """Whether what was taken off `action` is configured for where it goes."""
        return any(credential.slot != TLS for credential in self._of(action))

    async def supply(
        self,
        action: Action,
        outgoing: Outgoing,
        *,
        named: str | None = None,
        live: Fields | None = None,
        past: Supplied | None = None,
    ) -> Supplied:
        """Fresh credentials for `outgoing`; with `live` ones of the agent's own, only the connection's.

        `past`: what the upstream has refused. Raises CredentialError, without TLS before any is read.
        """
        chosen = self._chosen(action, named)
        if action.scheme != "https" and chosen:
            raise CredentialError(f"the credential for `{action.host}` goes out over TLS only: ask for https")
        if live is not None:
            chosen = tuple(one for one in chosen if one.slot == TLS)
        supplied = Supplied(fields=live or ())
        for credential in sorted(chosen, key=_signs):
            past_one = None if past is None else past.generations.get(credential.name)
            sent = replace(outgoing, fields=with_fields(outgoing.fields, supplied.fields))
            supplied = _joined(supplied, await credential.supply(sent, past=past_one))
        return supplied

    async def generations(self, action: Action, *, named: str | None = None) -> str:
        """Which secrets would go out with `action` now, as `Supplied.label` says it; it fetches none."""
        try:
            chosen = self._chosen(action, named)
        except CredentialError:
            return ""
        return Supplied(generations={one.name: await _generation(one) for one in chosen}).label

    def _chosen(self, action: Action, named: str | None) -> tuple[Credential, ...]:
        """One for each slot: the one with that name, else the first."""
        found = self._of(action)
        wanted = [credential for credential in found if credential.name == named]
        if named is not None and not wanted:
            raise CredentialError(
                f"the rule asks for the credential `{named}`, which is not configured for `{action.host}`: "
                "configure it, or correct the rule"
            )
        slots: dict[str, Credential] = {}
        for credential in (*wanted, *found):
            slots.setdefault(credential.slot, credential)
        return tuple(slots.values())

    def _of(self, action: Action) -> tuple[Credential, ...]:
        return self.by_host.get(_place(action)) or self.by_host.get(action.host, ())


def _place(action: Action) -> str:
    # Bracketed as the configuration writes it: `::1` with port 443 is not the host `::1:443`.
    host = f"[{action.host}]" if ":" in action.host else action.host
    return f"{host}:{action.port}"


def with_fields(fields: Fields, new: Fields) -> Fields:
    """`fields` without those that `new` has, and then `new`."""
    replaced = {name.lower() for name, _ in new}
    return (*((n, v) for n, v in fields if n.lower() not in replaced), *new)


def moved(before: str, after: str) -> Iterable[str]:
    """Names of the credentials that were rotated between two of their labels."""
    old, new = _read(before), _read(after)
    known = ((name, old[name], new[name]) for name in sorted(old.keys() & new.keys()))
    return [name for name, was, now in known if was != now and was not in ("", _UNKNOWN)]


def _read(label: str) -> dict[str, str]:
    pairs = (part.rpartition("@") for part in label.split())
    return {name: generation for name, _, generation in pairs}


async def _generation(credential: Credential) -> str:
    try:
        return await credential.generation()
    except CredentialError:
        return _UNKNOWN  # the replay says what is wrong


def _signs(credential: Credential) -> bool:
    """Signatures come last: they cover the others."""
    return isinstance(credential, Signature)


def _joined(one: Supplied, other: Supplied) -> Supplied:
    return Supplied(
        fields=with_fields(one.fields, other.fields),
        generations={**one.generations, **other.generations},
        tls=other.tls or one.tls,
    )
