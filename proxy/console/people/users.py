"""People with a password, for one machine: argon2 hashes in a file that only Sidegate can read."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from proxy.console.people.entry import Standing, person_name
from proxy.data_dir.ledger import Ledger
from rules.language.complaint import quote
from rules.language.document import Strict

SHORTEST, LONGEST = 12, 256
_MOST = 1000
# RFC 9106 section 4, the second recommended choice: 64 MiB, three passes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# Of a random word that was thrown away, with the same costs.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$Aviv8vOqvnF6LQ+YGSg5AA$ZMFnGlC20Ag421uKiQr4AdEl128xjiVPyItmXm+ooQ8"


class User(Standing):
    """A local user. `standing`: whether the role stands here, and not in the configuration."""

    name: str
    hash: str
    changed: datetime
    standing: bool = True


class Users(Strict):
    """The whole file."""

    users: tuple[User, ...] = ()

    def find(self, name: str) -> User | None:
        """The one of that name, whatever its case."""
        return next((user for user in self.users if user.name.casefold() == name.casefold()), None)


class Passwords:
    """The local users of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._ledger = Ledger(folder / "users.json", Users)

    def all(self) -> Sequence[User]:
        """Everybody with a password."""
        return self._ledger.content().users

    def find(self, name: str) -> User | None:
        """The one of that name."""
        return self._ledger.content().find(name)

    def add(self, user: User) -> None:
        """Add somebody. Raises ValueError where the name is taken."""
        person_name(user.name)

        def added(before: Users) -> Users:
            if before.find(user.name):
                raise ValueError(f"there is a user {quote(user.name)} already: remove it first")
            if len(before.users) >= _MOST:
                raise ValueError(f"there are {_MOST} users already: remove one first")
            return Users(users=(*before.users, user))

        self._ledger.change(added)

    def remove(self, name: str) -> None:
        """Take somebody out. Raises ValueError where there is nobody."""

        def removed(before: Users) -> Users:
            found = _needed(before, name)
            return Users(users=tuple(user for user in before.users if user is not found))

        self._ledger.change(removed)

    def set(self, name: str, hashed: str, *, at: datetime) -> None:
        """Give somebody another password. Raises ValueError where there is nobody."""

        def changed(before: Users) -> Users:
            found = _needed(before, name)
            new = found.model_copy(update={"hash": hashed, "changed": at})
            return Users(users=tuple(new if user is found else user for user in before.users))

        self._ledger.change(changed)


def hashed(password: str) -> str:
    """What is kept of a password. Raises ValueError where it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters: choose another")
    return _HASHER.hash(password)


def fits(user: User | None, password: str) -> bool:
    """Whether it is the user's password. Takes as long where there is no such user."""
    try:
        _HASHER.verify(
            user.hash if user else _NOBODY, password[: LONGEST + 1].encode("utf-8", "surrogatepass")
        )
    except (VerificationError, InvalidHashError):
        return False
    return user is not None


def _needed(users: Users, name: str) -> User:
    found = users.find(name)
    if found is None:
        raise ValueError(f"there is no local user {quote(name)}: `sidegate users list` shows them")
    return found
