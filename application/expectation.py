from uuid import UUID

from application.errors import ConflictError


def require_version(noun: str, key: UUID, *, expected: int | None, stored: int) -> None:
    """Raises `ConflictError` when the one who writes had read another version; None had not said which."""
    if expected is not None and expected != stored:
        raise ConflictError(noun, key)
