"""The upstream side: nginx, and the origin that stands in for it."""

import getpass
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.certificates import write_certificates
from tests.bench.processes import spawned, wait_for_port
from tests.ports import free_ports

BIG_BYTES = 1024**3
ITEM_BYTES = 1024
NGINX_MISSING = "nginx not found, a Python origin stands in: `apt-get install -y nginx-light`"

NGINX_CONF = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    client_max_body_size 32m;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/leaf.pem;
        ssl_certificate_key {folder}/leaf.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        location = /item {{ default_type application/json; return 200 '{item}'; }}
        location = /big {{ default_type application/octet-stream; alias {folder}/big; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the upstreams listen, whom to trust, and what a right answer is."""

    port: int
    """Serves `/item` and `/big`."""
    events_port: int
    """Serves `/events`."""
    echo_port: int
    """Serves MCP."""
    ca_file: Path
    certificate: bytes
    """DER of the leaf: a client that sees it through a proxy was tunnelled, not judged."""
    item: bytes
    server: str
    """Name and version of what serves `/item`, for the report."""


@contextmanager
def serving(folder: Path, *, core: int) -> Iterator[Upstream]:
    """Run the upstreams in `folder`: nginx, or the origin in its place, and the origin's events."""
    port, events_port, echo_port = free_ports(3)
    certificate = write_certificates(folder)
    item = item_body()
    (folder / "item.json").write_bytes(item)
    nginx = shutil.which("nginx", path=os.defpath + ":/usr/sbin:/usr/local/sbin")
    command = nginx_command(nginx, folder, port) if nginx else origin_command(folder, port)
    events_command = origin_command(folder, events_port)
    echo_command = [sys.executable, "-m", "tests.bench.echo", str(echo_port), *_certificate(folder)]
    with (
        spawned(command, folder=folder, log="upstream.log", core=core) as server,
        spawned(events_command, folder=folder, log="events.log", core=core) as events,
        spawned(echo_command, folder=folder, log="echo.log", core=core) as echo,
    ):
        wait_for_port(port, server, log=folder / "upstream.log")
        wait_for_port(events_port, events, log=folder / "events.log")
        wait_for_port(echo_port, echo, log=folder / "echo.log")
        yield Upstream(
            port=port,
            events_port=events_port,
            echo_port=echo_port,
            ca_file=folder / "ca.pem",
            certificate=certificate,
            item=item,
            server=nginx_version(nginx) if nginx else NGINX_MISSING,
        )


def item_body() -> bytes:
    """Return the JSON answer of about 1 KB; no quote or dollar sign that nginx would interpret."""
    item = {"id": "item-1", "state": "ready", "note": ""}
    item["note"] = "n" * (ITEM_BYTES - len(json.dumps(item)))
    return json.dumps(item).encode()


def nginx_command(nginx: str, folder: Path, port: int) -> list[str]:
    """Write nginx's configuration and the sparse file; return the command that serves them."""
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    item = (folder / "item.json").read_text()
    config = NGINX_CONF.format(folder=folder, port=port, user=user, item=item)
    (folder / "nginx.conf").write_text(config)
    with (folder / "big").open("wb") as big:
        big.truncate(BIG_BYTES)
    return [nginx, "-p", str(folder), "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"]


def nginx_version(nginx: str) -> str:
    """Return `nginx/1.22.1` or the like."""
    done = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True, timeout=10)
    return done.stderr.strip().rpartition(" ")[2]


def origin_command(folder: Path, port: int) -> list[str]:
    """Return the command that serves everything from Python."""
    files = [*_certificate(folder), str(folder / "item.json")]
    return [sys.executable, "-m", "tests.bench.origin", str(port), *files, str(BIG_BYTES)]


def _certificate(folder: Path) -> list[str]:
    return [str(folder / name) for name in ("leaf.pem", "leaf.key")]
