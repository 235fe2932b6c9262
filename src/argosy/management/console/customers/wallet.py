"""The page of one wallet: who, how much, how far; below it what happened, by subject."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.parties.facts import Party, PartyKind, PartyState, Personal
from argosy.base.refusals import Refused
from argosy.management.console.customers.acting import Acting
from argosy.management.console.customers.looking import reason_to_look
from argosy.management.console.customers.past import Past
from argosy.management.console.customers.present import Present
from argosy.management.console.customers.shown import (
    STATES,
    market_name,
    spaced,
    state_text,
    style,
    word,
)
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import (
    button,
    facts,
    page_head,
    section,
    state_chip,
)
from argosy.management.customers import Reading
from argosy.management.customers.facts import Cause, Standing, Used
from argosy.management.staff.facts import Right

_NEAR, _FULL = 0.8, 1.0
TABS = (
    "orders", "identity", "door", "risk", "messages", "notes", "merchant", "timeline", "looks",
)  # fmt: skip


class WalletPage:
    """One wallet in one window. What was revealed is kept for this window only, and not kept anywhere."""

    def __init__(self, desk: Desk, party: Party) -> None:
        self._desk = desk
        self._party = party
        self._reading = Reading(desk.services)
        self._acting = Acting(desk, party.id, self.refresh)
        self._person: Personal | None = None
        self._name = ""
        self._tab = desk.query.get("tab", "")
        if self._tab not in TABS or (self._tab == "merchant" and not self._is_merchant):
            self._tab = TABS[0]

    @property
    def _is_merchant(self) -> bool:
        return self._party.kind is PartyKind.MERCHANT

    async def build(self) -> None:
        """The page."""
        style()
        self._name = await self._reading.masked_name(self._party.id, self._desk.member)
        self._top = ui.element("div").classes("w-full").style("display: grid; gap: 16px")
        await self._show_top()
        self._tabs()
        await self._show_tab()

    async def refresh(self) -> None:
        """Everything anew, after an act."""
        self._party = await self._reading.party(self._party.id) or self._party
        await self._show_top()
        await self._show_tab()

    # --- the top -----------------------------------------------------------------------------------

    async def _show_top(self) -> None:
        standing, limits = await asyncio.gather(
            self._reading.standing(self._party), self._reading.limits(self._party)
        )
        self._top.clear()
        with self._top:
            self._head(standing)
            self._banners(standing)
            with ui.element("div").classes("cu-cards"):
                self._who(standing)
                self._money(standing)
                self._level(standing)
            self._limits(standing, limits)

    def _head(self, standing: Standing) -> None:
        desk, party, say, acting = self._desk, self._party, self._desk.say, self._acting
        name = self._person.name if self._person is not None and self._person.name else self._name
        with page_head(name or "–", note=spaced(party.number)):
            state_chip(word(desk, "kind", party.kind.value), "info")
            state_chip(state_text(desk, party.state.value), STATES[party.state.value])
            if desk.may(Right.CUSTOMERS_REVEAL) and self._person is None:
                button(say("customers.act.reveal"), self._reveal, icon="visibility", kind="main")
            live = party.state is not PartyState.CLOSED
            may_act = desk.may(Right.CUSTOMERS_ACT) and live
            may_decide = desk.may(Right.CUSTOMERS_DECIDE) and live
            if may_act and party.state is not PartyState.FROZEN:
                button(say("customers.act.freeze"), acting.freeze, icon="ac_unit", kind="danger")
            frozen = standing.frozen
            alone = frozen is not None and frozen.cause is Cause.OWNER
            if frozen is not None and (may_decide or (may_act and alone)):
                button(
                    say("customers.act.unfreeze" if alone else "customers.act.propose_unfreeze"),
                    lambda: acting.unfreeze(frozen),
                    icon="lock_open",
                )
            if may_act and party.state is PartyState.DORMANT:
                button(say("customers.act.wake"), acting.wake, icon="alarm")
            if may_act:
                button(say("customers.act.new_pin"), acting.ask_new_pin, icon="pin")
            if may_decide and party.state is PartyState.CLOSING:
                button(say("customers.act.keep_open"), acting.keep_open, icon="undo")
            if may_decide and party.state in (PartyState.ACTIVE, PartyState.CLOSING):
                verb = "propose_close" if standing.available_minor else "close"
                button(
                    say(f"customers.act.{verb}"),
                    lambda: acting.close(standing),
                    icon="cancel",
                    kind="danger",
                )

    def _banners(self, standing: Standing) -> None:
        desk, frozen = self._desk, standing.frozen
        if standing.member is not None:
            with ui.element("div").classes("ar-row").props("role=note"):
                own = standing.member == desk.member.id
                key = "own_wallet" if own else "staff_wallet"
                state_chip(desk.say(f"customers.{key}"), "warn")
        if frozen is not None:
            with ui.element("div").classes("cu-banner").props("role=note"):
                ui.icon("ac_unit").props("aria-hidden=true")
                cause = desk.say(f"customers.cause.{frozen.cause.value}")
                if frozen.at is None:
                    ui.label(desk.say("customers.frozen_machine"))
                else:
                    at = desk.when(frozen.at)
                    ui.label(desk.say("customers.frozen_by", cause=cause, by=frozen.by, at=at))
                    ui.label(frozen.why).classes("cu-wrap")

    def _who(self, standing: Standing) -> None:
        desk, party, person, say = self._desk, self._party, self._person, self._desk.say
        hidden = say("customers.hidden")
        with section(say("customers.who")):
            shown: list[tuple[str, str]] = []
            if party.kind in (PartyKind.MERCHANT, PartyKind.AGENT):
                business = person.business_name if person is not None else self._name
                shown.append((say("customers.business"), business or "–"))
            for field in ("name", "phone", "email", "city"):
                value = (getattr(person, field) or "–") if person is not None else hidden
                if field == "name" and person is None and party.kind is PartyKind.CUSTOMER:
                    value = self._name or hidden
                shown.append((say(f"customers.{field}"), value))
            shown += [
                (say("customers.market"), market_name(desk, party)),
                (say("customers.language"), party.language),
                (say("customers.since"), desk.when(party.created_at)),
                (
                    say("customers.seen"),
                    desk.when(standing.seen_at) if standing.seen_at else say("customers.never"),
                ),
            ]
            if party.merchant_class:
                shown.append((say("customers.category"), party.merchant_class))
            facts(shown)
            ui.label(str(party.id)).classes("ar-mono ar-soft")

    def _money(self, standing: Standing) -> None:
        desk, say, currency = self._desk, self._desk.say, standing.currency
        is_agent = self._party.kind is PartyKind.AGENT
        with section(say("customers.float" if is_agent else "customers.money")):
            ui.label(desk.money(standing.available_minor, currency)).classes("cu-big")
            ui.label(say("customers.available")).classes("ar-soft")
            pairs = [
                (say("customers.balance"), desk.money(standing.balance_minor, currency)),
                (say("customers.held"), desk.money(standing.held_minor, currency)),
                (say("customers.coming"), desk.money(standing.coming_minor, currency)),
                (
                    say("customers.most"),
                    say("customers.no_bound")
                    if standing.most_minor is None
                    else desk.money(standing.most_minor, currency),
                ),
            ]
            if standing.account_frozen or standing.account_closed:
                key = "account_closed" if standing.account_closed else "account_frozen"
                pairs.append((say("customers.account"), say(f"customers.{key}")))
            facts(pairs)

    def _level(self, standing: Standing) -> None:
        desk, say = self._desk, self._desk.say
        with section(say("customers.level")):
            ui.label(self._party.level).classes("cu-big")
            pairs = [(say("customers.next_level"), standing.next_level or say("customers.highest"))]
            if standing.missing:
                missing = ", ".join(word(desk, "need", need) for need in standing.missing)
                pairs.append((say("customers.missing"), missing))
            facts(pairs)
            ui.label(say("customers.level_note")).classes("ar-soft")

    def _limits(self, standing: Standing, limits: list[Used]) -> None:
        say = self._desk.say
        with section(say("customers.limits")):
            if not limits:
                ui.label(say("customers.no_limits")).classes("ar-soft")
            with ui.element("div").classes("cu-limits"):
                for one in limits:
                    if one.window != "never":
                        with ui.element("div").classes("cu-limit"):
                            self._limit(one, standing.currency)
            never = [word(self._desk, "limit", one.key) for one in limits if one.window == "never"]
            if never:
                names = ", ".join(never)
                ui.label(say("customers.not_allowed", names=names)).classes("ar-soft")

    def _limit(self, one: Used, currency: str) -> None:
        desk, say = self._desk, self._desk.say
        window = say(f"customers.window.{one.window}")
        name = f"{word(desk, 'limit', one.key)}, {window}"
        ui.label(name)
        most = one.most or 0
        used, bound = (
            (str(one.used), str(most))
            if one.counts
            else (desk.money(one.used, currency), desk.money(most, currency))
        )
        if one.window == "payment":
            ui.element("div")
            ui.label(say("customers.at_most", most=bound)).classes("ar-number")
            return
        look = "cu-full" if one.part >= _FULL else "cu-near" if one.part >= _NEAR else ""
        percent = min(round(one.part * 100), 100)
        with (
            ui.element("div")
            .classes("cu-bar")
            .props(
                f"role=progressbar aria-valuenow={percent} aria-valuemin=0 aria-valuemax=100"
                f' aria-label="{name}"'
            )
        ):
            ui.element("div").classes(look).style(f"width: {percent}%")
        unit = "used_times" if one.counts else "used_of"
        ui.label(say(f"customers.{unit}", used=used, most=bound)).classes("ar-number")

    async def _reveal(self) -> None:
        desk = self._desk
        reason = await reason_to_look(desk, self._party.id, "reveal")
        if reason is None:
            return
        person = await self._reading.person(self._party.id, desk.member, reason)
        if isinstance(person, Refused):
            desk.tell(person)
            return
        self._person = person
        await self._show_top()

    # --- the tabs ----------------------------------------------------------------------------------

    def _tabs(self) -> None:
        say = self._desk.say
        names = [name for name in TABS if name != "merchant" or self._is_merchant]

        async def chosen() -> None:
            self._tab = str(tabs.value)
            await self._show_tab()

        with ui.tabs(
            value=self._tab,  # type: ignore[arg-type]  # the name of a tab is as good as the tab
            on_change=chosen,
        ).classes("cu-tabs w-full") as tabs:
            tabs.props(
                f'dense align=left no-caps outside-arrows aria-label="{say("customers.parts")}"'
            )
            for name in names:
                ui.tab(name, label=say(f"customers.tab.{name}"))
        self._part = ui.element("div").classes("w-full").style("display: grid; gap: 16px")

    async def _show_tab(self) -> None:
        """Only what is looked at is read."""
        past = Past(self._desk, self._party, self._acting, self._reading)
        present = Present(self._desk, self._party, self._acting, self._reading)
        shows: dict[str, Callable[[], Awaitable[None]]] = {
            "orders": past.orders,
            "identity": present.identity,
            "door": present.door,
            "risk": past.risk,
            "messages": past.messages,
            "notes": past.notes,
            "merchant": present.merchant,
            "timeline": past.timeline,
            "looks": past.looks,
        }
        self._part.clear()
        with self._part:
            await shows.get(self._tab, past.orders)()


@page("/customers/{party}", title="customers.one", right=Right.CUSTOMERS_SEE)
async def wallet(desk: Desk, party: str) -> None:
    """One wallet."""
    party_id = parse_id(party)
    found = await Reading(desk.services).party(party_id) if party_id is not None else None
    if found is None:
        page_head(desk.say("customers.unknown"))
        ui.label(desk.say("customers.unknown_note")).classes("ar-soft")
        return
    await WalletPage(desk, found).build()
