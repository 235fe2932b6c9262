"""What people do on a phone without data."""

from __future__ import annotations

import re

from argosy.base.ledger.facts import Transfer
from argosy.base.money import Money
from argosy.base.orders.cash import new_code
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.products import Asker
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.products.cash_in import facts as cash_in
from argosy.products.cash_in.facts import OfferCash
from argosy.products.request.facts import Ask
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from tests.channels.lite.visitors import PHONES
from tests.channels.ussd.conftest import PIN, Gateway

NEW_PIN = "482913"


async def balance(gateway: Gateway, who: str) -> int:
    return int((await gateway.house.balance(who)).replace(".", ""))


async def test_a_wallet_is_opened_with_a_name_and_a_pin_twice(gateway: Gateway) -> None:
    phone = gateway.phone("+919811199999")
    assert "Open a wallet" in await phone.dial()
    assert "full name" in await phone.type("1")
    assert "PIN of 6" in await phone.type("Lata Devi")
    assert "again" in await phone.type(NEW_PIN)
    said = await phone.type(NEW_PIN)
    assert said.startswith("END Your wallet is open. Its number: ")
    party = await gateway.house.wallet.parties.by_phone("india", "+919811199999")
    assert party is not None
    assert (party.kind, party.level) == (PartyKind.CUSTOMER, "small")
    assert party.number in said
    assert "1 Send money" in await phone.dial()


async def test_a_pin_that_others_would_guess_and_one_that_differs(gateway: Gateway) -> None:
    phone = gateway.phone("+919811199998")
    await phone.dial()
    await phone.types("1", "Lata Devi", NEW_PIN)
    said = await phone.type("482914")
    assert "differ" in said
    assert "Choose a PIN" in said
    said = await phone.types("123456", "123456")
    assert "guess" in said
    assert (await phone.types(NEW_PIN, NEW_PIN)).startswith("END Your wallet is open")


async def test_money_is_sent_and_the_name_is_shown_first(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    assert "1 Send money" in await asha.dial()
    await asha.types("1", PHONES["ravi"].removeprefix("+91"))
    said = await asha.type("120.50")
    assert "Send Rs 120.50 to Ravi K." in said
    said = await asha.type(PIN)
    assert said.startswith("END Paid Rs 120.50 to Ravi K., receipt ")
    assert await balance(gateway, "asha") == 9879_50
    assert await balance(gateway, "ravi") == 620_50


async def test_a_short_cut_leads_to_the_confirm_screen_and_no_further(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    said = await asha.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*50")
    assert "Send Rs 50.00 to Ravi K." in said
    assert (await asha.type(PIN)).startswith("END Paid")
    said = await asha.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*50*{PIN}")
    assert said.startswith("CON ")
    assert "PIN to confirm" in said
    assert await balance(gateway, "asha") == 9950_00  # nobody had seen the name yet


async def test_a_shop_is_paid_by_its_number(gateway: Gateway) -> None:
    asha, shop = gateway.phone("asha"), gateway.house.people["tea"]
    said = await asha.dial(f"2*{shop.number}*35")
    assert "Pay Rs 35.00 to Chai Adda" in said
    assert (await asha.type(PIN)).startswith("END Paid Rs 35.00 to Chai Adda")
    wrong = await asha.dial("2*1234567890")
    assert "No shop" in wrong
    person = gateway.house.people["ravi"].number
    assert "no shop's number" in await asha.dial(f"2*{person}*10")


async def test_money_for_a_phone_without_a_wallet_waits(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    said = await asha.dial("1*9811177777*10")
    assert "no wallet yet" in said
    assert "waits 7 days" in await asha.type(PIN)
    new = gateway.phone("+919811177777")
    await new.dial()
    await new.types("1", "Lata Devi", NEW_PIN, NEW_PIN)


async def test_a_request_is_made_listed_and_paid(gateway: Gateway) -> None:
    ravi, asha = gateway.phone("ravi"), gateway.phone("asha")
    said = await ravi.dial(f"3*{PHONES['asha'].removeprefix('+91')}*75")
    assert "Ask Asha R. for Rs 75.00?" in said
    assert (await ravi.type("1")).startswith("END Asha R. is asked for Rs 75.00")
    await asha.dial()
    assert "1 Pay Rs 75.00 Ravi K." in await asha.type("4")
    assert "Ravi K. asks for Rs 75.00" in await asha.type("1")
    assert (await asha.type(PIN)).startswith("END Paid Rs 75.00 to Ravi K.")
    await asha.dial()
    assert "Nothing waits" in await asha.type("4")


async def test_a_request_is_declined(gateway: Gateway) -> None:
    house = gateway.house
    asked = Ask(house.ids.new(), Money(75_00, "INR"), phone=PHONES["asha"])
    said = await house.wallet.cashier.carry_out(asked, Asker(house.people["ravi"], "lite"))
    assert isinstance(said, Receipt)
    asha = gateway.phone("asha")
    await asha.dial()
    said = await asha.types("4", "1", "2")
    assert said == "END Done: nothing was paid."
    assert await balance(gateway, "asha") == 10_000_00


async def test_a_cash_code_is_made_read_again_and_let_go(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    said = await asha.dial("5*500")
    assert "Get Rs 500.00 in cash" in said
    assert "fee Rs 5.00" in said
    said = await asha.type(PIN)
    code = re.search(r"Cash code (\d{6}) for Rs 500.00", said)
    assert code is not None
    assert code[1] in await asha.dial()  # said again until a key is pressed
    assert "1 Cash code Rs 500.00" in await asha.type("4")
    assert code[1] in await asha.type("1")
    assert await asha.type("2") == "END Done: nothing was paid."
    await asha.dial()
    await asha.type("6")
    assert "Rs 10,000.00" in await asha.type(PIN)


async def agent(gateway: Gateway) -> tuple[Party, object]:
    house = gateway.house
    new = NewParty(
        house.ids.new(), PartyKind.AGENT, "india", "merchant", "en", "Gita Rao", "+919811155555",
        business_name="Station Road Recharge",
    )  # fmt: skip
    signin = house.wallet.signin
    async with house.wallet.db.work() as conn:
        party = await house.wallet.parties.open(new, conn)
        assert isinstance(party, Party)
        assert await signin.set_pin(party.id, PIN, conn) is None
    signed_in = await signin.admit(party, DeviceClaim("counter"))
    assert isinstance(signed_in, SignedIn)
    opening = system_account("india", OPENING, "INR")
    gift = Transfer(house.ids.new(), opening, party.account, 5_000_00, "INR", "opening")
    await house.wallet.ledger.post([gift])
    return party, await signin.session(signed_in.token)


async def test_cash_at_a_counter_is_confirmed_and_undone_on_the_own_phone(
    gateway: Gateway,
) -> None:
    house, (party, session) = gateway.house, await agent(gateway)
    id_ = house.ids.new()
    offer = OfferCash(
        id_, Money(300_00, "INR"), new_code(house.wallet.keys, id_), phone=PHONES["asha"]
    )
    asker, shown = Asker(party, "agent"), Shown(session, pin=PIN)
    said = await house.wallet.cashier.carry_out(offer, asker, shown)
    assert isinstance(said, Receipt), said
    asha = gateway.phone("asha")
    await asha.dial()
    assert "1 Cash in Rs 300.00 Station Road Rechar." in await asha.type("4")
    assert "Did you give the cash?" in await asha.type("1")
    assert "Rs 300.00 in cash is in your wallet" in await asha.type("1")
    back = cash_in.AskBack(house.ids.new(), id_)
    assert isinstance(await house.wallet.cashier.carry_out(back, asker, shown), Receipt)
    await asha.dial()
    assert "1 Undo Rs 300.00 Station Road Rechar." in await asha.type("4")
    assert "undo" in await asha.type("1")
    assert "was undone" in await asha.type(PIN)
    assert await balance(gateway, "asha") == 10_000_00


async def test_balance_and_last_payments_ask_for_the_pin(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*20")
    await asha.type(PIN)
    await asha.dial()
    assert "Wrong PIN. 4 tries left." in await asha.types("6", "000001")
    assert (await asha.type(PIN)).startswith("END You have Rs 9,980.00")
    await asha.dial()
    said = await asha.types("7", PIN)
    assert "-Rs 20.00 Ravi K." in said


async def test_five_wrong_pins_lock_every_way(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    assert "PIN" in await asha.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*20")
    for _ in range(4):
        assert (await asha.type("000001")).startswith("CON Wrong PIN")
    assert "Too many wrong PINs" in await asha.type("000001")
    await asha.dial()
    assert "Too many wrong PINs" in await asha.types("6", PIN)
    assert await balance(gateway, "asha") == 10_000_00


async def test_the_pin_is_changed_with_the_old_one(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial()
    said = await asha.types("8", "1", PIN, NEW_PIN, NEW_PIN)
    assert said == "END Your PIN was changed."
    await asha.dial()
    assert "Wrong PIN" in await asha.types("6", PIN)
    assert "You have" in await asha.type(NEW_PIN)


async def test_a_forgotten_pin_is_set_with_a_code_even_in_a_later_dial(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial()
    assert "We sent a code" in await asha.types("8", "2")
    letters = await gateway.house.wallet.notify.inbox("india", PHONES["asha"])
    code = re.search(r"\d{6}", letters[0].text)
    assert code is not None
    assert "We sent a code" not in await asha.dial()  # only the first step: begin at the menu
    await asha.types("8", "2")
    letters = await gateway.house.wallet.notify.inbox("india", PHONES["asha"])
    code = re.search(r"\d{6}", letters[0].text) or code
    assert "Choose a new PIN" in await asha.type(code[0])
    assert "You were setting a new PIN" in await asha.dial()
    assert "Choose a new PIN" in await asha.type("1")
    assert await asha.types(NEW_PIN, NEW_PIN) == "END Your new PIN is set."


async def test_the_language_is_chosen_and_kept(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial()
    said = await asha.types("8", "3")
    assert "2 Hindi" in said
    assert await asha.type("2") == "END हो गया। फिर डायल करें।"
    said = await asha.dial()
    assert "पैसे भेजें" in said
    assert "98 आगे" in said
    seen = said
    while "98 आगे" in said:
        said = await asha.type("98")
        seen += said
    assert "8 खाता" in seen
    assert "किसे" in await asha.type("1")


async def test_zero_leads_back_and_a_wrong_choice_is_named(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial()
    assert "No such choice" in await asha.type("9")
    await asha.types("1", "98000 00002")
    assert "Send to which" in await asha.type("0")
    assert "1 Send money" in await asha.type("0")
    assert "Your account" in await asha.type("8")
    assert "1 Send money" in await asha.type("0")
    assert "Never tell anyone your PIN" in await asha.types("8", "4")


async def test_a_small_wallet_is_told_why_it_cannot_send(gateway: Gateway) -> None:
    sunil = gateway.phone("sunil")
    said = await sunil.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*20")
    assert said == "END Your wallet cannot do this yet. Show a document to raise its level."


async def test_what_is_typed_wrong_is_asked_again(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    assert "mobile number" in await asha.dial("1*12345")
    assert "How much" in await asha.type("98000 00002")
    assert "digits" in await asha.type("a lot")
    assert "Send Rs 98.00" in await asha.type("98")


async def test_the_brain_sees_the_channel_and_the_sim_as_the_device(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    for _ in range(2):
        await asha.dial(f"1*{PHONES['ravi'].removeprefix('+91')}*20")
        await asha.type(PIN)
    rows = await gateway.house.wallet.db.all(
        "SELECT body FROM outbox.events WHERE kind = 'risk.observed' AND body::text LIKE '%ussd%'"
    )
    seen = {(row["body"]["event"]["channel"], row["body"]["event"]["device"]) for row in rows}
    assert len(rows) == 2
    assert len(seen) == 1


async def test_steps_are_counted(gateway: Gateway) -> None:
    asha = gateway.phone("asha")
    await asha.dial()
    await asha.types("1", PHONES["ravi"].removeprefix("+91"), "20", PIN)
    funnels = gateway.house.wallet.funnels
    await funnels.flush()
    day = gateway.house.wallet.clock.now().date()
    (funnel,) = await funnels.draw(day, day, channel="ussd", flow="send")
    steps = {one.step.name: one.reached for one in funnel.steps}
    assert steps == {"menu": 1, "who": 1, "amount": 1, "confirm": 1, "code": 0, "done": 1}
