"""Mail against a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import ConfigError, InvalidMessage, UpstreamError
from bot.settings import Settings
from bot.web.mail import Mailer, MailNotTaken, is_address
from tests.conftest import free_port
from tests.fakes.mail_server import MailServer, mail_server


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def mailer(url: str) -> Mailer:
    return Mailer(Settings(smtp_url=url, mail_from="Café Sinkel <post@sinkel.example>"))


async def test_a_mail_arrives_with_its_accents_and_long_lines(server: MailServer) -> None:
    text = "Hoi Zoë,\n\n.een punt vooraan\n" + "heel lang " * 200 + "\nGroet €"
    await mailer(server.url).send("zoe@voorbeeld.nl", "Je gesprek: 'café'", text)
    mail = server.mails[-1]
    assert (mail["subject"], mail["to"], server.recipients[-1]) == (
        "Je gesprek: 'café'",
        "zoe@voorbeeld.nl",
        ["zoe@voorbeeld.nl"],
    )
    assert mail["from"] == "Café Sinkel <post@sinkel.example>"
    assert mail.get_content().replace("\r\n", "\n").strip() == text and mail["auto-submitted"] == "auto-generated"
    assert mail["message-id"] and mail["date"]


async def test_no_line_of_a_subject_becomes_a_header(server: MailServer) -> None:
    await mailer(server.url).send("a@voorbeeld.nl", "Hoi\r\nBcc: dief@elders.nl\u2028x", "tekst")
    mail = server.mails[-1]
    assert mail["subject"] == "Hoi Bcc: dief@elders.nl x" and mail["bcc"] is None
    assert server.recipients[-1] == ["a@voorbeeld.nl"]


@pytest.mark.parametrize(
    "address",
    ["", "sanne", "a@b", "a@b.nl\r\nBcc: c@d.nl", "a@b.nl,c@d.nl", "A <a@b.nl>", "a b@c.nl", "a@b..nl", "é@b.nl"],
)
async def test_what_is_no_single_address_is_refused(server: MailServer, address: str) -> None:
    before = len(server.mails)
    assert not is_address(address)
    with pytest.raises(InvalidMessage):
        await mailer(server.url).send(address, "Hoi", "tekst")
    assert len(server.mails) == before


async def test_name_and_password_of_the_address_sign_in(server: MailServer) -> None:
    await mailer(f"smtp://bot:geheim%40woord@127.0.0.1:{server.port}").send("a@voorbeeld.nl", "Hoi", "tekst")
    assert server.logins[-1] == (b"bot", b"geheim@woord")
    with pytest.raises(MailNotTaken) as refused:
        await mailer(f"smtp://bot:fout@127.0.0.1:{server.port}").send("a@voorbeeld.nl", "Hoi", "tekst")
    assert (refused.value.smtp_code, refused.value.is_about_mail) == (535, False)


async def test_a_refusal_names_no_address(server: MailServer, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MailNotTaken) as refused:
        await mailer(server.url).send("iemand@vol.example", "Hoi", "tekst")
    assert (refused.value.smtp_code, refused.value.is_about_mail) == (552, True)
    with pytest.raises(MailNotTaken, match="Connect") as unreachable:
        await mailer(f"smtp://127.0.0.1:{free_port()}").send("a@voorbeeld.nl", "Hoi", "tekst")
    assert (unreachable.value.smtp_code, unreachable.value.is_about_mail) == (0, False)
    assert "iemand" not in str(refused.value) + "".join(capsys.readouterr())


async def test_a_server_elsewhere_must_encrypt(server: MailServer) -> None:
    # 127.0.0.2 is this machine too, but no name that we trust without a certificate.
    with pytest.raises(UpstreamError, match="SMTPException"):
        await mailer(f"smtp://127.0.0.2:{server.port}").send("a@voorbeeld.nl", "Hoi", "tekst")


async def test_without_the_setting_mail_is_off() -> None:
    assert not Mailer(Settings()).is_on
    with pytest.raises(UpstreamError, match="off"):
        await Mailer(Settings()).send("a@voorbeeld.nl", "Hoi", "tekst")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"BOT_SMTP_URL": "http://mail.geheim.nl"}, "BOT_SMTP_URL"),
        ({"BOT_SMTP_URL": "smtp://mail:geheim"}, "BOT_SMTP_URL"),
        ({"BOT_SMTP_URL": "smtp://mail.voorbeeld.nl"}, "BOT_MAIL_FROM"),
        ({"BOT_SMTP_URL": "smtp://mail.voorbeeld.nl", "BOT_MAIL_FROM": "geen adres"}, "BOT_MAIL_FROM"),
    ],
)
def test_a_setting_that_does_not_fit_is_an_error_at_start(given: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as refused:
        Settings.load(given, Path("/nonexistent"))
    assert "geheim" not in str(refused.value)
