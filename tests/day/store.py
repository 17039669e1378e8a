"""A Redis server of the day's own, on a port, with its data on disk."""

import shutil
import subprocess
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.acceptance.processes import until
from tests.ports import free_ports

_CURE = "install it with `apt-get install redis-server`"
_SECONDS = 20.0


class RedisServer:
    """Starts, stops and starts again; what was written is there again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Run it, and wait until it answers."""
        program = shutil.which("redis-server")
        assert program is not None, f"there is no `redis-server` on PATH: {_CURE}"
        command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--logfile", "redis.log"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        until(self._answers, deadline=_SECONDS, what="the store to answer")

    def stop(self) -> None:
        """End it as an operator does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process = None

    def spoil(self, hold_id: str) -> None:
        """Write over the contents of a hold, past everything that guards them."""
        with Redis.from_url(self.url) as redis:
            (key,) = redis.scan_iter(match=f"*:hold:{hold_id}", count=10_000)
            redis.hset(key, "sealed", "x" * 300)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as redis:
                return bool(redis.ping())
        except RedisError:
            return False
