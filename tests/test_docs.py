"""What a user can set, read or call is documented, and what is documented exists."""

import argparse
import ast
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from starlette.routing import BaseRoute, Mount, Route

from proxy import cli
from proxy.audit.sinks.settings import SinkEntry
from proxy.channels.settings import Mail, Recipient, Slack, Webhook
from proxy.cli.environment import TRUSTED, environment
from proxy.cli.schema import rule_models
from proxy.config import Config, Reviewer
from proxy.console.app import create
from proxy.console.pages.routes import routes
from proxy.console.pages.shell import Shell
from proxy.console.people.entry import OidcEntry, PersonEntry, RoleEntry, ScopeEntry, StepUp
from proxy.console.reading.lines import Lines
from proxy.console.reading.shown import contents, summary
from proxy.credentials.entry import CredentialEntry
from proxy.credentials.kinds import (
    AwsSigV4,
    ClientCertificate,
    Command,
    GitHubApp,
    JwtBearer,
    KubernetesLogin,
    OAuth2,
    SlackRotation,
    Vault,
)
from proxy.mcp.servers import McpServer
from proxy.metrics import EvalMetrics, Metrics
from rules.authority import ALLOWED, Act
from rules.compile import compile_rules
from rules.hold import Hold, State
from rules.language.document import Strict, read
from rules.language.rule_file import RulesFile
from rules.review.document import document
from rules.review.package import Around
from rules.reviewer import Role
from rules.ruleset import Ruleset
from rules.verdict import ReasonId, Tier
from tests.proxy.console.world import ACTION, World
from tests.rules.calls import http
from tests.rules.review.held import facts

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])

_CODE = re.compile(r"`([^`]+)`")

type Rows = list[list[str]]


def sections(page: str) -> dict[str, str]:
    """The text below each heading of a page, by the heading without its marks."""
    parts = re.split(r"^#+ (.+)$", (DOCS / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> Rows:
    """The rows of all tables in `text`, without their heads, cells stripped."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    found: Rows = []
    for n, line in enumerate(lines):
        if not set(line) <= set("|- ") and not (n + 1 < len(lines) and set(lines[n + 1]) <= set("|- ")):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return _CODE.findall(cell)


def described(text: str) -> dict[str, str]:
    """The first word of each row and its last cell."""
    return {words(row[0])[0]: row[-1] for row in rows(text)}


def sentences(path: str, name: str) -> dict[str, str]:
    """The value of each member of the enumeration `name`, and the sentence below it."""
    tree = ast.parse((ROOT / path).read_text())
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    found = {}
    for member, below in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr):
            found[ast.literal_eval(member.value)] = ast.literal_eval(below.value)
    return found


def _models() -> dict[str, type[Strict]]:
    fields = Config.model_fields
    nested = {name: field.annotation for name, field in fields.items()}
    lists: dict[str, Any] = {"credentials": CredentialEntry, "mcp_servers": McpServer, "reviewers": Reviewer}
    channels = {"webhooks": Webhook, "slack": Slack, "mail": Mail, "mail.recipients": Recipient}
    lists |= {f"channels.{name}": model for name, model in channels.items()}
    lists |= {
        "people": PersonEntry,
        "scope": ScopeEntry,
        "oidc": OidcEntry,
        "roles": RoleEntry,
        "step_up": StepUp,
        "audit.sinks": SinkEntry,
    }
    kinds: dict[str, Any] = {
        "command": Command,
        "oauth2": OAuth2,
        "jwt_bearer": JwtBearer,
        "github_app": GitHubApp,
        "slack": SlackRotation,
        "vault": Vault,
        "kubernetes": KubernetesLogin,
        "aws_sigv4": AwsSigV4,
        "client_certificate": ClientCertificate,
    }
    found = nested | lists | kinds
    return {n: m for n, m in found.items() if isinstance(m, type) and issubclass(m, Strict)}


def _default(model: type[Strict], name: str) -> str:
    """A default as the page writes it."""
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    match field.default:
        case None | ():
            return "none"
        case "":
            return "empty"
        case bool():
            return f"`{str(field.default).lower()}`"
        case float():
            return f"{field.default:g}" if field.default < 1e6 else f"{field.default:.0f}"
        case str():
            return f"`{field.default}`"
        case int():
            return str(field.default)
        case tuple():
            return f"`[{', '.join(map(str, field.default))}]`"
        case _:
            return ""


def test_every_section_of_the_configuration_is_documented() -> None:
    """Each model has a heading of its own, and the top level names each key."""
    page = sections("configuration.md")
    assert set(_models()) == {words(heading)[0] for heading in page if words(heading)}
    assert [row[0] for row in rows(page["Top level"])] == [f"`{name}`" for name in Config.model_fields]


@pytest.mark.parametrize("section", [*_models(), "Top level"])
def test_every_key_of_the_configuration_is_documented(section: str) -> None:
    """With the default that the model has; no key stands there that the model does not know."""
    page = sections("configuration.md")
    model = _models().get(section, Config)
    table = rows(page.get(f"`{section}`") or page[section])
    assert {row[0]: row[1] for row in table} == {f"`{n}`": _default(model, n) for n in model.model_fields}
    assert all(row[2] for row in table)


def examples(page: Path) -> Iterator[str]:
    """The indented blocks of a page that are whole files, without their margins and comments."""
    for block in re.findall(r"(?:^    .*\n)+", page.read_text(), re.MULTILINE):
        text = re.sub(r"^    ", "", block, flags=re.MULTILINE)
        if re.match(r"(?:#.*\n)?version: 1\n", text):
            yield text


def is_rules(text: str) -> bool:
    """Whether a whole file is one of rules."""
    return re.search(r"^(rules|defaults):", text, re.MULTILINE) is not None


def _examples() -> list[tuple[str, str]]:
    return [(page.name, text) for page in PAGES for text in examples(page)]


@pytest.mark.parametrize(("page", "text"), _examples(), ids=[page for page, _ in _examples()])
def test_examples_can_be_used_as_they_are(page: str, text: str) -> None:
    """Every whole file in the docs is one that Sidegate takes."""
    if is_rules(text):
        assert isinstance(compile_rules([(page, text)]), Ruleset), compile_rules([(page, text)])
    else:
        assert isinstance(read(Config, text, file=page), Config), read(Config, text, file=page)


def _written(part: object) -> Iterator[tuple[str, str]]:
    """Every key that a rules file writes, with the name of its model."""
    if isinstance(part, Strict):
        for name in part.model_fields_set:
            yield type(part).__name__, name
            yield from _written(getattr(part, name))
    elif isinstance(part, dict | tuple):
        for below in part.values() if isinstance(part, dict) else part:
            yield from _written(below)


def test_every_key_of_rules_is_shown() -> None:
    """Each key of the language is named on the page, and stands in an example that can be used."""
    page = (DOCS / "rules.md").read_text()
    read_examples = [read(RulesFile, text, file="rules.md") for text in examples(DOCS / "rules.md")]
    shown = {key for example in read_examples for key in _written(example)}
    keys = {(m.__name__, n) for m in rule_models() for n in m.model_fields}
    # A tool call's conditions and a request's are the same model, of which `Match` shows each.
    wanted = {(model, name) for model, name in keys if model != "When"}
    assert wanted - shown == set()
    named = {part for code in words(page) for part in re.findall(r"[a-z_]+", code)}
    assert {name.rstrip("_") for _, name in keys} - named == set()


def test_one_example_shows_every_section() -> None:
    """A reader sees how each is written."""
    first = next(examples(DOCS / "configuration.md"))
    config = read(Config, first, file="example")
    assert isinstance(config, Config)
    assert config.model_fields_set == set(Config.model_fields)
    for section in ("identity", "inline_wait", "windows", "redis"):
        part = getattr(config, section)
        assert part.model_fields_set == set(type(part).model_fields), section


def _exposed(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _metrics() -> Metrics:
    """With the series that are there only where something is configured."""
    metrics = Metrics()
    metrics.assessed(date(2025, 11, 3))
    return metrics


def test_every_metric_is_documented() -> None:
    """Name, type, labels and sentence, exactly as they are exported."""
    metrics = _metrics()
    instruments = [v for n, v in vars(metrics).items() if n != "registry" and not n.startswith("_")]
    labels = {value._name: value._labelnames for value in instruments}
    expected = [
        [
            f"`{_exposed(family)}`",
            family.type,
            ", ".join(f"`{label}`" for label in labels[family.name]),
            family.documentation,
        ]
        for family in metrics.registry.collect()
    ]
    assert [row for row in rows((DOCS / "metrics.md").read_text()) if len(row) == 4] == expected


def test_every_gauge_of_eval_is_documented() -> None:
    """With its labels and its sentence."""
    metrics = EvalMetrics()
    instruments = [v for n, v in vars(metrics).items() if n != "registry"]
    labels = {value._name: value._labelnames for value in instruments}
    expected = [
        [f"`{family.name}`", ", ".join(f"`{label}`" for label in labels[family.name]), family.documentation]
        for family in metrics.registry.collect()
    ]
    assert rows(sections("metrics.md")["Of `sidegate eval`"]) == expected


def test_alerts_speak_of_metrics_that_exist() -> None:
    """The table of alerts is not stale."""
    text = (DOCS / "metrics.md").read_text()
    known = {_exposed(f) for m in (_metrics(), EvalMetrics()) for f in m.registry.collect()}
    assert set(re.findall(r"\bsidegate_\w+", text)) <= known


def test_every_reason_is_documented() -> None:
    """Each id with its sentence, in the order of the code."""
    expected = sentences("rules/verdict.py", "ReasonId")
    assert set(expected) == set(ReasonId)
    page = (DOCS / "reasons.md").read_text()
    assert [(words(row[0])[0], row[1]) for row in rows(page)] == list(expected.items())


def test_every_kind_of_record_is_documented() -> None:
    """Each with its sentence, in the order of the code."""
    table = rows(sections("audit.md")["Kinds"])
    expected = sentences("rules/audit/record.py", "Kind")
    assert [(words(row[0])[0], row[1]) for row in table] == list(expected.items())


def _parsers() -> dict[str, argparse.ArgumentParser]:
    parser = argparse.ArgumentParser(prog="sidegate")
    commands = parser.add_subparsers()
    with warnings.catch_warnings():
        # What mitmproxy's filter language is written with has given up the names it uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        for module in dict.fromkeys(cli._COMMANDS.values()):
            import_module(f"proxy.cli.{module}").add_parser(commands)
    return dict(commands.choices)


def test_every_command_is_documented() -> None:
    """Each has a heading, and each heading is one."""
    page = sections("cli.md")
    headings = {words(heading)[0].removeprefix("sidegate ") for heading in page if words(heading)}
    assert headings == set(_parsers()) == set(cli._COMMANDS)


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_every_flag_is_documented(command: str) -> None:
    """Its name in the command's table; no flag stands there that the command does not know."""
    text = sections("cli.md")[f"`sidegate {command}`"]
    table = next(iter(re.findall(r"\| flag \|(?:.*\n)+?(?:\n|\Z)", text)))
    documented = {words(row[0])[0].split()[0] for row in rows(table)}
    known = set()
    for action in _parsers()[command]._actions:
        if action.dest != "help":
            known.add(action.option_strings[0] if action.option_strings else str(action.metavar))
    assert documented == known


@pytest.mark.parametrize("flag", ["--listen", "--console"])
def test_defaults_of_addresses(flag: str) -> None:
    """The documented default is the configuration's."""
    default = getattr(Config(version=1).serve, flag.removeprefix("--"))
    table = {words(row[0])[0].split()[0]: row[1] for row in rows(sections("cli.md")["`sidegate serve`"])}
    assert table[flag] == f"`{default}`"


def test_every_variable_of_the_agent_is_documented(tmp_path: Path) -> None:
    """What `sidegate env` prints stands in its table, and nothing else."""
    for name in TRUSTED:
        (tmp_path / name).touch()
    table = sections("cli.md")["`sidegate env`"].partition("| variable |")[2]
    documented = [name for row in rows(f"| variable |{table}") for name in words(row[0])]
    assert sorted(documented) == sorted(environment(tmp_path, "http://127.0.0.1:8080"))


def _routes(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _routes(list(route.routes), prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield f"{method} {prefix}{route.path}"


async def test_every_route_is_documented() -> None:
    """Method and path of each; no route stands there that the console does not have."""
    world = World.build("unix:///tmp/sidegate-no-such-socket")
    pages = set(_routes(list(routes(Shell(world.reviewing()), Lines(world.reviewing())))))
    table = {words(row[0])[0] for row in rows(sections("api.md")["Routes"])}
    assert table == set(_routes(list(create(world.reviewing()).routes))) - pages
    assert {words(row[0])[0] for row in rows(sections("review.md")["Addresses"])} == pages
    await world.redis.aclose()


def test_every_member_is_documented() -> None:
    """What the console says of a hold and of its action, in its own order."""
    moment = datetime.now(UTC)
    hold = Hold(
        hold_id="x",
        state=State.PENDING,
        fence=0,
        digest="d",
        fingerprint="f",
        idempotency_key="k",
        tier=Tier.HIGH_RISK,
        rule=None,
        reason_id=ReasonId.RULE,
        reason="r",
        policy="p",
        created_at=moment,
        decide_by=moment,
    )
    page = sections("api.md")
    assert list(described(page["Members of a hold"])) == list(summary(hold))
    assert list(described(page["Members of an action"])) == list(contents(ACTION))
    package = document(facts(http("GET a.example/")), Around())
    assert list(described(page["Members of a package"])) == list(package)
    assert all(f"`{name}`" in page["Members of a package"] for name in package["around"])


def test_every_problem_is_documented() -> None:
    """Each word with its sentence."""
    assert described(sections("api.md")["Problems"]) == sentences("proxy/console/problem.py", "Obstacle")


def test_what_roles_may_do_is_documented() -> None:
    """The table of the page is that of the rules."""
    expected = [[f"`{act}`", *("yes" if act in ALLOWED[role] else "" for role in Role)] for act in Act]
    assert rows(sections("people.md")["Roles"]) == expected


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in the docs names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


OWN_PAGES = ("configuration.md", "metrics.md", "reasons.md", "cli.md", "api.md")


@pytest.mark.parametrize("page", OWN_PAGES)
def test_reference_pages_have_a_sentence_a_line(page: str) -> None:
    """So that a change shows the sentence that changed (semantic newlines)."""
    prose = [line for line in (DOCS / page).read_text().splitlines() if line and line[0] not in "|# "]
    assert [line for line in prose if re.search(r"[a-z)]\. [A-Z]", line) and len(line) > 110] == []
