"""The rules file, version 1: every key and what it takes."""

import itertools
from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from rules.handling import Handoff
from rules.language.complaint import Faults
from rules.language.document import Strict
from rules.language.holding import Idempotency, Quorum, Snapshot, Unanswered, Verify
from rules.language.particulars import Example, Reversible
from rules.language.requirement import HeaderFields, Members, Requirement
from rules.language.vocabulary import (
    AgentName,
    Cel,
    CredentialName,
    DecisionWindow,
    Evidence,
    HostName,
    Hosts,
    Level,
    Limit,
    MemberPath,
    Methods,
    Operations,
    Paths,
    Reason,
    RuleId,
    Servers,
    Template,
    Tools,
    Version,
    Window,
)
from rules.language.yaml_tree import Path
from rules.matching.expression import read_expression
from rules.request.path_readings import PathPolicy
from rules.verdict import Category, Mode, Tier

HTTP_KEYS = ("host", "method", "path", "query", "headers", "body", "operation")
VALUE_KEYS = ("query", "headers", "body", "arguments")
TOOL_KEYS = ("server", "tool", "arguments")
PROBING_KEYS = ("snapshot", "verify", "idempotency")
HOLDING_KEYS = (*PROBING_KEYS, "credential", "handoff", "quorum", "window", "on_timeout")


class When(Strict):
    """Conditions on the values of a call; all of them must hold."""

    query: Members | None = None
    """On the query's values, by name."""
    headers: HeaderFields | None = None
    """On header fields, by lower-case name."""
    body: Members | None = None
    """On members of a JSON body or form, by dotted path; `*` is every element of a list."""
    arguments: Members | None = None
    """On the arguments of an MCP tool call, by dotted path."""
    operation: Operations | None = None
    """All that the payload asks for is named here: `graphql.query.me`, `graphql.mutation.*`."""
    cel: Cel | None = None
    """An expression in CEL over the call: `body.amount < 100 && body.currency == 'usd'`."""

    def written(self) -> tuple[str, ...]:
        """The keys that the file gives."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)

    def asked(self) -> tuple[str, ...]:
        """The parts of a call that it looks at: its keys, and for `cel` the variables."""
        plain = tuple(name for name in self.written() if name != "cel")
        return plain if self.cel is None else (*plain, *sorted(read_expression(self.cel).variables))

    def conditions(self) -> Iterator[tuple[str, str, Requirement]]:
        """Each condition: the key it stands under, the path of the value, what it must be."""
        for key in VALUE_KEYS:
            for path, required in (getattr(self, key) or {}).items():
                yield key, path, required

    def distinct(self) -> frozenset[str]:
        """All that must hold, each in one spelling."""
        asked = (f"operation {sorted(self.operation)}",) if self.operation else ()
        written = () if self.cel is None else (f"cel {self.cel}",)
        return frozenset((*map(repr, self.conditions()), *asked, *written))


class Match(When):
    """Which calls a rule names: HTTP requests or MCP tool calls, never both."""

    host: Hosts | None = None
    """`pay.test`, every name below one (`*.pay.test`), or `*`; on every port."""
    method: Methods | None = None
    """In capitals. A rule for GET covers HEAD."""
    path: Paths | None = None
    """`/v1/files/{id}` (one segment), `{id:int}` (of digits), `/v1/files/**` (and all below)."""
    server: Servers | None = None
    """The MCP server's configured name, or `*`."""
    tool: Tools | None = None
    """The tool's name; one `*` stands for any text."""

    @model_validator(mode="after")
    def _names_one_kind(self) -> Self:
        keys = self.asked()
        if not keys:
            raise ValueError('it names no call; write at least one key, such as `host: "*"`')
        http = [key for key in keys if key in HTTP_KEYS]
        tool = [key for key in keys if key in TOOL_KEYS]
        if http and tool:
            raise ValueError(
                f"`{http[0]}` is of http requests and `{tool[0]}` of mcp tool calls; write two rules"
            )
        return self


class Lower(Strict):
    """A lower tier for the calls of a rule that definitely fulfil more conditions."""

    when: When
    """The conditions. What cannot be decided does not lower."""
    tier: Level
    """Lower than the rule's own."""
    reason: Reason | None = None
    """One sentence for the agent and the reviewer."""
    evidence: Evidence | None = None
    """What fixed this tier, with its source: one text or several."""


class Budget(Strict):
    """How much of what the rule lets pass may pass within a window, for one agent."""

    limit: Limit
    """The most that may pass; of calls, if `amount` is left out."""
    window: Window
    """As `90s`, `30m`, `24h` or `7d`."""
    amount: MemberPath | None = None
    """Where the amount stands in the body or the arguments. What has no certain amount is held."""
    by: tuple[MemberPath, ...] = ()
    """Members whose values have a budget each, such as the payee and the currency."""


class Rule(Strict):
    """One rule."""

    id: RuleId
    """Unique over all files: it stands in every record of a call that the rule judged."""
    match: Match
    """The calls that the rule names."""
    tier: Level | None = None
    """Their tier. Left out only with `forbidden: true`."""
    reason: Reason | None = None
    """One sentence for the agent and the reviewer."""
    forbidden: bool = False
    """True: such a call never runs and nobody can approve it."""
    lower: tuple[Lower, ...] = ()
    """Tried in order; the first that definitely holds gives the tier."""
    budget: Budget | None = None
    """For calls that would pass: the one that exceeds it is held at the rule's tier, at least 3."""
    category: Category | None = None
    """What kind of consequence the calls have."""
    reversible: Reversible | None = None
    """The call that undoes them: evidence for tier 2."""
    amount: MemberPath | None = None
    """Where the amount of money stands in the body or the arguments."""
    currency: MemberPath | None = None
    """Where its currency stands."""
    counterparty: MemberPath | None = None
    """Where it stands who is paid, written to or given access."""
    summary: Template | None = None
    """One line for the reviewer; `{names}` are parts of the path, or dotted paths of values."""
    evidence: Evidence | None = None
    """What fixed the tier, with its source: a sentence or table of the vendor, one or several."""
    snapshot: Snapshot | None = None
    """A GET that shows what a held call would change: before it is decided, and again before it runs."""
    verify: Verify | None = None
    """A GET that tells whether a call ran whose answer was lost."""
    idempotency: Idempotency | None = None
    """The upstream's promise to run requests with one key once."""
    credential: CredentialName | None = None
    """The configured credential, by its name, that an approved call runs with."""
    handoff: Handoff | None = None
    """`sync`: the agent waits on its connection. `async`: it is told 202 and the hold's id at once."""
    quorum: Quorum | None = None
    """How many different people must approve, and of which groups one each."""
    window: DecisionWindow | None = None
    """How long people have for their decision, as `30m` or `2h`."""
    on_timeout: Unanswered | None = None
    """What happens when nobody has decided in time: `deny`, `keep_waiting` or `escalate` to groups."""
    mode: Mode | None = None
    """`observe`: what the rule would hold passes and is recorded. Without it, the agent's or the file's."""
    examples: tuple[Example, ...] = ()
    """Calls with the tier that all rules together must give them; `sidegate test` runs them."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = (
            self._tier_faults(),
            self._lower_faults(),
            self._budget_faults(),
            self._holding_faults(),
            self._foreign_calls(),
        )
        if messages := dict(itertools.chain.from_iterable(faults)):
            raise Faults(messages)
        return self

    @property
    def of_tools(self) -> bool:
        """Whether it names MCP tool calls, not HTTP requests."""
        return bool(set(self.match.asked()) & set(TOOL_KEYS))

    def _foreign_calls(self) -> Iterator[tuple[Path, str]]:
        kind, other = ("a tool call", "a request") if self.of_tools else ("a request", "a tool call")
        if self.reversible is not None and (self.reversible.tool is not None) is not self.of_tools:
            yield ("reversible",), f"the rule names {kind}, and {other} is to undo it; write {kind}"
        for n, example in enumerate(self.examples):
            if example.request.of_tool is not self.of_tools:
                yield ("examples", n, "request"), f"the rule names {kind}, and this is {other}"

    def _budget_faults(self) -> Iterator[tuple[Path, str]]:
        if self.budget is not None and not self._lets_pass():
            yield ("budget",), "the rule lets nothing pass, so there is nothing to spend; leave the key out"

    def _lets_pass(self) -> bool:
        return not self.forbidden and min(self._tiers(), default=Tier.HIGH_RISK) <= Tier.REVERSIBLE

    def _holds(self) -> bool:
        severe = max(self._tiers(), default=Tier.HIGH_RISK) > Tier.REVERSIBLE
        return not self.forbidden and (severe or self.budget is not None)

    def _tiers(self) -> list[Tier]:
        return [lower.tier for lower in self.lower] + ([] if self.tier is None else [self.tier])

    def _holding_faults(self) -> Iterator[tuple[Path, str]]:
        for key in HOLDING_KEYS:
            if getattr(self, key) is None:
                continue
            if not self._holds():
                yield (key,), "the rule never holds a call, so this is never used; leave the key out"
            elif self.of_tools and key in PROBING_KEYS:
                yield (key,), "the rule names tool calls, and this is of http requests; leave the key out"

    def _tier_faults(self) -> Iterator[tuple[Path, str]]:
        if not self.forbidden and self.tier is None:
            yield ("tier",), "the key is missing; write `tier: 1` (only reads) to `tier: 4`"
        if self.forbidden and self.tier not in (None, Tier.HIGH_RISK):
            yield ("tier",), "a forbidden call is always tier 4; leave the key out"
        if self.forbidden and self.mode is Mode.OBSERVE:
            yield ("mode",), "a forbidden call is never let go; leave `mode` or `forbidden` out"
        if self.forbidden and self.lower:
            yield ("lower",), "nothing lowers a forbidden call; leave `lower` or `forbidden` out"

    def _lower_faults(self) -> Iterator[tuple[Path, str]]:
        foreign = HTTP_KEYS if self.of_tools else TOOL_KEYS
        earlier: list[frozenset[str]] = []
        for n, lower in enumerate(self.lower):
            conditions = lower.when.distinct()
            if self.tier is not None and lower.tier >= self.tier:
                yield ("lower", n, "tier"), f"must be lower than the rule's tier {self.tier:d}"
            if not conditions:
                yield ("lower", n, "when"), "it names no condition; lower the rule's tier instead"
            elif any(other <= conditions for other in earlier):
                yield ("lower", n, "when"), "it is never reached: an earlier one holds whenever it does"
            for key in lower.when.asked():
                if key in foreign:
                    place = key if key in lower.when.written() else "cel"
                    yield ("lower", n, "when", place), "the rule names calls that have no such part"
            earlier.append(conditions)


class Defaults(Strict):
    """Tiers for calls that no rule names. What is left out keeps the built-in tier."""

    read: Level | None = None
    """GET, HEAD and OPTIONS; 1."""
    write: Level | None = None
    """Every other method; 3."""
    delete: Level | None = None
    """DELETE; 4."""
    tool: Level | None = None
    """MCP tools; 3."""
    unknown_host: Level | None = None
    """The least tier of any call to a host that no rule names (`*` names none); not applied."""


class HostSettings(Strict):
    """How requests to a host are read."""

    paths: PathPolicy
    """`strict`: a path that servers read differently is refused. `normalize`: all its readings are judged."""


class AgentSettings(Strict):
    """What holds for the calls of one agent."""

    mode: Mode
    """`enforce` or `observe`, in place of the file's."""


class RulesFile(Strict):
    """One rules file."""

    version: Version
    """The version of this language: 1."""
    mode: Mode | None = None
    """`enforce`, or `observe`: what would be held passes and is recorded. Without it: `enforce`."""
    agents: dict[AgentName, AgentSettings] = Field(default_factory=dict)
    """Settings of single agents, by the `identity.agent` of their sidecar's configuration."""
    defaults: Defaults = Defaults()
    """Tiers for calls that no rule names."""
    hosts: dict[HostName, HostSettings] = Field(default_factory=dict)
    """Settings of single hosts, by name or `*.name`; the nearest name counts."""
    rules: tuple[Rule, ...] = ()
    """The rules. Where several match, the highest tier counts."""
