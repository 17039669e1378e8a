"""The channels that are configured, made."""

import ssl

from proxy.channels.dispatch import Channel, Dispatch
from proxy.channels.mail.posting import MailChannel
from proxy.channels.outgoing import Outgoing
from proxy.channels.place import Place
from proxy.channels.settings import Channels
from proxy.channels.slack.posting import SlackChannel
from proxy.channels.webhook import WebhookChannel
from proxy.console.reading.lines import Lines
from proxy.console.reviewing import Reviewing
from proxy.destinations import Allowed, Destinations


def outgoing(settings: Channels, *, beside: Destinations, trust: ssl.SSLContext) -> Outgoing:
    """What carries their messages. `beside`: what knows the gate's own addresses."""
    # The operator's own addresses, yet a mistake or a changed name must not lead to this machine's secrets.
    destinations = Destinations(
        allowed=Allowed.parse(settings.allow),
        named=lambda _host: False,
        own_ports=beside.own_ports,
        store=beside.store,
    )
    return Outgoing(destinations=destinations, trust=trust)


def place(settings: Channels, carrier: Outgoing, *, link: str) -> Place:
    """What they share. `link`: where the console listens."""
    return Place(settings=settings, outgoing=carrier, link=settings.link or link)


def make(reviewing: Reviewing) -> Dispatch:
    """The one who tells all of them."""
    return Dispatch(reviewing, _channels(reviewing))


def _channels(reviewing: Reviewing) -> list[Channel]:
    place = reviewing.channels
    if place is None:
        return []
    told, lines = place.settings, Lines(reviewing)
    made: list[Channel] = [WebhookChannel(webhook, place, lines) for webhook in told.webhooks]
    if told.slack is not None:
        made.append(SlackChannel(told.slack, place, reviewing, lines))
    if told.mail is not None:
        made += [MailChannel(each, place, reviewing, lines) for each in told.mail.recipients]
    return made
