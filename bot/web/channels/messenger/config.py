"""What the channel was told: the app, its pages with their tokens, and `messenger.yml` for what is no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigError
from bot.settings import Settings, setting_name
from bot.web.channels.messenger.messenger_file import META_ID, Comments, MessengerFile, PageFile, Profile, read_file

__all__ = [
    "CHANNELS",
    "COMMENT",
    "GRAPH_VERSION",
    "INSTAGRAM",
    "MESSENGER",
    "Comments",
    "MessengerConfig",
    "Page",
    "Profile",
    "load_config",
]

# The newest version that this code was written for; Meta removes one about two years after it came.
GRAPH_VERSION = "v26.0"
MESSENGER, INSTAGRAM, COMMENT = "messenger", "instagram", "comment"
CHANNELS = (MESSENGER, INSTAGRAM, COMMENT)
# Meta calls a token opaque; those that were seen are letters and digits, an app's has a pipe sign. Quotes, spaces and
# letters with accents come from copying.
_TOKEN = re.compile(r"[A-Za-z0-9._|~+/=-]{1,1000}")
_NEEDED = ("messenger_app_id", "messenger_app_secret", "messenger_verify_token", "messenger_tokens")


@dataclass(frozen=True)
class Page:
    """A page that customers write to, with what is needed to answer for it."""

    id: str
    token: str = field(repr=False)
    name: str = ""
    version: str = GRAPH_VERSION
    instagram_id: str = ""
    persona_picture: str = ""
    comments: Comments = Comments()
    profile: Profile = Profile()


@dataclass(frozen=True)
class MessengerConfig:
    """The whole channel. human_agent: the app has Meta's leave to use the tag HUMAN_AGENT."""

    app_id: str
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    pages: tuple[Page, ...]
    graph_url: str
    human_agent: bool

    def page(self, page_id: str) -> Page | None:
        """The page with this id."""
        return next((page for page in self.pages if page.id == page_id), None)

    def page_of_instagram(self, instagram_id: str) -> Page | None:
        """The page that an Instagram account belongs to."""
        return next((page for page in self.pages if page.instagram_id and page.instagram_id == instagram_id), None)


def load_config(settings: Settings) -> MessengerConfig | None:
    """The channel's configuration, None when it is off. Raises ConfigError, saying what was expected."""
    given = [name for name in _NEEDED if _is_given(getattr(settings, name))]
    named_file = settings.messenger_file not in (Settings.messenger_file, Path())
    if not given and not named_file:
        return None
    if missing := [name for name in _NEEDED if name not in given]:
        raise ConfigError(
            f"{setting_name(missing[0])} is not set; the Messenger channel needs it, see docs/how-to/messenger.md"
        )
    file = read_file(settings.messenger_file if named_file else Settings.messenger_file, must_exist=named_file)
    app_id = settings.messenger_app_id.strip()
    if not META_ID.fullmatch(app_id):
        raise ConfigError("BOT_MESSENGER_APP_ID is not a number, as 1234567890")
    return MessengerConfig(
        app_id=app_id,
        # A line break at the end of a secret's file would let every signature fail.
        app_secret=settings.messenger_app_secret.strip(),
        verify_token=settings.messenger_verify_token.strip(),
        pages=_pages(settings.messenger_tokens, file),
        graph_url=settings.graph_url.rstrip("/"),
        human_agent=settings.messenger_human_agent == "on",
    )


def _is_given(value: str | tuple[str, ...]) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _pages(pairs: tuple[str, ...], file: MessengerFile) -> tuple[Page, ...]:
    tokens: dict[str, str] = {}
    for page_id, token in _tokens(pairs):
        if page_id in tokens:
            raise ConfigError(f"BOT_MESSENGER_TOKENS has page {page_id} twice")
        if token in tokens.values():
            raise ConfigError(f"BOT_MESSENGER_TOKENS has the token of another page for page {page_id}")
        tokens[page_id] = token
    described = {page.id: page for page in file.pages}
    if unknown := [page_id for page_id in described if page_id not in tokens]:
        raise ConfigError(f"BOT_MESSENGER_TOKENS has no token for page {unknown[0]} of messenger.yml")
    return tuple(_page(described.get(each, PageFile(each)), token, file.profile) for each, token in tokens.items())


def _tokens(pairs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Page id and token. What stands there is in no error: it is a secret."""
    for number, pair in enumerate(pairs, start=1):
        page_id, equals, token = (part.strip() for part in pair.partition("="))
        if not equals or not META_ID.fullmatch(page_id) or not token:
            raise ConfigError(f"BOT_MESSENGER_TOKENS: part {number} is not PAGE_ID=TOKEN, as 1234567890=EAAB...")
        if not _TOKEN.fullmatch(token):
            raise ConfigError(
                f"BOT_MESSENGER_TOKENS: the token of page {page_id} has a character that no token has, such as a "
                "space or a quotation mark"
            )
        yield page_id, token


def _page(page: PageFile, token: str, profile: Profile) -> Page:
    return Page(
        id=page.id,
        token=token,
        name=page.name or page.id,
        version=page.version or GRAPH_VERSION,
        instagram_id=page.instagram_id,
        persona_picture=page.persona_picture,
        comments=page.comments,
        profile=page.profile or profile,
    )
