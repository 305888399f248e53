"""What a password must be (OWASP ASVS 5.0, 6.2): long, not the person's own name, anything else the person likes."""

from typing import Final

from domain.shared.errors import InvalidValueError

PASSWORD_CHARACTERS_MIN: Final = 12  # ASVS 6.2.1 demands 8 and recommends 15
PASSWORD_CHARACTERS_MAX: Final = 256  # ASVS 6.2.9 demands 64 at least; a limit keeps one login from costing seconds


def require_password(password: str, *, email: str) -> None:
    """Raises `InvalidValueError` when the password is too short, too long or the log-in name itself."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise InvalidValueError(
            "password",
            f"has {len(password)} characters, allowed are {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX}",
        )
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise InvalidValueError("password", "must be whole characters")
    if password.strip().lower() in {email, email.partition("@")[0]}:
        raise InvalidValueError("password", "must not be the e-mail address")
