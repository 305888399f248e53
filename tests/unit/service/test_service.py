from dataclasses import replace

import pytest

from domain.shared.errors import InvalidValueError
from tests.support.builders import MINUTE, NOON, a_service, an_integration

OLD, NEW, OTHER = an_integration().key_hash, b"new", b"other"


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_service_and_an_integration_have_names_of_a_sensible_length(name: str) -> None:
    with pytest.raises(InvalidValueError, match="name"):
        replace(a_service(), name=name)
    with pytest.raises(InvalidValueError, match="name"):
        replace(an_integration(), name=name)


def test_a_description_may_be_empty_but_not_endless() -> None:
    assert replace(a_service(), description="").description == ""
    with pytest.raises(InvalidValueError, match="description"):
        replace(a_service(), description="x" * 4001)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://example.test", "example.test", ""])
def test_a_runbook_is_on_the_web(url: str) -> None:
    with pytest.raises(InvalidValueError, match="runbook_url"):
        replace(a_service(), runbook_url=url)


@pytest.mark.parametrize("url", ["https://example.test/a", "http://wiki/a", None])
def test_a_runbook_on_the_web_is_fine_and_so_is_none(url: str | None) -> None:
    assert replace(a_service(), runbook_url=url).runbook_url == url


def test_an_integration_accepts_its_own_key_alone() -> None:
    assert an_integration().accepts(OLD, at=NOON)
    assert not an_integration().accepts(OTHER, at=NOON)


def test_a_rotated_key_is_good_until_the_overlap_ends() -> None:
    rotated = an_integration().rotate_key(NEW, overlap_ends_at=NOON)

    assert rotated.accepts(NEW, at=NOON + MINUTE)
    assert rotated.accepts(OLD, at=NOON - MINUTE)
    assert not rotated.accepts(OLD, at=NOON)


def test_only_the_last_key_overlaps() -> None:
    twice = an_integration().rotate_key(NEW, overlap_ends_at=NOON).rotate_key(OTHER, overlap_ends_at=NOON + MINUTE)

    assert twice.accepts(NEW, at=NOON)
    assert not twice.accepts(OLD, at=NOON - MINUTE)
