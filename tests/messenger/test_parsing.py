"""What Meta's JSON means: every documented event, the odd ones, and nothing that stops the rest."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Attachment
from bot.store.inbound import RawEvent
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.events import Arrived, CommentChanged, Echoed, Event, Reacted, Told, Unsent, Wrote
from bot.web.channels.messenger.parsing import Odd, parse
from tests.messenger.deliveries import FIXTURES, echo, event, text_event

CONFIG = MessengerConfig(
    app_id="7001",
    app_secret="x" * 16,
    verify_token="y" * 16,
    pages=(Page("1001", "token", instagram_id="9001"), Page("1002", "token")),
    graph_url="http://127.0.0.1:9",
    human_agent=True,
)
CASES = {line["case"]: line for line in map(json.loads, FIXTURES.read_text().splitlines())}
CDN = "https://cdn.example/"
RECEIVED_MS = 1_795_000_000_500


def read(raw: Any, array: str = "messaging", platform: str = "page", account: str = "1001") -> list[Event]:
    encoded = msgspec.Raw(json.dumps(raw).encode())
    return parse(RawEvent(platform, account, array, encoded, RECEIVED_MS), CONFIG, max_text_chars=100)


def one(raw: Any, array: str = "messaging", **more: Any) -> Any:
    (found,) = read(raw, array, **more)
    return found


def facts(event: Event) -> dict[str, Any]:
    """What differs from case to case; all else is as in the test below."""
    return {
        name: value for name, value in vars(event).items() if name not in ("where", "key") and value not in ("", ())
    }


EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("Wrote", {"mid": "m_t1", "text": "Café open?"}),
    "quick_reply": ("Wrote", {"mid": "m_q1", "text": "Green"}),
    "quick_reply_email": ("Wrote", {"mid": "m_q2", "text": "a@b.example"}),
    "reply_to": ("Wrote", {"mid": "m_r1", "text": "this one", "quoted_id": "m_t0"}),
    "image": ("Wrote", {"mid": "m_a1", "attachments": (Attachment("image", CDN + "a.jpg"),)}),
    "audio": ("Wrote", {"mid": "m_a2", "attachments": (Attachment("audio", CDN + "a.mp4"),)}),
    "video": ("Wrote", {"mid": "m_a3", "attachments": (Attachment("video", CDN + "v.mp4"),)}),
    "file": ("Wrote", {"mid": "m_a4", "attachments": (Attachment("file", CDN + "f.pdf"),)}),
    "sticker_like": ("Wrote", {"mid": "m_s1", "text": "👍"}),
    "sticker_transition_2026": ("Wrote", {"mid": "m_s2", "attachments": (Attachment("sticker", CDN + "s.png"),)}),
    "fallback_link": (
        "Wrote",
        {
            "mid": "m_f1",
            "text": "see https://site.example",
            "attachments": (Attachment("link", "https://site.example", "Site"),),
        },
    ),
    "fallback_empty": ("Wrote", {"mid": "m_f2", "attachments": (Attachment("other"),)}),
    "reel": ("Wrote", {"mid": "m_re1", "attachments": (Attachment("post", "https://www.facebook.com/reel/1", "R"),)}),
    "post_share": ("Wrote", {"mid": "m_p1", "attachments": (Attachment("post", "https://www.facebook.com/1", "P"),)}),
    "appointment": ("Wrote", {"mid": "m_ap1", "attachments": (Attachment("appointment", title="requested"),)}),
    "message_from_ad": (
        "Wrote",
        {"mid": "m_ad1", "text": "hi", "about": "De klant kwam via de advertentie T met kenmerk x1."},
    ),
    "deleted_unverified_on_page": ("Unsent", {"mid": "m_t1"}),
    "unsupported_unverified_on_page": ("Wrote", {"mid": "m_u1", "attachments": (Attachment("other"),)}),
    "echo_ours": ("Echoed", {"mid": "m_e1", "text": "Hello", "app_id": "7001", "metadata": "out-42"}),
    "echo_page_inbox_human": ("Echoed", {"mid": "m_e2", "text": "Ann here", "app_id": "263902037430900"}),
    "echo_template": (
        "Echoed",
        {"mid": "m_e3", "app_id": "7001", "attachments": (Attachment("link", "https://www.facebook.com/"),)},
    ),
    "postback": ("Wrote", {"mid": "m_pb1", "text": "Talk to a person"}),
    "get_started_with_referral": (
        "Wrote",
        {"mid": "m_pb2", "text": "Get Started", "about": "De klant kwam via een link met kenmerk shop."},
    ),
    "delivery": ("Arrived", {"state": "delivered", "mids": ("m_e1",), "watermark_ms": 1795000000018}),
    "read": ("Arrived", {"state": "read", "watermark_ms": 1795000000018}),
    "reaction": ("Reacted", {"mid": "m_e1", "reaction": "❤️"}),
    "unreact": ("Reacted", {"mid": "m_e1"}),
    "referral": ("Told", {"text": "De klant kwam via een link met kenmerk qr7.", "opens_window": True}),
    "lead_complete": (
        "Told",
        {"text": "De klant vulde het formulier van een advertentie in. · City? Gent", "opens_window": False},
    ),
    "optin_plugin": (
        "Told",
        {"text": "De klant begon het gesprek op een website, met kenmerk order-9.", "opens_window": True},
    ),
    "optin_marketing": ("Told", {"text": "De klant wil berichten over News krijgen.", "opens_window": False}),
    "message_edit": ("Edited", {"mid": "m_t1", "text": "Café open on Monday?", "number": 1}),
    "account_linked": ("Told", {"text": "De klant heeft het eigen account gekoppeld.", "opens_window": False}),
    "account_unlinked": (
        "Told",
        {"text": "De klant heeft de koppeling met het eigen account verbroken.", "opens_window": False},
    ),
    "pass_thread_control": (
        "ControlMoved",
        {"kind": "pass", "new_owner": "7001", "previous_owner": "263902037430900"},
    ),
    "take_thread_control": ("ControlMoved", {"kind": "take", "new_owner": "263902037430900"}),
    "request_thread_control": ("ControlMoved", {"kind": "request", "new_owner": "263902037430900"}),
    "standby_text": ("Wrote", {"mid": "m_sb1", "text": "to the human"}),
    "standby_postback_no_payload": ("Wrote", {"mid": "m_sb2", "text": "Menu"}),
    "standby_echo": ("Echoed", {"mid": "m_sb3", "text": "Ann again", "app_id": "263902037430900"}),
    "policy_block": ("PolicyEnforced", {"action": "block", "reason": "spam"}),
    "response_feedback": (
        "Told",
        {"text": "De klant vond een antwoord niet goed (duim omlaag).", "opens_window": False},
    ),
    "ai_handback_OBS": ("Told", {"text": "Melding van Meta: AI handed this chat back", "opens_window": False}),
    "feed_comment_add": (
        "CommentChanged",
        {
            "verb": "add",
            "comment_id": "5_8",
            "post_id": "1001_5",
            "parent_id": "1001_5",
            "author_name": "Jo",
            "text": "price?",
        },
    ),
    "feed_comment_remove": (
        "CommentChanged",
        {"verb": "remove", "comment_id": "5_8", "post_id": "1001_5", "parent_id": "1001_5", "author_name": "Jo"},
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_documented_event_is_understood(case: str) -> None:
    fixture = CASES[case]
    if case == "app_roles":
        assert read(fixture["event"], fixture["in"]) == []
        return
    found = one(fixture["event"], fixture["in"])
    assert (type(found).__name__, facts(found)) == EXPECTED[case]
    where = found.where
    assert (where.channel, where.page.id, where.account_id) == ("messenger", "1001", "1001")
    assert where.customer_id == ("" if case == "policy_block" else "6001")
    assert where.standby is (fixture["in"] == "standby")


@pytest.mark.parametrize(
    ("timestamp", "at_ms"),
    [
        (1_795_000_000_001, 1_795_000_000_001),
        ("1795000000001", 1_795_000_000_001),
        (1_795_000_000, 1_795_000_000_000),
        ("1795000000", 1_795_000_000_000),
        (None, 0),
        (-5, 0),
        (True, 0),
        ("soon", 0),
        (10**30, 0),
        (1_899_000_000_000, 0),
        ([1], 0),
    ],
)
def test_times_come_in_any_form_and_what_is_none_is_not_believed(timestamp: Any, at_ms: int) -> None:
    assert one({**text_event("6001", "hoi"), "timestamp": timestamp}).where.at_ms == at_ms


@pytest.mark.parametrize(
    ("payload", "understood"),
    [("/faq_ruilen", "/faq_ruilen"), ("PICK_GREEN", ""), ("/Faq", ""), ("/a b", ""), (5, ""), ("/" + "x" * 61, "")],
)
def test_only_a_payload_of_ours_is_one(payload: Any, understood: str) -> None:
    reply = event("6001", message={"mid": "m1", "text": "Ruilen", "quick_reply": {"payload": payload}})
    postback = event("6001", postback={"mid": "m2", "title": "Ruilen", "payload": payload})
    for found in (one(reply), one(postback)):
        assert (found.text, found.payload) == ("Ruilen", understood)


def test_a_postback_without_a_mid_is_recognised_when_it_comes_again() -> None:
    press = event("6001", at_ms=5, postback={"title": "Ruilen", "payload": "/faq_ruilen"})
    first, again, later = one(press), one(dict(reversed(press.items()))), one({**press, "timestamp": 6})
    assert first.mid == again.mid != later.mid


def test_text_that_is_too_long_keeps_what_fits_and_says_so() -> None:
    found = one(text_event("6001", "a" * 150))
    assert found.text == "a" * 99 + "…"
    assert found.about == "De klant schreef 150 tekens. Alleen het begin is bewaard."


@pytest.mark.parametrize(
    ("text", "understood"),
    [("  hoi\x00\x07 ", "hoi"), ("a\r\nb", "a\nb"), ("x\ud83dy", "x\ufffdy"), ("\ud83d\ude00", "😀"), (12, "12")],
)
def test_text_of_any_kind_is_made_readable(text: Any, understood: str) -> None:
    assert one(text_event("6001", text)).text == understood


@pytest.mark.parametrize(
    "message", [{"text": ""}, {"text": "\x00"}, {"text": None}, {}, {"commands": [{"name": "help"}]}]
)
def test_a_message_with_nothing_that_can_be_read_is_still_one(message: dict[str, Any]) -> None:
    found = one(event("6001", message={"mid": "m1", **message}))
    assert found.text == "" and [attachment.kind for attachment in found.attachments] == ["other"]


@pytest.mark.parametrize(
    ("part", "attachment"),
    [
        ({"type": "hologram", "payload": {"url": CDN + "h"}}, Attachment("other", CDN + "h")),
        ({"type": "image", "payload": {"url": "javascript:alert(1)"}}, Attachment("image")),
        ({"type": "image", "payload": {"url": CDN + "x" * 2000}}, Attachment("image")),
        ({"type": "image"}, Attachment("image")),
        ({"type": "image", "payload": {"url": CDN + "s", "sticker_id": 5}}, Attachment("sticker", CDN + "s")),
        ({"type": "fallback", "title": "T", "url": CDN, "payload": None}, Attachment("link", CDN, "T")),
        ({"type": "file", "payload": {"url": CDN, "title": " a\nb "}}, Attachment("file", CDN, "a b")),
        (
            {"type": "location", "payload": {"coordinates": {"lat": 52.1, "long": 4}}},
            Attachment("location", title="52.1, 4"),
        ),
        ({"type": "location", "payload": {"coordinates": {"lat": "x"}}}, Attachment("location")),
        ({"type": "share", "payload": {"url": CDN}}, Attachment("post", CDN)),
        ({"type": "ig_post", "payload": {"url": CDN, "title": "P", "id": 5}}, Attachment("post", CDN, "P")),
        ({"type": "ig_reel", "payload": {"url": CDN}}, Attachment("post", CDN)),
        ({"type": "story_mention", "payload": {"url": CDN}}, Attachment("story", CDN)),
        ({"type": "ephemeral"}, Attachment("other", title="Foto of video die verdwijnt")),
        (
            {"type": "template", "payload": {"product": {"elements": [{"title": "Jas", "url": CDN}]}}},
            Attachment("link", CDN, "Jas"),
        ),
        ({"type": ["image"]}, Attachment("other")),
        (5, Attachment("other")),
    ],
)
def test_every_attachment_is_kept(part: Any, attachment: Attachment) -> None:
    assert one(event("6001", message={"mid": "m1", "attachments": [part]})).attachments == (attachment,)


# Instagram.


def instagram(message: dict[str, Any], **more: Any) -> Any:
    return one(
        event("6001", page="9001", message={"mid": "m1", **message}, **more), platform="instagram", account="9001"
    )


def test_instagram_is_its_own_channel_of_the_same_page() -> None:
    found = instagram({"text": "hoi"})
    assert (found.where.channel, found.where.page.id, found.where.conversation_id) == (
        "instagram",
        "1001",
        "instagram-9001-6001",
    )


def test_an_answer_to_a_story_brings_the_story() -> None:
    found = instagram({"text": "mooi", "reply_to": {"story": {"url": CDN + "story", "id": "s"}}})
    assert (found.text, found.attachments) == ("mooi", (Attachment("story", CDN + "story"),))


def test_an_echo_among_instagrams_messages_is_no_message_of_a_customer() -> None:
    for flag in ({"is_echo": True}, {}):
        said = {"sender": {"id": "9001"}, "recipient": {"id": "6001"}, "message": {"mid": "m1", "text": "x", **flag}}
        found = one(said, platform="instagram", account="9001")
        assert isinstance(found, Echoed) and found.where.customer_id == "6001"


def test_instagram_reads_deletes_and_reacts_in_its_own_way() -> None:
    seen = one(event("6001", page="9001", read={"mid": "m9"}), platform="instagram", account="9001")
    assert isinstance(seen, Arrived) and (seen.state, seen.mids) == ("read", ("m9",))
    assert isinstance(instagram({"is_deleted": True}), Unsent)
    assert [a.kind for a in instagram({"is_unsupported": True}).attachments] == ["other"]
    for reaction, emoji in (("love", "❤️"), ("other", "❔"), (None, "❔")):
        parts = {"mid": "m9", "action": "react", **({"reaction": reaction} if reaction else {})}
        reacted = one(event("6001", page="9001", reaction=parts), platform="instagram", account="9001")
        assert isinstance(reacted, Reacted) and reacted.reaction == emoji


# Odd ones.


@pytest.mark.parametrize(
    ("raw", "array", "reason"),
    [
        (5, "messaging", "not an event"),
        ({"a": 1}, "", "not an event"),
        (event("6001", page="777", message={"mid": "m"}), "messaging", None),
        (event("6001", dance={"step": 1}), "messaging", "unknown event: dance, recipient, sender, timestamp"),
        ({**event("6001"), "<script>": 1}, "messaging", "unknown event: recipient, sender, timestamp"),
        (event("6001", message=7), "messaging", "message is no object"),
        (
            {"recipient": {"id": "1001"}, "message": {"mid": "m", "text": "x"}},
            "messaging",
            "message without a customer",
        ),
        ({"sender": {"user_ref": "u"}, "optin": {"ref": "x"}}, "messaging", "optin without a customer"),
        (event("6001", message_edit={"text": "x"}), "messaging", "about a message that is not named"),
        (event("6001", reaction={}), "messaging", "about a message that is not named"),
        (event("6001", delivery={}), "messaging", "delivered, but not what"),
        ({"recipient": {"id": "1001"}, "policy_enforcement": {}}, "messaging", "policy enforcement without an action"),
        ({"field": "feed", "value": {"item": "comment"}}, "changes", "comment without an id or a verb"),
        ({"field": "feed", "value": {"item": "hat"}}, "changes", "unknown item in the feed: hat"),
        ({"field": "leadgen", "value": {"form_id": 1}}, "changes", "unknown event: form_id"),
    ],
)
def test_what_is_not_understood_says_why_without_a_customers_words(raw: Any, array: str, reason: str | None) -> None:
    if reason is None:  # the entry says whose it is
        assert one(raw, array)
        return
    with pytest.raises(Odd) as odd:
        read(raw, array)
    assert str(odd.value) == reason


def test_an_account_that_is_not_ours_is_odd() -> None:
    assert one(text_event("6001", "hoi"), account="0").where.page.id == "1001"
    for account, platform in (("9009", "page"), ("9009", "instagram"), ("1001", "instagram")):
        with pytest.raises(Odd, match="unknown page"):
            read(text_event("6001", "hoi", page="9009"), account=account, platform=platform)
    with pytest.raises(Odd, match="unknown object"):
        read(text_event("6001", "hoi"), platform="user")


def test_the_dashboards_test_button_sends_events_among_the_changes() -> None:
    for field, sent in (("messages", text_event("6001", "test", "m1")), ("message_echoes", echo("6001", text="x"))):
        (found,) = read({"field": field, "value": sent}, "changes")
        assert isinstance(found, Wrote | Echoed) and found.where.customer_id == "6001"


@pytest.mark.parametrize("item", ["post", "like", "reaction", "photo"])
def test_the_feed_tells_more_than_comments_and_that_is_no_concern(item: str) -> None:
    assert read({"field": "feed", "value": {"item": item, "verb": "add"}}, "changes") == []


def test_a_comment_that_is_too_long_keeps_what_fits() -> None:
    value = {"item": "comment", "verb": "add", "comment_id": "5_8", "post_id": "1001_5", "message": "a" * 150}
    assert one({"field": "feed", "value": value}, "changes").text == "a" * 99 + "…"


def test_a_comment_without_an_author_or_a_text_is_one() -> None:
    value = {"item": "comment", "verb": "add", "comment_id": "5_8", "post_id": "1001_5", "photo": "x"}
    found = one({"field": "feed", "value": value}, "changes")
    assert isinstance(found, CommentChanged)
    assert (found.where.customer_id, found.author_name, found.text, found.where.at_ms) == ("", "", "", 0)


def test_two_things_in_one_event_are_both_understood_and_a_broken_one_loses_no_other() -> None:
    both = read({**text_event("6001", "hoi"), "referral": {"ref": "x", "source": "SHORTLINK"}})
    assert [type(found) for found in both] == [Wrote, Told]
    assert [type(found) for found in read({**text_event("6001", "hoi"), "reaction": 5})] == [Wrote]


# Anything.

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["6001", "1001", "7001", 1795000000001, 369239263222822, 10**4000, "\ud800", "/faq_ruilen", "x" * 400]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
PATHS = sorted({name for line in CASES.values() for name in json.dumps(line).split('"') if name.isidentifier()})


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Any, str]:
    """A documented event in which some value, at any depth, became something else."""
    fixture = json.loads(json.dumps(CASES[draw(st.sampled_from(sorted(CASES)))]))
    parent, at = fixture, "event"
    for _ in range(draw(st.integers(0, 5))):
        inner = parent[at]
        keys: list[Any] = (
            list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        )
        if not keys:
            break
        parent, at = inner, draw(st.sampled_from(keys))
    if draw(st.booleans()) or not isinstance(parent[at], dict):
        parent[at] = draw(VALUES)
    else:
        parent[at][draw(st.sampled_from(PATHS))] = draw(VALUES)
    return fixture["event"], draw(st.sampled_from(["messaging", "standby", "changes", "", "other"]))


@settings(max_examples=400, deadline=None)
@given(mutated(), st.sampled_from(["page", "instagram", ""]))
def test_nothing_of_any_shape_raises_anything_else(case: tuple[Any, str], platform: str) -> None:
    raw, array = case
    event = RawEvent(platform, "1001", array, msgspec.Raw(json.dumps(raw).encode()), RECEIVED_MS)
    try:
        found = parse(event, CONFIG, max_text_chars=100)
    except Odd as odd:
        assert len(str(odd)) < 500
        return
    for one in found:
        msgspec.json.encode(one)  # whatever it is, the store can keep it
        assert len(getattr(one, "text", "")) <= 2000


@pytest.mark.parametrize("value", [b"[" * 100 + b"]" * 100, b"[" * 100_000 + b"]" * 100_000, b"1" + b"0" * 5_000, b"{"])
def test_an_event_that_is_too_much_to_read_is_odd(value: bytes) -> None:
    body = msgspec.Raw(b'{"a":' + value + b"}")
    with pytest.raises(Odd):
        parse(RawEvent("page", "1001", "messaging", body, RECEIVED_MS), CONFIG, max_text_chars=100)
