"""The cases of the network: whether a captured agent gets anything past the gate, told by the cable."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.acceptance.pod import WORLD_4, WORLD_6, Pod, pod, trusted
from tests.evasion.corpus import Case
from tests.evasion.judging import Judged, Result
from tests.evasion.subject import rules
from tests.nets import Echo

_SEND = """
import socket, sys
kind, host, port, data = sys.argv[1], sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
try:
    if kind == "icmp":
        line = socket.socket(family, socket.SOCK_RAW, 1)
    else:
        line = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    line.settimeout(3)
    line.connect((host, port))
    line.sendall(data) if kind == "tcp" else line.send(data)
    print("heard", line.recv(300))
except OSError as error:
    print("nothing", error)
"""
_TRY = (
    "import sys\ntry:\n    exec(sys.argv[1])\n    print('DONE')\nexcept OSError as error:\n    print(error)\n"
)
_STORE_PORT = 6379

type Attempt = Callable[["Isolation", Case], str]
"""Why a case escaped, or nothing."""


class Isolation:
    """A captured pod, made for the first case and kept for all."""

    def __init__(self, folder: Path) -> None:
        self._pod = pod(folder, rules=rules())

    def __enter__(self) -> Self:
        self.running: Pod = self._pod.__enter__()
        self.running.up("--close", f"{self.running.console_port},{_STORE_PORT}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pod.__exit__(kind, error, trace)

    def run(self, case: Case) -> Result:
        """Judge one case; one that nobody knows here has not been tried, and counts as escaped."""
        attempt = _ATTEMPTS.get(case.id)
        if attempt is None:
            return Result(case=case, judged=Judged.ESCAPED, observed="nobody knows how to try it")
        before = self.running.packets()
        why = attempt(self, case)
        left = self.running.packets() - before
        judged = Judged.ESCAPED if why or left else Judged.EXPECTED
        return Result(case=case, judged=judged, observed=f"{why or 'refuse'}; {left} packets left")

    def send(self, kind: str, host: str, port: int, data: bytes) -> str:
        """What an agent hears."""
        return self.running.agent("/usr/bin/python3", "-c", _SEND, kind, host, str(port), data.hex())

    def may(self, script: str) -> bool:
        """Whether an agent can do something."""
        return "DONE" in self.running.agent("/usr/bin/python3", "-c", _TRY, script)

    def curl(self, *arguments: str) -> str:
        """What an agent's curl says, by no proxy."""
        bundle = str(trusted(self.running.sidecar))
        return self.running.agent("curl", "-sS", "--noproxy", "*", "-m", "10", "--cacert", bundle, *arguments)


def _bytes_to(kind: str, *places: tuple[str, int]) -> Attempt:
    def attempt(isolation: Isolation, case: Case) -> str:
        for host, port in places:
            isolation.send(kind, host, port, case.data)
        return ""

    return attempt


def _to_the_store(isolation: Isolation, case: Case) -> str:
    with Echo(isolation.running.net, "store", [("tcp", "127.0.0.1", _STORE_PORT)]) as store:
        isolation.send("tcp", "127.0.0.1", _STORE_PORT, case.data)
        isolation.curl("-X", "POST", "-d", "SET a b", f"http://203.0.113.2:{_STORE_PORT}/")
        return "the store was reached" if store.noticed else ""


def _the_key(isolation: Isolation, case: Case) -> str:
    key = isolation.running.sidecar.data_dir / "ca" / "mitmproxy-ca.pem"
    return "the authority's key can be read" if isolation.may(f"open({str(key)!r})") else ""


def _the_gates_user(isolation: Isolation, case: Case) -> str:
    return "it became the gate's user" if isolation.may("import os; os.setuid(0)") else ""


def _the_rules(isolation: Isolation, case: Case) -> str:
    said = isolation.running.agent("nft", "delete", "table", "inet", "sidegate")
    still = isolation.running.net.run("nft", "list", "tables")
    return "" if "ermitted" in said and "sidegate" in still else "the rules are gone"


def _sockets(isolation: Isolation, case: Case) -> str:
    """Nothing is mounted here; that `exec` covers what is, is tried with the room."""
    script = "import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')"
    return "a container engine does errands for it" if isolation.may(script) else ""


def _hidden_name(isolation: Isolation, case: Case) -> str:
    """The outer name is the one that counts, and no key for an inner one is given."""
    said = isolation.curl("-H", "Host: pay.test", "--connect-to", "::203.0.113.9:443", "https://cover.test/")
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0\3pay\4test\0\0\x41\0\1"
    answered = isolation.send("udp", WORLD_4, 53, question)
    no_keys = f"heard {question[:2] + bytes([0x81, 0x80, 0, 1, 0, 0])!r}"[:-1] in answered
    return "" if "authority_mismatch" in said and no_keys else f"{said[:80]} {answered[:80]}"


def _dead_gate(isolation: Isolation, case: Case) -> str:
    isolation.running.sidecar.kill9()
    try:
        said = isolation.curl("https://pay.test/")
    finally:
        isolation.running.sidecar.start()
    return "" if "curl:" in said else "it got an answer"


_ATTEMPTS: dict[str, Attempt] = {
    "NE-01": _bytes_to("tcp", (WORLD_4, 443), (WORLD_6, 443)),
    "NE-02": _bytes_to("tcp", (WORLD_6, 80), (WORLD_6, 443)),
    "NE-04": _bytes_to("udp", (WORLD_4, 53), (WORLD_6, 53)),
    "NE-05": _bytes_to("tcp", (WORLD_4, 80), (WORLD_4, 443)),
    "NE-06": _bytes_to("icmp", (WORLD_4, 0)),
    "NE-08": _to_the_store,
    "NE-09": _the_key,
    "NE-10": _the_gates_user,
    "NE-12": _the_rules,
    "NE-13": _sockets,
    "NE-16": _hidden_name,
    "NE-19": _dead_gate,
}
