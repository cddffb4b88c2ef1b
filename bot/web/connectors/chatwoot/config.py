"""What the connector needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.errors import ConfigError
from bot.settings import Settings, setting_name

_NEEDED = ("chatwoot_url", "chatwoot_token", "chatwoot_account", "chatwoot_inbox", "chatwoot_webhook_token")


@dataclass(frozen=True)
class ChatwootConfig:
    """webhook_secret: what its webhooks are signed with, empty where they are not. site_url: where agents find our own
    desk, empty if that is not known."""

    url: str
    token: str = field(repr=False)
    account: int
    inbox: int
    webhook_token: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    site_url: str = ""

    def page_url(self, chatwoot_id: int) -> str:
        """The conversation in Chatwoot's own pages."""
        return f"{self.url}/app/accounts/{self.account}/conversations/{chatwoot_id}"


def load_config(settings: Settings) -> ChatwootConfig | None:
    """None while the connector is off. Raises ConfigError if only a part is set."""
    given = [name for name in _NEEDED if getattr(settings, name)]
    if not given and settings.chatwoot_webhook_secret:
        given = ["chatwoot_webhook_secret"]
    if not given:
        return None
    if missing := [name for name in _NEEDED if name not in given]:
        raise ConfigError(f"{setting_name(missing[0])} is not set, expected with the other BOT_CHATWOOT_ settings")
    return ChatwootConfig(
        settings.chatwoot_url.rstrip("/"),
        settings.chatwoot_token,
        settings.chatwoot_account,
        settings.chatwoot_inbox,
        settings.chatwoot_webhook_token,
        settings.chatwoot_webhook_secret,
        settings.public_url.rstrip("/"),
    )
