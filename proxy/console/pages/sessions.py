"""Who is logged in: in this process's memory, so that a new start logs everybody out."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from rules.reviewer import Reviewer

LIFE = timedelta(hours=12)
IDLE = timedelta(hours=1)
_MOST = 1000
_MOST_OPENED = 256


class Session:
    """One login of one person, and what that person has opened to its end."""

    __slots__ = ("_reached", "_viewed", "csrf", "reviewer", "started", "used")

    def __init__(self, reviewer: Reviewer, now: datetime) -> None:
        self.reviewer = reviewer
        self.csrf = secrets.token_urlsafe(32)
        self.started = self.used = now
        self._reached: dict[str, int] = {}
        self._viewed: dict[str, None] = {}

    @property
    def viewed(self) -> frozenset[str]:
        """The hashes of contents that were shown from beginning to end."""
        return frozenset(self._viewed)

    def show(self, sha256: str, *, start: int, end: int, size: int) -> None:
        """Note that a page of some content was shown; one that leaves a gap before it does not count."""
        reached = self._reached.pop(sha256, 0)
        self._reached[sha256] = max(reached, end) if start <= reached else reached
        if self._reached[sha256] >= size:
            self._viewed[sha256] = None
        for kept in (self._reached, self._viewed):
            while len(kept) > _MOST_OPENED:
                del kept[next(iter(kept))]

    def owns(self, csrf: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))

    def alive(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return now - self.started < LIFE and now - self.used < IDLE


class Sessions:
    """All of them, each under a hash of its id."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sessions: dict[str, Session] = {}

    def start(self, reviewer: Reviewer) -> str:
        """A new session; its id, which nobody else is told. The oldest one ends where there are too many."""
        now, session_id = self._now(), secrets.token_urlsafe(32)
        self._sessions = {key: one for key, one in self._sessions.items() if one.alive(now)}
        while len(self._sessions) >= _MOST:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[_key(session_id)] = Session(reviewer, now)
        return session_id

    def find(self, session_id: str, *, touch: bool = True) -> Session | None:
        """The session with that id while it lasts. `touch`: whether a person did something."""
        session, now = self._sessions.get(_key(session_id)), self._now()
        if session is None or not session.alive(now):
            self.end(session_id)
            return None
        if touch:
            session.used = now
        return session

    def end(self, session_id: str) -> None:
        """Log out."""
        self._sessions.pop(_key(session_id), None)


def _key(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()
