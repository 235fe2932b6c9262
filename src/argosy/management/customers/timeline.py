"""The life of a wallet in one list: what its owner, the staff and the machine did, the latest first."""

from __future__ import annotations

import asyncio
from uuid import UUID

from argosy.base.parties.facts import Party
from argosy.management.customers.facts import Moment
from argosy.management.customers.reading import Reading
from argosy.management.services import Services

EACH_MAX = 50


def subject(party_id: UUID) -> str:
    """What stands in the audit log for a wallet."""
    return f"party:{party_id}"


async def timeline(services: Services, party: Party) -> list[Moment]:
    """The latest of every sort, at most `EACH_MAX` of each; payments are in the history."""
    parts = await asyncio.gather(
        _evidence(services, party),
        _account(services, party),
        _door(services, party),
        _cases(services, party),
        _staff(services, party),
    )
    opened = Moment(party.created_at, "opened", facts={"level": party.level})
    found = [opened, *(moment for part in parts for moment in part)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


async def _evidence(services: Services, party: Party) -> list[Moment]:
    found = []
    for line in (await services.identity.evidence(party.id))[:EACH_MAX]:
        facts = {"kind": line.kind}
        found.append(Moment(line.given_at, "evidence_given", facts=facts))
        if line.decided_at is not None:
            what = f"evidence_{line.state.value}"
            found.append(Moment(line.decided_at, what, line.decided_by or "", facts=facts))
    return found


async def _account(services: Services, party: Party) -> list[Moment]:
    rows = await services.db.all(
        "SELECT at, what, ceiling_minor, because FROM ledger.account_events"
        " WHERE account = $1 ORDER BY id DESC LIMIT $2",
        party.account,
        EACH_MAX,
    )
    return [
        Moment(
            row["at"], f"account_{row['what']}", text=row["because"] or "",
            facts={"ceiling_minor": row["ceiling_minor"]},
        )
        for row in rows
        if row["what"] != "opened"
    ]  # fmt: skip


async def _door(services: Services, party: Party) -> list[Moment]:
    devices = await services.signin.support.devices(party.id)
    rows = await services.db.all(
        "SELECT started_at, ended_at, ended_why FROM signin.session WHERE party_id = $1"
        " ORDER BY id DESC LIMIT $2",
        party.id,
        EACH_MAX,
    )
    pin = await services.db.value("SELECT changed_at FROM signin.pin WHERE party_id = $1", party.id)
    found = [Moment(d.bound_at, "device_bound", text=d.label) for d in devices[:EACH_MAX]]
    for row in rows:
        found.append(Moment(row["started_at"], "signed_in"))
        if row["ended_at"] is not None:
            found.append(Moment(row["ended_at"], f"session_{row['ended_why']}"))
    if pin is not None:
        found.append(Moment(pin, "pin_set"))
    return found


async def _cases(services: Services, party: Party) -> list[Moment]:
    return [
        Moment(line.opened_at, "case", text=line.kind, facts={"case": line.id, "side": line.side})
        for line in await Reading(services).cases(party.id)
    ]


async def _staff(services: Services, party: Party) -> list[Moment]:
    """What the audit log has: what was done, what was looked at, and what was refused."""
    entries = await services.audit.search(subject=subject(party.id), limit=EACH_MAX)
    return [
        Moment(
            entry.at,
            "staff",
            entry.name,
            entry.reason,
            {"action": entry.action, "outcome": entry.outcome},
        )
        for entry in entries.entries
    ]
