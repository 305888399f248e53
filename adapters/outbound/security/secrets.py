"""New secrets, keys derived from the server's one secret, and refresh tokens.

An API key has the form that scanners for leaked secrets are used to: a prefix, random characters, a checksum.
"""

import base64
import hmac
import zlib
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from typing import Final, Self
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.errors import UnauthenticatedError
from application.ports.randomness import Randomness
from application.ports.tokens import RefreshTokens, SecretFactory
from domain.shared.ids import SessionId

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_READABLE: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # without those that look or sound like another

API_KEY_PREFIX: Final = "tsk_"
_API_KEY_BYTES: Final = 20  # 160 bits
_CHECKSUM_CHARACTERS: Final = 6  # of base 62 hold a CRC-32
_SETUP_BYTES: Final = 20
_WEBHOOK_BYTES: Final = 32  # Standard Webhooks allows 24 to 64
_CALENDAR_BYTES: Final = 16  # 128 bits, in an address that people copy
_PASSWORD_GROUPS: Final = 6
_PASSWORD_GROUP_CHARACTERS: Final = 5  # 30 characters of 31 letters: 148 bits

REFRESH_PREFIX: Final = "tsr_"
_SESSION_BYTES: Final = 16
_CHAIN_BYTES: Final = 32
SEAL_BYTES: Final = 16  # 128 bits of the HMAC (RFC 2104, section 5)
_REFRESH_BYTES: Final = _SESSION_BYTES + _CHAIN_BYTES + SEAL_BYTES

SERVER_SECRET_BYTES_MIN: Final = 32


def derived_key(secret: bytes, label: str) -> bytes:
    """32 bytes for one purpose (RFC 5869), which tell nothing of the secret or of those for another label."""
    if len(secret) < SERVER_SECRET_BYTES_MIN:
        raise ValueError(f"the server's secret has {len(secret)} bytes, and needs {SERVER_SECRET_BYTES_MIN}")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tocsin {label}".encode()).derive(secret)


def secrets_known(secret: bytes, previous: bytes | None) -> tuple[bytes, ...]:
    """The server's secret, and the one before where there is one."""
    return (secret,) if previous is None else (secret, previous)


def seal_of(body: bytes, key: bytes) -> bytes:
    """What only who has the key can make, to stand behind the body."""
    return hmac.digest(key, body, "sha256")[:SEAL_BYTES]


def is_sealed(body: bytes, seal: bytes, keys: Iterable[bytes]) -> bool:
    """Whether one of the keys made the seal of the body. In constant time for each of them."""
    return any(hmac.compare_digest(seal, seal_of(body, key)) for key in keys)


def base62(value: bytes) -> str:
    """As many characters for every value of the same size."""
    return _digits(int.from_bytes(value), _width(len(value)))


def from_base62(text: str, size_bytes: int) -> bytes:
    """Raises `ValueError` unless it is what `base62` makes of so many bytes."""
    if len(text) != _width(size_bytes):
        raise ValueError("not as long as it must be")
    number = 0
    for character in text:
        number = number * 62 + _BASE62.index(character)
    try:
        return number.to_bytes(size_bytes)
    except OverflowError as error:
        raise ValueError("more than the bytes can hold") from error


def checksum(text: str) -> str:
    """Tells a mistyped or made-up key from a real one without asking the storage."""
    return _digits(zlib.crc32(text.encode()), _CHECKSUM_CHARACTERS)


def is_api_key(text: str) -> bool:
    """Whether it has the form of one, checksum included."""
    body = text.removeprefix(API_KEY_PREFIX)
    if body == text or len(body) != _width(_API_KEY_BYTES) + _CHECKSUM_CHARACTERS:
        return False
    return checksum(text[:-_CHECKSUM_CHARACTERS]) == text[-_CHECKSUM_CHARACTERS:]


def _digits(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def _width(size_bytes: int) -> int:
    """The characters of base 62 that hold so many bytes."""
    width = 0
    while 62**width < 256**size_bytes:
        width += 1
    return width


@dataclass(frozen=True, slots=True)
class RandomSecretFactory(SecretFactory):
    randomness: Randomness

    def api_key(self) -> str:
        key = API_KEY_PREFIX + base62(self.randomness.secret(_API_KEY_BYTES))
        return key + checksum(key)

    def integration_key(self) -> str:
        return self.randomness.secret(16).hex()

    def setup_secret(self) -> str:
        return base62(self.randomness.secret(_SETUP_BYTES))

    def webhook_secret(self) -> str:
        return "whsec_" + base64.b64encode(self.randomness.secret(_WEBHOOK_BYTES)).decode()

    def calendar_token(self) -> str:
        return base62(self.randomness.secret(_CALENDAR_BYTES))

    def password(self) -> str:
        characters = _PASSWORD_GROUPS * _PASSWORD_GROUP_CHARACTERS
        # Many more random bytes than the password holds, so that no letter is noticeably likelier than another.
        number = int.from_bytes(self.randomness.secret(characters))
        letters = ""
        for _ in range(characters):
            number, letter = divmod(number, len(_READABLE))
            letters += _READABLE[letter]
        starts = range(0, characters, _PASSWORD_GROUP_CHARACTERS)
        return "-".join(letters[start : start + _PASSWORD_GROUP_CHARACTERS] for start in starts)


@dataclass(frozen=True, slots=True)
class HmacRefreshTokens(RefreshTokens):
    """A token is its session's id, a link of the session's chain, and a seal over both.

    The next link is a keyed hash of this one: whoever repeats a token is answered with the same successor, although
    only hashes are stored. The seal keeps strangers who know a session's id from ending it with a made-up token.
    """

    secret: InitVar[bytes]
    randomness: Randomness
    previous: InitVar[bytes | None] = None
    _keys: tuple["_RefreshKeys", ...] = field(init=False, repr=False)  # the first of them seals what is new

    def __post_init__(self, secret: bytes, previous: bytes | None) -> None:
        object.__setattr__(self, "_keys", tuple(map(_RefreshKeys.derive, secrets_known(secret, previous))))

    def first(self, session_id: SessionId) -> str:
        return self._keys[0].sealed(session_id.bytes + self.randomness.secret(_CHAIN_BYTES))

    def successors(self, token: str) -> tuple[str, ...]:
        body = self._opened(token)
        return tuple(keys.sealed(body[:_SESSION_BYTES] + keys.next_link(body)) for keys in self._keys)

    def session_of(self, token: str) -> SessionId:
        return SessionId(UUID(bytes=self._opened(token)[:_SESSION_BYTES]))

    def _opened(self, token: str) -> bytes:
        try:
            whole = from_base62(token.removeprefix(REFRESH_PREFIX), _REFRESH_BYTES)
        except ValueError:
            raise UnauthenticatedError("the session has ended; log in again") from None
        body, seal = whole[:-SEAL_BYTES], whole[-SEAL_BYTES:]
        is_ours = is_sealed(body, seal, (keys.seal for keys in self._keys))
        if not token.startswith(REFRESH_PREFIX) or not is_ours:
            raise UnauthenticatedError("the session has ended; log in again")
        return body


@dataclass(frozen=True, slots=True)
class _RefreshKeys:
    chain: bytes
    seal: bytes

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        return cls(derived_key(secret, "refresh token chain"), derived_key(secret, "refresh token seal"))

    def next_link(self, body: bytes) -> bytes:
        return hmac.digest(self.chain, body, "sha256")

    def sealed(self, body: bytes) -> str:
        return REFRESH_PREFIX + base62(body + seal_of(body, self.seal))
