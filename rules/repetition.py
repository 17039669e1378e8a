"""What the answer to a repeated request says of the first one, under the upstream's promise."""

from rules.handling import Idempotency, Mismatch

# Not about the action but about who asks, how often, or when: the first one may be running still, or have
# changed what a condition is about.
_SILENT = frozenset({401, 403, 407, 408, 409, 412, 421, 425, 428, 429})
# How upstreams say that they know the key with another request.
_MISMATCHED = frozenset({400, 422})
_SERVER_FAILED = 500


def tells(status: int, idempotency: Idempotency) -> bool:
    """Whether an answer with `status` to the same request under the same key is the first one's outcome."""
    if status in _SILENT or status >= _SERVER_FAILED:
        return False
    return status not in _MISMATCHED or idempotency.mismatch is Mismatch.CACHED
