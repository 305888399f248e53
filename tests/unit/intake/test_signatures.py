import hmac
from datetime import timedelta

import pytest

from adapters.inbound.intake.sent import Sent
from adapters.inbound.intake.signatures import (
    GRAFANA_SIGNATURE,
    GRAFANA_TIMESTAMP,
    SENTRY_SIGNATURE,
    TOLERANCE,
    is_from_grafana,
    is_from_sentry,
)
from tests.support.oncall import utc

SENTRY_SECRET = "sentry-client-secret"
SENTRY_BODY = b'{"action":"triggered"}'
SENTRY_DIGEST = "2a8a14366488082beadb8f28d6ce93e74ac35a27ab3f272b667e232c6239d38d"
GRAFANA_SECRET = "grafana-secret"
GRAFANA_BODY = b'{"receiver":"core"}'
GRAFANA_DIGEST = "3890dad30793fbee3627eccf3de31793915aa52008be89643ab50ee92d432c5f"
SIGNED_AT = "1795425248"
NOW = utc("2026-11-23 09:14:08")  # the same instant


def from_sentry(body: bytes = SENTRY_BODY, signature: str = SENTRY_DIGEST) -> Sent:
    return Sent(body=body, received_at=NOW, headers={SENTRY_SIGNATURE: signature}, query="")


def from_grafana(
    body: bytes = GRAFANA_BODY,
    signature: str = GRAFANA_DIGEST,
    timestamp: str | None = SIGNED_AT,
    after: timedelta = timedelta(0),
) -> Sent:
    headers = {GRAFANA_SIGNATURE: signature} | ({} if timestamp is None else {GRAFANA_TIMESTAMP: timestamp})
    return Sent(body=body, received_at=NOW + after, headers=headers, query="")


def test_what_sentry_signed_is_from_sentry() -> None:
    assert is_from_sentry(from_sentry(), [SENTRY_SECRET])


def test_what_grafana_signed_with_its_time_is_from_grafana() -> None:
    assert is_from_grafana(from_grafana(), [GRAFANA_SECRET])


def test_grafana_may_sign_without_a_time() -> None:
    digest = hmac.digest(GRAFANA_SECRET.encode(), GRAFANA_BODY, "sha256").hex()
    assert is_from_grafana(from_grafana(signature=digest, timestamp=None), [GRAFANA_SECRET])
    assert not is_from_grafana(from_grafana(signature=digest), [GRAFANA_SECRET])  # the time is not what was signed


def test_either_of_two_secrets_will_do_while_one_replaces_the_other() -> None:
    assert is_from_sentry(from_sentry(), ["the new one", SENTRY_SECRET])
    assert is_from_sentry(from_sentry(), [SENTRY_SECRET, "the old one"])
    assert not is_from_sentry(from_sentry(), ["the new one", "the old one"])
    assert not is_from_sentry(from_sentry(), [])


@pytest.mark.parametrize("body", [b"", SENTRY_BODY + b" ", b'{"action": "triggered"}'])
def test_the_bytes_are_what_is_signed_and_not_what_they_mean(body: bytes) -> None:
    assert not is_from_sentry(from_sentry(body), [SENTRY_SECRET])


@pytest.mark.parametrize("signature", ["", "0" * 64, SENTRY_DIGEST[:-1], SENTRY_DIGEST.upper(), "\xe9\udce9"])
def test_any_other_signature_is_none(signature: str) -> None:
    assert not is_from_sentry(from_sentry(signature=signature), [SENTRY_SECRET])


def test_without_a_signature_it_is_nobodys() -> None:
    bare = Sent(body=SENTRY_BODY, received_at=NOW, headers={}, query="")
    assert not is_from_sentry(bare, [SENTRY_SECRET])
    assert not is_from_grafana(bare, [GRAFANA_SECRET])


def test_what_was_signed_over_five_minutes_from_now_may_be_a_replay() -> None:
    for within in (TOLERANCE, -TOLERANCE):
        assert is_from_grafana(from_grafana(after=within), [GRAFANA_SECRET])
    for beyond in (TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)):
        assert not is_from_grafana(from_grafana(after=beyond), [GRAFANA_SECRET])


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1" * 13, "\u0661795425248"])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    assert not is_from_grafana(from_grafana(timestamp=timestamp), [GRAFANA_SECRET])
