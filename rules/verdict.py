"""The machine's answer about a call: a tier, a verdict, and the one reason that fixed them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """How much harm an action can do, by what it is and not by what the agent says of it."""

    READ_ONLY = 1
    """Changes nothing: passes."""
    REVERSIBLE = 2
    """Changes something that one call undoes: passes, recorded."""
    EXTERNAL = 3
    """Reaches a third party, or nobody knows: held."""
    HIGH_RISK = 4
    """Cannot be undone, moves money, deletes, deploys or grants: always held."""


class Verdict(StrEnum):
    """What the gate does with a call."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    """It goes upstream now."""
    HOLD = "hold"
    """It waits for a human's decision."""
    BLOCK = "block"
    """It never runs and nobody can approve it."""


class Mode(StrEnum):
    """Whether a judgement binds."""

    ENFORCE = "enforce"
    """It does; this is what holds where nothing is said."""
    OBSERVE = "observe"
    """What would be held passes, and is recorded."""


class Category(StrEnum):
    """What kind of consequence a call has, where a rule or the general reading says so."""

    DEPLOY = "deploy"
    """It puts something into operation or runs it."""
    EXTERNAL_COMMUNICATION = "external_communication"
    """It reaches people outside."""
    FINANCIAL = "financial"
    """It moves money or binds to pay it."""
    DELETION = "deletion"
    """It takes something away."""
    PRIVILEGE = "privilege"
    """It changes who may do what."""
    THIRD_PARTY = "third_party"
    """It changes something that belongs to others."""


class ReasonId(StrEnum):
    """Why a call was judged or refused as it was: the same word in API, audit, metrics and docs."""

    RULE = "rule"
    """A rule names this call."""
    RULE_LOWERED = "rule_lowered"
    """A rule names this call and every condition for its lower tier holds."""
    RULE_UNKNOWN = "rule_unknown"
    """A rule could match, but its conditions cannot be decided from this payload."""
    FORBIDDEN = "forbidden"
    """A rule forbids this call; no approval can release it."""
    DEFAULT_READ = "default_read"
    """No rule names this call and it only reads."""
    DEFAULT_REVERSIBLE = "default_reversible"
    """No rule names this call and the same kind of call takes back what it does."""
    DEFAULT_WRITE = "default_write"
    """No rule names this call and it may change something."""
    DEFAULT_DELETE = "default_delete"
    """No rule names this call and it deletes."""
    DEFAULT_UNKNOWN_HOST = "default_unknown_host"
    """No rule names this host."""
    DEFAULT_TOOL = "default_tool"
    """No rule names this tool."""
    BUDGET = "budget"
    """Together with earlier calls it exceeds what a rule lets pass, or how much it adds is not certain."""
    TOOL_CHANGED = "tool_changed"
    """The tool is new on its server or not what it was when it was first seen, or its text is suspect."""
    ANSWER_SUSPECT = "answer_suspect"
    """An answer of an MCP server has tried to instruct the agent, and this call changes something."""
    METHOD_OVERRIDE = "method_override"
    """The request asks the server to treat it as another method."""
    SECRET_OUTBOUND = "secret_outbound"  # noqa: S105 (a reason, not a password)
    """Something in the request has the shape of a secret, or of data, that may be on its way out."""

    AUTHORITY_MISMATCH = "authority_mismatch"
    """Destination, SNI and Host do not name the same place."""
    HOST_SPELLING = "host_spelling"
    """The host can be read in more than one way."""
    METHOD_UNKNOWN = "method_unknown"
    """The method is not on the list of methods the gate can judge."""
    VERSION_UNSUPPORTED = "version_unsupported"
    """The HTTP version is not one the gate can judge."""
    FRAMING_AMBIGUOUS = "framing_ambiguous"
    """Two parsers could see different messages in these bytes."""
    HEADER_MALFORMED = "header_malformed"
    """A header name or value is outside the grammar."""
    HEADER_REPEATED = "header_repeated"
    """A header that can only stand once stands twice."""
    HEADERS_TOO_LARGE = "headers_too_large"
    """The head of the request is over the limit."""
    TARGET_MALFORMED = "target_malformed"
    """The request target is outside the grammar."""
    TARGET_AMBIGUOUS = "target_ambiguous"
    """Two servers could read different paths from this target."""
    UPGRADE_REFUSED = "upgrade_refused"
    """The request asks for a protocol the gate cannot watch."""
    BODY_TOO_LARGE = "body_too_large"
    """The body is over the limit of what can be judged."""
    OVERLOADED = "overloaded"
    """Large requests that wait for their end fill all the memory they may have; nothing was sent."""
    TOO_SLOW = "too_slow"
    """The request did not arrive in the time that it may take; nothing was sent."""
    BODY_UNEXPECTED = "body_unexpected"
    """A method that carries no content came with a body."""
    ENCODING_UNSUPPORTED = "encoding_unsupported"
    """The content encoding is not one the gate can decode."""
    ENCODING_INVALID = "encoding_invalid"
    """The encoded body does not decode to exactly one content."""
    JSON_INVALID = "json_invalid"
    """The body says it is JSON and cannot be read in exactly one way."""
    FORM_INVALID = "form_invalid"
    """The body says it is a form and cannot be read in exactly one way."""
    EXPECTATION_UNSUPPORTED = "expectation_unsupported"
    """The Expect header asks for something else than 100-continue."""
    MCP_MALFORMED = "mcp_malformed"
    """The message is no MCP message with exactly one reading, or its headers contradict it."""

    DESTINATION_REFUSED = "destination_refused"
    """The destination is an address that agents may not reach."""
    DESTINATION_UNRESOLVED = "destination_unresolved"
    """The destination's name does not resolve."""
    PROTOCOL_REFUSED = "protocol_refused"
    """These bytes are neither TLS nor HTTP."""
    TLS_FAILED = "tls_failed"
    """TLS with the client failed: it does not trust the gate's certificate, pins another, or sent no TLS."""
    UPSTREAM_FAILED = "upstream_failed"
    """The request was let through and the upstream gave no answer."""
    GATE_FAILED = "gate_failed"
    """The gate itself failed; nothing was sent, unless the answer names a hold."""
    STORE_UNAVAILABLE = "store_unavailable"
    """The store did not answer; nothing was sent, unless the answer names a hold."""
    PLACEHOLDER_MISUSED = "placeholder_misused"
    """The placeholder of a secret is in a place that is not its own; nothing was sent."""
    CREDENTIAL_UNAVAILABLE = "credential_unavailable"
    """The secret for a placeholder cannot be had; nothing was sent."""
    WITNESS_UNAVAILABLE = "witness_unavailable"
    """What leaves could not be written down; nothing was sent."""
    AUDIT_UNAVAILABLE = "audit_unavailable"
    """What happens could not be recorded; nothing was sent."""
    KILL_SWITCH = "kill_switch"
    """An operator has stopped everything that is not read-only."""
    FLOODED = "flooded"
    """The agent asked for more holds than people can decide on; it is in quarantine for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a call takes of a rule's budget. Whatever one agent spends on equal `shares` counts together."""

    rule: str
    shares: tuple[str, ...]
    amount: Decimal
    limit: Decimal
    window: int
    """Seconds."""
    over: Tier
    """The tier of a call that exceeds the limit."""
    category: Category | None = None
    """The rule's word for what such a call does."""
    observed: bool = False
    """Whether a call that exceeds the limit is let go and recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Tier and verdict of one call, with the rule and the reason that fixed them.

    A call with `spends` passes only if every one of them still fits its budget.
    """

    tier: Tier
    verdict: Verdict
    reason_id: ReasonId
    reason: str
    rule: str | None = None
    category: Category | None = None
    """The kind of consequence, by the rule's word or by the general reading."""
    observed: bool = False
    """True: it would be held, and passes because it is only observed."""
    spends: tuple[Spend, ...] = ()

    @property
    def only_reads(self) -> bool:
        """Whether the call may go without asking the store for anything."""
        return self.tier is Tier.READ_ONLY and self.verdict is Verdict.PASS and not self.spends


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request that cannot be judged: it has more than one reading, or none."""

    reason_id: ReasonId
    reason: str
    status: int = 400
