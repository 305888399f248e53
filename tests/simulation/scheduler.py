"""Many tasks in one thread, in virtual time, in an order that a seed decides.

A task is a coroutine that gives up its turn by `pause`. Nothing else in it may wait, so between two pauses it is alone.
"""

import types
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from adapters.outbound.system.clock import ManualClock
from tests.support.world import Crash


@dataclass(frozen=True, slots=True)
class Pause:
    """A turn given up: until an instant, or None for ever; a hint ends it early if it listens."""

    until: datetime | None
    is_listening: bool = False


@types.coroutine
def pause(until: datetime | None, *, is_listening: bool = False) -> Generator[Pause, None, None]:
    yield Pause(until, is_listening)


@dataclass(slots=True, eq=False)
class Task:
    name: str
    process: str  # tasks of one process die together
    work: Coroutine[Pause, None, None]
    ready_at: datetime | None
    is_listening: bool = False


class Scheduler:
    """Picks among those that are ready; when nobody is, it moves the clock to the first who will be."""

    def __init__(self, clock: ManualClock, chance: Random) -> None:
        self.clock = clock
        self.current: Task | None = None
        self._chance = chance
        self._tasks: list[Task] = []

    def start(self, name: str, work: Coroutine[Pause, None, None], *, process: str, at: datetime | None = None) -> None:
        self._tasks.append(Task(name, process, work, at or self.clock.now()))

    def hint(self, *, lost: float) -> None:
        """Wake whoever listens, except for those whose hint is lost."""
        for task in self._tasks:
            if task.is_listening and self._chance.random() >= lost:
                task.ready_at, task.is_listening = self.clock.now(), False

    def step(self) -> bool:
        """Let one task go on until its next pause. False when nobody ever will.

        Raises whatever the task does not catch, save for `Crash`, which ends all tasks of its process.
        """
        task = self._next()
        if task is None:
            return False
        self.current = task
        try:
            self._wait(task, task.work.send(None))
        except StopIteration:
            self._tasks.remove(task)
        except Crash:
            self.kill(task.process)
        finally:
            self.current = None
        return True

    def kill(self, process: str) -> None:
        for task in [task for task in self._tasks if task.process == process]:
            self._tasks.remove(task)
            task.work.close()

    def kill_all(self) -> None:
        for process in {task.process: None for task in self._tasks}:
            self.kill(process)

    def runs(self, process: str) -> bool:
        return any(task.process == process for task in self._tasks)

    def _wait(self, task: Task, asked: Pause) -> None:
        task.ready_at, task.is_listening = asked.until, asked.is_listening

    def _next(self) -> Task | None:
        wakes = [task.ready_at for task in self._tasks if task.ready_at is not None]
        if not wakes:
            return None
        now = max(self.clock.now(), min(wakes))
        self.clock.move_to(now)
        ready = [task for task in self._tasks if task.ready_at is not None and task.ready_at <= now]
        return self._chance.choice(ready)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waited")
