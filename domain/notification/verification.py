"""The proof that a contact reaches its user: a code that was sent there, and came back."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import Final, NamedTuple, Self

from domain.shared.ids import ContactId

CODE_DIGITS: Final = 6  # what people keep in mind from one screen to the other
# Many more than the code holds, so that no digit is noticeably likelier than another
CODE_RANDOM_BYTES: Final = 16
CODE_LIFETIME: Final = timedelta(minutes=15)  # a slow mail server takes ten
# With the limits below at most 25 guesses a day: one in 40,000 is right
TRIES_PER_CODE: Final = 5
RESEND_AFTER: Final = timedelta(minutes=1)
CODES_PER_DAY: Final = 5  # so that nobody's telephone can be made to ring all day
COUNTED_FOR: Final = timedelta(days=1)


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    SPENT = "spent"  # tried too often; a right code does not count any more


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactVerification:
    """The newest code of one contact, and how many were sent since `counted_from`."""

    contact_id: ContactId
    code_hash: bytes = field(repr=False)
    sent_at: datetime
    counted_from: datetime
    codes_sent: int = 1
    tries: int = 0

    @property
    def expires_at(self) -> datetime:
        return self.sent_at + CODE_LIFETIME

    @property
    def tries_left(self) -> int:
        return max(0, TRIES_PER_CODE - self.tries)

    def attempt(self, code: str, *, at: datetime) -> "Attempted":
        """Every try counts, so that no code can be guessed by trying."""
        if at >= self.expires_at:
            return Attempted(self, Verdict.EXPIRED)
        if not self.tries_left:
            return Attempted(self, Verdict.SPENT)
        is_right = compare_digest(_hash(self.contact_id, code), self.code_hash)
        return Attempted(replace(self, tries=self.tries + 1), Verdict.RIGHT if is_right else Verdict.WRONG)

    def wait_before_next(self, *, at: datetime) -> timedelta:
        """How long until another code may be sent; nothing when it may be now."""
        earliest = self.sent_at + RESEND_AFTER
        if self.codes_sent >= CODES_PER_DAY:
            earliest = max(earliest, self.counted_from + COUNTED_FOR)
        return max(timedelta(0), earliest - at)

    def renewed(self, code: str, *, at: datetime) -> Self:
        """With another code in place of the one before. Whoever asks has waited."""
        is_new_day = at >= self.counted_from + COUNTED_FOR
        return replace(
            self,
            code_hash=_hash(self.contact_id, code),
            sent_at=at,
            counted_from=at if is_new_day else self.counted_from,
            codes_sent=1 if is_new_day else self.codes_sent + 1,
            tries=0,
        )


class Attempted(NamedTuple):
    state: ContactVerification
    verdict: Verdict


def first_code_sent(contact_id: ContactId, code: str, *, at: datetime) -> ContactVerification:
    return ContactVerification(contact_id=contact_id, code_hash=_hash(contact_id, code), sent_at=at, counted_from=at)


def code_of(random: bytes) -> str:
    """The code that random bytes make: six digits, zeros in front included."""
    assert len(random) >= CODE_RANDOM_BYTES
    return f"{int.from_bytes(random) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def _hash(contact_id: ContactId, code: str) -> bytes:
    """Of the contact and the code, so that equal codes of two contacts do not look equal."""
    return hashlib.sha256(contact_id.bytes + code.encode(errors="surrogatepass")).digest()
