"""The one error of our own that a component raises; for a wrong option it is Rasa's InvalidConfigException."""

from rasa.shared.exceptions import RasaException


class ModelMismatchError(RasaException):
    """The model was trained with another spaCy pipeline or sentence encoder than the one found now."""

    def __init__(self, part: str, *, trained_with: str, found: str) -> None:
        super().__init__(
            f"This model was trained with {part} {trained_with!r}, but {found!r} is what is installed here. "
            "Train again (make train), or install what it was trained with."
        )
