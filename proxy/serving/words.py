"""What is said of where a sidecar listens, and of a store that does not answer."""

import re

from proxy.destinations import Address

_PAUSE = re.compile(r"[.,;](?:\s|$)|\n")
_MAX_WORDS = 100


def shown_url(address: Address) -> str:
    """The address as a URL."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"http://{host}:{address[1]}"


def first_words(error: BaseException | None) -> str:
    """What Redis or the system says, up to its first pause: an old server quotes the password after it."""
    words = _PAUSE.split(str(error or ""), maxsplit=1)[0][:_MAX_WORDS]
    return f" ({words})" if words and words.isprintable() else ""
