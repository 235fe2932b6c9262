"""Money from and to a bank account."""

from __future__ import annotations

from argosy.base.money import plain
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Page
from argosy.channels.lite.money import MoneyForm, amount_of, carry_out, form_id
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.pages.home import can
from argosy.channels.lite.visits import Visit
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw


async def add_page(visit: Visit) -> Answer:
    return await _form(visit, "add")


async def withdraw_page(visit: Visit) -> Answer:
    return await _form(visit, "withdraw")


async def _form(visit: Visit, way: str, refused: Refused | None = None) -> Page:
    account = await visit.lite.ledger.account(visit.me.account)
    facts = {
        "id": form_id(visit, refused),
        "way": way,
        "bank_account": visit.text("bank_account"),
        "amount": visit.text("amount"),
        "allowed": can(visit, "top_up" if way == "add" else "withdraw"),
        "balance": visit.money(account.available_minor if account else 0),
        "most": _room(visit, account) if way == "add" else None,
    }
    return Page("bank.html", facts, refused=refused)


def _room(visit: Visit, account: object) -> object:
    """How much more the wallet may hold; None where its level has no bound."""
    ceiling = getattr(account, "ceiling_minor", None)
    if ceiling is None:
        return None
    return visit.money(max(0, ceiling - getattr(account, "balance_minor", 0)))


async def add(visit: Visit) -> Answer:
    return await _carry(visit, "add")


async def withdraw(visit: Visit) -> Answer:
    return await _carry(visit, "withdraw")


async def _carry(visit: Visit, way: str) -> Answer:
    async def again(refused: Refused) -> Answer:
        return await _form(visit, way, refused)

    amount = amount_of(visit)
    if isinstance(amount, Refused):
        return await again(amount)
    typed = visit.text("bank_account")
    bank = "".join(typed.split())
    verb = TopUp if way == "add" else Withdraw
    command = verb(visit.command_id(), amount, bank)
    fields = {"bank_account": bank, "amount": plain(amount)}
    form = MoneyForm(command, f"/{way}", f"lite.confirm.{way}", fields, again)
    return await carry_out(visit, form)


ADDRESSES: tuple[Address, ...] = (
    get("/add", add_page),
    post("/add", add),
    get("/withdraw", withdraw_page),
    post("/withdraw", withdraw),
)
