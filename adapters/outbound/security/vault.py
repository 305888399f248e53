"""AES-256-GCM (NIST SP 800-38D) under a key that is derived from the server's secret for this alone."""

from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.outbound.security.secrets import derived_key
from application.ports.errors import PermanentPortError
from application.ports.randomness import Randomness
from application.ports.vault import Vault

_NONCE_BYTES: Final = 12  # SP 800-38D 8.2.2: random nonces of 96 bits, for fewer than 2^32 secrets


class SealedVault(Vault):
    """Seals under the server's secret, and opens what was sealed under it or under the one before."""

    def __init__(self, server_secret: bytes, randomness: Randomness, *, previous: bytes | None = None) -> None:
        self._cipher = _cipher_of(server_secret)
        self._previous = None if previous is None else _cipher_of(previous)
        self._randomness = randomness

    def seal(self, secret: str, *, owner: UUID) -> bytes:
        nonce = self._randomness.secret(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.bytes)

    def open(self, sealed: bytes, *, owner: UUID) -> str:
        secret = _opened(self._cipher, sealed, owner)
        return self._opened_as_before(sealed, owner) if secret is None else secret

    def renewed(self, sealed: bytes, *, owner: UUID) -> bytes | None:
        if _opened(self._cipher, sealed, owner) is not None:
            return None
        return self.seal(self._opened_as_before(sealed, owner), owner=owner)

    def _opened_as_before(self, sealed: bytes, owner: UUID) -> str:
        secret = None if self._previous is None else _opened(self._previous, sealed, owner)
        if secret is None:
            reason = "TOCSIN_SECRET_KEY has changed, and TOCSIN_SECRET_KEY_PREVIOUS is not what it was"
            raise PermanentPortError(f"a stored secret cannot be read: {reason}")
        return secret


def _cipher_of(server_secret: bytes) -> AESGCM:
    return AESGCM(derived_key(server_secret, "vault"))


def _opened(cipher: AESGCM, sealed: bytes, owner: UUID) -> str | None:
    """None: not sealed under this key for this owner, or altered."""
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.bytes).decode()
    except (InvalidTag, ValueError):
        return None
