"""What came of a case, and whether that is what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.evasion import wire1, wire2
from tests.evasion.agent import Heard
from tests.evasion.corpus import Case, Transport
from tests.evasion.recorder import Record
from tests.evasion.seen import Seen

_SECURED = frozenset({Transport.PROXY_TLS, Transport.CONNECT_TLS})
# Patterns that describe a request as a whole: where it may pass as well, they forbid nothing.
_WHOLE = frozenset({"any", "method", "path"})


class Judged(StrEnum):
    """How a case went."""

    EXPECTED = "as expected"
    """One of the expected outcomes."""

    ALLOWED = "allowed pass"
    """It passed, which the case puts up with, though its own pattern says better not."""

    ESCAPED = "escaped"
    """The upstream saw what it must not, or something passed that had to be stopped."""

    STOPPED = "stopped"
    """A harmless control did not get through unchanged."""

    UNEXPECTED = "unexpected but safe"
    """Nothing got through, but in another way than expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """All that was observed: at the upstream, in the store, and by the agent."""

    record: Record
    held: int
    """Requests that became holds or joined one."""
    admitted: int
    """Requests that the gate itself counts as let through."""
    heard: Heard

    @property
    def outcome(self) -> str:
        """`pass`, `hold` or `refuse`."""
        if self.held:
            return "hold"
        record = self.record
        anything = bool(record.seen or record.stray or record.switched or self.admitted)
        return "pass" if anything and not self._ends_refused else "refuse"

    @property
    def _ends_refused(self) -> bool:
        """Whether the gate itself refused the last request; an answer of its console is none of its own."""
        answers = self.heard.answers
        return bool(answers) and answers[-1].refuses and self.admitted < len(answers)

    @property
    def words(self) -> str:
        """The whole in one line."""
        seen = ", ".join(str(request) for request in self.record.seen[:4]) or "nothing"
        further = f" and {len(self.record.seen) - 4} more" if len(self.record.seen) > 4 else ""
        raw = f", {len(self.record.stray + self.record.switched)} stray bytes" if self.record.stray else ""
        statuses = " ".join(
            f"{answer.status}{f' {answer.reason_id}' if answer.reason_id else ''}"
            for answer in self.heard.answers[:4]
        )
        return (
            f"{self.outcome}: upstream saw {seen}{further}{raw}; {self.held} held; "
            f"answered {statuses or 'nothing'} ({self.heard.ending})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case, how it went, and in words what was observed."""

    case: Case
    judged: Judged
    observed: str


def judge(case: Case, happened: Happened) -> Result:
    """Compare what happened with what was expected."""
    why = _escape(case, happened)
    if why:
        return Result(case=case, judged=Judged.ESCAPED, observed=f"{why}; {happened.words}")
    expected = any(_is(outcome, happened) for outcome in case.expected)
    if case.is_control:
        changed = _change(case, happened)
        judged = Judged.EXPECTED if expected and not changed else Judged.STOPPED
        return Result(case=case, judged=judged, observed=f"{changed}{happened.words}")
    judged = Judged.EXPECTED if expected else Judged.UNEXPECTED
    if happened.outcome == "pass" and any(_matches(pattern, happened) for pattern in case.forbidden):
        judged = Judged.ALLOWED
    return Result(case=case, judged=judged, observed=happened.words)


def judge_console(case: Case, heard: Heard, *, decided: int) -> Result:
    """Compare the console's answer with the expected status. `decided`: holds that stopped waiting by it.

    Only where a plain 200 is expected may one be decided.
    """
    statuses = {int(one.partition("-")[0]) for one in case.expected}
    status = heard.answers[-1].status if heard.answers else 0
    observed = f"answered {status or 'nothing'} ({heard.ending}); {decided} decided"
    may_decide = "200" in case.expected
    if (decided and not may_decide) or (status in range(200, 300) and status not in statuses):
        return Result(case=case, judged=Judged.ESCAPED, observed=observed)
    judged = Judged.EXPECTED if status in statuses else Judged.UNEXPECTED
    return Result(case=case, judged=judged, observed=observed)


def _is(expected: str, happened: Happened) -> bool:
    passed, held = len(happened.record.seen), happened.held
    match expected:
        case "pass" | "hold" | "refuse":
            return happened.outcome == expected
        case "hold-from-2nd" | "hold-on-2nd":
            return passed == 1 and held > 0
        case "hold-then-429":
            return held > 0 and any(answer.status == 429 for answer in happened.heard.answers)
        case _:
            return False


def _escape(case: Case, happened: Happened) -> str:
    """Why this is an escape, or nothing."""
    may_pass = "pass" in case.expected
    if any(request.doubts for request in happened.record.seen):
        return "the upstream got a request that can be read in more than one way"
    if case.transport in _SECURED and any(request.clear for request in happened.record.seen):
        return "what came in TLS left in clear"
    for pattern in case.forbidden:
        if may_pass and happened.outcome == "pass" and pattern.keys() <= _WHOLE:
            continue
        if _matches(pattern, happened):
            return f"the upstream saw what it must not: {dict(pattern)}"
    if happened.outcome == "pass" and not may_pass:
        return "it passed"
    nothing_may = not may_pass and not case.counts and not case.forbidden
    return "something of it passed" if nothing_may and happened.record.seen else ""


def _matches(pattern: Mapping[str, Any], happened: Happened) -> bool:
    """Whether the upstream saw what `pattern` describes; an unknown word in it narrows nothing."""
    record = happened.record
    if "after101" in pattern:
        return bool(record.switched)
    if "raw" in pattern:
        return bool(record.stray or record.switched)
    if "response_contains" in pattern:
        return str(pattern["response_contains"]).encode() in happened.heard.data
    if "count_gt" in pattern:
        path, most = pattern["count_gt"]
        return sum(str(path) in request.paths for request in record.seen) > int(most)
    if "any" in pattern and (record.stray or record.switched):
        return True
    return any(_describes(pattern, request) for request in record.seen)


def _describes(pattern: Mapping[str, Any], request: Seen) -> bool:
    return all(_fits(word, value, request) for word, value in pattern.items())


def _fits(word: str, value: Any, request: Seen) -> bool:
    match word:
        case "method":
            return request.method.upper() == str(value).upper().encode()
        case "path":
            return str(value) in request.paths
        case "path_contains":
            return any(str(value).lower() in path.lower() for path in request.paths)
        case "body_contains":
            return str(value).encode() in request.body
        case "header":
            return any(name == str(value).lower().encode() for name, _ in request.fields)
        case "header_value":
            name, part = (str(item).lower().encode() for item in value)
            return any(key == name and part in content.lower() for key, content in request.fields)
        case _:
            return True


def _change(case: Case, happened: Happened) -> str:
    """What of the requests that were sent did not arrive as it was, or nothing."""
    is_http2 = case.data.startswith(wire2.PREFACE)
    sent = wire2.read(case.data) if is_http2 else wire1.Tape().feed(case.data)
    seen = happened.record.seen
    if [_kernel(request) for request in sent] == [_kernel(request) for request in seen]:
        return ""
    return "it did not arrive unchanged; "


def _kernel(request: Seen) -> tuple[bytes, bytes, bytes]:
    return request.method, request.origin, request.body
