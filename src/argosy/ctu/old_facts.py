"""The facts that rules may name, and how they are read from memory for one operation.

Reading changes nothing. Windows end now, and the operation that is judged counts in them together with
those in flight: judged, but not yet known to have been made or not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from argosy.base.ports import Operation
from argosy.ctu.old_history import DAY_MS, HOUR_MS, MINUTE_MS, Account, Crowd, mark

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "amount_minor": "what the operation is about, in minor units",
        "account_count_1m": "operations of this account within a minute, this one included",
        "account_count_10m": "... within ten minutes",
        "account_count_1h": "... within an hour",
        "account_count_24h": "... within a day",
        "account_sum_1m": "minor units of this account within a minute, this operation included",
        "account_sum_10m": "... within ten minutes",
        "account_sum_1h": "... within an hour",
        "account_sum_24h": "... within a day",
        "device_count_1m": "operations from this device within a minute, for whichever account",
        "device_count_10m": "... within ten minutes",
        "device_count_1h": "... within an hour",
        "device_count_24h": "... within a day",
        "device_sum_1m": "minor units from this device within a minute, for whichever account",
        "device_sum_10m": "... within ten minutes",
        "device_sum_1h": "... within an hour",
        "device_sum_24h": "... within a day",
        "device_age": "seconds since this account first paid from this device; 0 for the first time",
        "device_parties": "accounts that ever paid from this device, this one included",
        "payee_new": "this account never paid this payee before",
        "account_age": "seconds since the account was opened",
        "habit_count": "operations this account has made in all",
        "amount_distance": "how many spreads the amount lies above this account's mean amount",
        "hours_count": "operations whose hour of the day is known",
        "hour_share": "share of this account's operations within an hour of this time of the day",
        "payee_age": "seconds since the payee's account was opened",
        "payee_payers_24h": "accounts that paid this payee within a day, this one included",
        "network_parties_24h": "accounts that paid from this network within a day, this one included",
    }
)

WINDOWS = (("1m", MINUTE_MS), ("10m", 10 * MINUTE_MS), ("1h", HOUR_MS), ("24h", DAY_MS))
_NAMES = {
    who: tuple((f"{who}_count_{name}", f"{who}_sum_{name}", span) for name, span in WINDOWS)
    for who in ("account", "device")
}
SPREAD_SHARE_MIN = 0.25
"""A spread is at least this share of the mean, so that who always pays the same may pay a bit more."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What memory holds around one operation.

    `device_first_ms` is None where this account never paid from the device; `others` are the further
    accounts seen on it. `flying` and `device_flying` are (count, minor) of what is in flight.
    """

    account: Account
    payee: UUID | None
    payee_first_ms: int | None
    device_first_ms: int | None
    device_parties: int
    others: Sequence[Account]
    payee_crowd: Crowd | None
    network_crowd: Crowd | None
    flying: tuple[int, int]
    device_flying: tuple[int, int]


def read(
    operation: Operation, scene: Scene, now_ms: int, expected: frozenset[str], outgoing: bool
) -> dict[str, float | bool | None]:
    """The facts for `operation`. None is missing though it was expected; what has no meaning for the
    operation is not in the answer at all."""
    facts: dict[str, float | bool | None] = {"amount_minor": operation.money.minor}
    if not outgoing:
        if "from" in operation.facts:
            _payers(facts, operation.party, operation.facts.get("opened_at"), scene, now_ms)
        return facts
    minor = operation.money.minor
    account = scene.account
    mine = [account.within(now_ms - span) for _, span in WINDOWS]
    _windows(facts, "account", mine, scene.flying, minor)
    if operation.device is not None:
        seen = _by_device(scene, mark(operation.device), now_ms, mine)
        _windows(facts, "device", seen, scene.device_flying, minor)
        first = scene.device_first_ms
        facts["device_age"] = 0 if first is None else max(0, now_ms - first) // 1000
        facts["device_parties"] = scene.device_parties + (first is None)
    elif "device" in expected:
        facts.update(_NO_DEVICE)
    if scene.payee is not None:
        facts["payee_new"] = scene.payee_first_ms is None
    opened = opened_ms(operation.party, operation.facts.get("opened_at"))
    facts["account_age"] = None if opened is None else max(0, now_ms - opened) // 1000
    _habit(facts, account, minor, now_ms)
    _company(facts, operation, scene, now_ms, expected)
    return facts


_NO_DEVICE = dict.fromkeys(name for name in FACTS if name.startswith("device_"))


def _windows(
    facts: dict[str, float | bool | None],
    who: str,
    seen: list[tuple[int, int]],
    flying: tuple[int, int],
    minor: int,
) -> None:
    for (count_name, sum_name, _), (count, total) in zip(_NAMES[who], seen, strict=True):
        facts[count_name] = count + flying[0] + 1
        facts[sum_name] = total + flying[1] + minor


def _by_device(
    scene: Scene, device: int, now_ms: int, mine: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    if not scene.others and scene.account.one_device() == device:
        return mine
    sums = [(0, 0)] * len(WINDOWS)
    for account in (scene.account, *scene.others):
        only = account.one_device()
        if only is not None and only != device:
            continue
        for n, (_, span) in enumerate(WINDOWS):
            since = now_ms - span
            more = account.within(since) if only == device else account.within_by(since, device)
            sums[n] = (sums[n][0] + more[0], sums[n][1] + more[1])
    return sums


def _habit(
    facts: dict[str, float | bool | None], account: Account, minor: int, now_ms: int
) -> None:
    count = account.count
    facts["habit_count"] = facts["hours_count"] = count
    if not count or account.hours is None:
        facts["amount_distance"] = facts["hour_share"] = None
        return
    mean = account.total / count
    variance = max(0.0, account.squares / count - mean * mean)
    spread = max(math.sqrt(variance), SPREAD_SHARE_MIN * mean)
    facts["amount_distance"] = (minor - mean) / spread if spread else None
    hour = now_ms // HOUR_MS % 24
    hours = account.hours
    facts["hour_share"] = (hours[hour] + hours[hour - 1] + hours[(hour + 1) % 24]) / count


def _company(
    facts: dict[str, float | bool | None],
    operation: Operation,
    scene: Scene,
    now_ms: int,
    expected: frozenset[str],
) -> None:
    if operation.payee is not None and operation.payee_kind != "merchant":
        told = operation.facts.get("payee_opened_at")
        _payers(facts, operation.payee, told, scene, now_ms, mark(operation.party))
    if scene.network_crowd is not None:
        facts["network_parties_24h"] = scene.network_crowd.within_day(now_ms, mark(operation.party))
    elif operation.network is None and "network" in expected:
        facts["network_parties_24h"] = None


def _payers(
    facts: dict[str, float | bool | None],
    payee: UUID,
    told: object,
    scene: Scene,
    now_ms: int,
    payer: int | None = None,
) -> None:
    opened = opened_ms(payee, told)
    if opened is None:
        facts["payee_age"] = facts["payee_payers_24h"] = None
    else:
        facts["payee_age"] = max(0, now_ms - opened) // 1000
    if scene.payee_crowd is not None:
        facts["payee_payers_24h"] = scene.payee_crowd.within_day(now_ms, payer)


def opened_ms(party: UUID, told: object) -> int | None:
    """When a party was opened: as it was told (a datetime), else from its id where that has a time in
    it; None where nobody can know."""
    if isinstance(told, datetime):
        return round(told.timestamp() * 1000)
    return party.int >> 80 if party.version == 7 else None
