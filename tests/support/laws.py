"""Laws over memory and over PostgreSQL alike; over the second with fewer examples, since each costs a hundred times as
much."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from tests.support import engines
from tests.support.builders import Town
from tests.support.world import IN_MEMORY, Storage, World, over_postgres


def fewer_examples(least: int = 5, **more: Any) -> settings:
    """An eighth of what the profile asks for."""
    profile = settings.default
    assert profile is not None
    return settings(max_examples=max(least, profile.max_examples // 8), **more)


class Lab:
    """Worlds over one storage, each as if it were the first."""

    def __init__(self, dsn: str | None) -> None:
        self._dsn = dsn

    def new_storage(self) -> Storage:
        if self._dsn is None:
            return IN_MEMORY
        engines.run(engines.empty_all_tables(self._dsn))
        return over_postgres(self._dsn)

    @contextmanager
    def world(self, town: Town) -> Iterator[World]:
        world = World(self.new_storage(), town=town)
        try:
            yield world
        finally:
            world.close()

    def holds(self, **drawn: SearchStrategy[Any]) -> Callable[[Callable[..., None]], None]:
        """Check a law at once, for values drawn by these strategies."""

        def check(law: Callable[..., None]) -> None:
            examples = settings() if self._dsn is None else fewer_examples()
            examples(given(**drawn)(law))()

        return check
