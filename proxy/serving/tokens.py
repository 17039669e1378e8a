"""Who may decide: reviewers by name, each known by the hash of a token that lies in a file."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from proxy.data_dir.files import read_secret, write_secret

_TOKEN = re.compile(rb"[A-Za-z0-9._~+/=-]{16,512}")


def reviewers(data_dir: Path, others: Mapping[str, Path]) -> dict[str, bytes]:
    """SHA-256 of each token by name; the operator's own is made on first use. Raises ValueError."""
    path = data_dir / "operator.token"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32).encode() + b"\n", exclusive=True)
    files = {"operator": path, **others}
    tokens = {name: hashlib.sha256(_token(file)).digest() for name, file in files.items()}
    for name, token in tokens.items():
        if first := next((n for n, t in tokens.items() if t == token and n != name), None):
            raise ValueError(f"`{name}` and `{first}` have the same token: give each their own")
    return tokens


def _token(path: Path) -> bytes:
    """A reviewer's token. Raises ValueError."""
    try:
        token = read_secret(path, given=True).strip()
    except FileNotFoundError as error:
        raise ValueError(f"there is no token file `{path}`: write a token into it, mode 600") from error
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            f"`{path}` holds no token: write 16 to 512 letters, digits and `._~+/=-` into it, on one line"
        )
    return token
