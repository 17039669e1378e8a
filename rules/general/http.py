"""The general reading of an HTTP request."""

from rules.call import HttpCall
from rules.general.anywhere import evidence_anywhere
from rules.general.batch.reading import inner_calls, is_batch
from rules.general.carried import grave_evidence
from rules.general.effect import Effect, Evidence, gravest
from rules.general.families import aws, database, graphql, json_rpc, kubernetes, remote_call
from rules.general.names.places import stores_files
from rules.general.soap import evidence_of_envelope
from rules.general.toggle import toggles

_BATCH = Evidence(effect=Effect.READ, because="a batch is what the requests in it are")
_UNREADABLE = Evidence(effect=Effect.UNKNOWN, because="it is a batch that cannot be read in one way")

_FAMILIES = (
    aws.operations,
    graphql.operations,
    kubernetes.operations,
    database.operations,
    json_rpc.operations,
    remote_call.operations,
)

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_ONLY_READS = {
    method: Evidence(effect=Effect.READ, because=f"{method} only reads") for method in sorted(READS)
}


def read_http(call: HttpCall) -> Evidence:
    """What `call` most likely does.

    INVARIANT: what the method says is only given up for POST, or for a pair of calls at one URL.
    A body lowers a call only where the path says that it holds the operation; elsewhere it only raises.
    """
    stated = stated_http(call)
    carried = grave_evidence(call) if stated.effect is Effect.CHANGE else ()
    return gravest([stated, *evidence_anywhere(call), *evidence_of_envelope(call), *carried])


def stated_http(call: HttpCall) -> Evidence:
    """What the method says, and the operation where the path says that there is one."""
    found = [evidence for family in _FAMILIES for evidence in family(call)]
    if call.method == "POST" and found and not stores_files(call.host):
        return gravest(found)
    return gravest([_of_method(call), *found]) if found else _of_method(call)


def _of_method(call: HttpCall) -> Evidence:
    if call.method in READS:
        return _ONLY_READS[call.method]
    if _is_toggle(call):
        return Evidence(effect=Effect.REVERSIBLE, because="the same URL takes back what it does")
    if call.method == "DELETE":
        return Evidence(effect=Effect.DELETION, because="DELETE deletes")
    if is_batch(call):
        return _BATCH if inner_calls(call) is not None else _UNREADABLE
    return Evidence(effect=Effect.CHANGE, because=f"{call.method} may change something")


def _is_toggle(call: HttpCall) -> bool:
    if stores_files(call.host) or call.method == "PATCH":
        return False
    return toggles(call.method, call.segments) or aws.tags(call)
