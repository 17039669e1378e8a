"""The general reading of an HTTP request."""

from rules.call import HttpCall
from rules.general import aws, remote_call
from rules.general.batch import inner_calls
from rules.general.effect import Effect, Evidence, gravest
from rules.general.toggle import toggles

READS = frozenset({"GET", "HEAD", "OPTIONS"})


def read_http(call: HttpCall) -> Evidence:
    """What `call` most likely does.

    INVARIANT: what the method says is only given up for POST, or for a pair of calls at one URL.
    A body is looked at only where the path says that it holds the operation.
    """
    found = [*aws.operations(call), *remote_call.operations(call)]
    if call.method == "POST" and found:
        return gravest(found)
    return gravest([_of_method(call), *found])


def _of_method(call: HttpCall) -> Evidence:
    if call.method in READS:
        return Evidence(effect=Effect.READ, because=f"{call.method} only reads")
    if toggles(call.method, call.segments) or (call.method != "PATCH" and aws.tags(call)):
        return Evidence(effect=Effect.REVERSIBLE, because="the same URL takes back what it does")
    if call.method == "DELETE":
        return Evidence(effect=Effect.DELETION, because="DELETE deletes")
    if inner_calls(call) is not None:
        return Evidence(effect=Effect.READ, because="a batch is what the requests in it are")
    return Evidence(effect=Effect.CHANGE, because=f"{call.method} may change something")
