"""What becomes of files that customers send: from the platform to our storage to an agent, and gone again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from bot.errors import NotFound
from bot.model import Attachment, AttachmentKind, Media, Message
from bot.settings import Settings
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.media.download import PublicResolver, is_public
from bot.web.media.keeper import MediaKeeper
from bot.web.media.kinds import UNKNOWN, content_type
from bot.web.operations.metrics import Metrics
from tests.conftest import API_TOKEN, Site, eventually, free_port, running_site
from tests.fakes.bucket import ACCESS_KEY, Bucket, running_bucket
from tests.fakes.cdn import HTML, MP4, PDF, PNG, Cdn, running_cdn
from tests.fakes.conversations import message

ID = "messenger-1001-6001"
PORT = free_port()
ORIGIN = f"http://127.0.0.1:{PORT}"


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    async with running_cdn(PORT) as cdn:
        yield cdn


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, var=tmp_path, media_hosts=(ORIGIN,))


class Keeping:
    """A keeper that works in this process, and what it keeps."""

    def __init__(self, store: Store, settings: Settings, **options: Any) -> None:
        self.metrics = Metrics()
        self.keeper = MediaKeeper(store, settings, self.metrics, look_every_s=0.02, **options)
        self.folder = settings.var / "media"
        self._task = asyncio.create_task(self.keeper.run())

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.keeper.close()


@pytest.fixture
async def keeping(store: Store, settings: Settings) -> AsyncIterator[Keeping]:
    keeping = Keeping(store, settings, waits_s=(0.0, 0.0))
    yield keeping
    await keeping.stop()


def sent(*attachments: Attachment, message_id: str = "m_1") -> Message:
    return message(ID, "customer", "", id=message_id, attachments=attachments)


async def receive(store: Store, message: Message) -> None:
    contact = Contact("messenger", "6001", "1001", opened_at_ms=now_ms(), wrote_at_ms=now_ms())
    await store.conversations.note_contact(ID, contact)
    await store.conversations.receive(message, channel="messenger", customer_id="6001")


async def became(store: Store, message_id: str = "m_1", place: int = 0) -> Media:
    async def known() -> Media | None:
        return (await store.conversations.media(ID, message_id, [place]))[0]

    return await eventually(known)


# Fetching


@pytest.mark.parametrize(
    ("kind", "path", "content", "content_type", "name"),
    [
        ("image", "/a/x.png", PNG, "image/png", "foto.png"),
        ("audio", "/a/clip.mp4", MP4, "audio/mp4", "spraakbericht.m4a"),
        ("video", "/a/v.mp4", MP4, "video/mp4", "video.mp4"),
        ("sticker", "/a/s.png", PNG, "image/png", "sticker.png"),
        ("file", "/a/Factuur%20mei.pdf", PDF, "application/pdf", "Factuur mei.pdf"),
        # The platform says image/png of all of them.
        ("image", "/a/evil.png", HTML, UNKNOWN, "foto.bin"),
        ("file", "/a/pagina.html", HTML, UNKNOWN, "pagina.html"),
    ],
)
async def test_a_file_is_kept_with_a_type_of_ours(
    store: Store,
    keeping: Keeping,
    cdn: Cdn,
    kind: AttachmentKind,
    path: str,
    content: bytes,
    content_type: str,
    name: str,
) -> None:
    cdn.files[path.replace("%20", " ")] = content
    await receive(store, sent(Attachment(kind, f"{cdn.url}{path}?oh=signature")))
    media = await became(store)
    assert (media.content_type, media.size_bytes, media.name) == (content_type, len(content), name)
    assert [file.read_bytes() for file in keeping.files()] == [content]
    assert not any(part in str(keeping.files()[0].relative_to(keeping.folder)) for part in ("6001", "m_1", name))


@pytest.mark.parametrize("sender", ["customer", "meta-inbox"])
async def test_what_a_colleague_sends_from_the_platforms_inbox_is_kept_too(
    store: Store, keeping: Keeping, cdn: Cdn, sender: str
) -> None:
    attachment = Attachment("image", cdn.keeps("/a.png", PNG))
    if sender == "customer":
        await receive(store, sent(attachment))
    else:
        await receive(store, sent(message_id="m_0"))
        said = message(ID, "agent", "", id="m_1", attachments=(attachment,))
        await store.queue.answered_elsewhere(ID, at_ms=now_ms(), message=said)
    assert (await became(store)).key


async def test_several_files_of_a_message_have_their_places_and_links_are_none(
    store: Store, keeping: Keeping, cdn: Cdn
) -> None:
    await receive(
        store,
        sent(
            Attachment("link", cdn.keeps("/page", HTML), "Een pagina"),
            Attachment("image", cdn.keeps("/1.png", PNG)),
            Attachment("other"),
            Attachment("file", cdn.keeps("/2.pdf", PDF)),
        ),
    )
    assert (await became(store, place=1)).content_type == "image/png"
    assert (await became(store, place=3)).content_type == "application/pdf"
    assert await store.conversations.media(ID, "m_1", [0, 2]) == [None, None]
    assert sorted(path for path, _ in cdn.asked) == ["/1.png", "/2.pdf"]


async def test_the_picture_of_an_answer_is_left_where_its_editor_keeps_it(
    store: Store, keeping: Keeping, cdn: Cdn
) -> None:
    ours = Attachment("image", cdn.keeps("/kaart.png", PNG), "De kaart")
    await receive(store, replace(sent(ours), template="utter_winkel"))
    await receive(store, sent(Attachment("image", cdn.keeps("/later.png", PNG)), message_id="m_2"))
    assert (await became(store, "m_2")).key, "what came after it was seen to"
    assert [path for path, _ in cdn.asked] == ["/later.png"]


async def test_words_that_look_like_attachments_are_words(store: Store, keeping: Keeping) -> None:
    await receive(store, message(ID, "customer", '"attachments":[{"kind":"image"}]'))
    assert await store.media.claim() is None


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("expired", "expired"),
        ("endless", "too_big"),
        ("says it is too big", "too_big"),
        ("redirect to another host", "not_allowed"),
        ("redirect for ever", "not_allowed"),
        ("another host", "not_allowed"),
        ("this machine", "not_allowed"),
        ("another scheme", "not_allowed"),
        ("name in front", "not_allowed"),
        ("no address", "not_allowed"),
        ("always broken", "failed"),
        ("empty", "failed"),
    ],
)
async def test_a_file_that_can_not_be_had_says_why(
    store: Store, keeping: Keeping, cdn: Cdn, case: str, problem: str
) -> None:
    urls = {
        "expired": lambda: cdn.url + "/gone",
        "endless": lambda: cdn.never_ends("/endless"),
        "says it is too big": lambda: cdn.keeps("/big", bytes(25 * 1024 * 1024 + 1)),
        "redirect to another host": lambda: cdn.answers_with("/r", 302, location=f"http://localhost:{PORT}/x.png"),
        "redirect for ever": lambda: cdn.answers_with("/loop", 302, location="/loop"),
        "another host": lambda: "https://cdn.example/a.png",
        "this machine": lambda: f"http://localhost:{PORT}/a.png",
        "another scheme": lambda: "file:///etc/passwd",
        "name in front": lambda: f"http://127.0.0.1:{PORT}@cdn.example/a.png",
        "no address": lambda: "http://[/a",
        "always broken": lambda: cdn.answers_with("/broken", 502),
        "empty": lambda: cdn.keeps("/empty", b""),
    }
    await receive(store, sent(Attachment("image", urls[case]())))
    assert await became(store) == Media(problem=problem)
    assert keeping.files() == []
    assert keeping.metrics.registry.get_sample_value("bot_media_total", {"result": problem}) == 1


async def test_a_redirect_to_another_host_of_the_list_is_not_followed(
    store: Store, settings: Settings, cdn: Cdn
) -> None:
    elsewhere = f"http://localhost:{PORT}"
    keeping = Keeping(store, replace(settings, media_hosts=(ORIGIN, elsewhere)))
    cdn.keeps("/there.png", PNG)
    url = cdn.answers_with("/here", 302, location=f"{elsewhere}/there.png")
    await receive(store, sent(Attachment("image", url), Attachment("image", f"{elsewhere}/there.png")))
    assert (await became(store, place=1)).size_bytes == len(PNG)
    assert (await became(store)).problem == "not_allowed"
    await keeping.stop()


async def test_a_redirect_on_the_same_host_is_followed(store: Store, keeping: Keeping, cdn: Cdn) -> None:
    cdn.keeps("/there.png", PNG)
    await receive(store, sent(Attachment("image", cdn.answers_with("/here", 302, location="/there.png"))))
    assert (await became(store)).size_bytes == len(PNG)


async def test_a_bad_moment_of_the_platform_costs_nothing(store: Store, keeping: Keeping, cdn: Cdn) -> None:
    async def answer(_: Any) -> Any:
        first = len(cdn.asked) == 1
        return aiohttp.web.Response(status=503) if first else aiohttp.web.Response(body=PNG)

    cdn.answers["/a.png"] = answer
    await receive(store, sent(Attachment("image", cdn.url + "/a.png")))
    assert (await became(store)).size_bytes == len(PNG)


async def test_no_credential_or_cookie_goes_along(store: Store, keeping: Keeping, cdn: Cdn) -> None:
    for number in (1, 2):
        cdn.keeps(f"/{number}.png", PNG)
        await receive(store, sent(Attachment("image", f"{cdn.url}/{number}.png"), message_id=f"m_{number}"))
        await became(store, f"m_{number}")
    assert {name.lower() for _, headers in cdn.asked for name in headers} <= {
        "host",
        "accept",
        "accept-encoding",
        "user-agent",
    }


async def test_what_was_not_fetched_when_a_process_died_is_fetched_by_another(
    store: Store, settings: Settings, cdn: Cdn
) -> None:
    store.media.lease_ms = 300
    await receive(store, sent(Attachment("image", cdn.hangs("/a.png"))))
    first = Keeping(store, settings)

    async def asked() -> bool:
        return bool(cdn.asked)

    await eventually(asked)
    await first.stop()
    del cdn.answers["/a.png"]
    cdn.keeps("/a.png", PNG)
    second = Keeping(store, settings)
    assert (await became(store)).size_bytes == len(PNG)
    await second.stop()


# Removing


async def test_what_the_customer_takes_back_goes_with_its_files(store: Store, keeping: Keeping, cdn: Cdn) -> None:
    for message_id in ("m_1", "m_2"):
        await receive(store, sent(Attachment("image", cdn.keeps(f"/{message_id}", PNG)), message_id=message_id))
        await became(store, message_id)
    note = message(ID, "note", "De klant heeft een bericht verwijderd.")
    assert await store.conversations.delete(ID, "m_1", note)

    async def one_left() -> bool:
        return len(keeping.files()) == 1

    await eventually(one_left)
    assert await store.conversations.media(ID, "m_1", [0]) == [None]
    assert (await became(store, "m_2")).key


async def test_what_is_taken_back_while_it_is_fetched_is_not_kept(store: Store, keeping: Keeping, cdn: Cdn) -> None:
    release = asyncio.Event()

    async def answer(request: Any) -> Any:
        await release.wait()
        return aiohttp.web.Response(body=PNG)

    cdn.answers["/slow"] = answer
    await receive(store, sent(Attachment("image", cdn.url + "/slow")))

    async def asked() -> bool:
        return bool(cdn.asked)

    await eventually(asked)
    await store.conversations.delete(ID, "m_1", message(ID, "note", "weg"))
    release.set()

    async def nothing_to_do() -> bool:
        return not await waiting(store) and keeping.files() == []

    await eventually(nothing_to_do)


async def test_what_happens_while_somebody_is_at_it_is_not_forgotten(store: Store) -> None:
    await receive(store, sent(Attachment("image", "https://fbcdn.net/a.png")))
    claim = await store.media.claim()
    assert claim and await store.media.claim() is None
    await store.conversations.set_media(ID, "m_1", 0, Media("ab", "image/png", 1, "foto.png"))
    await store.conversations.delete(ID, "m_1", message(ID, "note", "weg"))
    await store.media.done(claim)
    assert await store.media.hold(claim) is None
    again = await store.media.claim()
    assert again and again.message_id == "m_1" and await store.media.begin(again) is None
    await store.media.done(again)
    assert await store.media.claim() is None


async def waiting(store: Store) -> list[Any]:
    found: list[Any] = await store._client.zrange(store._keys.media, 0, -1)
    return found


@pytest.mark.parametrize("expired", [True, False])
async def test_files_go_when_the_time_of_their_conversation_has_come(
    store: Store, settings: Settings, cdn: Cdn, expired: bool
) -> None:
    keeping = Keeping(store, settings)
    await receive(store, sent(Attachment("image", cdn.keeps("/a.png", PNG))))
    key = (await became(store)).key
    looks_at_ms = await store._client.zscore(store._keys.media, f"{ID} ")
    assert 364 < (looks_at_ms - now_ms()) / 86_400_000 < 366
    if expired:
        await store._client.hset(store._keys.conversation(ID), "last_at_ms", now_ms() - 366 * 86_400_000)
    # A year passes.
    await store._client.zadd(store._keys.media, {f"{ID} ": now_ms()})

    async def looked_at() -> bool:
        left = await store._client.zscore(store._keys.media, f"{ID} ")
        return left is None or left > now_ms() + 86_400_000

    await eventually(looked_at)
    assert [str(path.relative_to(keeping.folder)) for path in keeping.files()] == ([] if expired else [key])
    await keeping.stop()


# In a bucket


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    async with running_bucket("klantfotos", free_port()) as bucket:
        monkeypatch.setenv("AWS_ENDPOINT", bucket.url)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield bucket


async def test_a_bucket_is_as_good_as_a_folder(store: Store, settings: Settings, cdn: Cdn, bucket: Bucket) -> None:
    keeping = Keeping(store, replace(settings, media_url="s3://klantfotos/vraagbaak"))
    await receive(store, sent(Attachment("image", cdn.keeps("/a.png", PNG))))
    media = await became(store)
    assert bucket.objects == {f"vraagbaak/{media.key}": PNG}
    pieces = [piece async for piece in keeping.keeper.storage.read(media.key, 1, 20)]
    assert b"".join(pieces) == PNG[1:20]
    await store.conversations.delete(ID, "m_1", message(ID, "note", "weg"))

    async def gone() -> bool:
        return not bucket.objects

    await eventually(gone)
    with pytest.raises(NotFound):
        await anext(keeping.keeper.storage.read(media.key, 0, 20))
    assert not keeping.folder.exists()
    await keeping.stop()


async def test_a_bucket_that_is_down_for_a_moment_costs_nothing(
    store: Store, settings: Settings, cdn: Cdn, bucket: Bucket
) -> None:
    bucket.is_down = True
    keeping = Keeping(store, replace(settings, media_url="s3://klantfotos"), waits_s=(0.01,) * 100)
    await receive(store, sent(Attachment("image", cdn.keeps("/a.png", PNG))))

    async def asked() -> bool:
        return bool(cdn.asked)

    await eventually(asked)
    bucket.is_down = False
    assert (await became(store)).key in bucket.objects
    await keeping.stop()


# What is recognised, and where a name may lead


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"RIFF....WAVEfmt ", "audio/wav"),
        (b"RIFF....AVI LIST", UNKNOWN),
        (b"\0\0\0\x18ftypheic", UNKNOWN),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"<svg xmlns=", UNKNOWN),
        (b"PK\x03\x04", UNKNOWN),
        (b"MZ", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_a_type_comes_from_the_bytes(head: bytes, expected: str) -> None:
    assert content_type(head, is_audio=False) == expected


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("157.240.1.1", True),
        ("2a03:2880:f12f:83:face:b00c::25de", True),
        *[
            (address, False)
            for address in (
                "127.0.0.1",
                "10.0.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "0.0.0.0",
                "224.0.0.1",
                "::1",
                "fe80::1%eth0",
                "fd00::1",
                "::ffff:10.0.0.1",
                "2002:a00:1::",
            )
        ],
    ],
)
def test_only_the_open_internet_is_public(address: str, public: bool) -> None:
    assert is_public(address) == public


async def test_a_name_that_leads_into_our_own_network_is_not_asked(store: Store, settings: Settings, cdn: Cdn) -> None:
    # `localhost` stands for a name of the platform that somebody made to lead here.
    keeping = Keeping(store, replace(settings, media_hosts=("localhost",)), waits_s=())
    cdn.keeps("/a.png", PNG)
    await receive(store, sent(Attachment("image", "https://localhost/a.png")))
    assert (await became(store)).problem == "failed"
    await keeping.stop()
    for trusted in ((), ("localhost",)):
        resolver = PublicResolver(trusted)
        with nullcontext() if trusted else pytest.raises(OSError, match="private network"):
            assert await resolver.resolve("localhost", PORT)
        await resolver.close()


# For agents, over real HTTP


@pytest.fixture(scope="module")
def media_site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site"), media_hosts=ORIGIN) as site:
        yield site


async def get(site: Site, path: str, session: str = "", **headers: str) -> tuple[int, Any, bytes]:
    cookies = {"bot_session": session} if session else {}
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        url = URL(site.url + path, encoded=True)
        async with http.get(url, headers=headers, allow_redirects=False) as response:
            return response.status, response.headers, await response.read()


@pytest.mark.parametrize(
    ("kind", "content", "expected_type", "disposition"),
    [
        ("image", PNG, "image/png", 'inline; filename="foto.png"'),
        ("file", PDF, "application/pdf", 'attachment; filename="x_.pdf"'),
        ("image", HTML, UNKNOWN, 'attachment; filename="foto.bin"'),
    ],
)
async def test_an_agent_gets_the_file_and_it_can_do_nothing_in_our_pages(
    media_site: Site, cdn: Cdn, kind: AttachmentKind, content: bytes, expected_type: str, disposition: str
) -> None:
    message_id = f"m_$/{kind}{len(content)}"
    path = f"/desk/{ID}/media/{quote(message_id, safe='')}/0"
    cdn.keeps('/x".pdf', content)
    async with media_site.store() as store:
        await receive(store, sent(Attachment(kind, f"{cdn.url}/x%22.pdf"), message_id=message_id))
        await became(store, message_id)
    status, headers, body = await get(media_site, path, media_site.session("sanne", "agent"))
    assert (status, body) == (200, content)
    assert headers["content-type"] == expected_type
    assert headers["content-disposition"].startswith(disposition)
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cache-control"].startswith("private")
    known = await get(media_site, path, media_site.session("sanne", "agent"), **{"if-none-match": headers["etag"]})
    assert (known[0], known[2]) == (304, b"")
    for session in ("", media_site.session("redactie", "editor")):
        status, _, body = await get(media_site, path, session)
        assert status == (403 if session else 303) and content not in body
    api = f"/api/v1/conversations/{ID}/media/{quote(message_id, safe='')}/0"
    status, headers, body = await get(media_site, api, authorization=f"Bearer {API_TOKEN}")
    assert (status, body, headers["content-type"]) == (200, content, expected_type)
    assert (await get(media_site, api, authorization="Bearer wrong"))[0] == 401
    session = media_site.session("sanne", "agent")
    for other in (f"/desk/{ID}/media/{quote(message_id, safe='')}/1", f"/desk/{ID}/media/unknown/0"):
        assert (await get(media_site, other, session))[0] == 404


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=500000-", 206, 500_000, 700_000),
        ("bytes=-10", 206, 699_990, 700_000),
        ("bytes=0-9999999", 206, 0, 700_000),
        ("bytes=700000-", 416, 0, 0),
        ("bytes=-", 200, 0, 700_000),
        ("pages=1-2", 200, 0, 700_000),
    ],
)
async def test_a_player_may_ask_for_a_part(
    media_site: Site, cdn: Cdn, wanted: str, status: int, start: int, end: int
) -> None:
    content = MP4[:24] + bytes(index % 251 for index in range(700_000 - 24))
    async with media_site.store() as store:
        await receive(store, sent(Attachment("video", cdn.keeps("/v.mp4", content)), message_id="m_video"))
        await became(store, "m_video")
    session = media_site.session("sanne", "agent")
    found, headers, body = await get(media_site, f"/desk/{ID}/media/m_video/0", session, range=wanted)
    assert (found, body) == (status, content[start:end])
    if status == 206:
        assert headers["content-range"] == f"bytes {start}-{end - 1}/700000"


async def test_a_file_that_is_not_there_any_more_is_not_found(media_site: Site) -> None:
    async with media_site.store() as store:
        await receive(store, sent(message_id="m_gone"))
        assert await store.conversations.set_media(ID, "m_gone", 0, Media("ab/cd/0", "image/png", 10, "foto.png"))
    assert (await get(media_site, f"/desk/{ID}/media/m_gone/0", media_site.session("sanne", "agent")))[0] == 404
