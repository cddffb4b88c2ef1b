"""A real SMTP server that keeps what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from tests.conftest import free_port


@dataclass
class MailServer:
    """`mails`: what came, oldest first. An address at `vol.example` is refused, the first `laters` times that one at
    `later.example` is to come back later."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    laters: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address.endswith("@vol.example"):
            return f"552 mailbox of {address} is full"
        if address.endswith("@later.example") and self.laters:
            self.laters -= 1
            return f"450 {address} is greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def check_login(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"geheim@woord", handled=False)


@contextmanager
def mail_server(port: int = 0) -> Iterator[MailServer]:
    """On a free port of this machine, or this one."""
    kept = MailServer(port or free_port())
    controller = Controller(
        kept,
        hostname="0.0.0.0",
        port=kept.port,
        authenticator=kept.check_login,
        auth_require_tls=False,
        ready_timeout=30,
    )
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
