"""API tokens: what a program shows in place of a person. Each does no more than its owner may."""

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import field_validator

from proxy.console.people.entry import NAME, Standing
from proxy.data_dir.ledger import Ledger
from rules.language.complaint import quote
from rules.language.document import Strict

PREFIX = "sgt_"
_TOKEN = re.compile(rb"sgt_[A-Za-z0-9_-]{43}")
_MOST = 1000


class Token(Standing):
    """What is kept of a token. `expires`: None for one that does not."""

    name: str
    owner: str
    sha256: str
    made: datetime
    expires: datetime | None = None

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError(f"{quote(value)} is no token's name; use up to 64 of letters, digits and `._@-`")
        return value

    def alive(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return self.expires is None or now < self.expires


class Tokens(Strict):
    """The whole file."""

    tokens: tuple[Token, ...] = ()


class ApiTokens:
    """The tokens of one data folder."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self._ledger = Ledger(folder / "tokens.json", Tokens)
        self._now = now

    def all(self) -> Sequence[Token]:
        """Every token that was not revoked."""
        return self._ledger.content().tokens

    def find(self, secret: bytes) -> Token | None:
        """The token with that secret, while it lasts."""
        if not _TOKEN.fullmatch(secret):
            return None
        digest = sha256(secret).hexdigest()
        known = [one for one in self.all() if hmac.compare_digest(one.sha256, digest)]
        return known[0] if known and known[0].alive(self._now()) else None

    def add(self, name: str, *, owner: str, standing: Standing, expires: datetime | None) -> str:
        """A new token; its secret, which is kept nowhere. Raises ValueError where the name is taken."""
        secret = PREFIX + secrets.token_urlsafe(32)
        said = {part: getattr(standing, part) for part in Standing.model_fields}
        token = Token(
            name=name,
            owner=owner,
            sha256=sha256(secret.encode()).hexdigest(),
            made=self._now(),
            expires=expires,
            **said,
        )

        def added(before: Tokens) -> Tokens:
            if any(one.name == name for one in before.tokens):
                raise ValueError(f"there is a token {quote(name)} already: revoke it first")
            if len(before.tokens) >= _MOST:
                raise ValueError(f"there are {_MOST} tokens already: revoke one first")
            return Tokens(tokens=(*before.tokens, token))

        self._ledger.change(added)
        return secret

    def revoke(self, name: str) -> None:
        """Take a token back. Raises ValueError where there is none of that name."""

        def revoked(before: Tokens) -> Tokens:
            if all(one.name != name for one in before.tokens):
                raise ValueError(f"there is no token {quote(name)}: `sidegate tokens list` shows them")
            return Tokens(tokens=tuple(one for one in before.tokens if one.name != name))

        self._ledger.change(revoked)
