"""An integration's key: 128 random bits, so that a plain SHA-256 keeps it (OWASP ASVS 5.0, 6.5.2).

As text it has the form of a PagerDuty integration key, 32 characters, which is what senders' forms accept.
"""

from typing import Final, NamedTuple

from application.ports.randomness import Randomness
from domain.service.integration import Integration

KEY_BYTES: Final = 16


class IssuedIntegration(NamedTuple):
    """An integration with its new key, which nobody can be shown again."""

    integration: Integration
    key: str


def new_key(randomness: Randomness) -> str:
    """32 lower-case hexadecimal characters that nobody can guess."""
    return randomness.secret(KEY_BYTES).hex()
