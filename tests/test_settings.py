"""Settings: three sources, and nothing misspelt or out of range goes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import Settings

NO_FILE = Path("/nonexistent")


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\n\nBOT_PORT=9000\nexport BOT_COMPANY='De Zaak'\nOTHER=1\n")
    settings = Settings.load({"BOT_PORT": "9001", "PATH": "/bin"}, file)
    assert (settings.port, settings.company, settings.reply_minutes) == (9001, "De Zaak", 10)


def test_a_list_is_written_with_commas() -> None:
    settings = Settings.load({"BOT_WIDGET_ORIGINS": "https://a.example, https://b.example/"}, NO_FILE)
    assert settings.widget_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BOT_PROT", "8080", "unknown setting BOT_PROT"),
        ("BOT_PORT", "http", "BOT_PORT"),
        ("BOT_PORT", "70000", "1 to 65535"),
        ("BOT_REDIS_FSYNC", "never", "everysec, always"),
        ("BOT_TIMEZONE", "Europe/Sinkel", "Europe/Amsterdam"),
        ("BOT_WIDGET_ORIGINS", "www.example.nl", "https://www.example.nl"),
        ("BOT_WIDGET_ORIGINS", "https://www.example.nl/pad", "https://www.example.nl"),
        ("BOT_TURN_TIMEOUT_S", "0", "more than 0"),
        ("BOT_TURN_TIMEOUT_S", "-1", "more than 0"),
        ("BOT_CLAIM_IDLE_MS", "400", "1000 or more"),
        ("BOT_API_TOKEN", "kort", "16 characters"),
        ("BOT_LOG_FORMAT", "xml", "auto, json, console"),
    ],
)
def test_a_wrong_setting_is_refused_and_says_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Settings.load({name: value}, NO_FILE)


def test_secrets_are_in_no_repr_and_no_error() -> None:
    secret = "zeer-geheime-waarde"
    settings = Settings.load({"BOT_API_TOKEN": secret, "BOT_REST_TOKEN": secret}, NO_FILE)
    assert secret not in repr(settings)
    with pytest.raises(ConfigError) as refused:
        Settings.load({"BOT_API_TOKEN": "kort-geheim"}, NO_FILE)
    assert "kort-geheim" not in str(refused.value)


def test_a_line_of_the_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("BOT_PORT=1\nonzin\n")
    with pytest.raises(ConfigError, match="line 2"):
        Settings.load({}, file)
