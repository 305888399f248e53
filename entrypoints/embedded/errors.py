"""What an embedded engine says when it cannot start."""


class EmbeddedStartError(Exception):
    """An embedded engine did not start; the message is one sentence for people, with the engine's own reason."""
