"""Every key of config.yaml: its default, what it does, and hostile values for it."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config import Config, read_text, store_fault
from proxy.holding import Waiting
from proxy.settings.layers import Layers, read_layers
from rules.action import Principal
from rules.language.document import Problem, read
from rules.verdict import Tier

ROOT = Path(__file__).parents[2]


def config(text: str) -> Config:
    """The configuration that `text` is, after its version."""
    made = read(Config, f"version: 1\n{text}", file="config.yaml")
    assert isinstance(made, Config), made
    return made


def load(path: Path | None) -> Config | tuple[Problem, ...]:
    """The file alone, without anything that a variable or a flag says."""
    found = read_layers(path, environ={})
    return found.config if isinstance(found, Layers) else found


def problems(text: str) -> list[Problem]:
    """What is wrong with `text`."""
    made = read(Config, f"version: 1\n{text}", file="config.yaml")
    assert isinstance(made, tuple), "it was taken"
    return list(made)


def test_the_defaults() -> None:
    """Without a file, or with an empty one, everything has the documented value."""
    for made in (load(None), config("")):
        assert isinstance(made, Config)
        assert made.principal == Principal(agent="agent", session="default")
        assert made.waiting == Waiting(usual=20.0, most=120.0)
        assert made.clocks.decision_window == timedelta(minutes=30)
        assert made.clocks.approval_validity == {
            Tier.EXTERNAL: timedelta(hours=24),
            Tier.HIGH_RISK: timedelta(minutes=15),
        }
        assert made.clocks.retention == timedelta(days=7)
        assert made.windows.upstream == 60.0
        assert (made.redis.url, made.redis.domain) == (None, "default")
        assert (made.reviewers, made.secrets, made.destinations.allow) == ((), frozenset(), ())


def test_every_key_arrives() -> None:
    """Each key of the file changes what it is for."""
    made = config(
        """
identity: {human: eve, service: books, agent: bot, session: s-1}
destinations: {allow: [localhost, "10.0.0.0/8", "db.internal:5432"]}
inline_wait: {usual: 1, most: 2.5}
windows: {decision: 60, approval_tier_3: 61, approval_tier_4: 62, retention: 63, upstream: 64}
credentials:
  - {host: api.example, env: TOKEN}
  - {host: api.example, header: X-Key, template: "{secret}", file: /run/key}
  - {host: "api.example:8443", env: OTHER}
secret_headers: [X-House-Key]
reviewers: [{name: ada, token_file: /run/ada}]
redis: {url: "rediss://r.example:6380/0", domain: books}
"""
    )
    assert made.principal == Principal(human="eve", service="books", agent="bot", session="s-1")
    assert made.allowed.hosts == {"localhost"}
    assert made.allowed.places == {("db.internal", 5432)}
    assert [str(network) for network in made.allowed.networks] == ["10.0.0.0/8"]
    assert made.waiting == Waiting(usual=1.0, most=2.5)
    assert made.clocks.decision_window == timedelta(seconds=60)
    validity = made.clocks.approval_validity
    assert (validity[Tier.EXTERNAL].seconds, validity[Tier.HIGH_RISK].seconds) == (61, 62)
    assert made.clocks.retention == timedelta(seconds=63)
    assert made.windows.upstream == 64
    assert made.secrets == {b"authorization", b"x-key", b"x-house-key"}
    assert (made.redis.url, made.redis.domain) == ("rediss://r.example:6380/0", "books")
    assert [(one.name, one.token_file) for one in made.reviewers] == [("ada", "/run/ada")]
    assert [(entry.host, entry.slot) for entry in made.credentials] == [
        ("api.example", "authorization"),
        ("api.example", "x-key"),
        ("api.example:8443", "authorization"),
    ]


_NUMBERS = {
    "negative": "-1",
    "huge": "1e300",
    "infinite": ".inf",
    "not a number": ".nan",
    "overflowing": "1e400",
    "a truth": "true",
    "a text": "'5'",
    "empty": "",
    "a list": "[5]",
    "a mapping": "{s: 5}",
    "hexadecimal": "0x10",
    "with underscores": "1_000",
    "sexagesimal": "1:30",
    "a unit": "30s",
    "one second over a year": "31622401",
}
_SECONDS = ["decision", "approval_tier_3", "approval_tier_4", "retention", "upstream"]


@pytest.mark.parametrize("case", [*_NUMBERS, "zero"])
@pytest.mark.parametrize(
    "key",
    [
        *(f"windows.{k}" for k in _SECONDS),
        *("inline_wait.usual", "inline_wait.most", "new_holds.within", "new_holds.quarantine"),
    ],
)
def test_numbers_that_no_clock_can_have(key: str, case: str) -> None:
    """Each is refused where it stands; only an inline wait may be zero."""
    section, _, name = key.partition(".")
    text = f"{section}:\n  {name}: {_NUMBERS.get(case, '0')}\n"
    if case == "zero" and section == "inline_wait":
        other = "" if name == "usual" else "  usual: 0\n"
        assert getattr(config(text + other).inline_wait, name) == 0
        return
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (3, key)


HOSTILE: dict[str, tuple[str, str, str]] = {
    "no patience left": ("inline_wait: {usual: 121}", "inline_wait", "raise `most` or lower `usual`"),
    "less patience than usual": ("inline_wait: {most: 19}", "inline_wait", "`usual` (20) is over"),
    "an empty agent": ("identity: {agent: ''}", "identity.agent", "at least 1"),
    "an endless agent": (f"identity: {{agent: {'a' * 201}}}", "identity.agent", "at most 200"),
    "an endless human": (f"identity: {{human: {'a' * 201}}}", "identity.human", "at most 200"),
    "a service on two lines": ('identity: {service: "a\\nb"}', "identity.service", "one line"),
    "a session that turns": ('identity: {session: "a\\u202eb"}', "identity.session", "plain text"),
    "a number for a name": ("identity: {agent: 7}", "identity.agent", "must be text"),
    "a claim that is no key": ("identity: {tier: 1}", "identity.tier", "no such key"),
    "a url to open": ("destinations: {allow: ['http://a.example']}", "destinations.allow", "`http://a.example`"),
    "a wildcard to open": ("destinations: {allow: ['*']}", "destinations.allow", "`*`"),
    "an empty opening": ("destinations: {allow: ['']}", "destinations.allow[0]", "at least 1"),
    "a port of zero": ("destinations: {connect_ports: [0]}", "destinations.connect_ports[0]", "at least 1"),
    "a tunnel too far": (
        "destinations: {connect_ports: [65536]}",
        "destinations.connect_ports[0]",
        "at most",
    ),
    "a port as text": ("destinations: {connect_ports: ['443']}", "destinations.connect_ports[0]", "whole"),
    "no holds at all": ("new_holds: {most: 0}", "new_holds.most", "at least 1"),
    "holds without end": ("new_holds: {most: 100001}", "new_holds.most", "at most 100000"),
    "half a hold": ("new_holds: {most: 1.5}", "new_holds.most", "whole number"),
    "one text for a list": ("destinations: {allow: localhost}", "destinations.allow", "must be a list"),
    "a reviewer called operator": (
        "reviewers: [{name: operator, token_file: t}]",
        "reviewers[0].name",
        "write another name",
    ),
    "Operator": ("reviewers: [{name: OPERATOR, token_file: t}]", "reviewers[0].name", "operator"),
    "a reviewer with a space": ("reviewers: [{name: a b, token_file: t}]", "reviewers[0].name", "`a b`"),
    "a reviewer on two lines": ('reviewers: [{name: "a\\n", token_file: t}]', "reviewers[0].name", "`a\\n`"),
    "a reviewer who begins with a dash": (
        "reviewers: [{name: -a, token_file: t}]",
        "reviewers[0].name",
        "`-a`",
    ),
    "a reviewer without a token": ("reviewers: [{name: ada}]", "reviewers[0].token_file", "missing"),
    "one reviewer twice": (
        "reviewers: [{name: ada, token_file: t}, {name: ada, token_file: u}]",
        "reviewers",
        "two reviewers have the name `ada`",
    ),
    "one reviewer in two cases": (
        "reviewers: [{name: ada, token_file: t}, {name: Ada, token_file: u}]",
        "reviewers",
        "two reviewers have the name `ada`",
    ),
    "two reviewers with one token": (
        "reviewers: [{name: ada, token_file: t}, {name: bob, token_file: t}]",
        "reviewers",
        "two reviewers have the token file `t`",
    ),
    "a secret with a space": ("secret_headers: [X Key]", "secret_headers", "`X Key` is no header name"),
    "a secret with a colon": ("secret_headers: ['X:']", "secret_headers", "no header name"),
    "a secret with a line end": ('secret_headers: ["X\\r\\nY"]', "secret_headers", "no header name"),
    "a secret in another alphabet": ("secret_headers: [\u00e9]", "secret_headers", "no header name"),
    "an empty secret": ("secret_headers: ['']", "secret_headers[0]", "at least 1"),
    "a secret host": ("secret_headers: [Host]", "secret_headers", "`Host` says how a request is sent"),
    "a secret length": ("secret_headers: [content_length]", "secret_headers", "how a request is sent"),
    "a secret framing": ("secret_headers: [Transfer-Encoding]", "secret_headers", "how a request is sent"),
    "a shouted credential": ("credentials: [{host: A.example, env: T}]", "credentials[0].host", "lower case"),
    "a credential for a url": (
        "credentials: [{host: 'https://a.example', env: T}]",
        "credentials[0].host",
        "no host or host:port",
    ),
    "a credential for every host": ("credentials: [{host: '*', env: T}]", "credentials[0].host", "`*`"),
    "a credential for no port": ("credentials: [{host: 'a.b:', env: T}]", "credentials[0].host", "no host"),
    "a credential for port 0": ("credentials: [{host: 'a.b:0', env: T}]", "credentials[0].host", "no host"),
    "a port too far": ("credentials: [{host: 'a.example:70000', env: T}]", "credentials[0].host", "no host"),
    "ipv6 in brackets": ("credentials: [{host: '[::1]', env: T}]", "credentials[0].host", "without brackets"),
    "a console name with a path": ("console: {names: ['a.b/c']}", "console.names", "no host or host:port"),
    "a console name of nothing": ("console: {names: ['@']}", "console.names", "no host or host:port"),
    "ipv6 with port 0": ("credentials: [{host: '[::1]:0', env: T}]", "credentials[0].host", "and a port"),
    "ipv6 in full": ("credentials: [{host: '[::0:1]:443', env: T}]", "credentials[0].host", "and a port"),
    "host in brackets": ("credentials: [{host: '[a.b]:443', env: T}]", "credentials[0].host", "and a port"),
    "a trailing dot": ("credentials: [{host: a.example., env: T}]", "credentials[0].host", "no host"),
    "a credential without a source": ("credentials: [{host: a.example}]", "credentials[0]", "exactly one"),
    "a credential with two": (
        "credentials: [{host: a.example, env: T, file: f}]",
        "credentials[0]",
        "exactly one of `env`, `file`",
    ),
    "one credential twice": (
        "credentials: [{host: a.example, env: T}, {host: a.example, env: U, header: authorization}]",
        "credentials",
        "two credentials for `authorization`",
    ),
    "a template without a place": (
        "credentials: [{host: a.example, env: T, template: Bearer}]",
        "credentials[0].template",
        "exactly once",
    ),
    "a template with two": (
        "credentials: [{host: a.example, env: T, template: '{secret}:{secret}'}]",
        "credentials[0].template",
        "exactly once",
    ),
    "a template that adds a header": (
        'credentials: [{host: a.example, env: T, template: "{secret}\\r\\nX-Admin: 1"}]',
        "credentials[0].template",
        "no header can carry",
    ),
    "a header that is none": (
        "credentials: [{host: a.example, env: T, header: 'X Key'}]",
        "credentials[0].header",
        "`X Key` is no header name",
    ),
    "a header that frames": (
        "credentials: [{host: a.example, env: T, header: Content-Length}]",
        "credentials[0].header",
        "how a request is sent",
    ),
    "our own header": (
        "credentials: [{host: a.example, env: T, header: Idempotency-Key}]",
        "credentials[0].header",
        "how a request is sent",
    ),
    "a store by http": ("redis: {url: 'http://r.example'}", "redis.url", "redis://"),
    "a store without a host": ("redis: {url: 'redis://'}", "redis.url", "names no host"),
    "a store at port 0": ("redis: {url: 'redis://r.example:0'}", "redis.url", "names no host"),
    "a store without a path": ("redis: {url: 'unix://redis.sock'}", "redis.url", "unix:///PATH"),
    "a domain that leaves its slot": ("redis: {domain: 'a}b'}", "redis.domain", "no domain"),
    "a domain in upper case": ("redis: {domain: Books}", "redis.domain", "small letters"),
    "an endless domain": (f"redis: {{domain: {'a' * 65}}}", "redis.domain", "up to 64"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_values(case: str) -> None:
    """One problem, at the key it is about, with the cure in its words."""
    text, key, words = HOSTILE[case]
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (2, key)
    assert words in problem.message
    assert problem.message[0] != problem.message[0].upper() or not problem.message[0].isalpha()
    assert not problem.message.endswith(".")


def test_all_problems_at_once() -> None:
    """Whoever corrects a file wants to do it once."""
    found = problems("identity: {agent: 7}\nwindows: {decision: -1}\nredis: {url: x}\n")
    assert [problem.line for problem in found] == [2, 3, 4]


@pytest.mark.parametrize(
    "url", ["redis://:hunter2#x@r.example", "redis://u:hunter2@[::1", "ftp://u:hunter2@h/"]
)
def test_a_password_is_never_quoted(url: str) -> None:
    """What is wrong with a store's address is said without any part of it."""
    fault = store_fault(url)
    assert fault is not None
    assert "hunter2" not in fault
    assert "hunter2" not in str(problems(f"redis: {{url: '{url}'}}"))


GOOD_URLS = [
    "redis://r.example",
    "redis://u:p%23w@r.example:6379/1",
    "rediss://[::1]:6380",
    "unix:///run/r.sock?db=1",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_stores_that_can_be_reached(url: str) -> None:
    """By TCP, by TLS and by a unix socket."""
    assert store_fault(url) is None


@given(st.text(max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    """Whatever stands in the file, the answer is a configuration or problems."""
    assert isinstance(read(Config, text, file="config.yaml"), Config | tuple)
    store_fault(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and bytes that are no text are problems with a cure, not errors."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"version: 1\n\xff")
    for path, words in (
        (tmp_path / "none.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (binary, "not utf-8 at byte 11"),
    ):
        found = load(path)
        assert isinstance(found, tuple)
        assert (found[0].file, found[0].line) == (str(path), 1)
        assert words in found[0].message
        assert found == read_text(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    """The keys of a file are those of the models."""
    path = tmp_path / "config.yaml"
    path.write_text("version: 1\nidentity: {agent: bot}\n")
    loaded = load(path)
    assert isinstance(loaded, Config)
    assert loaded.principal.agent == "bot"


def test_every_section_has_a_sentence() -> None:
    """The models are the reference: each class says what it is for."""
    tree = ast.parse((ROOT / "proxy" / "config.py").read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert classes
    assert all(ast.get_docstring(node) for node in classes)


def test_names_of_the_console(tmp_path: Path) -> None:
    """They are taken as they are written; without them there are none."""
    path = tmp_path / "config.yaml"
    path.write_text('version: 1\nconsole: {names: ["sidegate:8081", gate.example]}\n')
    made = load(path)
    assert isinstance(made, Config)
    assert made.console.names == ("sidegate:8081", "gate.example")
    assert Config(version=1).console.names == ()
