"""Where the keys outside the store come from: files of their own, the environment, or a command's vault."""

import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from proxy.data_dir.files import read_secret, write_secret
from proxy.keys.command import Vault
from proxy.keys.keyring import KEY_BYTES, Keyring

_NEXT = "next"


class KeyFault(ValueError):
    """the keys outside the store cannot be had"""


class Source(Protocol):
    """Where keys come from. What it raises names the cure and never shows a key."""

    def read(self) -> Sequence[bytes]:
        """All known keys, the newest first. Raises KeyFault or OSError."""

    def prepare(self) -> None:
        """Make the next key, known from now on and used by nobody yet, unless there is one."""

    def promote(self) -> None:
        """Let the next key be the newest, made now if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFiles:
    """Keys in files of a private folder, in clear or, with a vault, as that has wrapped them.

    `seal.key` is the newest, `seal.next.key` the one that will be, every other `seal.*.key` an older one.
    """

    folder: Path
    vault: Vault | None = None

    @property
    def newest(self) -> Path:
        """The file of the newest key."""
        return self.folder / f"seal.{self._kind}"

    @property
    def next(self) -> Path:
        """The file of the key that will be the newest."""
        return self.folder / f"seal.{_NEXT}.{self._kind}"

    @property
    def _kind(self) -> str:
        return "key" if self.vault is None else "wrapped"

    def read(self) -> Sequence[bytes]:
        """The newest key, made on first use, then all others."""
        others = sorted(self.folder.glob(f"seal.*.{self._kind}"))
        if not self.newest.exists() and not self.newest.is_symlink():
            if others:
                raise KeyFault(
                    f"`{self.newest}` is missing beside `{others[0].name}`: restore it from a backup, "
                    "a new one would open nothing that is held"
                )
            self._make(self.newest)
        return list(dict.fromkeys(self._key(path) for path in (self.newest, *others)))

    def prepare(self) -> None:
        """Write the next key."""
        self._make(self.next)

    def promote(self) -> None:
        """Keep the newest key under a name of its own, then put the next one in its place."""
        self._make(self.next)
        content = read_secret(self.newest)
        name = sha256(content).hexdigest()[:16]
        # INVARIANT: the old key has its own file before the new one takes its place: a crash loses neither.
        write_secret(self.folder / f"seal.{name}.{self._kind}", content, exclusive=True)
        write_secret(self.newest, read_secret(self.next))
        self.next.unlink()

    def _make(self, path: Path) -> None:
        if path.exists():
            return
        key = secrets.token_bytes(KEY_BYTES)
        write_secret(path, key if self.vault is None else self.vault.wrap(key), exclusive=True)

    def _key(self, path: Path) -> bytes:
        content = read_secret(path)
        key = content if self.vault is None else self.vault.unwrap(content, named=path)
        if len(key) != KEY_BYTES:
            raise KeyFault(
                f"the key file `{path}` has {len(key)} bytes instead of {KEY_BYTES}: "
                "restore it from a backup; without it nothing that it sealed can be opened"
            )
        return key


@dataclass(frozen=True, slots=True)
class InEnvironment:
    """Keys in an environment variable: base64, the newest first, separated by white space."""

    variable: str

    def read(self) -> Sequence[bytes]:
        """All keys in it."""
        words = os.environ.get(self.variable, "").split()
        if not words:
            raise KeyFault(
                f"the environment variable `{self.variable}` is not set or empty: "
                "set it to the base64 of 32 random bytes"
            )
        return [self._key(word, at) for at, word in enumerate(words, 1)]

    def prepare(self) -> None:
        """Only the operator can set a variable."""
        raise KeyFault(
            f"keys that come from `{self.variable}` are made by whoever sets it: put a new one first, "
            "keep the old ones after it, start every sidecar again, then run `sidegate keys rewrap`"
        )

    def promote(self) -> None:
        """Only the operator can set a variable."""
        self.prepare()

    def _key(self, word: str, at: int) -> bytes:
        try:
            key = base64.b64decode(word, validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyFault(
                f"key {at} in the environment variable `{self.variable}` is not the base64 of "
                f"{KEY_BYTES} bytes: correct it"
            )
        return key


def keyring_of(source: Source, *, domain: str) -> Keyring:
    """The keyring of a domain with all keys of `source`. Raises KeyFault, VaultFault and OSError."""
    # A command would be asked again as often as somebody writes odd keys into the store.
    again = source.read if isinstance(source, InFiles) and source.vault is None else None
    return Keyring(source.read(), domain=domain, read=again)
