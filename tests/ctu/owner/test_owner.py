"""Is it the owner? What is remembered, what is said, what is learned and unlearned."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import numpy as np
import pytest

from argosy.ctu.events import Event, Label
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import LogWriter, history_relay, put_labels, settle
from argosy.ctu.owner import OwnerScore
from argosy.ctu.owner import score as scoring
from argosy.ctu.owner.habits import VALUES_MAX, Crowd, Habits, doubts
from argosy.ctu.owner.score import probability, reasons, score
from argosy.ctu.owner.traits import LEVELS, ROOTS, steps

DAY_MS = 86_400_000
MONDAY_MS = 1_795_422_600_000 - 1_795_422_600_000 % DAY_MS + 10 * 3_600_000  # 10:00, 2026-11-23


def event(n, account="anita", *, at_ms=None, **more) -> Event:
    facts = {
        "id": UUID(int=n), "kind": "send", "account": account, "amount": 500_00, "currency": "INR",
        "device": f"phone of {account}", "network": "203.0.113.7", "payee": "ravi",
        "at_ms": MONDAY_MS + n * DAY_MS if at_ms is None else at_ms,
        "attributes": {"network_country": "IN", "asn": "AS1", "user_agent": "Lite/1.0 Android 14"},
    }  # fmt: skip
    return Event(**{**facts, **more})


def stranger(n, account="anita", **more) -> Event:
    theirs = {
        "device": "another phone", "network": "198.51.100.9", "payee": "mule",
        "attributes": {"network_country": "RU", "asn": "AS9", "user_agent": "Bot/3"},
    }  # fmt: skip
    return event(n, account, **{**theirs, **more})


@pytest.fixture
def crowd() -> Crowd:
    """Two hundred people of three providers."""
    made, chance = Crowd(), random.Random(1)
    for n in range(4_000):
        who = chance.randrange(200)
        made.add(
            event(
                n, f"p{who}", at_ms=MONDAY_MS + chance.randrange(90 * DAY_MS),
                network=f"203.0.{who % 100}.{chance.randrange(200)}", payee=f"p{chance.randrange(200)}",
                attributes={
                    "network_country": "IN", "asn": f"AS{who % 3}",
                    "user_agent": f"Lite/1.{chance.randrange(4)} Android 14",
                },
            )
        )  # fmt: skip
    return made


def known(count: int) -> Habits:
    habits = Habits()
    for n in range(count):
        habits.add(event(n))
    return habits


# --- what is said --------------------------------------------------------------------------------------


def test_who_has_no_history_is_neither_trusted_nor_suspected(crowd):
    for someone in (event(1), stranger(1)):
        assert score(Habits(), crowd, someone) == pytest.approx(probability(0.0, 0.0))
        assert score(Habits(), crowd, someone) < 0.001


def test_the_longer_the_history_the_surer(crowd):
    own = [score(known(n), crowd, event(40)) for n in (1, 3, 10, 30)]
    others = [score(known(n), crowd, stranger(40)) for n in (1, 3, 10, 30)]
    assert own == sorted(own, reverse=True)
    assert others == sorted(others)
    assert own[-1] < 1e-5
    assert others[-1] > 0.9


def test_each_side_that_is_strange_makes_it_less_likely_the_owner(crowd):
    habits = known(20)
    as_ever = event(40)
    for change in (
        {"device": "another phone"},
        {"network": "203.0.113.8"},
        {"network": "198.51.100.9"},
        {"attributes": {**as_ever.attributes, "asn": "AS2"}},
        {"attributes": {**as_ever.attributes, "network_country": "RU"}},
        {"attributes": {**as_ever.attributes, "user_agent": "Bot/3"}},
        {"at_ms": as_ever.at_ms + 15 * 3_600_000},
        {"payee": "mule"},
        {"amount": 90_000_00},
        {"kind": "withdraw"},
    ):
        assert score(habits, crowd, event(40, **change)) > score(habits, crowd, as_ever), change


def test_the_rough_counts_more_than_the_fine(crowd):
    habits = known(20)
    told = event(1).attributes
    address = event(40, network="203.0.113.8")
    part = event(40, network="203.0.200.8")
    provider = event(40, network="203.1.200.8", attributes={**told, "asn": "AS2"})
    country = stranger(40, payee="ravi")
    said = [score(habits, crowd, e) for e in (address, part, provider, country)]
    assert said == sorted(said)


def test_a_rare_value_of_the_owners_speaks_more_for_the_owner_than_a_common_one(crowd):
    habits = Habits()
    rare = {"network_country": "IS", "asn": "AS77", "user_agent": "Rare/9"}
    for n in range(10):
        habits.add(event(n, attributes=rare if n % 2 else event(1).attributes))
    assert score(habits, crowd, event(40, attributes=rare)) < score(habits, crowd, event(40))


def test_what_is_not_told_counts_neither_for_nor_against(crowd):
    habits = known(20)
    silent = event(40, device=None, network=None, payee=None, attributes={})
    assert {LEVELS[level] for level, _, _ in steps(silent)} == {
        "week_part", "week_block", "kind", "amount",
    }  # fmt: skip
    assert score(habits, crowd, event(40)) < score(habits, crowd, silent)
    assert score(habits, crowd, silent) < score(habits, crowd, stranger(40))


def test_scoring_leaves_no_trace(crowd):
    habits = known(5)
    before, everybody = habits.pack(), crowd.pack()
    score(habits, crowd, stranger(40))
    reasons(habits, crowd, stranger(40), 5)
    assert habits.pack() == before
    assert crowd.pack() == everybody


def test_doubts_are_likelihood_ratios_that_add_up(crowd):
    """Over all values there are, p(x | owner) sums to one where the crowd's p(x) does."""
    habits = known(7)
    part = next(s for s in steps(event(1)) if LEVELS[s[0]] == "provider")
    level, parent, _ = part
    values = [v for v in crowd.counts if v >> 32 == level and v < 1 << 40]
    here = [(level, parent, v) for v in values]
    shares = [crowd.share(*step) for step in here]
    own = [p / d for p, d in zip(shares, doubts(habits, crowd, here), strict=True)]
    assert sum(own) + (1 - sum(shares)) * (1 - sum(own)) == pytest.approx(1, abs=0.05)


def test_reasons_are_in_words_and_the_strongest_first(crowd):
    found = reasons(known(20), crowd, stranger(40), 5)
    assert 3 <= len(found) <= 5
    assert [w.contribution for w in found] == sorted((w.contribution for w in found), reverse=True)
    words = {w.words for w in found}
    assert "this device: never seen with this account" in words
    assert "the network's country: never seen with this account" in words
    assert {w.customer for w in found} <= {
        f"risk_why.{k}" for k in ("device", "network", "payee", "habit", "time")
    }
    assert reasons(known(20), crowd, event(40), 5) == []


# --- what is remembered ----------------------------------------------------------------------------------


def test_habits_come_back_from_their_bytes():
    habits = known(9)
    again = Habits.unpack(habits.pack())
    assert again.counts.keys() == habits.counts.keys()
    np.testing.assert_allclose(list(again.counts.values()), list(habits.counts.values()), rtol=1e-6)
    assert (again.day, again.recent) == (habits.day, habits.recent)
    crowd = Crowd()
    crowd.add(event(1))
    assert Crowd.unpack(crowd.pack()).counts == crowd.counts


def test_what_is_remembered_is_bounded():
    habits, chance = Habits(), random.Random(3)
    for n in range(3_000):
        habits.add(
            event(
                n, at_ms=MONDAY_MS + n * 3_600_000, device=f"d{n}", payee=f"p{n}", amount=n * n + 1,
                network=f"{chance.randrange(1, 200)}.{chance.randrange(200)}.1.{n % 250}",
            )
        )  # fmt: skip
    assert len(habits.counts) <= VALUES_MAX
    assert len(habits.pack()) < 2_000
    assert all(root in habits.counts for root in (ROOTS[0], ROOTS[1], ROOTS[4]))


def test_what_is_old_fades(crowd):
    habits = known(20)
    for n in range(20):
        habits.add(event(n, device="new phone", at_ms=MONDAY_MS + (200 + n) * DAY_MS))
    later = MONDAY_MS + 230 * DAY_MS
    old, new = (
        score(habits, crowd, event(1, device=d, at_ms=later))
        for d in ("phone of anita", "new phone")
    )
    assert new < old


# --- in the database -------------------------------------------------------------------------------------


@pytest.fixture
def town(db):
    return Town(db)


class Town:
    def __init__(self, db) -> None:
        self.db = db
        self.writer = LogWriter(db)
        self.relay = history_relay(db)

    async def tell(self, *events: Event, outcome="posted") -> None:
        for one in events:
            await self.writer.write(Logged(event=one, outcome=outcome))

    async def settle(self) -> None:
        await settle(self.db, self.relay)

    async def owner(self) -> OwnerScore:
        owner = OwnerScore(self.db)
        await owner.start()
        return owner


async def told(owner: OwnerScore, *events: Event) -> list[float]:
    return (await owner.read(events)).tolist()


async def test_an_account_is_loaded_once_and_then_read_at_once(town):
    await town.tell(*(event(n) for n in range(10)))
    await town.settle()
    owner = await town.owner()
    assert owner.read_now(event(40)) is None
    own, other, nobody = await told(owner, event(40), stranger(40), event(40, "nobody"))
    assert own < 0.0001 < 0.1 < other
    assert nobody == pytest.approx(probability(0, 0))
    assert owner.read_now(event(40)) == own
    assert owner.read_now(stranger(40)) == other
    assert owner.read_now(event(40, "nobody")) == nobody
    assert (await owner.reasons(stranger(40), 2))[0].column.startswith("owner.")


@pytest.mark.parametrize("kept", [0, 5, 10])
async def test_history_the_log_and_what_was_heard_are_one(town, kept):
    """However much of the log the history holds when the account is loaded, each event counts once."""
    await town.settle()
    await town.tell(*(event(n) for n in range(kept)))
    await town.settle()
    owner = await town.owner()
    await town.tell(*(event(n) for n in range(kept, 10)))
    await owner.catch_up()
    await told(owner, event(40))  # loads it: the history holds `kept`
    await town.settle()
    await owner.catch_up()
    assert (await owner._load_habits("anita")).counts == pytest.approx(known(10).counts, rel=1e-6)
    fresh = await town.owner()
    assert (await fresh._load_habits("anita")).counts == pytest.approx(known(10).counts, rel=1e-6)


async def test_only_what_was_posted_teaches(town):
    await town.tell(*(event(n) for n in range(10)))
    for n, outcome in enumerate(("held", "challenged", "denied"), 10):
        await town.tell(stranger(n), outcome=outcome)
    owner = await town.owner()
    await town.settle()
    await owner.catch_up()
    assert (await owner._load_habits("anita")).counts == pytest.approx(known(10).counts, rel=1e-6)


async def test_a_stranger_who_was_found_out_is_unlearned(town, db):
    thief = [stranger(n) for n in range(40, 60)]
    await town.tell(*(event(n) for n in range(10)), *thief)
    await town.settle()
    owner = await town.owner()
    await owner.catch_up()
    (taught,) = await told(owner, stranger(70))
    labels = [
        Label(event=e.id, at_ms=e.at_ms + 1, bad=True, source="case", by="staff") for e in thief
    ]
    async with db.work() as conn:
        await put_labels(conn, labels)
    await town.settle()
    await owner.catch_up()
    assert owner.read_now(stranger(70)) is None  # made again from the rest
    (found_out,) = await told(owner, stranger(70))
    assert found_out > 0.05 > 50 * taught
    other = await town.owner()
    assert (await told(other, stranger(70)))[0] == pytest.approx(found_out, rel=0.05)


async def test_habits_are_kept_and_read_from_where_they_end(town, db):
    await town.tell(*(event(n) for n in range(20)))
    await town.settle()
    await told(await town.owner(), event(40))
    row = await db.one("SELECT log_no, octet_length(state) AS bytes FROM ctu.owner_states")
    assert row["log_no"] == await db.value("SELECT max(log_no) FROM ctu.events")
    await town.tell(*(event(n) for n in range(20, 25)))
    await town.settle()
    habits = await (await town.owner())._load_habits("anita")
    assert habits.counts == pytest.approx(known(25).counts, rel=1e-5)
    assert await db.value("SELECT log_no FROM ctu.owner_states") == row["log_no"]


async def test_everybodys_habits_survive_a_restart(town):
    owner = await town.owner()
    for n in range(50):
        owner.update(event(n, f"p{n}"), "posted")
    await owner.save()
    again = await town.owner()
    assert again._crowd.counts == owner._crowd.counts


async def test_memory_is_bounded_and_nothing_is_lost_by_it(town, monkeypatch):
    monkeypatch.setattr(scoring, "AT_HAND_MAX", 10)
    monkeypatch.setattr(scoring, "ACCOUNTS_MAX", 20)
    await town.tell(*(event(n, f"p{n % 60}") for n in range(180)))
    await town.settle()
    owner = await town.owner()
    asked = [event(300, f"p{n}") for n in range(60)]
    first = await told(owner, *asked)
    assert len(owner._at_hand) <= 10
    one_by_one = [(await told(owner, one))[0] for one in asked]
    assert one_by_one == pytest.approx(first, rel=1e-5)
    assert len(owner._packed) <= 80  # what one load brought may be over the bound
    together = await asyncio.gather(*(told(owner, one) for one in asked))
    assert [one for (one,) in together] == pytest.approx(first, rel=1e-5)


async def test_it_follows_the_log_by_itself(town):
    owner = await town.owner()
    await told(owner, event(40))
    following = asyncio.create_task(owner.run())
    before = owner.read_now(event(40))
    await town.tell(*(event(n) for n in range(10)))
    owner.wake()
    async with asyncio.timeout(10):
        while owner.read_now(event(40)) == before:  # noqa: ASYNC110 — a task of its own reads on
            await asyncio.sleep(0.02)
    following.cancel()
