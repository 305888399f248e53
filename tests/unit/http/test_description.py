"""`docs/openapi.json` is what the code says."""

from pathlib import Path

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
