"""What the store's URL gives away to others: where no agent may go, and what may be said of an error."""

import re
from urllib.parse import urlsplit

from proxy.destinations import Address

_PAUSE = re.compile(r"[.,;](?:\s|$)|\n")
_MAX_WORDS = 100


def store_places(url: str) -> frozenset[Address]:
    """Where a Redis that is reached by TCP listens: no agent may ever go there."""
    parts = urlsplit(url)
    if parts.scheme == "unix" or parts.hostname is None:
        return frozenset()
    return frozenset({(parts.hostname, parts.port or 6379)})


def first_words(error: BaseException | None) -> str:
    """What Redis or the system says, up to its first pause: an old server quotes the password after it."""
    words = _PAUSE.split(str(error or ""), maxsplit=1)[0][:_MAX_WORDS]
    return f" ({words})" if words and words.isprintable() else ""
