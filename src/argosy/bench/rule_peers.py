"""The same rules through engines that others wrote: zen-engine and cel-python, on a sample.

Neither is a part of Argosy at work; zen-engine is installed for benchmarks alone. Each is given the
rules in its own best form, ready compiled: zen-engine one decision table, which reads its input once;
cel-python a program a rule. What they find is compared with what our rules find.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.cel import Node, parse
from argosy.ctu.events import Event
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Rule

FIELDS = ("kind", "market", "currency", "channel", "account", "device", "session", "payee",
          "merchant", "network", "phone", "instrument")  # fmt: skip
_SIGNS = {"&&": "and", "||": "or", "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
          "in": "in", "+": "+", "-": "-", "*": "*", "/": "/", "%": "%"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """What one engine needs for one rule on one event, in microseconds, and on how many pairs of rule
    and event it disagrees with us."""

    micros: float
    rules: int
    events: int
    disagreements: int


def told(event: Event, facts: NDArray[np.float64], rules: RuleSet) -> dict[str, Any]:
    """What an engine is told of an event: a nested dictionary, what is missing left out."""
    found: dict[str, Any] = {
        "event": {},
        "t": rules.thresholds.holding(event.market, event.currency),
    }
    for name, value in zip(rules.vocabulary.columns, facts.tolist(), strict=True):
        entity, _, word = name.partition(".")
        if not math.isnan(value):
            found.setdefault(entity, {})[word] = value
    own = found["event"]
    own.update({name: getattr(event, name) for name in FIELDS if getattr(event, name) is not None})
    own.update(event.attributes)
    own["amount"] = float(event.amount)
    own["proofs"] = sorted(event.proofs)
    return found


def zen_engine(rules: RuleSet, events: Sequence[Event], facts: NDArray[np.float64]) -> Peer:
    """All of `rules` as one decision table that collects."""
    zen = import_module("zen")
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "in", "name": "condition", "field": ""}],
        "outputs": [{"id": "out", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": str(n), "in": _zen(rule), "out": str(n)} for n, rule in enumerate(rules.rules)
        ],
    }
    place = {"x": 0, "y": 0}
    nodes = [
        {"id": "a", "type": "inputNode", "name": "in", "position": place},
        {
            "id": "b",
            "type": "decisionTableNode",
            "name": "rules",
            "position": place,
            "content": table,
        },
        {"id": "c", "type": "outputNode", "name": "out", "position": place},
    ]
    edges = [
        {"id": "ab", "sourceId": "a", "targetId": "b", "type": "edge"},
        {"id": "bc", "sourceId": "b", "targetId": "c", "type": "edge"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    inputs = [told(event, row, rules) for event, row in zip(events, facts, strict=True)]
    decision.evaluate(inputs[0])  # it compiles what it meets for the first time
    seconds, found = 0.0, []
    for one in inputs:
        start = time.perf_counter()
        said = decision.evaluate(one)["result"]
        seconds += time.perf_counter() - start
        found.append({rules.rules[int(hit["rule"])].name for hit in said or ()})
    return _peer(rules, events, facts, seconds, found)


def cel_python(rules: RuleSet, events: Sequence[Event], facts: NDArray[np.float64]) -> Peer:
    """A compiled program for each rule."""
    celpy = import_module("celpy")
    environment = celpy.Environment()
    programs = [environment.program(environment.compile(_cel(rule))) for rule in rules.rules]
    seconds, found = 0.0, []
    for event, row in zip(events, facts, strict=True):
        one = {name: celpy.json_to_cel(part) for name, part in told(event, row, rules).items()}
        hits = set()
        start = time.perf_counter()
        for rule, program in zip(rules.rules, programs, strict=True):
            try:
                if program.evaluate(one):
                    hits.add(rule.name)
            except celpy.CELEvalError:  # a value that is missing
                continue
        seconds += time.perf_counter() - start
        found.append(hits)
    return _peer(rules, events, facts, seconds, found)


def _peer(
    rules: RuleSet,
    events: Sequence[Event],
    facts: NDArray[np.float64],
    seconds: float,
    found: list[set[str]],
) -> Peer:
    ours = [{hit.rule for hit in (*said.hits, *said.shadow)} for said in rules.judge(events, facts)]
    wrong = sum(len(a ^ b) for a, b in zip(ours, found, strict=True))
    pairs = len(events) * len(rules.rules)
    return Peer(seconds / pairs * 1e6, len(rules.rules), len(events), wrong)


# --- from CEL to the words of others ---------------------------------------------------------------------


def _cel(rule: Rule) -> str:
    return " && ".join([*_scope(rule, "event.kind in {}"), f"({rule.when})"])


def _zen(rule: Rule) -> str:
    return " and ".join([*_scope(rule, "event.kind in {}"), f"({_spell(parse(rule.when))})"])


def _scope(rule: Rule, form: str) -> list[str]:
    return [form.format(list(rule.kinds))] if rule.kinds else []


def _spell(node: Node) -> str:
    """`node` in zen-engine's expression language."""
    args = [_spell(arg) for arg in node.args]
    if node.op == "literal":
        return _literal(node.value)
    if node.op == "name":
        return str(node.value)
    if node.op == "list":
        return f"[{', '.join(args)}]"
    if node.op == "!":
        return f"not ({args[0]})"
    if node.op == "call":
        return f"({args[0]} != null)" if node.value == "has" else f"{node.value}({', '.join(args)})"
    return f"({args[0]} {_SIGNS[node.op]} {args[1]})"


def _literal(value: Mapping[str, Any] | str | float | bool | None) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"'{value}'" if isinstance(value, str) else repr(value)
