"""Logs: structlog events, one JSON object a line in production, coloured for people on a terminal.

Traces: `adapters/tracing.py` has the spans around each request, commit, tick and send. They cost nothing until an SDK
is installed and configured in the process, as `opentelemetry-instrument` does. Lines that are logged in one say which.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from adapters import tracing
from entrypoints.settings import Settings

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = re.compile(
    r"token|secret|password|authorization|cookie|routing_key|api_key|credential$", re.IGNORECASE
)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last line of defence: a value under a secret's name does not reach the log."""
    for name in event:
        if _SECRET_NAMES.search(name) and event[name] is not None:
            event[name] = REDACTED
    return event


def name_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """By which whoever reads the line finds the rest of the work that it was a part of."""
    trace_id = tracing.trace_id_of(tracing.here())
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


def set_up_logging(settings: Settings) -> None:
    is_for_people = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        # Without local variables, which hold what requests held.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if is_for_people
        else structlog.processors.JSONRenderer()
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        name_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer]
        if not is_for_people
        else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
