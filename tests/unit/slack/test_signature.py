import hmac
from datetime import UTC, datetime, timedelta

import pytest

from adapters.inbound.slack.signature import is_from_slack

# A vector computed with another implementation.
SECRET = "8f1d0c2b3a4e5f60718293a4b5c6d7e8"
TIMESTAMP = "1795425248"
NOW = datetime.fromtimestamp(1795425248, UTC)
BODY = (
    b"command=%2Fincident&text=ack+412&user_id=U0AAA111&team_id=T0BBB222&channel_id=C0CCC333"
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0BBB222%2F1%2Fx&trigger_id=1.2.abc"
)
SIGNATURE = "v0=c860d41ad919b0429d820b6d63b5bd91c5be1bc698b7f78d15a6fc3b9aca3568"


def verified(
    body: bytes = BODY,
    *,
    timestamp: str | None = TIMESTAMP,
    signature: str | None = SIGNATURE,
    secrets: tuple[str, ...] = (SECRET,),
    now: datetime = NOW,
) -> bool:
    return is_from_slack(body, timestamp=timestamp, signature=signature, secrets=secrets, now=now)


def test_the_vector_is_from_slack() -> None:
    assert verified()


def test_another_body_signature_or_timestamp_is_not() -> None:
    assert not verified(BODY + b"x")
    assert not verified(signature=SIGNATURE[:-1] + "9")
    assert not verified(signature=SIGNATURE.upper())
    assert not verified(signature=SIGNATURE.removeprefix("v0="))
    assert not verified(timestamp="1795425249")


def test_either_secret_is_valid_while_one_replaces_the_other() -> None:
    assert verified(secrets=("new", SECRET))
    assert verified(secrets=(SECRET, "new"))
    assert not verified(secrets=("new",))
    assert not verified(secrets=())


def test_an_empty_secret_never_verifies() -> None:
    signed_with_nothing = "v0=" + hmac.digest(b"", f"v0:{TIMESTAMP}:".encode() + BODY, "sha256").hex()
    assert not verified(signature=signed_with_nothing, secrets=("",))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_recent(seconds: int) -> None:
    assert verified(now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_more_than_five_minutes_are_a_replay(seconds: int) -> None:
    assert not verified(now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "timestamp",
    [None, "", "x", "1795425248.0", " 1795425248", "-1795425248", "1e9", "٣", "²", "9" * 400, "1_795_425_248"],
)
def test_a_timestamp_that_is_no_integer_is_refused_quietly(timestamp: str | None) -> None:
    assert not verified(timestamp=timestamp)


@pytest.mark.parametrize("signature", [None, "", "v0=", "v0=é", "\udcff", "v1=" + SIGNATURE[3:]])
def test_a_signature_that_is_none_is_refused_quietly(signature: str | None) -> None:
    assert not verified(signature=signature)


def test_a_body_that_is_not_text_is_refused_quietly() -> None:
    assert not verified(b"\xff\xfe")
