"""Each client as a command that asks the upstream for something, and the cure where it does not get there."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.environments import locked

HOST = "pay.test"
_URL = f"https://{HOST}/x"
_CAPTURE = "capture it: `sidegate exec` with a namespace, or `sidegate capture`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`cure`: what helps where the variables alone do not."""

    name: str
    command: tuple[str, ...]
    cure: str = ""


_PYTHON = {
    "requests": f"import requests; requests.get({_URL!r}, timeout=20)",
    "httpx": f"import httpx; httpx.get({_URL!r}, timeout=20)",
    "aiohttp": (
        "import asyncio, aiohttp\n"
        "async def ask():\n"
        "    async with aiohttp.ClientSession() as session:\n"
        f"        async with session.get({_URL!r}) as answer:\n            await answer.read()\n"
        "asyncio.run(ask())"
    ),
    "boto3": (
        f"import boto3; boto3.client('s3', endpoint_url='https://{HOST}', region_name='us-east-1', "
        "aws_access_key_id='x', aws_secret_access_key='x').list_buckets()"
    ),
    "google-api-python-client": (
        "from googleapiclient.discovery import build\n"
        f"build('storage', 'v1', developerKey='x', client_options={{'api_endpoint': 'https://{HOST}'}})"
        ".buckets().list(project='p').execute()"
    ),
    "openai": f"import openai; openai.OpenAI(api_key='x', base_url='https://{HOST}/v1').models.list()",
    "anthropic": f"import anthropic; anthropic.Anthropic(api_key='x', base_url='https://{HOST}').models.list()",
}
_NODE = {
    "fetch": f"await fetch({_URL!r})",
    "axios": f"await (await import('axios')).default.get({_URL!r})",
    "undici": f"await (await import('undici')).request({_URL!r})",
    "got": f"await (await import('got')).default({_URL!r}, {{retry: {{limit: 0}}}})",
}
_CURES = {
    "aiohttp": f"`trust_env=True`, or {_CAPTURE}",
    "google-api-python-client": f"install PySocks, or {_CAPTURE}",
    "wget": "`ca_certificate` in .wgetrc, ca.pem in the system's bundle, or `sidegate exec` with a namespace",
}


def known() -> Iterator[Client]:
    """All of them. Raises FileNotFoundError where one is not installed."""
    yield from _system()
    yield from _python()
    yield from _node()


def _system() -> Iterator[Client]:
    """Those of the system, which `make trust` installs."""
    commands = {
        "curl": ("curl", "-sS", "-m", "20", _URL),
        "wget": ("wget", "-qO-", "--tries=1", "--timeout=20", _URL),
        "git": ("git", "ls-remote", f"https://{HOST}/r.git"),
        "python urllib": (
            "/usr/bin/python3",
            "-c",
            f"import urllib.request as r; r.urlopen({_URL!r})",
        ),
        "Ruby Net::HTTP": ("ruby", "-e", f"require 'net/http'; Net::HTTP.get(URI({_URL!r}))"),
        "Ruby open-uri": ("ruby", "-e", f"require 'open-uri'; URI.open({_URL!r}).read"),
        "Java HttpClient": ("java", str(Path(__file__).with_name("Ask.java"))),
    }
    for name, (program, *arguments) in commands.items():
        yield Client(name=name, command=(_found(program), *arguments), cure=_CURES.get(name, ""))


def _found(program: str) -> str:
    """Where it is. Raises FileNotFoundError: left out, a client would be missing from the table."""
    if (path := shutil.which(program)) is None:
        raise FileNotFoundError(f"there is no `{program}` here: `make trust` installs it")
    return path


def _python() -> Iterator[Client]:
    program, versions = str(locked.python("http")), locked.versions("http")
    for name, script in _PYTHON.items():
        command = (program, "-c", script)
        yield Client(name=f"{name} {versions[name]}", command=command, cure=_CURES.get(name, ""))
    pip = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--retries", "0", "--timeout", "20")
    yield Client(name="pip", command=(*pip, "--index-url", f"https://{HOST}/simple", "-d", "/tmp", "nothing"))


def _node() -> Iterator[Client]:
    folder, versions = locked.node("http"), {"fetch": ""} | _node_versions()
    program = locked.node_program()
    for name, script in _NODE.items():
        inside = f"process.chdir({str(folder)!r}); {script}"
        place = ("--input-type=module", "--eval", _resolved(inside, str(folder)))
        label = f"Node {name} {versions.get(name, '')}".strip()
        yield Client(name=label, command=(*program, *place), cure=_CAPTURE)
    npm = (*locked.node_program("npm"), "view", "nothing", "--fetch-retries=0")
    yield Client(name="npm", command=(*npm, "--registry", f"https://{HOST}/"))


def _node_versions() -> dict[str, str]:
    text = (locked._HERE / "node" / "http" / "package-lock.json").read_text()
    entries = json.loads(text)["packages"]
    return {path.removeprefix("node_modules/"): entry.get("version", "") for path, entry in entries.items()}


def _resolved(script: str, folder: str) -> str:
    """A script without a file finds no packages; these are named by where they are."""
    for name in ("axios", "undici", "got"):
        script = script.replace(f"import('{name}')", f"import(require.resolve('{name}'))")
    head = "import {createRequire} from 'node:module'; "
    return f"{head}const require = createRequire({folder + '/x.js'!r}); {script}"
