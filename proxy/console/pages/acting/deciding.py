"""Forms that decide: each says what its page showed, and goes the way of the API's decisions."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from proxy.console.deciding import deciding
from proxy.console.deciding.decisions import read_digest, read_reason, read_text
from proxy.console.deciding.resolving import read_outcome
from proxy.console.pages.shell import Shell, Visit
from proxy.console.reading.seen import Named, read_named
from rules.hold import Hold, Resolution
from rules.request.strict_json import Json


class Deciding:
    """The routes of the forms of one hold."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._deciding = deciding.Deciding(shell.reviewing)

    async def approve(self, visit: Visit) -> Response:
        """Approve what the page showed: the session knows which parts were opened to their end."""
        members = _members(visit)
        digest, preview = read_digest(members), read_named(members).preview
        named = Named(preview=preview or "", viewed=visit.session.viewed)
        who = self._shell.proven(visit)
        return shown(await self._deciding.approve(visit.hold_id, who=who, digest=digest, named=named))

    async def reject(self, visit: Visit) -> Response:
        """Reject it; the agent is given the reason."""
        reason = read_reason({"reason": _reason(visit.form)})
        return shown(await self._deciding.reject(visit.hold_id, who=visit.who, reason=reason))

    async def respond(self, visit: Visit) -> Response:
        """Reject it, and answer the agent instead."""
        answer, who = read_text(_members(visit), "answer"), visit.who
        return shown(await self._deciding.respond(visit.hold_id, who=who, answer=answer))

    async def undo(self, visit: Visit) -> Response:
        """Take an own approval back."""
        return shown(await self._deciding.undo(visit.hold_id, who=visit.who))

    async def cancel(self, visit: Visit) -> Response:
        """Take it back."""
        reason = read_reason(_members(visit))
        return shown(await self._deciding.cancel(visit.hold_id, who=visit.who, reason=reason))

    async def resolve(self, visit: Visit) -> Response:
        """Say what became of an unknown outcome."""
        members, who = _members(visit), self._shell.proven(visit)
        outcome, reason = read_outcome(members), read_reason(members)
        digest = read_digest(members) if outcome is Resolution.TRY_AGAIN else None
        return shown(
            await self._deciding.resolve(visit.hold_id, outcome, who=who, reason=reason, digest=digest)
        )

    async def ask_again(self, visit: Visit) -> Response:
        """A new hold of what did not run because something had changed."""
        return shown(await self._deciding.ask_again(visit.hold_id, who=visit.who))


def _members(visit: Visit) -> dict[str, Json]:
    """The form in the manner of the API's bodies."""
    return dict(visit.form)


def _reason(form: Mapping[str, str]) -> str:
    """One of the reasons that the page offers, the person's own words, or both."""
    return ": ".join(filter(None, (form.get("preset", "").strip(), form.get("reason", "").strip())))


def shown(hold: Hold) -> Response:
    """The page of `hold`."""
    return RedirectResponse(f"/holds/{hold.hold_id}", status_code=303)
