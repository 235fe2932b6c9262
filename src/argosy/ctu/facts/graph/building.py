"""The graph of accounts, built from history as it is known at one moment, and what it says of each.

Accounts hang together by the devices they were used from and by money sent. Whoever has very many
neighbours (a kiosk's device, a shop, an agent) connects nobody: everybody is near to a supermarket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from argosy.base.refusals import must
from argosy.ctu.facts.graph.columns import HOPS_MAX, STORED
from argosy.ctu.facts.graph.confirming import STRANGE_MS, speaks_of_a_victim
from argosy.ctu.facts.graph.gangs import communities

if TYPE_CHECKING:
    from argosy.ctu.facts.offline.history import History

NEIGHBOURS_MAX: Final = 200
"""An account with more neighbours, or money from more senders, conducts nothing."""

DEVICE_ACCOUNTS_MAX: Final = 30
NETWORK_ACCOUNTS_MAX: Final = 300
COHORT_SECONDS: Final = 3_600
"""Accounts that were opened so shortly after each other, on one device or network, were opened together."""

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Links:
    """History as arrays. Numbers of accounts, devices and networks count from 0; -1 is none.

    `accounts` are names by number. A row an event: `who`, `to` (the payee), `device`, `network`,
    `amount` (0 where no money moved), `at_ms`. `shop` says of each account whether it is a merchant;
    `opened_ms` when it was opened (its first event where nobody knows); `bad` are accounts confirmed
    bad, `bad_devices` devices confirmed bad.
    """

    accounts: tuple[str, ...]
    who: Ints
    to: Ints
    device: Ints
    network: Ints
    amount: Floats
    at_ms: Ints
    shop: Truths
    opened_ms: Floats
    bad: Ints
    bad_devices: Ints


class Graph:
    """The graph of accounts at one moment. `values` is float64 (accounts, len(STORED))."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.accounts = links.accounts
        count = len(links.accounts)
        self.transfers = _transfers(links)
        self.devices = _incidence(links.who, links.device, count, DEVICE_ACCOUNTS_MAX)
        self.networks = _incidence(links.who, links.network, count, NETWORK_ACCOUNTS_MAX)
        self.edges = _edges(self.transfers, self.devices)
        self.community = communities(
            self.transfers, self.devices, self.networks, _meetings(links), count
        )
        self.values = self._values()

    @classmethod
    def build(cls, history: History, as_of_ms: int) -> Graph:
        """From everything before `as_of_ms`, with the labels known by then."""
        return cls(read_links(history, as_of_ms))

    def near(self) -> Mapping[str, list[str]]:
        """The neighbours of each account that conducts, by name."""
        indptr, indices = self.edges.indptr, self.edges.indices
        return {
            self.accounts[n]: [self.accounts[m] for m in indices[indptr[n] : indptr[n + 1]]]
            for n in range(len(self.accounts))
            if indptr[n] < indptr[n + 1]
        }

    def _values(self) -> Floats:
        count = len(self.accounts)
        found = {name: np.full(count, np.nan) for name in STORED}
        together = (self.devices @ self.devices.T).tocsr()
        found["shared_devices"] = np.maximum(np.diff(together.indptr) - 1, 0)
        cohort, sizes = _cohorts(self.links, count)
        found["cohort_size"] = np.where(cohort >= 0, sizes[cohort], 1)
        found["cohort_in_accounts"], found["cohort_in_share"] = _from_cohorts(
            self.transfers, cohort
        )
        sources = np.union1d(self.links.bad, self._on_bad_devices())
        found["bad_distance"] = distances(self.edges, self.links.bad, sources)
        _, component = csgraph.connected_components(self.edges, directed=False)
        found["component_size"] = np.bincount(component)[component]
        is_bad = np.zeros(count)
        is_bad[self.links.bad] = 1
        size = np.bincount(self.community)[self.community]
        bad = np.bincount(self.community, weights=is_bad)[self.community]
        found["community_size"], found["community_bad"] = size, bad
        found["community_bad_share"] = bad / size
        return np.column_stack([found[name] for name in STORED]).astype(np.float64)

    def _on_bad_devices(self) -> Ints:
        mine = self.links.bad_devices
        mine = mine[mine < self.devices.shape[1]]
        return np.unique(self.devices[:, mine].tocoo().row).astype(np.int64)


def distances(edges: sparse.csr_matrix, bad: Ints, next_to_bad: Ints) -> Floats:
    """Steps of each account to the next bad one; `next_to_bad` are one step away. Who is farther than
    `HOPS_MAX` has `HOPS_MAX + 1`."""
    found = np.full(edges.shape[0], HOPS_MAX + 1, dtype=np.float64)
    found[next_to_bad] = 1
    found[bad] = 0
    for hops in range(1, HOPS_MAX + 1):
        reached = np.zeros(edges.shape[0])
        reached[found == hops - 1] = 1
        found[(edges @ reached > 0) & (found > hops)] = hops
    return found


# --- what hangs together -----------------------------------------------------------------------------


def _transfers(links: Links) -> sparse.csr_matrix:
    """Money from whom (row) to whom (column), in minor units of whatever currency."""
    count = len(links.accounts)
    sent = (links.to >= 0) & (links.amount > 0) & (links.to != links.who)
    made = sparse.csr_matrix(
        (links.amount[sent], (links.who[sent], links.to[sent])), shape=(count, count)
    )
    made.sum_duplicates()
    return made


def _incidence(who: Ints, what: Ints, count: int, most: int) -> sparse.csr_matrix:
    """Which account (row) was seen at what (column), 1; what too many were seen at is left out."""
    there = what >= 0
    width = int(what.max(initial=-1)) + 1
    made = sparse.csr_matrix(
        (np.ones(int(there.sum())), (who[there], what[there])), shape=(count, max(width, 1))
    )
    made.sum_duplicates()
    made.data[:] = 1
    crowd = np.asarray(made.sum(axis=0)).ravel()
    return (made @ sparse.diags((crowd <= most).astype(np.float64))).tocsr().astype(np.float64)


def _edges(transfers: sparse.csr_matrix, devices: sparse.csr_matrix) -> sparse.csr_matrix:
    """Who is next to whom, 1, both ways; who has too many neighbours has none."""
    made = transfers + transfers.T + devices @ devices.T
    made = sparse.csr_matrix(made)
    made.setdiag(0)
    made.eliminate_zeros()
    made.data[:] = 1
    keep = sparse.diags((np.diff(made.indptr) <= NEIGHBOURS_MAX).astype(np.float64))
    made = sparse.csr_matrix(keep @ made @ keep)
    made.eliminate_zeros()
    made.sort_indices()
    return made


def _meetings(links: Links) -> sparse.csr_matrix:
    """Which account paid whom in which hour: those who pay the same one in the same hour meet."""
    sent = (links.to >= 0) & (links.amount > 0)
    hour = links.at_ms[sent] // 3_600_000
    width = int(hour.max(initial=0) - hour.min(initial=0)) + 1
    first = int(hour.min()) if hour.size else 0
    _, meeting = np.unique(links.to[sent] * width + (hour - first), return_inverse=True)
    return _incidence(
        links.who[sent], meeting.astype(np.int64), len(links.accounts), DEVICE_ACCOUNTS_MAX
    )


def _cohorts(links: Links, count: int) -> tuple[Ints, Ints]:
    """The crowd in which each account was opened, -1 for those opened alone; and the crowds' sizes."""
    pairs = []
    first = np.full(count, -1, dtype=np.int64)
    order = np.lexsort((links.at_ms, links.who))
    accounts, where = np.unique(links.who[order], return_index=True)
    first[accounts] = order[where]
    for what in (links.device, links.network):
        mine = np.flatnonzero(first >= 0)
        place = what[first[mine]]
        mine, place = mine[place >= 0], place[place >= 0]
        by = np.lexsort((links.opened_ms[mine], place))
        mine, place = mine[by], place[by]
        close = np.diff(links.opened_ms[mine]) <= COHORT_SECONDS * 1_000
        beside = np.flatnonzero((np.diff(place) == 0) & close)
        pairs.append(np.column_stack((mine[beside], mine[beside + 1])))
    joined = np.concatenate(pairs)
    graph = sparse.csr_matrix(
        (np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(count, count)
    )
    _, cohort = csgraph.connected_components(graph, directed=False)
    sizes = np.bincount(cohort, minlength=1)
    cohort = np.where(sizes[cohort] > 1, cohort, -1).astype(np.int64)
    return cohort, sizes


def _from_cohorts(transfers: sparse.csr_matrix, cohort: Ints) -> tuple[Floats, Floats]:
    """For each account: how many senders were opened together, and their share of what it received."""
    count = transfers.shape[0]
    flow = transfers.tocoo()
    received = np.asarray(transfers.sum(axis=0)).ravel()
    crowd = cohort[flow.row]
    mine = crowd >= 0
    key = flow.col[mine].astype(np.int64) * (int(cohort.max(initial=0)) + 1) + crowd[mine]
    groups, which = np.unique(key, return_inverse=True)
    senders = np.bincount(which, minlength=len(groups))
    money = np.bincount(which, weights=flow.data[mine], minlength=len(groups))
    to = groups // (int(cohort.max(initial=0)) + 1)
    many = senders > 1
    most, share = np.zeros(count), np.zeros(count)
    np.maximum.at(most, to[many], senders[many])
    np.add.at(share, to[many], money[many])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(received > 0, share / received, np.nan)
    return most, share


# --- reading history -----------------------------------------------------------------------------------


def read_links(history: History, as_of_ms: int) -> Links:
    """The arrays of `history` before `as_of_ms`."""
    events = history.events
    past = events.filter(events.at_ms < as_of_ms)
    age = history.attribute("account_age", "number")
    moved = past.outcome.isin(("posted", "held"))
    table = past.select(
        "id", "account", "payee", "device", "network", "at_ms",
        amount=moved.ifelse(past.amount, 0), shop=past.merchant.notnull(), age=age,
    ).to_pyarrow()  # fmt: skip
    names = np.concatenate([_texts(table, "account"), _texts(table, "payee")])
    accounts, number = np.unique(names, return_inverse=True)
    who, to = number[: len(table)].astype(np.int64), number[len(table) :].astype(np.int64)
    if accounts.size and accounts[0] == "":  # no payee
        accounts, who, to = accounts[1:], who - 1, to - 1
    must(not who.size or who.min() >= 0, "an event without an account")
    at_ms = table["at_ms"].to_numpy().astype(np.int64)
    opened = np.full(len(accounts), np.inf)
    ages = table["age"].to_numpy(zero_copy_only=False).astype(np.float64)
    np.minimum.at(opened, who, at_ms - np.nan_to_num(ages, nan=0.0) * 1_000)
    shop = np.zeros(len(accounts), dtype=bool)
    is_shop = table["shop"].to_numpy(zero_copy_only=False).astype(bool) & (to >= 0)
    shop[to[is_shop]] = True
    device, network = _numbered(_texts(table, "device")), _numbered(_texts(table, "network"))
    bad, bad_devices = _confirmed(history, as_of_ms, table, who, to, device, at_ms, shop)
    return Links(
        accounts=tuple(str(name) for name in accounts),
        who=who,
        to=to,
        device=device,
        network=network,
        amount=table["amount"].to_numpy().astype(np.float64),
        at_ms=at_ms,
        shop=shop,
        opened_ms=opened,
        bad=bad,
        bad_devices=bad_devices,
    )


def _confirmed(
    history: History,
    as_of_ms: int,
    table: Any,
    who: Ints,
    to: Ints,
    device: Ints,
    at_ms: Ints,
    shop: Any,
) -> tuple[Ints, Ints]:
    """Accounts and devices that labels known by `as_of_ms` say are bad."""
    if history.labels is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    labels = history.labels
    said = labels.filter(labels.at_ms < as_of_ms).order_by("known", "at_ms").to_pyarrow()
    last = {}
    for event, bad, source, scheme in zip(
        *(said[c].to_pylist() for c in ("event", "bad", "source", "scheme")), strict=True
    ):
        last[event] = (bad, source, scheme)
    rows = np.array(
        [n for n, id_ in enumerate(table["id"].to_pylist()) if last.get(id_, (False,))[0]],
        dtype=np.int64,
    )
    if not rows.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ids = table["id"].take(rows).to_pylist()
    thief = np.array([not speaks_of_a_victim(*last[id_][1:]) for id_ in ids])
    payees = to[rows][(to[rows] >= 0)]
    payees = payees[~shop[payees]]
    theirs = rows[(device[rows] >= 0) & (thief | _strange(rows, who, device, at_ms))]
    return np.union1d(who[rows][thief], payees), np.unique(device[theirs])


def _strange(rows: Ints, who: Ints, device: Ints, at_ms: Ints) -> Truths:
    """Of each event in `rows`, whether its account was not yet at home on its device."""
    pair = who * (int(device.max(initial=0)) + 2) + device
    pairs, number = np.unique(pair, return_inverse=True)
    first = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(first, number, at_ms)
    found: Truths = at_ms[rows] - first[number[rows]] <= STRANGE_MS
    return found


def _texts(table: Any, name: str) -> Any:
    return np.array([value or "" for value in table[name].to_pylist()], dtype=object).astype(str)


def _numbered(texts: Any) -> Ints:
    names, number = np.unique(texts, return_inverse=True)
    if names.size and names[0] == "":
        number = number - 1
    return number.astype(np.int64)
