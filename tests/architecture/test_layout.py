"""The source keeps to its own rules: who imports whom, which names are ours, and that nothing is left unwired."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import adapters
import application
import domain
import entrypoints
import migrations
from entrypoints.providers.use_cases import UseCaseProvider

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = (domain, application, adapters, entrypoints, migrations)
TREES: Final = (*(package.__name__ for package in PACKAGES), "tests")


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def use_cases() -> set[type]:
    """Every class of the application that can be called."""
    return {
        kind
        for module in modules_of(application)
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and "__call__" in vars(kind)
    }


def test_nobody_imports_whom_they_must_not() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_a_package_with_so_general_a_name_is_the_one_of_this_repository(package: ModuleType) -> None:
    assert [Path(path).resolve() for path in package.__path__] == [ROOT / package.__name__]


def test_a_package_says_nothing_by_itself() -> None:
    speaking = [
        path.relative_to(ROOT) for tree in TREES for path in (ROOT / tree).rglob("__init__.py") if path.stat().st_size
    ]
    assert speaking == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for tree in TREES for path in (ROOT / tree).rglob("*.py")}
    missing = [folder.relative_to(ROOT) for folder in folders if not (folder / "__init__.py").exists()]
    assert [folder for folder in missing if folder != Path("migrations/versions")] == []


def test_every_use_case_is_provided() -> None:
    provided = {factory.provides.type_hint for factory in UseCaseProvider().factories}
    assert use_cases() - provided == set()
    assert len(use_cases()) > 40


def test_the_core_awaits_its_ports_and_decides_without_waiting() -> None:
    waiting = [
        f"{module.__name__}.{name}"
        for module in modules_of(domain)
        for name, value in inspect.getmembers(module)
        if inspect.iscoroutinefunction(value)
        or (inspect.isclass(value) and any(map(inspect.iscoroutinefunction, vars(value).values())))
    ]
    assert waiting == []
