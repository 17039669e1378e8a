"""The rules in the kernel: in force, undone, and what they let through between two network namespaces."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from proxy.capture import programs, table
from proxy.capture.plan import Plan
from proxy.capture.programs import CaptureError
from proxy.capture.table import Standing
from tests.nets import Net, as_user, joined, needs_nets, nets

pytestmark = needs_nets

PLAN = Plan(to=15001, dns=15053, spared=0, closed=(8081,))
FOREIGN = "table inet other {\n\tchain c {\n\t}\n}\n"


@pytest.fixture
def net() -> Iterator[Net]:
    """A network namespace of its own, with this test in it."""
    with nets(1) as (made,), made:
        yield made


@pytest.mark.usefixtures("net")
def test_up_twice_and_down_twice() -> None:
    """Both can be done again without harm."""
    assert table.standing(PLAN) is Standing.ABSENT
    for _ in range(2):
        table.up(PLAN)
        assert table.standing(PLAN) is Standing.IN_FORCE
    for _ in range(2):
        table.down()
        assert table.standing(PLAN) is Standing.ABSENT


def test_only_ours_is_taken_away(net: Net) -> None:
    """The tables of others stay."""
    net.run("nft", "-f", "-", stdin=FOREIGN)
    table.up(PLAN)
    table.down()
    assert net.run("nft", "list", "ruleset").split() == FOREIGN.split()


@pytest.mark.usefixtures("net")
def test_another_plan() -> None:
    """A table for other ports is whole, and not what was asked for."""
    table.up(PLAN)
    assert table.standing(Plan(to=15001, dns=15053, spared=1)) is Standing.OTHER_PLAN


@pytest.mark.parametrize(
    "change",
    [
        "insert rule inet sidegate agent accept",
        "flush chain inet sidegate agent",
        "delete rule inet sidegate turned handle 5",
        "add chain inet sidegate made_0000000000000000_0000000000000000",
        "add chain inet sidegate leaving { policy accept; }",
    ],
)
def test_changes_are_found(net: Net, change: str) -> None:
    """A rule more, one less, another policy, a second mark."""
    table.up(PLAN)
    net.run("nft", change)
    assert table.standing(PLAN) is Standing.CHANGED
    table.up(PLAN)
    assert table.standing(PLAN) is Standing.IN_FORCE


def test_half_of_it_is_taken_back(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the mark cannot be set, nothing stays."""
    real = programs.run

    def failing(program: str, *arguments: str, stdin: str = "") -> str:
        if "made_" in stdin:
            raise CaptureError("broken")
        return real(program, *arguments, stdin=stdin)

    monkeypatch.setattr(table, "run", failing)
    with pytest.raises(CaptureError, match="broken"):
        table.up(PLAN)
    assert net.run("nft", "list", "ruleset") == ""


def test_rules_that_the_kernel_refuses_change_nothing(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in force stays in force."""
    table.up(PLAN)
    monkeypatch.setattr(
        Plan, "rules", lambda _: "add table inet sidegate\ndelete table inet sidegate\nnonsense\n"
    )
    with pytest.raises(CaptureError):
        table.up(PLAN)
    monkeypatch.undo()
    assert table.standing(PLAN) is Standing.IN_FORCE
    assert "chain turned" in net.run("nft", "list", "ruleset")


def test_without_the_privilege(net: Net) -> None:
    """Who may not change the network hears which capability it takes."""
    done = net.try_("nft", "-f", "-", uid=1500, stdin=PLAN.rules())
    assert done.returncode != 0
    assert "ermitted" in done.stderr


WORLD_4, WORLD_6 = "203.0.113.1", "2001:db8:113::1"
PORTS = (443, 5432, 853)

PROBE = """
import socket, sys
def tcp(host, port):
    with socket.create_connection((host, port), 2) as line:
        line.settimeout(2)
        return line.recv(16).decode()
def udp(host, port):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(1)
        line.sendto(b"?", (host, port))
        return line.recv(16).decode()
for word in sys.argv[1:]:
    kind, host, port = word.split(",")
    try:
        print(word, {"tcp": tcp, "udp": udp}[kind](host, int(port)))
    except OSError as error:
        print(word, "nothing")
"""


class Echo:
    """Sockets in a namespace that each say one word to whoever comes."""

    def __init__(self, net: Net, word: str, places: list[tuple[str, str, int]]) -> None:
        self._word = word.encode()
        self._stack = ExitStack()
        with net:
            for kind, host, port in places:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                made = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
                self._stack.enter_context(closing(made))
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind((host, port))
                made.settimeout(0.2)
                threading.Thread(target=self._tcp if kind == "tcp" else self._udp, args=(made,)).start()

    def __enter__(self) -> "Echo":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _tcp(self, listener: socket.socket) -> None:
        listener.listen()
        while listener.fileno() >= 0:
            try:
                line, _ = listener.accept()
            except OSError:
                continue
            with line:
                line.sendall(self._word)

    def _udp(self, bound: socket.socket) -> None:
        while bound.fileno() >= 0:
            try:
                _, sender = bound.recvfrom(16)
                bound.sendto(self._word, sender)
            except OSError:
                continue


@pytest.fixture
def pod() -> Iterator[Net]:
    """A pod with a gate and a console in it, and a cable to a world that answers on every port tried."""
    both = (WORLD_4, WORLD_6)
    tcp = [("tcp", host, port) for host in both for port in PORTS]
    udp = [("udp", host, port) for host in both for port in (53, 443, 9999)]
    loopback = ("127.0.0.1", "::1")
    gate = [(kind, host, port) for host in loopback for kind, port in (("tcp", 15001), ("udp", 15053))]
    console = [("tcp", host, 8081) for host in loopback]
    with (
        nets(2) as (pod, world),
        joined(pod, world),
        Echo(world, "world", tcp + udp),
        Echo(pod, "gate", gate),
        Echo(pod, "console", [*console, ("tcp", "127.0.0.1", 3000), ("udp", "127.0.0.53", 9999)]),
    ):
        yield pod


def heard(pod: Net, *words: str, uid: int) -> dict[str, str]:
    """Who answered each probe."""
    said = pod.run("/usr/bin/python3", "-c", PROBE, *words, uid=uid)
    return dict(line.split() for line in said.splitlines())


ANSWERS = {
    f"tcp,{WORLD_4},443": "gate",
    f"tcp,{WORLD_6},443": "gate",
    f"tcp,{WORLD_4},5432": "gate",
    f"udp,{WORLD_4},53": "gate",
    f"udp,{WORLD_6},53": "gate",
    "udp,127.0.0.53,53": "gate",
    f"udp,{WORLD_4},443": "nothing",
    f"udp,{WORLD_6},443": "nothing",
    f"udp,{WORLD_4},9999": "nothing",
    "udp,127.0.0.53,9999": "nothing",
    "tcp,127.0.0.1,8081": "nothing",
    "tcp,::1,8081": "nothing",
    "tcp,127.0.0.1,3000": "console",
    "tcp,169.254.169.254,80": "nothing",
    "tcp,fd00:ec2::254,80": "nothing",
}


def test_who_answers_an_agent(pod: Net) -> None:
    """Everything leads to the gate or nowhere, over both families; the gate's own user is left alone."""
    before = heard(pod, f"tcp,{WORLD_4},443", f"udp,{WORLD_6},443", "tcp,127.0.0.1,8081", uid=1500)
    assert list(before.values()) == ["world", "world", "console"]
    with pod:
        table.up(PLAN)
    assert heard(pod, *ANSWERS, uid=1500) == ANSWERS
    own = heard(pod, f"tcp,{WORLD_4},443", f"udp,{WORLD_6},443", "tcp,127.0.0.1,8081", uid=0)
    assert list(own.values()) == ["world", "world", "console"]


def test_only_the_named_user(pod: Net) -> None:
    """With `agents`, others go where they want."""
    with pod:
        table.up(Plan(to=15001, dns=15053, agents=(1500,), ports=(443,), closed=(8081,)))
    probes = (f"tcp,{WORLD_4},443", f"tcp,{WORLD_4},853", f"udp,{WORLD_4},443", "tcp,127.0.0.1,8081")
    assert list(heard(pod, *probes, uid=1500).values()) == ["gate", "nothing", "nothing", "nothing"]
    assert list(heard(pod, *probes, uid=1501).values()) == ["world", "world", "world", "console"]


HANGING_ON = """
import socket, sys
line = socket.create_connection((sys.argv[1], 8443), 5)
print("connected", flush=True)
sys.stdin.readline()
line.settimeout(3)
try:
    line.sendall(b"secret")
    print("answered" if line.recv(16) else "ended")
except OSError:
    print("ended")
"""


def test_what_began_before_ends() -> None:
    """A connection from before the rules carries nothing out after them."""
    with nets(2) as (pod, world):
        joined(pod, world)
        with world:
            listener = socket.create_server((WORLD_4, 8443))
        with pod:
            command = [*as_user(1500), "/usr/bin/python3", "-c", HANGING_ON, WORLD_4]
            agent = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
            )
        with listener, closing(listener.accept()[0]) as line:
            assert agent.stdout is not None
            assert agent.stdout.readline() == "connected\n"
            with pod:
                table.up(PLAN)
            out, _ = agent.communicate("go\n", timeout=30)
            assert out == "ended\n"
            line.settimeout(0.5)
            with suppress(OSError):
                assert line.recv(16) == b""


def test_dead_gate(pod: Net) -> None:
    """Nobody listens at the redirected port: refused."""
    with pod:
        table.up(Plan(to=15999, dns=15998, spared=0))
    probes = (f"tcp,{WORLD_4},443", f"tcp,{WORLD_6},443", f"udp,{WORLD_4},53")
    assert set(heard(pod, *probes, uid=1500).values()) == {"nothing"}
