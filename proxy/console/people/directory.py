"""Who is who: everybody that the configuration and the data folder know, whichever way they come."""

import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from proxy.console.people.entry import OPERATOR, ConsoleEntry, PersonEntry
from proxy.console.people.tokens import ApiTokens, Token
from proxy.console.people.users import Passwords, User, fits
from rules.reviewer import Grant, Reviewer, Role

logger = logging.getLogger(__name__)

_ADMIN = Reviewer(name=OPERATOR, grants=(Grant(role=Role.ADMIN),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody, and the ways to come in."""

    who: Reviewer
    ways: tuple[str, ...]


class Directory:
    """Everybody. `tokens`: a person's name -> SHA-256 of the token that is configured for that person."""

    def __init__(
        self,
        tokens: Mapping[str, bytes],
        *,
        entry: ConsoleEntry | None = None,
        passwords: Passwords | None = None,
        api_tokens: ApiTokens | None = None,
    ) -> None:
        for name, token in tokens.items():
            if not name or len(token) != sha256().digest_size:
                raise ValueError(f"reviewer `{name}` needs a name and the SHA-256 of a token")
        self.entry = entry or ConsoleEntry()
        self._tokens = tokens
        self._passwords = passwords
        self._api_tokens = api_tokens

    @property
    def everyone(self) -> Reviewer | None:
        """As whom everybody comes in where nobody is asked who they are; else None."""
        return _ADMIN if self.entry.authentication == "none" else None

    def of_token(self, secret: bytes) -> Reviewer | None:
        """Whose token this is. Takes the same time whichever token fits, or none."""
        digest = sha256(secret).digest()
        known = [name for name, own in self._tokens.items() if hmac.compare_digest(own, digest)]
        return self.named(known[0]) if known else None

    def of_api_token(self, secret: bytes) -> Reviewer | None:
        """As whom a program acts: as the token's owner, within what the token is for."""
        token = None if self._api_tokens is None else _tried(self._api_tokens.find, secret)
        owner = None if token is None else self.named(token.owner)
        return None if owner is None or token is None else _within(owner, token)

    def of_password(self, name: str, password: str) -> Reviewer | None:
        """Whose name and password these are; it takes its time, and as long for a name that nobody has."""
        user = self._user(name)
        wanted = user if user is None or self._may_log_in(user) else None
        return self.named(user.name) if fits(wanted, password) and user is not None else None

    def named(self, name: str) -> Reviewer | None:
        """Somebody by name, as the configuration and the data folder have that person now."""
        if name == OPERATOR:
            return _ADMIN
        entry = self._entry(name)
        if entry is not None:
            return person(entry)
        if name in self._tokens:
            return Reviewer(name=name)
        user = self._user(name)
        if user is None or not user.standing:
            return None
        return Reviewer(name=user.name, groups=frozenset(user.groups), grants=(user.grant,))

    def everybody(self) -> list[Known]:
        """Everybody who has a name here, in the order of their names."""
        names = {*self._tokens, *(entry.name for entry in self.entry.people)}
        names |= {user.name for user in self._users() if user.standing}
        found = [(self.named(name), tuple(self._ways(name))) for name in sorted(names, key=str.casefold)]
        return [Known(who=who, ways=ways) for who, ways in found if who is not None]

    def taken(self, name: str) -> bool:
        """Whether somebody who comes from elsewhere would be taken for one of ours by that name."""
        ours = {one.who.name for one in self.everybody()} | {OPERATOR}
        return name.casefold() in {one.casefold() for one in ours}

    def _ways(self, name: str) -> Iterator[str]:
        entry, user = self._entry(name), self._user(name)
        if name in self._tokens:
            yield "token"
        if user is not None and self._may_log_in(user):
            yield "password"
        if entry is not None and (entry.subject or entry.email):
            yield "the provider"

    def _entry(self, name: str) -> PersonEntry | None:
        return next((one for one in self.entry.people if one.name.casefold() == name.casefold()), None)

    def _user(self, name: str) -> User | None:
        return next((user for user in self._users() if user.name.casefold() == name.casefold()), None)

    def _users(self) -> Sequence[User]:
        found = None if self._passwords is None else _tried(self._passwords.all)
        return found or ()

    def _may_log_in(self, user: User) -> bool:
        """Whether somebody's password counts: for whom the configuration names, it says so."""
        entry = self._entry(user.name)
        return entry.password if entry is not None else user.standing and user.name not in self._tokens


def person(entry: PersonEntry) -> Reviewer:
    """Somebody whom the configuration names."""
    also = frozenset(filter(None, (*entry.also, entry.email)))
    return Reviewer(name=entry.name, groups=frozenset(entry.groups), grants=(entry.grant,), also=also)


def _within(owner: Reviewer, token: Token) -> Reviewer:
    groups = owner.groups & frozenset(token.groups) if token.groups else owner.groups
    return replace(owner, grants=(*owner.grants, token.grant), groups=groups)


def _tried[**P, R](read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """What stands in a file of people; where it cannot be read, nobody."""
    try:
        return read(*args, **kwargs)
    except (ValueError, OSError) as error:
        logger.error("people.unreadable why=%s", error)  # noqa: TRY400 (it says all)
        return None
