"""The Graph API's stand-in: a real HTTP server with pages, customers, rules and bad days. Read FakeGraph first."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from aiohttp import web

from tests.fakes.graph import accounts, comments, inbox, threads
from tests.fakes.graph.clock import Clock
from tests.fakes.graph.customers import Customer
from tests.fakes.graph.deliveries import Deliveries, Delivery
from tests.fakes.graph.errors import GraphError
from tests.fakes.graph.events import Array, entry, envelope, fields_of, without_payload
from tests.fakes.graph.faults import Fault, Faults
from tests.fakes.graph.inspector import routes as inspector
from tests.fakes.graph.media import Media
from tests.fakes.graph.rates import Rates
from tests.fakes.graph.records import (
    INSTAGRAM_FIELDS,
    PAGE_FIELDS,
    Action,
    Call,
    Comment,
    Json,
    Page,
    Persona,
    Platform,
    Sent,
    Thread,
)
from tests.fakes.graph.requests import GraphRequest, begin_request, read_body
from tests.fakes.graph.routes import handler_of

MAX_BODY_BYTES = 30 * 1024 * 1024


class FakeGraph:
    """`async with FakeGraph(...) as graph`: serves at `graph.url` until the block ends.

    What a test may set at any time: `webhook_url`, `echo_order`, `echo_delay_s`, `sends_receipts`, `requires_proof`,
    `human_agent` (whether the app has that feature), `missing_scopes`, and of `deliveries` the `timeout_s`,
    `retry_after_s` and `default_repeat`. What it may read: `sent`, `actions`, `calls`, `deliveries.all`, `alerts`.
    """

    def __init__(
        self, *, app_id: str = "7001", app_secret: str = "app-secret", verify_token: str = "verify-token", port: int = 0
    ) -> None:
        self.app_id_text, self.app_id = app_id, int(app_id)
        self.app_secret, self.verify_token = app_secret, verify_token
        self.url = ""
        self.clock = Clock()

        self.pages: dict[str, Page] = {}
        self.customers: dict[tuple[str, str], Customer] = {}
        self.threads: dict[tuple[str, str], Thread] = {}
        self.comments: dict[str, Comment] = {}
        self.personas: dict[str, Persona] = {}
        self.app_fields: dict[str, set[str]] = {"page": set(PAGE_FIELDS), "instagram": set(INSTAGRAM_FIELDS)}
        self.sent: list[Sent] = []
        self.actions: list[Action] = []
        self.calls: list[Call] = []
        self.alerts: list[str] = []

        self.echo_order: Literal["before", "after"] = "after"
        self.echo_delay_s = 0.0
        self.sends_receipts = False
        self.requires_proof = False
        self.human_agent = True
        self.missing_scopes: set[str] = set()

        self.deliveries = Deliveries(self)
        self.media: Media = Media(self)
        self.faults = Faults()
        self.rates = Rates(self.clock)
        self._slow_s = 0.0
        self._port = port
        self._given: set[str] = set()  # mids that `hears` gave out
        self.version = 0  # grows with everything that happens
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeGraph:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        self.add_routes(app)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self.deliveries.open()
        return self

    async def another_url(self) -> str:
        """A further address where the same is served: who calls can be told by the port they came to."""
        assert self._runner, "only while it serves"
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[-1][1]}"

    async def __aexit__(self, *_: object) -> None:
        self.faults.closing.set()
        self.happened()
        await self.deliveries.close()
        if self._runner:
            await self._runner.cleanup()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/cdn/{name}", self.media.serve)
        inspector.add_routes(app, self)
        app.router.add_route("*", "/{path:.*}", self._serve)

    # Who there is

    def add_page(
        self,
        page_id: str,
        *,
        name: str = "Winkel van Sinkel",
        token: str = "",
        instagram_id: str | None = None,
        subscribed: bool | Sequence[str] = True,
        default_app: int | None | Literal["ours"] = "ours",
    ) -> Page:
        """subscribed: to all fields, to none, or to these. default_app: None is "zero config"."""
        fields = set(PAGE_FIELDS) if subscribed is True else set(subscribed or ())
        page = Page(page_id, name, token or f"token-{page_id}", instagram_id, fields)
        page.default_app = self.app_id if default_app == "ours" else default_app
        self.pages[page_id] = page
        self.happened()
        return page

    def customer(
        self, psid: str, *, name: str = "Jo Klant", page: str = "", platform: Platform = "messenger"
    ) -> Customer:
        """Somebody whom the page (without a name: the first one) can know by this id; the same one if there before."""
        owner = self.pages[page] if page else next(iter(self.pages.values()))
        key = owner.id, psid
        if key not in self.customers:
            self.customers[key] = Customer(self, owner, psid, name, platform)
            self.threads[key] = Thread(owner, psid, platform)
            self.happened()
        return self.customers[key]

    # The webhook

    @property
    def webhook_url(self) -> str:
        return self.deliveries.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        """It is asked for the challenge before the first delivery, and until it gives it."""
        self.deliveries.webhook_url, self.deliveries.verified = url, None

    async def verify(self) -> bool:
        """Ask the webhook for the challenge now."""
        return await self.deliveries.verify()

    async def deliver(
        self, event: Json, array: Array = "messaging", *, page: str = "", repeat: int = 0, **options: Any
    ) -> Delivery:
        """POST one raw event and return after the first attempt.

        page: id of the page or its Instagram account, without it the first page's. repeat: the same bytes so many
        times. signature: good, wrong, missing or sha1. headers: further ones.
        """
        return await self.deliver_many([(array, event)], page=page, repeat=repeat, **options)

    async def deliver_many(
        self, events: Sequence[Json | tuple[Array, Json]], *, page: str = "", one_entry: bool = True, **options: Any
    ) -> Delivery:
        """Several events in one POST, in one entry or one each. Their order within an array stays.

        events: for `messaging`; or pairs of array and event.
        """
        return await self._post(self.delivery(events, page=page, one_entry=one_entry, **options))

    async def deliver_body(self, body: Any, *, page: str = "", **options: Any) -> Delivery:
        """A whole body: anything that JSON can hold, or bytes that go as they are."""
        return await self._post(self.deliveries.new(self._page(page), body, **_given(options)))

    def delivery(
        self, events: Sequence[Json | tuple[Array, Json]], *, page: str = "", one_entry: bool = True, **options: Any
    ) -> Delivery:
        """The same, only made; events of fields that the page is not subscribed to are left out."""
        the_page = self._page(page)
        account_id = page or the_page.id
        platform: Platform = "messenger" if account_id == the_page.id else "instagram"
        pairs: list[tuple[Array, Json]] = [("messaging", e) if isinstance(e, dict) else e for e in events]
        wanted = [pair for pair in pairs if self._is_subscribed(the_page, platform, *pair)]
        groups = [wanted] if one_entry else [[each] for each in wanted]
        entries = [self._entry(account_id, group) for group in groups]
        delivery = self.deliveries.new(the_page, envelope(platform, entries), **_given(options))
        if not wanted:
            delivery.state = "not subscribed"
        return delivery

    async def emit(self, thread: Thread, event: Json, **options: Any) -> Delivery:
        """Deliver what happened in a thread: in `messaging`, or in `standby` while another app has the floor."""
        return await self._post(self._of_thread(thread, event, **options))

    def emit_later(self, thread: Thread, event: Json, delay_s: float = 0.0) -> None:
        """The same in the background, behind what was put there before for the thread."""
        self.deliveries.later(thread.id, self._of_thread(thread, event), delay_s)

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[list[Delivery]]:
        """`async with graph.holding() as held`: nothing is posted meanwhile. Then post them as you like.

        async with graph.holding() as held:
            await jo.says("een"); await jo.says("twee")
        await graph.release(reversed(held))              # late and out of order
        await graph.release(held, together=True)         # all in one POST
        """
        self.deliveries.held = []
        try:
            yield self.deliveries.held
        finally:
            self.deliveries.held = None

    async def release(self, held: Sequence[Delivery], *, together: bool = False, repeat: int = 1) -> None:
        held = list(held)
        if together and held:
            entries = [each for delivery in held for each in delivery.body["entry"]]
            await self.deliver_body({**held[0].body, "entry": entries}, page=held[0].page.id, repeat=repeat)
            return
        for delivery in held:
            delivery.repeat = repeat
            await self._post(delivery)

    # Meta's inbox, and the page's owner

    async def inbox_replies(
        self, psid: str, text: str, *, page: str = "", takes_control: bool = True, app_id: int = 0
    ) -> str:
        """A human answers in Meta's inbox (or another app does), and so takes the thread. Returns the mid."""
        thread = self.thread(psid, page=page)
        return await inbox.replies(self, thread, text, takes_control=takes_control, app_id=app_id)

    async def inbox_takes(self, psid: str, *, page: str = "", app_id: int = 0, silently: bool = False) -> None:
        """The thread goes to the inbox or another app, without a word to the customer; silently: nor to us."""
        await inbox.take(self, self.thread(psid, page=page), app_id=app_id, silently=silently)

    async def inbox_done(self, psid: str, *, page: str = "", silently: bool = False) -> None:
        """The inbox hands the thread back; silently: it only lets go."""
        await inbox.done(self, self.thread(psid, page=page), silently=silently)

    async def inbox_requests(self, psid: str, *, page: str = "") -> None:
        await inbox.asks_for_control(self, self.thread(psid, page=page))

    async def hides_comment(self, comment_id: str, *, hidden: bool = True) -> None:
        """Somebody who looks after the page hides a comment in Meta's own tools, or shows it again."""
        comment = self.comments[comment_id]
        comment.is_hidden = hidden
        await comments.tell(self, comment, "hide" if hidden else "unhide")

    async def police(self, action: Literal["warning", "block", "unblock"], *, page: str = "", reason: str = "") -> None:
        """Policy enforcement; a blocked page can't send."""
        the_page = self._page(page)
        the_page.blocked = action == "block"
        content = {"action": action} if action == "unblock" else {"action": action, "reason": reason or "spam"}
        event = {"recipient": {"id": the_page.id}, "timestamp": self.clock.now_ms(), "policy_enforcement": content}
        await self.deliver(event, page=the_page.id)

    # Bad days

    def fail_next(
        self,
        *,
        code: int,
        subcode: int | None = None,
        times: int = 1,
        on: str = "messages",
        to: str = "",
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        transient: bool = False,
        text: str = "",
        accept_first: bool | None = None,
    ) -> Fault:
        """The next calls get this error.

        on: the last part of the path (`messages`, `comments`, `personas`, `take_thread_control` ...), `sender_action`,
        `profile` for GET /{PSID}, or `*`. to: only for this PSID. accept_first: do it, then fail (the default only for
        1/1357046, which says so).
        """
        error = GraphError(code, subcode, text, status, transient, dict(headers or {}))
        accepts = subcode == 1357046 if accept_first is None else accept_first
        return self._add_fault(Fault(on, times, to, accepts, error=error))

    def hang_next(self, *, on: str = "messages", accept_first: bool = True, times: int = 1, to: str = "") -> Fault:
        """No answer ever, after the message was accepted or before."""
        return self._add_fault(Fault(on, times, to, accept_first))

    def cut_next(self, *, on: str = "messages", accept_first: bool = True, times: int = 1, to: str = "") -> Fault:
        """The connection is reset instead of an answer."""
        return self._add_fault(Fault(on, times, to, accept_first, resets=True))

    def html_next(
        self, status: int = 502, *, on: str = "messages", accept_first: bool = False, times: int = 1, to: str = ""
    ) -> Fault:
        """A page of HTML in the place of JSON."""
        return self._add_fault(Fault(on, times, to, accept_first, html_status=status))

    def slow(self, seconds: float) -> None:
        """Every answer takes so much longer."""
        self._slow_s = seconds

    def rate_headers(self, headers: Mapping[str, Any] | None) -> None:
        """These stand on every answer from now on; what is no text is written as JSON. None: the usual ones."""
        self.rates.headers = dict(headers) if headers is not None else None

    def usage(self, percent: int, *, page: str = "", regain_minutes: int = 0) -> None:
        """X-Business-Use-Case-Usage says that so much of the page's budget is used."""
        self.rates.usage[self._page(page).id] = (percent, regain_minutes)

    def limit(self, on: str, calls: int, per_s: float) -> None:
        """Calls above this get 80006, as long as they come too fast."""
        self.rates.limits[on] = (calls, per_s)

    # What happened

    def sent_to(self, psid: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.psid == psid]

    def sent_twice(self, by: Literal["metadata", "content"] = "metadata") -> list[Any]:
        """What was accepted more than once: the metadata, or who got the same message again, as (psid, JSON)."""
        if by == "metadata":
            return [key for key, n in Counter(sent.metadata for sent in self.sent if sent.metadata).items() if n > 1]
        counted = Counter((sent.psid, _content(sent.message)) for sent in self.sent)
        return [key for key, n in counted.items() if n > 1]

    def calls_to(self, endpoint: str) -> list[Call]:
        return [call for call in self.calls if call.endpoint == endpoint]

    async def wait_for(self, condition: Callable[[], Any], *, timeout_s: float = 30.0) -> Any:
        """The first truthy result of `condition`, tried whenever something happened. Raises AssertionError."""
        deadline = time.monotonic() + timeout_s
        while not (result := condition()):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise AssertionError(f"not within {timeout_s} s; sent so far: {[sent.text for sent in self.sent]}")
            await self.changes(min(left_s, 0.5))
        return result

    async def next_sent(self, customer: Customer, text: str, timeout_s: float) -> Sent:
        def first() -> Sent | None:
            fitting = (sent for sent in self.sent_to(customer.psid) if text in sent.text)
            return next((sent for sent in fitting if sent.mid not in self._given), None)

        sent: Sent = await self.wait_for(first, timeout_s=timeout_s)
        self._given.add(sent.mid)
        return sent

    async def settle(self, timeout_s: float = 30.0) -> None:
        """Wait until every delivery has arrived or was given up. Raises TimeoutError."""
        await self.deliveries.settle(timeout_s)

    async def changes(self, timeout_s: float) -> None:
        """Wait until something happens, or the fake closes, or that long."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout_s)

    def happened(self) -> None:
        """Wakes up who waits for something."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def thread(self, psid: str, *, page: str = "") -> Thread:
        """Raises KeyError."""
        found = [t for (page_id, known), t in self.threads.items() if known == psid and page in ("", page_id)]
        if not found:
            raise KeyError(psid)
        return found[0]

    # Serving

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        call, request = begin_request(http, self.clock.now_ms())
        self.calls.append(call)
        if self._slow_s:
            await asyncio.sleep(self._slow_s)
        try:
            await read_body(http, call, request)
            call.answer = await self._answer(call, request, http)
            response = call.answer if isinstance(call.answer, web.StreamResponse) else web.json_response(call.answer)
        except GraphError as exc:
            response = web.json_response(exc.body(), status=exc.status, headers=exc.headers)
            call.answer = exc.body()
        except ConnectionResetError:  # asked for: there is nobody to answer
            return web.Response()
        call.status, call.took_ms = response.status, round((time.monotonic() - started) * 1000)
        for name, value in self.rates.headers_of(request.page).items():
            response.headers.setdefault(name, value)
        self.happened()
        return response

    async def _answer(self, call: Call, request: GraphRequest, http: web.Request) -> Any:
        handler, call.endpoint = handler_of(self, request)
        fault = self.faults.take(call.endpoint, request.psid)
        if fault and not fault.accepts:
            return await self.faults.happen(fault, http)
        bearer = http.headers.get("Authorization", "").removeprefix("Bearer ")
        accounts.authenticate(self, request, bearer)
        self.rates.count(call.endpoint)
        answer = handler(self, request)
        answer = await answer if asyncio.iscoroutine(answer) else answer
        return await self.faults.happen(fault, http) if fault else answer

    async def _post(self, delivery: Delivery) -> Delivery:
        await self.deliveries.post(delivery)
        self.happened()
        return delivery

    def _of_thread(self, thread: Thread, event: Json, **options: Any) -> Delivery:
        array: Array = "messaging"
        if not threads.has_floor(thread, self.app_id, self.clock.now_ms()):
            array, event = "standby", without_payload(event)
        return self.delivery([(array, event)], page=thread.account_id, **options)

    def _is_subscribed(self, page: Page, platform: Platform, array: Array, event: Json) -> bool:
        """Instagram's fields are those of the app; its page only has to be subscribed to something."""
        needed = fields_of(event, array, platform)
        of_app = self.app_fields["page" if platform == "messenger" else "instagram"]
        if platform == "instagram":
            return bool(page.fields) and needed <= of_app
        return bool(page.fields) and needed <= (page.fields & of_app)

    def _entry(self, account_id: str, group: Sequence[tuple[Array, Json]]) -> Json:
        """One entry with all arrays that its events go in."""
        made: Json = {}
        for array in dict.fromkeys(array for array, _ in group):
            events = [event for other, event in group if other == array]
            made = {**entry(account_id, self.clock.now_ms(), array, events), **made}
        return made

    def _page(self, page_id: str) -> Page:
        return accounts.page_of(self, page_id) if page_id else next(iter(self.pages.values()))

    def _add_fault(self, fault: Fault) -> Fault:
        self.faults.waiting.append(fault)
        return fault


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that say nothing, so that the defaults hold."""
    return {name: value for name, value in options.items() if value}


def _content(message: Json) -> str:
    return json.dumps({key: value for key, value in message.items() if key != "metadata"}, sort_keys=True)
