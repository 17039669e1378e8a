"""`sidegate serve`: the sidecar itself."""

import argparse
import asyncio
import logging
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

from proxy.cli.check import add_files, read_files
from proxy.cli.remote import add_data_dir
from proxy.cli.rule_files import read_rules
from proxy.config import Config
from proxy.data_dir.embedded import EmbeddedRedisError
from proxy.data_dir.files import private_folder
from proxy.data_dir.lock import AlreadyServing, exclusive
from proxy.destinations import Address
from proxy.replay.journal import JournalError
from proxy.rulebook import Marks, Rulebook, look_at
from proxy.serving.doors import Ports
from proxy.serving.server import CannotServe, Serving, Settings, serve
from proxy.witness import WitnessError
from rules.ruleset import Ruleset

# Below a warning these write down headers and addresses, whatever level is asked for.
_SPEAK_OF_REQUESTS = ("mitmproxy", "uvicorn", "httpcore2", "httpx2", "hpack", "h2", "asyncio", "redis")
# What keeps a sidecar from starting, each with its cure.
_EXPECTED = (CannotServe, JournalError, WitnessError, EmbeddedRedisError, AlreadyServing, OSError, ValueError)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="run the sidecar")
    parser.add_argument(
        "--listen",
        type=address,
        default=("127.0.0.1", 8080),
        metavar="HOST:PORT",
        help="where agents connect (default 127.0.0.1:8080)",
    )
    parser.add_argument(
        "--console",
        type=address,
        default=("127.0.0.1", 8081),
        metavar="HOST:PORT",
        help="where reviewers connect (default 127.0.0.1:8081)",
    )
    parser.add_argument(
        "--capture",
        type=port,
        metavar="PORT",
        help="port of loopback to which connections are redirected: see `sidegate capture`",
    )
    parser.add_argument(
        "--dns", type=port, metavar="PORT", help="port of loopback where captured agents' names are answered"
    )
    parser.add_argument(
        "--upstream-ca",
        type=Path,
        metavar="FILE",
        help="PEM authorities to trust upstream, besides the system's",
    )
    parser.add_argument(
        "--witness",
        type=Path,
        metavar="FILE",
        help="append a line about every request before it leaves",
    )
    add_files(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def address(text: str) -> Address:
    """HOST:PORT, an IPv6 host in brackets, port 0 for any free one."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise argparse.ArgumentTypeError(f"`{text}` is not HOST:PORT")
    return host, port


def port(text: str) -> int:
    """A port of TCP or UDP."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"`{text}` is no port; give one from 1 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; 0 after a drain, 1 if it cannot start, 2 if a file is wrong."""
    seen = look_at(args.rules)
    read = read_files(args)
    if read is None:
        return 2
    config, _ = read
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name in _SPEAK_OF_REQUESTS:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        data_dir = private_folder(args.data_dir.absolute())
        with exclusive(data_dir):
            settings = _settings(args, data_dir, config, _rulebook(args, seen, read))
            asyncio.run(serve(settings, announce=_announce))
    except* _EXPECTED as group:
        for error in group.exceptions:
            print(f"sidegate: {_said(error)}", file=sys.stderr)  # noqa: T201
        return_code = 1
    else:
        return_code = 0
    return return_code


def _said(error: BaseException) -> str:
    """What is wrong; the system's own errors name the file and leave the cure to us."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"`{error.filename}` cannot be used ({error.strerror}): correct it, or give another path"
    return str(error)


def _settings(args: argparse.Namespace, data_dir: Path, config: Config, rulebook: Rulebook) -> Settings:
    return Settings(
        listen=args.listen,
        console=args.console,
        data_dir=data_dir,
        config=config,
        rulebook=rulebook,
        redis_url=os.environ.get("REDIS_URL") or config.redis.url,
        upstream_ca=args.upstream_ca,
        witness=args.witness,
        capture=Ports(captured=args.capture, dns=args.dns),
    )


def _rulebook(args: argparse.Namespace, seen: Marks, read: tuple[Config, Ruleset]) -> Rulebook:
    config, ruleset = read
    load = partial(read_rules, args, agent=config.identity.agent)
    return Rulebook(ruleset, files=args.rules, seen=seen, load=load)


def _announce(serving: Serving) -> None:
    """Say where everything is, once it is there."""
    data_dir = serving.data_dir
    own = quote(sys.argv[0])
    launcher = own if shutil.which(sys.argv[0]) else f"{quote(sys.executable)} {own}"
    command = "sidegate" if shutil.which("sidegate") else launcher
    folder = "" if data_dir == Path(".sidegate").absolute() else f" --data-dir {quote(str(data_dir))}"
    lines = (
        "sidegate is serving",
        f"  agents connect to    {serving.proxy}",
        f"  agents trust         {data_dir / 'ca.pem'}",
        f"  reviewers connect to {serving.console}",
        f"  reviewers' token in  {data_dir / 'operator.token'}",
        f"  data folder          {data_dir}",
        "",
        "in the agent's shell:",
        f'  eval "$({command} env{folder})"',
        "",
    )
    print("\n".join(lines), flush=True)  # noqa: T201
