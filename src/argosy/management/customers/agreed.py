"""What two of the staff agreed on, carried out. Each may be called again after a crash and does it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from argosy.base.ids import derive, parse_id
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.base.postings import Challenged
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.management.approvals.facts import Handler, Proposal
from argosy.management.customers.facts import CustomerReason
from argosy.management.customers.own import OwnWallets
from argosy.management.customers.reading import Reading
from argosy.management.services import Services
from argosy.management.staff.facts import Member
from argosy.public_services.identity.facts import EvidenceState, IdentityReason

UNFREEZE: Final = "customers.unfreeze"
ACCEPT: Final = "customers.accept"
CLOSE: Final = "customers.close"
CHANNEL: Final = "console"

Told = Mapping[str, Any]


def customer_handlers(services: Callable[[], Services]) -> dict[str, Handler]:
    """The handlers by kind; `services` is asked when something is carried out."""

    def made(act: Callable[[Agreed, Proposal, Party], Awaitable[Told | Refused]]) -> Handler:
        async def carried_out(proposal: Proposal, member: Member) -> Any | Refused:
            agreed = Agreed(services())
            party = await agreed.party(proposal)
            if party is None:
                return Refused(PartyReason.PARTY_NOT_FOUND)
            no = await OwnWallets(services()).refused(member, party.id)
            return no if no is not None else await act(agreed, proposal, party)

        return carried_out

    return {
        UNFREEZE: made(Agreed.unfreeze),
        ACCEPT: made(Agreed.accept),
        CLOSE: made(Agreed.close),
    }


class Agreed:
    """The acts that want two. What moved on since it was proposed is refused, not done anyway."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._reading = Reading(services)

    async def party(self, proposal: Proposal) -> Party | None:
        """Whom the proposal is about, as it stands now."""
        party_id = parse_id(str(proposal.body.get("party")))
        return None if party_id is None else await self._services.parties.get(party_id)

    async def unfreeze(self, proposal: Proposal, party: Party) -> Told | Refused:
        """The wallet is what it was before it was frozen; refused where that freeze is over, or another
        one has begun since."""
        frozen = await self._reading.frozen(party)
        since = frozen.at.isoformat() if frozen is not None and frozen.at else ""
        if frozen is None or since != proposal.body.get("since", ""):
            return Refused(CustomerReason.WALLET_NOT_FROZEN)
        thawed = await thaw(self._services, party.id)
        return thawed if isinstance(thawed, Refused) else {"state": thawed.state.value}

    async def accept(self, proposal: Proposal, party: Party) -> Told | Refused:
        """The evidence is accepted, and the level follows."""
        evidence = parse_id(str(proposal.body.get("evidence")))
        if evidence is None:
            return Refused(IdentityReason.EVIDENCE_NOT_WAITING)
        said = await self._services.identity.decide(
            party.id, evidence, EvidenceState.ACCEPTED, by=f"staff:{proposal.by}"
        )
        if isinstance(said, Refused):
            lines = await self._services.identity.evidence(party.id)
            if any(e.id == evidence and e.state is EvidenceState.ACCEPTED for e in lines):
                return {"level": party.level}
            return said
        return {"level": said.level if said is not None else party.level}

    async def close(self, proposal: Proposal, party: Party) -> Told | Refused:
        """What is inside is paid out at par to a bank account of the owner, and the wallet is closed once
        the bank has said yes. Until then it stays on its way there, and its owner's."""
        services = self._services
        command = derive(proposal.id, "redeem")
        if party.state is PartyState.CLOSED:
            return {"state": party.state.value}
        begun = await services.closing.begin(party.id)
        if isinstance(begun, Refused):
            return begun
        inside, _ = await services.closing.left(begun)
        if inside.minor and await services.orders.get(command) is None:
            bank = parse_id(str(proposal.body.get("bank")))
            paid = await self._redeem(begun, command, inside, bank)
            if paid is not None:
                return paid
        closed = await services.closing.finish(party.id)
        state = PartyState.CLOSING if isinstance(closed, Refused) else closed.state
        return {"state": state.value, "order": str(command)}

    async def _redeem(
        self, party: Party, command: UUID, inside: Money, bank: UUID | None
    ) -> Refused | None:
        services = self._services
        order = await services.orders.get(bank) if bank is not None else None
        if order is None or party.id not in (order.payer, order.payee):
            return Refused(CustomerReason.BANK_ACCOUNT_NONE)
        account = services.keys.open(
            bytes.fromhex(order.data["bank_account"]), "order", str(order.id), "bank_account"
        )
        redeem = services.redeem(command, inside, account)
        said = await services.cashier.on_behalf(redeem, Asker(party, CHANNEL))
        if isinstance(said, Refused):
            return said
        if isinstance(said, Challenged) or said.order.state not in (State.HELD, State.PAID):
            return Refused(CustomerReason.PAY_OUT_STOPPED)
        return None


async def thaw(services: Services, party_id: UUID) -> Party | Refused:
    """Give a frozen wallet the state back that it had before."""
    async with services.db.work() as conn:
        before = await conn.fetchval(
            "DELETE FROM customers.frozen WHERE party_id = $1 RETURNING before", party_id
        )
        return await services.parties.set_state(
            party_id, PartyState(before or PartyState.ACTIVE), conn, only_from=PartyState.FROZEN
        )
