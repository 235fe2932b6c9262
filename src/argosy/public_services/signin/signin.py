"""The door: everything a channel needs of signing in."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids, derive
from argosy.base.markets import Market
from argosy.base.parties.facts import NewParty, Party, PartyKind, PartyReason, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.ports import Message, Notifier
from argosy.base.postings import GateReason
from argosy.base.refusals import Refused, Unavailable, must
from argosy.base.store import Connection, Database
from argosy.public_services.signin.codes import Codes, Ticket
from argosy.public_services.signin.contacts import by_contact, is_email, read_contact
from argosy.public_services.signin.devices import (
    Claimed,
    Devices,
    check_signature,
    payment_message,
)
from argosy.public_services.signin.facts import (
    Confirmed,
    DeviceClaim,
    OtpSent,
    Purpose,
    Session,
    SessionLine,
    SignedIn,
    SigninReason,
    Terms,
)
from argosy.public_services.signin.pins import Pins
from argosy.public_services.signin.sessions import Sessions
from argosy.public_services.signin.support import Support, note_seen

_log = logging.getLogger(__name__)
TERMS = Terms()
_OPEN_KINDS = (PartyKind.CUSTOMER, PartyKind.MERCHANT)
SIGN_UP = "sign_up"
"""The switch that the operator closes to open no more wallets."""


class Signin:
    """Codes, sign-up, sign-in, sessions, devices and the PIN.

    `chance` gives that many random bytes. Every method that is refused says why as a value; an
    outage raises `Unavailable`.
    """

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        markets: Mapping[str, Market],
        notifier: Notifier,
        terms: Terms = TERMS,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._parties = parties
        self._markets = markets
        self._notifier = notifier
        self._terms = terms
        self._codes = Codes(db, ids, clock, keys, terms, chance)
        self._pins = Pins(db, clock, keys, terms, chance)
        self._devices = Devices(clock, keys, chance)
        self._sessions = Sessions(db, ids, clock, keys, terms, chance)
        self.support = Support(db, ids, clock, parties, self._pins, self._sessions, self._tell)

    # getting in

    async def start(
        self,
        market: str,
        phone_text: str,
        purpose: Purpose,
        network: str | None,
        language: str,
        device: DeviceClaim | None = None,
    ) -> OtpSent | Refused:
        """Send a one-time code to a phone, or to an e-mail address where the market opens wallets with
        one. Answers and works alike for every phone, known or not.

        `purpose` is ENTER or RESET_PIN; `network` is where the request came from (an IP address),
        to bound how many it may ask for. A `device` whose cookie was bound with this phone before
        has its own code and budget, which strangers cannot use up. Refusals: MARKET_UNKNOWN,
        OTP_SENDS_SPENT (fact `wait_seconds`), and the market's own about the phone.
        """
        must(purpose is not Purpose.PAYMENT, "a payment's code is sent by `challenge`")
        pack = self._markets.get(market)
        if pack is None:
            return Refused(PartyReason.MARKET_UNKNOWN, field="market")
        phone = read_contact(pack, phone_text)
        if isinstance(phone, Refused):
            return phone
        known = await self._knows(market, phone, device)
        subject = self._codes.phone_subject(market, phone, purpose, known=known)
        made = await self._codes.make(
            subject,
            purpose,
            market,
            self._codes.phone_quotas(market, phone, known=known),
            phone=phone,
            asks=[] if known else self._codes.network_quotas(network),
            keep=self._terms.code_young,
        )
        if isinstance(made, Refused):
            return made
        sent, code = made
        if code is None:
            return sent
        message = Message(
            id=self._ids.new(),
            template=f"signin.{'email' if is_email(phone) else 'code'}_{purpose.value}",
            facts={"code": code, "minutes": self._code_minutes, "expires_at": sent.expires_at},
            market=market,
            language=language if language in pack.languages else pack.languages[0],
            phone=None if is_email(phone) else phone,
            email=phone if is_email(phone) else None,
            secret=True,
        )
        try:
            await self._notifier.notify(message)
        except Unavailable:
            await self._codes.unsent(subject)
            raise
        return sent

    async def confirm(self, otp_id: str, code: str) -> Confirmed | Refused:
        """Show the code that arrived; `otp_id` is `OtpSent.id`. Refusals: OTP_WRONG (fact
        `tries_left`), OTP_TRIES_SPENT, OTP_EXPIRED."""
        done = await self._codes.confirm(otp_id, code)
        if isinstance(done, Refused):
            return done
        text, ticket, expires_at = done
        party = await by_contact(self._parties, ticket.market, ticket.phone)
        return Confirmed(text, ticket.purpose, party is not None, ticket.market, expires_at)

    async def sign_up(
        self,
        ticket: str,
        name: str,
        pin: str,
        device: DeviceClaim,
        *,
        language: str,
        kind: PartyKind = PartyKind.CUSTOMER,
        business_name: str | None = None,
        city: str | None = None,
        merchant_class: str | None = None,
    ) -> SignedIn | Refused:
        """Open a wallet for the phone or e-mail address of the ticket, at the market's first level, and
        sign in.

        Sent again with the same ticket and PIN, after an answer that never arrived, it signs in.
        """
        proof = await self._codes.ticket(ticket)
        if isinstance(proof, Refused):
            return proof
        if kind not in _OPEN_KINDS:
            return Refused(SigninReason.KIND_NOT_OPEN, field="kind")
        claimed = self._devices.read(device)
        if isinstance(claimed, Refused):
            return claimed
        market = self._markets[proof.market]
        new = NewParty(
            id=derive(proof.id, "party"),
            kind=kind,
            market=market.code,
            level=market.ladder(kind)[0].name,
            language=language if language in market.languages else market.languages[0],
            name=name,
            phone=None if is_email(proof.phone) else proof.phone,
            email=proof.phone if is_email(proof.phone) else None,
            city=city or None,
            business_name=(business_name or name) if kind is PartyKind.MERCHANT else None,
            merchant_class=merchant_class,
        )
        unfit = self._pins.acceptable(pin, proof.phone)
        if unfit is not None:
            return unfit
        if await self._parties.get(new.id) is not None:
            return await self.sign_in(ticket, pin, device)
        if market.is_off(SIGN_UP):
            return Refused(GateReason.SWITCHED_OFF, {"what": SIGN_UP})
        async with self._db.work() as conn:
            party = await self._parties.open(new, conn)
            if isinstance(party, Refused):
                taken = party.reason in (PartyReason.PHONE_TAKEN, PartyReason.EMAIL_TAKEN)
                return Refused(SigninReason.ALREADY_SIGNED_UP) if taken else party
            await self._pins.set(party.id, pin, conn)
            await self._codes.remember(proof, claimed.device.id, conn)
            return await self._admit(party, claimed, conn)

    async def enrol(
        self,
        party_id: UUID,
        market: str,
        phone: str,
        name: str,
        pin: str,
        device: DeviceClaim,
        *,
        language: str,
    ) -> SignedIn | Refused:
        """Open a customer's wallet for a phone (E.164) that the network itself has named, so that no
        code has to prove it, and sign in. The same `party_id` again with the same PIN signs in."""
        claimed = self._devices.read(device)
        if isinstance(claimed, Refused):
            return claimed
        pack = self._markets[market]
        unfit = self._pins.acceptable(pin, phone)
        if unfit is not None:
            return unfit
        there = await self._parties.get(party_id)
        if there is not None:
            wrong = await self._pins.check(party_id, pin)
            return wrong if wrong is not None else await self.admit(there, device)
        if pack.is_off(SIGN_UP):
            return Refused(GateReason.SWITCHED_OFF, {"what": SIGN_UP})
        new = NewParty(
            id=party_id,
            kind=PartyKind.CUSTOMER,
            market=market,
            level=pack.ladder(PartyKind.CUSTOMER)[0].name,
            language=language if language in pack.languages else pack.languages[0],
            name=name,
            phone=phone,
        )
        async with self._db.work() as conn:
            party = await self._parties.open(new, conn)
            if isinstance(party, Refused):
                taken = party.reason is PartyReason.PHONE_TAKEN
                return Refused(SigninReason.ALREADY_SIGNED_UP) if taken else party
            await self._pins.set(party.id, pin, conn)
            return await self._admit(party, claimed, conn)

    async def sign_in(self, ticket: str, pin: str, device: DeviceClaim) -> SignedIn | Refused:
        """Sign in on a device, with the proof of the phone and the PIN."""
        come = await self._come(ticket, device, Purpose.ENTER)
        if isinstance(come, Refused):
            return come
        proof, claimed, party = come
        wrong = await self._pins.check(party.id, pin)
        if wrong is not None:
            return wrong
        async with self._db.work() as conn:
            if not await self._codes.spend_ticket(proof, conn):
                return Refused(SigninReason.TICKET_INVALID)
            await self._codes.remember(proof, claimed.device.id, conn)
            signed_in = await self._admit(party, claimed, conn)
        if signed_in.new_device:
            await self._tell(party, signed_in.session_id, "signin.new_device")
        return signed_in

    async def reset_pin(self, ticket: str, pin: str, device: DeviceClaim) -> SignedIn | Refused:
        """A new PIN by one-time code, and signed in with it; every other session of the party
        ends."""
        come = await self._come(ticket, device, Purpose.RESET_PIN)
        if isinstance(come, Refused):
            return come
        proof, claimed, party = come
        unfit = self._pins.acceptable(pin, proof.phone)
        if unfit is not None:
            return unfit
        async with self._db.work() as conn:
            if not await self._codes.spend_ticket(proof, conn):
                return Refused(SigninReason.TICKET_INVALID)
            await self._pins.set(party.id, pin, conn)
            await self._sessions.end_all(party.id, "pin_reset", conn=conn)
            await self._codes.remember(proof, claimed.device.id, conn)
            signed_in = await self._admit(party, claimed, conn)
        await self._tell(party, signed_in.session_id, "signin.pin_changed")
        return signed_in

    async def admit(self, party: Party, device: DeviceClaim) -> SignedIn | Refused:
        """Sign a party in whose proof was given elsewhere (an agent's counter, a simulated
        town)."""
        claimed = self._devices.read(device)
        if isinstance(claimed, Refused):
            return claimed
        async with self._db.work() as conn:
            return await self._admit(party, claimed, conn)

    async def set_pin(self, party_id: UUID, pin: str, conn: Connection) -> None | Refused:
        """Give a party its first PIN, in the transaction that opens it elsewhere."""
        unfit = self._pins.acceptable(pin)
        if unfit is None:
            await self._pins.set(party_id, pin, conn)
        return unfit

    # sessions

    async def session(self, token: str) -> Session | None:
        """Who holds this cookie value, read fresh; None: sign in."""
        session, replayed = await self._sessions.read(token)
        if replayed is not None:
            _log.warning("a spent session token of party %s was shown; session ended", replayed)
            party = await self._parties.get(replayed)
            if party is not None:
                await self._tell(party, self._ids.new(), "signin.replayed")
        return session

    async def rotate(self, session: Session) -> str | None:
        """The next cookie value, when `session.rotate_due`; None where another request was faster.
        The present one stays good until the next is shown."""
        return await self._sessions.rotate(session)

    def form_fits(self, session: Session, csrf: str) -> None | Refused:
        """None when a form carries the session's secret; else FORM_FOREIGN."""
        return self._sessions.form_fits(session, csrf)

    async def sign_out(self, session: Session) -> None:
        """End this session, at once and everywhere."""
        await self._sessions.end(session.party_id, session.id, "signed_out")

    async def sessions(self, party_id: UUID) -> list[SessionLine]:
        """The live sessions of a party, for its owner, the last used first."""
        return await self._sessions.lines(party_id)

    async def revoke(self, session: Session, other: UUID) -> None | Refused:
        """End another session of the same party."""
        if await self._sessions.end(session.party_id, other, "revoked"):
            return None
        return Refused(SigninReason.SESSION_NOT_FOUND)

    async def revoke_all(self, party_id: UUID, keep: UUID | None = None) -> int:
        """End every session of a party but `keep`; says how many."""
        return await self._sessions.end_all(party_id, "revoked", keep)

    # proofs

    async def check_pin(self, who: Session | UUID, pin: str) -> None | Refused:
        """None when the PIN is right. Facts of the no: `tries_left` or `wait_seconds`."""
        if isinstance(who, Session):
            return await self._pins.check(who.party_id, pin, who.pin)
        return await self._pins.check(who, pin)

    async def change_pin(self, session: Session, old: str, new: str) -> None | Refused:
        """A new PIN for who knows the old one; the party's other sessions go on."""
        wrong = await self.check_pin(session, old)
        if wrong is not None:
            return wrong
        unfit = self._pins.acceptable(new)
        if unfit is None and new == old:
            unfit = Refused(SigninReason.PIN_UNCHANGED, field="pin")
        if unfit is not None:
            return unfit
        async with self._db.work() as conn:
            await self._pins.set(session.party_id, new, conn)
        await self._tell(session.party, self._ids.new(), "signin.pin_changed")
        return None

    async def challenge(
        self,
        who: Session,
        operation_id: UUID,
        content: str,
        facts: Mapping[str, Any],
    ) -> OtpSent | Refused:
        """Send a code for one payment.

        `content` says what the operation is (`pay|payee|10000|INR`) and the code proves only that;
        `facts` go into the message (`amount`: Money, `payee`: text). Bounded for each
        party, whatever network it comes from: only who is signed in can ask.
        """
        quotas = self._codes.party_quotas(who.party_id)
        subject = self._codes.operation_subject(who.party_id, operation_id)
        made = await self._codes.make(subject, Purpose.PAYMENT, who.market, quotas, content=content)
        if isinstance(made, Refused):
            return made
        sent, code = made
        own = {"code": code, "minutes": self._code_minutes, "expires_at": sent.expires_at}
        await self._notifier.notify(
            Message(
                id=self._ids.new(),
                template="signin.code_payment",
                facts={**facts, **own},
                market=who.market,
                language=who.party.language,
                to=who.party_id,
                secret=True,
            )
        )
        return sent

    async def proven(
        self, party_id: UUID, operation_id: UUID, content: str, code: str
    ) -> None | Refused:
        """None when `code` was sent for this very operation and content.

        While the code lives the same operation may show it again (a retry is the same payment); no
        other operation ever can.
        """
        subject = self._codes.operation_subject(party_id, operation_id)
        return await self._codes.proven(subject, content, code)

    def payment_message(self, session: Session, operation_id: UUID, content: str) -> bytes:
        """What the device signs for one payment."""
        return payment_message(session, operation_id, content)

    def check_signature(
        self, session: Session, operation_id: UUID, content: str, signature: bytes | None
    ) -> None | Refused:
        """None when the device signed this payment, or has no key to sign with."""
        return check_signature(session, operation_id, content, signature)

    async def last_seen(self, party_ids: list[UUID]) -> dict[UUID, datetime]:
        """When each of these parties last signed in or used a session; those never seen are missing."""
        rows = await self._db.all(
            """
            SELECT w.id, greatest(max(n.at), max(s.rotated_at)) AS at
            FROM unnest($1::uuid[]) AS w (id)
            LEFT JOIN signin.seen n ON n.party_id = w.id
            LEFT JOIN signin.session s ON s.party_id = w.id
            GROUP BY w.id HAVING greatest(max(n.at), max(s.rotated_at)) IS NOT NULL
            """,
            party_ids,
        )
        return {row["id"]: row["at"] for row in rows}

    async def prune(self) -> int:
        """Forget what is over; a job calls this every hour. Says how many rows went."""
        return await self._codes.prune() + await self._sessions.prune()

    # within

    async def _come(
        self, text: str, device: DeviceClaim, purpose: Purpose
    ) -> tuple[Ticket, Claimed, Party] | Refused:
        """Whose wallet the phone of a ticket opens, and on which device."""
        proof = await self._codes.ticket(text)
        if isinstance(proof, Refused):
            return proof
        claimed = self._devices.read(device)
        if isinstance(claimed, Refused):
            return claimed
        if proof.purpose is not purpose:
            return Refused(SigninReason.TICKET_INVALID)
        party = await by_contact(self._parties, proof.market, proof.phone)
        if party is None:
            return Refused(SigninReason.NOT_SIGNED_UP)
        return proof, claimed, party

    @property
    def _code_minutes(self) -> int:
        return int(self._terms.code_life.total_seconds()) // 60

    async def _knows(self, market: str, phone: str, device: DeviceClaim | None) -> bool:
        if device is None or not device.cookie:
            return False
        claimed = self._devices.read(DeviceClaim(cookie=device.cookie))
        if isinstance(claimed, Refused):
            return False
        return await self._codes.knows(market, phone, claimed.device.id)

    async def _admit(self, party: Party, claimed: Claimed, conn: Connection) -> SignedIn:
        await note_seen(party.id, self._clock.now(), conn)
        if party.state is PartyState.DORMANT:
            woken = await self._parties.set_state(
                party.id, PartyState.ACTIVE, conn, only_from=PartyState.DORMANT
            )
            party = party if isinstance(woken, Refused) else woken
        is_new = await self._devices.bind(party.id, claimed.device, conn)
        session_id, token, expires_at = await self._sessions.open(party, claimed.device, conn)
        return SignedIn(session_id, party, token, claimed.cookie, is_new, expires_at)

    async def _tell(self, party: Party, subject: UUID, template: str) -> None:
        message = Message(
            id=derive(subject, template),
            template=template,
            facts={"at": self._clock.now()},
            market=party.market,
            language=party.language,
            to=party.id,
        )
        try:
            await self._notifier.notify(message)
        except Unavailable:
            # What it tells of is done and durable; to say "try again" now would be wrong.
            _log.exception("message %s (%s) could not be stored", message.id, template)
