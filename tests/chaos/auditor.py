"""An auditor from outside: reads the tables as text by COPY and adds them up with dicts.

Nothing of the program's own arithmetic is used, so a mistake that it makes twice is still found.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import asyncpg

MOVE, HOLD, POST, VOID, EXPIRE = "0", "1", "2", "3", "4"
CREDIT_SIDE = "1"


class Totals(NamedTuple):
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


@dataclass
class Books:
    """The journal, re-added; and what the program's own tables say."""

    added: dict[str, Totals]
    kept: dict[str, Totals]
    side: dict[str, str]
    kind: dict[str, str]
    orders: dict[str, dict[str, str]]
    of_order: dict[str, list[dict[str, str]]]
    bank: list[dict[str, str]]
    transfers: int = 0
    findings: list[str] = field(default_factory=list)

    def balance(self, account: str) -> int:
        """Posted, on the account's normal side, from the journal alone."""
        return _balance(self.added.get(account, Totals()), self.side[account])

    def owed(self) -> int:
        """All that is somebody's: wallets, prices earned, money that waits."""
        return sum(self.balance(a) for a, side in self.side.items() if side == CREDIT_SIDE)

    def came_in(self) -> int:
        """All that lies at banks and was brought along."""
        return sum(self.balance(a) for a, side in self.side.items() if side != CREDIT_SIDE)


async def audit(url: str) -> Books:
    """Read everything in one snapshot and compare it; `findings` is empty where all agrees."""
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            transfers = await _copy(
                conn,
                "SELECT id, debit, credit, order_id, hold, amount, released, action, currency, kind"
                " FROM ledger.transfers",
            )
            accounts = await _copy(
                conn,
                "SELECT id, side, kind, currency, floor_minor, ceiling_minor, debits_pending,"
                " debits_posted, credits_pending, credits_posted FROM ledger.accounts",
            )
            orders = await _copy(
                conn,
                "SELECT id, product, state, payer_account, payee_account, amount_minor, fee_minor,"
                " fee_paid_by, refunded_minor FROM orders.orders",
            )
            bank = await _copy(conn, "SELECT instruction, amount_minor FROM simulator.entries")
    finally:
        await conn.close()
    of_order: dict[str, list[dict[str, str]]] = defaultdict(list)
    for transfer in transfers:
        of_order[transfer["order_id"]].append(transfer)
    books = Books(
        _add(transfers),
        {a["id"]: Totals(*(int(a[name]) for name in Totals._fields)) for a in accounts},
        {a["id"]: a["side"] for a in accounts},
        {a["id"]: a["kind"].removeprefix("system.") for a in accounts},
        {o["id"]: o for o in orders},
        of_order,
        bank,
        len(transfers),
    )
    _compare(books, accounts, transfers)
    return books


def _add(transfers: list[dict[str, str]]) -> dict[str, Totals]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for t in transfers:
        debit, credit = sums[t["debit"]], sums[t["credit"]]
        amount, released = int(t["amount"]), int(t["released"])
        if t["action"] == HOLD:
            debit[0] += amount
            credit[2] += amount
            continue
        debit[0] -= released
        credit[2] -= released
        debit[1] += amount
        credit[3] += amount
    return {account: Totals(*four) for account, four in sums.items()}


def _compare(books: Books, accounts: list[dict[str, str]], transfers: list[dict[str, str]]) -> None:
    say = books.findings.append
    if twice := [one for one, n in Counter(t["id"] for t in transfers).items() if n > 1]:
        say(f"transfers that are there twice: {twice}")
    for account in set(books.added) | set(books.kept):
        added = books.added.get(account, Totals())
        if books.kept.get(account) != added:
            say(f"{account}: kept {books.kept.get(account)}, the journal adds up to {added}")
    for a in accounts:
        totals = books.added.get(a["id"], Totals())
        if min(totals) < 0:
            say(f"{a['id']}: a total below zero: {totals}")
        going = totals.debits_pending if a["side"] == CREDIT_SIDE else totals.credits_pending
        coming = totals.credits_pending if a["side"] == CREDIT_SIDE else totals.debits_pending
        balance = _balance(totals, a["side"])
        if a["floor_minor"] and balance - going < int(a["floor_minor"]):
            say(f"{a['id']} ({a['kind']}) is below its floor: {balance} less {going}")
        if a["ceiling_minor"] and balance + coming > int(a["ceiling_minor"]):
            say(f"{a['id']} ({a['kind']}) is over its ceiling: {balance} and {coming}")
    everything = [sum(column) for column in zip(*books.added.values(), strict=True)] or [0] * 4
    if everything[0] != everything[2] or everything[1] != everything[3]:
        say(f"debits are not credits: {everything}")
    if books.owed() != books.came_in():
        say(f"what is owed ({books.owed()}) is not what came in ({books.came_in()})")
    for number, order in books.orders.items():
        if problem := wrong(order, books.of_order.get(number, [])):
            say(f"order {number}: {problem}")
    if strays := {number for number in books.of_order if number and number not in books.orders}:
        say(f"transfers of orders that are not there: {sorted(strays)[:5]}")


def wrong(order: dict[str, str], transfers: list[dict[str, str]]) -> str | None:
    """What the journal and an order's state disagree on; None where they agree."""
    paid = sum(int(t["amount"]) for t in transfers if t["action"] in (MOVE, POST))
    holds = {t["id"] for t in transfers if t["action"] == HOLD}
    ended = {t["hold"] for t in transfers if t["action"] in (POST, VOID, EXPIRE)}
    amount, fee = int(order["amount_minor"]), int(order["fee_minor"])
    whole = amount + (fee if order["fee_paid_by"] == "payer" else 0)
    state = order["state"]
    if state in ("held", "review"):
        due, still = 0, True
    elif state in ("paid", "partly_refunded", "refunded"):
        due, still = whole + int(order["refunded_minor"]), False
    else:
        due, still = 0, False
    # Prices that go back with a refund come on top of it.
    back = sum(
        int(t["amount"])
        for t in transfers
        if t["kind"] == "fee" and t["debit"] != order["payer_account"]
    )
    if paid - back != due:
        return f"{state}, and {paid} was moved where {due} is due"
    if still and holds <= ended:
        return f"{state}, and nothing is reserved"
    if not still and holds - ended:
        return f"{state}, and money is still reserved"
    return None


def _balance(totals: Totals, side: str) -> int:
    net = totals.credits_posted - totals.debits_posted
    return net if side == CREDIT_SIDE else -net


async def _copy(conn: asyncpg.Connection, query: str) -> list[dict[str, str]]:
    text = io.BytesIO()
    await conn.copy_from_query(query, output=text, format="csv", header=True)
    return list(csv.DictReader(io.StringIO(text.getvalue().decode())))
