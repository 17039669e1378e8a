"""Variables in each format, read back by whoever reads it: odd values arrive whole and run nothing."""

import json
import re
import shutil
import subprocess

import pytest
from ruamel.yaml import YAML

from proxy.cli.formats import FORMATS
from proxy.cli.remote import Negative

ODD = {
    "PLAIN": "http://127.0.0.1:8080",
    "EMPTY": "",
    "SPACES": "-Da=b -Dc=d",
    "QUOTES": 'it\'s "quoted"',
    "SHELL": "$(touch pwned)`touch pwned`$HOME",
    "SLASHES": "C:\\new\\table\\",
    "UNICODE": "é \u2019 \u201c",
}


def test_a_real_shell() -> None:
    """POSIX."""
    script = FORMATS["sh"](ODD)
    done = subprocess.run(
        ["sh", "-c", 'eval "$1"; env -0', "sh", script], env={}, capture_output=True, check=True
    )
    found = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    assert {name: found[name] for name in ODD} == ODD


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_a_real_fish() -> None:
    """fish knows backslashes in single quotes."""
    command = ["fish", "--no-config", "-c", FORMATS["fish"](ODD) + "\nenv -0"]
    done = subprocess.run(command, capture_output=True, check=True)
    found = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    assert {name: found[name] for name in ODD} == ODD


def test_fish_as_it_is_documented() -> None:
    """In single quotes, a backslash escapes only itself and a quote."""
    lines = FORMATS["fish"](ODD).splitlines()
    pairs = [re.fullmatch(r"set -gx (\w+) '((?:[^\\']|\\[\\'])*)'", line) for line in lines]
    found = {pair[1]: re.sub(r"\\([\\'])", r"\1", pair[2]) for pair in pairs if pair}
    assert found == ODD


def test_powershell_as_it_is_documented() -> None:
    """In single quotes, every kind of single quote stands twice and nothing else is special."""
    quotes = "'\u2018\u2019\u201a\u201b"
    lines = FORMATS["powershell"](ODD).splitlines()
    pattern = rf"\$\{{env:(\w+)\}} = '((?:[^{quotes}]|([{quotes}])\3)*)'"
    pairs = [re.fullmatch(pattern, line) for line in lines]
    found = {pair[1]: re.sub(rf"([{quotes}])\1", r"\1", pair[2]) for pair in pairs if pair}
    assert found == ODD


def test_docker() -> None:
    """The rest of the line is the value, as it is."""
    found = dict(line.split("=", 1) for line in FORMATS["docker"](ODD).splitlines())
    assert found == ODD


def test_kubernetes() -> None:
    """A container's `env`, in which `$(NAME)` is not expanded because it stands escaped."""
    found = YAML(typ="safe", pure=True).load(FORMATS["kubernetes"](ODD))
    values = {item["name"]: item["value"].replace("$$(", "$(") for item in found["env"]}
    assert values == ODD
    assert "$$(touch" in FORMATS["kubernetes"](ODD)


def test_json() -> None:
    """For programs."""
    assert json.loads(FORMATS["json"](ODD)) == ODD


@pytest.mark.parametrize(("name", "value"), [("dotenv", "it's"), ("dotenv", "a\nb"), ("docker", "a\nb")])
def test_what_a_format_cannot_carry(name: str, value: str) -> None:
    """Nothing is written that readers take differently."""
    with pytest.raises(Negative):
        FORMATS[name]({"A": value})
