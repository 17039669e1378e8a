"""The immutable binding of what would happen: a reviewer approves its digest, and that runs."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import rfc8785

from rules.call import HttpCall, Payload, PayloadKind
from rules.headers import VOLATILE, Fields, bound, first, secret
from rules.message import Message
from rules.request.strict_json import canonical

_BOUNDARY = re.compile(
    rb"multipart/[a-z-]+[ \t]*;(?:.*;)?[ \t]*boundary=\"?([0-9a-z'()+_,./:=?-]{8,70})\"?",
    re.IGNORECASE,
)

_TYPES = {"method": str, "scheme": str, "host": str, "port": int, "target": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, from what the sidecar knows and never from what the agent claims."""

    human: str = ""
    service: str = ""
    agent: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One HTTP request as it would run, without credentials, hop-by-hop and trace headers."""

    method: str
    scheme: str
    host: str
    port: int
    target: str
    fields: Fields
    body: bytes
    principal: Principal
    credentials: tuple[str, ...] = ()
    """Lower-case names of the credential headers that were taken off."""
    drill: bool = False
    """Whether nobody asked for it, and it must never run."""

    @property
    def url(self) -> str:
        """The whole URL, for people: an IPv6 host in brackets, a default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}.get(self.scheme)
        port = "" if self.port == default else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    def message(self) -> Message:
        """The request as a client would send it now: what is judged again, under the rules of now."""
        return Message(
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            sni=self.host,
            method=self.method.encode(),
            target=self.target.encode("latin-1"),
            fields=self.fields,
            body=self.body,
        )

    @property
    def digest(self) -> str:
        """SHA-256 over the RFC 8785 form of the binding, the body's exact bytes hashed in."""
        return hashlib.sha256(rfc8785.dumps(self.binding())).hexdigest()

    def binding(self) -> dict[str, Any]:
        """The binding as JSON values: every byte that will run, the body as its SHA-256."""
        return {
            "version": 1,
            "protocol": "http",
            "method": self.method,
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "target": self.target,
            "fields": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in self.fields],
            "body_sha256": hashlib.sha256(self.body).hexdigest(),
            "principal": asdict(self.principal),
            "credentials": list(self.credentials),
            **({"drill": True} if self.drill else {}),
        }


def bind(call: HttpCall, principal: Principal, *, credentials: frozenset[bytes]) -> Action:
    """The action that `call` asks for. `credentials`: further header names that are secret."""
    taken = secret(call.fields, credentials=credentials)
    names = {name.lower().decode("latin-1") for name, _ in taken}
    return Action(
        method=call.method,
        scheme=call.scheme,
        host=call.host,
        port=call.port,
        target=call.target,
        fields=bound(call.fields, credentials=credentials),
        body=call.body,
        principal=principal,
        credentials=tuple(sorted(names)),
    )


def unbind(binding: dict[str, Any], body: bytes) -> Action:
    """The action that `binding` and `body` describe. Raises ValueError where they do not fit.

    Whether it is the action that was approved, only its digest tells.
    """
    try:
        # The digest writes 443.0 as 443, so it alone would not see a number's type.
        if any(type(binding[name]) is not kind for name, kind in _TYPES.items()):
            raise ValueError("the stored action is not a binding")
        action = Action(
            method=binding["method"],
            scheme=binding["scheme"],
            host=binding["host"],
            port=binding["port"],
            target=binding["target"],
            fields=tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in binding["fields"]),
            body=body,
            principal=Principal(**binding["principal"]),
            credentials=tuple(binding["credentials"]),
            drill=binding.get("drill", False),
        )
        # As text, because to Python 1 equals True.
        same = json.dumps(action.binding(), sort_keys=True) == json.dumps(binding, sort_keys=True)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("the stored action is not a binding") from error
    if not same:
        raise ValueError("the stored action does not describe its own body")
    return action


def fingerprint(action: Action, call: HttpCall, key: bytes) -> str:
    """Keyed hash of the action's meaning: the same for an agent's honest retry of it.

    JSON bodies are compared by value. Credentials, headers that vary between attempts, the order of
    headers of different names, and a multipart body's boundary are left out.
    """
    boundary = _boundary(action.fields)
    meaning = action.binding() | {
        "fields": sorted(
            (
                [name.decode("latin-1"), value.decode("latin-1")]
                for name, value in _steady(action.fields, boundary)
            ),
            key=itemgetter(0),
        ),
        "body_sha256": _meaning(action.body, call.payload, boundary),
        "credentials": [],
    }
    return hmac.digest(key, rfc8785.dumps(meaning), "sha256").hex()


def _steady(fields: Fields, boundary: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The fields that an honest retry repeats, names in lower case."""
    for name, value in fields:
        key = name.lower()
        if key == b"content-type" and boundary:
            yield key, value.rpartition(boundary)[0]
        elif key not in VOLATILE:
            yield key, value


def _meaning(body: bytes, payload: Payload, boundary: bytes) -> str | list[str]:
    """What the fingerprint keeps of a body."""
    if payload.kind is PayloadKind.JSON:
        return f"json:{canonical(payload.value)}"
    if not boundary:
        return hashlib.sha256(body).hexdigest()
    # Only a whole delimiter line is the boundary (RFC 2046 section 5.1.1); elsewhere it is content.
    delimiter = rb"(?:^|(?<=\r\n))--" + re.escape(boundary) + rb"(?=(?:--)?(?:\r\n|\Z))"
    return [hashlib.sha256(part).hexdigest() for part in re.split(delimiter, body)]


def _boundary(fields: Fields) -> bytes:
    """The boundary of a multipart body, which clients draw anew for every attempt, or nothing."""
    read = _BOUNDARY.fullmatch(first(fields, b"content-type") or b"")
    return read[1] if read else b""
