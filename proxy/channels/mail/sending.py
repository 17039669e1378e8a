"""Letters handed to the configured server: checked address, TLS unless configured otherwise, bounded."""

import asyncio
import socket
from email.message import EmailMessage

from proxy.channels.outgoing import SECONDS, Untold
from proxy.channels.place import Place
from proxy.channels.settings import Mail
from rules.verdict import Refusal

_REFUSED_FOR_GOOD = range(500, 600)


async def send(letter: EmailMessage, mail: Mail, place: Place) -> None:
    """Hand it over. Raises Untold, and CredentialError where the password cannot be had."""
    try:
        async with asyncio.timeout(SECONDS):
            await _hand_over(letter, mail, place)
    except TimeoutError as error:
        raise Untold(f"the mail server did not take it within {SECONDS:g} s") from error


async def _hand_over(letter: EmailMessage, mail: Mail, place: Place) -> None:
    try:
        import aiosmtplib
    except ImportError as error:
        raise Untold("mail needs aiosmtplib: install `sidegate[mail]`", final=True) from error
    # The client closes it, however this ends.
    connected = await _connected(mail, place)
    client = aiosmtplib.SMTP(
        hostname=mail.host,
        sock=connected,
        local_hostname="sidegate",
        use_tls=mail.security == "tls",
        start_tls=mail.security == "starttls",
        tls_context=place.outgoing.trust,
        timeout=SECONDS,
    )
    try:
        async with client:
            if mail.password is not None:
                await client.login(mail.username, mail.password.read())
            await client.send_message(letter)
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = {each.code for each in error.recipients}
        final = bool(codes) and all(code in _REFUSED_FOR_GOOD for code in codes)
        raise Untold("the mail server does not take letters to that address", final=final) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Untold(f"the mail server did not take it ({type(error).__name__})") from error


async def _connected(mail: Mail, place: Place) -> socket.socket:
    where = await place.outgoing.destinations.find(mail.host, mail.port)
    if isinstance(where, Refusal):
        raise Untold(f"`{mail.host}` does not resolve, or is to be named under `channels.allow`")
    made = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, where)
    except OSError as error:
        made.close()
        raise Untold(f"the mail server cannot be reached ({type(error).__name__})") from error
    return made
