"""What the documents point at is there: files, headings, tests and verbs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from adapters.outbound.postgres.tables import metadata

ROOT: Final = Path(__file__).resolve().parents[2]
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"^(```|~~~).*?^\1[^\S\n]*$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_TEST_FILE: Final = re.compile(r"[\w/]*test_\w+\.py")
_TEST_FOLDER: Final = re.compile(r"tests/[\w/]+/")
_TEST: Final = re.compile(r"test_\w+|Test\w+")
_VERB: Final = re.compile(r"(?:^|[`\s$])make ([a-z][a-z-]*)")
_TARGET: Final = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_TABLE_INDEX: Final = re.compile(r"`(\w+_(?:pkey|key|idx|excl))`")


def documents() -> list[Path]:
    """Those of the repository, and none of what is installed in it."""
    made = {"mutants"}  # by `make mutation`
    folders = [
        path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".") and path.name not in made
    ]
    return sorted((*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))))


def prose(path: Path) -> str:
    """Without code blocks, whose brackets and hashes are no links and no headings."""
    return _FENCE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = (heading.replace("`", "").lower() for heading in _HEADING.findall(prose(path)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def dangling(path: Path) -> Iterator[str]:
    for link in _LINK.findall(prose(path)):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def test_there_are_documents() -> None:
    """Whatever looks at all of them would pass if none were found."""
    assert len(documents()) >= 20


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    assert list(dangling(path)) == []


def test_every_test_file_that_the_promises_name_exists() -> None:
    named = {name for code in _CODE.findall(domain_document()) for name in _TEST_FILE.findall(code)}
    folders = {name for code in _CODE.findall(domain_document()) for name in _TEST_FOLDER.findall(code)}
    assert named
    assert {name for name in named if not list(ROOT.glob(f"tests/**/{name.removeprefix('tests/')}"))} == set()
    assert {name for name in folders if not (ROOT / name).is_dir()} == set()


def test_every_test_that_the_promises_name_exists() -> None:
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    defined = {name for source in sources for name in re.findall(r"\b(?:def|class) (\w+)", source)}
    names = {code for code in _CODE.findall(domain_document()) if _TEST.fullmatch(code)}
    assert len(names) > 40
    assert names - defined == set()


def test_every_package_is_named_where_the_architecture_is_told() -> None:
    """By itself, or beside others of its folder in one row."""
    layers = ("domain", "application", "adapters/inbound", "adapters/outbound", "adapters")
    folders = {path.parent.name for layer in layers for path in ROOT.glob(f"{layer}/*/__init__.py")}
    named = {name for code in _CODE.findall(prose(ROOT / "docs" / "architecture.md")) for name in code.split("/")}
    assert len(folders) > 30
    assert folders - named == set()


def test_every_verb_of_make_exists() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    places = (*documents(), ROOT / ".github" / "workflows" / "ci.yml")
    used = {verb for path in places for verb in verbs(path)}
    assert {"run", "test", "check"} <= used
    assert used - targets == set()


def verbs(path: Path) -> set[str]:
    """Those in code, not in sentences that happen to have the word."""
    text = path.read_text()
    if path.suffix != ".md":
        return set(_VERB.findall(text))
    fenced = "\n".join(match.group() for match in _FENCE.finditer(text))
    return set(_VERB.findall("\n".join((fenced, *(f"`{code}`" for code in _CODE.findall(prose(path)))))))


def test_every_index_has_its_line() -> None:
    described = set(_TABLE_INDEX.findall((ROOT / "docs" / "indexes.md").read_text()))
    there = {str(index.name) for table in metadata.tables.values() for index in table.indexes}
    named_by_constraint = {name for name in described if name.endswith(("_pkey", "_key", "_excl"))}
    assert there - described == set(), "these have no line in docs/indexes.md"
    assert described - there - named_by_constraint == set(), "these are not there any more"


def domain_document() -> str:
    return prose(ROOT / "docs" / "domain.md")


def test_the_image_is_built_by_the_uv_that_the_makefile_takes() -> None:
    versions = re.findall(r"uv==([\d.]+)", (ROOT / "infra" / "docker" / "Dockerfile").read_text())
    assert versions == re.findall(r"^UV_VERSION := ([\d.]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
