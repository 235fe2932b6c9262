"""Gangs as candidates: a close crowd with several confirmed thieves is watched as a whole.

What a gang does next it does with the same devices and through the same payees, by members nobody
has reported yet.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from argosy.ctu.learn import gates
from argosy.ctu.learn.record import Gate
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.learn.trials import Trial

if TYPE_CHECKING:
    from argosy.ctu.facts.graph.gangs import Gang


def trials(found: Sequence[Gang], data: TrainingSet, terms: Terms, today: date) -> list[Trial]:
    """A candidate rule for each gang that is small and bad enough to be told apart."""
    return [
        _trial(gang, data, terms, today)
        for gang in found
        if len(gang.bad) >= terms.gang_bad_min
        and gang.bad_share >= terms.gang_bad_share_min
        and len(gang.members) <= terms.gang_members_max
        and len(gang.bad) < len(gang.members)
    ]


def _trial(gang: Gang, data: TrainingSet, terms: Terms, today: date) -> Trial:
    members = sorted(gang.members)
    digest = hashlib.blake2b("\n".join(members).encode(), digest_size=4).hexdigest()
    name = f"mule.learned_gang_{digest}"
    own = set(members)
    hits = np.array(
        [e.account in own or (e.payee or "") in own for e in data.events], dtype=np.bool_
    )
    bad, cleared = data.y == 1, gates.cleared(data)
    schemes = Counter(str(name) for name in data.scheme[hits & bad] if name)
    share = float((hits & (data.y == 0)).sum() / max(1, (data.y == 0).sum()))
    made = Trial(
        kind="gang",
        name=name,
        version=digest,
        body=_text(members, len(gang.bad), today).encode(),
        columns=(),
        scheme=schemes.most_common(1)[0][0] if schemes else "",
        says=f"{len(members)} accounts in one close crowd, {len(gang.bad)} of them confirmed bad, "
        f"{gang.devices} shared devices",
        expected_share=float(hits.mean()) if len(hits) else 0.0,
        expected_precision=gang.bad_share / 2,
    )
    made.figures = {
        "members": len(members),
        "confirmed": len(gang.bad),
        "devices": gang.devices,
        "sent_inside": gang.sent,
        "received": gang.received,
        "hits": int(hits.sum()),
        "bad": int((hits & bad).sum()),
        "disturbs": share,
    }
    made.gates = [
        Gate(
            "confirmed members",
            passed=True,
            says=f"{gang.bad_share:.0%} of the members are confirmed bad",
            measured=gang.bad_share,
            bound=terms.gang_bad_share_min,
        ),
        gates.disturbance(share, terms.rule_alert_share_max),
        gates.golden_good(cleared, hits, terms),
    ]
    made.plots = {"text": made.body.decode(), "members": members, "bad": sorted(gang.bad)}
    return made


def _text(members: Sequence[str], confirmed: int, today: date) -> str:
    names = ", ".join(json.dumps(name) for name in members)
    return (
        f'owner = "{BY}"\nsince = {today.isoformat()}\naction = "review"\n'
        f'reason = "One of a close crowd of {len(members)} accounts, {confirmed} confirmed bad."\n'
        f"when = '''\nevent.account in [{names}]\n|| (has(event.payee) && event.payee in [{names}])'''\n"
        "weight = 0.8\n\n"
        f'[hit]\n"event.account" = {json.dumps(members[0])}\n\n'
        '[miss]\n"event.account" = "somebody-else"\n"event.payee" = "somebody"\n'
    )
