"""Events to the outside: at least once, in order per subject, in the same commit as what they tell."""

from argosy.base.outbox.broadcast import REFRESH, Broadcast, Refresh, Subscription
from argosy.base.outbox.events import (
    Announced,
    Lag,
    Position,
    append,
    forget,
    lag,
    prune,
    rebase,
    take_turn,
)
from argosy.base.outbox.observed import OBSERVED, observation, observed_id
from argosy.base.outbox.relay import Folding, Handler, Relay

__all__ = [
    "OBSERVED",
    "REFRESH",
    "Announced",
    "Broadcast",
    "Folding",
    "Handler",
    "Lag",
    "Position",
    "Refresh",
    "Relay",
    "Subscription",
    "append",
    "forget",
    "lag",
    "observation",
    "observed_id",
    "prune",
    "rebase",
    "take_turn",
]
