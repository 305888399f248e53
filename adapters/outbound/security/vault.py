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
    def __init__(self, server_secret: bytes, randomness: Randomness) -> None:
        self._cipher = AESGCM(derived_key(server_secret, "vault"))
        self._randomness = randomness

    def seal(self, secret: str, *, owner: UUID) -> bytes:
        nonce = self._randomness.secret(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.bytes)

    def open(self, sealed: bytes, *, owner: UUID) -> str:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.bytes).decode()
        except (InvalidTag, ValueError):
            raise PermanentPortError("a stored secret cannot be read: TOCSIN_SECRET_KEY has changed") from None
