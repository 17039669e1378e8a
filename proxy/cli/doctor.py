"""`sidegate doctor`: what is wrong with an installation, and what to do about it."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from proxy.capture.kernel import lose_privileges
from proxy.capture.plan import Plan
from proxy.capture.programs import CaptureError
from proxy.cli.capture import add_plan, planned
from proxy.cli.environment import environment
from proxy.cli.numbers import user
from proxy.cli.remote import Negative, finish
from proxy.cli.rule_files import read_documents, read_rules
from proxy.cli.settings import add_files
from proxy.cli.terminal import say
from proxy.config import Config
from proxy.doctor import attempts, clients, credentials, folder, serving, standing, store
from proxy.doctor.attempts import Aims
from proxy.doctor.finding import Finding, Level, doubt, fault, ok
from proxy.doctor.report import as_json, as_table, faults
from proxy.doctor.standing import Gate
from proxy.settings.layers import Layers, read_layers
from rules.language.lint import lint


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("doctor", help="look for what is wrong, and say what to do about it")
    parser.add_argument(
        "--inside",
        action="store_true",
        help="take this process for the agent: try ways around the gate, and look at nothing else",
    )
    parser.add_argument(
        "--as",
        dest="as_uid",
        type=user,
        metavar="UID",
        help="as root: try ways around the gate as this user, without privileges, as well",
    )
    parser.add_argument(
        "--reach",
        action="append",
        metavar="ADDRESS",
        help="an address outside to try to reach, again for more (default 192.0.2.1 and 2001:db8::1)",
    )
    parser.add_argument("--captured", action="store_true", help="look at the rules of `sidegate capture` too")
    parser.add_argument("--strict", action="store_true", help="end with 1 if anything is in doubt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_files(parser)
    add_plan(parser)
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if anything is wrong."""
    findings = list(_inside(args) if args.inside else _outside(args))
    if args.as_uid is not None and not args.inside:
        findings += _as_user(args)
    say(as_json(findings) if args.json else as_table(findings))
    return 1 if faults(findings, strict=args.strict) else 0


def _inside(args: argparse.Namespace) -> Iterator[Finding]:
    plan = planned(args)
    data_dir = args.data_dir.absolute()
    yield from standing.examine(Gate(uid=plan.spared, data_dir=data_dir), os.environ)
    yield from attempts.examine(_aims(args, plan))
    yield from clients.examine(clients.here())


def _outside(args: argparse.Namespace) -> Iterator[Finding]:
    data_dir: Path = args.data_dir.absolute()
    now = datetime.now(UTC)
    yield from folder.examine(data_dir, now=now)
    layers = read_layers(args.config)
    config = layers.config if isinstance(layers, Layers) else layers
    yield from _files(args, config)
    if isinstance(config, Config):
        yield from credentials.examine(config.credentials)
    found, about = serving.examine(data_dir)
    yield from about
    url = os.environ.get("REDIS_URL") or (config.redis.url if isinstance(config, Config) else None)
    own = f"unix://{data_dir / 'redis' / 'redis.sock'}"
    yield from asyncio.run(store.examine(url or own, embedded=url is None, now=datetime.now(UTC)))
    if args.captured:
        yield serving.rules(planned(args))
    if found is not None:
        try:
            variables = environment(data_dir, found.proxy)
        except Negative as negative:
            yield fault("client", str(negative), "start the sidecar anew")
        else:
            yield from clients.examine(clients.led(clients.here(), variables))


def _files(args: argparse.Namespace, config: Config | tuple[object, ...]) -> Iterator[Finding]:
    """The operator's files, as `sidegate check` reads them."""
    ruleset = read_rules(args, agent=config.identity.agent if isinstance(config, Config) else "")
    for check, read in (("config", config), ("rules", ruleset)):
        if isinstance(read, tuple):
            for problem in read:
                yield fault(check, str(problem), "correct the file: `sidegate check` reads it the same way")
        else:
            yield ok(check, "it is right" if check == "config" else f"{len(ruleset.rules)} rules are right")  # type: ignore[union-attr]
    if not args.rules:
        yield doubt("rules.there", "no rules file is named", "give --rules as `serve` has it")
    for warning in lint(read_documents(args.rules)):
        yield doubt("rules.lint", str(warning), "see `sidegate check`")


def _aims(args: argparse.Namespace, plan: Plan) -> Aims:
    aims = Aims(closed=plan.closed)
    return Aims(hosts=tuple(args.reach), closed=plan.closed) if args.reach else aims


def _as_user(args: argparse.Namespace) -> list[Finding]:
    """What the agent's side finds, from a child that is the agent's user."""
    if os.geteuid() != 0:
        raise Negative("only root can try as another user: leave out --as, or run this as root", code=2)
    # Sockets load this codec when they are first used; the child may not read the interpreter's files.
    "".encode("idna")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _report_as(args, writer)
    os.close(writer)
    with open(reader, "rb") as said:  # noqa: PTH123 (a descriptor has no path)
        text = said.read()
    os.waitpid(child, 0)
    try:
        return [Finding(**{**row, "level": Level(row["level"])}) for row in json.loads(text)]
    except ValueError:
        return [fault("agent", f"nothing could be tried as user {args.as_uid}", "run this again as root")]


def _report_as(args: argparse.Namespace, writer: int) -> None:
    """In the child: never return."""
    try:
        data_dir: Path = args.data_dir.absolute()
        gate = Gate(uid=data_dir.stat().st_uid, data_dir=data_dir)
        lose_privileges(uid=args.as_uid, gid=args.as_uid, groups=[])
        plan = planned(args)
        found = [*standing.examine(gate, os.environ), *attempts.examine(_aims(args, plan))]
        os.write(writer, json.dumps([asdict(one) for one in found]).encode())
    except (CaptureError, OSError, ImportError) as error:
        sys.stderr.write(f"sidegate: {error}\n")
    finally:
        os._exit(0)
