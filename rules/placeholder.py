"""Placeholders of secrets in a request: the one field where each belongs, and everywhere else."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.call import HttpCall
from rules.headers import first
from rules.request.strict_json import canonical
from rules.verdict import ReasonId, Refusal

_BASIC = b"basic "


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """What an agent has in place of a secret. `places`: host or host:port, and lower-case header."""

    text: bytes
    credential: str
    places: frozenset[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A placeholder where it belongs: a field whose value has it once, in clear or as Basic (RFC 7617)."""

    placeholder: Placeholder
    name: bytes
    value: bytes

    def filled(self, secret: bytes) -> bytes:
        """The field's value with `secret` in place of the placeholder."""
        plain = _of_basic(self.value)
        if plain is None:
            return self.value.replace(self.placeholder.text, secret)
        scheme = self.value[: len(_BASIC)]
        return scheme + b64encode(plain.replace(self.placeholder.text, secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A placeholder where it does not belong. `where`: words for it, with nothing of the request."""

    credential: str
    where: str

    @property
    def refusal(self) -> Refusal:
        """What the agent hears."""
        reason = (
            f"the placeholder of the credential `{self.credential}` is in {self.where}; it is replaced in "
            "its own header, to its own host and over TLS alone"
        )
        return Refusal(reason_id=ReasonId.PLACEHOLDER_MISUSED, reason=reason, status=403)


def placeholders_in(call: HttpCall, known: Sequence[Placeholder]) -> tuple[Use, ...] | Misuse:
    """Where `call` has placeholders: all where they belong, or the first that is somewhere else."""
    for where, text in _elsewhere(call):
        if other := next((one for one in known if one.text in text), None):
            return Misuse(credential=other.credential, where=where)
    uses: list[Use] = []
    for name, value in call.fields:
        plain = _of_basic(value) or value
        for one in known:
            if one.text not in plain and one.text not in name:
                continue
            if not _belongs(call, one, name, plain) or any(use.name == name.lower() for use in uses):
                return Misuse(credential=one.credential, where=_of_field(name, one))
            uses.append(Use(placeholder=one, name=name.lower(), value=value))
    return tuple(uses)


def _belongs(call: HttpCall, one: Placeholder, name: bytes, plain: bytes) -> bool:
    host = f"[{call.host}]" if ":" in call.host else call.host
    key = name.lower()
    here = {(call.host, key), (f"{host}:{call.port}", key)}
    alone = [other.lower() for other, _ in call.fields].count(key) == 1
    return call.scheme == "https" and not one.places.isdisjoint(here) and alone and plain.count(one.text) == 1


def _of_field(name: bytes, one: Placeholder) -> str:
    known = any(name.lower() == header for _, header in one.places)
    return f"the header `{name.decode('latin-1').lower()}` of this request" if known else "another header"


def _elsewhere(call: HttpCall) -> Iterator[tuple[str, bytes]]:
    """All but the fields, as it was sent and as its server reads it."""
    path, _, query = call.target.partition("?")
    yield "its path", path.encode("latin-1")
    yield "its query", query.encode("latin-1")
    if "%" in path:
        yield "its path", "/".join(call.segments).encode()
    if "%" in query or "+" in query:
        yield "its query", "&".join(f"{name}={value}" for name, value in call.query).encode()
    yield "its body", call.body
    escaped = b"\\u" in call.body or b"%" in call.body or first(call.fields, b"content-encoding") is not None
    if escaped and call.payload.value is not None:
        yield "its body", canonical(call.payload.value).encode()


def _of_basic(value: bytes) -> bytes | None:
    """What a Basic credential encodes, None for everything else."""
    if value[: len(_BASIC)].lower() != _BASIC:
        return None
    try:
        return b64decode(value[len(_BASIC) :].strip(), validate=True)
    except binascii.Error:
        return None
