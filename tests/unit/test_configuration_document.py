"""What is written about the settings is what the code reads."""

import re
from pathlib import Path
from typing import Final

from msgspec.structs import fields

from entrypoints.settings import OTHERS, PREFIX, Settings, document

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENT: Final = ROOT / "docs" / "configuration.md"
NAMES: Final = {PREFIX + field.name.upper() for field in fields(Settings)}
_VARIABLE: Final = re.compile(rf"\b{PREFIX}[A-Z][A-Z0-9_]*\b")


def test_the_document_holds_the_table_that_the_settings_print() -> None:
    assert document() in DOCUMENT.read_text(), (
        "replace the table in docs/configuration.md by the output of `python -m entrypoints.settings`"
    )


def test_the_document_names_the_variables_that_are_read_elsewhere() -> None:
    text = DOCUMENT.read_text()
    assert {name for name in OTHERS if f"`{name}`" not in text} == set()


def test_every_variable_of_the_containers_is_a_setting() -> None:
    """A name that is no setting stops the start, in a container as anywhere."""
    for path in ("compose.yaml", "infra/docker/Dockerfile"):
        used = {name.removesuffix("_FILE") for name in _VARIABLE.findall((ROOT / path).read_text())}
        assert used, f"{path} sets nothing"
        assert used - NAMES == set(), path
