"""Everybody who may decide: people by their tokens in files, and those of the data folder."""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from time import time

from proxy.config import Config
from proxy.console.people.directory import Directory
from proxy.console.people.elsewhere.provider import Provider
from proxy.console.people.entry import OPERATOR
from proxy.console.people.tokens import ApiTokens
from proxy.console.people.users import Passwords
from proxy.credentials.sources.endpoint import Endpoint
from proxy.data_dir.files import read_secret, write_secret
from proxy.data_dir.trust import upstream_context
from proxy.destinations import Address

_TOKEN = re.compile(rb"[A-Za-z0-9._~+/=-]{16,512}")


def people(data_dir: Path, config: Config, *, console: Address) -> Directory:
    """Everybody that `config` and the data folder know. Raises ValueError, or OSError."""
    if config.console.authentication == "none" and not _demo(console):
        raise ValueError(
            "calls wait here for people, and `console.authentication: none` lets anybody in: "
            "leave it out; it is for `make demo` on a loopback address alone"
        )
    folder = people_folder(data_dir)
    passwords, tokens = Passwords(folder), ApiTokens(folder, now=lambda: datetime.now(UTC))
    # What was changed by hand is said at the start, and not when somebody cannot log in.
    for read in (passwords.all, tokens.all):
        read()
    given = reviewers(data_dir, config.token_files)
    return Directory(given, entry=config.console, passwords=passwords, api_tokens=tokens)


def provider(config: Config, *, trust: Path) -> Provider | None:
    """Where people log in who do not log in here, reached with the authorities in `trust`."""
    if config.console.oidc is None:
        return None
    endpoint = Endpoint(trust=upstream_context(trust), now=time)
    return Provider(config.console.oidc, endpoint=endpoint, now=lambda: datetime.now(UTC))


def people_folder(data_dir: Path) -> Path:
    """Where the data folder has its people."""
    return data_dir / "people"


def reviewers(data_dir: Path, others: Mapping[str, Path]) -> dict[str, bytes]:
    """SHA-256 of each token by name; the operator's own is made on first use. Raises ValueError."""
    path = data_dir / "operator.token"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32).encode() + b"\n", exclusive=True)
    files = {OPERATOR: path, **others}
    tokens = {name: hashlib.sha256(_token(file)).digest() for name, file in files.items()}
    for name, token in tokens.items():
        if first := next((n for n, t in tokens.items() if t == token and n != name), None):
            raise ValueError(f"`{name}` and `{first}` have the same token: give each their own")
    return tokens


def _demo(console: Address) -> bool:
    """Whether this is the demo, and nobody but this machine reaches it."""
    try:
        return os.environ.get("SIDEGATE_DEMO") == "1" and ip_address(console[0]).is_loopback
    except ValueError:
        return False


def _token(path: Path) -> bytes:
    """A reviewer's token. Raises ValueError."""
    try:
        token = read_secret(path).strip()
    except FileNotFoundError as error:
        raise ValueError(f"there is no token file `{path}`: write a token into it, mode 600") from error
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            f"`{path}` holds no token: write 16 to 512 letters, digits and `._~+/=-` into it, on one line"
        )
    return token
