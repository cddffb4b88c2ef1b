"""What comes with a message: photos, files, links and whatever Meta adds next."""

from __future__ import annotations

from bot.model import Attachment, AttachmentKind
from bot.web.channels.messenger.fields import MAX_TITLE_CHARS, Json, has_list, ident, line, record, records, url

# The sticker behind Messenger's thumb button.
LIKE = "369239263222822"
MAX_ATTACHMENTS = 30

_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "file": "file",
    "sticker": "sticker",
    "fallback": "link",
    "reel": "post",
    "ig_reel": "post",
    "post": "post",
    "ig_post": "post",
    "share": "post",
    "template": "link",
    "appointment_booking": "appointment",
    "location": "location",
    "story_mention": "story",
}
_DISAPPEARING = "Foto of video die verdwijnt"


def attachments_of(message: Json) -> tuple[Attachment, ...]:
    """All of them in order, at most MAX_ATTACHMENTS. What is unknown or empty is of the kind `other`."""
    found: list[Attachment] = []
    parts = message.get("attachments")
    for part in parts[: 2 * MAX_ATTACHMENTS] if isinstance(parts, list) else ():
        one = _attachment(part) if isinstance(part, dict) else Attachment("other")
        if one not in found or one == Attachment("other"):
            found.append(one)
    return tuple(_without_twins(found)[:MAX_ATTACHMENTS])


def is_like(message: Json) -> bool:
    """Whether the message is the thumb, which means what it says."""
    stickers = [record(part, "payload") for part in records(message, "attachments")]
    ids = {ident(message, "sticker_id"), *(ident(payload, "sticker_id") for payload in stickers)}
    return LIKE in ids


def story_of(message: Json) -> tuple[Attachment, ...]:
    """The story that the customer answers (Instagram)."""
    story = record(record(message, "reply_to"), "story")
    return (Attachment("story", url(story, "url")),) if story else ()


def _attachment(part: Json) -> Attachment:
    payload = record(part, "payload")
    kind = _KINDS.get(ident(part, "type"), "other")
    if ident(part, "type") == "ephemeral":
        return Attachment("other", title=_DISAPPEARING)
    if kind == "image" and ident(payload, "sticker_id"):
        kind = "sticker"
    if kind == "location":
        return Attachment("location", url(payload, "url") or url(part, "url"), _place(payload) or line(part, "title"))
    if has_list(record(payload, "product"), "elements"):
        payload = next(iter(records(record(payload, "product"), "elements")), {})
    address = url(payload, "url") or url(part, "url")
    title = line(payload, "title") or line(part, "title")
    if kind == "link" and not address and not title:
        kind = "other"  # a share that this version of the platform doesn't show
    if kind == "appointment":
        title = title or line(payload, "status", MAX_TITLE_CHARS)
    return Attachment(kind, address, title)


def _place(payload: Json) -> str:
    """Latitude and longitude, as one would look them up."""
    coordinates = record(payload, "coordinates")
    pair = [coordinates.get("lat"), coordinates.get("long")]
    numbers = [float(one) for one in pair if isinstance(one, int | float) and -180 <= one <= 180]
    return ", ".join(f"{one:.6f}".rstrip("0").rstrip(".") for one in numbers) if len(numbers) == 2 else ""


def _without_twins(found: list[Attachment]) -> list[Attachment]:
    """In the summer of 2026 a sticker came as an image too; nobody can send both in one message."""
    if any(one.kind == "sticker" for one in found):
        return [one for one in found if one.kind != "image"]
    return found
