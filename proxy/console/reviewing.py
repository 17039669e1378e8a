"""What the console works on, and how it opens what it shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.channels.place import Place
from proxy.console.people.directory import Directory
from proxy.console.people.elsewhere.provider import Provider
from proxy.console.people.factors.proving import Proving
from proxy.keys.rotation import Rotation
from proxy.keys.seal import SealError, Shredded
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from proxy.signals import Signals
from proxy.store.history import History
from proxy.store.store import Store
from rules.action import Action
from rules.audit.record import Fact, Kind
from rules.decision import APPROVING, Decision
from rules.hold import Event, Hold
from rules.mcp.action import ToolAction
from rules.ruleset import Ruleset
from rules.verdict import Tier


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """The store, the key to its contents, and the people who may decide."""

    store: Store
    sealed: Sealed
    signer: Signer
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
    signals: Signals
    """Wake whoever waits for a hold to change."""
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
    preview_required: bool = True
    """Whether an approval of tier 4 has to name the preview that its reviewer was shown."""
    names: frozenset[str] = frozenset()
    """`host:port` (or `host`) under which reviewers reach the console, besides its addresses."""
    now: Callable[[], datetime] = _now
    """For what is shown, measured and signed; the store times each step by a clock of its own."""

    @property
    def step_up(self) -> frozenset[Tier]:
        """The tiers in which each decision needs a second factor."""
        return frozenset(Tier(tier) for tier in self.people.entry.step_up.tiers)

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
        self, hold: Hold, event: Event, *, who: str, reason: str, preview: str = ""
    ) -> dict[str, bytes]:
        """What `hold` keeps of a decision that is taken now, signed."""
        now = self.now()
        # Of a tampered tier there is no validity, and rejecting it must stay possible.
        validity = self.store.validity(hold.tier) if event in APPROVING else timedelta(0)
        return self.signer.fields(
            Decision(
                hold_id=hold.hold_id,
                digest=hold.digest,
                policy=hold.policy,
                fence=hold.fence,
                event=event,
                who=who,
                reason=reason,
                at=now,
                until=now + validity,
                preview=preview,
                sends=hold.sends,
            )
        )
