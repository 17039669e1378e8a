"""Real servers, each with a log of what it executed, in a folder of its own."""

import getpass
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.acceptance.authority import Leaf
from tests.acceptance.clients import node_program
from tests.acceptance.processes import until
from tests.acceptance.witnessed import Trace
from tests.ports import free_ports

_ROOT = Path(__file__).parents[2]
_PROGRAMS = Path(__file__).parent / "programs"
_EMPTY = hashlib.sha256(b"").hexdigest()
_STOP_SECONDS = 10.0
_TURNED_AWAY = frozenset({"400", "405", "408", "411", "413", "414", "494", "501", "505"})
"""What nginx answers itself before it has read a request."""

_NGINX = """
daemon off;
user {user};
worker_processes 1;
error_log {folder}/error.log crit;
pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
    log_format garden escape=json
        '{{"method":"$request_method","target":"$request_uri","body":"$request_body",'
        '"status":"$status","port":"$server_port"}}';
    access_log off;
    keepalive_requests 100000;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen unix:{folder}/back; location / {{ return 200 ok; }} }}
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        client_body_buffer_size 1m;
        access_log {log} garden;
        location / {{ proxy_pass http://unix:{folder}/back; }}
    }}
}}
"""
_HAPROXY = """
global
    nbthread 1
    tune.bufsize 65536
    log stdout len 65535 format raw local0
defaults
    mode http
    log global
    timeout client 60s
    timeout server 60s
    timeout connect 5s
frontend garden
    bind 127.0.0.1:{port}
    bind 127.0.0.1:{tls} ssl crt {pem}
    option http-buffer-request
    http-request set-var(txn.target) url
    http-request set-var(txn.body) req.body,sha2(256),hex
    log-format "%[capture.req.method,hex] %[var(txn.target),hex] %[var(txn.body)] %[dst_port]"
    http-request return status 200 content-type text/plain string ok
"""
_APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
ErrorLog {folder}/error.log
LogLevel crit
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
MaxKeepAliveRequests 0
AllowEncodedSlashes NoDecode
ProxyPass / unix:{folder}/back|http://localhost/ nocanon disablereuse=On retry=0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server. `log` grows by a line for each request that it executed."""

    name: str
    port: int
    tls: int | None
    log: Path
    read: Callable[[int, str], Trace | None]
    """A line of the log, with the port where the line names none; None where nothing was executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How one kind of server is started."""

    needs: tuple[str, ...]
    command: Sequence[str]
    behind: Sequence[str] = ()
    """What it passes requests on to."""
    config: str = ""
    tls: bool = False
    read: Callable[[int, str], Trace | None] | None = None


def _read_hex(port: int, line: str) -> Trace | None:
    method, target, body, *named = line.split(" ")
    port = int(named[0]) if named else port
    if method == "-":
        return None  # haproxy turned it away itself
    text = bytes.fromhex(target).decode("latin-1")
    made = Trace.executed(port, bytes.fromhex(method).decode(), text, b"")
    return replace(made, body=body.lower().strip("-") or _EMPTY)


def _read_nginx(port: int, line: str) -> Trace | None:
    told = json.loads(line)
    if told["status"] in _TURNED_AWAY:
        return None
    body = told["body"].encode("latin-1")
    return Trace.executed(int(told["port"]) or port, told["method"], told["target"], body)


_PLANS = {
    "nginx": _Plan(
        needs=("nginx",),
        command=("nginx", "-c", "{folder}/config"),
        config=_NGINX,
        tls=True,
        read=_read_nginx,
    ),
    "haproxy": _Plan(
        needs=("haproxy",), command=("haproxy", "-f", "{folder}/config"), config=_HAPROXY, tls=True
    ),
    "node": _Plan(needs=(), command=("{node}", "{programs}/echo.js", "{port}")),
    "apache": _Plan(
        needs=("apache2",),
        command=("apache2", "-f", "{folder}/config", "-D", "FOREGROUND"),
        behind=("{node}", "{programs}/echo.js", "{folder}/back"),
        config=_APACHE,
    ),
    "uvicorn": _Plan(
        needs=(),
        command=(
            "{python}", "-m", "uvicorn", "tests.garden.programs.echo:asgi",
            "--port", "{port}", "--log-level", "critical", "--no-access-log",
        ),
    ),
    "gunicorn": _Plan(
        needs=(),
        command=(
            "{python}", "-m", "gunicorn", "tests.garden.programs.echo:wsgi", "--bind", "127.0.0.1:{port}",
            "--worker-class", "gthread", "--threads", "32", "--keep-alive", "60", "--log-level", "critical",
        ),
    ),
    "hypercorn": _Plan(
        needs=(),
        command=(
            "{python}", "-m", "hypercorn", "tests.garden.programs.echo:asgi",
            "--bind", "127.0.0.1:{port}", "--log-level", "critical",
        ),
    ),
}  # fmt: skip
NAMES = tuple(_PLANS)


@contextmanager
def serving(names: Sequence[str], *, folder: Path, leaf: Leaf) -> Iterator[list[Server]]:
    """Run these servers. Raises FileNotFoundError naming what is not installed."""
    ports = free_ports(2 * len(names))
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                _running(name, folder=folder / name, leaf=leaf, ports=ports[2 * n : 2 * n + 2])
            )
            for n, name in enumerate(names)
        ]


@contextmanager
def _running(name: str, *, folder: Path, leaf: Leaf, ports: Sequence[int]) -> Iterator[Server]:
    plan = _PLANS[name]
    folder.mkdir()
    values = _values(folder, leaf, ports)
    (folder / "config").write_text(plan.config.format_map(values))
    for program in plan.needs:
        if shutil.which(program, path=_path()) is None:
            raise FileNotFoundError(f"`{program}` is not installed: run `make .venv/.system`")
    with ExitStack() as stack:
        for template in filter(None, (plan.behind, plan.command)):
            command = [part.format_map(values) for part in template]
            process = stack.enter_context(_process(command, folder))
            if template is plan.behind:
                until((folder / "back").exists, deadline=30, what=f"what is behind {name}")
        until(lambda: _listens(ports[0], process), deadline=30, what=name, also=lambda: _said(folder))
        yield Server(
            name=name,
            port=ports[0],
            tls=ports[1] if plan.tls else None,
            log=folder / "log",
            read=plan.read or _read_hex,
        )


def _values(folder: Path, leaf: Leaf, ports: Sequence[int]) -> Mapping[str, object]:
    pem = folder / "both.pem"
    pem.write_bytes(leaf.chain.read_bytes() + leaf.key.read_bytes())
    log = folder / "log"
    log.touch()
    return {
        "folder": folder, "port": ports[0], "tls": ports[1], "log": log, "chain": leaf.chain, "key": leaf.key,
        "pem": pem, "programs": _PROGRAMS, "python": sys.executable, "node": node_program(),
        "user": getpass.getuser(), "modules": "/usr/lib/apache2/modules",
    }  # fmt: skip


@contextmanager
def _process(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    # haproxy writes its log to its output.
    output = folder / ("log" if command[0] == "haproxy" else f"{command[0].rpartition('/')[2]}.said")
    environment = {"PATH": _path(), "PYTHONPATH": str(_ROOT), "GARDEN_LOG": str(folder / "log")}
    with output.open("ab") as said, (folder / "errors.said").open("ab") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _path() -> str:
    # Servers are in folders that only root has on its path.
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"`{process.args!r}` ended with {process.returncode}")
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _said(folder: Path) -> str:
    return "".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.said"))
