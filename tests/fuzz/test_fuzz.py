"""That the fuzzer itself finds what it is there for, and a few cases of each target. `make fuzz` runs it for longer."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import strategies as st

from tests.fuzz.run import run_batch
from tests.fuzz.targets import Check, HangError, Target, at_most, targets


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_a_few_cases_of_each_target(target: Target) -> None:
    run_batch(target, 1, cases=15)


def test_what_raises_is_found() -> None:
    @contextmanager
    def opened() -> Iterator[Check]:
        def check(body: bytes) -> None:
            assert b"\x00" not in body

        yield check

    with pytest.raises(AssertionError):
        run_batch(Target("broken", st.binary(max_size=20), opened), 1)


def test_what_does_not_end_is_found() -> None:
    began = time.monotonic()
    with pytest.raises(HangError), at_most(1):
        for _ in itertools.count():
            pass
    assert time.monotonic() - began < 10
