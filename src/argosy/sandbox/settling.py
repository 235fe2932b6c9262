"""Moving in: a wallet with a PIN, the papers for its level, the first money from the bank."""

from __future__ import annotations

from argosy.base.markets import Market
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.postings import Challenged
from argosy.base.refusals import Refused, must
from argosy.products.top_up.facts import TopUp
from argosy.public_services.cashier.facts import Receipt
from argosy.public_services.identity.facts import Evidence
from argosy.sandbox.census import Resident, founded_id
from argosy.sandbox.hand import DEMO_PIN, Hand
from argosy.sandbox.house import House

PHONE, CONTACT = "phone", "contact"  # proven at sign-up, and here by being from here


async def open_wallet(house: House, market: Market, resident: Resident) -> Party | Refused:
    """The resident's wallet with its PIN, as sign-up opens one; the same again where there is one."""
    there = await house.parties.get(resident.id)
    if there is not None:
        return there
    phone = market.phone(resident.phone)
    if isinstance(phone, Refused):
        return phone
    new = NewParty(
        id=resident.id,
        kind=resident.kind,
        market=market.code,
        level=market.ladder(resident.kind)[0].name,
        language=resident.language,
        name=resident.name,
        phone=phone,
        city=resident.city,
        business_name=resident.business_name,
        merchant_class=resident.merchant_class,
    )
    async with house.db.work() as conn:
        party = await house.parties.open(new, conn)
        if isinstance(party, Refused):
            return party
        unfit = await house.signin.set_pin(party.id, DEMO_PIN, conn)
        must(unfit is None, "the demo PIN is weak", said=unfit)
    return party


async def move_in(house: House, market: Market, hand: Hand) -> Receipt | Refused | Challenged:
    """Wallet, level and first top-up of a resident, however often it is done; the receipt is the
    top-up's. What a bank does not answer at once is left to the clock."""
    resident = hand.resident
    party = await open_wallet(house, market, resident)
    if isinstance(party, Refused):
        return party
    if party.level != resident.level:
        refused = await _show_papers(house, market, party, resident)
        if refused is not None:
            return refused
    opened_ms = int(party.created_at.timestamp() * 1000)
    top_up = TopUp(
        founded_id(opened_ms, 0, resident.id, "first money"), resident.purse, resident.bank_account
    )
    return await hand.do(top_up)


async def _show_papers(
    house: House, market: Market, party: Party, resident: Resident
) -> Refused | None:
    """Show what the resident's level needs; each piece has an id of its own and is shown once."""
    needs = [n for n in market.level(resident.level).needs if n not in (PHONE, CONTACT)]
    said: object = None
    for need in needs:
        evidence = Evidence(
            founded_id(0, 0, party.id, f"evidence {need}"), need, _paper(market, need, resident)
        )
        said = await house.identity.raise_level(party.id, evidence)
    if isinstance(said, Refused) and said.code != "level_highest":
        return said
    return None


def _paper(market: Market, need: str, resident: Resident) -> str:
    made = market.town.get("document")
    if need == "id_document" and callable(made):
        return str(made(resident.number))
    if need == "email":
        return f"resident{resident.number}@town.example"
    if need == "id_document":
        return f"TOWN{resident.number:08}"
    place = resident.city if resident.kind is PartyKind.CUSTOMER else resident.shown
    return f"{resident.number}, {place}"
