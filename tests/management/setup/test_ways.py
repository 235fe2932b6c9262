"""Rails, jobs and partners: how they stand, and the few things staff do to them."""

from __future__ import annotations

import asyncio

from argosy.app import console_services, running
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.products import Sweep
from argosy.base.refusals import Refused
from argosy.partners.webhooks.facts import ALL_PAYMENTS
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt

BANK = "000000004700"
BROKEN = "000000004778"


async def test_a_paused_rail_takes_nothing_new_and_keeps_what_it_has(town, clock):
    wallet, setup = town.wallet, console_services(town.wallet).setup
    inr = Money(10_000, "INR")
    held = await town.anita.do(Withdraw(wallet.ids.new(), inr, BROKEN))
    assert held.order.state is State.HELD

    assert await setup.rails.pause("simulator", True, "the bank is down", "olga") is None
    await wallet.following.look()

    for command in (TopUp(wallet.ids.new(), inr, BANK), Withdraw(wallet.ids.new(), inr, BANK)):
        said = await town.anita.do(command)
        assert isinstance(said, Refused)
        assert said.code == "rail_paused"
    assert isinstance((await town.pay(10_000)).state, State)  # what asks no bank goes on
    (standing,) = await setup.rails.standing()
    assert (standing.paused, standing.why, standing.by) == (True, "the bank is down", "olga")

    assert await setup.rails.pause("simulator", False, "it is back", "omar") is None
    await wallet.following.look()
    assert isinstance(await town.anita.do(TopUp(wallet.ids.new(), inr, BANK)), Receipt)
    after = await console_services(wallet).money.stuck.ask_bank(held.order.id)
    assert after.state is State.PAID


async def test_calls_are_noted_and_paged(town):
    wallet, setup = town.wallet, console_services(town.wallet).setup
    await wallet.calls.flush()
    before = await setup.rails.calls("simulator")
    await town.anita.do(Withdraw(wallet.ids.new(), Money(10_000, "INR"), BROKEN))
    assert await wallet.calls.flush() == 1
    page = await setup.rails.calls("simulator")
    assert len(page) == len(before) + 1
    seen, cursor = [], None
    while part := await setup.rails.calls("simulator", cursor, 2):
        seen += [one.id for one in part]
        cursor = part[-1].at, part[-1].id
    assert seen == [one.id for one in page]
    (standing,) = await setup.rails.standing()
    assert standing.calls == len(page)
    assert standing.unknown >= 1


async def test_no_such_rail(town):
    setup = console_services(town.wallet).setup
    assert (await setup.rails.pause("teleport", True, "why", "olga")).code == "rail_unknown"


async def test_old_calls_are_forgotten(town, clock):
    await town.wallet.calls.flush()
    assert await town.wallet.calls.prune(clock.now()) == 0
    clock.advance(days=30)
    assert await town.wallet.calls.prune(clock.now()) > 0


async def test_a_job_runs_when_somebody_asks(house, monkeypatch):
    """Its pause is an hour; asked for, it runs within seconds."""
    turns: list[int] = []

    async def count(_now, _limit):
        turns.append(1)
        return 1

    monkeypatch.setattr("argosy.app.sweeps", lambda _wallet: (Sweep("a.job", 3600.0, count),))
    monkeypatch.setattr("argosy.management.setup.jobs.LOOK_SECONDS", 0.05)
    setup = console_services(house).setup
    async with running(house):
        await asyncio.sleep(0.3)
        assert len(turns) == 1
        await house.jobs.flush()
        (job,) = [one for one in await setup.jobs.all() if one.name == "a.job"]
        assert (job.done, job.failures) == (1, 0)
        assert (await setup.jobs.ask("no.job", "olga")).code == "job_unknown"
        assert await setup.jobs.ask("a.job", "olga") is None
        for _ in range(40):
            await asyncio.sleep(0.05)
            if len(turns) > 1:
                break
    assert len(turns) == 2


async def test_relays_are_told_with_their_errors(house, db):
    setup = console_services(house).setup
    for relay in house.relays:
        await relay.prepare()
    await db.run(
        "UPDATE outbox.cursors SET failures = 3, last_error = 'boom', retry_at = now() + interval '1 h'"
        " WHERE consumer = 'webhooks'"
    )
    (hooks,) = [one for one in await setup.jobs.relays() if one.consumer == "webhooks"]
    assert (hooks.failures, hooks.last_error) == (3, "boom")
    assert await setup.jobs.retry_relay("webhooks") is None
    assert await db.value("SELECT retry_at FROM outbox.cursors WHERE consumer = 'webhooks'") is None
    assert (await setup.jobs.retry_relay("nobody")).code == "job_unknown"


async def test_keys_endpoints_and_dead_letters(town, db):
    wallet, setup = town.wallet, console_services(town.wallet).setup
    shop = await town.party(town.shop)
    made = await wallet.api_keys.create(shop, "till")
    endpoint = await wallet.webhooks.endpoints.create(
        shop.id, "https://shop.example/hooks", [ALL_PAYMENTS]
    )
    order = await town.pay(10_000)
    for relay in wallet.relays:
        while await relay.turn():
            pass
    await db.run("UPDATE webhooks.deliveries SET state = 'dead', next_at = NULL, ended_at = now()")

    (key,) = await setup.partners.keys()
    assert (key.id, key.label, key.revoked_at) == (made.key.id, "till", None)
    assert await setup.partners.keys(after=(key.party, key.id)) == []
    (seen,) = await setup.partners.endpoints()
    assert (seen.url, seen.state) == ("https://shop.example/hooks", "active")
    (letter,) = await setup.partners.dead()
    assert (letter.subject, letter.url) == (order.id, seen.url)
    story = await console_services(wallet).money.stories.tell(order.id)
    assert [(d.kind, d.state) for d in story.deliveries] == [("payment.paid", "dead")]

    assert await setup.partners.pause(shop.id, endpoint.endpoint.id, paused=True) is None
    assert (await setup.partners.endpoints())[0].state == "paused"
    assert await setup.partners.pause(shop.id, endpoint.endpoint.id, paused=False) is None
    assert await setup.partners.redeliver(shop.id, letter.id) is None
    assert await setup.partners.dead() == []
    assert await setup.partners.revoke(shop.id, key.id) is None
    assert (await setup.partners.keys())[0].revoked_at is not None
    stranger = await setup.partners.revoke(shop.id, order.id)
    assert isinstance(stranger, Refused)


async def test_packs_show_their_cards(house, clock):
    setup = console_services(house).setup
    for code in house.markets:
        cards = setup.cards(code, clock.now().date())
        assert len(cards) > 10
        assert not [one.name for one in cards if one.false], code
