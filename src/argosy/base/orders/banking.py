"""Money that a bank must move: hold, commit, call, record.

The hold and the order are durable before the bank is asked, and no transaction is open while it is.
What it answers is recorded as a step of its own. Unknown is an answer: the order stays held, the clock
asks again with the same id, ever more slowly, and only an explicit yes or no of the bank ends it. That
the bank has never seen the instruction counts as a no only after the instruction's deadline, for before
it the bank may still receive it. After the deadline an order that is still unknown is escalated: loudly,
once, to the customer and to the operator, while the asking goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from msgspec.structs import replace

from argosy.base.ids import derive
from argosy.base.ledger.facts import Action
from argosy.base.money import Money
from argosy.base.orders.facts import FINAL, Order, OrderReason, State
from argosy.base.orders.planning import (
    MARK,
    checked,
    ending,
    event,
    moment,
    operation,
    out_minor,
    price,
    transfers,
)
from argosy.base.orders.sweeping import each
from argosy.base.parties.facts import PartyState
from argosy.base.ports import NEVER_SEEN, Direction, Instruction, RailReply, RailState
from argosy.base.postings import Done, Event, LimitUse, OrderMove, Posting
from argosy.base.products import (
    Command,
    Context,
    Plan,
    Product,
    Sealed,
    Sweep,
    Tools,
    Verb,
    Wants,
)
from argosy.base.refusals import Refused, Unavailable, must
from argosy.base.wallet.accounts import float_account
from argosy.base.wallet.limits import give_back, uses

ASK_SECONDS_FIRST = 15
ASK_SECONDS_MAX = 3600
SWEEP_SECONDS = 5.0
BANK_ACCOUNT_CHARS_MAX = 40
REDEEM = "redeem"
RECORD_TRIES_MAX = 5

CLOCKS_APART_MAX = timedelta(seconds=60)
"""So much a bank's clock may be behind ours: what it has not seen before that, it may still take."""

WAIT_SECONDS_MAX = 1.5
"""So long a customer waits for a bank; then the page says that the money is on its way."""

_ASKING: set[asyncio.Future[Order]] = set()
"""Who is being asked in this process. What is lost with it is asked again by the clock."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BankTrade:
    """What differs between a top-up and a withdrawal. `noun` begins the names of the events, `counts`
    are the limits that the amount is counted against, `wait` is how long the bank may still take the
    instruction. `at_par` is the way out of a wallet that is being closed: it costs nothing, and no
    other wallet may go it."""

    product: str
    noun: str
    direction: Direction
    counts: tuple[str, ...] = ()
    wait: timedelta = timedelta(minutes=10)
    at_par: bool = False


class BankCommand(Command, Protocol):
    """What a person asks a bank for through us."""

    @property
    def amount(self) -> Money: ...

    @property
    def bank_account(self) -> str: ...


def plan_held(trade: BankTrade, command: BankCommand, context: Context) -> Plan | Refused:
    """The money and its price are reserved before the bank is asked: on collecting, from our account at
    the bank towards the wallet, so that the ledger refuses what would lift it over its cap; on paying
    out, the other way."""
    state = PartyState.CLOSING if trade.at_par else PartyState.ACTIVE
    wrong = checked(context, command.amount, state=state) or checked_bank_account(
        command.bank_account
    )
    if wrong is not None:
        return wrong
    me, market = context.me, context.market
    counted = uses(market, me.id, me.level, trade.counts, command.amount, context.day)
    if isinstance(counted, Refused):
        return counted
    product = REDEEM if trade.at_par else trade.product
    cost = price(market, product, command.amount, context.day, me)
    bank = context.sealed["bank_account"]
    ours = float_account(market.code, market.rail, market.currency)
    collects = trade.direction is Direction.COLLECT
    order = Order(
        command.id,
        trade.product,
        market.code,
        State.HELD,
        None if collects else me.id,
        me.id if collects else None,
        ours if collects else me.account,
        me.account if collects else ours,
        command.amount,
        context.now,
        cost.minor,
        cost.paid_by,
        deadline_at=first_ask(context.now),
        data={
            MARK: context.mark,
            **cost.data,
            **held_data(trade, market.rail, bank, context.now),
        },
    )
    return Plan(
        Posting(
            command.id,
            order,
            transfers(order, Action.HOLD),
            counted,
            (event(order, f"{trade.noun}.held", context.now, command.id),),
        ),
        operation(context, command, trade.product, command.amount, bank_account=bank.hashed),
    )


def checked_bank_account(text: str) -> Refused | None:
    """A bank account number is 4 to 40 ASCII letters, digits and signs without blanks."""
    sound = 4 <= len(text) <= BANK_ACCOUNT_CHARS_MAX and text.isascii() and text.isprintable()
    if not sound or " " in text:
        return Refused(OrderReason.BANK_ACCOUNT_UNREADABLE, field="bank_account")
    return None


def held_data(trade: BankTrade, rail: str, bank: Sealed, now: datetime) -> dict[str, Any]:
    """What the order must remember to ask the bank, now and again."""
    return {
        "rail": rail,
        "bank_account": bank.sealed,
        "to": bank.masked,
        "to_hash": bank.hashed,
        "deadline": moment(now + trade.wait),
    }


def first_ask(now: datetime) -> datetime:
    """When the clock asks for the first time, should the call right after the commit get lost."""
    return now + timedelta(seconds=ASK_SECONDS_FIRST)


def instruction(trade: BankTrade, order: Order, bank_account: str) -> Instruction:
    """What the bank is asked: the same for the same order however often. A top-up collects the amount
    and what the payer pays on top; a withdrawal pays out the amount less what the payee bears."""
    if trade.direction is Direction.COLLECT:
        minor = out_minor(order)
    else:
        minor = order.amount.minor - (order.fee_minor if order.fee_paid_by == "payee" else 0)
    return Instruction(
        derive(order.id, "rail"),
        trade.direction,
        Money(minor, order.amount.currency),
        bank_account,
        datetime.fromisoformat(order.data["deadline"]),
        order.id,
    )


def plan_reply(
    trade: BankTrade,
    order: Order,
    uses: tuple[LimitUse, ...],
    reply: RailReply,
    now: datetime,
) -> Posting | None:
    """What becomes of the held `order` on the bank's `reply`; None where it is over already."""
    if order.state is not State.HELD:
        return None
    past_deadline = now >= datetime.fromisoformat(order.data["deadline"])
    data = dict(order.data)
    if reply.reference:
        data["reference"] = reply.reference
    if reply.state is RailState.DONE:
        return _ended(trade, order, State.PAID, data, now)
    if reply.state is RailState.REJECTED and (reply.reason != NEVER_SEEN or past_deadline):
        data["reason"] = reply.reason or "rejected"
        return _ended(trade, order, State.RETURNED, data, now, give_back(uses))
    tries = int(data.get("tries", 0)) + 1
    data["tries"] = tries
    wait = min(ASK_SECONDS_FIRST * 2 ** min(tries, 16), ASK_SECONDS_MAX)
    events: tuple[Event, ...] = ()
    if past_deadline and "escalated" not in data:
        data["escalated"] = moment(now)
        events = (event(order, f"{trade.noun}.unknown", now, derive(order.id, "escalated")),)
    move = OrderMove(
        order.id, order.version, State.HELD, deadline_at=now + timedelta(seconds=wait), data=data
    )
    return Posting(derive(order.id, f"unknown.{tries}"), move, events=events)


def _ended(
    trade: BankTrade,
    order: Order,
    state: State,
    data: dict[str, Any],
    now: datetime,
    uses: tuple[LimitUse, ...] = (),
) -> Posting:
    cause = derive(order.id, f"bank.{state.value}")
    after = replace(order, state=state, deadline_at=None, data=data)
    reason = {"reason": data["reason"]} if state is State.RETURNED else {}
    return Posting(
        cause,
        OrderMove(order.id, order.version, state, data=data),
        ending(order, Action.POST if state is State.PAID else Action.VOID),
        uses,
        (event(after, f"{trade.noun}.{state.value}", now, cause, **reason),),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """The shell of a bank product, bound to its trade, in the shapes that `Verb` and `Product` take."""

    trade: BankTrade

    async def ask(self, tools: Tools, order: Order) -> Order:
        """Right after the commit. Nobody waits long for a bank: its answer is recorded when it comes,
        and until then the order is on its way."""
        asking = asyncio.ensure_future(ask_bank(self.trade, tools, order))
        _ASKING.add(asking)
        asking.add_done_callback(_asked)
        await asyncio.wait({asking}, timeout=WAIT_SECONDS_MAX)
        return asking.result() if asking.done() else order

    async def heard(self, tools: Tools, order: Order, reply: RailReply) -> Order:
        """The bank has called by itself."""
        return await record(self.trade, tools, order.id, reply)

    async def asked(self, tools: Tools, order: Order) -> Order:
        """Once more, before the clock would."""
        return await ask_bank(self.trade, tools, order, again=True)

    async def released(self, tools: Tools, order: Order) -> Order:
        """After a human released it from review: the bank has never heard of it."""
        return await ask_bank(self.trade, tools, order)

    def held_on(self, order: Order, now: datetime) -> Order | None:
        """Bank money is always held first; the clock asks soon, and the bank gets its time anew."""
        data = {**order.data, "deadline": moment(now + self.trade.wait)}
        return replace(order, state=State.HELD, deadline_at=first_ask(now), data=data)

    def sweeps(self, tools: Tools) -> tuple[Sweep, ...]:
        """Asks again where the answer is not known."""

        async def run(now: datetime, limit: int) -> int:
            return await ask_again(self.trade, tools, now, limit)

        return (Sweep(f"{self.trade.product}.inquiry", SWEEP_SECONDS, run),)


def bank_product(
    trade: BankTrade, command: type, plan: Callable[[Any, Context], Plan | Refused]
) -> Product:
    """The product of `trade`: one verb, which asks the bank once its plan is durable."""
    shell = Asking(trade)
    verb = Verb(
        command, plan, lambda _command: Wants(), personal=("bank_account",), after=shell.ask
    )
    return Product(
        trade.product,
        trade.noun,
        (verb,),
        shell.sweeps,
        shell.held_on,
        shell.released,
        shell.heard,
        shell.asked,
    )


async def ask_bank(trade: BankTrade, tools: Tools, order: Order, *, again: bool = False) -> Order:
    """Ask the bank for the held `order` and record what it says; the order as it then stands.

    `again`: inquire first, and send once more (the same id) where the bank does not know and may still
    take it.
    """
    if order.state is not State.HELD:
        return order
    rail = tools.rails.get(order.data["rail"])
    if rail is None:  # taken away while money was on its way: nobody can be asked
        _log.error("%s %s: no rail %r here", trade.product, order.id, order.data["rail"])
        return await record(trade, tools, order.id, RailReply(RailState.UNKNOWN))
    asked = instruction(trade, order, open_bank_account(tools, order))
    begun = tools.clock.now()
    reply = await _spoken(rail.inquire if again else rail.send, asked)
    in_time = tools.clock.now() < asked.deadline_at
    unseen = reply.state is RailState.UNKNOWN or reply.reason == NEVER_SEEN
    if again and in_time and unseen:
        reply = await _spoken(rail.send, asked)
    elif unseen and begun < asked.deadline_at + CLOCKS_APART_MAX:
        # The answer is from before the end of its time: what somebody else sends may still have come.
        reply = RailReply(RailState.UNKNOWN)
    return await record(trade, tools, order.id, reply)


async def record(trade: BankTrade, tools: Tools, order_id: UUID, reply: RailReply) -> Order:
    """Record what a bank said of an order, by its answer or by a call of its own; harmless when it
    says so twice, late, or from two sides at once. Gives the order as it then stands."""
    for _ in range(RECORD_TRIES_MAX):
        counted = await tools.orders.counted(order_id)
        must(counted is not None, "a bank answers for an order that is not here", order=order_id)
        if counted is None:
            break
        order, now = counted.order, tools.clock.now()
        posting = plan_reply(trade, order, counted.uses, reply, now)
        if posting is None:
            await _compare(trade, tools, order, reply, now)
            return order
        done = await tools.gate.settle(posting)
        if isinstance(done, Done):
            if posting.events and posting.events[0].kind.endswith(".unknown"):
                _log.error("%s %s: outcome unknown past its deadline", trade.product, order_id)
            break
        if not _moved_on(done):
            # The bank has moved the money and our books will not take it: a human must look.
            _log.error("%s %s: %s not recorded: %s", trade.product, order_id, reply, done.code)
            await _escalate(trade, tools, order, now, done.code)
            break
    after = await tools.orders.get(order_id)
    must(after is not None, "an order vanished", order=order_id)
    return after if after is not None else order


async def ask_again(trade: BankTrade, tools: Tools, now: datetime, limit: int) -> int:
    """Ask the bank again for the orders whose time to ask has come; how many were asked for."""
    due = await tools.orders.due_of(now, limit, (trade.product,), (State.HELD,))
    return await each(due, lambda order: ask_bank(trade, tools, order, again=True))


def open_bank_account(tools: Tools, order: Order) -> str:
    """The bank account number that the order keeps sealed."""
    sealed = bytes.fromhex(order.data["bank_account"])
    return tools.keys.open(sealed, "order", str(order.id), "bank_account")


async def _spoken(verb: Any, asked: Instruction) -> RailReply:
    """The bank's answer; a line that breaks is no answer, and no answer is unknown."""
    try:
        reply: RailReply = await verb(asked)
    except (Unavailable, OSError, TimeoutError) as error:
        _log.warning("instruction %s: no answer: %s", asked.id, error)
        return RailReply(RailState.UNKNOWN)
    return reply


async def _compare(
    trade: BankTrade, tools: Tools, order: Order, reply: RailReply, now: datetime
) -> None:
    """A late answer must agree with how the order ended. Where it does not, money is somewhere that
    our books do not know of, and that is announced."""
    said_yes, said_no = reply.state is RailState.DONE, reply.state is RailState.REJECTED
    if (said_yes and order.state in FINAL) or (
        said_no and order.state is State.PAID and reply.reason != NEVER_SEEN
    ):
        _log.error("%s %s: the bank contradicts itself: %s", trade.product, order.id, reply)
        cause = derive(order.id, f"contradicted.{reply.state.value}")
        said = {"bank_said": reply.state.value}
        await tools.gate.settle(
            Posting(cause, events=(event(order, f"{trade.noun}.contradicted", now, cause, **said),))
        )


async def _escalate(trade: BankTrade, tools: Tools, order: Order, now: datetime, code: str) -> None:
    cause = derive(order.id, f"stuck.{order.version}")
    wait = timedelta(seconds=ASK_SECONDS_MAX)
    move = OrderMove(
        order.id, order.version, State.HELD, deadline_at=now + wait, data=dict(order.data)
    )
    announced = event(order, f"{trade.noun}.stuck", now, cause, refusal=code)
    await tools.gate.settle(Posting(cause, move, events=(announced,)))


def _moved_on(refused: Refused) -> bool:
    return refused.code in ("order_moved_on", "hold_already_posted", "hold_already_voided")


def _asked(asking: asyncio.Future[Order]) -> None:
    _ASKING.discard(asking)
    if not asking.cancelled() and isinstance(asking.exception(), Unavailable):
        _log.warning(
            "what a bank said could not be recorded, and is asked again: %s", asking.exception()
        )
    elif not asking.cancelled() and asking.exception() is not None:
        _log.error("asking a bank broke", exc_info=asking.exception())
