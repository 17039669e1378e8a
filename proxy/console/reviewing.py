"""What the console works on, and how it opens what it shows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.channels.place import Place
from proxy.console.people.directory import Directory
from proxy.console.people.elsewhere.provider import Provider
from proxy.console.people.factors.proving import Proving
from proxy.grants.kept import Grants
from proxy.keys.rotation import Rotation
from proxy.keys.seal import SealError, Shredded
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.metrics import Metrics
from proxy.quality.pace import USUAL, Pace
from proxy.quality.passes import Passes
from proxy.signals import Signals
from proxy.store.history import History
from proxy.store.ladder import Ladder
from proxy.store.store import Store
from rules.action import Action
from rules.audit.record import Fact, Kind
from rules.decision import APPROVING, Decision
from rules.edit import Edited
from rules.granting.grant import USUAL_TIME, CallGrant
from rules.hold import Event, Hold
from rules.mcp.action import ToolAction
from rules.reviewer import Reviewer
from rules.ruleset import Ruleset
from rules.verdict import Tier


class Edit(Protocol):
    """Puts the hold of `edited` in the place of `hold`, and says that `who` did it."""

    def __call__(self, hold: Hold, edited: Edited, *, who: str) -> Awaitable[Hold]:
        """The new hold. Raises Refused, SealError and StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One approval of a hold, as it is stored and as it was said."""

    stored: str
    said: Decision


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """The store, the key to its contents, and the people who may decide."""

    store: Store
    sealed: Sealed
    signer: Signer
    verifier: Verifier
    """Knows whose votes count."""
    rotation: Rotation
    metrics: Metrics
    people: Directory
    """Who may decide."""
    proving: Proving
    """What they show besides, for the decisions that need it."""
    ruleset: Callable[[], Ruleset]
    """The rules of now: what they say of a held call, for people."""
    again: Callable[[Hold], Awaitable[Hold]]
    """Makes a new hold of one that was refused because something had changed."""
    edit: Edit
    """Puts a changed call in the place of a held one."""
    signals: Signals
    """Wake whoever waits for a hold to change."""
    grants: Grants
    """What leads let run without being asked about each."""
    ready: Callable[[], Awaitable[dict[str, bool]]]
    """What has to hold for the sidecar to do its work, each by name."""
    address: tuple[str, int]
    """Where the console listens."""
    agent: Agent | None = None
    """Under whose key what is remembered has its names."""
    history: History | None = None
    audit: Recorder | None = None
    """What people do besides deciding is told to it."""
    channels: Place | None = None
    """Where people and programs are told, where that is configured."""
    provider: Provider | None = None
    """Where people log in who do not log in here."""
    ladder: Ladder = field(default_factory=Ladder)
    """What happens to holds that nobody decides in time."""
    longest_grant: timedelta = USUAL_TIME
    """For how long a grant may be given; none: nobody gives any."""
    preview_required: bool = True
    """Whether an approval of tier 4 has to name the preview that its reviewer was shown."""
    fast: Mapping[Tier, timedelta] = field(default_factory=lambda: USUAL)
    """How soon after the first view an approval of a tier is a fast one."""
    counts: Path | None = None
    """The folder in which processes that nobody scrapes keep their counts."""
    drill_rate: float = 0.0
    """After how many of new holds a drill is put among them."""
    names: frozenset[str] = frozenset()
    """`host:port` (or `host`) under which reviewers reach the console, besides its addresses."""
    now: Callable[[], datetime] = _now
    """For what is shown, measured and signed; the store times each step by a clock of its own."""

    @property
    def step_up(self) -> frozenset[Tier]:
        """The tiers in which each decision needs a second factor."""
        return frozenset(Tier(tier) for tier in self.people.entry.step_up.tiers)

    @property
    def pace(self) -> Pace:
        """How long people look before they decide."""
        return Pace(store=self.store, metrics=self.metrics, fast=self.fast, now=self.now)

    @property
    def passes(self) -> Passes:
        """Calls that passed, of which people say whether that was right."""
        return Passes(self.store, self.sealed.keyring)

    def note(self, kind: Kind, who: str, **facts: Fact) -> None:
        """Record that a person did something."""
        if self.audit is not None:
            self.audit.person(kind, who, **facts)

    async def action(self, hold: Hold) -> Action | ToolAction:
        """The action of `hold`. Raises SealError, and counts it, if anything was changed."""
        sealed = await self.store.sealed(hold.hold_id, part="sealed")
        try:
            return self.sealed.open_action(hold, sealed)
        except Shredded:
            raise
        except SealError:
            self.metrics.integrity_failures.inc()
            raise

    def decision(
        self, hold: Hold, event: Event, *, who: Reviewer, reason: str, preview: str = ""
    ) -> dict[str, bytes]:
        """What `hold` keeps of a decision that is taken now, signed."""
        # Of a tampered tier there is no validity, and rejecting it must stay possible.
        validity = self.store.validity(hold.tier) if event in APPROVING else timedelta(0)
        until = self.now() + validity
        return self.signer.fields(
            self._said(hold, event, who=who, until=until, reason=reason, preview=preview)
        )

    def by_grant(self, hold: Hold, grant: CallGrant, *, who: Reviewer) -> tuple[dict[str, bytes], timedelta]:
        """What `hold` keeps of an approval that `who` gave with `grant`, and how long it may be used."""
        now = self.now()
        until = min(now + self.store.validity(hold.tier), grant.until)
        reason = f"by grant {grant.grant_id}"
        said = self._said(hold, Event.APPROVE, who=who, until=until, reason=reason, grant=grant.grant_id)
        return self.signer.fields(said), max(until - now, timedelta(0))

    def vote(self, hold: Hold, *, who: Reviewer, preview: str) -> Vote:
        """An approval of `hold` beside others', signed: it counts as long as theirs may still come."""
        until = max(self.now(), hold.decide_by) + self.store.validity(hold.tier)
        said = self._said(hold, Event.APPROVE, who=who, until=until, preview=preview)
        return Vote(stored=self.signer.signed(said).decode(), said=said)

    def _said(self, hold: Hold, event: Event, *, who: Reviewer, until: datetime, **more: str) -> Decision:
        return Decision(
            hold_id=hold.hold_id,
            digest=hold.digest,
            policy=hold.policy,
            fence=hold.fence,
            event=event,
            who=who.name,
            reason=more.get("reason", ""),
            at=self.now(),
            until=until,
            preview=more.get("preview", ""),
            groups=tuple(sorted(who.groups)) if event in APPROVING else (),
            sends=hold.sends,
            grant=more.get("grant", ""),
        )
