"""Redis: whether it keeps what it acknowledges, forgets nothing by itself, and has our time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from proxy.doctor.finding import Finding, doubt, fault, ok
from proxy.store.connection import connect

_TOLERATED = timedelta(seconds=5)
_WITH_US = "start the sidecar, with which it runs"


async def examine(url: str, *, embedded: bool, now: datetime) -> list[Finding]:
    """All about the store at `url`, which stands in no finding: it may hold a password.

    `embedded`: the sidecar has started it, with settings of its own that it lets nobody read.
    """
    client = connect(url)
    try:
        return await _reached(client, now, embedded=embedded)
    finally:
        await client.aclose()


async def _reached(client: Redis, now: datetime, *, embedded: bool) -> list[Finding]:
    try:
        seconds, micros = await client.time()
    except (RedisError, OSError) as error:
        cure = _WITH_US if embedded else "start Redis, or correct REDIS_URL; nothing is held while it is away"
        return [fault("store.reached", f"the store does not answer ({type(error).__name__})", cure)]
    skew = datetime.fromtimestamp(seconds + micros / 1e6, UTC) - now
    known = [ok("store.settings", "the store is the sidecar's own, with its settings")]
    about = known if embedded else await _settings(client)
    return [ok("store.reached", "the store answers"), _clock(skew), *about]


def _clock(skew: timedelta) -> Finding:
    if abs(skew) > _TOLERATED:
        said = f"the store's clock and this machine's are {abs(skew).total_seconds():.0f} s apart"
        return fault(
            "clock.store", said, "set both by NTP: approvals lapse by the one and are signed by the other"
        )
    return ok("clock.store", "the store's clock is this machine's")


async def _settings(client: Redis) -> list[Finding]:
    try:
        found = await client.config_get("*")
    except ResponseError:
        cure = "look there yourself: appendonly yes, appendfsync always, maxmemory-policy noeviction"
        return [doubt("store.settings", "the store does not tell its settings", cure)]
    except (RedisError, OSError):
        return [doubt("store.settings", "the store went away", "run this again")]
    return [*_kept(found), _evicts(found)]


def _kept(found: Mapping[str | None, str | None]) -> Iterator[Finding]:
    if found.get("appendonly") != "yes":
        cure = "set `appendonly yes`"
        yield fault("store.kept", "the store loses all holds when it ends", cure)
        return
    yield ok("store.kept", "the store writes what it acknowledges to disk")
    match found.get("appendfsync"):
        case "always":
            yield ok("store.synced", "each write is on disk before it is acknowledged")
        case "everysec":
            cure = "set `appendfsync always`, or `redis.replicas`"
            yield doubt("store.synced", "a power failure costs the store its last second", cure)
        case other:
            cure = "set `appendfsync always`"
            yield fault(
                "store.synced", f"the system writes to disk when it likes (`appendfsync {other}`)", cure
            )


def _evicts(found: Mapping[str | None, str | None]) -> Finding:
    policy = found.get("maxmemory-policy") or "unknown"
    if policy != "noeviction":
        cure = "set `maxmemory-policy noeviction`"
        return fault("store.evicts", f"when its memory is full, the store drops holds (`{policy}`)", cure)
    return ok("store.evicts", "the store refuses writes rather than drop holds")
