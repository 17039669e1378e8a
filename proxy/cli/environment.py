"""`sidegate env`: the variables that send an agent's traffic through the gate, and make it trust it."""

import argparse
import json
import re
import sys
from pathlib import Path

from proxy.cli.remote import Negative, add_data_dir, find, reported
from proxy.cli.terminal import say
from proxy.data_dir.placeholders import read_placeholders
from rules.review.inert import visible

_DEFAULT_PROXY = "http://127.0.0.1:8080"

# Both spellings: curl reads only the lower one for HTTP, others only the upper one.
_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "grpc_proxy")

# Empty, or what runs on this machine (a local MCP server) would be reached past the gate.
_BYPASS = ("NO_PROXY", "no_proxy")

# These replace a client's list of authorities, so they name the whole bundle.
_BUNDLE = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "PIP_CERT",
    "npm_config_cafile",
    "PERL_LWP_SSL_CA_FILE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
)

# These add to it.
_ADDED = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("env", help='print the agent\'s environment: eval "$(sidegate env)"')
    parser.add_argument("--format", choices=["sh", "dotenv", "json"], default="sh")
    add_data_dir(parser)
    parser.set_defaults(run=reported(run))


def run(args: argparse.Namespace) -> int:
    """Print the variables; the sidecar need not run, but must have run once."""
    try:
        proxy = find(args.data_dir).proxy
    except Negative as negative:
        proxy = _DEFAULT_PROXY
        variables = environment(args.data_dir, proxy)
        sys.stderr.write(f"sidegate: {visible(str(negative))}; assuming that it will listen on {proxy}\n")
    else:
        variables = environment(args.data_dir, proxy)
    say(_FORMATS[args.format](variables))
    return 0


def environment(data_dir: Path, proxy: str) -> dict[str, str]:
    """The variables for the sidecar of `data_dir` at `proxy`. Raises Negative without its certificates."""
    own, bundle = (data_dir.absolute() / name for name in ("ca.pem", "ca-bundle.pem"))
    for path in (own, bundle):
        if not path.is_file():
            raise Negative(
                f"there is no `{path}`: start the sidecar once with `sidegate serve --data-dir {data_dir}`"
            )
    try:
        placeholders = read_placeholders(data_dir)
    except (OSError, ValueError) as error:
        raise Negative(f"the placeholders in `{data_dir}` cannot be read: start the sidecar anew") from error
    return {
        **placeholders,  # first, so that none of them leads past the gate
        **dict.fromkeys(_PROXY, proxy),
        **dict.fromkeys(_BYPASS, ""),
        **dict.fromkeys(_BUNDLE, str(bundle)),
        **dict.fromkeys(_ADDED, str(own)),
        "NODE_USE_ENV_PROXY": "1",
    }


def _sh(variables: dict[str, str]) -> str:
    quoted = {name: value.replace("'", "'\\''") for name, value in variables.items()}
    return "\n".join(f"export {name}='{value}'" for name, value in quoted.items())


def _dotenv(variables: dict[str, str]) -> str:
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


def _json(variables: dict[str, str]) -> str:
    return json.dumps(variables, indent=2)


_FORMATS = {"sh": _sh, "dotenv": _dotenv, "json": _json}
