"""The thin shell around every plan: load, plan, prove, gate, answer.

A payment costs one grouped read of the payee and one commit. What is read is read fresh, shared with
the requests of the same moment, and never kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from argosy.base.ledger.facts import LedgerReason
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.money_back import Deadlines
from argosy.base.orders.planning import DONE, MARK
from argosy.base.orders.review import Reviews
from argosy.base.parties.facts import Party
from argosy.base.parties.numbers import reads
from argosy.base.ports import Operation
from argosy.base.postings import Challenged, Done, GateReason, LimitUse, OrderMove
from argosy.base.products import (
    Asker,
    Command,
    Context,
    Plan,
    Product,
    Sealed,
    Sweep,
    Tools,
    Verb,
    Wants,
    seal,
)
from argosy.base.refusals import Bug, Reason, Refused, Unavailable, must
from argosy.public_services.cashier.facts import CashierReason, Preview, Proofs, Receipt, Shown
from argosy.public_services.cashier.lookups import Lookups
from argosy.public_services.cashier.sheet import (
    Accounts,
    Funding,
    Sheet,
    Source,
    fee_of,
    masked,
    source_of,
)
from argosy.public_services.receipts.numbers import number_of

MOVE_TRIES_MAX = 8
"""How often a command is planned anew when somebody else moved the order first."""

NOTHING = Shown()

# Who comes second finds the order's version moved on, or, where both end the same holds in one batch,
# the endings made already by the other.
_MOVED_ON = frozenset({OrderReason.ORDER_MOVED_ON, LedgerReason.GROUP_REFUSED})

_log = logging.getLogger(__name__)


class Cashier:
    """Carries out commands. `products` are all that were found; a command's type says whose it is.

    `refused` counts each no: it is told market, channel, product, command and refusal, and never waits."""

    def __init__(
        self,
        tools: Tools,
        products: Mapping[str, Product],
        proofs: Proofs,
        lookups: Lookups,
        accounts: Accounts | None = None,
        refused: Callable[[str, str, str, Command, Refused], None] | None = None,
    ) -> None:
        self._tools = tools
        self._proofs = proofs
        self.lookups = lookups
        self._accounts = accounts
        self._refused = refused
        self._names = {verb.command: p.name for p in products.values() for verb in p.verbs}
        self._verbs = {verb.command: verb for p in products.values() for verb in p.verbs}
        self._products = products
        self.reviews = Reviews(tools, products)
        self.deadlines = Deadlines(tools, products)

    async def carry_out(
        self, command: Command, asker: Asker, shown: Shown = NOTHING
    ) -> Receipt | Refused | Challenged:
        """Do it, once: the same command sent again gets the first answer.

        Challenged: a code is on its way; send the same command again and show it. Raises
        `Unavailable` when the database does not answer; send the same command again then.
        """
        answer = await self._carried_out(command, asker, shown)
        if isinstance(answer, Refused) and self._refused is not None:
            name = self._names[type(command)]
            self._refused(asker.party.market, asker.channel, name, command, answer)
        return answer

    async def _carried_out(
        self, command: Command, asker: Asker, shown: Shown
    ) -> Receipt | Refused | Challenged:
        verb = self._verb(command)
        if command.id.version != 7:
            return Refused(CashierReason.ID_NOT_UUID7, field="id")
        unproven = not verb.proofs or (shown.pin is None and shown.otp is None)
        spent = await self._looked(verb, command, asker) if unproven else None
        if spent is not None:
            return spent
        answer = await self._carried(verb, command, asker, shown, None)
        if isinstance(answer, Refused) and not unproven:
            # Nothing was paid, and the no may tell whether there is such a person: a PIN that is wrong,
            # or an amount that nobody has, must not make looking free.
            spent = await self._looked(verb, command, asker)
        return answer if spent is None else spent

    async def on_behalf(self, command: Command, asker: Asker) -> Receipt | Refused | Challenged:
        """Do for a party what it cannot do itself, where two of the staff have agreed: as `carry_out`,
        without the party's own proofs. The brain is asked as ever, and sees the proof `staff`."""
        verb = self._verb(command)
        return await self._carried(verb, command, asker, NOTHING, frozenset({"staff"}))

    async def _carried(
        self,
        verb: Verb,
        command: Command,
        asker: Asker,
        shown: Shown,
        proven: frozenset[str] | None,
    ) -> Receipt | Refused | Challenged:
        mark = self._mark(command, asker)
        for tries in range(1, MOVE_TRIES_MAX + 1):
            planned = await self._planned(verb, command, asker, mark)
            if not isinstance(planned, tuple):
                return planned
            context, plan = planned
            content = content_of(plan)
            if proven is None:
                shows = await self._prove(verb, asker, command, content, shown)
                if isinstance(shows, Refused):
                    return shows
                proven = shows
            answer = await self._taken(plan, proven)
            if isinstance(answer, Done):
                return plan.refused or await self._receipt(verb, context, plan, answer)
            if isinstance(answer, Challenged):
                return await self._challenge(shown, answer, content, context)
            moved_on = answer.reason in _MOVED_ON
            if moved_on and context.order is not None and tries < MOVE_TRIES_MAX:
                continue
            told = explained(answer, plan.posting.uses, asker.party.id, context.currency)
            return await self._or_first(command, mark, asker, told)
        return Refused(OrderReason.ORDER_MOVED_ON)

    async def preview(self, command: Command, asker: Asker) -> Preview | Refused:
        """What `command` would do, for the page that asks to confirm it. Nothing is asked of the gate:
        funds and limits are looked at when it is carried out."""
        verb = self._verb(command)
        spent = await self._looked(verb, command, asker)
        if spent is not None:
            return spent
        planned = await self._planned(verb, command, asker, self._mark(command, asker))
        if isinstance(planned, Refused):
            return planned
        if isinstance(planned, Receipt):
            return Preview(planned.order, None, verb.proofs, "")
        context, plan = planned
        if plan.refused is not None:
            return plan.refused
        order = _order_after(context, plan)
        return Preview(order, context.other, verb.proofs, content_of(plan))

    async def sheet(self, command: Command, asker: Asker) -> Sheet | Receipt | Refused:
        """What to show before the PIN is asked for, the same for every product; a receipt where it was
        carried out already. Looks at the wallet, asks the gate nothing."""
        verb, mark = self._verb(command), self._mark(command, asker)
        existing = await self._tools.orders.get(command.id)
        first = self._first(existing, command.id, mark, asker) if existing is not None else None
        planned = first or await self._planned(verb, command, asker, mark)
        if not isinstance(planned, tuple):
            return planned
        context, plan = planned
        order = _order_after(context, plan)
        shown = Receipt(order, "", context.now)
        funding = source_of(plan, context, order.amount.currency)
        if funding.source is Source.WALLET and self._accounts is not None:
            account = await self._accounts.account(context.me.account)
            has = account.available_minor if account is not None else 0
            funding = Funding(funding.source, funding.needs, Money(has, funding.needs.currency))
        name = None
        if context.other is not None:
            reader = f"party:{asker.party.id}"
            name = await self._tools.parties.display_name(context.other.id, reader, "confirm")
        waits = order.state is State.HELD and "waits_for" in order.data
        return Sheet(
            command.id,
            order.product,
            order.amount,
            fee_of(order, asker.party.id),
            shown.out,
            shown.net,
            name or masked(context.sealed) or str(order.data.get("to", "")),
            funding,
            verb.proofs,
            content_of(plan),
            order.note,
            order.deadline_at if waits else None,
        )

    async def try_out(self, command: Command, asker: Asker) -> Preview | Refused:
        """A dry run: the same way through the brain and the ledger as the real one, as if the person
        had shown the usual proofs, and then nothing stays."""
        verb = self._verb(command)
        spent = await self._looked(verb, command, asker)
        if spent is not None:
            return spent
        planned = await self._planned(verb, command, asker, self._mark(command, asker))
        if isinstance(planned, Refused):
            return planned
        if isinstance(planned, Receipt):
            return Preview(planned.order, None, verb.proofs, "")
        context, plan = planned
        if plan.refused is not None:
            return plan.refused
        order, content = _order_after(context, plan), content_of(plan)
        if plan.operation is None:
            return Preview(order, context.other, verb.proofs, content)
        operation = replace(plan.operation, proofs=verb.proofs)
        answer = await self._tools.gate.try_out(operation, plan.posting)
        if isinstance(answer, Refused):
            return explained(answer, plan.posting.uses, asker.party.id, context.currency)
        if isinstance(answer, Challenged):
            return Preview(order, context.other, verb.proofs, content, answer.proof)
        order = replace(order, state=answer.state or order.state)
        return Preview(order, context.other, verb.proofs, content)

    async def status(self, order_id: UUID, asker: Asker) -> Receipt | Refused:
        """How an order stands, for one of its two sides; also the answer to a request whose own
        answer got lost."""
        order = await self._tools.orders.get(order_id)
        if order is None or asker.party.id not in (order.payer, order.payee):
            return Refused(OrderReason.ORDER_NOT_FOUND)
        return self._receipt_of(order, existed=True)

    def receipt_number(self, order_id: UUID) -> str:
        """The public number by which anyone can check the receipt of an order."""
        return number_of(self._tools.keys, order_id)

    def sweeps(self) -> tuple[Sweep, ...]:
        """Everything that the clock does for products, reviews and failed payments."""
        swept = [s for product in self._products.values() for s in product.sweeps(self._tools)]

        return (*swept, *self.reviews.sweeps(), *self.deadlines.sweeps())

    # --- the steps ---------------------------------------------------------------------------

    async def _looked(self, verb: Verb, command: Command, asker: Asker) -> Refused | None:
        """Count it where `command` names somebody by phone or number: the answer tells who that is."""
        wants = verb.wants(command)
        if wants.phone is None and wants.number is None:
            return None
        return await self.lookups.take(asker.party.id)

    async def _planned(
        self, verb: Verb, command: Command, asker: Asker, mark: str
    ) -> tuple[Context, Plan] | Receipt | Refused:
        context = await self._load(verb, command, asker, mark)
        if isinstance(context, Refused):
            return context
        if context.order is not None:
            first = self._first(context.order, command.id, mark, asker)
            if first is not None:
                return first
        plan = verb.plan(command, context)
        if isinstance(plan, Refused):
            return await self._or_first(command, mark, asker, plan)
        return context, plan

    async def _load(
        self, verb: Verb, command: Command, asker: Asker, mark: str
    ) -> Context | Refused:
        tools, wants = self._tools, verb.wants(command)
        market = tools.markets.get(asker.party.market)
        if market is None:
            return Refused(CashierReason.OTHER_MARKET)
        now = tools.clock.now()
        if wants.order is not None:
            counted = await tools.orders.counted(wants.order)
            if counted is None or counted.order.market != market.code:
                return Refused(OrderReason.ORDER_NOT_FOUND)
            order, me = counted.order, asker.party.id
            beside = next((p for p in (order.payee, order.payer) if p not in (None, me)), None)
            other = await tools.parties.get(beside) if beside is not None else None
            sealed = self._sealed(verb, command, market, order.id)
            return Context(market, now, asker, other, order, counted.uses, sealed, mark)
        found = await self._other(market, wants)
        if isinstance(found, Refused):
            return found
        other, phone = found
        sealed = self._sealed(verb, command, market, command.id, None if other else phone)
        return Context(market, now, asker, other, sealed=sealed, mark=mark)

    def _sealed(
        self, verb: Verb, command: Command, market: Market, order: UUID, phone: str | None = None
    ) -> dict[str, Sealed]:
        """The command's personal fields as `order` may keep them; a phone in E.164, and only where
        it has no wallet."""
        told = {name: getattr(command, name, None) for name in verb.personal}
        if "phone" in told:
            told["phone"] = phone
        sealing = partial(seal, self._tools.keys, market.code, order)
        return {name: sealing(name, text) for name, text in told.items() if text is not None}

    async def _other(
        self, market: Market, wants: Wants
    ) -> tuple[Party | None, str | None] | Refused:
        """Who is named, and the phone in E.164 where it was by phone."""
        parties = self._tools.parties
        if wants.phone is not None:
            phone = market.phone(wants.phone)
            if isinstance(phone, Refused):
                return phone
            return await parties.by_phone(market.code, phone), phone
        if wants.number is not None:
            number = reads(wants.number) or wants.number
            return await parties.by_number(market.code, number), None
        if wants.party is not None:
            return await parties.get(wants.party), None
        return None, None

    async def _prove(
        self, verb: Verb, asker: Asker, command: Command, content: str, shown: Shown
    ) -> frozenset[str] | Refused:
        """The proofs that hold for this command, or why they do not."""
        if asker.by_key:
            enough = verb.by_key or not verb.proofs
            return frozenset({"key"}) if enough else Refused(CashierReason.KEY_NOT_ENOUGH)
        if not verb.proofs:
            return frozenset()
        session = shown.session
        if session is None or (shown.pin is None and shown.otp is None):
            return Refused(CashierReason.PIN_MISSING, field="pin")
        must(session.party_id == asker.party.id, "a session of somebody else", asker=asker)
        if shown.pin is not None:
            wrong = await self._proofs.check_pin(session, shown.pin)
            if wrong is not None:
                return wrong
        wrong = self._proofs.check_signature(session, command.id, content, shown.signature)
        if wrong is not None:
            return wrong
        if shown.otp is None:
            return verb.proofs
        wrong = await self._proofs.proven(session.party_id, command.id, content, shown.otp)
        return wrong if wrong is not None else verb.proofs | {"otp"}

    async def _taken(self, plan: Plan, proofs: frozenset[str]) -> Done | Refused | Challenged:
        if plan.operation is None:
            return await self._tools.gate.settle(plan.posting)
        operation = replace(plan.operation, proofs=proofs)
        return await self._tools.gate.carry_out(operation, plan.posting)

    async def _challenge(
        self, shown: Shown, answer: Challenged, content: str, context: Context
    ) -> Challenged | Refused:
        if shown.session is None:
            return Refused(CashierReason.PROOF_NOT_POSSIBLE)
        payee = None
        if context.other is not None:
            payee = await self._tools.parties.display_name(
                context.other.id, "cashier", "name the payee in a one-time code's message"
            )
        masked = next((s.masked for s in context.sealed.values()), "")
        facts = {"amount": answer.operation.money, "payee": payee or masked}
        sent = await self._proofs.challenge(shown.session, answer.operation.id, content, facts)
        return sent if isinstance(sent, Refused) else replace(answer, facts={"sent": sent})

    async def _receipt(
        self, verb: Verb, context: Context, plan: Plan, done: Done
    ) -> Receipt | Refused:
        planned = _order_after(context, plan)
        if done.existed:
            existing = await self._tools.orders.get(planned.id)
            if existing is None:
                raise Bug(f"an order that exists is not there: {planned.id}")
            first = self._first(existing, plan.posting.id, context.mark, context.asker)
            return first or Refused(OrderReason.ORDER_EXISTS_DIFFERENTLY)
        order = replace(planned, state=done.state or planned.state, updated_at=done.at)
        if verb.after is not None:
            try:
                order = await verb.after(self._tools, order)
            except Unavailable as error:  # the order is durable: the clock goes on with it
                _log.warning("order %s: left to the clock: %s", order.id, error)
        return self._receipt_of(order)

    async def _or_first(
        self, command: Command, mark: str, asker: Asker, refused: Refused
    ) -> Receipt | Refused:
        """A refusal, unless this very command was carried out before: then its first answer."""
        existing = await self._tools.orders.get(command.id)
        if existing is None:
            return refused
        return self._first(existing, command.id, mark, asker) or refused

    def _first(
        self, order: Order, command_id: UUID, mark: str, asker: Asker
    ) -> Receipt | Refused | None:
        """The first answer to a command that made or moved `order` before; None where none did."""
        made_by = order.data.get(MARK) if order.id == command_id else None
        before = made_by or order.data.get(DONE, {}).get(str(command_id))
        if before is None:
            return None
        if before != mark or asker.party.id not in (order.payer, order.payee):
            return Refused(OrderReason.ORDER_EXISTS_DIFFERENTLY)
        return self._receipt_of(order, existed=True)

    def _receipt_of(self, order: Order, existed: bool = False) -> Receipt:
        at: datetime = order.updated_at or order.created_at
        return Receipt(order, number_of(self._tools.keys, order.id), at, existed)

    def _verb(self, command: Command) -> Verb:
        kind = type(command)
        must(kind in self._verbs, "no product knows this command", command=kind.__name__)
        return self._verbs[kind]

    def _mark(self, command: Command, asker: Asker) -> str:
        """The fingerprint of a command's content, keyed because it covers what is personal."""
        content = msgspec.json.encode(command)
        parts = (type(command).__name__, asker.party.id.bytes, content)
        return self._tools.keys.digest("command", *parts).hex()[:20]


def content_of(plan: Plan) -> str:
    """What is proved by a signature or a code: `send|<payee>|<minor>|<currency>`."""
    asked: Operation | None = plan.operation
    if asked is None:
        return ""
    facts: Mapping[str, Any] = asked.facts
    target = asked.payee or facts.get("to") or facts.get("bank_account") or "-"
    return f"{asked.kind}|{target}|{asked.money.minor}|{asked.money.currency}"


_WINDOW_OF: Mapping[Reason, str] = {
    GateReason.LIMIT_DAY: "day_minor_max",
    GateReason.LIMIT_DAY_COUNT: "day_count_max",
    GateReason.LIMIT_MONTH: "month_minor_max",
    GateReason.LIMIT_MONTH_COUNT: "month_count_max",
    GateReason.LIMIT_YEAR: "year_minor_max",
}


def explained(refused: Refused, counted: Iterable[LimitUse], asker: UUID, currency: str) -> Refused:
    """A limit's refusal with the bound that `asker` has run into. Where only the other side can have
    run into one, that is nobody else's business: the other side cannot take it."""
    window = _WINDOW_OF.get(refused.reason)
    if window is None or refused.facts:
        return refused
    mine = [getattr(use, window) for use in counted if use.party == asker and use.minor > 0]
    most = min((bound for bound in mine if bound is not None), default=None)
    if most is None:
        return Refused(OrderReason.PAYEE_CANNOT_TAKE)
    shown = most if "count" in window else Money(most, currency)
    return Refused(refused.reason, {"most": shown}, refused.field)


def _order_after(context: Context, plan: Plan) -> Order:
    """The order as the plan leaves it."""
    change = plan.posting.order
    if isinstance(change, Order):
        return change
    return moved_by(context.order, change)


def moved_by(before: Order | None, change: OrderMove | None) -> Order:
    """`before` as it is once `change` was made."""
    if before is None or change is None:
        raise Bug("a plan that makes and moves no order")
    return replace(
        before,
        state=change.state,
        version=before.version + 1,
        deadline_at=change.deadline_at,
        payer=change.payer or before.payer,
        payee=change.payee or before.payee,
        payer_account=change.payer_account or before.payer_account,
        payee_account=change.payee_account or before.payee_account,
        refunded_minor=before.refunded_minor
        if change.refunded_minor is None
        else change.refunded_minor,
        fee_minor=before.fee_minor if change.fee_minor is None else change.fee_minor,
        data=before.data if change.data is None else change.data,
    )
