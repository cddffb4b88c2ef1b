"""What the channel is told: settings with secrets, and messenger.yml. No mistake in either goes unnoticed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from bot.errors import EXIT_CONFIG, ConfigError
from bot.settings import Settings
from bot.web.channels.messenger.config import GRAPH_VERSION, MessengerConfig, load_config
from bot.web.channels.messenger.messenger_file import (
    Comments,
    IceBreaker,
    MenuItem,
    MessengerFile,
    PageFile,
    Profile,
    read_file,
)
from tests.conftest import HANG_S

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "messenger.example.yml"
NO_FILE = Path("/nonexistent")
SECRET = "0123456789abcdef0123456789abcdef"
ENVIRON = {
    "BOT_MESSENGER_APP_ID": "7001",
    "BOT_MESSENGER_APP_SECRET": SECRET,
    "BOT_MESSENGER_VERIFY_TOKEN": "een-woord-van-ons",
    "BOT_MESSENGER_TOKENS": "1001=EAAB1,1002=EAAB2",
}


def config(tmp_path: Path, text: str | None = None, **changes: str | None) -> MessengerConfig | None:
    """The channel with these settings changed (None: not set) and this messenger.yml."""
    environ = {**ENVIRON, **{name: value for name, value in changes.items() if value is not None}}
    for name in [name for name, value in changes.items() if value is None]:
        del environ[name]
    if text is not None:
        file = tmp_path / "messenger.yml"
        file.write_text(text, encoding="utf-8")
        environ["BOT_MESSENGER_FILE"] = str(file)
    return load_config(Settings.load(environ, NO_FILE))


def pages(tmp_path: Path, text: str) -> list[object]:
    loaded = config(tmp_path, text)
    assert loaded
    return list(loaded.pages)


def test_with_four_settings_the_channel_is_on(tmp_path: Path) -> None:
    loaded = config(tmp_path)
    assert loaded and [page.id for page in loaded.pages] == ["1001", "1002"]
    page = loaded.pages[0]
    assert (page.token, page.name, page.version) == ("EAAB1", "1001", GRAPH_VERSION)
    assert loaded.human_agent and loaded.graph_url == "https://graph.facebook.com"


def test_without_settings_it_is_off() -> None:
    assert load_config(Settings.load({}, NO_FILE)) is None
    assert load_config(Settings.load({"BOT_MESSENGER_FILE": "", "BOT_MESSENGER_APP_ID": " "}, NO_FILE)) is None


@pytest.mark.parametrize("missing", sorted(ENVIRON))
def test_a_part_of_the_settings_is_refused_and_the_missing_one_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"{missing} is not set"):
        config(tmp_path, **{missing: None})


def test_a_file_without_the_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="BOT_MESSENGER_APP_ID is not set"):
        config(tmp_path, "pages: []", **dict.fromkeys(ENVIRON))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BOT_MESSENGER_APP_ID", "my-app", "not a number"),
        ("BOT_MESSENGER_APP_SECRET", "kort", "16 characters"),
        ("BOT_MESSENGER_APP_SECRET", " " * 20, "16 characters"),
        ("BOT_MESSENGER_VERIFY_TOKEN", "kort", "16 characters"),
        ("BOT_MESSENGER_TOKENS", "EAAB1", "part 1 is not PAGE_ID=TOKEN"),
        ("BOT_MESSENGER_TOKENS", "1001=EAAB1,winkel=EAAB2", "part 2 is not PAGE_ID=TOKEN"),
        ("BOT_MESSENGER_TOKENS", "1001=", "part 1 is not PAGE_ID=TOKEN"),
        ("BOT_MESSENGER_TOKENS", "1001=EAAB1,1001=EAAB2", "page 1001 twice"),
        ("BOT_MESSENGER_TOKENS", "1001=EAAB1,1002=EAAB1", "token of another page for page 1002"),
        ("BOT_MESSENGER_TOKENS", "1001=EA AB1", "token of page 1001 has a character"),
        ("BOT_MESSENGER_TOKENS", '1001="EAAB1"', "token of page 1001 has a character"),
        ("BOT_MESSENGER_TOKENS", "1001=EAAB\u200b1", "token of page 1001 has a character"),
        ("BOT_MESSENGER_TOKENS", "1001=EAAB\n1", "token of page 1001 has a character"),
        ("BOT_MESSENGER_FILE", "/nonexistent/messenger.yml", "no such file"),
        ("BOT_MESSENGER_FILE", "/", "can't be read"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(tmp_path: Path, name: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)) as refused:
        config(tmp_path, **{name: value})
    assert "EAAB" not in str(refused.value).replace("EAAB...", "")


def test_spaces_around_ids_secrets_and_tokens_do_no_harm(tmp_path: Path) -> None:
    loaded = config(
        tmp_path,
        BOT_MESSENGER_APP_ID=" 7001\n",
        BOT_MESSENGER_APP_SECRET=SECRET + "\n",
        BOT_MESSENGER_TOKENS=" 1001 = EAAB1 ,\n1002=EAAB2, ",
    )
    assert loaded and (loaded.app_id, loaded.app_secret) == ("7001", SECRET)
    assert [(page.id, page.token) for page in loaded.pages] == [("1001", "EAAB1"), ("1002", "EAAB2")]


def test_a_token_is_taken_as_it_is(tmp_path: Path) -> None:
    token = "EAA|b-c_d~e.f+g/h=="
    loaded = config(tmp_path, BOT_MESSENGER_TOKENS=f"1001={token},1002=EAAB/")
    assert loaded and [page.token for page in loaded.pages] == [token, "EAAB/"]


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    text = repr(config(tmp_path))
    assert not [secret for secret in (SECRET, "een-woord-van-ons", "EAAB1") if secret in text]


# messenger.yml


def test_a_page_of_the_file_keeps_what_it_says_and_the_others_their_defaults(tmp_path: Path) -> None:
    loaded = config(
        tmp_path,
        """
        profile: {greeting: Hoi}
        pages:
          - id: 1001
            name: Utrecht
            version: v25.0
            instagram_id: 17840000000000001
            persona_picture: https://www.example.nl/a.png
            comments: {private_reply: true}
            profile: {get_started: /wat_kun_je}
        """,
    )
    assert loaded
    described, other = loaded.pages
    assert (described.name, described.version, described.instagram_id) == ("Utrecht", "v25.0", "17840000000000001")
    assert (described.comments.private_reply, described.comments.public_reply) == (True, True)
    assert (described.profile.get_started, described.profile.greeting) == ("/wat_kun_je", None)
    assert (other.name, other.profile.get_started, other.profile.greeting) == ("1002", "/groet", "Hoi")
    assert loaded.page_of_instagram("17840000000000001") is described and loaded.page("1002") is other


def test_what_yaml_would_take_for_numbers_and_dates_is_text(tmp_path: Path) -> None:
    loaded = config(
        tmp_path,
        """
        profile:
          greeting: 12:30
          menu: [{title: 112, payload: /groet}, {title: no, payload: /groet}, {title: 2026-11-26, payload: /groet}]
        pages: [{id: 0123}]
        """,
        BOT_MESSENGER_TOKENS="0123=EAAB1",
    )
    assert loaded and loaded.pages[0].id == "0123"
    profile = loaded.pages[0].profile
    assert profile.greeting == "12:30"
    assert [item.title for item in profile.menu or ()] == ["112", "no", "2026-11-26"]


@pytest.mark.parametrize("text", ["", "# niets\n", "pages:\n", "pages:\nprofile:\n", "\ufeffpages: []\n", "---\n"])
def test_an_empty_file_is_as_none(tmp_path: Path, text: str) -> None:
    assert pages(tmp_path, text) == pages(tmp_path, "pages: []")


MENU = "profile: {{menu: [{}]}}"
ITEM = "{title: Open, payload: /groet}"
BREAKER = "{question: Open, payload: /groet}"
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\npages: [*b, *b]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "expected lines of the form `key: value`"),
        ("winkel", "expected lines of the form `key: value`"),
        ("page: []", "unknown key `page`"),
        ("pages: [{id: 1001, token: EAAB1}]", "pages 1: unknown key `token`"),
        ("pages: [{id: 1001, comments: {private: true}}]", "pages 1, comments: unknown key `private`"),
        ("profile: {menu: [{name: Open}]}", "profile, menu 1: unknown key `name`"),
        ("pages: {id: 1001}", "pages: expected lines that begin with `- `"),
        ("pages: [{name: Utrecht}]", "pages 1: `id` is missing"),
        ("pages: [{id: [1001]}]", "pages 1, id: expected text"),
        ("pages: [{id: 1001, comments: {private_reply: misschien}}]", "private_reply: expected true or false"),
        ("pages: [{id: winkel}]", "page id 'winkel', expected a number"),
        ("pages: [{id: 1003}]", "no token for page 1003"),
        ("pages: [{id: 1001}, {id: 1001}]", "page 1001 is there twice"),
        ("pages: [{id: 1001, instagram_id: 9}, {id: 1002, instagram_id: 9}]", "instagram_id 9 is there twice"),
        ("pages: [{id: 1001, instagram_id: winkel}]", "the account's id, not its name"),
        ("pages: [{id: 1001, instagram_id: 1001}]", "the page's own id"),
        ("pages: [{id: 1001, version: 26.0}]", "version '26.0' of page 1001, expected as v26.0"),
        ("pages: [{id: 1001, persona_picture: 'http://a.example/a.png'}]", "begins with https://"),
        ("profile: {get_started: groet}", "get_started in profile: payload 'groet', expected an intent with a slash"),
        ("pages: [{id: 1001, profile: {get_started: ''}}]", "get_started in profile of page 1001"),
        (f"profile: {{greeting: {'x' * 161}}}", "more than 160 characters"),
        (f"profile: {{ice_breakers: [{', '.join([BREAKER] * 5)}]}}", "5 ice_breakers in profile, Meta takes at most 4"),
        ("profile: {ice_breakers: [{question: ' ', payload: /groet}]}", "ice_breakers 1 in profile has no question"),
        ("profile: {ice_breakers: [{question: Open, payload: /Groet!}]}", "payload '/Groet!'"),
        (MENU.format(", ".join([ITEM] * 21)), "21 lines of menu in profile, Meta takes at most 20"),
        (MENU.format(f"{ITEM}, {{title: {'x' * 31}, payload: /groet}}"), "menu 2 in profile: title"),
        (MENU.format("{title: '', payload: /groet}"), "expected 1 to 30 characters"),
        (MENU.format("{title: Open}"), "expected a payload or a url"),
        (MENU.format("{title: Open, payload: /groet, url: 'https://a.example'}"), "expected a payload or a url"),
        (MENU.format("{title: Open, url: 'http://a.example'}"), "begins with https://"),
        (MENU.format("{title: Open, url: 'javascript:alert(1)'}"), "begins with https://"),
        ("pages:\n\t- id: 1001", "line 2: a tab"),
        ("pages: [\n", "line 2"),
        ("pages: []\npages: []", "line 2: 'pages' for the second time"),
        ("pages: []\n---\npages: []", "line 2"),
        ("? [a]\n: b", "line 1: a key that is not one word"),
        (BOMB, "line 2: a reference"),
        ("pages: !!python/object/apply:os.getcwd []", "line 1: a tag"),
        ("pages: [{id: !!int 1001}]", "line 1: a tag"),
        ("pages: \x01", "special characters"),
        ("[" * 5000, "nested too deeply"),
        ("#" * 300_000, "larger than the 256 KB"),
    ],
)
def test_a_mistake_in_the_file_is_refused_and_says_where(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)) as refused:
        config(tmp_path, text)
    assert "messenger.yml" in str(refused.value) and "\n" not in str(refused.value)


def test_a_secret_in_the_wrong_place_is_not_shown(tmp_path: Path) -> None:
    for text in (
        "pages: [{id: 1001, token: EAAB1geheim}]",
        "token: EAAB1geheim: x",
        "token: *EAAB1geheim",
        "\tEAAB1geheim",
    ):
        with pytest.raises(ConfigError) as refused:
            config(tmp_path, text)
        assert "geheim" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "messenger.yml"
    file.write_bytes(b"pages: \xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_file(file)


def test_the_example_loads_and_its_payloads_are_intents(tmp_path: Path) -> None:
    """Also with the lines for one page switched on."""
    text = EXAMPLE.read_text(encoding="utf-8")
    whole = re.sub(r"^#(  .*)$", r"\1", text, flags=re.MULTILINE)
    intents = set(yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"])
    loaded = config(tmp_path, whole, BOT_MESSENGER_TOKENS="1234567890=EAAB1")
    assert loaded and loaded.pages[0].instagram_id and loaded.pages[0].comments.private_reply
    assert {payload[1:] for payload in re.findall(r"(?:payload|get_started): (/\w+)", whole)} <= intents
    as_it_is = config(tmp_path, text)
    assert as_it_is and len(as_it_is.pages[0].profile.ice_breakers or ()) == 4


@pytest.mark.parametrize("shape", [MessengerFile, PageFile, Comments, Profile, IceBreaker, MenuItem])
def test_every_key_is_in_the_reference_and_in_the_example(shape: type[msgspec.Struct]) -> None:
    reference = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8").partition("## messenger.yml")[2]
    example = EXAMPLE.read_text(encoding="utf-8")
    for key in shape.__struct_fields__:
        assert f"`{key}`" in reference and re.search(rf"\b{key}:", example), key


def test_the_web_process_does_not_start_without_a_secret() -> None:
    outside = {"BOT_ENV_FILE": "/nonexistent", "BOT_REDIS_URL": "unix:///nonexistent"}
    web = subprocess.run(
        [sys.executable, "-m", "bot.web"],
        cwd=ROOT,
        env={**os.environ, **ENVIRON, **outside, "BOT_MESSENGER_APP_SECRET": ""},
        capture_output=True,
        text=True,
        timeout=4 * HANG_S,
    )
    assert web.returncode == EXIT_CONFIG
    assert "BOT_MESSENGER_APP_SECRET is not set" in web.stderr and SECRET not in web.stderr
