"""Tests of handing letters to a server: with TLS and a login, bounded, and honest about refusals."""

import ssl
from pathlib import Path

import pytest

from proxy.channels.mail.letter import letter
from proxy.channels.mail.sending import send
from proxy.channels.outgoing import Outgoing, Untold
from proxy.channels.place import Place
from proxy.channels.settings import Channels
from proxy.destinations import Allowed, Destinations
from tests.acceptance.authority import Authority
from tests.proxy.channels.mail.postbox import USER, postbox
from tests.proxy.channels.mail.test_letter import subject
from tests.proxy.channels.stage import placed

LETTER = letter(subject(), sender="sidegate@books.example", address="ada@books.example", at=1.7e9)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make a CA."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


def trusting(authority: Authority | None) -> Place:
    """What channels share, where that authority is trusted."""
    open_here = Destinations(allowed=Allowed.parse(["localhost"]), named=lambda _host: False)
    trust = ssl.create_default_context(cafile=authority.ca if authority else None)
    outgoing = Outgoing(destinations=open_here, trust=trust)
    return Place(settings=Channels(), outgoing=outgoing, link="https://review.example")


def served(authority: Authority) -> ssl.SSLContext:
    """The server's side of TLS for `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue()
    context.load_cert_chain(issued.chain, issued.key)
    return context


async def test_plain(tmp_path: Path) -> None:
    """To the one address, from the configured one."""
    with postbox() as box:
        await send(LETTER, box.settings(tmp_path), placed(Channels()))
    [found] = box.letters
    assert (found["To"], box.sent_to) == ("ada@books.example", [["ada@books.example"]])


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls(tmp_path: Path, authority: Authority, security: str) -> None:
    """The server is verified by its name; with STARTTLS nothing is said before it, and then the password."""
    with postbox(tls=served(authority), starttls=security == "starttls") as box:
        login = box.login(tmp_path) if security == "starttls" else {}
        settings = box.settings(tmp_path, security=security, **login)
        await send(LETTER, settings, trusting(authority))
        with pytest.raises(Untold):
            await send(LETTER, settings, trusting(None))
    assert len(box.letters) == 1
    assert box.logins == ([USER] if security == "starttls" else [])


async def test_a_server_without_starttls(tmp_path: Path) -> None:
    """Gets neither the password nor the letter."""
    with postbox() as box, pytest.raises(Untold):
        await send(LETTER, box.settings(tmp_path, security="starttls"), placed(Channels()))
    assert box.raw == []


@pytest.mark.parametrize("answer", ["451 later", "554 no"])
async def test_a_refusal(tmp_path: Path, answer: str) -> None:
    """Is a failure; what the server says is not quoted."""
    with postbox() as box:
        box.answer = answer
        with pytest.raises(Untold, match="did not take it"):
            await send(LETTER, box.settings(tmp_path), placed(Channels()))


async def test_nobody_listens(tmp_path: Path) -> None:
    """Is said to be so."""
    with postbox() as box:
        settings = box.settings(tmp_path)
    with pytest.raises(Untold, match="cannot be reached"):
        await send(LETTER, settings, placed(Channels()))


async def test_closed_addresses(tmp_path: Path) -> None:
    """What channels may not reach, mail may not."""
    nowhere = Destinations(allowed=Allowed(), named=lambda _host: False)
    outgoing = Outgoing(destinations=nowhere, trust=ssl.create_default_context())
    place = Place(settings=Channels(), outgoing=outgoing, link="https://review.example")
    with postbox() as box, pytest.raises(Untold, match=r"channels\.allow"):
        await send(LETTER, box.settings(tmp_path), place)
    assert box.raw == []
