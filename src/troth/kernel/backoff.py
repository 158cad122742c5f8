"""When a delivery is tried again, and when an address is left alone for a while. Pure."""

from __future__ import annotations

from troth.kernel.clock import HOUR, MINUTE, SECOND

FIRST, LONGEST = 5 * SECOND, 6 * HOUR
TRIPS = 5
"""So many failures in a row, and nothing is tried at the address for a while; then one delivery at a time, until one is taken."""
SHORTEST_REST, LONGEST_REST = 5 * SECOND, 10 * MINUTE


def next_try(attempts: int, delivery_id: int, now: int, asked_for: int = 0) -> int:
    """5 s after the first attempt, then three times as long each, six hours at most, and up to a tenth more, so that not all come at once.

    `asked_for`: as long as the address asked us to wait (`Retry-After`), in milliseconds.
    """
    pause = min(LONGEST, FIRST * int(3 ** min(attempts - 1, 12)))
    pause += pause * (delivery_id % 1_000) // 10_000
    return now + max(pause, min(asked_for, LONGEST))


def rest_until(failures: int, now: int) -> int:
    """Until when nothing is tried at an address that failed so often in a row; 0: it may go on."""
    if failures < TRIPS:
        return 0
    return now + min(LONGEST_REST, SHORTEST_REST << min(failures - TRIPS, 10))


def at_once(failures: int, most: int) -> int:
    """How many deliveries may be under way to an address at a time."""
    return most if failures < TRIPS else 1
