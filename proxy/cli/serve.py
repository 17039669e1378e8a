"""`sidegate serve`: the sidecar itself."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path
from shlex import quote

from proxy import logs
from proxy.audit.segments import AuditError
from proxy.cli.faults import in_words
from proxy.cli.remote import add_data_dir
from proxy.cli.settings import add_files, add_places, read_files
from proxy.config import Config
from proxy.data_dir.embedded import EmbeddedRedisError
from proxy.data_dir.files import private_folder
from proxy.data_dir.lock import AlreadyServing, exclusive
from proxy.replay.journal import JournalError
from proxy.rulebook import Rulebook
from proxy.serving.doors import Ports
from proxy.serving.listener import CannotServe
from proxy.serving.parts import Settings
from proxy.serving.server import Serving, serve
from proxy.settings.serve import address
from proxy.witness import WitnessError

# What keeps a sidecar from starting, each with its cure.
_EXPECTED = (
    CannotServe,
    AuditError,
    JournalError,
    WitnessError,
    EmbeddedRedisError,
    AlreadyServing,
    OSError,
    ValueError,
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="run the sidecar")
    add_places(parser)
    add_files(parser)
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal; 0 after a drain, 1 if it cannot start, 2 if a file is wrong."""
    read = read_files(args)
    if read is None:
        return 2
    logs.begin(read[0].logs)
    try:
        data_dir = private_folder(args.data_dir.absolute())
        with exclusive(data_dir):
            settings = _settings(data_dir, *read)
            asyncio.run(serve(settings, announce=_announce))
    except* _EXPECTED as group:
        for error in group.exceptions:
            print(f"sidegate: {in_words(error)}", file=sys.stderr)  # noqa: T201
        return_code = 1
    else:
        return_code = 0
    return return_code


def _settings(data_dir: Path, config: Config, rulebook: Rulebook) -> Settings:
    said = config.serve
    return Settings(
        listen=address(said.listen),
        console=address(said.console),
        data_dir=data_dir,
        config=config,
        rulebook=rulebook,
        redis_url=config.redis.url,
        upstream_ca=Path(said.upstream_ca) if said.upstream_ca else None,
        witness=Path(said.witness) if said.witness else None,
        capture=Ports(captured=said.capture, dns=said.dns),
    )


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
