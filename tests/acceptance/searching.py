"""Where a secret could stand: every spelling of it, and all that a sidecar's store holds."""

import base64
from collections.abc import Callable
from typing import Any

from redis import Redis

from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar


def spellings(secret: str) -> set[bytes]:
    """Ways in which it could stand somewhere: as it is, in hexadecimal digits, in base64 at any offset."""
    raw = secret.encode()
    shifted = {base64.b64encode(b"\0" * n + raw)[4 * (n > 0) : -4].rstrip(b"=") for n in range(3)}
    return {raw, raw.hex().encode(), *shifted}


def in_redis(sidecar: Sidecar) -> dict[str, bytes]:
    """Every key as it is and as a dump, then everything written anew as the server's own snapshot."""
    with Redis(unix_socket_path=str(sidecar.redis_socket)) as redis:
        keys = list(redis.scan_iter())
        assert keys, "the store holds something"
        places = {f"redis {key!r}": _content(redis, key) + (redis.dump(key) or b"") for key in keys}
        redis.bgrewriteaof()
        until(lambda: not redis.info()["aof_rewrite_in_progress"], deadline=60, what="the snapshot")
    return places


def _content(redis: Any, key: bytes) -> bytes:
    """What a key holds, without the compression of a dump."""
    readers: dict[bytes, Callable[[bytes], object]] = {
        b"hash": redis.hgetall,
        b"string": redis.get,
        b"zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
        b"set": redis.smembers,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"stream": redis.xrange,
    }
    found = readers[redis.type(key)](key)
    parts = found.items() if isinstance(found, dict) else found
    return key + (parts if isinstance(parts, bytes) else b"".join(map(_flat, parts)))  # type: ignore[call-overload]


def _flat(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return b" ".join(map(_flat, value)) if isinstance(value, tuple | list) else str(value).encode()
