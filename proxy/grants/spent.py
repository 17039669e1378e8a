"""What this machine knows of grants besides the store: whoever writes there brings no use back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from proxy.data_dir.ledger import Ledger
from rules.granting.grant import CallGrant
from rules.language.document import Strict

_KEPT_ON = timedelta(days=1)


class Known(Strict):
    """One grant. `until`: seconds of the epoch."""

    grant_id: str
    until: float
    holds: tuple[str, ...] = ()
    """Those that were decided by it."""
    revoked: bool = False


class Everything(Strict):
    """The file."""

    grants: tuple[Known, ...] = ()


class Spent:
    """The file in `folder`. Reading and writing raise ValueError or OSError: then nothing is spent."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self._ledger = Ledger(folder / "grants.json", Everything)
        self._now = now

    def take(self, grant: CallGrant, hold_id: str) -> bool:
        """Note that `hold_id` is decided by `grant`, if that has not been used up or taken back."""
        taken = False

        def change(before: Everything) -> Everything:
            nonlocal taken
            known = _of(before, grant.grant_id, grant.until)
            taken = not known.revoked and hold_id not in known.holds and len(known.holds) < grant.count
            used = known.model_copy(update={"holds": (*known.holds, hold_id)})
            return self._with(before, used) if taken else before

        self._ledger.change(change)
        return taken

    def revoke(self, grant_id: str, until: datetime) -> None:
        """Note that it was taken back."""

        def change(before: Everything) -> Everything:
            return self._with(before, _of(before, grant_id, until).model_copy(update={"revoked": True}))

        self._ledger.change(change)

    def revoked(self, grant_id: str) -> bool:
        """Whether it was taken back here."""
        return any(one.grant_id == grant_id and one.revoked for one in self._ledger.content().grants)

    def _with(self, before: Everything, changed: Known) -> Everything:
        oldest = (self._now() - _KEPT_ON).timestamp()
        others = (one for one in before.grants if one.grant_id != changed.grant_id and one.until > oldest)
        return Everything(grants=(*others, changed))


def _of(found: Everything, grant_id: str, until: datetime) -> Known:
    fresh = Known(grant_id=grant_id, until=until.timestamp())
    return next((one for one in found.grants if one.grant_id == grant_id), fresh)
