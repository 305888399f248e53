"""That the fuzzer itself finds what it is there for, and a few cases of each target. `make fuzz` runs it for longer."""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st

from domain.alert.alert_event import AlertEvent
from tests.fuzz import guided, translations
from tests.fuzz.run import run_batch
from tests.fuzz.targets import Check, HangError, Target, at_most, targets
from tests.property.intake.test_translators import TRANSLATORS


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


def test_every_translator_begins_with_every_recorded_body(tmp_path: Path) -> None:
    translations.write_corpus(tmp_path)
    begun = [translations.decoded(case.read_bytes()) for case in tmp_path.iterdir()]

    assert len(begun) == len(TRANSLATORS) * len(translations.RECORDED)
    assert all((translate, body) in begun for translate in TRANSLATORS for body in translations.RECORDED)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff", b"\xff{}"])
def test_any_bytes_are_a_case(data: bytes) -> None:
    translations.examine(data)


def test_what_a_translator_should_not_raise_is_found_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(body: bytes) -> list[AlertEvent]:
        raise KeyError(body)

    monkeypatch.setattr(translations, "TRANSLATORS", [broken])

    with pytest.raises(KeyError):
        translations.examine(translations.coded(0, b"{}"))


@pytest.mark.skipif(not guided.is_possible(), reason="`make fuzz` installs it, where there are wheels of it")
def test_a_second_that_is_guided_finds_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", "--seconds", "1", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=guided.GRACE_SECONDS,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert guided.cases_in(ended.stderr) > len(translations.RECORDED)
