"""Who is logged in: in this process's memory, so that a new start logs everybody out."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from rules.reviewer import Reviewer

LIFE = timedelta(hours=12)
IDLE = timedelta(hours=1)
_MOST = 1000
_MOST_OPENED = 256
_MOST_CHALLENGES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How somebody came in."""

    way: str = "token"
    address: str = "?"
    agent: str = ""
    """What the browser calls itself."""
    known: bool = True
    """Whether the directory knows the person by name, and not a provider alone."""
    hint: str = ""
    """What the provider wants to be shown at the log-out: its own token."""


class Session:
    """One login of one person, and what that person has opened to its end."""

    __slots__ = (
        *("_reached", "_viewed", "challenges", "csrf", "label"),
        *("origin", "reviewer", "started", "used"),
    )

    def __init__(self, reviewer: Reviewer, now: datetime, origin: Origin = Origin()) -> None:
        self.reviewer = reviewer
        self.csrf = secrets.token_urlsafe(32)
        self.label = secrets.token_hex(8)
        """By which a page names it; it opens nothing."""
        self.started = self.used = now
        self.origin = origin
        self.challenges: dict[str, tuple[bytes, datetime]] = {}
        """What a passkey is asked to sign: for what, and until when."""
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

    def challenge(self, about: str, *, until: datetime) -> bytes:
        """Something new to be signed for `about`; what was asked for it before counts no more."""
        made = secrets.token_bytes(32)
        self.challenges.pop(about, None)
        self.challenges[about] = (made, until)
        while len(self.challenges) > _MOST_CHALLENGES:
            del self.challenges[next(iter(self.challenges))]
        return made

    def challenged(self, about: str, *, now: datetime) -> bytes | None:
        """What was to be signed for `about`, once."""
        made, until = self.challenges.pop(about, (None, now))
        return made if now < until else None

    def owns(self, csrf: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))

    def alive(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return now - self.started < LIFE and now - self.used < IDLE


class Sessions:
    """All of them, each under a hash of its id. `still`: somebody as known now, or None."""

    def __init__(
        self, now: Callable[[], datetime], still: Callable[[str], Reviewer | None] | None = None
    ) -> None:
        self._now = now
        self._still = still
        self._sessions: dict[str, Session] = {}

    def start(self, reviewer: Reviewer, origin: Origin = Origin()) -> str:
        """A new session; its id, which nobody else is told. The oldest one ends where there are too many."""
        now, session_id = self._now(), secrets.token_urlsafe(32)
        self._sessions = {key: one for key, one in self._sessions.items() if one.alive(now)}
        while len(self._sessions) >= _MOST:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[_key(session_id)] = Session(reviewer, now, origin)
        return session_id

    def find(self, session_id: str, *, touch: bool = True) -> Session | None:
        """The session with that id while it lasts. `touch`: whether a person did something."""
        session, now = self._sessions.get(_key(session_id)), self._now()
        if session is None or not session.alive(now) or not self._known(session):
            self.end(session_id)
            return None
        if touch:
            session.used = now
        return session

    def of(self, name: str) -> list[Session]:
        """Everywhere that somebody is logged in, the newest first."""
        now = self._now()
        found = [one for one in self._sessions.values() if one.reviewer.name == name and one.alive(now)]
        return found[::-1]

    def end(self, session_id: str) -> None:
        """Log out."""
        self._sessions.pop(_key(session_id), None)

    def end_all(self, name: str, *, but: Session | None = None, label: str | None = None) -> int:
        """Log somebody out everywhere, `but` in one, or only in the one with that label; in how many."""
        ended = [
            key
            for key, one in self._sessions.items()
            if one.reviewer.name == name and one is not but and label in (None, one.label)
        ]
        for key in ended:
            del self._sessions[key]
        return len(ended)

    def _known(self, session: Session) -> bool:
        """Whether the person is still somebody, with what that person may do now."""
        if self._still is None or not session.origin.known:
            return True
        found = self._still(session.reviewer.name)
        if found is None:
            return False
        session.reviewer = found
        return True


def _key(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()
