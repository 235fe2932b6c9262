"""What staff may do to a wallet alone, what wants two, and what nobody may."""

from __future__ import annotations

from uuid import UUID

import pytest
from asyncpg import RestrictViolationError

from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.management.approvals.facts import ApprovalReason
from argosy.management.customers.agreed import ACCEPT, CLOSE, UNFREEZE
from argosy.management.customers.facts import Cause, CustomerReason, Note
from argosy.management.customers.queue import waiting
from argosy.management.staff.facts import Right, StaffReason
from argosy.public_services.identity.facts import EvidenceState, IdentityReason, Raised
from argosy.public_services.signin.facts import SigninReason
from tests.management.customers.house import ANN, LEO, SUE, House
from tests.people import RAVI_NAME, RAVI_PHONE


def reason(said: object) -> object:
    assert isinstance(said, Refused), said
    return said.reason


# --- freezing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [PartyState.ACTIVE, PartyState.DORMANT, PartyState.CLOSING])
async def test_a_frozen_wallet_becomes_what_it_was(house: House, before: PartyState) -> None:
    asha = await house.join()
    await house.wallet.parties.set_state(asha.id, before)
    frozen = await house.acts.freeze(SUE, asha.id, Cause.OWNER, "lost her phone")
    assert isinstance(frozen, Party)
    assert frozen.state is PartyState.FROZEN
    said = await house.reading.frozen(frozen)
    assert said is not None
    assert (said.cause, said.by, said.why) == (Cause.OWNER, "sue support", "lost her phone")
    again = await house.acts.freeze(SUE, asha.id, Cause.FRAUD, "again")
    assert reason(again) is PartyReason.PARTY_FROZEN
    thawed = await house.acts.unfreeze(SUE, asha.id)
    assert isinstance(thawed, Party)
    assert thawed.state is before
    assert reason(await house.acts.unfreeze(SUE, asha.id)) is CustomerReason.WALLET_NOT_FROZEN


@pytest.mark.parametrize("cause", [Cause.FRAUD, Cause.AUTHORITY, None])
async def test_what_the_owner_did_not_ask_for_is_undone_by_two(
    house: House, cause: Cause | None
) -> None:
    asha = await house.join()
    if cause is None:  # the machine froze it: nobody wrote a cause
        await house.wallet.parties.set_state(asha.id, PartyState.FROZEN)
    else:
        await house.acts.freeze(ANN, asha.id, cause, "a stolen card")
    assert reason(await house.acts.unfreeze(LEO, asha.id)) is CustomerReason.SECOND_NEEDED
    frozen = await house.reading.frozen(await house.party(asha))
    assert frozen is not None
    since = frozen.at.isoformat() if frozen.at else ""
    proposal = await house.propose(ANN, UNFREEZE, asha, since=since)
    assert reason(await house.agree(ANN, proposal)) is ApprovalReason.SAME_PERSON
    assert reason(await house.agree(SUE, proposal)) is StaffReason.NOT_ALLOWED
    assert (await house.party(asha)).state is PartyState.FROZEN
    assert await house.agree(LEO, proposal) == {"state": "active"}
    assert (await house.party(asha)).state is PartyState.ACTIVE


async def test_a_yes_to_an_earlier_freeze_does_not_end_a_later_one(house: House) -> None:
    asha = await house.join()
    await house.acts.freeze(SUE, asha.id, Cause.OWNER, "lost her phone")
    first = await house.reading.frozen(await house.party(asha))
    assert first is not None
    assert first.at is not None
    proposal = await house.propose(ANN, UNFREEZE, asha, since=first.at.isoformat())
    await house.acts.unfreeze(SUE, asha.id)
    house.clock.advance(minutes=1)
    await house.acts.freeze(ANN, asha.id, Cause.FRAUD, "now it is fraud")
    assert reason(await house.agree(LEO, proposal)) is CustomerReason.WALLET_NOT_FROZEN
    assert (await house.party(asha)).state is PartyState.FROZEN


async def test_a_closed_wallet_is_not_frozen(house: House) -> None:
    asha = await house.join()
    await house.wallet.parties.set_state(asha.id, PartyState.CLOSED)
    said = await house.acts.freeze(SUE, asha.id, Cause.OWNER, "lost")
    assert reason(said) is PartyReason.PARTY_CLOSED
    gone = await house.acts.freeze(SUE, house.ids.new(), Cause.OWNER, "lost")
    assert reason(gone) is PartyReason.PARTY_NOT_FOUND


# --- identity --------------------------------------------------------------------------------------


async def test_a_level_that_the_pack_wants_looked_at_is_raised_by_two(house: House) -> None:
    asha = await house.join()
    evidence = await house.shows_document(asha)
    page = await waiting(house.services, ANN)
    (line,) = page.waiting
    assert (line.party.id, line.name, line.level, line.second) == (asha.id, "Asha R.", "full", True)
    assert page.after is None
    assert reason(await house.acts.accept(ANN, asha.id, evidence)) is CustomerReason.SECOND_NEEDED
    assert (await house.party(asha)).level == "small"
    proposal = await house.propose(ANN, ACCEPT, asha, evidence=str(evidence))
    assert reason(await house.agree(ANN, proposal)) is ApprovalReason.SAME_PERSON
    assert await house.agree(LEO, proposal) == {"level": "full"}
    assert (await house.party(asha)).level == "full"
    account = await house.wallet.ledger.account(asha.account)
    assert account is not None
    assert account.ceiling_minor == 200_000_00
    assert (await waiting(house.services, ANN)).waiting == ()
    lowered = await house.acts.revoke(LEO, asha.id, evidence, "the document was forged")
    assert isinstance(lowered, Raised)
    assert lowered.level == "small"
    (shown,) = await house.wallet.identity.evidence(asha.id)
    assert (shown.state, shown.decided_by) == (EvidenceState.REJECTED, "staff:leo lead")


async def test_evidence_is_rejected_by_one(house: House) -> None:
    asha = await house.join()
    evidence = await house.shows_document(asha)
    assert await house.acts.reject(ANN, asha.id, evidence) is None
    again = await house.acts.reject(ANN, asha.id, evidence)
    assert reason(again) is IdentityReason.EVIDENCE_NOT_WAITING
    assert reason(await house.acts.accept(ANN, asha.id, evidence)) is again.reason  # type: ignore[union-attr]
    assert (await house.party(asha)).level == "small"


# --- closing ---------------------------------------------------------------------------------------


async def test_an_empty_wallet_is_closed_by_one(house: House) -> None:
    asha = await house.join()
    closed = await house.acts.close(LEO, asha.id)
    assert isinstance(closed, Party)
    assert closed.state is PartyState.CLOSED
    assert await house.wallet.parties.by_phone("india", "+919876543210") is None


async def test_with_money_inside_two_agree_and_all_of_it_goes_to_the_owner(house: House) -> None:
    asha = await house.join()
    await house.top_up(asha, 700_00)
    await house.give(asha, 50_37)
    assert reason(await house.acts.close(LEO, asha.id)) is CustomerReason.SECOND_NEEDED
    (bank,) = await house.reading.bank_accounts(asha)
    assert bank.shown == "...4567"
    proposal = await house.propose(ANN, CLOSE, asha, bank=str(bank.order))
    said = await house.agree(LEO, proposal)
    assert not isinstance(said, Refused), said
    assert said["state"] == "closed"
    order = await house.wallet.orders.get(UUID(said["order"]))
    assert order is not None
    assert (order.state, order.amount.minor, order.fee_minor) == (State.PAID, 750_37, 0)
    assert (await house.party(asha)).state is PartyState.CLOSED
    carried = await house.services.approvals.get(proposal.id)
    assert carried is not None
    assert carried.outcome == said


async def test_money_is_not_paid_to_a_strangers_account(house: House) -> None:
    asha, ravi = await house.join(purse=100_00), await house.join(RAVI_NAME, RAVI_PHONE)
    order = (await house.top_up(ravi, 100_00)).order
    proposal = await house.propose(ANN, CLOSE, asha, bank=str(order.id))
    assert reason(await house.agree(LEO, proposal)) is CustomerReason.BANK_ACCOUNT_NONE
    account = await house.wallet.ledger.account(asha.account)
    assert account is not None
    assert account.balance_minor == 100_00
    assert isinstance(await house.acts.keep_open(LEO, asha.id), Party)
    assert (await house.party(asha)).state is PartyState.ACTIVE


async def test_a_frozen_wallet_is_not_closed(house: House) -> None:
    asha = await house.join()
    await house.acts.freeze(SUE, asha.id, Cause.FRAUD, "fraud")
    assert reason(await house.acts.close(LEO, asha.id)) is PartyReason.PARTY_FROZEN


# --- the door --------------------------------------------------------------------------------------


async def test_sessions_devices_and_the_pin(house: House) -> None:
    asha = await house.join()
    (device,) = await house.wallet.signin.support.devices(asha.id)
    (session,) = await house.wallet.signin.sessions(asha.id)
    assert await house.acts.end_session(SUE, asha.id, session.id) is None
    gone = await house.acts.end_session(SUE, asha.id, session.id)
    assert reason(gone) is SigninReason.SESSION_NOT_FOUND
    assert await house.acts.remove_device(SUE, asha.id, device.id) == 0
    assert await house.acts.end_sessions(SUE, asha.id) == 0
    assert await house.acts.ask_new_pin(SUE, asha.id) is None
    assert reason(await house.wallet.signin.check_pin(asha.id, "271845")) is SigninReason.PIN_LOCKED


async def test_a_sleeping_wallet_wakes(house: House) -> None:
    asha = await house.join()
    assert reason(await house.acts.wake(SUE, asha.id)) is CustomerReason.WALLET_NOT_ASLEEP
    await house.wallet.parties.set_state(asha.id, PartyState.DORMANT)
    woken = await house.acts.wake(SUE, asha.id)
    assert isinstance(woken, Party)
    assert woken.state is PartyState.ACTIVE


# --- notes and one's own wallet --------------------------------------------------------------------


async def test_notes_only_grow(db: Database, house: House) -> None:
    asha = await house.join()
    note = await house.acts.note(SUE, asha.id, "  called; <b>lost</b> her phone'); DROP  ")
    assert isinstance(note, Note)
    assert (await house.reading.notes(asha.id)) == [note]
    assert note.text == "called; <b>lost</b> her phone'); DROP"
    for text in ("", "  ", "x" * 2001, "a\x00b"):
        assert reason(await house.acts.note(SUE, asha.id, text)) is CustomerReason.NOTE_UNREADABLE
    for sql in ("UPDATE customers.note SET text = 'x'", "DELETE FROM customers.note"):
        with pytest.raises(RestrictViolationError):
            await db.run(sql)
    for n in range(25):
        house.clock.advance(seconds=1)
        await house.acts.note(SUE, asha.id, f"note {n}")
    first = await house.reading.notes(asha.id)
    rest = await house.reading.notes(asha.id, first[-1].id)
    assert [len(first), len(rest)] == [20, 6]
    assert rest[-1] == note


async def test_nobody_acts_on_their_own_wallet(house: House) -> None:
    asha = await house.join(purse=10_00)
    evidence = await house.shows_document(asha)
    assert isinstance(await house.own.bind(SUE, LEO.id, asha.number), Party)
    acts, own = house.acts, CustomerReason.OWN_WALLET
    some = house.ids.new()
    for said in (
        await acts.freeze(LEO, asha.id, Cause.OWNER, "me"),
        await acts.unfreeze(LEO, asha.id),
        await acts.accept(LEO, asha.id, evidence),
        await acts.reject(LEO, asha.id, evidence),
        await acts.revoke(LEO, asha.id, evidence, "me"),
        await acts.close(LEO, asha.id),
        await acts.keep_open(LEO, asha.id),
        await acts.ask_new_pin(LEO, asha.id),
        await acts.end_session(LEO, asha.id, some),
        await acts.end_sessions(LEO, asha.id),
        await acts.remove_device(LEO, asha.id, some),
        await acts.wake(LEO, asha.id),
        await acts.send_again(LEO, asha.id, some),
        await acts.note(LEO, asha.id, "me"),
        await house.own.free(LEO, asha.id),
    ):
        assert reason(said) is own
    # nor as the second of two
    proposal = await house.propose(ANN, ACCEPT, asha, evidence=str(evidence))
    assert reason(await house.agree(LEO, proposal)) is own
    assert (await house.party(asha)).level == "small"
    # what is nobody's of theirs is acted on
    assert isinstance(await acts.note(SUE, asha.id, "a colleague's"), Note)


async def test_a_wallet_is_one_members(house: House) -> None:
    asha = await house.join()
    assert reason(await house.own.bind(SUE, LEO.id, "1234567890")) is PartyReason.NUMBER_UNREADABLE
    assert isinstance(await house.own.bind(SUE, LEO.id, asha.number), Party)
    assert isinstance(await house.own.bind(SUE, LEO.id, asha.number), Party)
    other = await house.own.bind(SUE, ANN.id, asha.number)
    assert reason(other) is CustomerReason.WALLET_OF_ANOTHER
    (line,) = await house.own.listed()
    assert (line.party.id, line.member_id, line.bound_by) == (asha.id, LEO.id, "sue support")
    assert (await house.reading.standing(asha)).member == LEO.id
    assert await house.own.free(SUE, asha.id) is None
    assert await house.own.listed() == []


def test_who_may_what() -> None:
    assert SUE.may(Right.CUSTOMERS_REVEAL)
    assert SUE.may(Right.CUSTOMERS_ACT)
    assert not SUE.may(Right.CUSTOMERS_DECIDE)
    assert LEO.may(Right.CUSTOMERS_DECIDE)
    assert ANN.may(Right.CUSTOMERS_DECIDE)
