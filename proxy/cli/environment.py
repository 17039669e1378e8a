"""`sidegate env`: the variables that send an agent's traffic through the gate, and make it trust it."""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from proxy.cli.formats import FORMATS
from proxy.cli.remote import Negative, find, finish
from proxy.cli.terminal import say
from proxy.data_dir.placeholders import read_placeholders
from rules.review.inert import visible

_DEFAULT_PROXY = "http://127.0.0.1:8080"

# Both spellings: curl reads only the lower one for HTTP, others only the upper one. Yarn reads its own alone.
_PROXY = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "grpc_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
)

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

TRUSTED = ("ca.pem", "ca-bundle.pem", "ca-bundle.p12")
"""What an agent may read of the data folder: our authority, and it with the system's, in two formats."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("env", help='print the agent\'s environment: eval "$(sidegate env)"')
    parser.add_argument("--format", choices=list(FORMATS), default="sh")
    finish(parser, run)


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
    say(FORMATS[args.format](variables))
    return 0


def environment(data_dir: Path, proxy: str, *, shelf: Path | None = None) -> dict[str, str]:
    """The variables for the sidecar of `data_dir` at `proxy`. Raises Negative without its certificates.

    `shelf`: the folder in which the agent finds the certificates, where it is another.
    """
    for name in TRUSTED:
        if not (path := data_dir.absolute() / name).is_file():
            raise Negative(
                f"there is no `{path}`: start the sidecar once with `sidegate serve --data-dir {data_dir}`"
            )
    own, bundle, store = ((shelf or data_dir.absolute()) / name for name in TRUSTED)
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
        "JAVA_TOOL_OPTIONS": _java(proxy, store),
    }


def _java(proxy: str, store: Path) -> str:
    """Java has no variable for either; it takes options, and says on standard error that it does."""
    parts = urlsplit(proxy)
    places = [f"-D{s}.proxyHost={parts.hostname} -D{s}.proxyPort={parts.port}" for s in ("http", "https")]
    trust = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=PKCS12"
    # Without it, Java would reach whatever calls itself localhost past the gate.
    return " ".join([*places, "-Dhttp.nonProxyHosts=", trust])
