"""Rules by the thousand, for benchmarks only: as mixed as real ones, as rare to hit, and meaningless."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date

from argosy.ctu.rules.declared import FAMILIES, Action, Rule

SINCE = date(2026, 1, 1)
TEXT_SHARE = 0.25
"""Of so many rules at least a fifth is sure to read texts or sets, and all read windows."""

_KINDS = ("send", "pay", "top_up", "withdraw", "request", "claim")
_CHANNELS = ("lite", "ussd", "api", "qr", "agent")
_RATIO, _SHARE, _AGE = (3.0, 40.0), (0.5, 0.99), (5.0, 900.0)


def rules_for_bench(count: int, seed: int, columns: Sequence[str] | None = None) -> list[Rule]:
    """`count` rules over `columns` (the starter facts where none are given), the same for one `seed`."""
    if columns is None:
        from argosy.ctu.facts.declared import starter

        columns = starter().columns
    chance = random.Random(seed)
    return [_rule(n, chance, columns) for n in range(count)]


def _rule(number: int, chance: random.Random, columns: Sequence[str]) -> Rule:
    parts = [_number(chance, columns) for _ in range(chance.choice((1, 2, 2, 3, 3, 4)))]
    if chance.random() < TEXT_SHARE:
        parts.append(_text(chance))
    if chance.random() < 0.08:
        one, other = _number(chance, columns), _number(chance, columns)
        parts.append(f"({one} || {other})")
    if chance.random() < 0.04:
        name = chance.choice(columns)
        parts = [f"has({name})", f"event.amount > {chance.randint(2, 30)} * {name}", *parts]
    if chance.random() < 0.05:
        parts.append("event.amount >= t.new_payee_minor")
    return Rule(
        name=f"{chance.choice(FAMILIES)}.bench_{number}",
        owner="bench",
        since=SINCE,
        action=chance.choice(list(Action)),
        reason="A rule that fills a benchmark.",
        when=" && ".join(parts),
        hit={},
        miss={},
        kinds=tuple(sorted(chance.sample(_KINDS, 2))) if chance.random() < 0.1 else (),
    )


def _number(chance: random.Random, columns: Sequence[str]) -> str:
    name = chance.choice(columns)
    entity, _, word = name.rpartition(".")
    always = entity == "account" and word.startswith(("count", "sum", "distinct"))
    return _bound(name, word, chance) if always else f"has({name}) && {_bound(name, word, chance)}"


def _bound(name: str, word: str, chance: random.Random) -> str:
    if word.startswith(("age", "since")):
        return f"{name} < {round(chance.uniform(*_AGE))}"
    if "share" in word:
        return f"{name} > {chance.uniform(*_SHARE):.4f}"
    if "ratio" in word:
        return f"{name} >= {chance.uniform(*_RATIO):.3f}"
    if any(part in word for part in ("sum", "mean", "max", "spread")):
        return f"{name} > {chance.randint(100_000, 90_000_000)}"
    return f"{name} >= {chance.randint(8, 400)}"


def _text(chance: random.Random) -> str:
    letters = "0123456789abcdef"
    name = "".join(chance.choices(letters, k=3))
    made: list[Callable[[], str]] = [
        lambda: f"event.kind == '{chance.choice(_KINDS)}'",
        lambda: f"event.kind in {sorted(chance.sample(_KINDS, 3))}",
        lambda: f"event.channel in {sorted(chance.sample(_CHANNELS, 2))}",
        lambda: f"event.network.startsWith('10.{chance.randint(0, 255)}.')",
        lambda: f"event.merchant.endsWith('{name}')",
        lambda: f"event.payee in ['{name}1', '{name}2', '{name}3', '{name}4']",
        lambda: f"!('{chance.choice(('otp', 'pin'))}' in event.proofs)",
        lambda: f"event.channel != '{chance.choice(_CHANNELS)}'",
    ]
    return chance.choice(made)()
