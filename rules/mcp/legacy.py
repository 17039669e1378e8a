"""The oldest carrier over HTTP (2024-11-05): a stream whose first event says where messages are posted.

The answers to them come as events of that stream, not as answers to the posts.
"""

import re
from urllib.parse import urljoin, urlsplit

_URL = re.compile(r"[!-~]{1,2000}")


def endpoint_in(data: bytes, stream: str) -> str | None:
    """The URL that the first event's `data` names, if it is at the origin of the stream's own URL."""
    text = data.decode("latin-1")
    if not _URL.fullmatch(text):
        return None
    try:
        url = urljoin(stream, text)
        parts, own = urlsplit(url), urlsplit(stream)
    except ValueError:
        return None
    same = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
    return url if same and not parts.fragment else None
