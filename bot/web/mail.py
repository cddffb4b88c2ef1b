"""Mail to colleagues and customers: plain text, over the server of BOT_SMTP_URL."""

from __future__ import annotations

import asyncio
import re
import time
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from bot.errors import InvalidMessage, UpstreamError
from bot.settings import Settings

log = structlog.get_logger()

MAX_ADDRESS_CHARS = 254
MAX_SUBJECT_CHARS = 150
# For one answer of the mail server, and for a whole mail.
ANSWER_S = 10.0
MAIL_S = 30.0
SUBMISSION_PORT = 587
TLS_PORT = 465
# A mail server on the same machine needs no certificate.
_LOCAL = ("localhost", "127.0.0.1", "::1")
_NAME = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_NAME}(?:\.{_NAME})*@(?:{_HOST}\.)+{_HOST}")
# Also the line ends that only some programs know.
_ENDS_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def is_address(text: str) -> bool:
    """Whether `text` is one mail address, as sanne@voorbeeld.nl, and nothing else."""
    return len(text) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(text) is not None


class MailNotTaken(UpstreamError):
    """The mail server did not take a mail.

    smtp_code: what it answered, 0 without an answer; 5xx is for good. is_about_mail: it is this mail that it does not
    take, or whom it is for; otherwise it would take no other one either.
    """

    def __init__(self, reason: str, smtp_code: int, *, is_about_mail: bool) -> None:
        super().__init__(f"the mail server did not take the mail: {reason}")
        self.smtp_code = smtp_code
        self.is_about_mail = is_about_mail


class Mailer:
    """Sends one mail at a time. Off without BOT_SMTP_URL."""

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.smtp_url)
        name, sender = parseaddr(settings.mail_from)
        self._sender = Address(name or settings.company, addr_spec=sender) if settings.smtp_url else None
        self._host = url.hostname or ""
        self._port = url.port or (TLS_PORT if url.scheme == "smtps" else SUBMISSION_PORT)
        self._use_tls = url.scheme == "smtps"
        self._user, self._password = unquote(url.username or ""), unquote(url.password or "")

    @property
    def is_on(self) -> bool:
        """Whether there is a mail server to send with."""
        return self._sender is not None

    async def send(self, to: str, subject: str, text: str, *, message_id: str = "") -> None:
        """Give a mail to the mail server. Neither the address nor a word of it is logged.

        subject: becomes one line. message_id: the same for the same mail, so that one that arrives twice can be known.
        Raises InvalidMessage if `to` is no address, UpstreamError if mail is off, MailNotTaken.
        """
        if self._sender is None:
            raise UpstreamError("mail is off; BOT_SMTP_URL turns it on")
        if not is_address(to):
            raise InvalidMessage("to: expected one mail address")
        began_s = time.monotonic()
        try:
            await asyncio.wait_for(self._pass_on(_message(self._sender, to, subject, text, message_id)), MAIL_S)
        except (aiosmtplib.SMTPException, OSError, asyncio.TimeoutError) as exc:
            # The server's own words may quote the address.
            log.warning("mail.failed", error=type(exc).__name__)
            raise _not_taken(exc) from exc
        log.info("mail.sent", ms=round((time.monotonic() - began_s) * 1000))

    async def _pass_on(self, message: EmailMessage) -> None:
        await aiosmtplib.send(
            message,
            hostname=self._host,
            port=self._port,
            username=self._user or None,
            password=self._password or None,
            use_tls=self._use_tls,
            # Over the internet never in the clear; beside us if the server offers it.
            start_tls=False if self._use_tls else None if self._host in _LOCAL else True,
            validate_certs=self._host not in _LOCAL,
            timeout=ANSWER_S,
        )


def _message(sender: Address, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(_ENDS_LINE.sub(" ", subject).split())[:MAX_SUBJECT_CHARS]
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{message_id}@{sender.domain}>" if message_id else make_msgid(domain=sender.domain)
    # So that no "I am on holiday" comes back.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _not_taken(exc: Exception) -> MailNotTaken:
    refused = exc.recipients[0] if isinstance(exc, aiosmtplib.SMTPRecipientsRefused) else exc
    about = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
    code = refused.code if isinstance(refused, aiosmtplib.SMTPResponseException) else 0
    return MailNotTaken(type(exc).__name__, code, is_about_mail=isinstance(refused, about))
