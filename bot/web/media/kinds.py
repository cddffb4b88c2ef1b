"""What a file is, by its first bytes: whoever sent it may say anything about it."""

from __future__ import annotations

# What nothing is known about; a browser saves it and never shows it.
UNKNOWN = "application/octet-stream"
# How many of the first bytes `content_type` looks at.
HEAD_BYTES = 16

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
# Of MP4: the word behind `ftyp`. HEIC pictures have the same container, and no browser shows them.
_M4A = (b"M4A ", b"M4B ")
_MP4 = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash", b"qt  ")
# The same container may have sound alone.
_AS_AUDIO = {"video/mp4": "audio/mp4", "video/webm": "audio/webm"}
_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "audio/webm": "webm",
    "video/webm": "webm",
    "video/mp4": "mp4",
    UNKNOWN: "bin",
}


def content_type(head: bytes, *, is_audio: bool) -> str:
    """One of a few types that are safe to show or play, `application/pdf`, or UNKNOWN.

    head: at least HEAD_BYTES of the file, if it has that many. is_audio: the platform calls it a recording.
    """
    found = _by_beginning(head)
    return _AS_AUDIO.get(found, found) if is_audio else found


def ending(kind: str) -> str:
    """What a file name of this type ends with, without a dot."""
    return _ENDINGS[kind]


def is_shown(kind: str) -> bool:
    """Whether a browser shows or plays it in a page; the rest is saved."""
    return kind.startswith(("image/", "audio/", "video/"))


def _by_beginning(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "audio/mp4" if brand in _M4A else "video/mp4" if brand in _MP4 else UNKNOWN
    return next((kind for beginning, kind in _BEGINNINGS if head.startswith(beginning)), UNKNOWN)
