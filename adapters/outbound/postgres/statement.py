"""SQLAlchemy Core statements, compiled once and run on asyncpg itself.

Building and compiling a statement costs more than running it (docs/adr/0002); so it is done at import, or once per
shape of a dynamic query, and only the arguments vary.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.dialects.postgresql import asyncpg as dialect_module
from sqlalchemy.sql import ClauseElement

_DIALECT = dialect_module.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are untyped


class Statement:
    """A compiled statement: call it with its named parameters for the text and the arguments that asyncpg takes."""

    __slots__ = ("_defaults", "_names", "_processors", "sql")

    def __init__(self, core: ClauseElement) -> None:
        compiled: Any = core.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql: str = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._defaults: Mapping[str, object] = compiled.construct_params(_check=False)
        # JSON is encoded by the connection's codec; a second time would make a string of it.
        json = {name for name, bind in compiled.binds.items() if isinstance(bind.type, JSON)}
        processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001  # the only way to them
        self._processors = {name: process for name, process in processors.items() if name not in json}

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """In the order of the placeholders. A name that the statement does not have is an error of ours."""
        unknown = values.keys() - self._defaults.keys()
        assert not unknown, f"statement has no parameter {sorted(unknown)}"
        processors = self._processors
        arguments = []
        for name in self._names:
            value = values.get(name, self._defaults[name])
            process = processors.get(name)
            arguments.append(process(value) if process is not None and value is not None else value)
        return arguments
