"""What a trained model says of itself, readable without loading its weights.

Every component writes its lines beside its weights; in the model archive they are components/<node>/card.json.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

CARD_FILE = "card.json"
RASA_METADATA_FILE = "metadata.json"
RASA_FIELDS = ("trained_at", "model_id", "rasa_open_source_version", "language")


def write_card(directory: Path, lines: dict[str, Any]) -> None:
    """Write one component's `lines` beside its weights. Two components must not use the same name for a line."""
    (directory / CARD_FILE).write_text(json.dumps(lines, indent=2, ensure_ascii=False), encoding="utf-8")


def read_own_card(directory: Path) -> dict[str, Any]:
    """Read what `write_card` wrote to `directory`."""
    lines: dict[str, Any] = json.loads((directory / CARD_FILE).read_text(encoding="utf-8"))
    return lines


def read_model_card(archive: Path) -> dict[str, Any]:
    """Return the lines of all components of a Rasa model (.tar.gz), and Rasa's own about when it was trained.

    Raises ValueError if `archive` is no Rasa model; OSError if it cannot be read.
    """
    card: dict[str, Any] = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = Path(member.name).name
                if name == CARD_FILE:
                    card.update(_read_json(tar, member))
                elif member.name == RASA_METADATA_FILE:
                    metadata = _read_json(tar, member)
                    card.update({field: metadata.get(field) for field in RASA_FIELDS})
    except (tarfile.TarError, EOFError) as exc:
        raise ValueError(f"{archive} is not a Rasa model: {exc}") from exc
    if "model_id" not in card:
        raise ValueError(f"{archive} is not a Rasa model: it has no {RASA_METADATA_FILE}.")
    return card


def _read_json(tar: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    file = tar.extractfile(member)
    if file is None:  # a directory of that name
        return {}
    with file:
        content: dict[str, Any] = json.load(file)
    return content
