"""The ledger by itself, for an operator who hires nothing else: accounts, batches of transfers,
balances now and at any instant, statements. Nothing here is screened and no limit is counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal
from uuid import UUID

from msgspec import UNSET

from argosy.base.ledger import facts
from argosy.base.ledger.books import Cursor, Totals
from argosy.base.ledger.facts import AccountReason, Action, Posted, Side, Transfer, UpTo
from argosy.base.money import AmountReason, exponent
from argosy.base.orders.planning import moment
from argosy.base.refusals import Refused, must
from argosy.partners.api import shapes
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import OPERATOR, ApiReason

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


async def post(api: Api, call: Call) -> Answer | Refused:
    """Post a batch; one outcome for each transfer, as if they came one after the other."""
    asked: list[shapes.NewTransfer] = call.body.transfers
    twice = _twice_in_a_group(asked)
    if twice is not None:
        facts_ = {"detail": f"transfer {twice} stands twice in one group"}
        return Refused(ApiReason.BODY_INVALID, facts_, "transfers")
    groups = [[_transfer(one) for one in group] for group in _grouped(asked)]
    said = await api.services.ledger.post_groups(groups)
    outcomes = [
        _outcome(transfer.id, one)
        for group, answers in zip(groups, said, strict=True)
        for transfer, one in zip(group, answers, strict=True)
    ]
    return answer(shapes.TransferOutcomes(outcomes=outcomes))


async def open_accounts(api: Api, call: Call) -> Answer | Refused:
    """Open accounts; opening the same one again is a yes."""
    asked: list[shapes.NewAccount] = call.body.accounts
    said: dict[int, Refused | None] = {n: _unsound(one) for n, one in enumerate(asked)}
    sound = [n for n, wrong in said.items() if wrong is None]
    answers = await api.services.ledger.open_accounts([_account(asked[n]) for n in sound])
    said.update(zip(sound, answers, strict=True))
    outcomes = [
        shapes.AccountOutcome(
            id=one.id,
            outcome="open" if said[n] is None else "refused",
            refusal=_refusal(said[n]),
        )
        for n, one in enumerate(asked)
    ]
    return answer(shapes.AccountOutcomes(outcomes=outcomes))


async def account(api: Api, call: Call) -> Answer | Refused:
    """One account as it stands."""
    found = await _found(api, call)
    if isinstance(found, Refused):
        return found
    return answer(
        shapes.Account(
            id=found.id,
            currency=found.currency,
            side=_side(found.side),
            kind=found.kind,
            owner=found.owner,
            floor_minor=found.floor_minor,
            ceiling_minor=found.ceiling_minor,
            totals=_totals(_now(found), found.side),
            available_minor=found.available_minor,
            frozen=found.frozen,
            closed=found.closed,
            opened_at=None if found.opened_at is None else moment(found.opened_at),
            entries=found.entries,
        )
    )


async def balance(api: Api, call: Call) -> Answer | Refused:
    """The account's totals at an instant."""
    found = await _found(api, call)
    if isinstance(found, Refused):
        return found
    query: shapes.Instant = call.query
    now = api.services.clock.now()
    at = now if query.at is UNSET else _bounded(query.at)
    totals = await api.services.ledger.totals_at(found.id, at) if at <= now else _now(found)
    if totals is None:
        return Refused(AccountReason.ACCOUNT_NOT_FOUND)
    return answer(
        shapes.AccountAt(
            id=found.id,
            currency=found.currency,
            at=moment(at),
            totals=_totals(totals, found.side),
        )
    )


async def statement(api: Api, call: Call) -> Answer | Refused:
    """The account's entries, newest first."""
    found = await _found(api, call)
    if isinstance(found, Refused):
        return found
    query: shapes.Page = call.query
    name = f"entries of {found.id}"
    place = api.cursors.read(name, OPERATOR, query.cursor)
    if isinstance(place, Refused):
        return place
    start = None if place is None else Cursor.decode(place)
    page = await api.services.ledger.statement(found.id, start, query.limit)
    items = [
        shapes.Entry(
            transfer=entry.transfer,
            at=moment(entry.at),
            kind=entry.kind,
            action=_action(entry.action),
            order=entry.order,
            counterpart=entry.counterpart,
            moved_minor=entry.moved_minor,
            pending_minor=entry.pending_minor,
            balance_minor=entry.balance_minor,
            available_minor=entry.available_minor,
        )
        for entry in page.entries
    ]
    following = None
    if page.next is not None:
        following = api.cursors.make(name, OPERATOR, page.next.encode())
    return answer(shapes.Entries(items=items, next=following))


async def _found(api: Api, call: Call) -> facts.Account | Refused:
    account_id = call.id("id", AccountReason.ACCOUNT_NOT_FOUND)
    if isinstance(account_id, Refused):
        return account_id
    found = await api.services.ledger.account(account_id)
    return found or Refused(AccountReason.ACCOUNT_NOT_FOUND)


def _grouped(asked: Iterable[shapes.NewTransfer]) -> list[list[shapes.NewTransfer]]:
    """Neighbours with the same group together, and each of the others alone."""
    groups: list[list[shapes.NewTransfer]] = []
    for number, together in groupby(asked, key=lambda one: one.group):
        found = list(together)
        groups += [[one] for one in found] if number is None else [found]
    return groups


def _twice_in_a_group(asked: Iterable[shapes.NewTransfer]) -> UUID | None:
    for group in _grouped(asked):
        ids = [one.id for one in group]
        for one in ids:
            if ids.count(one) > 1:
                return one
    return None


def _transfer(asked: shapes.NewTransfer) -> Transfer:
    return Transfer(
        asked.id,
        asked.debit,
        asked.credit,
        asked.amount_minor,
        asked.currency,
        asked.kind,
        Action[asked.action.upper()],
        asked.order,
        asked.hold,
        UpTo[asked.up_to.upper()],
        None if asked.expires_at is None else _bounded(asked.expires_at),
        None if asked.at is None else _bounded(asked.at),
    )


def _bounded(at: datetime) -> datetime:
    """`at` in UTC, moved to where the database can count."""
    try:
        return min(max(at.astimezone(UTC), _EARLIEST), _LATEST)
    except OverflowError:
        return _EARLIEST if at.year < 5000 else _LATEST


def _outcome(transfer_id: UUID, said: Posted | Refused) -> shapes.TransferOutcome:
    if isinstance(said, Refused):
        return shapes.TransferOutcome(
            id=transfer_id, outcome="refused", amount_minor=None, at=None, refusal=_refusal(said)
        )
    return shapes.TransferOutcome(
        id=transfer_id,
        outcome="existed" if said.existed else "posted",
        amount_minor=said.amount,
        at=moment(said.at),
        refusal=None,
    )


def _refusal(said: Refused | None) -> shapes.Refusal | None:
    return None if said is None else shapes.Refusal(code=said.code, detail=said.reason.meaning)


def _unsound(asked: shapes.NewAccount) -> Refused | None:
    if exponent(asked.currency) is None:
        return Refused(AmountReason.CURRENCY_UNKNOWN)
    low, high = asked.floor_minor, asked.ceiling_minor
    crossed = low is not None and high is not None and low > high
    return Refused(AccountReason.ACCOUNT_BOUNDS_CROSSED) if crossed else None


def _account(asked: shapes.NewAccount) -> facts.Account:
    return facts.Account(
        asked.id,
        asked.currency,
        Side[asked.side.upper()],
        asked.kind,
        asked.owner,
        asked.floor_minor,
        asked.ceiling_minor,
    )


def _now(found: facts.Account) -> Totals:
    return Totals(
        found.debits_pending, found.debits_posted, found.credits_pending, found.credits_posted
    )


def _totals(totals: Totals, side: Side) -> shapes.Totals:
    return shapes.Totals(
        debits_pending=totals.debits_pending,
        debits_posted=totals.debits_posted,
        credits_pending=totals.credits_pending,
        credits_posted=totals.credits_posted,
        balance_minor=totals.balance_minor(side),
    )


def _side(side: Side) -> Literal["debit", "credit"]:
    return "debit" if side is Side.DEBIT else "credit"


def _action(action: Action) -> Literal["move", "hold", "post", "void", "expire"]:
    words: dict[Action, Literal["move", "hold", "post", "void", "expire"]] = {
        Action.MOVE: "move",
        Action.HOLD: "hold",
        Action.POST: "post",
        Action.VOID: "void",
        Action.EXPIRE: "expire",
    }
    must(action in words, "an action nobody knows", action=action)
    return words[action]
