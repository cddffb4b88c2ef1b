"""What came with a message, as the desk shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bot.model import MEDIA_PROBLEMS, Attachment, AttachmentKind, Media, TranscriptLine
from bot.web.desk import words
from bot.web.media.keeper import FILES, is_file
from bot.web.media.kinds import UNKNOWN

Shape = Literal["image", "sticker", "audio", "video", "file", "link", "text"]

_KINDS: dict[AttachmentKind, str] = {
    "image": "Foto",
    "audio": "Spraakbericht",
    "video": "Video",
    "file": "Bestand",
    "sticker": "Sticker",
    "link": "Link",
    "post": "Gedeeld bericht",
    "story": "Verhaal",
    "location": "Locatie",
    "appointment": "Afspraak",
    "other": "Bijlage",
}


@dataclass(frozen=True)
class ShownAttachment:
    """One attachment. `url` is of our own copy, or for a link of the page that it leads to; empty for plain words."""

    shape: Shape
    kind: str  # in Dutch
    title: str  # its name, else empty
    url: str
    about: str  # its size, where the link leads, or why there is nothing to see


def shown_attachments(line: TranscriptLine) -> tuple[ShownAttachment, ...]:
    """Those of one message, in order."""
    media = line.marks.media
    return tuple(
        _copy(line, place, one, media.get(place)) if one.kind in FILES and not line.message.template else _words(one)
        for place, one in enumerate(line.message.attachments)
    )


def safe_url(url: str) -> str:
    """An address that a click may lead to: http or https, with a host. Else empty."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and host and url.isprintable() else ""


def _copy(line: TranscriptLine, place: int, attachment: Attachment, media: Media | None) -> ShownAttachment:
    kind = _KINDS[attachment.kind]
    if not is_file(attachment):
        return ShownAttachment("text", kind, "", "", "Niet meegestuurd door Meta.")
    if media is None:
        return ShownAttachment("text", kind, "", "", "Wordt opgehaald…")
    if not media.key:
        return ShownAttachment("text", kind, "", "", MEDIA_PROBLEMS.get(media.problem, MEDIA_PROBLEMS["failed"]))
    message = line.message
    url = f"{words.page_url(message.conversation_id)}/media/{words.url_part(message.id)}/{place}"
    about = words.size(media.size_bytes)
    if media.content_type == UNKNOWN:
        about += " · onbekend soort bestand, open het alleen als je het vertrouwt"
    return ShownAttachment(_shape(attachment, media), kind, media.name, url, about)


def _shape(attachment: Attachment, media: Media) -> Shape:
    kind = media.content_type.partition("/")[0]
    if kind == "image":
        return "sticker" if attachment.kind == "sticker" else "image"
    return "audio" if kind == "audio" else "video" if kind == "video" else "file"


def _words(attachment: Attachment) -> ShownAttachment:
    kind, url = _KINDS[attachment.kind], safe_url(attachment.url)
    if url:
        host = urlsplit(url).hostname or ""
        return ShownAttachment("link", kind, attachment.title or host, url, host if attachment.title else "")
    about = "" if attachment.title else "Dit kunnen we hier niet laten zien."
    return ShownAttachment("text", kind, attachment.title, "", about)
