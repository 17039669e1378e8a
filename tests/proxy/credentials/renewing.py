"""Renewed tokens over a real store and a real issuer; run as a program, one of two processes that share them.

    python -m tests.proxy.credentials.renewing REDIS DOMAIN ISSUER FILE COUNT

asks for COUNT tokens at once and prints each with its generation.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from proxy.credentials.sources.grants import Client, Grant, RefreshToken
from proxy.credentials.sources.renewed import Renewed
from proxy.credentials.sources.shelf import Shelf
from proxy.credentials.sources.stated import FromEnvironment, FromFile
from proxy.keys.keyring import Keyring
from proxy.metrics import Metrics
from proxy.store.connection import connect
from tests.proxy.credentials.issuer import CLIENT
from tests.proxy.credentials.trust import endpoint

SEAL_KEY = b"k" * 32
NEEDED = 120.0


def keyed(text: str) -> str:
    """As good as a keyed hash here."""
    return sha256(text.encode()).hexdigest()


class Shelves:
    """One approval domain's shelf, as each process has its own view of it."""

    def __init__(self, url: str, domain: str, tasks: asyncio.TaskGroup) -> None:
        self.tasks = tasks
        self.domain = domain
        self.redis = connect(url)
        self.shelf = Shelf(self.redis, domain=domain, keyring=Keyring([SEAL_KEY], domain=domain))
        self.metrics = Metrics()

    def renewed(
        self, grant: Grant, *, now: Callable[[], float] = time.time, name: str = "bank", settings: str = ""
    ) -> Renewed:
        """A credential whose tokens lie there."""
        return Renewed(
            name=name,
            grant=grant,
            shelf=self.shelf,
            keyed=keyed,
            now=now,
            metrics=self.metrics,
            needed=NEEDED,
            tasks=self.tasks,
            settings=settings,
        )


def refreshing(url: str, first: FromFile, secret: FromEnvironment | FromFile | None = None) -> RefreshToken:
    """The grant that the issuer at `url` gave; its client's secret is in a file beside `first`."""
    secret = secret or FromFile(first.path.with_name("client"))
    client = Client(url=f"{url}/token", identity=CLIENT[0], secret=secret)
    return RefreshToken(endpoint=endpoint(timeout=30.0), client=client, first=first)


def granted(folder: Path, refresh: str = "refresh-0") -> FromFile:
    """The operator's files."""
    (folder / "client").write_text(CLIENT[1])
    (folder / "refresh").write_text(refresh)
    return FromFile(folder / "refresh")


@asynccontextmanager
async def shelving(url: str, domain: str | None = None) -> AsyncIterator[Shelves]:
    """A view on a domain, which is a new one unless it is given."""
    async with asyncio.TaskGroup() as tasks:
        shelves = Shelves(url, domain or token_hex(8), tasks)
        yield shelves
    await shelves.redis.aclose()


async def _main(url: str, domain: str, issuer: str, file: str, count: str) -> None:
    async with shelving(url, domain) as shelves:
        renewed = shelves.renewed(refreshing(issuer, FromFile(Path(file))))
        found = await asyncio.gather(*(renewed.secret() for _ in range(int(count))))
        sys.stdout.write("".join(f"{secret.text} {secret.generation}\n" for secret in found))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
