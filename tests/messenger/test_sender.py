"""Messages reach the customer in order, each once, whatever Meta and the network do."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace

import pytest

from bot.model import META_INBOX, QUEUE, Account, Attachment, Button, Handoff
from bot.store import Store
from bot.store.conversations import AtOnce
from bot.store.sending import Claim
from bot.web.access import API_ACCOUNT
from tests.conftest import eventually
from tests.fakes.conversations import message
from tests.fakes.graph import secret_proof
from tests.messenger.post_office import HOUR_MS, OTHER_PAGE, PAGE, QUICK, Process, now_ms, town, when


async def test_messages_go_out_in_order_and_each_once(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        for number in range(5):
            await here.says(conversation_id, f"regel {number}")
        await here.until(conversation_id, *["sent"] * 5)
        assert here.texts() == [f"regel {number}" for number in range(5)]
        assert not here.graph.sent_twice()
        sent = here.graph.sent[0]
        assert (sent.messaging_type, sent.tag) == ("RESPONSE", "")
        assert len(sent.metadata) == len("vb:") + 32 and sent.metadata.startswith("vb:")
        [known] = await store.sending.message_ids(conversation_id, [sent.mid])
        assert known == (await store.conversations.messages(conversation_id))[0].id


async def test_a_long_message_goes_out_in_parts_with_its_buttons_last(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        said = message(conversation_id, "assistant", "woord " * 700, buttons=(Button("Ja", "/bevestigen"),))
        await here.answers(conversation_id, said, "En nog iets.")
        await here.until(conversation_id, "sent", "sent")
        assert [len(text) for text in here.texts()] == [1997, 1997, 203, 12]
        assert [sent.titles for sent in here.graph.sent] == [[], [], ["Ja"], []]
        assert here.process.metrics.sent.labels("messenger")._value.get() == 2


async def test_two_pages_and_instagram_each_use_their_own_token_with_its_proof(store: Store) -> None:
    async with town(store) as here:
        customers = [
            await here.customer("6001"),
            await here.customer("6002", page=OTHER_PAGE),
            await here.customer("8001", platform="instagram"),
        ]
        for _, conversation_id in customers:
            await here.says(conversation_id, "hoi")
        for customer, conversation_id in customers:
            await here.until(conversation_id, "sent")
            assert here.texts(customer.psid) == ["hoi"]
        calls = {call.body["recipient"]["id"]: call for call in here.graph.calls if call.endpoint == "messages"}
        for psid, page in (("6001", PAGE), ("6002", OTHER_PAGE), ("8001", PAGE)):
            query = calls[psid].query
            assert calls[psid].path == f"/{page.id}/messages" and query["access_token"] == page.token
            assert query["appsecret_proof"] == secret_proof("app-secret", page.token, query["appsecret_time"])


async def test_what_is_said_goes_out_at_once(store: Store) -> None:
    async with town(store) as here:
        await here.process.sender.stop(within_s=1)
        process = Process(store, here.config)
        process.sender._look_every_s = 60
        async with process.running():
            _, conversation_id = await here.customer(agent=False)
            await asyncio.sleep(0.1)
            await here.answers(conversation_id, "een")
            await here.until(conversation_id, "sent")


# Nobody knows whether it arrived.


async def test_the_echo_may_come_before_the_answer(store: Store) -> None:
    async with town(store) as here:
        here.graph.echo_order = "before"
        _, conversation_id = await here.customer()
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]


@pytest.mark.parametrize("how", ["hang", "cut", "html"])
async def test_what_was_accepted_without_an_answer_is_settled_by_its_echo(store: Store, how: str) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        fail = {"hang": here.graph.hang_next, "cut": here.graph.cut_next, "html": here.graph.html_next}[how]
        fail(accept_first=True)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]
        assert not [call for call in here.graph.calls if "conversations" in call.path]


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
@pytest.mark.parametrize("arrived", [True, False])
async def test_without_an_echo_the_thread_itself_says_whether_it_arrived(
    store: Store, platform: str, arrived: bool
) -> None:
    async with town(store, echoes=False) as here:
        customer, conversation_id = await here.customer(platform=platform)
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        here.graph.hang_next(accept_first=arrived)
        await here.says(conversation_id, "een")  # the same words: the first one is known by its mid
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "een"]
        mids = [sent.mid for sent in here.graph.sent]
        assert len(await store.sending.message_ids(conversation_id, mids)) == 2


async def test_what_was_not_accepted_is_sent_again_once_that_is_sure(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.hang_next(accept_first=False)
        begun_s = time.monotonic()
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]
        assert time.monotonic() - begun_s > QUICK.echo_wait_ms / 1000


@pytest.mark.parametrize("earlier", ["ours", "the customer's"])
@pytest.mark.parametrize(("customer_says", "is_sure"), [(15, True), (20, False)])
async def test_in_a_busy_thread_something_from_before_shows_that_all_since_then_is_in_view(
    store: Store, customer_says: int, is_sure: bool, earlier: str
) -> None:
    async with town(store, echoes=False, times=replace(QUICK, blind_wait_ms=HOUR_MS)) as here:
        customer, conversation_id = await here.customer()
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        for number in range(15):
            mid = await customer.says(f"vraag {number}")
        if earlier == "ours":
            await here.says(conversation_id, "en nog iets")
            await here.until(conversation_id, "sent", "sent")
        else:
            asked = message(conversation_id, "customer", "vraag 14", id=mid)
            await store.conversations.receive(asked, channel="messenger", customer_id=customer.psid)
        here.graph.hang_next(accept_first=False)
        await here.says(conversation_id, "twee")
        for number in range(customer_says):
            await customer.says(f"hallo {number}")
        mid = await here.graph.inbox_replies(customer.psid, "Ann hier", takes_control=False)
        said = message(conversation_id, "agent", "Ann hier", id=mid, agent_name="Meta-inbox")
        await store.queue.answered_elsewhere(conversation_id, at_ms=now_ms(), message=said)
        await when(lambda: len(here.graph.calls_to("conversations")) > 1 or here.texts()[-1] == "twee")
        assert (here.texts()[-1] == "twee") is is_sure


@pytest.mark.parametrize(("code", "status"), [(200, 403), (0, 502)])
async def test_when_the_thread_can_not_be_read_it_is_sent_again_in_the_end(
    store: Store, code: int, status: int
) -> None:
    async with town(store, echoes=False) as here:
        _, conversation_id = await here.customer()
        here.graph.hang_next(accept_first=False)
        if code:
            here.graph.fail_next(code=code, on="conversations", times=50)
        else:
            here.graph.html_next(status, on="conversations", times=50)
        begun_s = time.monotonic()
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        assert here.texts() == ["een"]
        assert time.monotonic() - begun_s > QUICK.blind_wait_ms / 1000


async def test_an_error_although_it_was_sent_counts_as_sent(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=1, subcode=1357046)
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        await here.graph.settle()
        assert here.texts() == ["een"]
        assert await store.sending.message_ids(conversation_id, [here.graph.sent[0].mid])  # by its echo


@pytest.mark.parametrize("arrived", [True, False])
async def test_another_process_finds_out_what_became_of_an_attempt(store: Store, arrived: bool) -> None:
    async with town(store, echoes=False) as here:
        _, conversation_id = await here.customer()
        await here.process.sender.stop(within_s=1)
        message_id = await here.says(conversation_id, "een")
        # As a process that was killed right after it noted the attempt, or right after Meta had it.
        claim = await store.sending.claim()
        assert claim and await store.sending.begin(claim, claiming=True)
        attempt = await store.sending.attempt(claim, message_id, part=0, parts=1)
        if arrived:
            body = {"recipient": {"id": "6001"}, "message": {"text": "een", "metadata": f"vb:{attempt}"}}
            await here.process.graph.call(PAGE, "POST", "1001/messages", body=body)
        await store.sending.wake(conversation_id)  # its lease has ended
        async with Process(store, here.config).running():
            await here.until(conversation_id, "sent")
        assert here.texts() == ["een"]


async def test_a_process_that_stood_still_does_not_send_what_it_noted(store: Store) -> None:
    store.sending.lease_ms = 200
    async with town(store, timeout_s=5.0) as here:
        _, conversation_id = await here.customer()
        here.graph.slow(0.12)  # more than half of the lease is gone when the persona is there
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        assert here.texts() == ["een"]
        fields = await store._client.hkeys(store._keys.sends(conversation_id))
        assert len([name for name in fields if name.startswith("attempt ")]) >= 2  # more where the machine stood still


async def test_a_request_that_takes_longer_than_a_lease_keeps_its_conversation(store: Store) -> None:
    store.sending.lease_ms = 200
    async with town(store, timeout_s=5.0, echoes=False) as here:
        _, conversation_id = await here.customer()
        here.graph.slow(0.6)
        await here.says(conversation_id, "een")
        await when(lambda: [call for call in here.graph.calls if call.endpoint == "messages"])
        sends = store._keys.sends(conversation_id)
        sender = await store._client.hget(sends, "claim")
        await asyncio.sleep(0.4)
        assert sender and await store._client.hget(sends, "claim") == sender
        await here.until(conversation_id, "sent")
        assert here.texts() == ["een"]


async def test_a_sender_whose_claim_was_taken_over_sends_nothing_more(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.slow(0.1)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await when(lambda: [call for call in here.graph.calls if call.endpoint == "messages"])
        thief = Claim(conversation_id, uuid.uuid4().hex)
        wanted = await store.sending.begin(thief, claiming=True)
        assert wanted and wanted.attempt
        await asyncio.sleep(0.3)
        assert here.texts() == ["een"]  # what was in the air arrived, and nothing behind it
        assert await here.states(conversation_id) == ["sent", "waiting"]
        await store.sending.later(thief, 0, refused=False)
        await here.until(conversation_id, "sent", "sent")


async def test_asked_to_stop_it_ends_what_is_in_the_air_and_leaves_the_rest(store: Store) -> None:
    store.sending.lease_ms = HOUR_MS
    async with town(store, timeout_s=5.0) as here:
        _, conversation_id = await here.customer()
        here.graph.slow(0.2)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await when(lambda: [call for call in here.graph.calls if call.endpoint == "messages"])
        await here.process.sender.stop(within_s=2.0)
        assert await here.states(conversation_id) == ["sent", "waiting"]
        here.graph.slow(0.0)
        async with Process(store, here.config).running():
            await here.until(conversation_id, "sent", "sent")  # and not only when a lease ends
        assert here.texts() == ["een", "twee"]


# The customer, the window, the tag.


@pytest.mark.parametrize(
    ("hours_ago", "agent", "tag", "problem"),
    [
        (23, True, "", ""),
        (25, True, "HUMAN_AGENT", ""),
        (7 * 24 + 1, True, "", "window"),
        (23, False, "", ""),
        (25, False, "", "window"),
    ],
)
@pytest.mark.parametrize("platform", ["messenger", "instagram"])
async def test_the_window_and_the_tag(
    store: Store, hours_ago: float, agent: bool, tag: str, problem: str, platform: str
) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(hours_ago=hours_ago, agent=agent, platform=platform)
        if agent:
            await here.says(conversation_id, "dag")
        else:
            await here.answers(conversation_id, "dag")
        await here.until(conversation_id, "failed" if problem else "sent")
        assert await here.problems(conversation_id) == [problem]
        assert [sent.tag for sent in here.graph.sent] == ([] if problem else [tag])
        assert [sent.messaging_type for sent in here.graph.sent if tag] == (["MESSAGE_TAG"] if tag else [])


async def test_who_can_not_be_reached_is_left_alone_until_they_write(store: Store) -> None:
    async with town(store) as here:
        customer, conversation_id = await here.customer()
        here.graph.fail_next(code=551, subcode=1545041)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "failed", "failed")
        assert await here.problems(conversation_id) == ["unreachable", "unreachable"]
        assert len([call for call in here.graph.calls if call.endpoint == "messages"]) == 1
        await here.customer(agent=False)  # writes again
        await here.says(conversation_id, "drie")
        await here.until(conversation_id, "failed", "failed", "sent")


# Meta says no.


async def test_what_meta_can_not_take_now_is_tried_again_in_order(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=2, times=3)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]


async def test_after_a_few_tries_it_fails_and_the_next_one_goes(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=2, times=4)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "failed", "sent")
        assert await here.problems(conversation_id) == ["gave_up", ""]
        assert (await store.figures.read()).counts["messages_not_sent:messenger:gave_up"] == 1


async def test_a_picture_goes_before_the_text_and_one_that_is_refused_does_not_hold_it_up(store: Store) -> None:
    async with town(store) as here:
        picture = (Attachment("image", "https://winkel.example/kaart.png", "De kaart"),)
        for psid, refused, platform in (
            ("6001", False, "messenger"),
            ("6002", True, "messenger"),
            ("8001", False, "instagram"),
        ):
            _, conversation_id = await here.customer(psid, agent=False, platform=platform)
            if refused:
                here.graph.fail_next(code=100, to=psid)
            said = message(conversation_id, "assistant", "Zie de kaart.", template="utter_x", attachments=picture)
            await here.answers(conversation_id, said)
            await here.until(conversation_id, "sent")
            sent = [one.message for one in here.graph.sent if one.psid == psid]
            assert [one["text"] for one in sent if "text" in one] == ["Zie de kaart."]
            urls = [one["attachment"]["payload"]["url"] for one in sent if "attachment" in one]
            assert urls == ([] if refused else [picture[0].url])
            assert "text" in sent[-1]


async def test_a_refused_message_fails_with_the_reason_and_one_customers_trouble_is_not_anothers(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer("6001")
        _, other_id = await here.customer("6002")
        here.graph.fail_next(code=200, subcode=2018028, to="6001")
        await here.says(conversation_id, "een")
        await here.says(other_id, "een")
        await here.until(conversation_id, "failed")
        await here.until(other_id, "sent")
        assert await here.problems(conversation_id) == ["not_allowed"]


async def test_without_a_connection_nothing_is_uncertain_and_nothing_fails(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        await here.process.sender.stop(within_s=1)
        async with Process(store, replace(here.config, graph_url="http://127.0.0.1:9")).running():
            await here.answers(conversation_id, "een")
            await asyncio.sleep(0.5)  # far more tries than a refused message has
        assert await here.states(conversation_id) == ["waiting"]
        here.graph.fail_next(code=2, times=3)  # all its tries are left
        async with Process(store, here.config).running():
            await here.until(conversation_id, "sent")
        assert here.texts() == ["een"]


@pytest.mark.parametrize(("code", "subcode", "owner"), [(100, 0, QUEUE), (2, 0, QUEUE), (551, 0, "assistant")])
async def test_who_has_no_answer_because_meta_refused_it_gets_a_human_if_one_could_help(
    store: Store, code: int, subcode: int, owner: str
) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        here.graph.fail_next(code=code, subcode=subcode, times=4)
        await here.answers(conversation_id, "een")
        await here.until(conversation_id, "failed")

        async def settled() -> bool:
            return (await store.conversations.get(conversation_id)).owner == owner

        assert await eventually(settled)
        conversation = await store.conversations.get(conversation_id)
        assert (conversation.handoff.reason if conversation.handoff else "") == (
            "not_delivered" if owner == QUEUE else ""
        )
        notes = [line.message for line in await store.conversations.transcript(conversation_id)][2:]
        assert [note.notice for note in notes] == (["not_delivered"] if owner == QUEUE else [])


# The page.


async def test_a_dead_token_makes_messages_wait_until_it_is_alive(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        _, other_id = await here.customer("6002", page=OTHER_PAGE)
        here.graph.pages["1001"].dead_subcode = 463
        await here.says(conversation_id, "een")
        await here.says(other_id, "een")
        await here.until(other_id, "sent")
        await when(lambda: [call for call in here.graph.calls if call.path == "/me"])
        [state] = await store.pages.states(["1001"])
        assert (state.trouble, await here.states(conversation_id)) == ("reconnect", ["waiting"])
        assert here.process.metrics.pages_in_trouble._value.get() == 1
        await here.says(conversation_id, "twee")
        here.graph.pages["1001"].dead_subcode = None
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]
        assert not (await store.pages.states(["1001"]))[0].trouble


async def test_another_process_sends_what_waits_when_the_token_is_alive(store: Store) -> None:
    async with town(store) as here, Process(store, here.config).running() as other:
        _, conversation_id = await here.customer()
        here.graph.pages["1001"].dead_subcode = 463
        other.pages._probe_every_s = 1000
        await here.process.sender.stop(within_s=1)
        await here.says(conversation_id, "een")
        await when(lambda: [call for call in here.graph.calls if call.path == "/me"])
        here.graph.pages["1001"].dead_subcode = None
        await here.until(conversation_id, "sent")


async def test_a_blocked_page_tries_one_message_now_and_then(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.pages["1001"].blocked = True
        await here.says(conversation_id, "een")
        await when(lambda: [call for call in here.graph.calls if call.endpoint == "messages"])
        await asyncio.sleep(0.05)
        assert (await store.pages.states(["1001"]))[0].trouble == "blocked"
        here.graph.pages["1001"].blocked = False
        await store.sending.wake(conversation_id)
        await asyncio.sleep(0.03)
        assert await here.states(conversation_id) == ["waiting"]  # it is no time yet
        await asyncio.sleep(0.1)
        await store.sending.wake(conversation_id)
        await here.until(conversation_id, "sent")
        assert not (await store.pages.states(["1001"]))[0].trouble


async def test_what_waits_for_its_page_past_the_window_fails_where_agents_see_it(store: Store) -> None:
    async with town(store) as here:
        await store.pages.set_trouble("1001", "blocked", "", at_ms=now_ms())
        _, conversation_id = await here.customer(hours_ago=25, agent=False)
        await here.answers(conversation_id, "dag")
        await here.until(conversation_id, "failed")
        assert await here.problems(conversation_id) == ["window"]


async def test_a_limit_pauses_the_page_and_costs_no_try(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=80006, times=2)
        begun_s = time.monotonic()
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        assert time.monotonic() - begun_s > 0.2 + 0.4  # twice as long the second time
        assert here.texts() == ["een"]


async def test_the_headers_minutes_are_believed(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.usage(100, regain_minutes=7)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "waiting")
        [state] = await store.pages.states(["1001"])
        assert 6 * 60_000 < state.paused_until_ms - now_ms() <= 7 * 60_000


async def test_what_meta_refuses_for_now_and_sends_all_the_same_is_not_sent_twice(store: Store) -> None:
    async with town(store, times=replace(QUICK, back_off_ms=(300,))) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=2, accept_first=True)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        await asyncio.sleep(0.35)
        assert here.texts() == ["een", "twee"]


async def test_a_programs_message_never_goes_with_the_tag_of_humans(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(hours_ago=25, agent=False)
        await store.queue.claim(await store.conversations.get(conversation_id), API_ACCOUNT)
        said = message(conversation_id, "agent", "een", agent_name=API_ACCOUNT.name)
        await store.queue.reply(conversation_id, API_ACCOUNT, said)
        await here.until(conversation_id, "failed")
        assert (await here.problems(conversation_id), here.graph.calls_to("messages")) == (["window"], [])


@pytest.mark.parametrize("subcode", [2018278, 2018065])
async def test_an_agents_message_that_is_late_by_metas_clock_goes_with_the_tag(store: Store, subcode: int) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=10, subcode=subcode)
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        assert [(sent.messaging_type, sent.tag) for sent in here.graph.sent] == [("MESSAGE_TAG", "HUMAN_AGENT")]


async def test_what_is_late_with_the_tag_too_or_by_the_assistant_fails(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        _, other_id = await here.customer("6002", agent=False)
        here.graph.fail_next(code=10, subcode=2018278, times=2, to="6001")
        here.graph.fail_next(code=10, subcode=2018278, to="6002")
        await here.says(conversation_id, "een")
        await here.answers(other_id, "een")
        for one in (conversation_id, other_id):
            await here.until(one, "failed")
            assert await here.problems(one) == ["window"]
        assert not here.graph.sent


# Who has the thread.


async def test_an_agents_message_takes_the_thread(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        await here.graph.inbox_takes("6001")
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")
        assert not here.process.heard.refusals


async def test_when_the_thread_is_not_given_the_message_fails(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        await here.graph.inbox_takes("6001")
        here.graph.fail_next(code=10, on="take_thread_control")
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "failed")
        assert await here.problems(conversation_id) == ["other_owner"]
        assert here.process.heard.refusals == [conversation_id]


async def test_the_assistant_takes_nothing(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        await here.graph.inbox_takes("6001")
        await here.answers(conversation_id, "een")
        await here.until(conversation_id, "failed")
        assert await here.problems(conversation_id) == ["other_owner"]
        assert here.process.heard.refusals == [conversation_id]
        assert not [call for call in here.graph.calls if call.endpoint == "take_thread_control"]


@pytest.mark.parametrize("how", ["no answer", "no answer, and handed back", "not now"])
async def test_what_was_in_the_air_is_not_sent_again_once_somebody_answers_elsewhere(store: Store, how: str) -> None:
    async with town(store, times=replace(QUICK, back_off_ms=(300,))) as here:
        _, conversation_id = await here.customer(agent=False)
        if how == "not now":
            here.graph.fail_next(code=2, transient=True)
        else:
            here.graph.hang_next(accept_first=False)
        await here.answers(conversation_id, "een")
        await when(lambda: here.graph.calls_to("messages"))
        said = message(conversation_id, "agent", "Ann hier", agent_name="Meta-inbox")
        await store.queue.answered_elsewhere(conversation_id, at_ms=now_ms(), message=said)
        if how == "no answer, and handed back":
            await store.queue.hand_back(await store.conversations.get(conversation_id))
        await here.until(conversation_id, "failed", "sent")
        assert (await here.problems(conversation_id), here.texts()) == (["other_owner", ""], [])


async def test_the_emergency_numbers_are_said_beside_whoever_answers_elsewhere(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        await store.queue.answered_elsewhere(conversation_id, at_ms=now_ms())
        numbers = message(conversation_id, "assistant", "Bel 113.", notice="emergency")
        await store.queue.reply(conversation_id, Account("meta-inbox", "", ()), numbers)
        await here.until(conversation_id, "sent")


async def test_the_emergency_numbers_go_out_though_somebody_answers_elsewhere_before_they_could(store: Store) -> None:
    async with town(store) as here:
        await here.process.sender.stop(within_s=1)
        _, conversation_id = await here.customer(agent=False)
        asked = message(conversation_id, "customer", "ik wil niet meer leven")
        numbers = message(conversation_id, "assistant", "Bel 113.", notice="handed_over")
        at_once = AtOnce(Handoff("self_harm", "urgent", now_ms(), asked.id), to_queue=numbers, to_agent=numbers)
        await store.conversations.receive(asked, channel="messenger", customer_id="6001", at_once=at_once)
        said = message(conversation_id, "agent", "Ann hier", agent_name="Meta-inbox")
        await store.queue.answered_elsewhere(conversation_id, at_ms=now_ms(), message=said)
        assert (await store.conversations.get(conversation_id)).owner == META_INBOX
        async with Process(store, here.config).running():
            await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["Bel 113."]


async def test_metas_own_flow_is_waited_for(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=2018321, times=5)
        await here.says(conversation_id, "een")
        await here.until(conversation_id, "sent")


# Personas.


async def test_agents_speak_under_their_name_which_is_made_once(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer("6001")
        _, other_id = await here.customer("6002")
        for one in (conversation_id, other_id, conversation_id):
            await here.says(one, "hoi")
        await here.until(conversation_id, "sent", "sent")
        await here.until(other_id, "sent")
        [persona] = here.graph.personas.values()
        assert (persona.name, persona.picture) == ("Sanne", PAGE.persona_picture)
        assert {sent.persona_id for sent in here.graph.sent} == {persona.id}


async def test_a_persona_that_meta_forgot_is_made_again(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        await store.pages.set_persona("1001", "Sanne", "4242")
        await here.says(conversation_id, "hoi")
        await here.until(conversation_id, "sent")
        assert here.graph.sent[0].persona_id in here.graph.personas


async def test_a_message_does_not_fail_for_the_want_of_a_persona(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=100, on="personas")
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await here.until(conversation_id, "sent", "sent")
        assert [sent.persona_id for sent in here.graph.sent] == ["", ""]
        assert len([call for call in here.graph.calls if call.endpoint == "personas"]) == 1


@pytest.mark.parametrize("code", [100, 2])
async def test_the_assistant_and_a_page_without_a_picture_have_no_persona(store: Store, code: int) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer("6001", agent=False)
        _, other_id = await here.customer("6002", page=OTHER_PAGE)
        await here.answers(conversation_id, "een")
        await here.says(other_id, "een")
        await here.until(conversation_id, "sent")
        await here.until(other_id, "sent")
        assert not here.graph.personas and {sent.persona_id for sent in here.graph.sent} == {""}


async def test_looks_in_threads_are_as_far_apart_as_meta_wants(store: Store) -> None:
    async with town(store, echoes=False) as here:
        conversations = [(await here.customer(str(6001 + number)))[1] for number in range(4)]
        here.graph.hang_next(accept_first=True, times=4)
        for conversation_id in conversations:
            await here.says(conversation_id, "een")
        for conversation_id in conversations:
            await here.until(conversation_id, "sent")
        looks = [call.at_ms for call in here.graph.calls if call.endpoint == "conversations"]
        assert len(looks) == 4
        assert all(later - earlier > 40 for earlier, later in zip(looks, looks[1:], strict=False))
        assert not here.graph.sent_twice()


async def test_a_refusal_has_headers_too(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        here.graph.fail_next(code=100, headers={"X-App-Usage": '{"call_count":100}'})
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        begun_s = time.monotonic()
        await here.until(conversation_id, "failed", "sent")
        assert time.monotonic() - begun_s > 0.15  # of a pause of 0.2 s


async def test_two_processes_on_a_bad_day_send_everything_once_and_in_order(store: Store) -> None:
    async with town(store) as here, Process(store, here.config).running():
        people = [await here.customer(str(6001 + number)) for number in range(6)]
        here.graph.hang_next(accept_first=True, times=2)
        here.graph.hang_next(accept_first=False, times=2)
        here.graph.cut_next(accept_first=True, times=2)
        here.graph.html_next(accept_first=False, times=2)
        here.graph.fail_next(code=2, times=3)
        texts = [f"regel {number}" for number in range(5)]
        for text in texts:
            for _, conversation_id in people:
                await here.says(conversation_id, text)
        for customer, conversation_id in people:
            await here.until(conversation_id, *["sent"] * 5)
            assert here.texts(customer.psid) == texts
