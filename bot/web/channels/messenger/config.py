"""What the channel was told: the app, its pages with their tokens, and `messenger.yml` for what is no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bot.errors import ConfigError
from bot.settings import Settings

# The newest version that this code was written for; Meta removes one about two years after it came.
GRAPH_VERSION = "v26.0"
MESSENGER, INSTAGRAM, COMMENT = "messenger", "instagram", "comment"
CHANNELS = (MESSENGER, INSTAGRAM, COMMENT)
_PAGE_ID = re.compile(r"[0-9]{1,30}")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]")


class IceBreaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that a new customer may tap; payload as in `/faq_ruilen`."""

    question: str
    payload: str


class MenuItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the menu: `payload` as in `/faq_ruilen`, or `url`."""

    title: str
    payload: str = ""
    url: str = ""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `make messenger-setup` puts on a page."""

    get_started: str = "/groet"
    greeting: str = ""
    ice_breakers: tuple[IceBreaker, ...] = ()
    menu: tuple[MenuItem, ...] = ()


class Comments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Public comments under the page's posts. `private_reply` on: they become conversations."""

    private_reply: bool = False
    public_reply: bool = True


class PageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page in messenger.yml. `persona_picture`: address of the picture of agents; without it the page speaks."""

    id: str
    name: str = ""
    version: str = GRAPH_VERSION
    instagram_id: str = ""
    persona_picture: str = ""
    comments: Comments = Comments()
    profile: Profile | None = None


class MessengerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """messenger.yml: `profile` is for every page that has none of its own."""

    pages: tuple[PageFile, ...] = ()
    profile: Profile = Profile()


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
    needed = {
        "BOT_MESSENGER_APP_ID": settings.messenger_app_id,
        "BOT_MESSENGER_APP_SECRET": settings.messenger_app_secret,
        "BOT_MESSENGER_VERIFY_TOKEN": settings.messenger_verify_token,
        "BOT_MESSENGER_TOKENS": settings.messenger_tokens,
    }
    if not any(needed.values()):
        return None
    if missing := [name for name, value in needed.items() if not value]:
        raise ConfigError(f"{missing[0]} is not set; the Messenger channel needs it, see docs/how-to/messenger.md")
    if not _PAGE_ID.fullmatch(settings.messenger_app_id):
        raise ConfigError("BOT_MESSENGER_APP_ID is not a number, as 1234567890")
    file = read_file(settings.messenger_file)
    return MessengerConfig(
        app_id=settings.messenger_app_id,
        app_secret=settings.messenger_app_secret,
        verify_token=settings.messenger_verify_token,
        pages=_pages(settings.messenger_tokens, file),
        graph_url=settings.graph_url.rstrip("/"),
        human_agent=settings.messenger_human_agent == "on",
    )


def read_file(path: Path) -> MessengerFile:
    """messenger.yml, or its defaults when there is none. Raises ConfigError."""
    if not path.is_file():
        return MessengerFile()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = msgspec.convert(content or {}, MessengerFile, strict=False)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    for page in file.pages:
        if not _PAGE_ID.fullmatch(page.id):
            raise ConfigError(f"{path}: page id {page.id!r}, expected a number")
        if not _VERSION.fullmatch(page.version):
            raise ConfigError(f"{path}: version {page.version!r} of page {page.id}, expected as {GRAPH_VERSION}")
    return file


def _pages(tokens: tuple[str, ...], file: MessengerFile) -> tuple[Page, ...]:
    described = {page.id: page for page in file.pages}
    pages = []
    for number, pair in enumerate(tokens, start=1):
        page_id, equals, token = pair.partition("=")
        if not equals or not _PAGE_ID.fullmatch(page_id.strip()) or not token.strip():
            raise ConfigError(f"BOT_MESSENGER_TOKENS: part {number} is not PAGE_ID=TOKEN, as 1234567890=EAAB...")
        pages.append(_page(described.pop(page_id.strip(), PageFile(page_id.strip())), token.strip(), file.profile))
    if described:
        raise ConfigError(f"BOT_MESSENGER_TOKENS has no token for page {next(iter(described))} of messenger.yml")
    if len({page.id for page in pages}) < len(pages):
        raise ConfigError("BOT_MESSENGER_TOKENS has a page twice")
    return tuple(pages)


def _page(page: PageFile, token: str, profile: Profile) -> Page:
    return Page(
        id=page.id,
        token=token,
        name=page.name or page.id,
        version=page.version,
        instagram_id=page.instagram_id,
        persona_picture=page.persona_picture,
        comments=page.comments,
        profile=page.profile or profile,
    )
