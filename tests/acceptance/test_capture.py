"""Capture in real network namespaces: agents that know nothing of a proxy are gated, or go nowhere."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.pod import AGENT, WORLD_4, WORLD_6, Pod, pod, trusted
from tests.acceptance.processes import until
from tests.nets import Net, needs_nets

pytestmark = [pytest.mark.acceptance, pytest.mark.deploy, needs_nets]

ROOT = Path(__file__).parents[2]
PLAIN = "--noproxy", "*"

SOCKETS = """
import socket, ssl, sys
host, port, bundle = sys.argv[1], int(sys.argv[2]), sys.argv[3]
line = socket.create_connection((host, port), 10)
if port == 443:
    line = ssl.create_default_context(cafile=bundle).wrap_socket(line, server_hostname="pay.test")
body = b'{"amount": 5}'
line.sendall(b"POST /v1/charges HTTP/1.1\\r\\nHost: pay.test\\r\\nContent-Type: application/json\\r\\n"
             b"Content-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body) + body)
while data := line.recv(65536):
    sys.stdout.write(data.decode())
"""


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """One pod for all: captured, with an agent that reaches nothing else."""
    with pod(tmp_path_factory.mktemp("pod")) as running:
        running.up()
        yield running


def curl(captured: Pod, *flags: str) -> str:
    """What curl prints for the agent, without a proxy."""
    bundle = str(trusted(captured.sidecar))
    return captured.agent("curl", "-sS", *PLAIN, "--max-time", "20", "--cacert", bundle, *flags)


def test_a_read_passes(captured: Pod) -> None:
    """By HTTP/1.1 and by HTTP/2, over either family's address of the name."""
    for flags in (("--http1.1", "-4"), ("--http2", "-6")):
        assert curl(captured, *flags, "-w", "%{http_code}", "https://pay.test/v1/charges/1") == "{}200"
        (seen,) = captured.upstream.take().seen
        assert (seen.method, seen.origin) == (b"GET", b"/v1/charges/1")


@pytest.mark.parametrize("where", [(WORLD_4, 443), (WORLD_6, 443), ("192.0.2.9", 80), (WORLD_4, 80)], ids=str)
def test_plain_sockets_are_gated(captured: Pod, where: tuple[str, int]) -> None:
    """Whatever address they dial: a payment is held, and nothing reaches the upstream."""
    holds = len(captured.sidecar.holds())
    said = captured.agent(
        "/usr/bin/python3", "-c", SOCKETS, where[0], str(where[1]), str(trusted(captured.sidecar))
    )
    assert "HTTP/1.1 403 Held for approval" in said
    assert captured.upstream.take().seen == []
    # The same payment joins its hold; the two schemes are two calls.
    assert len(captured.sidecar.holds()) - holds in (0, 1)


@pytest.mark.skipif(not Path("/usr/bin/node").exists(), reason="needs node")
def test_node_is_gated(captured: Pod) -> None:
    """Its fetch knows no proxy."""
    script = (
        "fetch('https://pay.test/v1/charges', {method: 'POST', body: '{\"amount\": 7}'})"
        ".then(a => console.log(a.status, a.statusText))"
    )
    command = ["/usr/bin/env", f"NODE_EXTRA_CA_CERTS={trusted(captured.sidecar)}", "node", "-e", script]
    assert captured.agent(*command).startswith("403 Held for approval")


def test_a_client_that_does_not_trust_us(captured: Pod) -> None:
    """It gets nothing, and neither does the upstream."""
    said = captured.agent("curl", "-sS", *PLAIN, "--max-time", "20", "https://pay.test/")
    assert "certificate" in said
    assert captured.upstream.take().connections == 0


def test_what_is_named_counts(captured: Pod) -> None:
    """Server name and Host apart: refused; a host that is addressed and one that is named: the named one."""
    fronted = curl(captured, "-H", "Host: h2.test", "https://pay.test/")
    assert json.loads(fronted)["reason_id"] == "authority_mismatch"
    assert captured.upstream.take().connections == 0
    curl(captured, "--connect-to", "pay.test:443:192.0.2.66:443", "https://pay.test/x")
    assert [seen.origin for seen in captured.upstream.take().seen] == [b"/x"]


def test_the_gate_itself(captured: Pod) -> None:
    """Its console and its own ports, dialled and asked for; the status address works."""
    port = captured.console_port
    assert "onnect" in curl(captured, f"http://127.0.0.1:{port}/")
    for url in (f"http://203.0.113.2:{port}/", "http://203.0.113.2:15001/"):
        assert json.loads(curl(captured, url))["reason_id"] == "destination_refused"
    assert "no such hold of this agent" in curl(captured, "http://sidegate.internal/holds/x")


QUIET = {
    "UDP to port 443": "s(socket.SOCK_DGRAM).sendto(b'x', (host, 443))",
    "UDP to another port": "s(socket.SOCK_DGRAM).sendto(b'x', (host, 9999))",
    "a question about a name": "s(socket.SOCK_DGRAM).sendto(b'x' * 40, (host, 53))",
    "names over TCP": "s(socket.SOCK_STREAM).connect((host, 53))",
    "names over TLS": "c = s(socket.SOCK_STREAM); c.connect((host, 853)); c.send(b'x' * 40)",
    "another protocol": "c = s(socket.SOCK_STREAM); c.connect((host, 22)); c.send(b'SSH-2.0-x\\r\\n')",
    "ICMP": "s(socket.SOCK_DGRAM, 58 if ':' in host else 1).sendto(bytes([8, *[0] * 15]), (host, 0))",
    "a raw socket": "s(socket.SOCK_RAW, 255).sendto(b'x', (host, 0))",
    "SCTP": "s(socket.SOCK_STREAM, 132).connect((host, 443))",
}


@pytest.mark.parametrize("host", [WORLD_4, WORLD_6])
@pytest.mark.parametrize("what", QUIET)
def test_not_one_packet_leaves(captured: Pod, what: str, host: str) -> None:
    """Counted at the other end of the cable."""
    before = captured.packets()
    script = (
        f"import socket\nhost = {host!r}\n"
        "def s(kind, protocol=0):\n"
        "    made = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, kind, protocol)\n"
        "    made.settimeout(2)\n    return made\n"
        f"try:\n    {QUIET[what]}\nexcept OSError as error:\n    print(error)\n"
    )
    captured.agent("/usr/bin/python3", "-c", script)
    assert captured.packets() == before


def test_the_agent_cannot_undo_it(captured: Pod) -> None:
    """Neither the rules nor its own user."""
    assert "ermitted" in captured.agent("nft", "flush", "ruleset")
    assert "ermitted" in captured.agent("/usr/bin/python3", "-c", "import os; os.setuid(0)")
    captured.sidegate("capture", "check", "--uid", "0", "--close", captured.console_port)


def test_without_the_sidecar_nothing_leaves(tmp_path: Path) -> None:
    """While it is dead: not a packet, and a refusal. When it is back, all is as before."""
    with pod(tmp_path) as running:
        running.up()
        assert "200" in curl(running, "-w", "%{http_code}", "https://pay.test/")
        running.sidecar.kill9()
        before = running.packets()
        for url in ("https://pay.test/", f"http://{WORLD_4}/", f"http://[{WORLD_6}]/"):
            assert "curl:" in curl(running, url)
        assert running.packets() == before
        running.sidecar.start()
        assert "200" in curl(running, "-w", "%{http_code}", "https://pay.test/")


def test_undone(tmp_path: Path) -> None:
    """After `down` the agent goes where it wants: only what `up` did is undone."""
    with pod(tmp_path) as running:
        running.up()
        running.sidegate("capture", "down")
        assert "certificate" in curl(running, "--connect-to", f"::{WORLD_4}:443", "https://pay.test/")
        assert running.upstream.take().connections == 1


def execute(running: Pod, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`sidegate exec` beside that sidecar, as root."""
    folder = str(running.sidecar.data_dir)
    return running.net.try_(
        sys.executable, str(ROOT / "sidegate.py"), "exec", "--data-dir", folder, *arguments
    )


EXEC = ("--network", "namespace", "--user", str(AGENT))


def test_exec_gates_what_ignores_variables(captured: Pod) -> None:
    """With no certificates named: the system's bundle has ours. The proxy's own port works too."""
    done = execute(captured, *EXEC, "--", "curl", "-sS", *PLAIN, "-w", "%{http_code}", "https://pay.test/e")
    assert done.stdout == "{}200"
    assert "in a network namespace of its own" in done.stderr
    done = execute(
        captured, *EXEC, "--quiet", "--", "curl", "-sS", "-w", "%{http_code}", "https://pay.test/p"
    )
    assert (done.stdout, done.stderr) == ("{}200", "")
    assert [seen.origin for seen in captured.upstream.take().seen] == [b"/e", b"/p"]


def test_exec_is_the_command(captured: Pod) -> None:
    """Codes, signals, input; who runs it and what it is given."""
    assert execute(captured, *EXEC, "--", "sh", "-c", "exit 7").returncode == 7
    assert execute(captured, *EXEC, "--", "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    said = execute(captured, *EXEC, "--", "sh", "-c", "id -u; env; cat").stdout
    assert said.startswith(f"{AGENT}\n")
    assert "SSL_CERT_FILE=/run/sidegate/ca-bundle.pem" in said
    assert "SIDEGATE_" not in said
    assert execute(captured, *EXEC, "--", "no-such-command").returncode == 127


def test_exec_has_a_terminal(captured: Pod) -> None:
    """The agent is on the very terminal, and Ctrl-C there ends it."""
    folder = str(captured.sidecar.data_dir)
    ours, theirs = pty.openpty()
    command = [sys.executable, str(ROOT / "sidegate.py"), "exec", "--data-dir", folder, *EXEC, "--quiet"]
    script = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"
    shell = "test -t 0 && echo on-a-terminal; exec sleep 100"
    with captured.net:
        agent = subprocess.Popen(
            [sys.executable, "-c", script, *command, "--", "sh", "-c", shell],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    os.close(theirs)
    heard = b""
    while b"on-a-terminal" not in heard:
        heard += os.read(ours, 1000)
    os.write(ours, b"\x03")
    assert agent.wait(30) == -signal.SIGINT
    os.close(ours)


def test_exec_leaves_nothing_behind(captured: Pod) -> None:
    """After kill -9 of the agent: no namespace, no rule, no mount, and nobody listens for it any more."""
    before = _traces(captured.net)
    folder = str(captured.sidecar.data_dir)
    command = [sys.executable, str(ROOT / "sidegate.py"), "exec", "--data-dir", folder, *EXEC]
    with captured.net:
        agent = subprocess.Popen([*command, "--", "sleep", "100"], stderr=subprocess.DEVNULL)
    began = captured.sidecar.log.count("capture.agent_began")
    until(lambda: captured.sidecar.log.count("capture.agent_began") > began, deadline=30, what="the agent")
    ended = captured.sidecar.log.count("capture.agent_ended")
    agent.kill()
    agent.wait()
    until(lambda: captured.sidecar.log.count("capture.agent_ended") > ended, deadline=30, what="its end")
    assert _traces(captured.net) == before


def _traces(net: Net) -> tuple[str, ...]:
    return (
        net.run("nft", "list", "tables"),
        net.run("ip", "-o", "link"),
        Path("/proc/self/mountinfo").read_text(),
        net.run("ip", "netns"),
    )


def test_exec_without_rights_says_so(captured: Pod) -> None:
    """`auto` goes on with the variables alone; `namespace` does not start the agent."""
    folder, path = str(captured.sidecar.data_dir), "/nonexistent"
    script = f"from proxy.capture import room; room.found = lambda _: room.run({path!r})\n"
    script += "import sys; from proxy.cli import main; sys.exit(main(sys.argv[1:]))"
    for network, code in (("auto", 0), ("namespace", 1)):
        with captured.net:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    script,
                    "exec",
                    "--data-dir",
                    folder,
                    "--network",
                    network,
                    "--",
                    "true",
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        assert done.returncode == code
        words = "by environment only" if network == "auto" else "cannot have a network namespace"
        assert words in done.stderr
        assert "is not installed" in done.stderr
