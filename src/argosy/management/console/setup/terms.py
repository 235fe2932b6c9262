"""Prices, limits and balance caps: what holds, what is staged, and proposing a change from a day to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from nicegui import ui

from argosy.base.markets import Cap, Fee, Market
from argosy.base.money import Money, parse_amount, plain
from argosy.base.refusals import Refused
from argosy.management.approvals.facts import State
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.setup.shown import (
    COUNTS,
    FIELD,
    chosen_market,
    market_options,
    named,
    told,
)
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    ask_reason,
    button,
    heading,
    page_head,
    section,
)
from argosy.management.setup.facts import SetupReason, Term, What
from argosy.management.setup.handlers import TAKE_BACK, TERM
from argosy.management.setup.terms import BOUNDS, Figure, body_of
from argosy.management.staff.facts import Right

PRICE_SUMS = ("flat_minor", "minor_min", "minor_max", "free_to_minor")


class TermsPage:
    """One market's figures. A row opens the form of a change."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._market = chosen_market(desk)
        self._figures: dict[str, Figure] = {}

    async def build(self) -> None:
        desk, say = self._desk, self._desk.say
        await desk.services.setup.following.look()
        with page_head(say("setup.terms"), note=say("setup.terms_note")):
            ui.select(
                market_options(desk),
                value=self._market.code,
                label=say("money.market"),
                on_change=lambda event: ui.navigate.to(f"?market={event.value}"),
            ).props(FIELD).style("min-width: 180px")
        found = await desk.services.setup.terms.figures(self._market)
        self._figures = {str(number): one for number, one in enumerate(found)}
        with section(say("setup.staged")):
            await self._staged([t for one in found for t in one.staged])
        for what in What:
            with section(say(f"setup.what.{what.value}")):
                await self._table(what)
        with section(say("setup.waiting")):
            await self._waiting()

    async def _table(self, what: What) -> None:
        desk = self._desk
        columns = (
            Column("name", "setup.figure_label"),
            Column("now", "setup.now", wrap=True),
            Column("since", "setup.since"),
            Column("source", "setup.source", wrap=True),
            Column("law", "setup.binds", "state"),
            Column("next", "setup.next", wrap=True),
        )
        rows = [self._row(number, one) for number, one in self._figures.items() if one.what is what]

        async def fetch(_cursor: None) -> Slice[None]:
            return Slice(rows, None)

        table: CursorTable[None] = CursorTable(
            desk,
            columns,
            fetch,
            name=desk.say(f"setup.what.{what.value}"),
            on_row=self._change if desk.may(Right.SETUP_CHANGE) else None,
        )
        await table.load()

    def _row(self, number: str, one: Figure) -> dict[str, Any]:
        desk = self._desk
        return {
            "id": number,
            "name": named(desk, one),
            "now": told(desk, one.value, self._market),
            "since": one.since.isoformat() if one.since else "",
            "source": ", ".join(one.by) if one.by else one.source,
            "law": "law" if one.is_law else "ours",
            "law_text": desk.say("setup.law" if one.is_law else "setup.ours"),
            "law_tone": "info" if one.is_law else "quiet",
            "next": "; ".join(
                f"{t.since.isoformat()}: {told(desk, t.value, self._market)}" for t in one.staged
            ),
        }

    async def _staged(self, staged: list[Term]) -> None:
        desk = self._desk
        columns = (
            Column("since", "setup.since"),
            Column("name", "setup.figure_label"),
            Column("value", "setup.becomes", wrap=True),
            Column("why", "reason.label", wrap=True),
            Column("by", "setup.by"),
        )
        rows = [
            {
                "id": str(one.id),
                "since": one.since.isoformat(),
                "name": named(desk, one),
                "value": told(desk, one.value, self._market),
                "why": one.why,
                "by": f"{one.proposed_by}, {one.approved_by}",
            }
            for one in sorted(staged, key=lambda t: t.since)
        ]

        async def fetch(_cursor: None) -> Slice[None]:
            return Slice(rows, None)

        may = desk.may(Right.SETUP_CHANGE)
        if may and rows:
            ui.label(desk.say("setup.staged_note")).classes("ar-soft")
        table: CursorTable[None] = CursorTable(
            desk,
            columns,
            fetch,
            name=desk.say("setup.staged"),
            empty="setup.none_staged",
            on_row=self._take_back if may else None,
        )
        await table.load()

    async def _take_back(self, row: Mapping[str, Any]) -> None:
        desk = self._desk
        title = desk.say("setup.take_back")
        why = await ask_reason(desk, title, text=f"{row['name']}, {row['since']}")
        if why is None:
            return
        body = {"market": self._market.code, "term": row["id"], "what": row["name"]}
        done = await desk.propose(
            Right.SETUP_CHANGE, TAKE_BACK, f"market:{self._market.code}", body, why
        )
        desk.tell(done if isinstance(done, Refused) else desk.say("approval.proposed"))

    async def _change(self, row: Mapping[str, Any]) -> None:
        body = await Change(self._desk, self._market, self._figures[str(row["id"])]).ask()
        if body is None:
            return
        desk, (said, reason) = self._desk, body
        done = await desk.propose(
            Right.SETUP_CHANGE, TERM, f"market:{self._market.code}", said, reason
        )
        if isinstance(done, Refused):
            desk.tell(done)
            return
        desk.tell(desk.say("approval.proposed"))
        ui.navigate.reload()

    async def _waiting(self) -> None:
        desk = self._desk
        columns = (
            Column("at", "money.at"),
            Column("since", "setup.since"),
            Column("name", "setup.figure_label"),
            Column("why", "reason.label", wrap=True),
            Column("by", "money.proposed_by"),
        )

        async def fetch(cursor: Any) -> Slice[Any]:
            found = await desk.services.approvals.listed(
                State.WAITING, cursor, subject=f"market:{self._market.code}"
            )
            rows = [
                {
                    "id": str(one.id),
                    "at": desk.when(one.at),
                    "since": one.body.get("since", ""),
                    "name": " ".join(
                        str(one.body.get(k) or "") for k in ("what", "key", "level", "switch")
                    ),
                    "why": one.reason,
                    "by": one.by,
                }
                for one in found.proposals
            ]
            return Slice(rows, found.after)

        table: CursorTable[Any] = CursorTable(
            desk, columns, fetch, name=desk.say("setup.waiting"), empty="money.none_waiting"
        )
        await table.load()


class Change:
    """The form of one change: the bounds of a limit, the parts of a price, or a cap; a day; a reason."""

    def __init__(self, desk: Desk, market: Market, figure: Figure) -> None:
        self._desk = desk
        self._market = market
        self._figure = figure
        self._fields: dict[str, Any] = {}

    async def ask(self) -> tuple[dict[str, Any], str] | None:
        """The proposal's body and its reason; None where the member thought better of it."""
        desk, say, figure = self._desk, self._desk.say, self._figure
        with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
            heading(named(desk, figure))
            ui.label(f"{say('setup.now')}: {told(desk, figure.value, self._market)}").classes(
                "ar-soft"
            )
            if figure.is_law:
                ui.label(say("setup.law_note")).classes("ar-soft")
            self._inputs()
            tomorrow = desk.services.setup.terms.today(self._market) + timedelta(days=1)
            since = ui.input(say("setup.from"), value=tomorrow.isoformat()).props(
                f"{FIELD} type=date stack-label"
            )
            why = ui.input(say("reason.label")).props(f"{FIELD} maxlength=500").classes("w-full")

            def given() -> None:
                reason = str(why.value or "").strip()
                body = self._body(str(since.value or ""))
                if isinstance(body, Refused):
                    desk.tell(body)
                elif not reason:
                    why.props("error")
                else:
                    dialog.submit((body, reason))

            with ui.row().classes("ar-buttons"):
                ui.button(say("reason.cancel"), on_click=lambda: dialog.submit(None)).props(
                    "flat no-caps"
                )
                button(say("money.propose"), given, kind="main")
        answer = await dialog
        dialog.delete()
        return answer if isinstance(answer, tuple) else None

    def _inputs(self) -> None:
        say, value = self._desk.say, self._figure.value
        if isinstance(value, Cap):
            self._fields["allowed"] = ui.checkbox(say("setup.allowed"), value=value.allowed)
            for name in BOUNDS:
                self._sum(name, say(f"setup.bound.{name}"), getattr(value, name))
        elif isinstance(value, Fee):
            percent = Decimal(value.basis_points) / 100
            self._fields["basis_points"] = ui.input(
                say("setup.percent"), value=f"{percent:f}"
            ).props(FIELD)
            for name in PRICE_SUMS:
                self._sum(name, say(f"setup.price.{name}"), getattr(value, name))
        else:
            self._sum("balance_minor_max", say("setup.bound.balance_minor_max"), value)

    def _sum(self, name: str, label: str, minor: int | None) -> None:
        text = ""
        if minor is not None and (minor or name not in PRICE_SUMS):
            text = str(minor) if name in COUNTS else plain(Money(minor, self._market.currency))
        self._fields[name] = ui.input(label, value=text).props(f"{FIELD} inputmode=decimal")

    def _body(self, since: str) -> dict[str, Any] | Refused:
        """What is proposed, checked as it would be when it is approved."""
        figure, unreadable = self._figure, Refused(SetupReason.TERM_UNREADABLE)
        after: dict[str, Any] = {}
        for name, field in self._fields.items():
            read = self._read(name, field.value)
            if isinstance(read, Refused):
                return read
            if read is not None:
                after[name] = read
        try:
            day = date.fromisoformat(since)
        except ValueError:
            return unreadable
        where = (
            self._market.code, figure.what, figure.key, figure.level, figure.payee_class,
        )  # fmt: skip
        checked = self._desk.services.setup.terms.checked(*where, after, day)
        if isinstance(checked, Refused):
            return checked
        return {
            "market": self._market.code,
            "what": figure.what.value,
            "key": figure.key,
            "level": figure.level,
            "payee_class": figure.payee_class,
            "since": day.isoformat(),
            "before": body_of(figure.value),
            "after": after,
        }

    def _read(self, name: str, value: Any) -> int | bool | None | Refused:
        if name == "allowed":
            return bool(value)
        text = str(value or "").strip()
        if name == "basis_points":
            try:
                points = Decimal(text or "0") * 100
            except InvalidOperation:
                return Refused(SetupReason.TERM_UNREADABLE)
            whole = points == points.to_integral_value()
            return int(points) if whole else Refused(SetupReason.TERM_UNREADABLE)
        if not text:
            return 0 if name in PRICE_SUMS and name != "minor_max" else None
        if name in COUNTS:
            return int(text) if text.isdigit() else Refused(SetupReason.TERM_UNREADABLE)
        if Decimal(0) == _number(text):
            return 0
        found = parse_amount(text, self._market.currency)
        return found if isinstance(found, Refused) else found.minor


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@page("/setup/terms", title="setup.terms", right=Right.SETUP_SEE, menu="menu.setup", order=20)
async def terms(desk: Desk) -> None:
    """Prices and limits with their dates."""
    await TermsPage(desk).build()
