"""The graph facts by name: what each says, and where it lies in a stored row."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

LAYOUT: Final = 1
"""Names the order of `STORED`. A row of another layout is not read: its values are missing."""

STORED: Final = (
    "shared_devices",
    "cohort_size",
    "cohort_in_accounts",
    "cohort_in_share",
    "bad_distance",
    "component_size",
    "community_size",
    "community_bad",
    "community_bad_share",
)
"""What one account's row in `ctu.graph_facts` holds, in this order."""

DIMENSIONS: Final = 8
"""So many numbers an account's place in the graph of transfers has: `e0` ... `e7`."""

HOPS_MAX: Final = 4
"""So far a confirmed bad account is looked for; whoever is farther away has `HOPS_MAX + 1`."""

_SAYS: Final = {
    "shared_devices": "other accounts that were used from the same devices",
    "cohort_size": "accounts opened about the same time from the same network or device",
    "cohort_in_accounts": "accounts opened together that sent money here, the largest such crowd",
    "cohort_in_share": "share of the money received that came from accounts opened together",
    "bad_distance": f"steps to the next confirmed bad account; {HOPS_MAX + 1} is farther than that",
    "component_size": "accounts that hang together with this one in any way",
    "community_size": "accounts in the same close crowd",
    "community_bad": "confirmed bad accounts in the same close crowd",
    "community_bad_share": "share of confirmed bad accounts in the same close crowd",
}


Whose = Literal["account", "payee"]


class GraphColumn(msgspec.Struct, frozen=True):
    """One column: `entity` of the event whose key is looked up as an account, `place` in the row."""

    name: str
    entity: Whose
    place: int
    says: str


def _of(entity: Whose, whose: str) -> list[GraphColumn]:
    return [
        GraphColumn(f"graph.{entity}.{name}", entity, place, _SAYS[name] + whose)
        for place, name in enumerate(STORED)
    ]


def _places() -> list[GraphColumn]:
    says = "where the account lies in the graph of transfers"
    return [
        GraphColumn(f"graph.account.e{n}", "account", len(STORED) + n, says)
        for n in range(DIMENSIONS)
    ]


GRAPH_COLUMNS: Final[tuple[GraphColumn, ...]] = (
    *_of("account", ""),
    *_places(),
    *_of("payee", ", of who gets the money"),
)
"""All of the account's, in the order of a stored row, then the payee's."""
COLUMNS: Final[tuple[str, ...]] = tuple(column.name for column in GRAPH_COLUMNS)
WIDTH: Final = len(STORED) + DIMENSIONS
"""So many columns are the account's; the others are the payee's."""

PLACES: Final = frozenset(column.name for column in _places())
"""Columns that mean something to a model only: no rule speaks of them."""
