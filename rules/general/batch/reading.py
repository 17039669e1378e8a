"""Which calls are batches, and the calls in them."""

from rules.call import HttpCall
from rules.general.batch.inner import Asked, calls_of
from rules.general.batch.listed import holds_nothing_else, listed
from rules.general.batch.multipart import is_multipart, parts_of
from rules.headers import first

_PLACES = frozenset({"batch", "batches"})
_HOSTS = frozenset({"graph.facebook.com", "graph.instagram.com"})


def is_batch(call: HttpCall) -> bool:
    """Whether `call` goes to where servers take batches.

    INVARIANT: only there a batch of reads is a read. Elsewhere the body is the agent's word for what it is.
    """
    if call.method != "POST":
        return False
    path = [segment.lower() for segment in call.segments if segment]
    return path[-1:] == ["$batch"] or (_is_place(call, path) and _asked(call) is not None)


def inner_calls(call: HttpCall) -> list[HttpCall] | None:
    """The requests in `call`, wherever it goes; None if it is no batch, or one that cannot be read."""
    if call.method != "POST":
        return None
    asked = _asked(call)
    if asked is None or (is_batch(call) and not is_multipart(call.fields) and not holds_nothing_else(call)):
        return None
    found = [None if one is None or _is_for_another(call, one) else calls_of(call, one) for one in asked]
    return None if None in found else [inner for several in found if several for inner in several]


def _asked(call: HttpCall) -> list[Asked | None] | None:
    return parts_of(call.fields, call.body) if is_multipart(call.fields) else listed(call)


def _is_place(call: HttpCall, path: list[str]) -> bool:
    """Whether batches are taken at `path`; lists of other things are, too, where it is not `$batch`."""
    if not path or call.host in _HOSTS:
        return call.host in _HOSTS and len(path) <= 1
    return path[-1] in _PLACES or path[0] == "batch" or _is_composite(path)


def _is_composite(path: list[str]) -> bool:
    """Salesforce: `composite` and `composite/graph` below a version."""
    return path[:2] == ["services", "data"] and path[3:] in (["composite"], ["composite", "graph"])


def _is_for_another(call: HttpCall, asked: Asked) -> bool:
    host = first(asked.fields, b"host")
    return host is not None and host.decode("latin-1").lower() != call.host
