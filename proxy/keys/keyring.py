"""The keys outside the store: the newest wraps each hold's data key, and all that are known unwrap it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from time import monotonic

from proxy.keys.seal import Seal, SealError

KEY_BYTES = 32
_ID_BYTES = 8
_READ_AGAIN_AFTER = 1.0


class KeyMissing(SealError):
    """the key that wraps a hold's data key is not known here: restore it"""


class Keyring:
    """Wraps and unwraps data keys. `keys`: the newest first, each of 32 bytes.

    `read`: gives the keys anew; asked when a data key was wrapped by one that is not known yet.
    """

    def __init__(
        self, keys: Sequence[bytes], *, domain: str, read: Callable[[], Sequence[bytes]] | None = None
    ) -> None:
        self.domain = domain
        self._read = read
        self._read_at = 0.0
        self._keys: dict[bytes, bytes] = {}
        self.replace(keys)

    def replace(self, keys: Sequence[bytes]) -> None:
        """Go on with these keys, and with those of before that still unwrap."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a keyring needs keys of {KEY_BYTES} bytes each")
        fresh = {_id(key): key for key in keys}
        self._keys = fresh | {name: key for name, key in self._keys.items() if name not in fresh}

    @property
    def ids(self) -> list[str]:
        """The names of the known keys, the newest first. A name says nothing about its key."""
        return [name.hex() for name in self._keys]

    def wrap(self, data_key: bytes, *, bound_to: Mapping[str, str]) -> str:
        """`data_key` under the newest key, with that key's id before it, in hexadecimal digits."""
        name, key = next(iter(self._keys.items()))
        return (name + self._seal(key).close(data_key, bound_to=_of_key(bound_to))).hex()

    def fresh(self, *, bound_to: Mapping[str, str]) -> str:
        """A new data key, wrapped."""
        return self.wrap(secrets.token_bytes(KEY_BYTES), bound_to=bound_to)

    def unwrap(self, wrapped: str, *, bound_to: Mapping[str, str]) -> bytes:
        """The data key. Raises KeyMissing, and SealError where it was altered or exchanged."""
        try:
            raw = bytes.fromhex(wrapped)
        except ValueError as error:
            raise SealError("the stored data key is not one") from error
        if raw.hex() != wrapped:
            raise SealError("the stored data key is not one")
        return self._seal(self._known(raw[:_ID_BYTES])).open(raw[_ID_BYTES:], bound_to=_of_key(bound_to))

    @property
    def seals(self) -> Sequence[Seal]:
        """The keys themselves as seals: of contents from before holds had data keys."""
        return [self._seal(key) for key in self._keys.values()]

    def key_of(self, sealed: bytes, *, bound_to: Mapping[str, str]) -> bytes:
        """The key that sealed `sealed` itself. Raises SealError if none did."""
        for key in self._keys.values():
            with suppress(SealError):
                self._seal(key).open(sealed, bound_to=bound_to)
                return key
        raise SealError(SealError.__doc__)

    def newest(self, wrapped: str) -> bool:
        """Whether the newest key wraps it."""
        return wrapped.startswith(self.ids[0])

    def _seal(self, key: bytes) -> Seal:
        return Seal(key, domain=self.domain)

    def _known(self, name: bytes) -> bytes:
        if name not in self._keys:
            self._read_again()
        try:
            return self._keys[name]
        except KeyError:
            raise KeyMissing(f"the key `{name.hex()}` is not known here: restore it") from None

    def _read_again(self) -> None:
        """Somebody may have brought the key meanwhile; files that cannot be read bring none."""
        if self._read is None or monotonic() < self._read_at + _READ_AGAIN_AFTER:
            return
        self._read_at = monotonic()
        with suppress(OSError, ValueError):
            self.replace(self._read())


def _id(key: bytes) -> bytes:
    return sha256(b"sidegate key\n" + key).digest()[:_ID_BYTES]


def _of_key(bound_to: Mapping[str, str]) -> dict[str, str]:
    return {**bound_to, "part": "key"}
