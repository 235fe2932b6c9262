"""Evidence raises the level, and the ledger's ceiling with it, whatever breaks in between."""

from __future__ import annotations

import asyncio
import dataclasses
from uuid import UUID

import pytest

from argosy.base.clock import SetClock, local_day
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.markets import Level
from argosy.base.parties.facts import Party, PartyKind, PartyReason, PartyState
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Reason, Refused, Unavailable
from argosy.base.store import Connection
from argosy.base.wallet.accounts import open_wallet
from argosy.public_services.identity.facts import (
    Evidence,
    EvidenceState,
    IdentityReason,
    Raised,
)
from argosy.public_services.identity.identity import Identity
from tests.people import RAVI_NAME, RAVI_PHONE, customer
from tests.public_services.desk import Desk, refused

NUMBER = "ABCDE 1234-F"
SMALL_MAX, FULL_MAX = 10_000_00, 200_000_00


@dataclasses.dataclass
class Office:
    desk: Desk
    ledger: Ledger
    parties: Parties
    identity: Identity

    async def open(self, **more: object) -> Party:
        new = dataclasses.replace(customer(self.desk.ids), **more)  # type: ignore[arg-type]
        party = await self.parties.open(new)
        assert isinstance(party, Party), party
        return party

    async def stands(self, party: Party) -> tuple[str, int | None]:
        """The level of the party's row and the ceiling of its account."""
        row = await self.parties.get(party.id)
        ceiling = await self.desk.db.value(
            "SELECT ceiling_minor FROM ledger.accounts WHERE id = $1", party.account
        )
        assert row is not None
        return row.level, ceiling

    def document(self, value: str = NUMBER) -> Evidence:
        return Evidence(self.desk.ids.new(), "id_document", value)


@pytest.fixture
async def office(desk: Desk, clock: SetClock, ids: Ids) -> Office:
    ledger = Ledger(desk.db, GroupCommit(desk.db, clock), clock, ids)

    async def opening(party: Party, conn: Connection) -> None:
        market = desk.markets[party.market]
        day = local_day(clock.now(), market.zone)
        await ledger.open_accounts([open_wallet(party.id, market, party.level, day)], conn)

    parties = Parties(desk.db, ids, clock, desk.keys, opening)
    identity = Identity(
        desk.db, clock, desk.keys, parties, desk.markets, ledger, notifier=desk.notify
    )
    return Office(desk, ledger, parties, identity)


async def test_a_document_raises_level_and_ceiling(office: Office) -> None:
    asha = await office.open()
    assert await office.stands(asha) == ("small", SMALL_MAX)
    raised = await office.identity.raise_level(asha.id, office.document())
    assert raised == Raised(asha.id, "full", FULL_MAX)
    assert await office.stands(asha) == ("full", FULL_MAX)
    assert await office.desk.db.value("SELECT count(*) FROM identity.raise") == 0
    lines = await office.identity.evidence(asha.id)
    assert [(line.kind, line.state) for line in lines] == [("id_document", EvidenceState.ACCEPTED)]
    letters = await office.desk.notify.inbox_of(asha.id)
    assert letters[0].text == (
        "Your wallet now has the level full. It can hold up to ₹2,00,000.00."
    )


async def test_the_same_evidence_twice_is_the_first_answer_again(office: Office) -> None:
    asha = await office.open()
    paper = office.document()
    first = await office.identity.raise_level(asha.id, paper)
    again = await office.identity.raise_level(asha.id, paper)
    assert isinstance(first, Raised)
    assert again == dataclasses.replace(first, existed=True)
    other = dataclasses.replace(paper, value="ZZZZZ9999Z")
    answer = await office.identity.raise_level(asha.id, other)
    assert refused(answer) is IdentityReason.EVIDENCE_EXISTS_DIFFERENTLY
    more = await office.identity.raise_level(asha.id, office.document("ZZZZZ9999Z"))
    assert refused(more) is IdentityReason.LEVEL_HIGHEST
    assert len(await office.identity.evidence(asha.id)) == 1 + 1


async def test_fifty_at_once_raise_once(office: Office) -> None:
    asha = await office.open()
    paper = office.document()
    answers = await asyncio.gather(
        *(office.identity.raise_level(asha.id, paper) for _ in range(50))
    )
    assert {(a.level, a.balance_minor_max) for a in answers if isinstance(a, Raised)} == {
        ("full", FULL_MAX)
    }
    assert await office.stands(asha) == ("full", FULL_MAX)
    assert len(await office.identity.evidence(asha.id)) == 1
    assert len(await office.desk.notify.inbox_of(asha.id)) == 1


@pytest.mark.parametrize("number", ["abcde1234f", " ABCDE-1234.F ", "ABCDE/1234/F"])
async def test_one_document_opens_one_customers_wallet(office: Office, number: str) -> None:
    asha = await office.open()
    assert isinstance(await office.identity.raise_level(asha.id, office.document()), Raised)
    ravi = await office.open(name=RAVI_NAME, phone=RAVI_PHONE)
    answer = await office.identity.raise_level(ravi.id, office.document(number))
    assert refused(answer) is IdentityReason.EVIDENCE_TAKEN
    assert await office.stands(ravi) == ("small", SMALL_MAX)
    assert await office.identity.evidence(ravi.id) == []


@pytest.mark.parametrize(
    "kind, value, reason",
    [
        ("id_document", "", IdentityReason.EVIDENCE_UNREADABLE),
        ("id_document", "123", IdentityReason.EVIDENCE_UNREADABLE),
        ("id_document", "ABCDEFGH", IdentityReason.EVIDENCE_UNREADABLE),
        ("id_document", "1" * 25, IdentityReason.EVIDENCE_UNREADABLE),
        ("id_document", "12345\x006", IdentityReason.EVIDENCE_UNREADABLE),
        ("phone", "+919876543210", IdentityReason.EVIDENCE_KIND_UNKNOWN),
        ("tattoo", "an anchor", IdentityReason.EVIDENCE_KIND_UNKNOWN),
    ],
)
async def test_what_is_no_evidence(office: Office, kind: str, value: str, reason: Reason) -> None:
    asha = await office.open()
    evidence = Evidence(office.desk.ids.new(), kind, value)
    answer = await office.identity.raise_level(asha.id, evidence)
    assert isinstance(answer, Refused)
    assert await office.stands(asha) == ("small", SMALL_MAX)
    if kind != "id_document" or not office.desk.markets["india"].evidence:
        assert answer.reason is reason


async def test_who_is_not_there_or_closed(office: Office) -> None:
    paper = office.document()
    unknown = await office.identity.raise_level(office.desk.ids.new(), paper)
    assert refused(unknown) is PartyReason.PARTY_NOT_FOUND
    asha = await office.open()
    await office.parties.set_state(asha.id, PartyState.CLOSED)
    closed = await office.identity.raise_level(asha.id, paper)
    assert refused(closed) is PartyReason.PARTY_CLOSED


async def test_a_shop_has_its_level_from_the_start(office: Office) -> None:
    shop = await office.open(kind=PartyKind.MERCHANT, level="merchant", business_name="Tea")
    evidence = Evidence(office.desk.ids.new(), "business", "GST 27AAAAA0000A1Z5")
    answer = await office.identity.raise_level(shop.id, evidence)
    assert refused(answer) is IdentityReason.LEVEL_HIGHEST


# --- what breaks in between ----------------------------------------------------------------------


class Torn:
    """A ledger whose line breaks, before or after it has done what it was asked to."""

    def __init__(self, ledger: Ledger, *, after: bool) -> None:
        self.ledger = ledger
        self.after = after

    async def set_bounds(
        self, account_id: UUID, floor_minor: int | None, ceiling_minor: int | None, because: str
    ) -> Refused | None:
        if self.after:
            await self.ledger.set_bounds(account_id, floor_minor, ceiling_minor, because)
        raise Unavailable("the line is cut")


@pytest.mark.parametrize("after", [False, True])
async def test_level_and_ceiling_agree_after_a_crash(office: Office, after: bool) -> None:
    asha = await office.open()
    desk = office.desk
    torn = Identity(
        desk.db, desk.clock, desk.keys, office.parties, desk.markets,
        Torn(office.ledger, after=after),
    )  # fmt: skip
    paper = office.document()
    with pytest.raises(Unavailable):
        await torn.raise_level(asha.id, paper)
    level, ceiling = await office.stands(asha)
    assert level == "full"
    assert ceiling == (FULL_MAX if after else SMALL_MAX)  # never more than the level allows
    assert await office.identity.resume() == 1
    assert await office.stands(asha) == ("full", FULL_MAX)
    assert await office.identity.resume() == 0


async def test_who_asks_again_after_a_crash_need_not_wait(office: Office) -> None:
    asha = await office.open()
    desk = office.desk
    torn = Identity(
        desk.db, desk.clock, desk.keys, office.parties, desk.markets,
        Torn(office.ledger, after=False),
    )  # fmt: skip
    paper = office.document()
    with pytest.raises(Unavailable):
        await torn.raise_level(asha.id, paper)
    again = await office.identity.raise_level(asha.id, paper)
    assert isinstance(again, Raised)
    assert await office.stands(asha) == ("full", FULL_MAX)


# --- more than one piece, and people who decide --------------------------------------------------


@pytest.fixture
def strict_office(office: Office) -> Office:
    """An India where the full level asks for an address and an e-mail too."""
    india = office.desk.markets["india"]
    levels = tuple(
        Level(v.name, v.rank, (*v.needs, "address", "email"), v.balance_minor_max)
        if v.name == "full"
        else v
        for v in india.levels
    )
    markets = {"india": dataclasses.replace(india, levels=levels)}
    desk = office.desk
    office.identity = Identity(
        desk.db, desk.clock, desk.keys, office.parties, markets, office.ledger
    )
    return office


async def test_evidence_adds_up(strict_office: Office) -> None:
    office = strict_office
    asha = await office.open()
    answer = await office.identity.raise_level(asha.id, office.document())
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.facts["missing"]) == (
        IdentityReason.LEVEL_NEEDS_MORE,
        "address, email",
    )
    rest = [("address", "7 Harbour Road, Kolhapur"), ("email", "Asha@example.org")]
    answers = await asyncio.gather(
        *(
            office.identity.raise_level(asha.id, Evidence(office.desk.ids.new(), kind, value))
            for kind, value in rest
        )
    )
    assert sum(isinstance(a, Raised) for a in answers) == 1
    assert await office.stands(asha) == ("full", FULL_MAX)


async def test_people_decide_where_the_form_alone_does_not(office: Office) -> None:
    desk = office.desk
    identity = Identity(
        desk.db, desk.clock, desk.keys, office.parties, desk.markets, office.ledger, at_once=False
    )
    asha = await office.open()
    blurred, clear = office.document("ZZZZZ9999Z"), office.document()
    for paper in (blurred, clear):
        answer = await identity.raise_level(asha.id, paper)
        assert refused(answer) is IdentityReason.LEVEL_NEEDS_REVIEW
    said = await identity.decide(asha.id, blurred.id, EvidenceState.REJECTED, "staff:17")
    assert said is None
    assert await office.stands(asha) == ("small", SMALL_MAX)
    raised = await identity.decide(asha.id, clear.id, EvidenceState.ACCEPTED, "staff:17")
    assert isinstance(raised, Raised)
    assert await office.stands(asha) == ("full", FULL_MAX)
    again = await identity.decide(asha.id, clear.id, EvidenceState.REJECTED, "staff:18")
    assert refused(again) is IdentityReason.EVIDENCE_NOT_WAITING
    assert {line.decided_by for line in await identity.evidence(asha.id)} == {"staff:17"}


async def test_a_document_stands_sealed_and_its_reading_is_logged(office: Office) -> None:
    asha = await office.open()
    paper = office.document()
    await office.identity.raise_level(asha.id, paper)
    row = await office.desk.db.value("SELECT e::text FROM identity.evidence e")
    assert "ABCDE1234F" not in row
    assert b"ABCDE1234F".hex() not in row
    number = await office.identity.reveal(asha.id, paper.id, "staff:17", "complaint")
    assert number == "ABCDE1234F"
    accesses = await office.parties.accesses(asha.id)
    assert [(a.reader, a.fields) for a in accesses] == [("staff:17", ("evidence.id_document",))]
    nobody = await office.identity.reveal(asha.id, office.desk.ids.new(), "staff:17", "x")
    assert nobody is None


async def test_the_pack_reads_its_own_documents(office: Office) -> None:
    desk = office.desk

    def twelve_digits(text: str) -> str | Refused:
        return text if text.isdigit() else Refused(IdentityReason.EVIDENCE_UNREADABLE)

    india = dataclasses.replace(desk.markets["india"], evidence={"id_document": twelve_digits})
    identity = Identity(
        desk.db, desk.clock, desk.keys, office.parties, {"india": india}, office.ledger
    )
    asha = await office.open()
    answer = await identity.raise_level(asha.id, office.document())
    assert refused(answer) is IdentityReason.EVIDENCE_UNREADABLE
    assert isinstance(await identity.raise_level(asha.id, office.document("123412341234")), Raised)
