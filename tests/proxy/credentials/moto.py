"""An AWS on loopback that checks signatures, and who may do what."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from proxy.credentials.supply import Outgoing
from rules.headers import Fields
from tests.acceptance.processes import until
from tests.ports import free_ports

_POLICY = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C"
    "%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
)


@contextmanager
def aws() -> Iterator[str]:
    """It, by its URL; it checks signatures once three calls have set up who may do what."""
    [port] = free_ports(1)
    environment = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "3"}
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            until(lambda: _listens(port) or None, deadline=120, what="moto")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def robot(url: str) -> tuple[str, str]:
    """The access key and its secret of a user who may do everything; from here on, all are checked."""
    made = _call(url, "Action=CreateUser") and _call(url, "Action=CreateAccessKey")
    _call(url, f"Action=PutUserPolicy&PolicyName=p&PolicyDocument={_POLICY}")
    access, secret = (re.search(f"<{n}>([^<]+)", made) for n in ("AccessKeyId", "SecretAccessKey"))
    assert access is not None
    assert secret is not None
    return access[1], secret[1]


def send(url: str, out: Outgoing, fields: Fields) -> int:
    """Send exactly these bytes; the status."""
    host, _, port = url.removeprefix("http://").partition(":")
    lines = [f"{out.method} {out.target} HTTP/1.1".encode(), *(n + b": " + v for n, v in fields)]
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + out.body)
        return int(line.makefile("rb").readline().split()[1])


def _call(url: str, action: str) -> str:
    """What IAM answers to an action, before anybody is checked."""
    head = {"Authorization": "AWS4-HMAC-SHA256 Credential=mock/20260101/us-east-1/iam/aws4_request"}
    body = f"Version=2010-05-08&UserName=robot&{action}".encode()
    with urlopen(Request(url, body, head), timeout=60) as answer:
        return str(answer.read().decode())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
