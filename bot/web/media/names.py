"""Words of strangers, made fit to be read: names of people and files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bot.model import AttachmentKind
from bot.web.media.kinds import ending

MAX_FILE_NAME_CHARS = 100
# Joiners that emoji and some languages need; other invisible characters can turn a text around.
_JOINERS = "\u200c\u200d"
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|]')
_WORDS: dict[AttachmentKind, str] = {
    "image": "foto",
    "audio": "spraakbericht",
    "video": "video",
    "sticker": "sticker",
}


def clean(text: str, max_chars: int) -> str:
    """`text` on one line, without what is invisible or changes the direction of reading."""
    kept = (char if char in _JOINERS or unicodedata.category(char) not in _HIDDEN else " " for char in text)
    return " ".join("".join(kept).split())[:max_chars].strip()


def file_name(kind: AttachmentKind, url: str, content_type: str) -> str:
    """What a copy is called when an agent saves it. Only a document keeps the name that it came with."""
    if kind in _WORDS:
        return f"{_WORDS[kind]}.{ending(content_type)}"
    given = clean(unquote(urlsplit(url).path.rpartition("/")[2], errors="replace"), 1000)
    path = PurePosixPath(_NOT_IN_FILE_NAMES.sub("_", given))
    stem = path.stem.strip(". ")
    if not stem:
        return f"bestand.{ending(content_type)}"
    end = path.suffix[:12]
    return stem[: MAX_FILE_NAME_CHARS - len(end)] + end
