"""A person at the other end: what they can do in Messenger or Instagram, and what they get to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tests.fakes.graph import comments, threads
from tests.fakes.graph.events import event_of
from tests.fakes.graph.records import Json, Line, Page, Platform, Sent, Thread, new_mid

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

Profile = Literal["full", "empty", "phone_only", "no_right"]
MAX_EDITS = 5
EMOJI = {"love": "\u2764\ufe0f", "like": "\U0001f44d", "sad": "\U0001f622", "angry": "\U0001f620", "wow": "\U0001f62e"}


class Customer:
    """Every deed is delivered to the webhook and returns after its first attempt.

    All take the options of `FakeGraph.emit`: `signature="wrong"`, `repeat=2`.
    """

    def __init__(self, graph: FakeGraph, page: Page, psid: str, name: str, platform: Platform) -> None:
        self._graph = graph
        self.page = page
        self.psid = psid
        self.name = name
        self.platform = platform
        self.public_id = psid  # as whom they comment; whether that is the PSID is not certain
        self.profile: Profile = "full"
        self.is_reachable = True  # False: they blocked the page or left

    @property
    def thread(self) -> Thread:
        return self._graph.threads[self.page.id, self.psid]

    @property
    def lines(self) -> list[Line]:
        """Everything in the thread, oldest first."""
        return self.thread.lines

    @property
    def heard(self) -> list[str]:
        """The texts that the page said, whoever said them for it."""
        return [line.text for line in self.lines if line.from_page]

    async def hears(self, text: str = "", *, timeout_s: float = 30.0) -> Sent:
        """The first message of our app with `text` in it that this customer was not given before by this method."""
        return await self._graph.next_sent(self, text, timeout_s)

    async def says(self, text: str, *, reply_to: str = "", **options: Any) -> str:
        """Returns the mid."""
        message: Json = {"text": text}
        if reply_to:
            line = self.thread.line(reply_to)
            message["reply_to"] = {"mid": reply_to, "is_self_reply": bool(line and not line.from_page)}
        return await self.sends(message, **options)

    async def sends(
        self, message: Json | None = None, *, attachments: list[str | Json] | None = None, **options: Any
    ) -> str:
        """A message as it stands in the event; an attachment may be a kind such as "image" or "sticker"."""
        message = {"mid": new_mid(self.platform), **(message or {})}
        if attachments is not None:
            message["attachments"] = [
                self._graph.media.attachment(each) if isinstance(each, str) else each for each in attachments
            ]
        await self._writes(message, {"message": message}, str(message.get("text", "")), **options)
        return str(message["mid"])

    async def presses(self, button: str | Json, **options: Any) -> str:
        """A quick reply under the last message, or a button anywhere, or its title. Raises LookupError."""
        title = button if isinstance(button, str) else str(button["title"])
        if reply := self._quick_reply(title):
            content = {"text": reply["title"], "quick_reply": {"payload": reply["payload"]}}
            return await self.sends(content, **options)
        found = self._button(title)
        if found["type"] != "postback":
            return ""  # a link: nobody hears of it
        return await self.posts_back(found["title"], found["payload"], **options)

    async def posts_back(self, title: str, payload: str, *, referral: Json | None = None, **options: Any) -> str:
        """A button, menu item, ice breaker or Get Started."""
        postback: Json = {"mid": new_mid(self.platform), "title": title, "payload": payload}
        if referral:
            postback["referral"] = referral
        await self._writes(postback, {"postback": postback}, title, **options)
        return str(postback["mid"])

    async def gets_started(self, **options: Any) -> str:
        payload = self.page.profile.get("get_started", {}).get("payload", "GET_STARTED")
        return await self.posts_back("Get Started", payload, **options)

    async def edits(self, mid: str, text: str, **options: Any) -> None:
        line = self._own(mid)
        if line.edits >= MAX_EDITS:
            raise ValueError(f"a message can be edited {MAX_EDITS} times")
        line.text, line.edits = text, line.edits + 1
        await self._emit({"message_edit": {"mid": mid, "text": text, "num_edit": line.edits}}, **options)

    async def unsends(self, mid: str, **options: Any) -> None:
        self._own(mid).is_deleted = True
        await self._emit({"message": {"mid": mid, "is_deleted": True}}, **options)

    async def reacts(self, mid: str, reaction: str = "love", **options: Any) -> None:
        """To a message of the page this opens the window."""
        line = self.thread.line(mid)
        if line is None:
            raise LookupError(mid)
        line.reactions[self.psid] = reaction
        if line.from_page:
            threads.person_came(self.thread, self._graph.clock.now_ms(), wrote=False)
        content = {"mid": mid, "action": "react", "reaction": reaction, "emoji": EMOJI.get(reaction, "\U0001f642")}
        await self._emit({"reaction": content}, **options)

    async def unreacts(self, mid: str, **options: Any) -> None:
        line = self.thread.line(mid)
        if line is None:
            raise LookupError(mid)
        line.reactions.pop(self.psid, None)
        await self._emit({"reaction": {"mid": mid, "action": "unreact"}}, **options)

    async def reads(self, **options: Any) -> None:
        """All that the page said so far."""
        said = [line for line in self.lines if line.from_page]
        self.thread.read_ms = said[-1].at_ms if said else self._graph.clock.now_ms()
        if self.platform == "instagram":
            await self._emit({"read": {"mid": said[-1].mid if said else new_mid("instagram")}}, **options)
        else:
            await self._emit({"read": {"watermark": self.thread.read_ms}}, **options)

    async def receives(self, **options: Any) -> None:
        """Their phone has all that the page said so far."""
        said = [line for line in self.lines if line.from_page]
        mids = [line.mid for line in said[-5:]]
        watermark = said[-1].at_ms if said else self._graph.clock.now_ms()
        await self._emit({"delivery": {"mids": mids, "watermark": watermark}}, **options)

    async def comes_by_link(self, ref: str, *, source: str = "SHORTLINK", **options: Any) -> None:
        """An m.me link into a thread that was there: the window opens."""
        threads.person_came(self.thread, self._graph.clock.now_ms(), wrote=False)
        await self._emit({"referral": {"ref": ref, "source": source, "type": "OPEN_THREAD"}}, **options)

    async def opts_in(self, ref: str, **options: Any) -> None:
        threads.person_came(self.thread, self._graph.clock.now_ms(), wrote=False)
        await self._emit({"optin": {"ref": ref}}, **options)

    async def comments(self, text: str, *, post: str = "", parent: str = "") -> str:
        """In public, under a post (`<page>_<post>`) or another comment. Returns the comment's id."""
        above = self._graph.comments.get(parent)
        post_id = above.post_id if above else post or f"{self.page.id}_5"
        comment = comments.new_comment(
            self._graph,
            self.page,
            post_id,
            text,
            from_id=self.public_id,
            from_name=self.name,
            psid=self.psid,
            parent_id=parent,
        )
        await comments.tell(self._graph, comment, "add")
        return comment.id

    async def posts(self, text: str) -> str:
        """On the page, for everybody to read. It opens the window. Returns the post's id."""
        post = comments.new_comment(
            self._graph, self.page, "", text, from_id=self.public_id, from_name=self.name, psid=self.psid
        )
        threads.person_came(self.thread, self._graph.clock.now_ms(), wrote=False)
        await comments.tell(self._graph, post, "add")
        return post.id

    async def edits_comment(self, comment_id: str, text: str) -> None:
        comment = self._graph.comments[comment_id]
        comment.text = text
        await comments.tell(self._graph, comment, "edited")

    async def removes_comment(self, comment_id: str) -> None:
        comment = self._graph.comments[comment_id]
        comment.is_removed = True
        await comments.tell(self._graph, comment, "remove")

    async def _writes(self, content: Json, event: Json, text: str, **options: Any) -> None:
        now_ms = self._graph.clock.now_ms()
        self.is_reachable = True
        self.lines.append(Line(str(content["mid"]), False, text, now_ms, content))
        threads.person_came(self.thread, now_ms, wrote=True)
        self._graph.happened()
        await self._emit(event, **options)

    async def _emit(self, content: Json, **options: Any) -> None:
        self._graph.happened()
        await self._graph.emit(self.thread, event_of(self.thread, self._graph.clock.now_ms(), content), **options)

    def _own(self, mid: str) -> Line:
        line = self.thread.line(mid)
        if line is None or line.from_page:
            raise LookupError(mid)
        return line

    def _quick_reply(self, title: str) -> Json | None:
        """They vanish after the next message."""
        replies = self.lines[-1].message.get("quick_replies") or [] if self.lines and self.lines[-1].from_page else []
        return next((reply for reply in replies if reply.get("title") == title), None)

    def _button(self, title: str) -> Json:
        for line in reversed(self.lines):
            for button in buttons_of(line.message) if line.from_page else []:
                if button.get("title") == title:
                    return button
        shown = [button.get("title") for line in self.lines for button in buttons_of(line.message)]
        raise LookupError(f"no quick reply or button {title!r}; the buttons are {shown}")


def buttons_of(message: Json) -> list[Json]:
    """Of a template or of all its elements."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    elements = payload.get("elements") or []
    return [*(payload.get("buttons") or []), *(b for each in elements for b in each.get("buttons") or [])]
