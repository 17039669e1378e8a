"""A letter to one reviewer for each hold that is new."""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from proxy.channels.mail.letter import Subject, letter
from proxy.channels.mail.links import Link, write
from proxy.channels.mail.sending import send
from proxy.channels.outgoing import Untold
from proxy.channels.place import Place
from proxy.channels.queue import Delivery
from proxy.channels.settings import Recipient
from proxy.channels.told import AGAIN, again, lines, opens_elsewhere
from proxy.console.people.asking import refusal
from proxy.console.reading.lines import Lines
from proxy.console.reading.packages import Packages
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import Shots
from proxy.store.events import Change
from rules.authority import Act
from rules.hold import Event, Hold, State
from rules.verdict import Tier

_SNAPSHOT = timedelta(seconds=15)


class MailChannel:
    """One reviewer who is written to."""

    kind = "mail"
    people = True

    def __init__(self, recipient: Recipient, place: Place, reviewing: Reviewing, told: Lines) -> None:
        assert place.settings.mail is not None  # noqa: S101 - the recipient is one of its
        self._mail = place.settings.mail
        self._recipient = recipient
        self._place = place
        self._reviewing = reviewing
        self._lines = told
        self._packages = Packages(reviewing)

    @property
    def name(self) -> str:
        """Which one it is, without the address."""
        return f"mail-{sha256(self._recipient.address.encode()).hexdigest()[:12]}"

    def wants(self, change: Change) -> bool:
        """What is new and waits, or has waited for long."""
        return change.state is State.PENDING and (change.was is None or change.event in AGAIN)

    async def tell(self, delivery: Delivery, hold: Hold) -> bool:
        """Write the letter, unless it is decided already. Raises Untold."""
        [line] = await self._lines.of([hold])
        if hold.state is not State.PENDING:
            return False
        if self._mail.hosts and line.told.host not in self._mail.hosts:
            return False
        who = self._reviewing.people.named(self._recipient.reviewer)
        asked = who is not None and hold.escalated_to in ("", *who.groups)
        if delivery.event == Event.PROLONG and not asked:
            return False
        # Whoever may not see it on the console is not sent it either.
        if who is None or await refusal(self._reviewing, hold, who=who, act=Act.VIEW):
            return False
        package = await self._package(hold)
        here = hold.tier <= Tier.EXTERNAL and not opens_elsewhere(package)
        here = here and await refusal(self._reviewing, hold, who=who, act=Act.APPROVE) is None
        subject = Subject(
            hold_id=hold.hold_id,
            tier=int(hold.tier),
            words=line.told.words,
            again=again(delivery.event, hold),
            lines=lines(package),
            link=self._link(hold, package) if here else self._place.hold_link(hold.hold_id),
            here=here,
            until=hold.decide_by.isoformat(timespec="seconds"),
        )
        at = self._place.now()
        made = letter(subject, sender=self._mail.sender, address=self._recipient.address, at=at)
        await send(made, self._mail, self._place)
        return True

    async def _package(self, hold: Hold) -> dict[str, Any]:
        # What it would change is read meanwhile, and with that its preview is another one.
        young = self._reviewing.now() - hold.created_at < _SNAPSHOT
        if (
            hold.probed
            and young
            and await Shots(self._reviewing.store, self._reviewing.sealed).before(hold) is None
        ):
            raise Untold("what it would change has not been read yet")
        action = await self._reviewing.action(hold)
        return await self._packages.document(hold, await self._packages.facts(hold, action), action)

    def _link(self, hold: Hold, package: dict[str, Any]) -> str:
        link = Link(
            hold_id=hold.hold_id,
            digest=hold.digest,
            preview=package["preview"],
            reviewer=self._recipient.reviewer,
            until=hold.decide_by.timestamp(),
            nonce=secrets.token_hex(16),
        )
        seal = write(link, self._reviewing.sealed.keyring)
        return f"{self._place.link}/channels/mail/{hold.hold_id}/{seal}"
