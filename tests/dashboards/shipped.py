"""The files of the container and of the compose example, read as their tools read them."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.dashboards.boards import ROOT

DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"
EXAMPLE = ROOT / "docs" / "examples" / "compose"
PROVISIONING = ROOT / "dashboards" / "provisioning"

_DEFAULTED = re.compile(r"\$\{\w+:-([^}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of the Dockerfile; continued lines are one."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The exec form's words. Raises ValueError for the shell form."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions in order, comments left out."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    split = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [Instruction(word=word, rest=" ".join(rest.split())) for word, rest in split]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage; what precedes the first FROM is left out."""
    found: list[list[Instruction]] = []
    for each in instructions():
        if each.word == "FROM":
            found.append([])
        if found:
            found[-1].append(each)
    return found


@cache
def compose() -> dict[str, Any]:
    """compose.yaml with the defaults of its variables."""
    content: dict[str, Any] = read_yaml(_DEFAULTED.sub(r"\1", COMPOSE.read_text()))
    return content


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def mounts(service: str) -> dict[str, tuple[str, str]]:
    """Where things are mounted in a service: target to (source, mode)."""
    split = [volume.split(":") for volume in services()[service].get("volumes", [])]
    return {parts[1]: (parts[0], parts[2] if len(parts) > 2 else "rw") for parts in split}


def sharing(volume: str) -> dict[str, str]:
    """Which services mount a volume, and where."""
    return {
        name: target
        for name in services()
        for target, (source, _) in mounts(name).items()
        if source == volume
    }


def networks(service: str) -> set[str]:
    """The networks that a service is on."""
    return set(services()[service].get("networks", []))


def flags(service: str) -> dict[str, str]:
    """The `--name=value` words of a service's command."""
    words = [word for word in services()[service]["command"] if word.startswith("--")]
    return dict(word.split("=", 1) for word in words)


def unknown_flags(command: list[str]) -> list[str]:
    """The flags of a `sidegate` command line that the program does not have."""
    known = (
        subprocess.run(
            [sys.executable, str(ROOT / "sidegate.py"), command[0], "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        .stdout.replace("[", " ")
        .split()
    )
    used = [word.partition("=")[0] for word in command if word.startswith("-")]
    return [flag for flag in used if flag not in known]


def read_yaml(source: str | Path) -> Any:
    """The one document of a text or a file."""
    return YAML(typ="safe", pure=True).load(source)
