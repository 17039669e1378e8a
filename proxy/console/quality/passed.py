"""Calls that passed, over the API: which were kept, and what people say of them."""

import base64
import re

from starlette.requests import Request
from starlette.responses import Response

from proxy.console.body import read_members
from proxy.console.door import reviewer
from proxy.console.people.asking import check, told
from proxy.console.problem import Obstacle, Problem, answer
from proxy.console.quality.labelling import Labelling, read_label
from proxy.console.reading.whole import labels_of
from proxy.console.reviewing import Reviewing
from proxy.quality.passes import Sample
from rules.authority import Act, Matter, refuse
from rules.quality import PassLabel
from rules.reviewer import Reviewer

_SAMPLE_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_MOST = 200


class Passed:
    """Finds them for whoever may see them; and the routes."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._labelling = Labelling(reviewing)

    async def newest(self, who: Reviewer, *, unlabelled: bool) -> list[Sample]:
        """The newest that `who` may see: those that nobody has labelled, or all."""
        check(who, Act.VIEW)
        found = await self._reviewing.passes.newest(unlabelled=unlabelled, most=_MOST)
        return [sample for sample in found if refuse(who, Act.VIEW, _matter(sample)) is None]

    async def find(self, sample_id: str, who: Reviewer, *, act: Act = Act.VIEW) -> Sample:
        """The one with that id. Raises Problem where there is none to which `who` may do `act`."""
        sample = await self._reviewing.passes.find(sample_id) if _SAMPLE_ID.fullmatch(sample_id) else None
        if sample is None or refuse(who, Act.VIEW, _matter(sample)) is not None:
            detail = f"there is no passed call `{sample_id[:64]}`: it never was kept, or its time is over"
            raise Problem(404, Obstacle.NOT_FOUND, detail)
        if refused := refuse(who, act, _matter(sample)):
            raise told(refused)
        return sample

    async def list(self, request: Request) -> Response:
        """The newest in short; with `all=1` also those that somebody has labelled."""
        wanted = request.query_params.get("all", "0")
        if wanted not in ("0", "1") or set(request.query_params) - {"all"}:
            raise Problem(400, Obstacle.QUERY_INVALID, "`all` has to be 0 or 1, and nothing else is known")
        found = await self.newest(reviewer(request), unlabelled=wanted == "0")
        return answer(
            {"now": self._reviewing.now().isoformat(), "passed": [summary(sample) for sample in found]}
        )

    async def show(self, request: Request) -> Response:
        """One of them whole."""
        return await self._told(await self.find(request.path_params["sample_id"], reviewer(request)))

    async def label(self, request: Request) -> Response:
        """Say whether it was right to let it pass."""
        label = read_label(await read_members(request, names=["label"]), PassLabel)
        who = reviewer(request)
        sample = await self.find(request.path_params["sample_id"], who, act=Act.LABEL)
        await self._labelling.passed(sample, label, who=who)
        return await self._told(sample)

    async def _told(self, sample: Sample) -> Response:
        labels = await labels_of(self._reviewing, sample.sample_id)
        return answer(
            {"now": self._reviewing.now().isoformat(), "passed": whole(sample) | {"labels": labels}}
        )


def summary(sample: Sample) -> dict[str, object]:
    """What is known of it without its contents."""
    return {
        "sample_id": sample.sample_id,
        "at": sample.at.isoformat(),
        "tier": int(sample.tier),
        "rule": sample.rule,
        "reason_id": sample.reason_id,
        "reason": sample.reason,
        "method": sample.method,
        "url": sample.url,
    }


def whole(sample: Sample) -> dict[str, object]:
    """All that was kept of it."""
    principal = sample.principal
    return summary(sample) | {
        "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in sample.fields],
        "body_size": sample.body_size,
        "body_b64": base64.b64encode(sample.body).decode("ascii"),
        "principal": {part: getattr(principal, part) for part in ("human", "service", "agent", "session")},
    }


def _matter(sample: Sample) -> Matter:
    return Matter(hold_id=sample.sample_id, digest="", tier=sample.tier, host=sample.place)
