"""`make messenger-setup` against the fake Graph API: what it finds, what it changes, and what it says about it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.errors import EXIT_CONFIG
from bot.settings import Settings
from bot.web.channels.messenger.config import MessengerConfig, load_config
from bot.web.channels.messenger.report import Finding, Section, is_well, rendered
from bot.web.channels.messenger.setup import main, set_up
from bot.web.channels.messenger.subscriptions import PAGE_FIELDS
from tests.fakes.graph import FakeGraph

ROOT = Path(__file__).resolve().parents[2]
SECRET = "0123456789abcdef0123456789abcdef"
PUBLIC_URL = "https://chat.example.nl"
PROFILE = """
profile:
  greeting: Stel je vraag
  ice_breakers: [{question: Hoe laat open, payload: /faq_openingstijden}]
  menu:
    - {title: Openingstijden, payload: /faq_openingstijden}
    - {title: Winkel, url: "https://www.example.nl/"}
"""


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    """An app with its webhook, and a page that nobody has set up yet."""
    async with FakeGraph(app_id="7001", app_secret=SECRET) as graph:
        graph.add_page("1001", subscribed=False)
        graph.webhook_url = f"{PUBLIC_URL}/webhooks/messenger"
        yield graph


def environ_of(url: str, tmp_path: Path, text: str = "", **changes: str) -> dict[str, str]:
    file = tmp_path / "messenger.yml"
    file.write_text(text, encoding="utf-8")
    return {
        "BOT_MESSENGER_APP_ID": "7001",
        "BOT_MESSENGER_APP_SECRET": SECRET,
        "BOT_MESSENGER_VERIFY_TOKEN": "een-woord-van-ons",
        "BOT_MESSENGER_TOKENS": "1001=token-1001",
        "BOT_MESSENGER_FILE": str(file),
        "BOT_GRAPH_URL": url,
        "BOT_PUBLIC_URL": PUBLIC_URL,
        **changes,
    }


async def run(url: str, tmp_path: Path, text: str = "", *, dry_run: bool = False, **changes: str) -> list[Section]:
    environ = environ_of(url, tmp_path, text, **changes)
    config = load_config(Settings.load(environ, Path("/nonexistent")))
    assert config
    sections = await set_up(config, config.pages, dry_run=dry_run, public_url=environ["BOT_PUBLIC_URL"])
    assert_nothing_secret(rendered(sections), config)
    return sections


def assert_nothing_secret(text: str, config: MessengerConfig) -> None:
    for secret in (config.app_secret, config.verify_token, *(page.token for page in config.pages)):
        assert secret not in text


def level_of(sections: list[Section], what: str) -> str:
    return finding_of(sections, what).level


def finding_of(sections: list[Section], what: str) -> Finding:
    """The last one about this."""
    return [finding for section in sections for finding in section.findings if finding.what == what][-1]


def changes_of(graph: FakeGraph) -> list[tuple[str, str, list[str]]]:
    """The calls that change something, with the fields of their body."""
    return [(call.method, call.endpoint, sorted(call.body)) for call in graph.calls if call.method != "GET"]


# What it changes


async def test_a_new_page_is_set_up_and_a_second_run_changes_nothing(graph: FakeGraph, tmp_path: Path) -> None:
    sections = await run(graph.url, tmp_path, PROFILE)
    assert is_well(sections)
    for what in ("Subscription", "Get Started", "Greeting", "Ice breakers", "Menu"):
        assert level_of(sections, what) == "changed"
    page = graph.pages["1001"]
    assert page.fields == PAGE_FIELDS and "response_feedback" not in page.fields
    assert page.profile["get_started"] == {"payload": "/groet"}
    assert page.profile["greeting"] == [{"locale": "default", "text": "Stel je vraag"}]
    assert [item["type"] for item in page.profile["persistent_menu"][0]["call_to_actions"]] == ["postback", "web_url"]
    properties = [fields[0] for _, endpoint, fields in changes_of(graph) if endpoint == "messenger_profile"]
    assert properties.index("get_started") < properties.index("persistent_menu")
    assert len(graph.calls_to("messenger_profile")) <= 6

    graph.calls.clear()
    again = await run(graph.url, tmp_path, PROFILE)
    assert is_well(again) and level_of(again, "Menu") == "ok"
    assert changes_of(graph) == []


async def test_a_dry_run_says_the_same_and_changes_nothing(graph: FakeGraph, tmp_path: Path) -> None:
    sections = await run(graph.url, tmp_path, PROFILE, dry_run=True)
    assert changes_of(graph) == [] and graph.pages["1001"].profile == {}
    for what in ("Subscription", "Get Started", "Greeting", "Ice breakers", "Menu"):
        assert level_of(sections, what) == "would change"
    assert not is_well(sections) and "WOULD CHANGE" in rendered(sections)
    assert "Openingstijden, Winkel. Before: none." in finding_of(sections, "Menu").found


async def test_only_what_differs_is_changed(graph: FakeGraph, tmp_path: Path) -> None:
    await run(graph.url, tmp_path, PROFILE)
    graph.calls.clear()
    sections = await run(graph.url, tmp_path, PROFILE.replace("Stel je vraag", "Zeg het maar"))
    assert changes_of(graph) == [("POST", "messenger_profile", ["greeting"])]
    assert '"Zeg het maar". Before: "Stel je vraag".' in finding_of(sections, "Greeting").found


async def test_what_the_file_leaves_out_stays_and_what_it_empties_goes(graph: FakeGraph, tmp_path: Path) -> None:
    await run(graph.url, tmp_path, PROFILE)
    graph.calls.clear()
    sections = await run(graph.url, tmp_path, 'profile: {greeting: "", menu: []}')
    assert sorted(graph.pages["1001"].profile) == ["get_started", "ice_breakers"]
    assert [method for method, _, _ in changes_of(graph)] == ["DELETE", "DELETE"]
    assert "does not mention it" in finding_of(sections, "Ice breakers").found


async def test_keys_that_meta_adds_and_other_orders_are_no_difference(graph: FakeGraph, tmp_path: Path) -> None:
    await run(graph.url, tmp_path, PROFILE)
    menu = graph.pages["1001"].profile["persistent_menu"][0]
    del menu["composer_input_disabled"]
    menu["call_to_actions"][1] |= {"webview_height_ratio": "full", "messenger_extensions": False}
    assert level_of(await run(graph.url, tmp_path, PROFILE, dry_run=True), "Menu") == "ok"


@pytest.mark.parametrize(
    "there",
    [
        {"greeting": [{"locale": "default", "text": "Stel je vraag"}, {"locale": "nl_NL", "text": "Oud"}]},
        {"ice_breakers": [{"question": "Oud", "payload": "OLD"}]},
        {"persistent_menu": [{"locale": "default", "composer_input_disabled": True, "call_to_actions": []}]},
        {"get_started": "OLD"},
    ],
)
async def test_another_language_or_an_old_form_is_replaced(
    graph: FakeGraph, tmp_path: Path, there: dict[str, Any]
) -> None:
    graph.pages["1001"].profile.update(there)
    assert is_well(await run(graph.url, tmp_path, PROFILE))
    assert is_well(await run(graph.url, tmp_path, PROFILE, dry_run=True))


async def test_a_field_that_nobody_needs_is_taken_away(graph: FakeGraph, tmp_path: Path) -> None:
    graph.pages["1001"].fields = {*PAGE_FIELDS, "response_feedback"}
    sections = await run(graph.url, tmp_path)
    assert graph.pages["1001"].fields == PAGE_FIELDS
    assert finding_of(sections, "Subscription").found == "Before, there and not needed: response_feedback."


async def test_comments_need_a_field_and_permissions_of_their_own(graph: FakeGraph, tmp_path: Path) -> None:
    graph.missing_scopes = {"pages_manage_engagement"}
    text = "pages: [{id: 1001, comments: {private_reply: true}}]"
    assert level_of(await run(graph.url, tmp_path, text), "Permission") == "missing"
    assert "feed" in graph.pages["1001"].fields
    without = text.replace("true}", "true, public_reply: false}")
    assert is_well(await run(graph.url, tmp_path, without))


async def test_a_refused_part_stops_no_other(graph: FakeGraph, tmp_path: Path) -> None:
    graph.fail_next(on="subscribed_apps", code=200)
    long = PROFILE.replace("Hoe laat open", "x").replace("Stel je vraag", "y")
    sections = await run(graph.url, tmp_path, long)
    refused = finding_of(sections, "Subscription")
    assert refused.level == "missing" and "error 200" in refused.found and "full control" in refused.to_do
    assert level_of(sections, "Menu") == "changed"


# What it finds


async def test_a_dead_token_is_named_with_why_and_that_page_is_left(graph: FakeGraph, tmp_path: Path) -> None:
    graph.add_page("1002", subscribed=False)
    graph.pages["1001"].dead_subcode = 463
    sections = await run(graph.url, tmp_path, BOT_MESSENGER_TOKENS="1001=token-1001,1002=token-1002")
    assert [finding.what for finding in sections[1].findings] == ["Token"]
    assert (
        "The token is dead" in sections[1].findings[0].found and "BOT_MESSENGER_TOKENS" in sections[1].findings[0].to_do
    )
    assert graph.pages["1002"].fields == PAGE_FIELDS


async def test_tokens_that_were_swapped_are_noticed(graph: FakeGraph, tmp_path: Path) -> None:
    graph.add_page("1002")
    sections = await run(graph.url, tmp_path, BOT_MESSENGER_TOKENS="1001=token-1002,1002=token-1001")
    assert "It is that of page 1002, not of 1001." in finding_of(sections[:2], "Token").found
    assert graph.pages["1001"].fields == set()


async def test_without_debug_token_the_page_itself_tells_whose_the_token_is(graph: FakeGraph, tmp_path: Path) -> None:
    graph.add_page("1002")
    graph.fail_next(on="debug_token", code=100, times=2)
    sections = await run(graph.url, tmp_path, BOT_MESSENGER_TOKENS="1001=token-1001")
    assert level_of(sections, "Token") == "ok" and level_of(sections, "Permissions") == "look"
    graph.fail_next(on="debug_token", code=100, times=2)
    sections = await run(graph.url, tmp_path, BOT_MESSENGER_TOKENS="1001=token-1002")
    assert level_of(sections, "Token") == "missing"


@pytest.mark.parametrize("name", ["pages_messaging", "pages_manage_metadata", "pages_show_list", "instagram_basic"])
async def test_a_missing_permission_is_named_with_what_it_is_for(graph: FakeGraph, tmp_path: Path, name: str) -> None:
    graph.pages["1001"].instagram_id = "9001"
    text = "pages: [{id: 1001, instagram_id: 9001}]"
    assert level_of(await run(graph.url, tmp_path, text), "Permissions") == "ok"
    graph.missing_scopes = {name}
    finding = finding_of(await run(graph.url, tmp_path, text), "Permission")
    assert finding.level == "missing" and finding.found.startswith(f"{name}, for ")


@pytest.mark.parametrize(
    "changes", [{"BOT_MESSENGER_APP_SECRET": "another-secret-0123"}, {"BOT_MESSENGER_APP_ID": "7002"}]
)
async def test_a_wrong_secret_or_app_is_said_before_anything_else(
    graph: FakeGraph, tmp_path: Path, changes: dict[str, str]
) -> None:
    sections = await run(graph.url, tmp_path, **changes)
    assert len(sections) == 1 and level_of(sections, "App secret") == "missing"
    assert changes_of(graph) == []


async def test_a_webhook_that_is_not_there_or_not_here_or_not_whole_is_noticed(
    graph: FakeGraph, tmp_path: Path
) -> None:
    assert level_of(await run(graph.url, tmp_path), "Webhook page") == "ok"
    graph.app_fields["page"] = {"messages", "standby"}
    assert "subscribe to message_deliveries" in finding_of(await run(graph.url, tmp_path), "Webhook page").to_do
    elsewhere = await run(graph.url, tmp_path, BOT_PUBLIC_URL="https://ander.example.nl")
    assert "change it to https://ander.example.nl/webhooks/messenger" in finding_of(elsewhere, "Webhook page").to_do
    graph.app_fields["page"] = set()
    missing = finding_of(await run(graph.url, tmp_path), "Webhook page")
    assert missing.level == "missing" and "BOT_MESSENGER_VERIFY_TOKEN" in missing.to_do


async def test_the_instagram_account_must_be_that_of_the_page(graph: FakeGraph, tmp_path: Path) -> None:
    text = "pages: [{id: 1001, instagram_id: 9001}]"
    nobody = await run(graph.url, tmp_path, text)
    assert finding_of(nobody, "Instagram").found == "No account is linked."
    graph.pages["1001"].instagram_id = "9002"
    assert level_of(await run(graph.url, tmp_path, text), "Instagram") == "missing"
    assert "instagram_id: 9002" in finding_of(await run(graph.url, tmp_path), "Instagram").to_do
    graph.pages["1001"].instagram_id = "9001"
    right = await run(graph.url, tmp_path, text)
    assert level_of(right, "Instagram") == "ok" and level_of(right, "Webhook instagram") == "ok"
    graph.app_fields["instagram"] -= {"messaging_seen"}
    assert level_of(await run(graph.url, tmp_path, text), "Webhook instagram") == "missing"


async def test_what_meta_does_not_tell_is_left_to_look_at_and_is_no_failure(graph: FakeGraph, tmp_path: Path) -> None:
    sections = await run(graph.url, tmp_path)
    assert "default app" in finding_of(sections, "Routing").to_do
    assert "Human Agent" in finding_of(sections, "Features").found
    assert is_well(sections)
    off = await run(graph.url, tmp_path, BOT_MESSENGER_HUMAN_AGENT="off")
    assert "Human Agent" not in finding_of(off, "Features").found


# When Meta does not answer


@pytest.mark.parametrize(
    ("on", "code", "what", "expected"),
    [
        ("messenger_profile", 613, "Profile", "Too many calls"),
        ("messenger_profile", 80006, "Profile", "Too many calls"),
        ("messenger_profile", 2, "Profile", "temporary problem"),
        ("subscribed_apps", 10, "Subscription", "permission is missing"),
        ("subscribed_apps", 368, "Subscription", "blocked or restricted"),
        ("subscribed_apps", 2635, "Subscription", "Meta refuses (Meta's error 2635)"),
        ("page", 100, "Token", "proof that we know the app secret"),
        ("page", 190, "Token", "The token is dead"),
        ("subscriptions", 4, "App secret", "Too many calls"),
    ],
)
async def test_an_error_of_meta_is_told_in_plain_language(
    graph: FakeGraph, tmp_path: Path, on: str, code: int, what: str, expected: str
) -> None:
    graph.fail_next(on=on, code=code)
    sections = await run(graph.url, tmp_path)
    assert expected in finding_of(sections, what).found and not is_well(sections)


async def test_no_connection_and_answers_without_json_are_told(graph: FakeGraph, tmp_path: Path) -> None:
    nobody = await run("http://127.0.0.1:1", tmp_path)
    assert "No connection" in finding_of(nobody, "App secret").found and len(nobody) == 1
    graph.html_next(502, on="subscribed_apps")
    graph.cut_next(on="messenger_profile", times=2)  # a GET is tried again once
    sections = await run(graph.url, tmp_path)
    for what in ("Subscription", "Profile"):
        assert "can't be read" in finding_of(sections, what).found


GOOD: dict[str, Any] = {
    "subscriptions": {"data": [{"object": "page", "callback_url": "x", "fields": sorted(PAGE_FIELDS)}]},
    "debug_token": {"data": {"is_valid": True, "type": "PAGE", "profile_id": "1001", "app_id": "7001", "scopes": []}},
    "me": {"id": "1001"},
    "subscribed_apps": {"data": [{"id": "7001", "subscribed_fields": sorted(PAGE_FIELDS)}]},
    "messenger_profile": {"data": [{"get_started": {"payload": "/groet"}}]},
}


@asynccontextmanager
async def answering(answers: Mapping[str, Any]) -> AsyncIterator[str]:
    """A server that gives each endpoint the same answer always: for what the fake, which knows Meta, never says."""

    async def answer(request: web.Request) -> web.Response:
        endpoint = request.path.rpartition("/")[2]
        return web.json_response(answers.get(f"{request.method} {endpoint}", answers[endpoint]))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": "USER"}, "It is no page's: its type is USER."),
        ({"app_id": 7002}, "It was made for app 7002, not for this one."),
        ({"is_valid": False, "error": {"subcode": 460}}, "has a new password"),
        ({"expires_at": 1}, "It ends on 1970-01-01"),
        ({"expires_at": int(time.time()) + 3600}, "and the channel with it"),
    ],
)
async def test_a_token_that_will_not_do_is_told_why(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    async with answering({**GOOD, "debug_token": {"data": {**GOOD["debug_token"]["data"], **changes}}}) as url:
        finding = finding_of(await run(url, tmp_path, BOT_PUBLIC_URL=""), "Token")
    assert finding.level == "missing" and expected in finding.found


@pytest.mark.parametrize("end_s", [int(time.time()) + 30 * 24 * 3600, 10**25])
async def test_a_token_that_ends_in_a_month_is_no_failure_yet(tmp_path: Path, end_s: int) -> None:
    async with answering(
        {**GOOD, "debug_token": {"data": {**GOOD["debug_token"]["data"], "expires_at": end_s}}}
    ) as url:
        assert level_of(await run(url, tmp_path, BOT_PUBLIC_URL=""), "Token") == "look"


async def test_a_permission_for_other_pages_only_does_not_count(tmp_path: Path) -> None:
    scopes = ["pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"]
    granular = [{"scope": name, "target_ids": ["1001"]} for name in scopes]
    granular[0]["target_ids"] = ["1002"]
    data = {**GOOD["debug_token"]["data"], "scopes": scopes, "granular_scopes": granular}
    async with answering({**GOOD, "debug_token": {"data": data}}) as url:
        found = await run(url, tmp_path, BOT_PUBLIC_URL="")
    assert finding_of(found, "Permission").found.startswith("pages_messaging")


@pytest.mark.parametrize("endpoint", sorted(GOOD))
@pytest.mark.parametrize(
    "odd", [{}, {"data": None}, {"data": [None, 1, []]}, {"data": [{"id": []}]}, {"data": [{}] * 3}, 7]
)
async def test_an_answer_of_another_form_ends_in_a_line_of_the_table(tmp_path: Path, endpoint: str, odd: Any) -> None:
    async with answering({**GOOD, endpoint: odd}) as url:
        sections = await run(url, tmp_path, PROFILE, BOT_PUBLIC_URL="")
    assert not is_well(sections) and "MISSING" in rendered(sections)


async def test_a_change_that_meta_says_yes_to_and_forgets_is_noticed(tmp_path: Path) -> None:
    kept = {"data": [{"id": "7001", "subscribed_fields": ["messages"]}]}
    async with answering({**GOOD, "subscribed_apps": kept}) as url:
        sections = await run(url, tmp_path, PROFILE, BOT_PUBLIC_URL="")
    for what in ("Subscription", "Greeting", "Menu"):
        assert level_of(sections, what) == "missing" and "did not take it over" in finding_of(sections, what).found


async def test_fields_that_meta_does_not_know_are_told_as_what_is_not_there(tmp_path: Path) -> None:
    kept = {"data": [{"id": "7001", "subscribed_fields": sorted(PAGE_FIELDS - {"standby"})}]}
    refusal = {"error": {"code": 100, "message": "Param subscribed_fields[12] must be one of ..."}}
    async with answering({**GOOD, "subscribed_apps": kept, "POST subscribed_apps": refusal}) as url:
        finding = finding_of(await run(url, tmp_path, BOT_PUBLIC_URL=""), "Subscription")
    assert (finding.level, finding.found) == (
        "missing",
        "Meta did not take it over; still needed and not there: standby.",
    )


def test_a_name_from_meta_moves_no_cursor() -> None:
    text = rendered([Section("Page 1001", (Finding("ok", "Token", "Of the page \x1b[2J\nWinkel."),))])
    assert "\x1b" not in text


# As a program of its own


async def setup_process(environ: dict[str, str], *arguments: str) -> tuple[int | None, str]:
    """The exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.web.channels.messenger.setup",
        *arguments,
        cwd=ROOT,
        env={**os.environ, "BOT_ENV_FILE": "/nonexistent", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_the_exit_code_says_how_it_went(graph: FakeGraph, tmp_path: Path) -> None:
    environ = environ_of(graph.url, tmp_path, PROFILE)
    code, output = await setup_process(environ, "--dry-run")
    assert code == 1 and "Page 1001" in output and graph.pages["1001"].profile == {}
    code, output = await setup_process(environ, "--page", "1001")
    assert code == 0 and output.rstrip().endswith("All is well.")
    assert not re.search(r"token-1001|een-woord|appsecret", output) and SECRET not in output
    code, output = await setup_process({})
    assert code == EXIT_CONFIG and "BOT_MESSENGER_APP_ID is not set" in output


@pytest.mark.parametrize(
    ("changes", "arguments", "expected"),
    [
        ({}, ["--page", "1009"], "page 1009 is not one of BOT_MESSENGER_TOKENS"),
        ({"BOT_MESSENGER_APP_SECRET": ""}, [], "BOT_MESSENGER_APP_SECRET is not set"),
    ],
)
def test_a_wrong_setting_is_exit_code_78(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    arguments: list[str],
    expected: str,
) -> None:
    environ = {"BOT_ENV_FILE": "/nonexistent", **environ_of("http://127.0.0.1:1", tmp_path), **changes}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == EXIT_CONFIG and expected in capsys.readouterr().err
