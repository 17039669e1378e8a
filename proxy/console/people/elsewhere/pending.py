"""Logins that have begun: each bound to one browser, for a few minutes, and good for one answer."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

LASTS = timedelta(minutes=10)
_MOST = 5000


class NoProof(Exception):
    """what a provider says does not prove a login; the message says why, and holds nothing of its tokens"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the answer to one login has to fit. `verifier`: of PKCE (RFC 7636)."""

    browser: bytes
    """SHA-256 of the cookie of the browser in which it began."""
    path: str
    until: datetime
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier."""
        return urlsafe_b64encode(_digest(self.verifier)).rstrip(b"=").decode()


class Pending:
    """All of them, by their `state`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._begun: dict[str, Begun] = {}

    def begin(self, cookie: str, *, path: str) -> Begun:
        """A new login of the browser with that cookie; the oldest is forgotten where there are too many."""
        begun = Begun(browser=_digest(cookie), path=path, until=self._now() + LASTS)
        self._begun[begun.state] = begun
        while len(self._begun) > _MOST:
            del self._begun[next(iter(self._begun))]
        return begun

    def finish(self, state: str, cookie: str) -> Begun | None:
        """The login with that `state`, once, and only in the browser in which it began."""
        begun = self._begun.pop(state, None)
        if begun is None or not cookie or self._now() >= begun.until:
            return None
        return begun if hmac.compare_digest(begun.browser, _digest(cookie)) else None


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "replace")).digest()
