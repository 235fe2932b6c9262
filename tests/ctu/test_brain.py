"""What the brain says of people's payments."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest
from msgspec.structs import replace

from argosy.base.ports import Decision
from argosy.base.refusals import Unavailable
from argosy.ctu.brain import Brain
from tests.ctu.gatekeeper import Gatekeeper, rules_of, who

ALLOW, CHALLENGE, REVIEW, DENY = Decision


# --- ordinary use goes through -----------------------------------------------------------------------


async def test_a_newcomer_tries_the_wallet_and_is_not_asked_at_each_step(gate):
    """Signed up a minute ago, on a new phone: tops up, sends, pays, withdraws, small amounts all."""
    just_now = gate.clock.now() - timedelta(minutes=1)
    steps = [
        ("top_up", 5_000, None, {"bank_account": "h1"}),
        ("send", 500, "ravi", {}),
        ("pay", 250, "tea stall", {"payee_kind": "merchant"}),
        ("request", 100, "meena", {}),
        ("send", 20, None, {"to": "hashed phone"}),
        ("withdraw", 1_000, None, {"bank_account": "h1"}),
    ]
    for kind, rupees, to, more in steps:
        facts = {name: value for name, value in more.items() if name != "to"}
        operation = gate.operation("anita", rupees, to, kind=kind, opened=just_now, **facts)
        if "to" in more:
            operation = replace(operation, facts={**operation.facts, "to": more["to"]})
        assert (await gate.put_through(operation)).decision is ALLOW, kind
        gate.clock.advance(seconds=12)


async def test_a_large_amount_to_a_new_payee_wants_a_proof_and_then_goes_through(gate):
    await gate.habit("anita", 5_100, days=6)
    asked = await gate.ask("anita", 5_100, "stranger")
    assert (asked.decision, asked.challenge) == (CHALLENGE, "otp")
    assert "payee.new_payee_large" in rules_of(asked)
    proven = await gate.pay("anita", 5_100, "stranger", proofs=("pin", "otp"))
    assert (proven.decision, proven.challenge) == (ALLOW, None)
    again = await gate.ask("anita", 5_100, "stranger")
    assert again.decision is ALLOW


async def test_a_payee_is_new_to_one_payer_and_not_to_another(gate):
    await gate.habit("anita", 5_100, days=6, to="shop")
    await gate.habit("ravi", 5_100, days=6, to="mill")
    assert (await gate.ask("anita", 5_100, "shop")).decision is ALLOW
    assert "payee.new_payee_large" in rules_of(await gate.ask("ravi", 5_100, "shop"))


async def test_a_bank_account_is_a_payee_as_well(gate):
    await gate.habit("anita", 5_100, days=6)
    asked = await gate.ask("anita", 5_100, None, kind="withdraw", bank_account="hash")
    assert "payee.new_payee_large" in rules_of(asked)
    await gate.pay("anita", 5_100, None, kind="withdraw", bank_account="hash", otp=True)
    again = await gate.ask("anita", 5_100, None, kind="withdraw", bank_account="hash")
    assert "payee.new_payee_large" not in rules_of(again)


async def test_a_large_amount_from_a_new_device_wants_a_proof(gate):
    await gate.habit("anita", 5_100, days=6)
    asked = await gate.ask("anita", 5_100, device="tablet")
    assert "owner.new_device_large" in rules_of(asked)
    await gate.pay("anita", 100, device="tablet")
    gate.clock.advance(hours=23)
    again = await gate.ask("anita", 5_100, device="tablet")
    assert "owner.new_device_large" in rules_of(again)
    gate.clock.advance(hours=2)
    assert (await gate.ask("anita", 5_100, device="tablet")).decision is ALLOW


async def test_very_much_from_a_new_device_to_a_new_payee_is_for_a_human(gate):
    verdict = await gate.ask("anita", 25_000, "stranger", proofs=("pin", "otp"))
    assert verdict.decision is REVIEW
    assert "payee.new_device_new_payee" in rules_of(verdict)


async def test_an_account_opened_today_moves_no_fortune(gate):
    today = gate.clock.now() - timedelta(hours=3)
    young = await gate.ask("anita", 20_000, opened=today)
    assert "owner.young_account_large" in rules_of(young)
    assert "owner.young_account_large" not in rules_of(await gate.ask("ravi", 20_000))


async def test_far_above_habit_wants_a_proof(gate):
    await gate.habit("anita", 200, days=8)
    assert "owner.amount_above_habit" in rules_of(await gate.ask("anita", 2_000))
    assert (await gate.ask("anita", 350)).decision is ALLOW
    assert (await gate.ask("newcomer", 2_000)).decision is ALLOW


async def test_an_hour_at_which_this_person_never_pays_wants_a_proof(gate):
    gate.clock.advance(hours=8)
    await gate.habit("anita", 5_100, days=22)
    gate.clock.advance(hours=12)  # half past midnight
    assert "owner.unusual_hour" in rules_of(await gate.ask("anita", 5_100))


async def test_a_crowd_that_pays_a_young_account_is_seen(gate):
    opened = gate.clock.now() - timedelta(days=1)
    for n in range(11):
        paid = await gate.pay(f"victim {n}", 900, "collector", payee_opened=opened)
        assert paid.decision is ALLOW
    asked = await gate.ask("victim 12", 900, "collector", payee_opened=opened)
    assert "payee.many_payers_young" in rules_of(asked)
    shop = await gate.ask("victim 12", 900, "collector", payee_kind="merchant", payee_opened=opened)
    assert shop.decision is ALLOW


async def test_a_crowd_whose_money_waited_for_a_young_account_is_seen(gate):
    """Nobody can be asked for a code when money that waited is claimed; a human can."""
    for n in range(29):
        claim = gate.claim("collector", f"victim {n}", 900)
        assert (await gate.put_through(claim)).decision is ALLOW
    more = await gate.brain.judge(gate.claim("collector", "victim 31", 900))
    assert more.decision is REVIEW
    assert "mule.claimed_by_newcomer_crowd" in rules_of(more)
    opened = gate.clock.now() - timedelta(days=1)
    asked = await gate.ask("victim 32", 900, "collector", payee_opened=opened)
    assert asked.decision is REVIEW


async def test_a_product_that_nobody_has_thought_of_is_judged_as_well(gate):
    asked = await gate.ask("anita", 5_100, "stranger", kind="tip")
    assert "payee.new_payee_large" in rules_of(asked)
    assert (await gate.ask("shop", 5_100, "stranger", kind="refund")).decision is ALLOW


@pytest.mark.parametrize(
    "network, crowded",
    [("198.51.100.9", False), ("8.8.8.8", True), ("127.0.0.1", False), ("192.168.1.7", False)],
)
async def test_a_crowd_behind_a_public_address_makes_newcomers_prove_themselves(
    gate, network, crowded
):
    """Loopback, private and documentation addresses say nothing about who is there."""
    for n in range(30):
        await gate.pay(f"person {n}", 50, network=network)
    opened = gate.clock.now() - timedelta(days=1)
    asked = await gate.ask("newcomer", 1_500, network=network, opened=opened)
    assert ("velocity.network_crowd_of_newcomers" in rules_of(asked)) is crowded
    assert (await gate.ask("newcomer", 50, network=network, opened=opened)).decision is ALLOW
    assert (await gate.ask("old hand", 1_500, network=network)).decision is ALLOW


async def test_a_device_that_many_accounts_use_is_seen(gate):
    for n in range(4):
        await gate.pay(f"cousin {n}", 50, device="family tablet")
    assert "device.shared" in rules_of(await gate.ask("aunt", 50, device="family tablet"))
    assert (await gate.ask("cousin 1", 50, device="family tablet")).decision is ALLOW
    for n in range(6):
        mule = await gate.pay(f"mule {n}", 50, device="family tablet", otp=True)
        assert mule.decision is ALLOW
    eleventh = await gate.pay("mule 6", 50, device="family tablet", otp=True)
    assert eleventh.decision is REVIEW


# --- velocity --------------------------------------------------------------------------------------------


async def test_the_eleventh_payment_within_a_minute_wants_a_proof(gate):
    said = []
    for _ in range(12):
        said.append((await gate.pay("anita", 10)).decision)
        gate.clock.advance(seconds=1)
    assert said == [ALLOW] * 10 + [CHALLENGE] * 2
    gate.clock.advance(seconds=60)
    assert (await gate.ask("anita", 10)).decision is ALLOW


async def test_no_proof_helps_a_flood(gate):
    said = [(await gate.pay("anita", 1, proofs=("otp",))).decision for _ in range(62)]
    assert said == [ALLOW] * 60 + [DENY] * 2


async def test_much_money_within_a_day_is_for_a_human(gate):
    await gate.habit("anita", 45_000, days=6)
    for _ in range(4):
        await gate.pay("anita", 45_000, otp=True)
        gate.clock.advance(hours=2)
    asked = await gate.ask("anita", 45_000, proofs=("pin", "otp"))
    assert "velocity.account_much_1d" in rules_of(asked)
    assert asked.decision is REVIEW


async def test_one_device_counts_for_all_its_accounts(gate):
    for n in range(15):
        who_pays = f"cousin {n % 3}"
        assert (await gate.pay(who_pays, 10, device="tablet")).decision is ALLOW
    assert "device.many_1m" in rules_of(await gate.ask("cousin 0", 10, device="tablet"))
    assert (await gate.ask("cousin 0", 10, device="own phone")).decision is ALLOW


async def fifty_at_once(gate) -> list[Decision]:
    operations = [gate.operation("anita", 10) for _ in range(50)]

    async def go(operation):
        verdict = await gate.brain.judge(operation)
        await asyncio.sleep(0.05)  # the money is on its way
        await gate.finish(operation, verdict)
        return verdict.decision

    return await asyncio.gather(*(go(operation) for operation in operations))


async def test_fifty_at_once_do_not_slip_under_a_velocity_rule(gate):
    assert (await fifty_at_once(gate)).count(ALLOW) == 10


async def test_twin_without_what_is_in_flight_they_would(gate, monkeypatch):
    monkeypatch.setattr(gate.brain.facts, "flight_start", lambda *_: None)
    assert (await fifty_at_once(gate)).count(ALLOW) == 50


async def test_what_came_to_nothing_is_not_in_flight_any_more(gate):
    for _ in range(30):
        assert (await gate.ask("anita", 10)).decision is ALLOW


async def test_what_was_never_heard_of_again_is_in_flight_for_half_a_minute(gate):
    for _ in range(10):
        await gate.brain.judge(gate.operation("anita", 10))
    assert (await gate.ask("anita", 10)).decision is CHALLENGE
    gate.clock.advance(seconds=31)
    await gate.ask("ravi", 10)  # somebody's later event says that time has passed
    await gate.brain.facts.tend()
    assert (await gate.ask("anita", 10)).decision is ALLOW


async def test_the_same_operation_judged_again_flies_once(gate):
    operation = gate.operation("anita", 10)
    for _ in range(20):
        assert (await gate.brain.judge(operation)).decision is ALLOW


# --- what is missing is not a yes ---------------------------------------------------------------------------


async def test_a_channel_that_should_tell_the_device_and_does_not_is_challenged(gate, caplog):
    with caplog.at_level(logging.ERROR):
        verdict = await gate.ask("anita", 10, device=None)
    assert (verdict.decision, verdict.hits) == (CHALLENGE, ())
    assert "event.device" in verdict.unevaluated
    proven = await gate.pay("anita", 10, device=None, proofs=("otp",))
    assert proven.decision is ALLOW
    assert "event.device" in proven.unevaluated
    assert gate.brain.tallies.unevaluated == 1


async def test_twin_a_channel_without_devices_is_not(gate):
    assert (await gate.ask("anita", 10, device=None, channel="api")).decision is ALLOW
    assert (await gate.ask("anita", 10, device=None, channel="ussd", network=None)).hits == ()


async def test_a_channel_that_nobody_has_described_must_tell_its_device(gate):
    assert (await gate.ask("anita", 10, device=None, channel="telepathy")).decision is CHALLENGE


async def test_an_account_whose_age_nobody_knows_counts_as_young_where_it_matters(gate):
    operation = gate.operation("anita", 20_000, proofs=("pin",))
    unknown = replace(operation, facts={})
    verdict = await gate.brain.judge(unknown)
    assert verdict.decision is CHALLENGE
    assert "owner.young_account_large" in rules_of(verdict)


async def test_what_cannot_be_judged_is_counted_loudly(gate, caplog):
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            await gate.pay("anita", 10, device=None)
    assert [r.getMessage().split(" operations")[0] for r in caplog.records] == ["1", "2", "4"]
    await gate.brain.settle()
    count = await gate.db.value(
        "SELECT sum(count) FROM ctu.rate_tallies WHERE what = 'unevaluated event.device'"
    )
    assert count == 4


async def test_before_it_has_caught_up_the_brain_says_nothing(db, clock, ids):
    brain = Brain(db, clock, ids)
    gate = Gatekeeper(db, brain, clock, ids)
    with pytest.raises(Unavailable):
        await brain.judge(gate.operation("anita", 10))
    assert not brain.ready
    await brain.start()
    assert brain.ready
    assert (await brain.judge(gate.operation("anita", 10))).decision is ALLOW


async def test_a_brain_that_cannot_follow_the_log_says_nothing_until_it_can(
    gate, monkeypatch, caplog
):
    brain = gate.brain
    task = asyncio.create_task(brain.run())
    await gate.pay("anita", 10)
    broken = ValueError("a page of the log is unreadable")

    async def unreadable():
        raise broken

    async with asyncio.timeout(20):
        old = brain.facts
        monkeypatch.setattr(old, "_step", lambda _engine: unreadable())
        with pytest.raises(Unavailable):
            while True:
                await brain.judge(gate.operation("anita", 10))
                await asyncio.sleep(0.02)
        assert "starts anew" in caplog.text
        while True:  # its new facts can read
            try:
                verdict = await brain.judge(gate.operation("anita", 10))
                break
            except Unavailable:
                await asyncio.sleep(0.02)
    assert brain.facts is not old
    assert verdict.facts[brain.facts.columns.index("account.count_1d")] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(Unavailable):
        await brain.judge(gate.operation("anita", 10))


async def test_when_facts_cannot_be_loaded_the_brain_says_nothing(gate, monkeypatch):
    async def gone(*_args):
        raise Unavailable("the database did not answer")

    monkeypatch.setattr(gate.brain.facts, "read", gone)
    with pytest.raises(Unavailable):
        await gate.brain.judge(gate.operation("anita", 10))


# --- judging leaves no trace, and is kept ------------------------------------------------------------------


async def test_judging_teaches_nothing(gate):
    before = await gate.ask("anita", 5_100, "stranger")
    for _ in range(5):
        again = await gate.ask("anita", 5_100, "stranger")
        assert [hit.values for hit in again.hits] == [hit.values for hit in before.hits]
    await gate.brain.settle()
    assert await gate.db.value("SELECT count(*) FROM ctu.events") == 0
    assert await gate.db.value("SELECT count(*) FROM ctu.rate_tallies") == 0


async def test_an_operation_that_moved_money_gets_the_same_answer_again(gate):
    posted = gate.operation("anita", 10)
    await gate.put_through(posted)
    reviewed = gate.operation("ravi", 25_000, "stranger", proofs=("otp",))
    assert (await gate.put_through(reviewed)).decision is REVIEW
    for _ in range(30):
        await gate.pay("anita", 10)
    assert (await gate.ask("anita", 10)).decision is CHALLENGE
    assert (await gate.brain.judge(posted)).decision is ALLOW
    assert (await gate.brain.judge(reviewed)).decision is REVIEW


async def test_a_verdict_that_stops_is_durable_before_the_customer_hears(gate):
    operation = gate.operation("anita", 5_100, "stranger")
    verdict = await gate.put_through(operation)
    (kept,) = await gate.brain.verdicts.of_event(operation.id)
    assert (kept.id, kept.decision, kept.version) == (verdict.id, CHALLENGE, verdict.version)
    assert (kept.hits, kept.challenge, kept.outcome) == (verdict.hits, "otp", "challenged")
    mine = await gate.brain.verdicts.of_account(str(who("anita")))
    assert [one.id for one in mine] == [verdict.id]


async def test_what_was_stopped_is_told_to_the_log_with_it(gate):
    operation = gate.operation("anita", 5_100, "stranger")
    await gate.put_through(operation)
    await gate.brain.settle()
    rows = await gate.db.all("SELECT id, outcome, decision FROM ctu.events")
    assert [tuple(row) for row in rows] == [(operation.id, "challenged", CHALLENGE)]


async def test_a_yes_is_counted_and_kept_behind(gate):
    said = [await gate.pay("anita", 10) for _ in range(3)]
    assert await gate.db.value("SELECT count(*) FROM ctu.verdict_blocks") == 0
    await gate.brain.settle()
    assert await gate.db.value("SELECT count FROM ctu.verdict_blocks") == 3
    assert await gate.db.value("SELECT count(*) FROM ctu.verdict_rows") == 0
    counted = "SELECT sum(count) FROM ctu.rate_tallies WHERE what = 'allow'"
    assert await gate.db.value(counted) == 3
    for verdict in said:
        kept = await gate.brain.verdicts.get(verdict.id)
        assert (kept.decision, kept.outcome, kept.evidence.event) == (
            ALLOW,
            "posted",
            verdict.event,
        )
        assert kept.evidence.facts.tobytes() == verdict.facts.tobytes()


async def test_what_was_said_last_is_written_when_the_brain_is_closed(gate):
    await gate.pay("anita", 10)
    await gate.brain.close()
    assert await gate.db.value("SELECT count FROM ctu.verdict_blocks") == 1
    with pytest.raises(Unavailable):
        await gate.brain.judge(gate.operation("anita", 10))


async def test_what_the_log_does_not_know_is_forgotten_loudly(gate, caplog):
    """The brain was told that money moved, but no commit ever carried the event."""
    for _ in range(10):
        operation = gate.operation("anita", 10)
        verdict = await gate.brain.judge(operation)
        await gate.brain.observe(operation, verdict, "posted")
    assert (await gate.ask("anita", 10)).decision is CHALLENGE
    await gate.brain.settle()
    await gate.brain.settle()
    assert gate.brain.lost == 10
    assert (await gate.ask("anita", 10)).decision is ALLOW


async def test_twin_a_commit_that_takes_long_is_waited_for(gate):
    async with gate.db.work() as slow:
        await slow.execute("SELECT pg_current_xact_id()")
        await gate.pay("anita", 10)
        for _ in range(3):
            await gate.brain.facts.catch_up()
        assert gate.brain.lost == 0
    await gate.brain.settle()
    await gate.brain.settle()
    assert gate.brain.lost == 0


async def test_fifty_unknown_people_share_the_queries(db, clock, ids):
    class Counting(type(db)):
        reads = 0

        async def all(self, sql, *args):
            self.reads += 1
            return await super().all(sql, *args)

    counting = Counting(db._pool, db.url)
    brain = Brain(counting, clock, ids)
    await brain.start()
    gate = Gatekeeper(db, brain, clock, ids)
    counting.reads = 0
    await asyncio.gather(*(brain.judge(gate.operation(f"p {n}", 10)) for n in range(50)))
    assert counting.reads <= 4
    counting.reads = 0
    await asyncio.gather(*(brain.judge(gate.operation(f"p {n}", 10)) for n in range(50)))
    assert counting.reads == 0


async def test_memory_has_a_bound_and_what_was_forgotten_is_read_again(db, clock, ids):
    brain = Brain(db, clock, ids, entities_max=200)
    await brain.start()
    gate = Gatekeeper(db, brain, clock, ids)
    for n in range(100):
        await gate.pay(f"person {n % 50}", 10)
    await brain.settle()
    for _ in range(8):
        assert (await gate.pay("person 3", 10)).decision is ALLOW
    assert (await gate.pay("person 3", 10)).decision is CHALLENGE
