"""Pairs of requests that are two different actions: their digests have to differ."""

from rules.action import Principal, bind
from rules.message import Message
from rules.normalize import normalize
from rules.verdict import Refusal
from tests.evasion import wire1
from tests.evasion.corpus import Case
from tests.evasion.judging import Judged, Result
from tests.evasion.seen import Seen

_PORTS = {"http": 80, "https": 443}


def compare(case: Case) -> Result:
    """Judge a pair; what is refused has no digest that anybody could approve."""
    first, second = (_digest(segment.data) for segment in case.segments[:2])
    observed = " and ".join(
        digest if digest.startswith("refused") else digest[:12] for digest in (first, second)
    )
    same = first == second and not first.startswith("refused")
    return Result(case=case, judged=Judged.ESCAPED if same else Judged.EXPECTED, observed=observed)


def _digest(data: bytes) -> str:
    seen, rest = wire1.read(data)
    if len(seen) != 1 or rest:
        return "refused: no single request"
    call = normalize(_message(seen[0]))
    if isinstance(call, Refusal):
        return f"refused: {call.reason_id}"
    return bind(call, Principal(agent="agent", session="evasion"), credentials=frozenset()).digest


def _message(request: Seen) -> Message:
    scheme, separator, rest = request.target.partition(b"://")
    name = scheme.decode("latin-1") if separator else "https"
    authority = rest.partition(b"/")[0] if separator else dict(request.fields).get(b"host", b"")
    host, _, port = authority.decode("latin-1").partition(":")
    return Message(
        scheme=name,
        host=host,
        port=int(port) if port.isdecimal() else _PORTS.get(name, 443),
        sni=host if name == "https" else None,
        method=request.method,
        target=request.origin,
        fields=request.fields,
        body=request.body,
    )
