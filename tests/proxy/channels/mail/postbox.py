"""A mail server that keeps what it is handed, and checks how."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from proxy.channels.settings import Mail, Recipient, SecretPlace
from tests.ports import free_ports

USER, PASSWORD = "sidegate", "mail-password-of-the-test"


@dataclass
class Postbox:
    """What came. `answer`: what the server says to each letter."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    sent_to: list[list[str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:
        """Keep a letter."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            self.sent_to.append(list(envelope.rcpt_tos))
        return self.answer

    @property
    def letters(self) -> list[EmailMessage]:
        """All of them."""
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    def settings(self, folder: Path, *recipients: tuple[str, str], **changes: object) -> Mail:
        """How Sidegate is configured for it."""
        (folder / "password").write_text(PASSWORD)
        given = recipients or (("ada@books.example", "ada"),)
        made = Mail(
            host="localhost",
            port=self.port,
            security="none",
            sender="sidegate@books.example",
            recipients=tuple(Recipient(address=address, reviewer=who) for address, who in given),
        )
        return made.model_copy(update=changes)

    def login(self, folder: Path) -> dict[str, object]:
        """The settings of a login."""
        return {"username": USER, "password": SecretPlace(file=str(folder / "password"))}


@contextmanager
def postbox(*, tls: ssl.SSLContext | None = None, starttls: bool = False) -> Iterator[Postbox]:
    """A running server; with STARTTLS it wants that and a login before anything else."""
    box = Postbox()

    def authenticate(_server: Any, _session: Any, _envelope: Any, _kind: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        box.logins.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    how: dict[str, Any] = {}
    if starttls:
        how = {"tls_context": tls, "require_starttls": True, "authenticator": authenticate}
        how |= {"auth_required": True}
    elif tls is not None:
        how = {"ssl_context": tls}
    [box.port] = free_ports(1)
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **how)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
