"""Calls that passed, for people who say whether that was right."""

from starlette.responses import RedirectResponse, Response

from proxy.console.pages.rendering import lines
from proxy.console.pages.shell import Shell, Visit
from proxy.console.quality.labelling import Labelling, read_label
from proxy.console.quality.passed import Passed
from proxy.console.reading.whole import labels_of, own_label
from rules.authority import Act
from rules.quality import PassLabel

_SHOWN = 4000


class PassedPages:
    """The list, one of them, and its form."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._passed = Passed(shell.reviewing)
        self._labelling = Labelling(shell.reviewing)

    async def list(self, visit: Visit) -> Response:
        """Those that wait for somebody's word, the newest first."""
        members = {"samples": await self._passed.newest(visit.who, unlabelled=True)}
        return self._shell.show("passed.html", visit.session, members)

    async def one(self, visit: Visit) -> Response:
        """All that was kept of one."""
        sample = await self._passed.find(visit.request.path_params["sample_id"], visit.who)
        labels = await labels_of(self._shell.reviewing, sample.sample_id)
        members = {
            "sample": sample,
            "labels": labels,
            "own_label": own_label(labels, visit.who.name),
            "headers": lines(b"\n".join(name + b": " + value for name, value in sample.fields)),
            "body": lines(sample.body[:_SHOWN]),
            "cut": sample.body_size > _SHOWN,
        }
        return self._shell.show("passed_one.html", visit.session, members)

    async def label(self, visit: Visit) -> Response:
        """Say whether it was right."""
        label = read_label(visit.form, PassLabel)
        sample_id = str(visit.request.path_params["sample_id"])
        sample = await self._passed.find(sample_id, visit.who, act=Act.LABEL)
        await self._labelling.passed(sample, label, who=visit.who)
        return RedirectResponse(f"/passed/{sample.sample_id}", status_code=303)
