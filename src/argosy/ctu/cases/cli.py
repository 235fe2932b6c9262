"""`argosy cases`: the queue at the terminal."""

from __future__ import annotations

import json as plain_json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer

from argosy.base.ids import parse_id
from argosy.base.money import Money, exponent, plain
from argosy.base.refusals import Refused
from argosy.ctu.cases.cases import Cases
from argosy.ctu.cases.evidence import Desk
from argosy.ctu.cases.facts import Case, CaseReason, CaseState, Evidence, Graph, Past, Similar, Step
from argosy.ctu.cases.graph import Links
from argosy.ctu.cases.policy import NAMES, Term, Terms
from argosy.ctu.cases.reports import Reports
from argosy.ctu.events import Label
from argosy.ctu.terminal import By, Demo, Place, Why, say, stop, stop_if_refused, work, work_as

HISTORY_SAID = 8

app = typer.Typer(help="Payments that wait for a human.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as the list shows it.")]
Ids_ = Annotated[list[str], typer.Argument(metavar="CASE...", help="The cases' ids.")]
Scheme = Annotated[str, typer.Option(help="The kind of fraud: takeover, mule, collusion, ...")]
Gang = Annotated[
    bool, typer.Option("--gang", help="Decide the cases that hang together with it, too.")
]


class Decided(StrEnum):
    """What a case may become."""

    RELEASED = "released"
    RETURNED = "returned"


class Source(StrEnum):
    """Who found something out."""

    CUSTOMER = "customer"
    CHARGEBACK = "chargeback"
    MERCHANT = "merchant"
    SENDER = "sender"


def cases_of(place: Place) -> Cases:
    """The wallet's cases, which move money; or those of a brain that stands alone."""
    if place.wallet is not None:
        found: Cases = place.wallet.cases
        return found
    return Cases(place.db, place.clock, place.ids)


# --- looking -----------------------------------------------------------------------------------------


@app.command("list")
def list_(
    market: Annotated[str | None, typer.Option(help="Of this market only.")] = None,
    state: Annotated[CaseState, typer.Option(help="Which ones.")] = CaseState.OPEN,
    mine: Annotated[str | None, typer.Option(help="Only those this person has claimed.")] = None,
    second: Annotated[
        bool, typer.Option("--second", help="Only those that wait for a second person.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    demo: Demo = False,
) -> None:
    """Show the queue: most money at risk first, and what has waited long."""

    async def listed(place: Place) -> list[Case]:
        return await cases_of(place).list(
            market, state, limit, claimed_by=mine, waiting_for_second=second
        )

    found = work(demo, listed)
    for case in found:
        say(_line(case))
    say(f"{len(found)} {state.value}.")


@app.command()
def show(case: Id, demo: Demo = False) -> None:
    """Show a case: what was read, who did what before, what happened since, what it is like."""
    case_id = _id(case)

    async def read(
        place: Place,
    ) -> tuple[Evidence, tuple[Step, ...], tuple[Similar, ...]] | Refused:
        desk = Desk(place.db)
        seen = await desk.evidence(case_id)
        steps = await desk.timeline(case_id)
        alike = await desk.similar(case_id)
        if isinstance(seen, Refused) or isinstance(steps, Refused) or isinstance(alike, Refused):
            return Refused(CaseReason.CASE_NOT_FOUND)
        return seen, steps, alike

    seen, steps, alike = stop_if_refused(work(demo, read))
    say(_line(seen.case), *_reasons(seen))
    for title, history in (
        ("the account", seen.account_history),
        ("the device", seen.device_history),
        ("the payee", seen.payee_history),
    ):
        if history:
            say("", f"Before, {title}:", *map(_past, history[:HISTORY_SAID]))
    if seen.earlier_cases:
        say("", "Earlier cases:", *map(_line, seen.earlier_cases[:HISTORY_SAID]))
    say("", "Timeline:", *map(_step, steps))
    if alike:
        say("", "Like it:")
        for one in alike:
            say(f"  {one.likeness:4.0%}  {_line(one.case)}")
            say(f"        shares {', '.join(one.shared)}")


@app.command()
def links(
    case: Id,
    depth: Annotated[int, typer.Option(min=1, max=3, help="How many steps.")] = 2,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the graph here as JSON.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Show who is linked with whom around a case, and which open cases hang together."""
    case_id = _id(case)

    async def read(place: Place) -> tuple[Graph, list[Case]] | Refused:
        found = Links(place.db)
        graph, gang = await found.around(case_id, depth), await found.gang(case_id)
        if isinstance(graph, Refused) or isinstance(gang, Refused):
            return Refused(CaseReason.CASE_NOT_FOUND)
        return graph, gang

    graph, gang = stop_if_refused(work(demo, read))
    for node in graph.nodes:
        marks = [f"{node.bad} bad"] * bool(node.bad) + [f"{node.cases} cases"] * bool(node.cases)
        say(f"{'  ' * node.depth}{node.id}  {', '.join(marks)}".rstrip())
    say(f"{len(graph.nodes)} nodes, {len(graph.links)} links" + (", and more." * graph.cut or "."))
    say("", f"{len(gang)} open cases hang together:", *map(_line, gang))
    if json is not None:
        told = msgspec.to_builtins({"graph": graph, "gang": [str(one.id) for one in gang]})
        json.write_text(plain_json.dumps(told, indent=2))
        say(f"Written to {json}.")


# --- deciding ----------------------------------------------------------------------------------------


@app.command()
def claim(
    by: By,
    case: Annotated[str | None, typer.Argument(help="Without one, the first that is free.")] = None,
    market: Annotated[str | None, typer.Option(help="Of this market only.")] = None,
    let_go: Annotated[bool, typer.Option("--let-go", help="Give it back instead.")] = False,
    demo: Demo = False,
) -> None:
    """Take a case, so that nobody else works on it for half an hour."""
    case_id = None if case is None else _id(case)
    if let_go and case_id is None:
        stop("Say which case to let go.")

    async def claimed(place: Place) -> Case | Refused | None:
        cases = cases_of(place)
        if case_id is None:
            return await cases.claim_next(by, market)
        return await (cases.let_go(case_id, by) if let_go else cases.claim(case_id, by))

    taken = stop_if_refused(work_as(demo, by, claimed))
    say("Nothing waits." if taken is None else _line(taken))


@app.command()
def decide(
    case: Ids_,
    decision: Annotated[Decided, typer.Option(help="Genuine is released, fraud returned.")],
    by: By,
    why: Why,
    scheme: Scheme = "",
    gang: Gang = False,
    demo: Demo = False,
) -> None:
    """Decide one case, several, or a whole gang; what is found out is learned."""
    _decide(case, CaseState(decision), by, why, scheme, gang, demo)


@app.command()
def release(
    case: Ids_, by: By, why: Why, scheme: Scheme = "", gang: Gang = False, demo: Demo = False
) -> None:
    """Let the reserved money of a case go on its way: it was genuine."""
    _decide(case, CaseState.RELEASED, by, why, scheme, gang, demo)


@app.command("return")
def return_(
    case: Ids_, by: By, why: Why, scheme: Scheme = "", gang: Gang = False, demo: Demo = False
) -> None:
    """Give the reserved money of a case back to the payer: it was fraud."""
    _decide(case, CaseState.RETURNED, by, why, scheme, gang, demo)


@app.command()
def report(
    event: Annotated[str, typer.Argument(help="The event's id: an operation's, a payment's.")],
    source: Annotated[Source, typer.Option(help="Who found it out.")],
    why: Why,
    by: Annotated[str, typer.Option(help="Who says it.")] = "",
    scheme: Scheme = "",
    good: Annotated[bool, typer.Option("--good", help="It was genuine after all.")] = False,
    demo: Demo = False,
) -> None:
    """Tell what a customer, a bank or a merchant says of an event: a label, and mostly a case."""
    event_id = parse_id(event)
    if event_id is None:
        stop(f"{event} is no event's id.")

    async def told(place: Place) -> Label | Refused:
        reports = Reports(place.db, place.clock, place.ids, cases_of(place).terms)
        return await reports.tell(
            event_id, source.value, bad=not good, by=by, why=why, scheme=scheme
        )

    label = stop_if_refused(work(demo, told))
    say(f"Event {event} is {'bad' if label.bad else 'good'}, says {label.by or label.source}.")


@app.command()
def terms(
    set_: Annotated[
        str | None, typer.Option("--set", help=f"NAME=VALUE; names: {', '.join(NAMES)}.")
    ] = None,
    currency: Annotated[str, typer.Option(help="For four_eyes_minor.")] = "",
    by: Annotated[str, typer.Option(help="Who sets it.")] = "",
    demo: Demo = False,
) -> None:
    """Show the terms on which cases are ranked and decided, or set one of them."""
    name, sign, value = (set_ or "").partition("=")
    if set_ is not None and not (sign and value.isdecimal()):
        stop("Say NAME=VALUE, with a whole number.")

    async def changed(place: Place) -> list[Term] | Refused:
        found: Terms = cases_of(place).terms
        if set_ is not None:
            said = await found.set(name, int(value), by, currency)
            if isinstance(said, Refused):
                return said
        return await found.list()

    found = work(demo, changed) if set_ is None else work_as(demo, by, changed)
    for one in stop_if_refused(found):
        say(f"{one.name} {one.currency}".rstrip() + f" = {one.value}, set by {one.by} {one.at:%F}")
    say("Everything else is as docs/risk/cases.md says.")


def _decide(
    cases: Sequence[str],
    decision: CaseState,
    by: str,
    why: str,
    scheme: str,
    gang: bool,
    demo: bool,
) -> None:
    wanted = [_id(one) for one in cases]

    async def decided(place: Place) -> dict[UUID, Case | Refused] | Refused:
        ids = list(wanted)
        if gang:
            for one in wanted:
                found = await Links(place.db).gang(one)
                ids += [] if isinstance(found, Refused) else [case.id for case in found]
        if len(dict.fromkeys(ids)) == 1:
            return {ids[0]: await cases_of(place).decide(ids[0], decision, by, why, scheme)}
        return await cases_of(place).decide_all(ids, decision, by, why, scheme)

    said = stop_if_refused(work_as(demo, by, decided))
    refused = 0
    for id_, case in said.items():
        if isinstance(case, Refused):
            refused += 1
            say(f"Case {id_}: {case.reason.meaning} ({case.code})")
        elif case.proposal is not None and case.state is CaseState.OPEN:
            say(f"Case {id_} waits for a second person to decide the same.")
        else:
            say(f"Case {id_} is {case.state.value}.")
    if refused:
        raise SystemExit(2)


# --- as lines ----------------------------------------------------------------------------------------


def _id(text: str) -> UUID:
    return parse_id(text) or stop(f"{text} is no case's id; `argosy cases list` shows them.")


def _line(case: Case) -> str:
    marks = [f"{case.decided_by}: {case.decided_why}"] * (case.decided_by is not None)
    marks += [f"claimed by {case.claimed_by}"] * (case.claimed_by is not None)
    marks += ["waits for a second person"] * (case.proposal is not None and not case.decided_by)
    return (
        f"{case.id}  {case.opened_at:%Y-%m-%d %H:%M}  {case.kind:<10} {_money(case.money):>16}"
        f"  {case.probability:4.0%}  {', '.join(case.rules)}  {'; '.join(marks)}"
    ).rstrip()


def _reasons(seen: Evidence) -> list[str]:
    lines = []
    for reason in seen.case.reasons:
        values = ", ".join(f"{name} = {value}" for name, value in reason["values"].items())
        lines.append(f"  {reason['rule']}: {values}")
    lines += [f"  not evaluated: {name}" for name in seen.unevaluated]
    return lines


def _past(one: Past) -> str:
    money = "" if one.money is None else _money(one.money)
    found = {True: "bad", False: "good", None: ""}[one.bad]
    return (
        f"  {one.at:%Y-%m-%d %H:%M}  {one.kind:<10} {money:>16}  {one.outcome:<10} {one.account}"
        f" to {one.payee or '-'}  {found}"
    ).rstrip()


def _step(step: Step) -> str:
    facts = ", ".join(f"{name} {_told(value)}" for name, value in step.facts.items() if value)
    said = f"  {step.at:%Y-%m-%d %H:%M:%S}  {step.what:<12} {step.by}"
    return "  ".join(part for part in (said, step.why, facts) if part)


def _told(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _money(money: Money) -> str:
    if exponent(money.currency) is None:
        return str(money.minor)
    return f"{plain(money)} {money.currency}"
