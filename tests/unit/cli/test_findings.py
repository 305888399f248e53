from datetime import timedelta

import pytest

from adapters.outbound.postgres.sealed import Sealing
from domain.notification.contact import Channel
from entrypoints.doctor import (
    backlog_finding,
    check_channels,
    check_redis,
    check_settings,
    clock_finding,
    sealing_finding,
)
from entrypoints.doctor import time_zone_finding as zones
from entrypoints.settings import Settings


@pytest.mark.parametrize(("seconds", "verdict"), [(0, "ok"), (2, "ok"), (-2, "ok"), (2.001, "warn"), (-3, "warn")])
def test_clocks_may_differ_by_two_seconds(seconds: float, verdict: str) -> None:
    assert clock_finding(timedelta(seconds=seconds)).verdict == verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(0, "ok"), (30, "ok"), (31, "warn"), (300, "warn"), (301, "fail")])
def test_a_backlog_is_as_bad_as_its_oldest_message(seconds: int, verdict: str) -> None:
    late = {Channel.EMAIL: timedelta(seconds=1), Channel.SLACK: timedelta(seconds=seconds)}
    assert backlog_finding(late).verdict == verdict
    assert backlog_finding({}).verdict == "ok"


def test_time_zones_of_the_host_are_pointed_out() -> None:
    assert zones("tzdata 2026.3", []).verdict == "ok"
    finding = zones("tzdata 2026.3", ["/usr/share/zoneinfo"])
    assert finding.verdict == "warn"
    assert "PYTHONTZPATH" in finding.hint


async def test_a_secret_key_must_be_set() -> None:
    assert (await check_settings(Settings(secret_key="k" * 32))).verdict == "ok"
    finding = await check_settings(Settings())
    assert finding.verdict == "fail"
    assert "openssl rand" in finding.hint


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (Sealing(), "ok", "none lies clear"),
        (Sealing(clear=3), "warn", "3 lie clear"),
        (Sealing(clear=3, outdated=2), "warn", "2 are sealed under the secret key before"),
        (Sealing(clear=3, outdated=2, unreadable=1), "fail", "1 stored secrets cannot be read"),
    ],
)
def test_of_stored_secrets_the_worst_is_said_first(found: Sealing, verdict: str, said: str) -> None:
    finding = sealing_finding(found)
    assert finding.verdict == verdict
    assert said in finding.detail


async def test_channels_that_are_not_set_up_are_named() -> None:
    every = Settings(smtp_host="mail", slack_token="xoxb", ntfy_url="https://ntfy.test", twilio_account_sid="AC1")
    assert (await check_channels(every)).verdict == "ok"
    finding = await check_channels(Settings(smtp_host="mail", twilio_account_sid="AC1"))
    assert finding.verdict == "warn"
    assert finding.detail.startswith("Slack and ntfy not set up")
    assert "TOCSIN_NTFY_URL" in finding.hint
    assert "TOCSIN_SMTP_HOST" not in finding.hint


async def test_without_redis_nothing_is_lost() -> None:
    assert (await check_redis(Settings())).verdict == "ok"
    assert (await check_redis(Settings(redis_url="redis://127.0.0.1:1/0"))).verdict == "warn"
    assert (await check_redis(Settings(redis_url="nonsense"))).verdict == "fail"
