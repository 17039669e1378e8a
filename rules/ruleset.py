"""Compiled rules: what classification asks them, ready to be asked for every call."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rules.account import NOTHING, Account
from rules.budget import Budget
from rules.call import Call, HttpCall
from rules.handling import USUAL, Handling
from rules.matching.asking import Asking, asked_of
from rules.matching.condition import Condition
from rules.matching.index import Index
from rules.matching.pattern import ANYWHERE, Track, fold_segments
from rules.matching.predicate import Predicate
from rules.matching.truth import Truth, all_of, any_of
from rules.request.path_readings import PathPolicy
from rules.request.spelling import fold
from rules.verdict import Tier

EVERY = "*"

type Test = Condition | Asking | Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEndpoint:
    """The HTTP requests that a rule names by where they go. No methods: all of them."""

    hosts: frozenset[str] = frozenset({EVERY})
    methods: frozenset[str] = frozenset()
    paths: tuple[Track, ...] = (ANYWHERE,)

    def covers(self, call: Call) -> Truth:
        """Whether `call` goes there."""
        if not isinstance(call, HttpCall):
            return Truth.FALSE
        method = self._covers_method(call)
        if method is Truth.FALSE or self.hosts.isdisjoint(host_keys(call.host)):
            return Truth.FALSE
        return all_of((method, any_of([track.covers(call.segments) for track in self.paths])))

    def _covers_method(self, call: HttpCall) -> Truth:
        if not self.methods or call.method in self.methods:
            return Truth.TRUE
        # With an override, the server may take the request for one of any method.
        return Truth.UNKNOWN if call.overrides else Truth.FALSE


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEndpoint:
    """The MCP tool calls that a rule names by server and tool."""

    servers: frozenset[str] = frozenset({EVERY})
    tools: tuple[Track, ...] = (ANYWHERE,)

    def covers(self, call: Call) -> Truth:
        """Whether `call` is one of them."""
        if isinstance(call, HttpCall) or self.servers.isdisjoint((call.server, EVERY)):
            return Truth.FALSE
        return any_of(track.covers((call.tool,)) for track in self.tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A lower tier for calls that definitely fulfil all `conditions`."""

    conditions: tuple[Test, ...]
    tier: Tier
    reason: str | None
    evidence: tuple[str, ...] = ()

    def holds(self, call: Call) -> Truth:
        """Whether all conditions hold for `call`."""
        return all_of(condition.holds(call) for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One compiled rule."""

    id: str
    endpoint: HttpEndpoint | ToolEndpoint
    conditions: tuple[Test, ...]
    tier: Tier
    reason: str | None
    forbidden: bool
    lower: tuple[Alternative, ...]
    budget: Budget | None = None
    account: Account = NOTHING
    handling: Handling = USUAL
    observed: bool = False
    """Whether what it would hold passes; never for a forbidden call."""

    @property
    def asking(self) -> Asking | None:
        """What the rule's own match says of operations."""
        return next((c for c in self.conditions if isinstance(c, Asking)), None)

    @property
    def paths(self) -> tuple[Track, ...]:
        """What it writes for a request's path: the parts that templates name."""
        return self.endpoint.paths if isinstance(self.endpoint, HttpEndpoint) else ()

    def matches(self, call: Call) -> Truth:
        """Whether the rule names `call`."""
        covered = self.endpoint.covers(call)
        if covered is Truth.FALSE:
            return covered
        return all_of((covered, *[condition.holds(call) for condition in self.conditions]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The tiers that files give to calls that no rule names, by kind.

    None: the general reading decides; for `unknown_host`, hosts make no difference.
    """

    read: Tier | None = None
    write: Tier | None = None
    delete: Tier | None = None
    tool: Tier | None = None
    unknown_host: Tier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All rules in file order. `hash`: SHA-256 of their content, whatever their comments and layout."""

    rules: tuple[Rule, ...]
    defaults: Defaults
    hash: str
    observed: bool = False
    """Whether what is held without a rule passes."""
    policies: Mapping[str, PathPolicy] = field(default_factory=dict)
    """Policies on paths, by what a rules file writes for a host."""
    packs: "Ruleset | None" = None
    """The rules that the product brings: they speak where none of `rules` certainly names the call."""
    _http: Index = field(default_factory=Index, init=False, repr=False, compare=False)
    _asking: Index = field(default_factory=Index, init=False, repr=False, compare=False)
    """The HTTP rules on operations by where they go, for calls whose operations are not certain."""
    _operations: Index = field(default_factory=Index, init=False, repr=False, compare=False)
    """The same rules by the operations, for all other calls."""
    _tools: Index = field(default_factory=Index, init=False, repr=False, compare=False)
    _by_id: dict[str, Rule] = field(default_factory=dict, init=False, repr=False, compare=False)
    _hosts: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """What rules write for hosts; a rule that only observes says nothing of a host either."""

    def __post_init__(self) -> None:
        self._by_id.update((rule.id, rule) for rule in self.rules)
        for number, rule in enumerate(self.rules):
            match rule.endpoint:
                case HttpEndpoint(hosts=hosts, paths=paths):
                    asking = rule.asking
                    if self.observed or not rule.observed:
                        self._hosts.update(hosts)
                    (self._asking if asking else self._http).add(number, hosts, paths)
                    if asking:
                        self._operations.add(number, hosts, asking.tracks)
                case ToolEndpoint(servers=servers, tools=tools):
                    self._tools.add(number, servers, tools)

    def candidates(self, call: Call) -> Iterator[Rule]:
        """The rules that may name `call`, in file order: all that do, and perhaps some that do not."""
        if isinstance(call, HttpCall):
            numbers = self._find(call)
        else:
            numbers = self._tools.find((call.server, EVERY), (fold(call.tool),))
        return (self.rules[number] for number in numbers)

    def rule(self, rule_id: str | None) -> Rule | None:
        """The rule with that id, the operator's before one that the product brings."""
        own = self._by_id.get(rule_id) if rule_id is not None else None
        return self.packs.rule(rule_id) if own is None and self.packs else own

    def handling(self, rule_id: str | None) -> Handling:
        """What the rule asks for around its held calls; where no rule judged, what is usual."""
        rule = self.rule(rule_id)
        return USUAL if rule is None else rule.handling

    def names_host(self, host: str) -> bool:
        """Whether a rule of the operator names `host`, itself or by a name above it; `*` names none."""
        return any(key in self._hosts for key in host_keys(host) if key != EVERY)

    @property
    def named_hosts(self) -> frozenset[str]:
        """Every host that rules name alone, those of the product included."""
        own = frozenset(host for host in self._hosts if EVERY not in host)
        return own | self.packs.named_hosts if self.packs else own

    def paths(self, host: str) -> PathPolicy:
        """What becomes of paths that servers of `host` could read differently: the operator's word first."""
        keys = (key for key in host_keys(host) if key in self.policies) if self.policies else iter(())
        if key := next(keys, None):
            return self.policies[key]
        return self.packs.paths(host) if self.packs else PathPolicy.STRICT

    @property
    def named_servers(self) -> frozenset[str]:
        """Every MCP server that rules name alone."""
        endpoints = (rule.endpoint for rule in self.rules)
        return frozenset(
            server for one in endpoints if isinstance(one, ToolEndpoint) for server in one.servers
        ) - {EVERY}

    def _find(self, call: HttpCall) -> list[int]:
        keys, folded = host_keys(call.host), fold_segments(call.segments)
        asked, found = asked_of(call), self._http.find(keys, folded)
        if asked == ():
            return found
        if asked is None:
            return sorted(found + self._asking.find(keys, folded))
        of_these = (self._operations.find(keys, (fold(operation),)) for operation in asked)
        return sorted({*found, *itertools.chain.from_iterable(of_these)})


@lru_cache(maxsize=1024)
def host_keys(host: str) -> tuple[str, ...]:
    """What a rule may write to name `host`, the nearest first.

    Itself, with `*` for one label between others, `*.` and each name above it, `*`.
    """
    labels = host.split(".")
    between = (".".join((*labels[:n], EVERY, *labels[n + 1 :])) for n in range(1, len(labels) - 2))
    return (host, *between, *(f"*.{'.'.join(labels[n:])}" for n in range(1, len(labels))), EVERY)
