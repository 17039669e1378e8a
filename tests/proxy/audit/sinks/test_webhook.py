"""Records posted to a real server, signed."""

import ssl
from pathlib import Path

import pytest

from proxy.audit.sinks.settings import SinkEntry, SinkKind
from proxy.audit.sinks.webhook import WebhookSink
from proxy.channels.outgoing import Outgoing, Untold
from proxy.channels.settings import SecretPlace
from proxy.credentials.sources.secret import CredentialError
from proxy.destinations import Allowed, Destinations
from tests.proxy.audit.sinks.fed import lines
from tests.proxy.channels.listener import Listener
from tests.proxy.channels.test_webhook import signed_by
from tests.rules.audit.chains import chain, text_of

pytestmark = pytest.mark.observe

SECRET = b"a-secret-of-this-sink-42"


def sink(listener: Listener, tmp_path: Path, *, allowed: tuple[str, ...] = ("127.0.0.1",)) -> WebhookSink:
    """A sink that posts to it."""
    (tmp_path / "secret").write_bytes(SECRET)
    place = SecretPlace(file=str(tmp_path / "secret"))
    entry = SinkEntry(name="siem", kind=SinkKind.WEBHOOK, to=f"{listener.url}/audit", secrets=(place,))
    destinations = Destinations(allowed=Allowed.parse(allowed), named=lambda _host: False)
    return WebhookSink(entry, Outgoing(destinations=destinations, trust=ssl.create_default_context()))


async def test_a_piece_is_one_signed_post(listener: Listener, tmp_path: Path) -> None:
    """Its body is the lines as they were written, which can be checked as files can."""
    await sink(listener, tmp_path).give(lines(5))
    [heard] = listener.heard
    assert heard.body == text_of(chain(5))
    assert heard.headers["webhook-id"] == "audit-serve-1-1-5"
    assert signed_by(heard, SECRET)


@pytest.mark.parametrize("status", [301, 404, 410, 500])
async def test_what_is_not_taken_is_an_error(listener: Listener, tmp_path: Path, status: int) -> None:
    """Whatever it answers: records are never given up."""
    listener.answers = lambda _heard: (status, b"")
    with pytest.raises(Untold):
        await sink(listener, tmp_path).give(lines(1))


async def test_it_leads_nowhere_that_is_not_named(listener: Listener, tmp_path: Path) -> None:
    """An address of this machine has to be under `channels.allow`."""
    with pytest.raises(Untold, match=r"channels\.allow"):
        await sink(listener, tmp_path, allowed=()).give(lines(1))
    assert listener.heard == []


async def test_a_secret_that_is_gone_is_an_error(listener: Listener, tmp_path: Path) -> None:
    """Nothing is posted without a signature."""
    made = sink(listener, tmp_path)
    (tmp_path / "secret").unlink()
    with pytest.raises(CredentialError):
        await made.give(lines(1))
    assert listener.heard == []
