"""The certificate that the door for mail shows (RFC 3207, STARTTLS), read again when it is renewed."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

_log = structlog.get_logger()

type _Stamp = tuple[int, int]


@dataclass(slots=True)
class Certificate:
    """A chain and its key, both PEM. What cannot be read when it is renewed leaves the one before in its place."""

    chain: Path
    key: Path
    _context: ssl.SSLContext | None = None
    _read_at: _Stamp | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """For a connection that begins now. Raises `OSError` when there was none at all that could be read."""
        try:
            stamp = self.chain.stat().st_mtime_ns, self.key.stat().st_mtime_ns
            if self._context is None or stamp != self._read_at:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(self.chain, self.key)
                self._context, self._read_at = context, stamp
        except OSError as error:  # `ssl.SSLError` is one: no PEM, or a key of another certificate
            if self._context is None:
                raise
            _log.error("mail_certificate_unreadable", reason=str(error))
        return self._context
