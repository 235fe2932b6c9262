"""A wallet whose operator changes the key: everybody is still found, let in, read, told and refunded."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy.app import Wallet, build, sealed, set_up
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.money import Money
from argosy.base.orders.banking import open_bank_account
from argosy.base.orders.facts import State
from argosy.base.parties.facts import NewParty, Party, PartyKind, Personal
from argosy.base.parties.keys import WrongKey
from argosy.base.parties.resealing import reseal
from argosy.base.parties.ring import claim, retired
from argosy.base.ports import Message
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.base.store import Database, StoreError
from argosy.base.store.nodes import tables_of
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.partners.api.facts import Caller, NewKey, Signing
from argosy.partners.webhooks.facts import NewEndpoint
from argosy.products.send.facts import Send
from argosy.products.top_up.facts import TopUp
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.identity.facts import Evidence
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.settings import Settings
from tests.people import make_chance

OLD, NEW = b"the key of the years before it !", b"the key of the years to come ..."
PIN = "582913"
BROKEN_OFF = "501078"  # the bank has done it and breaks off before it says so
OUTSIDE = "+919811111111"


def settings(key: bytes, *older: bytes) -> Settings:
    return Settings(data=Path("unused"), key=key, keys_old=older, demo=True)


class House:
    """One wallet after the other over the same database, each with the keys of its day."""

    def __init__(self, db: Database, clock: SetClock, ids: Ids) -> None:
        self.db, self.clock, self.ids, self.chance = db, clock, ids, make_chance()

    async def wallet(self, key: bytes, *older: bytes) -> Wallet:
        means = settings(key, *older)
        ring = await claim(self.db, means.ring, demo=True)
        wallet = await build(
            means, self.db, clock=self.clock, ids=self.ids, chance=self.chance, ring=ring
        )
        await wallet.brain.start()
        return wallet

    async def person(
        self, wallet: Wallet, name: str, phone: str, kind: PartyKind, level: str = "full"
    ) -> Party:
        level = "merchant" if kind is PartyKind.MERCHANT else level
        business = name if kind is PartyKind.MERCHANT else None
        new = NewParty(
            self.ids.new(), kind, "india", level, "en", name, phone, business_name=business
        )
        async with wallet.db.work() as conn:
            party = await wallet.parties.open(new, conn)
            assert isinstance(party, Party)
            assert await wallet.signin.set_pin(party.id, PIN, conn) is None
        return party


async def carry_out(wallet: Wallet, token: str, command: object, **shown: str) -> Receipt:
    session = await wallet.signin.session(token)
    assert session is not None
    asker = Asker(session.party, "lite", session.id, session.device.id, "203.0.113.7")
    said = await wallet.cashier.carry_out(command, asker, Shown(session, **shown))
    assert isinstance(said, Receipt), said
    return said


async def test_the_key_changes_and_nobody_notices(db: Database, clock: SetClock, ids: Ids) -> None:
    house = House(db, clock, ids)
    before = await house.wallet(OLD)
    await set_up(before)
    before.rails["simulator"].rail.bank._pause = _at_once  # type: ignore[attr-defined]
    asha = await house.person(before, "Asha Patil", "+919800000001", PartyKind.CUSTOMER)
    tea = await house.person(before, "Chai Adda", "+919800000002", PartyKind.MERCHANT)
    gift = Transfer(
        ids.new(), system_account("india", OPENING, "INR"), asha.account, 100_000, "INR", "gift"
    )
    assert isinstance((await before.ledger.post([gift]))[0], Posted)
    phone = await before.signin.admit(asha, DeviceClaim("a phone"))
    assert isinstance(phone, SignedIn)
    key = await before.api_keys.create(tea, "till", Signing.HMAC)
    assert isinstance(key, NewKey)
    hook = await before.webhooks.endpoints.create(
        tea.id, "https://shop.example.com/x", ["payment.paid"]
    )
    assert isinstance(hook, NewEndpoint)
    meera = await house.person(before, "Meera", "+919800000004", PartyKind.CUSTOMER, "small")
    shown = Evidence(ids.new(), "id_document", "ABCDE1234F")
    await before.identity.raise_level(meera.id, shown)
    top_up = TopUp(ids.new(), Money(10_000, "INR"), BROKEN_OFF)
    held = await carry_out(before, phone.token, top_up, pin=PIN)
    assert held.order.state is State.HELD
    sent = await carry_out(
        before, phone.token, Send(ids.new(), Money(5_000, "INR"), phone=OUTSIDE), pin=PIN
    )
    letter = Message(ids.new(), "signin.new_device", {"at": clock.now()}, "india", "en", to=asha.id)
    await before.notify.notify(letter)
    letters = [one.text for one in await before.notify.inbox_of(asha.id)]

    async def as_ever(wallet: Wallet) -> None:
        found = await wallet.parties.by_phone("india", "+919800000001")
        assert found is not None
        assert found.id == asha.id
        personal = await wallet.parties.personal(asha.id, "test", "look")
        assert isinstance(personal, Personal)
        assert (personal.name, personal.phone) == ("Asha Patil", "+919800000001")
        assert await wallet.signin.session(phone.token) is not None  # nobody is signed out
        assert await wallet.signin.check_pin(asha.id, PIN) is None
        caller = await wallet.api_keys.read(key.text)
        assert isinstance(caller, Caller)
        assert key.signing_secret is not None
        assert caller.verifier == key.signing_secret.encode()
        row = await db.one(
            "SELECT *, id AS endpoint_id FROM webhooks.endpoints WHERE id = $1", hook.endpoint.id
        )
        assert wallet.webhooks.endpoints.secrets(row, clock.now()) == (hook.secret,)
        order = await wallet.orders.get(top_up.id)
        assert order is not None
        assert open_bank_account(wallet.tools, order) == BROKEN_OFF
        assert [one.text for one in await wallet.notify.inbox_of(asha.id)] == letters
        assert not isinstance(await wallet.receipts.check(sent.number), Refused)
        told = await wallet.identity.reveal(meera.id, shown.id, "test", "look")
        assert told == "ABCDE1234F"

    await as_ever(before)
    both = await house.wallet(NEW, OLD)
    await as_ever(both)
    newcomer = await house.person(both, "Ravi Rao", "+919800000003", PartyKind.CUSTOMER)
    with pytest.raises(StoreError, match="earlier key"):
        await house.wallet(NEW)

    done = await reseal(db, both.keys, sealed(both), pause_seconds=0)
    assert done.finished
    assert {"parties.party", "orders.orders", "api.keys", "webhooks.endpoints", "notify.message",
            "identity.evidence"} <= set(done.values)  # fmt: skip
    await retired(db, both.ring)
    after = await house.wallet(NEW)
    await as_ever(after)
    assert (await after.parties.by_phone("india", "+919800000003")).id == newcomer.id
    # The bank is asked again with the account number that was sealed by the key that has gone.
    after.rails["simulator"].rail.bank._pause = _at_once  # type: ignore[attr-defined]
    clock.advance(minutes=1)
    for sweep in after.products["top_up"].sweeps(after.tools):
        await sweep.run(clock.now(), 10)
    order = await after.orders.get(top_up.id)
    assert order.state is State.PAID


async def test_twin_without_the_job_the_old_key_is_needed(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    house = House(db, clock, ids)
    before = await house.wallet(OLD)
    await set_up(before)
    asha = await house.person(before, "Asha Patil", "+919800000001", PartyKind.CUSTOMER)
    both = await house.wallet(NEW, OLD)
    await retired(db, both.ring)  # somebody says it is done when it is not
    hasty = await house.wallet(NEW)
    with pytest.raises(WrongKey):
        await hasty.parties.personal(asha.id, "test", "look")


OTHERWISE = {
    "store.installation": {"root_sealed"},  # with the key itself, whenever that changes
    "ctu.service_keys": {"secret"},  # with a key from the root, which stays
}


async def test_every_sealed_column_is_known_to_the_job(db: Database, clock: SetClock, ids: Ids):
    wallet = await build(settings(OLD), db, clock=clock, ids=ids)
    known = {(one.table, cell.name) for one in sealed(wallet) for cell in one.cells}
    for table in await tables_of(db):
        for name, kind in table.columns.items():
            secret = name.endswith("_sealed") or name in ("secret", "old_secret", "verifier")
            if kind == "bytea" and secret and name not in OTHERWISE.get(table.name, ()):
                assert (table.name, name) in known, f"{table.name}.{name}"


async def _at_once(_seconds: float) -> None:
    return None
