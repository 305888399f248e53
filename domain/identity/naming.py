import unicodedata

from domain.shared.errors import InvalidValueError
from domain.shared.limits import NAME_CHARACTERS
from domain.shared.text import require_length


def require_name(field: str, value: str, *, least: int = 1) -> None:
    """Raises `InvalidValueError` for a wrong length, or what no storage and no terminal takes well."""
    require_length(field, value, least=least, most=NAME_CHARACTERS)
    require_text(field, value)


def require_text(field: str, value: str) -> None:
    """Raises `InvalidValueError` for control characters and halves of surrogate pairs."""
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise InvalidValueError(field, "must not contain control characters")
