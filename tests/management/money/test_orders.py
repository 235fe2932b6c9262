"""Orders are found by cursor, and each has its whole story on one page."""

from __future__ import annotations

from datetime import timedelta

from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.refusals import Refused
from argosy.management.money import orders as searching
from argosy.management.money.orders import Wanted
from argosy.products.send.facts import Send
from argosy.public_services.cashier.facts import Receipt


async def walked(desk, wanted, limit=2):
    """All pages of a search, one after the other."""
    found, after = [], None
    for _ in range(100):
        page = await desk.search.page(wanted, after, limit)
        found += [one.order.id for one in page.found]
        after = page.after
        if after is None:
            return found
    raise AssertionError("a search without end")


async def test_every_order_comes_once_newest_first(town, desk, clock):
    made = []
    for minor in (10_000, 20_000, 30_000, 40_000, 50_000):
        clock.advance(seconds=1)
        made.append((await town.pay(minor)).id)

    assert await walked(desk, Wanted(products=("pay",))) == made[::-1]


async def test_filters_narrow_and_their_twins_do_not(town, desk, clock, monkeypatch):
    small = await town.pay(10_000)
    clock.advance(hours=30)
    large = await town.pay(90_000)
    cut = clock.now() - timedelta(hours=2)
    said = {
        "amount": (Wanted(minor_min=50_000, products=("pay",)), [large.id]),
        "most": (Wanted(minor_max=50_000, products=("pay",)), [small.id]),
        "since": (Wanted(since=cut, products=("pay",)), [large.id]),
        "until": (Wanted(until=cut, products=("pay",)), [small.id]),
        "state": (Wanted(states=(State.REFUNDED,)), []),
        "market": (Wanted(market="thailand"), []),
        "own market": (Wanted(market="india", products=("pay",)), [large.id, small.id]),
    }
    for name, (wanted, expected) in said.items():
        assert await walked(desk, wanted) == expected, name
    # however few orders one look may read, nothing is lost and the search ends
    monkeypatch.setattr(searching, "LOOKED_AT", 2)
    for name, (wanted, expected) in said.items():
        assert await walked(desk, wanted) == expected, name


async def test_a_party_sees_its_own_by_its_account(town, desk, clock):
    order = await town.pay(10_000)
    ravi, shop = await town.party(town.ravi), await town.party(town.shop)

    page = await desk.search.page(Wanted(party=shop.id, products=("pay",)))
    assert [one.order.id for one in page.found] == [order.id]
    none = await desk.search.page(Wanted(party=ravi.id, products=("pay",)))
    assert none.found == ()


async def test_the_channel_comes_from_what_the_brain_was_asked(town, desk, db):
    order = await town.pay(10_000)
    await town.wallet.own_brain.settle()
    await _follow(town)

    page = await desk.search.page(Wanted(channel="sandbox", products=("pay",)))
    assert [(one.order.id, one.channel) for one in page.found] == [(order.id, "sandbox")]
    assert (await desk.search.page(Wanted(channel="ussd"))).found == ()


async def test_a_story_has_every_step(town, desk, clock):
    order = await town.pay(30_000)
    clock.advance(minutes=5)
    back = await desk.refund(town.wallet.ids.new(), order.id, 10_000, "torn sleeve")
    assert isinstance(back, Receipt), back
    await _follow(town)

    story = await desk.stories.tell(order.id)

    assert story.order.state is State.PARTLY_REFUNDED
    moved = [(m.what, m.kind, m.minor) for m in story.moved if m.kind != "fee"]
    assert moved == [("move", "pay", 30_000), ("move", "refund", 10_000)]
    assert [e.kind for e in story.events] == ["payment.paid", "payment.refunded"]
    assert len(story.verdicts) == 2  # of the payment and of the refund
    assert {t.party for t in story.messages} <= {order.payer, order.payee}
    assert story.messages  # the customer is told of the money that came back


async def test_a_bank_story_tells_the_calls(town, desk):
    top_up = next(one.order for one in (await desk.search.page(Wanted(products=("top_up",)))).found)
    await town.wallet.calls.flush()

    story = await desk.stories.tell(top_up.id)

    assert [(c.rail, c.verb, c.state) for c in story.calls] == [("simulator", "send", "done")]
    assert {m.what for m in story.moved} == {"hold", "post"}


async def test_no_order_has_no_story(town, desk, ids):
    assert await desk.stories.tell(ids.new()) is None


async def test_a_refund_goes_through_the_product_and_its_refusals(town, desk):
    order = await town.pay(30_000)
    over = await desk.refund(town.wallet.ids.new(), order.id, 30_001, "")
    assert isinstance(over, Refused)
    assert over.code == "refund_too_large"
    same = town.wallet.ids.new()
    first = await desk.refund(same, order.id, None, "all of it")
    again = await desk.refund(same, order.id, None, "all of it")
    assert first.order.state is again.order.state is State.REFUNDED
    assert again.existed
    sent = await town.anita.do(
        Send(town.wallet.ids.new(), Money(10_000, "INR"), town.ravi.resident.phone)
    )
    assert isinstance(sent, Receipt), sent
    not_a_payment = await desk.refund(town.wallet.ids.new(), sent.order.id, None, "")
    assert isinstance(not_a_payment, Refused)


async def _follow(town):
    """Let the readers of the event log come to its end."""
    wallet = town.wallet
    await wallet.own_brain.settle()
    for relay in wallet.relays:
        while await relay.turn():
            pass
