"""A whole sidecar as a process: how it starts, why it does not, how it drains and what it leaves behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from proxy.data_dir.embedded import find_binary
from tests.acceptance.authority import Authority
from tests.acceptance.clients import Answer, Call, curl
from tests.acceptance.processes import until
from tests.acceptance.received import Stage
from tests.acceptance.sidecar import OPEN_LOCALHOST, Sidecar
from tests.acceptance.upstream import Upstream
from tests.ports import free_ports

RULES = (
    'version: 1\nrules:\n  - {id: pay, match: {host: localhost, method: POST, path: "/pay/**"}, tier: 4}\n'
)
PASSWORD = "pass-word-9137"

UNREADABLE = f"{OPEN_LOCALHOST}credentials: [{{host: bank.example, name: bank, env: SIDEGATE_TEST_UNSET}}]\n"

type Start = Callable[..., Sidecar]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make the authority of the upstreams."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def upstream(authority: Authority) -> Iterator[Upstream]:
    """Run a recording upstream."""
    with Upstream(authority.issue()) as running:
        yield running


@pytest.fixture
def start(authority: Authority) -> Iterator[Start]:
    """Start sidecars that end with the test."""
    with ExitStack() as stack:

        def starting(config: str = OPEN_LOCALHOST, **environment: str) -> Sidecar:
            own = Sidecar(upstream_ca=authority.ca, rules=RULES, config=config, environment=environment)
            return stack.enter_context(own)

        yield starting


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Run clients beside the test."""
    with ThreadPoolExecutor(4) as running:
        yield running


@pytest.fixture
def redis_port() -> Iterator[int]:
    """Run a shared Redis that listens on TCP, on every address, and wants a password."""
    with tempfile.TemporaryDirectory() as folder:
        (port,) = free_ports(1)
        command = [
            shutil.which("redis-server") or find_binary(),
            "--port",
            str(port),
            "--dir",
            folder,
            "--save",
            "",
            "--appendonly",
            "yes",
        ]
        command += ["--requirepass", PASSWORD, "--bind", "0.0.0.0"]  # noqa: S104 (as a shared one is)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
            try:
                until(lambda: _listens(port), deadline=10, what="redis to listen")
                yield port
            finally:
                running.terminate()
                running.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def call(sidecar: Sidecar, url: str, *, method: str = "GET", wait: int = 0) -> Answer:
    """One request of an agent."""
    body = b'{"amount": 7}' if method == "POST" else None
    headers = (("Prefer", f"wait={wait}"), ("Content-Type", "application/json"))
    return curl(
        Call(method=method, url=url, headers=headers, body=body, proxy=sidecar.proxy, ca=sidecar.ca_bundle),
        "--http1.1",
    )


def proxy_port(sidecar: Sidecar) -> int:
    """Where agents connect."""
    return int(sidecar.proxy.rpartition(":")[2])


@contextmanager
def under_way(
    sidecar: Sidecar, upstream: Upstream, pool: ThreadPoolExecutor
) -> Iterator[tuple[Callable[[], None], Future[Answer]]]:
    """A request that the upstream has and does not answer until it is let go."""
    with upstream.stop_at(Stage.RECEIVED, method="GET", path="/bytes/100000") as stop:
        asked = pool.submit(call, sidecar, upstream.url("/bytes/100000"))
        stop.wait()
        yield stop.release, asked


def ended(pid: int) -> bool:
    """Whether the process has ended; its exit code stays for whoever started it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def test_a_start_and_an_end(start: Start) -> None:
    """While it runs, serve.json says where; after Ctrl-C it is gone, the store too, and the code is 0.

    A credential that cannot be read keeps nobody from starting, and is said.
    """
    sidecar = start(UNREADABLE)
    path = sidecar.data_dir / "serve.json"
    found = json.loads(path.read_text())
    assert found == {"proxy": sidecar.proxy, "console": sidecar.console, "pid": sidecar.pid}
    assert path.stat().st_mode & 0o777 == 0o600
    assert sidecar.redis_pid() is not None
    assert "sidegate is serving" in sidecar.log
    missing = (
        "WARNING credential.unreadable credential=bank why=the environment variable `SIDEGATE_TEST_UNSET`"
    )
    assert sidecar.log.count(missing) == 1
    assert sidecar.stop() == 0
    assert not path.exists()
    assert sidecar.redis_pid() is None
    assert "Traceback" not in sidecar.log


def test_sigterm_lets_an_answer_finish(start: Start, upstream: Upstream, pool: ThreadPoolExecutor) -> None:
    """New clients are turned away at once, the one under way gets its whole answer, then it ends with 0."""
    sidecar = start()
    pid = sidecar.pid
    with under_way(sidecar, upstream, pool) as (let_go, asked):
        os.kill(pid, signal.SIGTERM)
        until(lambda: not _listens(proxy_port(sidecar)), deadline=10, what="the listener to close")
        # As long as the answer takes, so does the drain.
        end = time.monotonic() + 1.5
        until(lambda: ended(pid) or time.monotonic() > end, deadline=5, what="some time to pass")
        assert not ended(pid)
        assert not asked.done()
        let_go()
        answer = asked.result(20)
    assert (answer.status, len(answer.body)) == (200, 100_000)
    until(lambda: ended(pid), deadline=20, what="the sidecar to end")
    assert sidecar._alive().wait(5) == 0
    sidecar._process = None
    assert not (sidecar.data_dir / "serve.json").exists()


def test_sigterm_answers_who_waits_for_a_human(
    start: Start, upstream: Upstream, pool: ThreadPoolExecutor
) -> None:
    """A held request that waits inline hears that it is held; after the next start the hold is there."""
    sidecar = start()
    asked = pool.submit(call, sidecar, upstream.url("/pay/1"), method="POST", wait=60)
    until(sidecar.holds, deadline=10, what="the hold")
    began = time.monotonic()
    assert sidecar.stop() == 0
    answer = asked.result(5)
    assert time.monotonic() - began < 10
    assert (answer.status, json.loads(answer.body)["state"]) == (403, "pending")
    sidecar.start()
    assert [hold["hold_id"] for hold in sidecar.holds()] == [answer.header("Sidegate-Hold")]


def test_sigterm_lets_a_replay_finish(start: Start, upstream: Upstream, pool: ThreadPoolExecutor) -> None:
    """An approved action that is being sent is answered and recorded before the end."""
    sidecar = start()
    hold_id = str(call(sidecar, upstream.url("/pay/2"), method="POST").header("Sidegate-Hold"))
    with upstream.stop_at(Stage.RECEIVED, path="/pay/2") as stop:
        sidecar.approve(hold_id)
        stop.wait()
        ending = pool.submit(sidecar.stop)
        until(lambda: not _listens(proxy_port(sidecar)), deadline=10, what="the listener to close")
    assert ending.result(20) == 0
    sidecar.start()
    assert sidecar.hold(hold_id)["state"] == "executed"
    assert call(sidecar, upstream.url("/pay/2"), method="POST").status == 201
    assert upstream.count("POST") == 1


def test_a_second_ctrl_c_ends_at_once(start: Start, upstream: Upstream, pool: ThreadPoolExecutor) -> None:
    """Who does not want to wait for the drain does not have to; the store's server is adopted later."""
    sidecar = start()
    pid = sidecar.pid
    with under_way(sidecar, upstream, pool) as (_, asked):
        os.kill(pid, signal.SIGINT)
        until(lambda: not _listens(proxy_port(sidecar)), deadline=10, what="the drain to begin")
        assert not ended(pid)
        os.kill(pid, signal.SIGINT)
        until(lambda: ended(pid), deadline=3, what="the sidecar to end")
        assert sidecar._alive().wait(5) == 130
        sidecar._process = None
        with pytest.raises(ConnectionError):
            asked.result(10)
    store = sidecar.redis_pid()
    assert store is not None
    sidecar.start()
    assert sidecar.redis_pid() == store


def test_after_a_crash(start: Start) -> None:
    """A stale serve.json sends nobody to a stranger's port, and the next start replaces it."""
    sidecar = start()
    first = sidecar.pid
    sidecar.kill9()
    assert json.loads((sidecar.data_dir / "serve.json").read_text())["pid"] == first
    said = sidecar.cli("holds")
    assert said.returncode == 1
    assert "no sidecar serves from" in said.stderr
    sidecar.start()
    assert json.loads((sidecar.data_dir / "serve.json").read_text())["pid"] == sidecar.pid
    assert sidecar.holds() == []


def test_a_second_sidecar_on_one_folder(start: Start) -> None:
    """It is refused with the cure, and the first one is not disturbed."""
    sidecar = start()
    said = sidecar.cli("serve", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
    assert said.returncode == 1
    expected = (
        f"sidegate: another sidecar serves from `{sidecar.data_dir}`: stop it, or give another --data-dir"
    )
    assert expected in said.stderr
    assert sidecar.holds() == []


def test_a_shared_redis(start: Start, redis_port: int, upstream: Upstream) -> None:
    """Holds live in it; no agent reaches it, by whichever address and whatever the operator has opened."""
    config = "version: 1\ndestinations: {allow: [localhost, 127.0.0.0/8, 0.0.0.0/0]}\n"
    sidecar = start(config, REDIS_URL=f"redis://:{PASSWORD}@localhost:{redis_port}/0")
    assert not (sidecar.data_dir / "redis").exists()
    hold_id = str(call(sidecar, upstream.url("/pay/1"), method="POST").header("Sidegate-Hold"))
    sidecar.approve(hold_id)
    sidecar.wait_state(hold_id, {"executed"})
    for host in ("localhost", "127.0.0.1", "127.0.0.9", *_own_addresses()):
        refused = call(sidecar, f"http://{host}:{redis_port}/")
        assert (refused.status, json.loads(refused.body)["reason_id"]) == (403, "destination_refused"), host
    for host, port in (("localhost", sidecar.console), ("127.0.0.9", sidecar.proxy)):
        assert call(sidecar, f"http://{host}:{port.rpartition(':')[2]}/").status == 403, host
    sidecar.kill9()
    sidecar.start()
    assert sidecar.hold(hold_id)["state"] == "executed"
    assert PASSWORD not in sidecar.log


def _own_addresses() -> list[str]:
    """The other IPv4 address of this machine, if it has one; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]


def test_the_console_answers_to_its_configured_names(start: Start) -> None:
    """Prometheus may address it as the network does; any other name is still refused."""
    sidecar = start('version: 1\nconsole: {names: ["sidegate:8081"]}\n')
    for host, status in (("sidegate:8081", 200), ("sidegate", 421), ("evil.example:8081", 421)):
        answer = httpx2.get(f"{sidecar.console}/metrics", headers={"Host": host}, trust_env=False)
        assert answer.status_code == status, host
