"""What staff do to a wallet: by the public functions of the boards, never around them.

Who acts is known and may (the desk asks); here it is looked after that nobody acts on their own wallet,
and that what needs two people is refused to one (SECOND_NEEDED): `agreed` carries that out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.parties.facts import NO_TRADE, Party, PartyReason, PartyState
from argosy.base.refusals import Refused
from argosy.management.customers.agreed import thaw
from argosy.management.customers.facts import NOTE_CHARS_MAX, Cause, CustomerReason, Note
from argosy.management.customers.own import OwnWallets
from argosy.management.customers.reading import Reading, level_reached
from argosy.management.services import Services
from argosy.management.staff.facts import Member
from argosy.public_services.identity.facts import EvidenceState, IdentityReason

_FREEZABLE = frozenset({PartyState.ACTIVE, PartyState.DORMANT, PartyState.CLOSING})


class Acts:
    """What can be done. Every act answers what became of it, or a `Refused` with the reason."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._reading = Reading(services)
        self._own = OwnWallets(services)

    # --- notes -------------------------------------------------------------------------------------

    async def note(self, member: Member, party_id: UUID, text: str) -> Note | Refused:
        """Write something down. It stays as it is."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        text = text.strip()
        if not 1 <= len(text) <= NOTE_CHARS_MAX or "\x00" in text:
            return Refused(CustomerReason.NOTE_UNREADABLE, field="text")
        services = self._services
        if await services.parties.get(party_id) is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        note = Note(services.ids.new(), services.clock.now(), member.name, text)
        await services.db.run(
            "INSERT INTO customers.note (party_id, id, at, by, text) VALUES ($1, $2, $3, $4, $5)",
            party_id,
            note.id,
            note.at,
            note.by,
            note.text,
        )
        return note

    # --- freezing ----------------------------------------------------------------------------------

    async def freeze(
        self, member: Member, party_id: UUID, cause: Cause, why: str
    ) -> Party | Refused:
        """Nothing goes in or out from now on. Refused for wallets that are frozen or closed already."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        services = self._services
        async with services.db.work() as conn:
            before = await conn.fetchval(
                "SELECT state FROM parties.party WHERE id = $1 FOR UPDATE", party_id
            )
            if before is None:
                return Refused(PartyReason.PARTY_NOT_FOUND)
            if PartyState(before) not in _FREEZABLE:
                return Refused(NO_TRADE[PartyState(before)])
            await conn.execute(
                """
                INSERT INTO customers.frozen (party_id, before, cause, by, why, at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (party_id) DO UPDATE SET before = excluded.before,
                    cause = excluded.cause, by = excluded.by, why = excluded.why, at = excluded.at
                """,
                party_id,
                before,
                (Cause.FRAUD if cause is Cause.MACHINE else cause).value,
                member.name,
                why,
                services.clock.now(),
            )
            return await services.parties.set_state(party_id, PartyState.FROZEN, conn)

    async def unfreeze(self, member: Member, party_id: UUID) -> Party | Refused:
        """The wallet is what it was before. One person may undo what its owner asked for; all else wants
        two: SECOND_NEEDED."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        party = await self._reading.party(party_id)
        frozen = await self._reading.frozen(party) if party is not None else None
        if frozen is None:
            return Refused(CustomerReason.WALLET_NOT_FROZEN)
        if frozen.cause is not Cause.OWNER:
            return Refused(CustomerReason.SECOND_NEEDED)
        return await thaw(self._services, party_id)

    # --- identity ----------------------------------------------------------------------------------

    async def accept(self, member: Member, party_id: UUID, evidence_id: UUID) -> Any | Refused:
        """Accept a piece of evidence that waits. Where that raises the wallet to a level that the pack
        wants looked at, two people must agree: SECOND_NEEDED."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        party = await self._reading.party(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        kind = await self._waiting_kind(party_id, evidence_id)
        if kind is None:
            return Refused(IdentityReason.EVIDENCE_NOT_WAITING)
        if await self.raises_reviewed(party, kind):
            return Refused(CustomerReason.SECOND_NEEDED)
        return await self._services.identity.decide(
            party_id, evidence_id, EvidenceState.ACCEPTED, by=f"staff:{member.name}"
        )

    async def reject(self, member: Member, party_id: UUID, evidence_id: UUID) -> None | Refused:
        """Reject a piece of evidence that waits. The reason is the audit log's."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        said = await self._services.identity.decide(
            party_id, evidence_id, EvidenceState.REJECTED, by=f"staff:{member.name}"
        )
        return said if isinstance(said, Refused) else None

    async def revoke(
        self, member: Member, party_id: UUID, evidence_id: UUID, why: str
    ) -> Any | Refused:
        """Take accepted evidence back; the level falls to what the rest covers."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        return await self._services.identity.revoke(
            party_id, evidence_id, f"staff:{member.name}", why
        )

    async def raises_reviewed(self, party: Party, kind: str) -> bool:
        """Whether accepting evidence of `kind` raises the wallet to a level that its pack wants a person
        to look at."""
        market = self._services.markets[party.market]
        shown = await self._reading.shown_kinds(party)
        level = level_reached(market, party, shown, kind)
        day = local_day(self._services.clock.now(), market.zone)
        return level is not None and level.is_reviewed(day)

    async def _waiting_kind(self, party_id: UUID, evidence_id: UUID) -> str | None:
        lines = await self._services.identity.evidence(party_id)
        return next(
            (e.kind for e in lines if e.id == evidence_id and e.state is EvidenceState.GIVEN), None
        )

    # --- closing -----------------------------------------------------------------------------------

    async def close(self, member: Member, party_id: UUID) -> Party | Refused:
        """Close an empty wallet for good. With money inside two people must agree (SECOND_NEEDED), and
        with money on its way nobody closes it (MONEY_ON_ITS_WAY)."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        party = await self._reading.party(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        inside, waiting = await self._services.closing.left(party)
        if waiting.minor:
            return Refused(CustomerReason.MONEY_ON_ITS_WAY)
        if inside.minor:
            return Refused(CustomerReason.SECOND_NEEDED)
        return await self._close_empty(party_id)

    async def keep_open(self, member: Member, party_id: UUID) -> Party | Refused:
        """Undo that a wallet is being closed."""
        no = await self._own.refused(member, party_id)
        return no if no is not None else await self._services.closing.undo(party_id)

    async def _close_empty(self, party_id: UUID) -> Party | Refused:
        begun = await self._services.closing.begin(party_id)
        return (
            begun if isinstance(begun, Refused) else await self._services.closing.finish(party_id)
        )

    # --- the door ----------------------------------------------------------------------------------

    async def ask_new_pin(self, member: Member, party_id: UUID) -> None | Refused:
        """The PIN of now is worth nothing; the owner sets a new one with a code to the phone."""
        no = await self._own.refused(member, party_id)
        return no if no is not None else await self._services.signin.support.ask_new_pin(party_id)

    async def end_session(self, member: Member, party_id: UUID, session_id: UUID) -> None | Refused:
        """End one session."""
        no = await self._own.refused(member, party_id)
        return no or await self._services.signin.support.end_session(party_id, session_id)

    async def end_sessions(self, member: Member, party_id: UUID) -> int | Refused:
        """End every session; how many there were."""
        no = await self._own.refused(member, party_id)
        return no if no is not None else await self._services.signin.revoke_all(party_id)

    async def remove_device(self, member: Member, party_id: UUID, device_id: UUID) -> int | Refused:
        """Unbind a device; how many sessions ended with it."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        said = await self._services.signin.support.remove_device(party_id, device_id)
        if not isinstance(said, Refused):
            await self._services.notify.subscriptions.drop(party_id, (device_id,))
        return said

    async def wake(self, member: Member, party_id: UUID) -> Party | Refused:
        """Wake a wallet that sleeps."""
        no = await self._own.refused(member, party_id)
        if no is not None:
            return no
        party = await self._reading.party(party_id)
        if party is not None and party.state is not PartyState.DORMANT:
            return Refused(CustomerReason.WALLET_NOT_ASLEEP)
        return await self._services.signin.support.wake(party_id)

    async def send_again(self, member: Member, party_id: UUID, message_id: UUID) -> None | Refused:
        """Carry a message once more."""
        no = await self._own.refused(member, party_id)
        return no or await self._services.notify.send_again(party_id, message_id)
