"""How many requests a second: a bucket of tokens for each key.

The buckets are this process's own, on purpose: a bound against one program that runs away must not
cost every request a write. With several server processes a key may ask as much of each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime

KEYS_MAX = 10_000


class Rates:
    """Lets `per_second` requests of each key through, after `burst` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[Hashable, tuple[float, datetime]] = OrderedDict()

    def take(self, key: Hashable, now: datetime) -> float:
        """Take a token: 0 where there was one, otherwise the seconds until there is."""
        tokens, at = self._buckets.pop(key, (float(self._burst), now))
        passed = max(0.0, (now - at).total_seconds())
        tokens = min(float(self._burst), tokens + passed * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[key] = (tokens - (wait == 0), now)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)  # who has not asked for longest has a full one again
        return wait
