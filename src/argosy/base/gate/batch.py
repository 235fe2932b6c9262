"""A batch on its way to `gate.commit`, and its answer on the way back. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from argosy.base.ledger.facts import LedgerReason, Outcome, Posted, Transfer
from argosy.base.orders.facts import Order, OrderReason
from argosy.base.postings import GateReason, LimitUse, OrderMove, Posting
from argosy.base.refusals import Bug, Reason, Refused, must

CALL = (
    "SELECT * FROM gate.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
    " $16, $17, $18, $19, $20, $21)"
)

_SENDABLE_MAX = (1 << 63) - 1
_MADE, _EXISTED = 0, 1
_ORDER_EXISTED = 1


def use_facts(use: LimitUse) -> dict[str, Any]:
    """A counted use as it is kept with its order, so that counters can be proved from orders."""
    return {
        "party": str(use.party),
        "key": use.key,
        "minor": use.minor,
        "count": use.count,
        "day": use.day.isoformat(),
    }


def arguments(
    postings: Sequence[Posting], now: datetime, lane: int, *, prove: bool, held: bool
) -> tuple[list[Any], list[int]]:
    """The arguments of CALL for `postings`, and for each posting where its transfers begin."""
    grp: list[int] = []
    transfers: list[Transfer] = []
    starts: list[int] = []
    orders: list[tuple[Any, ...]] = []
    uses: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    for number, posting in enumerate(postings, 1):
        starts.append(len(transfers))
        grp += [number] * len(posting.transfers)
        transfers += posting.transfers
        if posting.order is not None:
            orders.append(_order_row(number, posting.order, posting.uses))
        uses += [_use_row(number, use) for use in posting.uses]
        events += [(number, e.id, e.subject, e.kind, e.body, e.parties) for e in posting.events]
    any_hold = any(t.hold is not None for t in transfers)
    any_import = any(t.at is not None for t in transfers)
    any_expiry = any(t.expires_at is not None for t in transfers)
    any_up_to = any(t.up_to for t in transfers)
    return [
        now,
        lane,
        prove,
        held,
        len(postings),
        grp,
        [t.id for t in transfers],
        [t.action for t in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [_sendable(t.amount) for t in transfers],
        [t.currency for t in transfers],
        [t.kind for t in transfers],
        [t.order for t in transfers],
        [t.hold for t in transfers] if any_hold else None,
        [t.up_to for t in transfers] if any_up_to else None,
        [t.expires_at for t in transfers] if any_expiry else None,
        [t.at for t in transfers] if any_import else None,
        orders or None,
        uses or None,
        events or None,
    ], starts


def _use_row(number: int, u: LimitUse) -> tuple[Any, ...]:
    # fmt: off
    return (
        number, u.party, u.key, u.minor, u.count, u.day, u.month, u.year, u.day_minor_max,
        u.day_count_max, u.month_minor_max, u.month_count_max, u.year_minor_max,
    )
    # fmt: on


def _sendable(amount: int | None) -> int | None:
    """Any integer may be asked for. What does not even fit into 64 bits is out of range there too."""
    return amount if amount is None or -1 <= amount <= _SENDABLE_MAX else -1


def _order_row(number: int, order: Order | OrderMove, uses: Sequence[LimitUse]) -> tuple[Any, ...]:
    counted = [use_facts(u) for u in uses]
    # fmt: off
    if isinstance(order, Order):
        return (
            number, True, order.id, 1, order.product, order.market, order.state.value, order.payer,
            order.payee, order.payer_account, order.payee_account, order.amount.minor,
            order.amount.currency, order.created_at, order.fee_minor, order.fee_paid_by,
            order.refunded_minor, order.note, order.deadline_at, order.data, counted,
        )
    return (
        number, False, order.id, order.version, None, None, order.state.value, order.payer,
        order.payee, order.payer_account, order.payee_account, None, None, None, order.fee_minor,
        None, order.refunded_minor, None, order.deadline_at, order.data, counted,
    )
    # fmt: on


class Answer:
    """What became of each posting of a batch: either every outcome of its transfers, or one refusal
    of the posting as a whole."""

    def __init__(self, postings: Sequence[Posting], now: datetime, starts: list[int]) -> None:
        self._postings = postings
        self._now = now
        self._starts = starts
        self._transfer: dict[int, tuple[int, int | None, datetime | None]] = {}
        self._whole: dict[int, int] = {}

    def read(self, row: Any) -> Answer:
        """Take the one row that `gate.commit` answered."""
        for index, code, amount, at in zip(
            row["o_index"] or (),
            row["o_code"] or (),
            row["o_amount"] or (),
            row["o_at"] or (),
            strict=True,
        ):
            if index < 0:
                self._whole[-index - 1] = code
            else:
                self._transfer[index - 1] = (code, amount, at)
        return self

    def of(self, number: int) -> tuple[Outcome, ...] | Refused:
        """The outcome of posting `number` (from 0): one for each transfer, or the whole refused."""
        if not self._transfer and not self._whole:  # nothing to say but yes, as nearly always
            made = self._postings[number].transfers
            return tuple([Posted(t.id, t.amount or 0, t.at or self._now) for t in made])
        whole = self._whole.get(number)
        if whole == _ORDER_EXISTED:
            return ()
        if whole is not None:
            return Refused(reason(whole))
        start = self._starts[number]
        return tuple(
            self._outcome(start + n, transfer)
            for n, transfer in enumerate(self._postings[number].transfers)
        )

    def existed(self, number: int) -> bool:
        """Whether posting `number` had been made before this batch."""
        if not self._transfer and not self._whole:
            return False
        if self._whole.get(number) == _ORDER_EXISTED:
            return True
        first = self._transfer.get(self._starts[number])
        return bool(self._postings[number].transfers) and first is not None and first[0] == _EXISTED

    def _outcome(self, index: int, transfer: Transfer) -> Outcome:
        said = self._transfer.get(index)
        if said is None:
            must(transfer.amount is not None, "an amount nobody knows", transfer=transfer.id)
            return Posted(transfer.id, transfer.amount or 0, transfer.at or self._now)
        code, amount, at = said
        if code in (_MADE, _EXISTED):
            return Posted(transfer.id, amount or 0, at or self._now, code == _EXISTED)
        return Refused(reason(code))


def reason(code: int) -> Reason:
    """The refusal with this number, of the enumerations that a commit can answer."""
    for enumeration in (LedgerReason, GateReason, OrderReason):
        found = enumeration._value2member_map_.get(code)
        if isinstance(found, Reason):
            return found
    raise Bug(f"a refusal that nobody knows: {code}")
