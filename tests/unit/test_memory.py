"""What a process that has started leaves to the collector."""

import gc
from collections.abc import Iterator

import pytest

from entrypoints.memory import YOUNG, settle


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_start_up_made_is_in_no_later_collection() -> None:
    settle()

    assert gc.get_freeze_count() > 0


def test_young_objects_are_looked_at_seldom_and_old_ones_as_before() -> None:
    older = gc.get_threshold()[1:]

    settle()

    assert gc.get_threshold() == (YOUNG, *older)
