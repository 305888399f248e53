import threading

import pytest

from adapters.outbound.system.offload import InlineOffload, ThreadOffload
from application.ports.offload import Offload


@pytest.fixture(params=[ThreadOffload, InlineOffload])
def offload(request: pytest.FixtureRequest) -> Offload:
    made: Offload = request.param()
    return made


async def test_what_the_work_returns_comes_back(offload: Offload) -> None:
    assert await offload.run(lambda: 6 * 7) == 42


async def test_what_the_work_raises_comes_back(offload: Offload) -> None:
    with pytest.raises(ZeroDivisionError):
        await offload.run(lambda: 1 // 0)


async def test_the_loop_does_not_compute_what_a_thread_does() -> None:
    assert await ThreadOffload().run(threading.get_ident) != threading.get_ident()
