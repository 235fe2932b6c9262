"""What the flows do: the commands they end in, what a confirm screen says, what became of a payment."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from argosy.base.clock import local_day
from argosy.base.ids import parse_id
from argosy.base.money import Money
from argosy.base.orders.cash import BACK, BACK_WAIT, new_code, shown_code
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import DONE
from argosy.base.postings import Challenged
from argosy.base.products import Command
from argosy.base.refusals import Kind as No
from argosy.base.refusals import Refused, Unavailable
from argosy.channels.ussd.menus import CODE, CONFIRM, Kind, Step
from argosy.channels.ussd.reasons import UssdReason
from argosy.products.cash_in import facts as cash_in
from argosy.products.cash_out import facts as cash_out
from argosy.products.pay.facts import PayMerchant, PayReason
from argosy.products.request.facts import Ask, Decline, PayRequest
from argosy.products.send.facts import Send
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.receipts.numbers import number_of
from argosy.public_services.signin.facts import Confirmed, Purpose, SigninReason

if TYPE_CHECKING:
    from argosy.channels.ussd.turns import Turn

WAITING_MAX = 9
LAST_MAX = 5
NAME_IN_LIST_MAX = 20
_PURPOSE = "show on a phone's screen"
_TRY_AGAIN = frozenset({SigninReason.PIN_WRONG, SigninReason.PIN_MALFORMED, SigninReason.OTP_WRONG})
_log = logging.getLogger(__name__)


# --- beginning and filling -----------------------------------------------------------------------------


async def started(turn: Turn) -> None:
    """A flow was chosen: what it lists, and what it needs before its first step."""
    state = turn.state
    if state.flow == "waiting":
        state.items = await _waiting(turn)
        if not state.items:
            state.leave("main")
            turn.note = turn.say("nothing_waits")
    elif state.flow == "language":
        state.items = list(turn.market.languages)
    elif state.flow == "sign_up":
        state.given["party"] = str(turn.ussd.ids.new())
    elif state.flow == "forgot":
        sent = await turn.ussd.signin.start(
            turn.market.code,
            turn.dial.phone,
            Purpose.RESET_PIN,
            None,
            turn.language,
            turn.claim,
        )
        if isinstance(sent, Refused):
            turn.stop(sent)
        else:
            state.given["otp"] = sent.id


async def accepted(turn: Turn, step: Step, typed: str) -> bool:
    """Whether what was typed holds, as far as it can be told now; else why not is said, and it is
    typed again."""
    state, signin = turn.state, turn.ussd.signin
    if step.name == "again" and turn.typed("new") != typed:
        state.step = "new"
        turn.refuse(Refused(UssdReason.USSD_PINS_DIFFER, field="pin"))
        return False
    if step.name in ("old", "pin"):
        session = await turn.session()
        wrong = session if isinstance(session, Refused) else await signin.check_pin(session, typed)
        if wrong is not None:
            _again_or_stop(turn, wrong)
            return False
    if step.kind is Kind.SENT:
        said = await signin.confirm(state.given["otp"], typed)
        if not isinstance(said, Confirmed):
            _again_or_stop(turn, said)
            return False
        state.given.pop(step.name, None)
        state.given["ticket"] = said.ticket
    return True


def _again_or_stop(turn: Turn, refused: Refused) -> None:
    if refused.reason in _TRY_AGAIN:
        turn.refuse(refused)
    else:
        turn.stop(refused)


async def finished(turn: Turn) -> None:
    """The last step of a flow without a confirm screen was typed."""
    flow = turn.state.flow
    if flow == "balance":
        await _balance(turn)
    elif flow == "last":
        await _last(turn)
    elif flow == "language":
        await _language(turn)
    else:
        await _pin(turn)


async def _pin(turn: Turn) -> None:
    """A first PIN with its wallet, a new one for the old one, or a new one by a code."""
    state, signin, new = turn.state, turn.ussd.signin, turn.typed("new")
    said: Any
    if state.flow == "sign_up":
        party = parse_id(state.given["party"])
        said = await signin.enrol(
            party or turn.ussd.ids.new(),
            turn.market.code,
            turn.dial.phone,
            state.given["name"],
            new,
            turn.claim,
            language=turn.language,
        )
    elif state.flow == "forgot":
        said = await signin.reset_pin(state.given["ticket"], new, turn.claim)
    else:
        session = await turn.session()
        said = session
        if not isinstance(session, Refused):
            said = await signin.change_pin(session, turn.typed("old"), new)
    if isinstance(said, Refused):
        if said.reason.kind is not No.INPUT:
            turn.stop(said)
            return
        state.step = "name" if said.field in ("name", "phone") else "new"
        turn.refuse(said)
        return
    if state.flow == "sign_up":
        turn.party = said.party
        state.token = said.token
        await turn.ussd.claim(said.party)
    turn.done(turn.say(f"done.{state.flow}", number=turn.me.number))


async def _balance(turn: Turn) -> None:
    account = await turn.ussd.ledger.account(turn.me.account)
    if account is None:
        turn.stop(Refused(OrderReason.ORDER_NOT_FOUND))
        return
    currency = turn.market.currency
    has, free = Money(account.balance_minor, currency), Money(account.available_minor, currency)
    less = free if free != has else None
    turn.done(turn.say("done.balance", balance=has, free=less, number=turn.me.number))


async def _last(turn: Turn) -> None:
    page = await turn.ussd.statement.page(turn.me.account, limit=LAST_MAX * 3)
    lines = [] if isinstance(page, Refused) else [x for x in page.lines if x.moved_minor][:LAST_MAX]
    names = await asyncio.gather(*(_beside(turn, line.order) for line in lines))
    told = []
    for line, name in zip(lines, names, strict=True):
        day = local_day(line.at, turn.market.zone)
        amount = turn.money(Money(abs(line.moved_minor), turn.market.currency))
        sign = "+" if line.moved_minor > 0 else "-"
        told.append(f"{day.day}/{day.month} {sign}{amount} {brief(name)}".strip())
    if not told:
        turn.done(turn.say("done.last_none"))
        return
    turn.done("\n".join([turn.say("done.last"), *told]))


async def _language(turn: Turn) -> None:
    language = turn.state.given["which"]
    turn.state.language = language
    if turn.party is not None:
        said = await turn.ussd.parties.set_language(turn.me.id, language)
        if isinstance(said, Refused):
            turn.stop(said)
            return
        turn.party = said
    turn.done(turn.say("done.language"))


# --- what waits for a yes ------------------------------------------------------------------------------


async def _waiting(turn: Turn) -> list[str]:
    """Requests to pay, cash to confirm, cash that the other side wants undone: `request:<id>`."""
    me, now = turn.me, turn.ussd.clock.now()
    found = []
    for order in await turn.ussd.orders.open_for(me.id):
        over = order.deadline_at is not None and order.deadline_at <= now
        if over:
            continue
        if order.product == "request" and order.payer == me.id and order.state is State.AWAITING:
            found.append(f"request:{order.id}")
        elif order.product == "cash_in" and order.payee == me.id and order.state is State.HELD:
            found.insert(0, f"offer:{order.id}")
        elif order.product == "cash_out" and order.payer == me.id and order.state is State.HELD:
            found.append(f"code:{order.id}")
    page = await turn.ussd.statement.page(me.account, limit=10)
    for line in () if isinstance(page, Refused) else page.lines:
        order_ = line.order
        asked = order_.data.get(BACK) if order_ is not None else None
        item = f"back:{order_.id}" if order_ is not None else ""
        if (
            asked is not None
            and order_ is not None
            and order_.state is State.PAID
            and asked["by"] != str(me.id)
            and now - (order_.updated_at or now) <= BACK_WAIT
            and item not in found
        ):
            found.insert(0, item)
    return found[:WAITING_MAX]


async def lines_of_items(turn: Turn) -> list[str]:
    """What is listed at a step that picks from a list."""
    if turn.state.flow == "language":
        return [turn.say(f"language.{code}") for code in turn.state.items]
    orders = [await _order(turn, item) for item in turn.state.items]
    names = await asyncio.gather(*(_beside(turn, order) for order in orders))
    lines = []
    for item, order, name in zip(turn.state.items, orders, names, strict=True):
        kind = item.partition(":")[0]
        amount = order.amount if order is not None else Money(0, turn.market.currency)
        lines.append(turn.say(f"item.{kind}", amount=amount, name=brief(name) or None))
    return lines


def brief(name: str) -> str:
    """A name as a list has room for it; where money is confirmed it is whole."""
    return name if len(name) <= NAME_IN_LIST_MAX else name[: NAME_IN_LIST_MAX - 1].rstrip() + "."


async def _order(turn: Turn, item: str) -> Order | None:
    order_id = parse_id(item.partition(":")[2])
    return await turn.ussd.orders.get(order_id) if order_id is not None else None


async def _beside(turn: Turn, order: Order | None) -> str:
    """The name of who stands in an order beside the one who dials; else its last signs."""
    if order is None:
        return ""
    other = next((p for p in (order.payee, order.payer) if p not in (None, turn.me.id)), None)
    if other is None:
        return str(order.data.get("to", "")).replace("...", "*")
    name = await turn.ussd.parties.display_name(other, turn.reader, _PURPOSE)
    return turn.name(name or "")


# --- confirming ----------------------------------------------------------------------------------------


def _kind(turn: Turn) -> str:
    """What is confirmed: the flow, or what was picked of the things that wait."""
    state = turn.state
    return state.given["which"].partition(":")[0] if state.flow == "waiting" else state.flow


def needs_pin(turn: Turn) -> bool:
    """Whether a PIN confirms, and not a plain yes."""
    return turn.flow.pin and _kind(turn) not in ("offer", "code")


async def _command(turn: Turn) -> Command | None:
    """The command of the flow as it was filled in, with the id that was fixed for it."""
    given, id_ = turn.state.given, turn.state.command
    if id_ is None:
        return None
    amount = Money(int(given.get("amount", "0")), turn.market.currency)
    who = given.get("who", "")
    to = {"phone": who} if who.startswith("+") else {"number": who}
    kind = _kind(turn)
    if kind == "send":
        return Send(id_, amount, **to)
    if kind == "pay":
        return PayMerchant(id_, amount, given["shop"])
    if kind == "ask":
        return Ask(id_, amount, **to)
    if kind == "cash":
        return cash_out.MakeCode(id_, amount, new_code(turn.ussd.keys, id_))
    order = await _order(turn, given["which"])
    if order is None:
        return None
    if kind == "request":
        return PayRequest(id_, order.id)
    if kind == "offer":
        return cash_in.TakeCash(id_, order.id)
    if kind == "code":
        return cash_out.CancelCode(id_, order.id)
    agree = cash_in.AgreeBack if order.product == "cash_in" else cash_out.AgreeBack
    return agree(id_, order.id)


async def confirm_text(turn: Turn) -> str:
    """What is about to happen: how much, to whom, at what price. Where it cannot be done it is said, and
    the answer is empty."""
    command, asker = await _command(turn), await turn.asker()
    if command is None or isinstance(asker, Refused):
        turn.stop(asker if isinstance(asker, Refused) else Refused(OrderReason.ORDER_NOT_FOUND))
        return ""
    if _kind(turn) == "code":
        return await _own_code(turn)
    seen = await turn.ussd.cashier.preview(command, asker)
    if isinstance(seen, Refused):
        _refused(turn, seen)
        return ""
    order = seen.order
    name = ""
    if seen.other is not None:
        shown = await turn.ussd.parties.display_name(seen.other.id, turn.reader, _PURPOSE)
        name = turn.name(shown or "")
    mine = order.fee_minor if order.fee_paid_by == "payer" and order.payer == turn.me.id else 0
    fee = Money(mine, order.amount.currency) if mine else None
    kind = _kind(turn)
    if kind == "send" and seen.other is None:
        return turn.say(
            "confirm.send_new", amount=order.amount, phone=turn.state.given.get("who", ""), fee=fee
        )
    return turn.say(f"confirm.{kind}", amount=order.amount, name=name, fee=fee)


async def _own_code(turn: Turn) -> str:
    order = await _order(turn, turn.state.given["which"])
    code = shown_code(turn.ussd.keys, order) if order is not None else None
    if order is None or code is None:
        turn.stop(Refused(OrderReason.ORDER_NOT_OPEN))
        return ""
    return turn.say("confirm.code", amount=order.amount, code=code, until=_until(turn, order))


async def confirmed(turn: Turn, typed: str) -> None:
    """A PIN, a yes or a no was typed on the confirm screen, or a code on the one behind it."""
    state = turn.state
    asker = await turn.asker()
    session = await turn.session()
    command = await _command(turn)
    if isinstance(asker, Refused) or isinstance(session, Refused) or command is None:
        turn.stop(asker if isinstance(asker, Refused) else Refused(OrderReason.ORDER_NOT_FOUND))
        return
    shown = Shown(session)
    if state.step == CODE:
        shown = Shown(session, otp=typed)
    elif typed == "2" and _kind(turn) in ("request", "offer", "code", "ask"):
        command = await _instead(turn, command)
        if command is None:
            return
    elif needs_pin(turn):
        shown = Shown(session, pin=typed)
    elif typed != "1":
        turn.refuse(Refused(UssdReason.USSD_CHOICE_UNKNOWN))
        return
    elif _kind(turn) == "code":  # read, and kept
        state.leave()
        return
    await _carry_out(turn, command, asker, shown)


async def _instead(turn: Turn, command: Command) -> Command | None:
    """What `2` does on a confirm screen that offers it; None where it only leads away."""
    kind = _kind(turn)
    order = await _order(turn, turn.state.given.get("which", ""))
    if order is None or kind == "ask":
        turn.state.leave()
        return None
    if kind == "request":
        return Decline(command.id, order.id)
    return cash_in.DropOffer(command.id, order.id) if kind == "offer" else command


async def _carry_out(turn: Turn, command: Command, asker: Any, shown: Shown) -> None:
    try:
        said = await turn.ussd.cashier.carry_out(command, asker, shown)
    except Unavailable as outage:
        _log.error("%s is unknown for now: %s", command.id, outage)
        turn.final = turn.say("unknown")
        return
    if isinstance(said, Receipt):
        turn.done(await _told(turn, said.order), tell=True)
    elif isinstance(said, Challenged):
        turn.state.step = CODE
    elif said.reason in _TRY_AGAIN:
        turn.refuse(said)
    else:
        _refused(turn, said)


def _refused(turn: Turn, refused: Refused) -> None:
    """A no: where something typed is wrong it is typed again, else it is the end."""
    state = turn.state
    wrong = {"phone": "who", "number": "who", "amount": "amount"}.get(refused.field or "")
    if refused.reason in (PayReason.NOT_A_MERCHANT, PayReason.MERCHANT_UNKNOWN):
        wrong = "shop"
    steps = {step.name for step in turn.flow.steps}
    if wrong in steps and refused.reason.kind in (No.INPUT, No.UNKNOWN, No.LIMIT):
        state.command = None
        turn.refuse(refused)
        state.step = wrong or CONFIRM
    else:
        turn.stop(refused)


# --- what became of it ---------------------------------------------------------------------------------


async def what_became(turn: Turn) -> str:
    """What became of a command that was fixed before the line dropped; empty where nothing did. It is
    the books that are asked, by the command's id."""
    state = turn.state
    if not state.flow or state.command is None:
        return ""
    if turn.flow.makes_order:
        order = await turn.ussd.orders.get(state.command)
        return await _told(turn, order) if order is not None else ""
    order = await _order(turn, state.given.get("which", ""))
    if order is None or str(state.command) not in order.data.get(DONE, {}):
        return ""
    return await _told(turn, order)


async def _told(turn: Turn, order: Order) -> str:
    """What is said of a command that was carried out, as its order stands."""
    kind = _kind(turn)
    if order.state in (State.RETURNED, State.CANCELLED, State.EXPIRED):
        kind = "declined" if kind in ("request", "offer", "code") else "returned"
    elif order.state is State.REVIEW:
        kind = "review"
    elif kind == "send" and order.payee is None:
        kind = "send_new"
    code = shown_code(turn.ussd.keys, order) if kind == "cash" else None
    if kind == "cash" and code is None:  # the cash was taken meanwhile
        kind = "cash_taken"
    return turn.say(
        f"done.{kind}",
        amount=order.amount,
        name=await _beside(turn, order) or None,
        receipt=number_of(turn.ussd.keys, order.id),
        code=code,
        until=_until(turn, order) if code else None,
    )


def _until(turn: Turn, order: Order) -> str | None:
    if order.deadline_at is None:
        return None
    return turn.ussd.words.time(order.deadline_at, turn.language, turn.market.code)
