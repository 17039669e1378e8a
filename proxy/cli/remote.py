"""Finds the sidecar that serves from a data folder, and speaks to its console as the operator."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from proxy.data_dir.files import read_secret
from proxy.data_dir.lock import held
from rules.review.inert import visible

_SECONDS = 10.0
_SILENT_SECONDS = 40.0
_HOLD_ID = re.compile(r"[0-9A-Z]{26}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound

type Run = Callable[[argparse.Namespace], int]


class Negative(Exception):
    """what was asked for did not happen; the message says why and what to do"""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """Where a running sidecar listens; URLs without a path."""

    proxy: str
    console: str


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Declare the flag that names the sidecar's folder."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("SIDEGATE_DATA_DIR") or ".sidegate"),
        metavar="DIR",
        help="the sidecar's data folder (default: $SIDEGATE_DATA_DIR, else .sidegate)",
    )


def finish(parser: argparse.ArgumentParser, run: Run) -> None:
    """Complete a command that is about a data folder, or asks the console that serves from it."""
    add_data_dir(parser)
    parser.set_defaults(run=reported(run))


def reported(run: Run) -> Run:
    """`run`, with a negative result told on standard error and turned into its exit code.

    A file of the sidecar that somebody else may not read or write is one.
    """

    def reporting(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except Negative as told:
            negative = told
        except PermissionError as error:
            if error.filename is None:
                raise
            negative = Negative(
                f"`{error.filename}` cannot be used ({error.strerror}): run this as the sidecar's user"
            )
        sys.stderr.write(f"sidegate: {visible(str(negative))}\n")
        return negative.code

    return reporting


def find(data_dir: Path) -> Sidecar:
    """The sidecar that serves from `data_dir`. Raises Negative where none does."""
    path = data_dir / "serve.json"
    try:
        # Whoever listens at the address of a dead sidecar must not be given the operator's token.
        if not held(data_dir):
            raise _absent(data_dir)
        text = read_secret(path)
    except FileNotFoundError:
        raise _absent(data_dir) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        found = json.loads(text)
        return Sidecar(proxy=_reachable(found["proxy"]), console=_reachable(found["console"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Negative(f"`{path}` does not say where the sidecar listens: start it anew") from error


@contextmanager
def console(data_dir: Path) -> "Iterator[Console]":
    """The console of the sidecar that serves from `data_dir`, spoken to as the operator."""
    sidecar = find(data_dir)
    path = data_dir / "operator.token"
    try:
        token = read_secret(path).decode("ascii").strip()
    except FileNotFoundError:
        raise Negative(f"there is no `{path}`: start the sidecar anew, it makes one") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError:
        token = ""
    # A client library would quote an odd token in its complaint.
    if not _TOKEN.fullmatch(token):
        raise Negative(f"`{path}` is not a token: remove it and start the sidecar anew")
    with _client(sidecar, {"Authorization": f"Bearer {token}"}) as client:
        yield Console(client, token_file=path)


def check_ready(sidecar: Sidecar) -> None:
    """Raises Negative unless the sidecar can do its work now."""
    with _client(sidecar, {}) as client:
        response = _send(client, "GET", "/readyz")
    missing = _members(response).get("not_ready")
    if response.is_success:
        return
    named = f" ({', '.join(map(str, missing))})" if isinstance(missing, list) else ""
    raise Negative(f"the sidecar is not ready{named}: see its log")


class Console:
    """The API that reviewers use."""

    def __init__(self, client: httpx2.Client, *, token_file: Path) -> None:
        self._client = client
        self._token_file = token_file

    def ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The members of the answer. Raises Negative with the console's own words if it says no."""
        response = _send(self._client, method, path, **request)
        members = _members(response)
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            raise Negative(
                f"the console does not take the token in `{self._token_file}`: "
                "start the sidecar anew, it reads the token when it starts"
            )
        if not response.is_success:
            raise Negative(str(members.get("detail", f"the console answers {response.status_code}")))
        return members

    def events(self) -> Iterator[str]:
        """Something for each change of a hold, until the console ends it. Raises Negative."""
        try:
            limits = httpx2.Timeout(_SECONDS, read=_SILENT_SECONDS)
            with self._client.stream("GET", "/api/events", timeout=limits) as stream:
                if stream.is_success:
                    yield from (line for line in stream.iter_lines() if line.startswith("event:"))
        except httpx2.HTTPError as error:
            raise Negative(f"the console's events ended ({type(error).__name__})") from error


def hold_path(hold_id: str) -> str:
    """The API's path of a hold. Raises Negative where no hold can have this id."""
    if not _HOLD_ID.fullmatch(hold_id):
        raise Negative(f"there is no hold `{hold_id}`: `sidegate holds` lists them")
    return f"/api/holds/{hold_id}"


def grant_path(grant_id: str) -> str:
    """The API's path of a grant. Raises Negative where no grant can have this id."""
    if not _HOLD_ID.fullmatch(grant_id):
        raise Negative(f"there is no grant `{grant_id}`: `sidegate grants` lists them")
    return f"/api/grants/{grant_id}"


def _client(sidecar: Sidecar, headers: Mapping[str, str]) -> httpx2.Client:
    """A client that takes nothing from the environment: no proxy, no other certificate store."""
    return httpx2.Client(
        base_url=sidecar.console,
        headers=headers,
        timeout=_SECONDS,
        trust_env=False,
        follow_redirects=False,
    )


def _send(client: httpx2.Client, method: str, path: str, **request: Any) -> httpx2.Response:
    try:
        return client.request(method, path, **request)
    except httpx2.TimeoutException as error:
        message = f"the console at `{client.base_url}` did not answer within {_SECONDS:g} s: see its log"
        raise Negative(message) from error
    except httpx2.HTTPError as error:
        message = (
            f"the console at `{client.base_url}` cannot be reached ({error}): "
            "if the sidecar is not running any more, start it with `sidegate serve`"
        )
        raise Negative(message) from error


def _members(response: httpx2.Response) -> dict[str, Any]:
    try:
        members = response.json()
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise Negative(f"what answers at `{response.url.host}:{response.url.port}` is not a sidegate console")
    return members


def _reachable(url: str) -> str:
    """`url`, with an address that means every interface replaced by one that can be connected to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    host = _ANYWHERE.get(parts.hostname)
    return url if host is None else f"{parts.scheme}://{host}:{parts.port}"


def _absent(data_dir: Path) -> Negative:
    return Negative(
        f"no sidecar serves from `{data_dir}`: start it with `sidegate serve --data-dir {data_dir}`, "
        "or name its folder with --data-dir"
    )


def _unreadable(path: Path, error: OSError) -> Negative:
    return Negative(f"`{path}` cannot be read ({error.strerror or error}): run this as the sidecar's user")
