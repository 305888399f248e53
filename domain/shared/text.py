from domain.shared.errors import InvalidValueError


def require_length(field: str, value: str, *, least: int = 1, most: int) -> None:
    """Raises `InvalidValueError` when the text, without the white space around it, is too short or too long."""
    length = len(value.strip())
    if not least <= length <= most:
        raise InvalidValueError(field, f"has {length} characters, allowed are {least} to {most}")
