"""Payments by a code that the customer shows: the device's side, and the merchant's.

A code is taken before anything is paid, in a row of its own that only one payment can have: a second
scan, on whatever server, finds it. The same charge sent again finds its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock, local_day
from argosy.base.ids import named
from argosy.base.markets import Market
from argosy.base.money import AmountReason, Money
from argosy.base.orders.facts import Order, OrderReason
from argosy.base.orders.reading import Orders
from argosy.base.parties.facts import Party, PartyKind, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.postings import Challenged, GateReason
from argosy.base.products import Asker, Command
from argosy.base.refusals import Reason, Refused
from argosy.base.store import Database
from argosy.products.pay.facts import AskPresented, PayPresented, PayReason
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.cashier.facts import CashierReason, Receipt
from argosy.public_services.presented import codes
from argosy.public_services.presented.codes import OneTime
from argosy.public_services.presented.devices import Devices, Known
from argosy.public_services.presented.facts import (
    CHANNEL,
    TERMS,
    Charge,
    DeviceKey,
    Presented,
    PresentedReason,
    Terms,
)
from argosy.public_services.signin.facts import Session
from argosy.public_services.signin.signin import Signin

PRODUCT = "pay"

# What stops a payment without a PIN and may let it through with one: the customer's phone asks.
_WITH_PIN: frozenset[Reason] = frozenset({GateReason.LIMIT_DAY, CashierReason.PROOF_NOT_POSSIBLE})
# What concerns the merchant or the request; everything else is the customer's own business.
_SAID: frozenset[Reason] = frozenset(
    {
        OrderReason.PAYEE_CANNOT_TAKE,
        OrderReason.SAME_PARTY,
        OrderReason.NOTE_TOO_LONG,
        OrderReason.ORDER_EXISTS_DIFFERENTLY,
        PayReason.REFERENCE_UNREADABLE,
        CashierReason.ID_NOT_UUID7,
        GateReason.RISK_UNAVAILABLE,
        GateReason.GATE_BUSY,
    }
)


class Presenting:
    """`unwrap` takes the one-time code out of what a scanner read where that is more than digits (an
    EMV customer-presented code); None where it holds none."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        markets: Mapping[str, Market],
        parties: Parties,
        orders: Orders,
        signin: Signin,
        cashier: Cashier,
        unwrap: Callable[[str], str | None],
        terms: Terms = TERMS,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._clock = clock
        self._markets = markets
        self._parties = parties
        self._orders = orders
        self._signin = signin
        self._cashier = cashier
        self._unwrap = unwrap
        self._terms = terms
        self._devices = Devices(db, clock, keys, chance)

    # the customer's side

    async def switch_on(self, session: Session, pin: str) -> Refused | None:
        """Let this device show codes, for who knows the PIN; a secret it had before is worth nothing."""
        if session.party.kind is not PartyKind.CUSTOMER:
            return Refused(PresentedReason.PRESENTED_ONLY_CUSTOMERS)
        wrong = await self._signin.check_pin(session, pin)
        if wrong is not None:
            return wrong
        await self._devices.renew(session.party_id, session.device.id)
        return None

    async def switch_off(self, session: Session) -> None:
        """This device shows no codes any more."""
        await self._devices.remove(session.party_id, session.device.id)

    async def key(self, session: Session) -> DeviceKey | Refused:
        """The secret for the device to keep, once after `switch_on`. Refused with PRESENTED_OFF where
        codes are off, or the secret was handed out before: only the PIN makes another."""
        known = await self._devices.of(session.party_id, session.device.id)
        handed = None if known is None else await self._devices.hand(known)
        return handed or Refused(PresentedReason.PRESENTED_OFF)

    async def shown(self, session: Session) -> Presented | Refused:
        """A code made here, for a device that cannot make it; PRESENTED_OFF where codes are off."""
        known = await self._devices.of(session.party_id, session.device.id)
        if known is None:
            return Refused(PresentedReason.PRESENTED_OFF)
        now = self._clock.now()
        slot = codes.slot_of(now)
        # One that was taken is not shown again: the next slot's is as good.
        if await self._devices.used_for(known, slot) is not None:
            slot += 1
        begun = datetime.fromtimestamp(slot * codes.SLOT_SECONDS, UTC)
        ends = begun + timedelta(seconds=codes.SLOT_SECONDS) + codes.LIFE
        return Presented(codes.make(known.selector, known.secret, begun), ends, known.selector)

    def at_once_minor_max(self, market: Market) -> int:
        """The most that goes without a PIN today, in one payment."""
        return market.presented_minor_max(local_day(self._clock.now(), market.zone))

    # the merchant's side

    async def charge(self, asker: Asker, ask: Charge) -> Receipt | Refused:
        """Take `ask.amount` from whoever shows the code, to the merchant who asks.

        Up to the market's bound it is paid at once; above, or where a PIN is wanted for another reason,
        the answer is an order that waits for the customer to confirm it on their phone, and to which
        the customer's phone is led. Refusals: PRESENTED_..., ONLY_MERCHANTS, those of amounts, and
        PRESENTED_DECLINED for everything that is the customer's own business (funds, limits, risk).
        """
        me = asker.party
        if me.kind is not PartyKind.MERCHANT:
            return Refused(PayReason.ONLY_MERCHANTS)
        first = await self._first(asker, ask)
        if first is not None:
            return first
        found = await self._whose(me, ask)
        if isinstance(found, Refused):
            return found
        known, payer = found
        at_once = self.at_once_minor_max(self._markets[me.market])
        if ask.amount.minor <= at_once:
            command = PayPresented(
                ask.id,
                ask.amount,
                me.number,
                at_once * self._terms.at_once_day_times,
                ask.note,
                ask.reference,
            )
            said = await self._carried_out(command, Asker(payer, CHANNEL, device=known.device))
            if not isinstance(said, Refused) or said.reason not in _WITH_PIN:
                return _told(said)
        wants = AskPresented(
            ask.id, ask.amount, payer.id, ask.note, ask.reference, self._terms.confirm_life
        )
        return _told(await self._carried_out(wants, asker))

    async def prune(self) -> int:
        """Forget codes that were used long ago; says how many."""
        return await self._devices.prune(self._clock.now() - self._terms.used_kept)

    # within

    async def _carried_out(self, command: Command, asker: Asker) -> Receipt | Refused:
        said = await self._cashier.carry_out(command, asker)
        if isinstance(said, Challenged):
            return Refused(CashierReason.PROOF_NOT_POSSIBLE)
        return said

    async def _first(self, asker: Asker, ask: Charge) -> Receipt | Refused | None:
        """The first answer to this charge, where it was made before."""
        order = await self._orders.get(ask.id)
        if order is None:
            return None
        if not _is_of(order, asker.party, ask):
            return Refused(OrderReason.ORDER_EXISTS_DIFFERENTLY)
        return await self._cashier.status(ask.id, asker)

    async def _whose(self, me: Party, ask: Charge) -> tuple[Known, Party] | Refused:
        """The device and the customer behind the code, taken for this payment."""
        code = codes.read(ask.code)
        if code is None:
            inner = self._unwrap(ask.code.strip())
            code = codes.read(inner) if inner is not None else None
        if code is None:
            return Refused(PresentedReason.PRESENTED_UNREADABLE, field="presented_code")
        wait = await self._devices.count_try(me.id, self._terms.wrong_per_merchant_hour_max)
        if wait is not None:
            return _wait(wait)
        found = await self._weighed(me, code, ask.id)
        if not isinstance(found, Refused):
            await self._devices.forgive(me.id)
        return found

    async def _weighed(
        self, me: Party, code: OneTime, payment: UUID
    ) -> tuple[Known, Party] | Refused:
        known = await self._devices.by_selector(code.selector)
        if known is None:
            return _unknown()
        subject = named("presented", str(known.party), str(known.device))
        wait = await self._devices.count_try(subject, self._terms.wrong_per_device_hour_max)
        if wait is not None:
            return _wait(wait)
        now = self._clock.now()
        slot = codes.slot_proven(code, known.secret, now)
        if slot is None:
            return _unknown()
        await self._devices.forgive(subject)
        payer = await self._parties.get(known.party)
        if payer is None or payer.market != me.market or not await self._is_signed_in(known):
            return _unknown()
        if payer.state is not PartyState.ACTIVE:
            return Refused(PresentedReason.PRESENTED_DECLINED)
        if await self._devices.used_for(known, slot) not in (None, payment):
            return _spent()
        if not codes.is_good(slot, now):
            return Refused(PresentedReason.PRESENTED_EXPIRED, field="presented_code")
        if not await self._devices.use(known, slot, payment):
            return _spent()
        return known, payer

    async def _is_signed_in(self, known: Known) -> bool:
        """Whether the device still has a live session: signing it out ends its codes."""
        lines = await self._signin.sessions(known.party)
        return any(line.device_id == known.device for line in lines)


def waits_for_pin(order: Order) -> bool:
    """Whether the payment waits for the customer whose code was scanned."""
    return bool(order.data.get(CHANNEL)) and order.state.value == "awaiting"


def _told(said: Receipt | Refused) -> Receipt | Refused:
    """What the merchant may hear of it."""
    if not isinstance(said, Refused):
        return said
    open_to_all = said.reason in _SAID or isinstance(said.reason, AmountReason)
    return said if open_to_all else Refused(PresentedReason.PRESENTED_DECLINED)


def _is_of(order: Order, merchant: Party, ask: Charge) -> bool:
    same = (order.product, order.payee, order.note, order.data.get("reference", ""))
    wanted = (PRODUCT, merchant.id, ask.note, ask.reference)
    amount = Money(ask.amount.minor, ask.amount.currency)
    return same == wanted and order.amount == amount and bool(order.data.get(CHANNEL))


def _unknown() -> Refused:
    return Refused(PresentedReason.PRESENTED_UNKNOWN, field="presented_code")


def _spent() -> Refused:
    return Refused(PresentedReason.PRESENTED_SPENT, field="presented_code")


def _wait(seconds: int) -> Refused:
    return Refused(PresentedReason.PRESENTED_TRIES_SPENT, {"wait_seconds": seconds})
