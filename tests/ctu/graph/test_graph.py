"""What no single account shows: seen in a small town with one gang in it."""

from __future__ import annotations

import random
from uuid import UUID

import numpy as np
import pytest
from scipy import sparse

from argosy.ctu.events import Event, Label
from argosy.ctu.facts.graph.building import NEIGHBOURS_MAX, Graph, distances
from argosy.ctu.facts.graph.columns import COLUMNS, DIMENSIONS, HOPS_MAX, STORED
from argosy.ctu.facts.graph.embedding import embed
from argosy.ctu.facts.graph.gangs import gangs
from tests.ctu.offline.oracle import Entry
from tests.ctu.offline.streams import START_MS, history_of

HOUR = 3_600_000
SOON = START_MS + 1_000 * HOUR


class Town:
    """Writes a log one payment at a time."""

    def __init__(self) -> None:
        self.log: list[Entry] = []
        self.chance = random.Random(5)
        self.at_ms = START_MS

    def pay(self, who, to, amount=1_000, device=None, outcome="posted", shop=False, network=None):
        self.at_ms += 60_000
        event = Event(
            id=self._id(),
            kind="pay" if shop else "send",
            at_ms=self.at_ms,
            account=who,
            amount=amount,
            device=device or f"phone of {who}",
            network=network,
            payee=to,
            merchant=to if shop else None,
        )
        self.log.append(Entry(event, outcome))
        return event

    def bad(self, event, scheme="mule"):
        label = Label(event=event.id, at_ms=self.at_ms, bad=True, source="case", scheme=scheme)
        self.log.append(Entry(label))

    def graph(self) -> Graph:
        return Graph.build(history_of(self.log), SOON)

    def _id(self):
        return UUID(int=self.chance.getrandbits(128))


@pytest.fixture
def town():
    return Town()


def said(graph: Graph, account: str) -> dict[str, float]:
    return dict(zip(STORED, graph.values[graph.accounts.index(account)], strict=True))


def a_gang(town: Town) -> Event:
    """Six mules opened in one hour on two phones, who feed one collector."""
    for n in range(6):
        last = town.pay(f"mule{n}", "collector", 5_000, device=f"farm{n % 2}")
    return last


def honest(town: Town, people=40) -> None:
    for n in range(people):
        town.at_ms += 5 * HOUR
        town.pay(f"p{n}", f"p{(n * 7 + 1) % people}", 300)
        town.pay(f"p{n}", "grocer", 200, shop=True)


def test_shared_devices_and_accounts_opened_together(town):
    honest(town)
    a_gang(town)
    graph = town.graph()
    assert said(graph, "mule0")["shared_devices"] == 2
    assert said(graph, "mule0")["cohort_size"] == 3  # those of one phone
    assert said(graph, "p3")["shared_devices"] == 0
    assert said(graph, "collector")["cohort_in_accounts"] == 3
    assert said(graph, "collector")["cohort_in_share"] == 1.0
    assert said(graph, "p8")["cohort_in_share"] == 0.0
    assert np.isnan(said(graph, "mule0")["cohort_in_share"])  # it never received anything


def test_distance_to_a_confirmed_account(town):
    town.pay("a", "b")
    town.pay("b", "c")
    town.pay("x", "y")
    thief = town.pay("thief", "a")
    town.bad(thief)
    graph = town.graph()
    found = {name: said(graph, name)["bad_distance"] for name in ("thief", "a", "b", "c", "x")}
    assert found == {"thief": 0, "a": 0, "b": 1, "c": 2, "x": HOPS_MAX + 1}


def test_the_victim_of_a_takeover_is_not_a_thief(town):
    event = town.pay("victim", "mule", device="stolen phone")
    town.pay("other", "friend", device="stolen phone")
    town.bad(event, "takeover")
    graph = town.graph()
    assert said(graph, "mule")["bad_distance"] == 0
    assert said(graph, "victim")["bad_distance"] == 1
    assert said(graph, "other")["bad_distance"] == 1


def test_everybody_is_near_the_grocer_and_that_says_nothing(town):
    for n in range(NEIGHBOURS_MAX + 2):
        event = town.pay(f"p{n}", "grocer", shop=True)
    town.bad(event)
    graph = town.graph()
    assert said(graph, "grocer")["bad_distance"] == HOPS_MAX + 1
    assert said(graph, "p0")["bad_distance"] == HOPS_MAX + 1


def test_labels_of_the_future_are_not_known(town):
    town.bad(a_gang(town))
    history = history_of(town.log)
    graph = Graph.build(history, town.at_ms)
    assert (graph.values[:, STORED.index("bad_distance")] == HOPS_MAX + 1).all()


def test_distances_are_those_of_a_plain_search():
    chance = np.random.default_rng(3)
    for _ in range(20):
        links = np.triu(chance.random((30, 30)) < 0.05, 1)
        links = links | links.T
        bad = np.flatnonzero(chance.random(30) < 0.1)
        found = distances(sparse.csr_matrix(links.astype(float)), bad, bad)
        wanted = np.full(30, HOPS_MAX + 1)
        edge, wanted[bad], hops = set(bad.tolist()), 0, 0
        while edge and hops < HOPS_MAX:
            hops += 1
            edge = {m for n in edge for m in np.flatnonzero(links[n]) if wanted[m] > hops}
            wanted[list(edge)] = hops
        assert found.tolist() == wanted.tolist()


def test_a_gang_is_a_community_of_its_own(town):
    honest(town)
    town.bad(a_gang(town))
    first, *rest = gangs(town.graph())
    assert {f"mule{n}" for n in range(6)} | {"collector"} == set(first.members)
    assert first.devices == 2
    assert first.sent == 30_000
    assert set(first.bad) == {"mule5", "collector"}
    assert rest == []
    graph = town.graph()
    assert said(graph, "mule0")["community_size"] == 7
    assert said(graph, "mule0")["community_bad_share"] == pytest.approx(2 / 7)


def test_the_same_history_gives_the_same_gangs(town):
    honest(town)
    town.bad(a_gang(town))
    one, other = town.graph(), town.graph()
    assert one.accounts == other.accounts
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert np.array_equal(one.community, other.community)


# --- embeddings ------------------------------------------------------------------------------------------


def crowds(town: Town, extra=0) -> Graph:
    for crowd in ("x", "y", "z"):
        for n in range(20 + extra):
            for step in (1, 3, 7):
                town.pay(f"{crowd}{n}", f"{crowd}{(n + step) % 20}")
    return town.graph()


def test_who_deals_with_the_same_ones_lies_together(town):
    graph = crowds(town)
    places = embed(graph.accounts, graph.transfers)
    assert places.shape == (60, DIMENSIONS)
    crowd = np.array([name[0] for name in graph.accounts])
    own = np.mean([_apart(places[crowd == c], places[crowd == c]) for c in "xyz"])
    across = _apart(places[crowd == "x"], places[crowd == "y"])
    assert across > 3 * own


def _apart(some, others):
    return np.linalg.norm(some[:, None] - others[None], axis=2).mean()


def test_a_refresh_is_turned_to_fit_the_one_before(town):
    graph = crowds(town)
    places = embed(graph.accounts, graph.transfers)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(DIMENSIONS, DIMENSIONS)))
    before = dict(zip(graph.accounts, places @ turn, strict=True))
    again = embed(graph.accounts, graph.transfers, before)
    assert np.allclose(again, places @ turn)  # twin: without turning it is elsewhere
    assert not np.allclose(places, places @ turn)
    later = crowds(town, extra=3)  # the town has grown
    kept = [n for n, name in enumerate(later.accounts) if name in before]
    old = np.stack([before[later.accounts[n]] for n in kept])
    moved = embed(later.accounts, later.transfers, before)[kept]
    plain = embed(later.accounts, later.transfers)[kept]
    assert np.linalg.norm(moved - old) < 0.5 * np.linalg.norm(plain - old)


def test_who_neither_sends_nor_receives_lies_nowhere(town):
    town.pay("idle", "friend", outcome="denied")
    crowds(town)
    graph = town.graph()
    places = embed(graph.accounts, graph.transfers)
    assert np.isnan(places[graph.accounts.index("idle")]).all()


def test_columns_are_named_once():
    assert len(set(COLUMNS)) == len(COLUMNS) == 2 * len(STORED) + DIMENSIONS
