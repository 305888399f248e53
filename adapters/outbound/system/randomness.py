import random
import secrets

from application.ports.randomness import Randomness


class SystemRandomness(Randomness):
    def fraction(self) -> float:
        return random.random()  # noqa: S311  # jitter only

    def secret(self, size_bytes: int) -> bytes:
        return secrets.token_bytes(size_bytes)


class SeededRandomness(Randomness):
    """The same draws from the same seed: for simulations and demos, never for real secrets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # that is what it is for

    def fraction(self) -> float:
        return self._random.random()

    def secret(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)
