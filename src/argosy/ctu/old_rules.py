"""The rules of the first brain: one table, read from top to bottom.

A condition is comparisons of named facts joined by `and`; what a fact is compared with is a number or
a threshold of the policy. Each rule carries an example that it hits and one that it misses; a test
runs both. A rule holds for every kind of operation, products to come included, but those in `besides`.

A fact that is missing makes a comparison neither true nor false: if nothing else decides, the rule is
*unevaluated*, and that is told. A fact that has no meaning for an operation (the payee of a top-up)
makes it false.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argosy.base.ports import Decision, Hit
from argosy.base.refusals import must
from argosy.ctu.old_facts import FACTS

Facts = Mapping[str, float | bool | None]

CHALLENGE, REVIEW, DENY = Decision.CHALLENGE, Decision.REVIEW, Decision.DENY

# A refund is a merchant's trade, and nobody can be asked for a code when money that waited is claimed.
TRADE = frozenset({"refund"})
UNASKED = frozenset({"refund", "claim"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `hit` and `miss` are facts that must and must not meet the condition,
    with the policy's own thresholds for India."""

    name: str
    condition: str
    decision: Decision
    why: str
    hit: Facts
    miss: Facts
    besides: frozenset[str] = TRADE


# fmt: off
RULES: tuple[Rule, ...] = (
    # --- how often, how much ---------------------------------------------------------------------
    Rule("account_flood", "account_count_1m > account_1m_flood", DENY,
         "No person pays once a second for a minute: a program does.",
         hit={"account_count_1m": 61}, miss={"account_count_1m": 60}, besides=frozenset()),
    Rule("account_many_1m", "account_count_1m > account_1m_many", CHALLENGE,
         "More payments in a minute than fingers manage.",
         hit={"account_count_1m": 11}, miss={"account_count_1m": 10}),
    Rule("account_many_10m", "account_count_10m > account_10m_many", CHALLENGE,
         "A busy ten minutes; the person should show that it is them.",
         hit={"account_count_10m": 31}, miss={"account_count_10m": 30}),
    Rule("account_many_1h", "account_count_1h > account_1h_many", CHALLENGE,
         "A busy hour; the person should show that it is them.",
         hit={"account_count_1h": 91}, miss={"account_count_1h": 90}),
    Rule("account_many_24h", "account_count_24h > account_24h_many", REVIEW,
         "A day of payments without a pause is a business or a mule.",
         hit={"account_count_24h": 301}, miss={"account_count_24h": 300}),
    Rule("account_much_1h", "account_sum_1h > account_1h_minor", CHALLENGE,
         "Much money leaves one account within an hour.",
         hit={"account_sum_1h": 10_000_001}, miss={"account_sum_1h": 10_000_000}),
    Rule("account_much_24h", "account_sum_24h > account_24h_minor", REVIEW,
         "An account is being emptied within a day.",
         hit={"account_sum_24h": 20_000_001}, miss={"account_sum_24h": 20_000_000}),
    Rule("device_flood", "device_count_1m > device_1m_flood", DENY,
         "One device pays as no hand can, for one account or for many.",
         hit={"device_count_1m": 91}, miss={"device_count_1m": 90}, besides=frozenset()),
    Rule("device_many_1m", "device_count_1m > device_1m_many", CHALLENGE,
         "More payments from one device in a minute than fingers manage.",
         hit={"device_count_1m": 16}, miss={"device_count_1m": 15}),
    Rule("device_much_1h", "device_sum_1h > device_1h_minor", CHALLENGE,
         "Much money leaves through one device within an hour.",
         hit={"device_sum_1h": 15_000_001}, miss={"device_sum_1h": 15_000_000}),
    Rule("device_much_24h", "device_sum_24h > device_24h_minor", REVIEW,
         "One device empties accounts within a day.",
         hit={"device_sum_24h": 30_000_001}, miss={"device_sum_24h": 30_000_000}),
    # --- what is new -----------------------------------------------------------------------------
    Rule("new_device_large",
         "device_age < new_device_seconds and amount_minor >= new_device_minor", CHALLENGE,
         "A device this account began to use today, and it asks for a large amount.",
         hit={"device_age": 0, "amount_minor": 500_000},
         miss={"device_age": 90_000, "amount_minor": 500_000}),
    Rule("new_payee_large", "payee_new and amount_minor >= new_payee_minor", CHALLENGE,
         "A large amount to somebody this account never paid before.",
         hit={"payee_new": True, "amount_minor": 500_000},
         miss={"payee_new": True, "amount_minor": 499_999}),
    Rule("new_device_new_payee",
         "payee_new and device_age < new_device_seconds and amount_minor >= new_both_minor", REVIEW,
         "A new device sends very much to a new payee: this is how an account is taken over.",
         hit={"payee_new": True, "device_age": 60, "amount_minor": 2_500_000},
         miss={"payee_new": False, "device_age": 60, "amount_minor": 2_500_000}),
    Rule("young_account_large", "account_age < young_seconds and amount_minor >= young_minor",
         CHALLENGE, "An account opened today moves a large amount.",
         hit={"account_age": 3_600, "amount_minor": 2_000_000},
         miss={"account_age": 86_400, "amount_minor": 2_000_000}),
    Rule("young_account_very_large",
         "account_age < young_seconds and amount_minor >= young_large_minor", REVIEW,
         "An account opened today passes on what no newcomer has.",
         hit={"account_age": 3_600, "amount_minor": 7_500_000},
         miss={"account_age": 3_600, "amount_minor": 7_499_999}),
    # --- what is unusual for this person -----------------------------------------------------------
    Rule("amount_above_habit",
         "habit_count >= habit_known and amount_distance > habit_distance"
         " and amount_minor >= habit_minor", CHALLENGE,
         "Far more than this person has ever been used to pay.",
         hit={"habit_count": 5, "amount_distance": 4.1, "amount_minor": 200_000},
         miss={"habit_count": 4, "amount_distance": None, "amount_minor": 200_000}),
    Rule("unusual_hour",
         "hours_count >= hours_known and hour_share < rare_share and amount_minor >= hour_minor",
         CHALLENGE, "This person never pays at this time of the day, and now it is much.",
         hit={"hours_count": 20, "hour_share": 0.0, "amount_minor": 500_000},
         miss={"hours_count": 20, "hour_share": 0.05, "amount_minor": 500_000}),
    # --- who else is there ---------------------------------------------------------------------------
    Rule("device_shared", "device_parties > device_shared", CHALLENGE,
         "More people on one device than a family has.",
         hit={"device_parties": 5}, miss={"device_parties": 4}),
    Rule("device_farm", "device_parties > device_farm", REVIEW,
         "One device works for a crowd of accounts.",
         hit={"device_parties": 11}, miss={"device_parties": 10}),
    Rule("many_payers_young_account",
         "payee_age < payee_young_seconds and payee_payers_24h >= payers_many", CHALLENGE,
         "Many people pay into an account that has just been opened.",
         hit={"payee_age": 3_600, "payee_payers_24h": 12},
         miss={"payee_age": 700_000, "payee_payers_24h": 12}, besides=UNASKED),
    Rule("crowd_pays_young_account",
         "payee_age < payee_young_seconds and payee_payers_24h >= payers_crowd", REVIEW,
         "A crowd pays into an account that has just been opened: a collecting account.",
         hit={"payee_age": 3_600, "payee_payers_24h": 30},
         miss={"payee_age": 3_600, "payee_payers_24h": 29}),
    Rule("crowded_network",
         "network_parties_24h >= network_crowd and account_age < network_young_seconds"
         " and amount_minor >= network_minor", CHALLENGE,
         "Many accounts behind one network address, this one is new, and it is no small sum. Small"
         " sums pass: whole towns of mobile phones share an address, and on a first day all are new.",
         hit={"network_parties_24h": 30, "account_age": 3_600, "amount_minor": 100_000},
         miss={"network_parties_24h": 30, "account_age": 3_600, "amount_minor": 99_999}),
)
# fmt: on

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_ABSENT = object()

Test = tuple[str, Callable[[Any, Any], bool], float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of some facts: every hit, and the names of rules that could not be judged."""

    hits: tuple[Hit, ...]
    unevaluated: tuple[str, ...]


class RuleSet:
    """The rules for one kind of operation with their thresholds filled in.

    Raises `Bug` where a rule names a fact or a threshold that nobody knows.
    """

    def __init__(
        self, rules: Sequence[Rule], bounds: Mapping[str, float], kind: str | None = None
    ) -> None:
        self._rules = [
            (rule, tuple(_read(part, rule, bounds) for part in rule.condition.split(" and ")))
            for rule in rules
            if kind not in rule.besides
        ]
        spelled = repr(
            [(r.name, t, r.decision) for r, tests in self._rules for t in [_spell(tests)]]
        )
        self.version = "rules-" + hashlib.blake2b(spelled.encode(), digest_size=4).hexdigest()

    def judge(self, facts: Facts) -> Judgement:
        """Every rule on `facts`; a fact that is None is missing, one that is not there is absent."""
        hits: list[Hit] = []
        unevaluated: list[str] = []
        read = facts.get
        for rule, tests in self._rules:
            missing = False
            for name, holds, bound in tests:
                value = read(name, _ABSENT)
                if value is None:
                    missing = True
                elif value is _ABSENT or not holds(value, bound):
                    break
            else:
                if missing:
                    unevaluated.append(rule.name)
                else:
                    hits.append(Hit(rule.name, rule.decision, {n: facts[n] for n, _, _ in tests}))
        return Judgement(tuple(hits), tuple(unevaluated))


def _read(part: str, rule: Rule, bounds: Mapping[str, float]) -> Test:
    words = part.split()
    must(words[0] in FACTS, "a rule reads a fact that nobody knows", rule=rule.name, part=part)
    if len(words) == 1:
        return words[0], operator.ge, 1
    must(len(words) == 3 and words[1] in _SIGNS, "not a comparison", rule=rule.name, part=part)
    if words[2] in bounds:
        return words[0], _SIGNS[words[1]], bounds[words[2]]
    must(_is_number(words[2]), "a threshold that nobody knows", rule=rule.name, part=part)
    return words[0], _SIGNS[words[1]], float(words[2])


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdigit()


def _spell(tests: Sequence[Test]) -> list[tuple[str, str, float]]:
    return [(name, holds.__name__, bound) for name, holds, bound in tests]
