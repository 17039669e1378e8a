"""Environment variables as shells, programs and platforms read them."""

import json
import re
from collections.abc import Callable, Mapping

from proxy.cli.remote import Negative

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")

type Variables = Mapping[str, str]


def _sh(variables: Variables) -> str:
    quoted = {name: value.replace("'", "'\\''") for name, value in variables.items()}
    return "\n".join(f"export {name}='{value}'" for name, value in quoted.items())


def _fish(variables: Variables) -> str:
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in variables.items()}
    return "\n".join(f"set -gx {name} '{value}'" for name, value in quoted.items())


def _powershell(variables: Variables) -> str:
    """PowerShell takes typographic quotes for plain ones: each ends the text unless it stands twice."""
    quoted = {name: re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", v) for name, v in variables.items()}
    return "\n".join(f"${{env:{name}}} = '{value}'" for name, value in quoted.items())


def _dotenv(variables: Variables) -> str:
    """Plain values bare, which every reader takes; others in quotes that none of them looks into."""
    if any("'" in value or "\n" in value for value in variables.values()):
        raise Negative(
            "the data folder's path has a quote or a line end, which readers of dotenv files "
            "take differently: use --format sh or json, or another folder"
        )
    return "\n".join(
        f"{name}={value}" if _PLAIN.fullmatch(value) else f"{name}='{value}'"
        for name, value in variables.items()
    )


def _docker(variables: Variables) -> str:
    """A file for `docker run --env-file`, whose values are taken as they are, up to the end of the line."""
    if any("\n" in value for value in variables.values()):
        raise Negative("the data folder's path has a line end, which Docker's files cannot hold: use another")
    return "\n".join(f"{name}={value}" for name, value in variables.items())


def _kubernetes(variables: Variables) -> str:
    """The `env` of a container; JSON strings are YAML, and `$(` would be expanded there."""
    lines = ["env:"]
    for name, value in variables.items():
        lines += [f"  - name: {name}", f"    value: {json.dumps(value.replace('$(', '$$('))}"]
    return "\n".join(lines)


def _json(variables: Variables) -> str:
    return json.dumps(dict(variables), indent=2)


FORMATS: dict[str, Callable[[Variables], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
    "docker": _docker,
    "kubernetes": _kubernetes,
    "json": _json,
}
"""By the name that `--format` takes."""
