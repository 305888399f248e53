from datetime import UTC, datetime

import pytest

from adapters.inbound.intake.timestamps import parse

SECOND = datetime(2026, 11, 23, 9, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T09:02:11Z",
        "2026-11-23T09:02:11z",
        "2026-11-23t09:02:11Z",
        "2026-11-23 09:02:11Z",
        " 2026-11-23T09:02:11Z\n",
        "2026-11-23T09:02:11+00:00",
        "2026-11-23T09:02:11+0000",
        "2026-11-23T09:02:11+00:00Z",
        "2026-11-23T10:02:11+01:00",
        "2026-11-23T04:02:11-0500",
        "2026-11-23T09:02:11",
        "2026-11-23T09:02:11.0Z",
        "2026-11-23T09:02:11.000000000Z",
    ],
)
def test_one_instant_in_the_spellings_of_senders(written: str) -> None:
    assert parse(written) == SECOND


@pytest.mark.parametrize(
    ("fraction", "microseconds"),
    [(".1", 100_000), (".054", 54_000), (".123456", 123_456), (".1234567", 123_456), (".999999999", 999_999)],
)
def test_fractions_of_up_to_nine_digits(fraction: str, microseconds: int) -> None:
    assert parse(f"2026-11-23T09:02:11{fraction}+0000") == SECOND.replace(microsecond=microseconds)


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00Z",  # Go's zero time
        "0001-01-01T00:00:00+01:00",  # the same, before year 1 in UTC
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "",
        "yesterday",
        "2026-11-23",
        "20261123T090211Z",
        "2026-W48-1T09:02:11Z",
        "2026-02-30T09:02:11Z",
        "2026-11-23T09:02:11ZZ",
        None,
        1795425248,
        ["2026-11-23T09:02:11Z"],
    ],
)
def test_what_is_not_set_or_no_instant_is_none(written: object) -> None:
    assert parse(written) is None
