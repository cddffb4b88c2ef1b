"""messenger.yml: what is no secret about the pages. What each key means is in docs/reference/settings.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bot.errors import ConfigError
from bot.web.channels.intake import PAYLOAD
from bot.web.channels.messenger.strict_yaml import read_yaml

# An id that Meta gave: of an app, a page, an Instagram account.
META_ID = re.compile(r"[0-9]{1,30}")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]")

# Meta's limits, in characters.
MAX_ICE_BREAKERS = 4
MAX_MENU_ITEMS = 20
MAX_TITLE_CHARS = 30
MAX_GREETING_CHARS = 160


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
    """What `make messenger-setup` puts on a page. None: what is there stays; empty: it is taken away."""

    get_started: str = "/groet"
    greeting: str | None = None
    ice_breakers: tuple[IceBreaker, ...] | None = None
    menu: tuple[MenuItem, ...] | None = None


class Comments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Public comments under the page's posts. `private_reply` on: they become conversations."""

    private_reply: bool = False
    public_reply: bool = True


class PageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page. `version` is empty for the usual one; `persona_picture`: address of the picture of agents."""

    id: str
    name: str = ""
    version: str = ""
    instagram_id: str = ""
    persona_picture: str = ""
    comments: Comments = Comments()
    profile: Profile | None = None


class MessengerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`profile` is for every page that has none of its own."""

    pages: tuple[PageFile, ...] = ()
    profile: Profile = Profile()


def read_file(path: Path, *, must_exist: bool = False) -> MessengerFile:
    """The file, or its defaults when there is none. Raises ConfigError, saying where and what was expected."""
    try:
        file = read_yaml(path, MessengerFile)
    except FileNotFoundError as exc:
        if must_exist:
            raise ConfigError(f"BOT_MESSENGER_FILE is {path}, and there is no such file") from exc
        return MessengerFile()
    problem = next(_problems(file), None)
    if problem:
        raise ConfigError(f"{path}: {problem}")
    return file


def _problems(file: MessengerFile) -> Iterator[str]:
    yield from _of_profile(file.profile, "profile")
    for page in file.pages:
        yield from _of_page(page)
        if page.profile:
            yield from _of_profile(page.profile, f"profile of page {page.id}")
    for name, ids in (
        ("page", [page.id for page in file.pages]),
        ("instagram_id", [page.instagram_id for page in file.pages if page.instagram_id]),
    ):
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            yield f"{name} {twice[0]} is there twice"


def _of_page(page: PageFile) -> Iterator[str]:
    if not META_ID.fullmatch(page.id):
        yield f"page id {page.id!r}, expected a number"
    if page.version and not _VERSION.fullmatch(page.version):
        yield f"version {page.version!r} of page {page.id}, expected as v26.0"
    if page.instagram_id and not META_ID.fullmatch(page.instagram_id):
        yield f"instagram_id {page.instagram_id!r} of page {page.id}, expected a number: the account's id, not its name"
    if page.instagram_id == page.id:
        yield f"instagram_id of page {page.id} is the page's own id, expected that of the Instagram account"
    if page.persona_picture and not _is_address(page.persona_picture):
        yield f"persona_picture of page {page.id}, expected an address that begins with https://"


def _of_profile(profile: Profile, where: str) -> Iterator[str]:
    yield from _of_payload(profile.get_started, f"get_started in {where}")
    if len((profile.greeting or "").strip()) > MAX_GREETING_CHARS:
        yield f"greeting in {where} has more than {MAX_GREETING_CHARS} characters"
    yield from _of_ice_breakers(profile.ice_breakers or (), where)
    yield from _of_menu(profile.menu or (), where)


def _of_ice_breakers(ice_breakers: tuple[IceBreaker, ...], where: str) -> Iterator[str]:
    if len(ice_breakers) > MAX_ICE_BREAKERS:
        yield f"{len(ice_breakers)} ice_breakers in {where}, Meta takes at most {MAX_ICE_BREAKERS}"
    for number, ice_breaker in enumerate(ice_breakers, start=1):
        if not ice_breaker.question.strip():
            yield f"ice_breakers {number} in {where} has no question"
        yield from _of_payload(ice_breaker.payload, f"ice_breakers {number} in {where}")


def _of_menu(menu: tuple[MenuItem, ...], where: str) -> Iterator[str]:
    if len(menu) > MAX_MENU_ITEMS:
        yield f"{len(menu)} lines of menu in {where}, Meta takes at most {MAX_MENU_ITEMS}"
    for number, item in enumerate(menu, start=1):
        yield from _of_menu_item(item, f"menu {number} in {where}")


def _of_menu_item(item: MenuItem, where: str) -> Iterator[str]:
    if not 1 <= len(item.title.strip()) <= MAX_TITLE_CHARS:
        yield f"{where}: title {item.title!r}, expected 1 to {MAX_TITLE_CHARS} characters"
    if bool(item.payload) == bool(item.url):
        yield f"{where}: expected a payload or a url"
    elif item.payload:
        yield from _of_payload(item.payload, where)
    elif not _is_address(item.url):
        yield f"{where}: url {item.url!r}, expected an address that begins with https://"


def _of_payload(payload: str, where: str) -> Iterator[str]:
    if not PAYLOAD.fullmatch(payload):
        yield f"{where}: payload {payload!r}, expected an intent with a slash, as /faq_ruilen"


def _is_address(text: str) -> bool:
    return bool(re.fullmatch(r"https://[^\s/]+\S*", text))
