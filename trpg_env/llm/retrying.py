"""Which failures are tried again, and after how long."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import numpy as np

from trpg_env.llm.errors import BadAnswer, ModelError, RateLimited, ServerFailed, TimedOut, Unreachable
from trpg_env.llm.limits import Limits

PASSING = (Unreachable, TimedOut, RateLimited, ServerFailed, BadAnswer)
"""What may be better the next time. A request that was refused is refused again, and a context does not shrink."""

_SECONDS = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)


def wait_before_retry(
    error: ModelError,
    headers: Mapping[str, str],
    retries: int,
    limits: Limits,
    rng: np.random.Generator,
    now: datetime,
) -> float | None:
    """How long to wait before the next try.

    Without a wish of the server's, a random time between nothing and a bound that doubles with every retry, so that
    calls that failed together do not come back together.

    Args:
        error: How the last try ended.
        headers: Of the server's response, names in lower case; empty where there was none.
        retries: How many there were before.
        limits: The most retries and the longest wait.
        rng: For the random part.
        now: The time, for a `Retry-After` that is a date.

    Returns:
        Seconds, from 0 to `limits.longest_wait`; None: give up.
    """
    if (
        retries >= limits.retries
        or not isinstance(error, PASSING)
        or headers.get("x-should-retry") == "false"
    ):
        return None
    asked = retry_after(headers, now)
    if asked is None:
        return float(rng.uniform(0, min(limits.longest_wait, limits.backoff * 2.0 ** min(retries, 60))))
    if asked > limits.longest_wait:
        return None
    return min(limits.longest_wait, asked + float(rng.uniform(0, limits.backoff)))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a server asks to wait.

    Args:
        headers: Names in lower case; `retry-after-ms` goes before `retry-after`.
        now: What a date is counted from.

    Returns:
        At least 0, possibly infinite; None where the server says nothing that makes sense.
    """
    if _SECONDS.fullmatch(milliseconds := headers.get("retry-after-ms", "").strip()):
        return float(milliseconds) / 1000
    if _SECONDS.fullmatch(wish := headers.get("retry-after", "").strip()):
        return float(wish)
    try:
        date = parsedate_to_datetime(wish)
    except (ValueError, OverflowError):
        return None
    # A date of HTTP is in GMT, said or not.
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
