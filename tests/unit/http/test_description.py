"""`docs/openapi.json` is what the code says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrypoints import openapi


def test_the_committed_description_is_what_the_code_says() -> None:
    assert openapi.described() == openapi.PATH.read_bytes(), "run `make openapi`"


def test_the_check_notices_a_difference_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(openapi, "PATH", tmp_path / "openapi.json")
    assert openapi.main(["--check"]) == 1
    assert "make openapi" in capsys.readouterr().err
    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0
    (tmp_path / "openapi.json").write_text("{}")
    assert openapi.main(["--check"]) == 1


def test_everything_that_it_refers_to_is_there() -> None:
    document = msgspec.json.decode(openapi.described())
    for reference in set(references(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def references(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"]
        for member in document.values():
            yield from references(member)
    elif isinstance(document, list):
        for member in document:
            yield from references(member)
