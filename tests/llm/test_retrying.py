"""What is tried again, and after how long."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.llm.errors import (
    BadAnswer,
    ContextTooLong,
    ModelError,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from trpg_env.llm.limits import Limits
from trpg_env.llm.retrying import retry_after, wait_before_retry

NOW = datetime(2025, 3, 1, 12, 0, 0, tzinfo=UTC)


def wait(
    error: ModelError, headers: dict[str, str] | None = None, retries: int = 0, seed: int = 0
) -> float | None:
    return wait_before_retry(error, headers or {}, retries, Limits(), np.random.default_rng(seed), NOW)


@pytest.mark.parametrize("kind", [Unreachable, TimedOut, RateLimited, ServerFailed, BadAnswer])
def test_what_may_pass_is_tried_again_as_often_as_the_limits_say(kind: type[ModelError]) -> None:
    assert [wait(kind(), retries=n) is not None for n in range(6)] == [True] * 4 + [False] * 2


@pytest.mark.parametrize("kind", [RequestRefused, ContextTooLong])
def test_what_stays_as_it_is_is_not_tried_again(kind: type[ModelError]) -> None:
    assert wait(kind()) is None


def test_a_server_that_says_not_to_try_again_is_believed() -> None:
    assert wait(ServerFailed(), {"x-should-retry": "false"}) is None


def test_waits_get_longer_and_differ() -> None:
    for retries, bound in enumerate([0.5, 1, 2, 4]):
        waits = [wait(ServerFailed(), retries=retries, seed=seed) or 0.0 for seed in range(200)]
        assert 0.9 * bound < max(waits) <= bound
        assert len(set(waits)) == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, 30),
        ({"retry-after": format_datetime((NOW + timedelta(seconds=30)).replace(tzinfo=None))}, 30),
        ({"retry-after": format_datetime(NOW - timedelta(days=1))}, 0),
        ({"retry-after": "9" * 400}, float("inf")),
        *(
            ({"retry-after": odd}, None)
            for odd in ("-1", "nan", "inf", "1e3", "soon", "", "٣", "Mon, 99 Foo")
        ),
    ],
)
def test_the_servers_wish_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_the_servers_wish_is_honoured_and_not_by_all_at_once() -> None:
    waits = {wait(RateLimited(), {"retry-after": "7"}, seed=seed) for seed in range(50)}
    assert len(waits) == 50
    assert all(seconds and 7 <= seconds <= 7.5 for seconds in waits)


@pytest.mark.parametrize("wish", ["61", "9" * 400, format_datetime(NOW + timedelta(hours=1))])
def test_a_wish_longer_than_the_longest_wait_is_the_end(wish: str) -> None:
    assert wait(RateLimited(), {"retry-after": wish}) is None


@given(
    st.text(max_size=40) | st.integers(0, 10**9).map(str) | st.datetimes().map(format_datetime),
    st.integers(0, 2000),
    st.builds(Limits, retries=st.just(2000), backoff=st.floats(0, 1e6), longest_wait=st.floats(0, 1e6)),
    st.integers(0, 2**31),
)
def test_no_wait_is_longer_than_the_longest(wish: str, retries: int, limits: Limits, seed: int) -> None:
    rng = np.random.default_rng(seed)
    seconds = wait_before_retry(ServerFailed(), {"retry-after": wish}, retries, limits, rng, NOW)
    assert seconds is None or 0 <= seconds <= limits.longest_wait


@pytest.mark.parametrize(
    "odd", [{"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}, {"backoff": -0.1}, {"in_flight": 0}]
)
def test_limits_that_make_no_sense_are_refused(odd: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"limits: {next(iter(odd))} is"):
        Limits(**odd)  # type: ignore[arg-type]
