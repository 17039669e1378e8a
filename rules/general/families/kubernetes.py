"""Kubernetes: below the paths of its API, a subresource can be an action, by GET too."""

from collections.abc import Iterator, Sequence

from rules.call import HttpCall
from rules.general.effect import Effect, Evidence

_SUBRESOURCES = {
    "exec": Effect.DEPLOYMENT,
    "attach": Effect.DEPLOYMENT,
    "portforward": Effect.DEPLOYMENT,
    "ephemeralcontainers": Effect.DEPLOYMENT,
    "proxy": Effect.UNKNOWN,
    "eviction": Effect.DELETION,
    "token": Effect.PRIVILEGE,
    "approval": Effect.PRIVILEGE,
    "binding": Effect.CHANGE,
}
# Asking whether somebody may do something is a POST there, and creates nothing.
_REVIEWS = frozenset(
    {
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectreviews",
        "tokenreviews",
    }
)
_ROOTS = frozenset({"api", "apis"})
_AUTHORITIES = frozenset({"authorization.k8s.io", "authentication.k8s.io"})


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What the path says of actions; nothing where it is none of the API's."""
    if _ROOTS.isdisjoint(call.segments):
        return
    path = [segment for segment in call.segments if segment]
    below = _below_version(path)
    if below is None:
        return
    if call.method == "POST" and below[-1:] and below[-1] in _REVIEWS and path[1] in _AUTHORITIES:
        yield Evidence(effect=Effect.READ, because="it only asks kubernetes who may do what")
    # kind, name, subresource; what follows `proxy` goes on to a program in the cluster.
    for name in below[2:] if below[:1] != ["namespaces"] else below[4:]:
        if (effect := _SUBRESOURCES.get(name)) is not None and call.method != "DELETE":
            yield Evidence(effect=effect, because=f"the kubernetes subresource `{name}` {effect.says}")
            return


def _below_version(path: Sequence[str]) -> list[str] | None:
    if path[:2] == ["api", "v1"]:
        return list(path[2:])
    grouped = len(path) > 3 and path[0] == "apis" and path[2].startswith("v")
    return list(path[3:]) if grouped else None
