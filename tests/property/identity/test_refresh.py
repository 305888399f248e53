"""Refresh tokens in any order, at any time, shown by anybody."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from application.errors import UnauthenticatedError
from application.identity.tokens import Tokens
from domain.identity.credential import REFRESH_GRACE, SESSION_IDLE, SESSION_LIFETIME
from tests.support.identity import PASSWORD, START, MemoryWorld, a_user

MOMENT = timedelta(seconds=1)


class _Sessions(RuleBasedStateMachine):
    """One user who has logged in once."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = MemoryWorld()
        user = self.runner.run(self.world.add(a_user(), password=PASSWORD))
        self.tokens = self.runner.run(self.world.log_in(user.email, PASSWORD))
        self.user_id = user.id

    def teardown(self) -> None:
        self.runner.close()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def show(self, refresh_token: str) -> Tokens:
        return self.runner.run(self.world.refresh_session(refresh_token))

    def lets_in(self, access_token: str) -> bool:
        try:
            return self.runner.run(self.world.authenticate(access_token)).user_id == self.user_id
        except UnauthenticatedError:
            return False


class HonestClient(_Sessions):
    """A client with tabs, a bad line and a patient user, who comes back within a week: it is never locked out."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_at: datetime | None = None  # with the token still held, whose answer was lost

    @rule(tabs=st.integers(1, 4), is_lost=st.booleans())
    def refresh(self, tabs: int, is_lost: bool) -> None:
        answers = [self.show(self.tokens.refresh_token) for _ in range(tabs)]
        assert len({answer.refresh_token for answer in answers}) == 1
        assert all(self.lets_in(answer.access_token) for answer in answers)
        if is_lost:
            self.asked_at = self.asked_at or self.now
        else:
            self.tokens, self.asked_at = answers[-1], None

    @precondition(lambda self: self.asked_at is None)
    @rule(days=st.integers(0, 6), seconds=st.integers(0, 86_300))
    def be_away(self, days: int, seconds: int) -> None:
        away = timedelta(days=days, seconds=seconds)
        if self.now + away < START + SESSION_LIFETIME - timedelta(days=1):
            self.world.wait(away)
            self.refresh(1, is_lost=False)

    @precondition(lambda self: self.asked_at is not None)
    @rule(seconds=st.integers(0, 19))
    def try_again_soon(self, seconds: int) -> None:
        assert self.asked_at is not None
        self.world.wait(min(timedelta(seconds=seconds), self.asked_at + REFRESH_GRACE - MOMENT - self.now))
        self.refresh(1, is_lost=False)


class AnyHolder(_Sessions):
    """Whoever has copied whichever token: a replaced one never yields a session, and showing it ends the session."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = [self.tokens.refresh_token]
        self.access = [self.tokens.access_token]
        self.rotated_at = START
        self.is_over = False

    @property
    def is_good(self) -> bool:
        return not self.is_over and self.now < START + SESSION_LIFETIME and self.now < self.rotated_at + SESSION_IDLE

    def must_refuse(self, token: str) -> None:
        with pytest.raises(UnauthenticatedError):
            self.show(token)

    @rule()
    def show_the_newest(self) -> None:
        if not self.is_good:
            self.must_refuse(self.chain[-1])
            return
        answer = self.show(self.chain[-1])
        assert answer.refresh_token not in self.chain
        self.chain.append(answer.refresh_token)
        self.access.append(answer.access_token)
        self.rotated_at = self.now

    @precondition(lambda self: len(self.chain) > 1)
    @rule()
    def show_the_one_before(self) -> None:
        if self.is_good and self.now < self.rotated_at + REFRESH_GRACE:
            assert self.show(self.chain[-2]).refresh_token == self.chain[-1]
            return
        self.must_refuse(self.chain[-2])
        self.is_over = self.is_over or self.is_good

    @precondition(lambda self: len(self.chain) > 2)
    @rule(data=st.data())
    def show_an_older_one(self, data: st.DataObject) -> None:
        was_good = self.is_good
        self.must_refuse(data.draw(st.sampled_from(self.chain[:-2])))
        if was_good:
            assert self.world.actions[-1] == "user.end_stolen_session"
            self.is_over = True

    @rule(wait=st.sampled_from([1, 19, 20, 60, 3600, 6 * 86_400, 7 * 86_400]))
    def wait(self, wait: int) -> None:
        self.world.wait(timedelta(seconds=wait))

    @invariant()
    def nothing_lets_in_once_it_is_over(self) -> None:
        if not self.is_good:
            self.world.wait(MOMENT)  # what is known of a principal is kept for so long
            assert not any(self.lets_in(token) for token in self.access)
            self.must_refuse(self.chain[-1])


TestHonestClient = HonestClient.TestCase
TestAnyHolder = AnyHolder.TestCase
