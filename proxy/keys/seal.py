"""Encryption of everything that a hold keeps: what Redis stores can be neither read nor exchanged.

AES-256-GCM with what is stored in clear as associated data, so a sealed text fits its own hold only.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.data_dir.files import read_secret, write_secret

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = 1


class SealError(ValueError):
    """a sealed text does not fit: it was altered, exchanged, or its key is missing"""


class Shredded(SealError):
    """its contents were shredded, because their time of keeping was over"""


class Seal:
    """Seals and opens texts with one key."""

    def __init__(self, key: bytes, *, domain: str) -> None:
        self._aead = AESGCM(key)
        self._domain = domain

    def close(self, plain: bytes, *, bound_to: Mapping[str, str]) -> bytes:
        """`plain`, sealed so that only the same `bound_to` opens it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, self._associated(bound_to))

    def open(self, sealed: bytes, *, bound_to: Mapping[str, str]) -> bytes:
        """The plain text. Raises SealError if anything about it was changed."""
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, text, self._associated(bound_to))
        except (InvalidTag, ValueError) as error:
            raise SealError(SealError.__doc__) from error

    def _associated(self, bound_to: Mapping[str, str]) -> bytes:
        return json.dumps([_VERSION, self._domain, dict(sorted(bound_to.items()))]).encode()


def load_or_create_key(path: Path) -> bytes:
    """The 32-byte key in `path`, made on first use with mode 0600. Raises ValueError if it is no key."""
    if not path.exists():
        write_secret(path, secrets.token_bytes(_KEY_BYTES), exclusive=True)
    key = read_secret(path)
    if len(key) != _KEY_BYTES:
        raise ValueError(
            f"the key file `{path}` has {len(key)} bytes instead of {_KEY_BYTES}: "
            "restore it from a backup; without it nothing that is held can be opened"
        )
    return key
