"""Gangs: close crowds on the graph of accounts, devices, addresses, payees and timing.

Communities are found by Leiden's algorithm (`igraph`), with a fixed seed. Devices, networks and meetings
(the same payee in the same hour) are nodes of their own, so that a crowd of a hundred costs a hundred
edges and not five thousand; what many share counts little.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import igraph
import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from argosy.ctu.facts.graph.building import Graph

SEED: Final = 20_261_122
WEIGHTS: Final = {"device": 1.0, "network": 0.3, "meeting": 0.5, "transfer": 0.5}
SIZE_MIN, SIZE_MAX = 3, 500

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Gang:
    """A close crowd with confirmed bad accounts in it, the most suspicious first.

    `members` are accounts; `bad` those of them confirmed; `devices` is how many devices two or more of
    them share; `sent` is money that went from members to members, `received` money from others.
    """

    members: tuple[str, ...]
    bad: tuple[str, ...]
    devices: int
    sent: float
    received: float

    @property
    def bad_share(self) -> float:
        """Confirmed members among all, 0 to 1."""
        return len(self.bad) / len(self.members)


def communities(
    transfers: sparse.csr_matrix,
    devices: sparse.csr_matrix,
    networks: sparse.csr_matrix,
    meetings: sparse.csr_matrix,
    count: int,
) -> Ints:
    """The number of each account's community, (count,)."""
    ends, weights, nodes = [], [], count
    for kind, shared in (("device", devices), ("network", networks), ("meeting", meetings)):
        crowd = np.asarray(shared.sum(axis=0)).ravel()
        links = shared.tocoo()
        mine = (crowd[links.col] > 1) & (links.data > 0)
        row, col = links.row[mine].astype(np.int64), links.col[mine].astype(np.int64)
        ends.append(np.column_stack((row, col + nodes)))
        weights.append(WEIGHTS[kind] / np.log2(1.0 + crowd[col]))
        nodes += shared.shape[1]
    flow = transfers.tocoo()
    crowd = np.bincount(flow.col, minlength=count)
    ends.append(np.column_stack((flow.row, flow.col)).astype(np.int64))
    weights.append(WEIGHTS["transfer"] / np.log2(1.0 + crowd[flow.col]))
    graph = igraph.Graph(n=nodes, edges=np.concatenate(ends))
    igraph.set_random_number_generator(random.Random(SEED))
    found = graph.community_leiden(
        objective_function="modularity", weights=np.concatenate(weights), n_iterations=4
    )
    _, number = np.unique(np.array(found.membership)[:count], return_inverse=True)
    return number.astype(np.int64)


def gangs(graph: Graph) -> list[Gang]:
    """Crowds of at least `SIZE_MIN` with somebody confirmed bad, by share of bad ones, then by size."""
    bad = set(graph.links.bad.tolist())
    found = []
    for community in {int(graph.community[n]) for n in bad}:
        members = np.flatnonzero(graph.community == community)
        if not SIZE_MIN <= len(members) <= SIZE_MAX:
            continue
        shared = np.asarray(graph.devices[members].sum(axis=0)).ravel()
        money = graph.transfers[:, members]
        sent = float(money[members].sum())
        found.append(
            Gang(
                members=tuple(graph.accounts[n] for n in members),
                bad=tuple(graph.accounts[n] for n in members if int(n) in bad),
                devices=int((shared > 1).sum()),
                sent=sent,
                received=float(money.sum()) - sent,
            )
        )
    return sorted(found, key=lambda g: (-g.bad_share, -len(g.members), g.members))
