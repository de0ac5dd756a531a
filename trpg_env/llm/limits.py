"""How long a call is given and how often it is tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one endpoint's calls may cost in time.

    Attributes:
        timeout: Seconds for one try, from the first byte sent to the last byte received; waiting for a free place
            does not count.
        retries: How often a try that failed is repeated.
        backoff: The longest wait before the first retry, in seconds; it doubles with every further one.
        longest_wait: Seconds that a call waits at most before a retry. A server that asks for more is not asked again.
        in_flight: Requests on their way at once, for each event loop.

    Raises:
        ValueError: A number that makes no sense.
    """

    timeout: float = 120.0
    retries: int = 4
    backoff: float = 0.5
    longest_wait: float = 60.0
    in_flight: int = 256

    def __post_init__(self) -> None:
        for name, least in (("retries", 0), ("backoff", 0), ("longest_wait", 0), ("in_flight", 1)):
            if not getattr(self, name) >= least:
                raise ValueError(f"limits: {name} is at least {least}, not {getattr(self, name)}")
        if not self.timeout > 0:
            raise ValueError(f"limits: timeout is more than 0 seconds, not {self.timeout}")
