"""What every provider over plain HTTP is asked to prove: each answer has its outcome."""

from datetime import timedelta
from typing import Final

from aiohttp import ClientSession

from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from application.ports.notifier import Outcome
from tests.support.fake_http import Answers, Behaviour, Drops, Hangs

HALF_A_MINUTE: Final = timedelta(seconds=30)

type Ending = tuple[Outcome, timedelta | None]

ENDINGS: Final[tuple[tuple[Behaviour, Ending], ...]] = (
    (Answers(400), (Outcome.REJECTED, None)),
    (Answers(401), (Outcome.REJECTED, None)),
    (Answers(403), (Outcome.REJECTED, None)),
    (Answers(404), (Outcome.REJECTED, None)),
    (Answers(410), (Outcome.REJECTED, None)),
    (Answers(408), (Outcome.RETRY, None)),
    (Answers(429), (Outcome.RETRY, None)),
    (Answers(429, {"Retry-After": "30"}), (Outcome.RETRY, HALF_A_MINUTE)),
    (Answers(429, {"Retry-After": "soon"}), (Outcome.RETRY, None)),
    (Answers(429, {"Retry-After": "9" * 40}), (Outcome.RETRY, None)),
    (Answers(500), (Outcome.RETRY, None)),
    (Answers(502, body=b"<html>"), (Outcome.RETRY, None)),
    (Answers(503, {"Retry-After": "30"}), (Outcome.RETRY, HALF_A_MINUTE)),
    (Answers(302, {"Location": "http://127.0.0.1/secret"}), (Outcome.REJECTED, None)),
    (Hangs(), (Outcome.UNKNOWN, None)),
    (Hangs(after_processing=False), (Outcome.UNKNOWN, None)),
    (Drops(), (Outcome.UNKNOWN, None)),
    (Drops(after_processing=False), (Outcome.UNKNOWN, None)),
)


def loopback_session(port: int) -> ClientSession:
    """Reaches one port of this machine, and nothing else."""
    return guarded_session(OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port})))


def forbidden_session(port: int) -> ClientSession:
    """As in production: nothing private is reached."""
    return guarded_session(OutgoingGuard(ports=frozenset({port})))
