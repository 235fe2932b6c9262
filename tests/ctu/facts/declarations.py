"""One fact of every kind, at every width of bucket, with and without filter, delay and attribute."""

from __future__ import annotations

from argosy.ctu.facts.declared import AGGREGATES, Fact, FactSet, check, starter

WINDOWS = (60, 600, 3_600, 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
OFFSETS = {"india": 19_800, "thailand": 25_200}


def every_kind() -> FactSet:
    facts: list[Fact] = []

    def add(entity: str, word: str, aggregate: str, **more: object) -> None:
        facts.append(
            Fact(name=f"{entity}.{word}", entity=entity, aggregate=aggregate, **more)  # type: ignore[arg-type]
        )

    for entity in ("account", "payee", "network", "received"):
        for window in (*WINDOWS, None):
            for aggregate in AGGREGATES:
                if aggregate in ("age", "since") or aggregate.startswith("decayed"):
                    continue
                of = "device" if aggregate == "distinct" else "amount"
                add(entity, f"{aggregate}_{window or 'ever'}", aggregate, window=window, of=of)
    filters = (
        "event.kind in ['pay', 'send'] && !(event.channel == 'ussd')",
        "event.risk > 1.5 || has(event.merchant)",
        "!(event.risk > 1.5) && 'pin' in event.proofs",
    )
    for n, where in enumerate(filters):
        add("account", f"f{n}", "count", window=3_600, where=where)
        add("account", f"fd{n}", "distinct", window=86_400, of="payee", where=where)
        add("device", f"fa{n}", "age", where=where)
        add("device", f"fs{n}", "since", where=where, outcomes=("denied", "challenged"))
    for window in (600, 86_400, 30 * 86_400):
        add("account", f"late_{window}", "bad_share", window=window, delay=7 * 86_400)
        add("account", f"late_count_{window}", "bad_count", window=window, delay=3_601)
        add("account", f"late_max_{window}", "max", window=window, delay=61)
        add("payee", f"late_sum_{window}", "sum", window=window, delay=86_400)
        add("payee", f"late_who_{window}", "distinct", of="account", window=window, delay=86_400)
    for aggregate in ("sum", "mean", "spread", "max", "ratio"):
        add("account", f"risk_{aggregate}", aggregate, of="risk", window=86_400)
        add("device", f"risk_{aggregate}", aggregate, of="risk")
    add("account", "risk_decayed", "decayed_sum", of="risk", half_life=86_400)
    add("account", "mccs", "distinct", of="mcc", window=90 * 86_400)
    add("account", "amount_decayed", "decayed_sum", half_life=3_600)
    add("pair", "decayed", "decayed_count", half_life=7 * 86_400)
    add("account", "stopped", "count", window=86_400, outcomes=("challenged", "denied", "refused"))
    known = {fact.name for fact in facts}
    facts += [fact for fact in starter().facts if fact.name not in known]
    problems = check(facts)
    assert not problems, [str(p) for p in problems]
    return FactSet(facts, OFFSETS)
