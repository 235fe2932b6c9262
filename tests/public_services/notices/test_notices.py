"""Who is told what, once, in their own language."""

from __future__ import annotations

import re

import pytest

from argosy.base.outbox import Relay, append
from argosy.base.outbox.events import COLUMNS, announced
from argosy.base.parties.facts import Personal
from argosy.base.ports import Decision
from argosy.base.postings import Event
from argosy.base.refusals import Unavailable
from argosy.markets import load
from argosy.products.pay.facts import CreatePayment, PayMerchant, PayOrder
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, CancelRequest, Decline, PayRequest
from argosy.products.send.claims import claim
from argosy.products.send.facts import Send, TakeBack
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.notices.notices import READER, Notices
from argosy.public_services.notify.notify import Notify
from argosy.public_services.notify.routes import Ways
from argosy.public_services.words.words import Words
from tests.log import readable
from tests.products.town import Town, money
from tests.public_services.notices.conftest import Post

NEW_PHONE = "+919800000009"
BANK = "IFSC0001234567"
CHECKING = (
    "We are checking your payment to ra… of {}. The money is set aside and safe; we will tell you."
)
WAITS_CHECKED = "We are checking the {} that waits for you. You need do nothing; we will tell you."


def said(text: str) -> str:
    """A message without its receipt number and its moments."""
    text = re.sub(r" Receipt [0-9A-Z-]{23}\.", "", text)
    text = re.sub(r", receipt [0-9A-Z-]{23}", "", text)
    return re.sub(r" before \d+ \w+ 2026, \d+:\d+\W[ap]m", "", text)


async def heard(post: Post, name: str) -> list[str]:
    return [said(text) for text in await post.to(name)]


async def send(town: Town, to: str = "98000 00002", amount: str = "100.50") -> Send:
    command = Send(town.ids.new(), money(amount), phone=to)
    await town.ask("anita", command)
    return command


async def reviewed(town: Town, name: str, command: object) -> None:
    town.brain.says = Decision.REVIEW
    assert await town.ask(name, command) == "review"
    town.brain.says = Decision.ALLOW
    town.clock.advance(minutes=5)


# --- from person to person ---------------------------------------------------------------------------


async def test_the_receiver_is_told_by_whom_and_the_sender_is_not_told(
    town: Town, post: Post
) -> None:
    await town.join("Asha Raghunathan", "+919800000010", "900")
    await town.ask("Asha Raghunathan", Send(town.ids.new(), money("500"), phone="98000 00002"))
    (text,) = await post.to("ravi")
    assert re.fullmatch(r"You received ₹500.00 from Asha R\., receipt [0-9A-Z-]{23}\.", text)
    assert await post.to("Asha Raghunathan") == []


async def test_a_phone_without_a_wallet_is_told_and_then_both_when_the_money_arrives(
    town: Town, post: Post
) -> None:
    await send(town, NEW_PHONE)
    (waits,) = await post.to_phone(NEW_PHONE)
    assert said(waits) == (
        "₹100.50 from an… waits for you. Open a wallet with this phone number to get it."
    )
    assert "29 Nov 2026" in waits
    await claim(town.tools, await town.join("nila", NEW_PHONE), NEW_PHONE)
    assert await heard(post, "anita") == ["The ₹100.50 you sent has arrived: ni… has it now."]
    assert await heard(post, "nila") == ["You received ₹100.50 from an…."]


async def test_money_that_nobody_claims_comes_back_and_both_are_told(
    town: Town, post: Post
) -> None:
    await send(town, NEW_PHONE)
    await town.sweep(days=7)
    assert await heard(post, "anita") == [
        "Nobody has claimed the ₹100.50 you sent to ...0009, so it is back in your wallet."
    ]
    assert (await post.to_phone(NEW_PHONE))[-1] == (
        "The ₹100.50 from an… that waited for you has gone back."
    )


async def test_who_takes_waiting_money_back_knows_it_and_the_phone_is_told(
    town: Town, post: Post
) -> None:
    sent = await send(town, NEW_PHONE)
    await town.ask("anita", TakeBack(town.ids.new(), sent.id))
    assert await heard(post, "anita") == []
    assert "gone back" in (await post.to_phone(NEW_PHONE))[-1]


async def test_a_phone_is_told_even_when_the_reader_comes_late(town: Town, post: Post) -> None:
    """Claimed before the message was written: the owner hears of it as the receiver."""
    await send(town, NEW_PHONE)
    await claim(town.tools, await town.join("nila", NEW_PHONE), NEW_PHONE)
    assert await heard(post, "nila") == ["You received ₹100.50 from an…."]
    assert len(await post.to_phone(NEW_PHONE)) == 1


# --- requests ------------------------------------------------------------------------------------------


async def test_requests_are_told_to_the_other_side(town: Town, post: Post) -> None:
    asked = [Ask(town.ids.new(), money(f"{n}0"), phone="98000 00001") for n in (1, 2, 3, 4)]
    for one in asked:
        await town.ask("ravi", one)
    await town.ask("anita", PayRequest(town.ids.new(), asked[0].id))
    await town.ask("anita", Decline(town.ids.new(), asked[1].id))
    await town.ask("ravi", CancelRequest(town.ids.new(), asked[2].id))
    await town.sweep(days=7)
    assert await heard(post, "anita") == [
        *(
            f"You are asked by ra… for ₹{n}0.00. Pay or decline in your wallet."
            for n in range(1, 5)
        ),
        "The request for ₹30.00 from ra… was taken back. You need do nothing.",
    ]
    assert await heard(post, "ravi") == [
        "Your request for ₹10.00 was paid by an….",
        "Your request to an… for ₹20.00 was declined.",
        "Your request for ₹40.00 to an… was not paid in time and is over.",
    ]


# --- shops ---------------------------------------------------------------------------------------------


async def test_a_sale_is_told_to_nobody(town: Town, post: Post) -> None:
    asked = CreatePayment(town.ids.new(), money("40"))
    await town.ask("tea", asked)
    town.clock.advance(minutes=1)  # so that the sale is later than its making
    await town.ask("anita", PayOrder(town.ids.new(), asked.id))
    await town.ask("anita", PayMerchant(town.ids.new(), money("100"), town.people["tea"].number))
    assert await post.all() == 0


async def test_a_refund_is_told_to_both_sides(town: Town, post: Post) -> None:
    paid = PayMerchant(town.ids.new(), money("100"), town.people["tea"].number)
    await town.ask("anita", paid)
    for part in ("7.25", "2.75"):
        await town.ask("tea", Refund(town.ids.new(), paid.id, money(part)))
    assert await heard(post, "anita") == [
        "You got ₹7.25 back from tea.",
        "You got ₹2.75 back from tea.",
    ]
    assert [text[:5] for text in await post.to("tea")] == ["₹7.25", "₹2.75"]
    assert "an…" not in " ".join(await post.to("tea"))


async def test_a_sale_in_review_is_told_to_both_sides(town: Town, post: Post) -> None:
    number = town.people["tea"].number
    kept, gone = (PayMerchant(town.ids.new(), money(m), number) for m in ("60", "70"))
    for one in (kept, gone):
        await reviewed(town, "anita", one)
    await town.cashier.reviews.release(kept.id, "meera")
    await town.cashier.reviews.give_back(gone.id, "meera")
    assert await heard(post, "tea") == [
        "A payment of ₹60.00 to you is being checked. It is not yours yet; we will tell you.",
        "A payment of ₹70.00 to you is being checked. It is not yours yet; we will tell you.",
        "The payment of ₹60.00 that was being checked is yours now.",
        "The payment of ₹70.00 that was being checked has gone back to the payer.",
    ]
    assert [text.partition(".")[0] for text in (await heard(post, "anita"))[2:]] == [
        "Your payment of ₹60",
        "After checking it we did not make your payment to tea of ₹70",
    ]


# --- reviews -------------------------------------------------------------------------------------------


async def test_a_review_is_told_when_it_begins_and_when_it_ends(town: Town, post: Post) -> None:
    sent = Send(town.ids.new(), money("100"), phone="98000 00002")
    await reviewed(town, "anita", sent)
    assert await heard(post, "ravi") == []
    await town.cashier.reviews.release(sent.id, "meera")
    assert await heard(post, "anita") == [
        CHECKING.format("₹100.00"),
        "Your payment of ₹100.00 to ra… has been checked and is on its way.",
    ]
    assert await heard(post, "ravi") == ["You received ₹100.00 from an…."]


async def test_a_review_without_a_decision_is_told_as_such(town: Town, post: Post) -> None:
    await reviewed(town, "anita", Send(town.ids.new(), money("100"), phone=NEW_PHONE))
    await town.sweep(hours=48)
    assert (await heard(post, "anita"))[-1] == (
        "We could not check your payment of ₹100.00 in time. The money is free in your wallet again."
    )
    assert await post.to_phone(NEW_PHONE) == []  # it was never promised anything


async def test_money_released_towards_a_phone_is_told_to_both(town: Town, post: Post) -> None:
    sent = Send(town.ids.new(), money("100"), phone=NEW_PHONE)
    await reviewed(town, "anita", sent)
    await town.cashier.reviews.release(sent.id, "meera")
    assert "is on its way" in (await heard(post, "anita"))[-1]
    await claim(town.tools, await town.join("nila", NEW_PHONE), NEW_PHONE)
    assert (await heard(post, "anita"))[-1] == "The ₹100.00 you sent has arrived: ni… has it now."
    assert len(await post.to("anita")) == 3


async def test_a_claim_in_review_is_told_to_both_sides(town: Town, post: Post) -> None:
    sent = await send(town, NEW_PHONE)
    nila = await town.join("nila", NEW_PHONE)
    town.brain.says = Decision.REVIEW
    await claim(town.tools, nila, NEW_PHONE)
    town.clock.advance(minutes=5)
    await town.cashier.reviews.give_back(sent.id, "meera")
    assert await heard(post, "nila") == [
        WAITS_CHECKED.format("₹100.50 from an…"),
        "The ₹100.50 from an… that waited for you has gone back.",
    ]
    assert len(await post.to("anita")) == 2


# --- banks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mood, top_up, withdrawal",
    [
        (
            "yes",
            "₹50.00 from your bank is in your wallet.",
            "₹50.00 was paid out to your bank account ...4567.",
        ),
        (
            "no",
            "Your bank did not send ₹50.00. Nothing was put into your wallet.",
            "Your bank did not take ₹50.00. The money is free in your wallet again.",
        ),
    ],
)
async def test_what_the_bank_said_is_told(
    town: Town, post: Post, mood: str, top_up: str, withdrawal: str
) -> None:
    town.bank.mood = mood
    await town.ask("anita", TopUp(town.ids.new(), money("50"), BANK))
    await town.ask("anita", Withdraw(town.ids.new(), money("50"), BANK))
    assert await heard(post, "anita") == [top_up, withdrawal]


async def test_silence_of_a_bank_is_told_once_and_its_end_too(town: Town, post: Post) -> None:
    town.bank.mood = "lost"
    await town.ask("anita", Withdraw(town.ids.new(), money("5"), BANK))
    for _ in range(20):
        await town.sweep(minutes=10)
    (silent,) = await heard(post, "anita")
    assert silent.startswith("The bank has not answered yet about ₹5.00.")
    town.bank.mood = "yes"
    await town.sweep(hours=2)
    assert (await heard(post, "anita"))[1:] == [
        "Your bank did not take ₹5.00. The money is free in your wallet again."
    ]


async def test_reviews_of_bank_money_are_told(town: Town, post: Post) -> None:
    up = TopUp(town.ids.new(), money("50"), BANK)
    out = [Withdraw(town.ids.new(), money("60"), BANK) for _ in range(2)]
    for one in (up, *out):
        await reviewed(town, "anita", one)
    for one in (up, out[0]):
        await town.cashier.reviews.release(one.id, "meera")
    await town.cashier.reviews.give_back(out[1].id, "meera")
    texts = await heard(post, "anita")
    assert [text.partition(". ")[0] for text in texts] == [
        "We are checking your top-up of ₹50.00",
        "We are checking your withdrawal of ₹60.00",
        "We are checking your withdrawal of ₹60.00",
        "Your top-up of ₹50.00 has been checked",
        "₹50.00 from your bank is in your wallet.",
        "Your withdrawal of ₹60.00 has been checked",
        "₹60.00 was paid out to your bank account ...4567.",
        "After checking it we did not make your withdrawal of ₹60.00",
    ]


async def test_what_our_books_do_not_take_is_told_once_an_order(town: Town, post: Post) -> None:
    order = TopUp(town.ids.new(), money("50"), BANK)
    await town.ask("anita", order)
    for _ in range(3):
        async with town.db.work() as conn:
            stuck = Event(town.ids.new(), order.id, "top_up.stuck", {}, ())
            await append(conn, [stuck], town.clock.now())
    assert sum("could not finish" in text for text in await post.to("anita")) == 1


# --- how ---------------------------------------------------------------------------------------------


async def test_an_event_read_twice_makes_one_message(town: Town, post: Post) -> None:
    await send(town)
    await post.goes_round()
    again = Relay(town.db, "again", post.notices.handle)
    await again.prepare()
    assert await again.step() > 0
    assert await post.all() == 1


async def test_of_a_batch_that_fails_nothing_is_lost(
    town: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(town)
    await send(town, amount="2")

    async def broken(*_: object) -> str:
        raise Unavailable("the names cannot be read")

    with monkeypatch.context() as patch:
        patch.setattr(town.parties, "display_name", broken)
        with pytest.raises(Unavailable):
            await post.relay.step()
    assert await town.db.value("SELECT count(*) FROM notify.message") == 0
    assert len(await post.to("ravi")) == 2


async def test_everybody_reads_their_own_language(town: Town, post: Post) -> None:
    await town.parties.set_language(town.people["ravi"].id, "hi")
    await send(town)
    assert "आपको an… से ₹100.50 मिले हैं" in (await post.to("ravi"))[0]


async def test_every_name_that_is_shown_leaves_a_line_in_the_log(town: Town, post: Post) -> None:
    for _ in range(3):
        await send(town, amount="1")
    await post.relay.step()
    accesses = await town.parties.accesses(town.people["anita"].id)
    mine = [access for access in accesses if access.reader == READER]
    assert [access.fields for access in mine] == [("name", "business_name")]  # one for the batch


async def test_no_message_holds_a_whole_name_a_phone_or_a_bank_account(
    town: Town, post: Post
) -> None:
    await town.join("Asha Raghunathan", "+919800000010", "900")
    for command in (
        Send(town.ids.new(), money("5"), phone="98000 00002"),
        Send(town.ids.new(), money("5"), phone=NEW_PHONE),
        Withdraw(town.ids.new(), money("5"), BANK),
    ):
        await town.ask("Asha Raghunathan", command)
    texts = [*await post.to("ravi"), *await post.to_phone(NEW_PHONE)]
    texts += await post.to("Asha Raghunathan")
    personal = await town.parties.personal(town.people["ravi"].id, "test", "test")
    assert isinstance(personal, Personal)
    for secret in ("Raghunathan", "9800000010", NEW_PHONE[1:], BANK, BANK[:-4]):
        assert all(secret not in text for text in texts)
    assert len(texts) == 3


async def test_messages_wait_for_their_carrier_outside_the_transaction(
    town: Town, post: Post
) -> None:
    class Line:
        name, is_box = "line", False

        def __init__(self) -> None:
            self.carried: list[str] = []

        async def carry(self, parcel):
            from argosy.public_services.notify.carriers import Carried

            self.carried.append(parcel.text)
            return Carried.SENT

    line = Line()
    words = Words({town.market.code: town.market}, strict=True)
    post.notices._notify = Notify(
        town.db, town.clock, town.tools.keys, town.parties, words, Ways.alone(line)
    )
    await send(town)
    await post.goes_round()
    assert line.carried == []
    assert await post.notices._notify.deliver_due() == 1
    assert "₹100.50" in line.carried[0]


async def test_who_starts_later_is_not_told_of_the_past(town: Town) -> None:
    await send(town)
    post = Post(town)
    await post.goes_round()
    await send(town, amount="3")
    assert await heard(post, "ravi") == ["You received ₹3.00 from an…."]


async def test_what_needs_no_message_stays_in_the_database(town: Town, post: Post) -> None:
    """The handler does not even see payments and what the brain learns by."""
    seen: list[str] = []

    async def watched(events, conn) -> None:
        seen.extend(event.kind for event in events)

    post.relay._handler = watched
    number = town.people["tea"].number
    for _ in range(5):
        await town.ask("anita", PayMerchant(town.ids.new(), money("1"), number))
    await send(town)
    passed = await post.relay.step()
    assert (passed, seen) == (12, ["transfer.paid"])
    assert await post.relay.step() == 0


# --- receipts for those who pay --------------------------------------------------------------------------


async def test_a_payer_is_told_of_payments_only_where_the_market_wants_it(
    town: Town, post: Post
) -> None:
    async def trades() -> None:
        tea = town.people["tea"].number
        await town.ask("anita", PayMerchant(town.ids.new(), money("3"), tea))
        await send(town)
        await send(town, NEW_PHONE)

    await trades()
    assert await heard(post, "anita") == []
    market = town.market.code
    post.notices = Notices(town.db, town.tools, post.notify, {market})
    post.relay = post.notices.relay()
    await trades()
    assert await heard(post, "anita") == [
        "You paid ₹3.00 to tea.",
        "You sent ₹100.50 to ra….",
        "You sent ₹100.50 to ...0009. It waits until the phone has a wallet.",
    ]
    assert await heard(post, "tea") == []


async def test_a_payer_who_is_told_something_more_gets_no_second_message(
    town: Town, post: Post
) -> None:
    post.notices = Notices(town.db, town.tools, post.notify, {town.market.code})
    post.relay = post.notices.relay()
    await send(town, NEW_PHONE)
    await claim(town.tools, await town.join("nila", NEW_PHONE), NEW_PHONE)
    texts = await heard(post, "anita")
    assert texts[-1] == "The ₹100.50 you sent has arrived: ni… has it now."
    assert len(texts) == 2


# --- what it costs ---------------------------------------------------------------------------------------


async def test_a_batch_reads_each_person_once_and_stores_in_one_statement(
    town: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many messages there are: a page of orders, those told, their names, one insert."""
    for _ in range(40):
        await send(town, amount="1")
    await readable(town.db)
    rows = await town.db.all(
        f"SELECT {COLUMNS} FROM outbox.events e WHERE kind = 'transfer.paid' ORDER BY xact, place"
    )
    asked: list[str] = []
    own = town.db.all

    async def counted(sql: str, *args: object) -> object:
        asked.append(sql)
        return await own(sql, *args)

    monkeypatch.setattr(town.db, "all", counted)
    before = await town.db.value("SELECT count(*) FROM parties.access_log")
    async with town.db.work() as conn:
        await post.notices.handle([announced(row) for row in rows], conn)
    assert len(asked) == 3
    assert await town.db.value("SELECT count(*) FROM notify.message") == 40
    assert await town.db.value("SELECT count(*) FROM parties.access_log") == before + 1


@pytest.mark.parametrize("language", ["en", "hi"])
def test_both_languages_say_everything_that_may_have_to_be_said(language: str) -> None:
    from argosy.public_services.notices.table import RECEIPTS, SAID, SAID_OF_ANY

    words = Words(load(), strict=True)
    wanted = {
        f"notices.{line.what}"
        for said in (SAID, SAID_OF_ANY)
        for ls in said.values()
        for line in ls
    } | {f"notices.{line.what}" for line in RECEIPTS.values()}
    assert len(wanted) > 25
    assert {key for key in wanted if not words.has(key, language)} == set()
    spoken = {key for key in words.keys(language) if key.startswith("notices.")}
    assert spoken == wanted
