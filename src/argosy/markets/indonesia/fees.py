"""What things cost in Indonesia: the central bank's prices of QRIS by class of merchant, and our own.

The buyer never pays for QRIS. A shop that signs itself up is taken for a micro business until its
turnover says otherwise. Prices are whole rupiah, rounded down.
"""

from __future__ import annotations

from datetime import date

from argosy.base.markets import Fact, Fee, FeeRule, Standing

PANDEMIC_2020 = date(2020, 4, 1)
MDR_2023 = date(2023, 7, 1)
MICRO_2023 = date(2023, 9, 1)
MICRO_2024 = date(2024, 12, 1)
PUBLIC_2025 = date(2025, 3, 15)
OPENING = date(2021, 12, 21)
AGENTS = date(2026, 11, 22)

RUPIAH = 100
FREE = Fee()

AGENT_IN = Fee(flat_minor=1_000 * RUPIAH)
AGENT_OUT = Fee(flat_minor=2_500 * RUPIAH)


def _qris(basis_points: int, free_to_rupiah: int = 0) -> Fee:
    return Fee(
        basis_points=basis_points,
        paid_by="payee",
        free_to_minor=free_to_rupiah * RUPIAH,
        step_minor=RUPIAH,
        back_on_refund=True,
    )


def _law(payee_class: str | None, fee: Fee, since: date, source: str) -> FeeRule:
    return FeeRule("pay", Fact(fee, since, source), payee_class)


def _unverified(payee_class: str, fee: Fee, since: date, source: str) -> FeeRule:
    fact = Fact(fee, since, source, standing=Standing.UNVERIFIED)
    return FeeRule("pay", fact, payee_class)


def _house(product: str, fee: Fee) -> FeeRule:
    return FeeRule(product, Fact(fee, OPENING, "house-prices", standing=Standing.PRACTICE))


def _micro(payee_class: str | None) -> tuple[FeeRule, ...]:
    return (
        _law(payee_class, FREE, PANDEMIC_2020, "qris-mdr-2023"),
        _law(payee_class, _qris(30), MDR_2023, "qris-mdr-2023"),
        _law(payee_class, _qris(30, 100_000), MICRO_2023, "qris-mdr-2023"),
        _law(payee_class, _qris(30, 500_000), MICRO_2024, "qris-mdr-2024"),
    )


def _earned(product: str, fee: Fee) -> FeeRule:
    fact = Fact(fee, AGENTS, "house-agents", standing=Standing.PRACTICE)
    return FeeRule(f"{product}.commission", fact)


FEES = (
    *_micro(None),
    *_micro("micro"),
    *(
        _law(payee_class, _qris(70), MDR_2023, "qris-mdr-2023")
        for payee_class in ("small", "medium", "large")
    ),
    _law("education", _qris(60), MDR_2023, "qris-mdr-2023"),
    _law("fuel", _qris(40), MDR_2023, "qris-mdr-2023"),
    _law("public_service", _qris(40), MDR_2023, "qris-mdr-2023"),
    _unverified("public_service", FREE, PUBLIC_2025, "qris-mdr-2025"),
    *(
        _law(payee_class, FREE, MDR_2023, "qris-mdr-2023")
        for payee_class in ("government", "donation")
    ),
    _house("send", FREE),
    _house("request", FREE),
    _house("top_up", FREE),
    _house("cash_in", FREE),
    FeeRule("withdraw", Fact(Fee(flat_minor=2_500 * RUPIAH), OPENING, "bi-fast")),
    _house("cash_out", Fee(flat_minor=5_000 * RUPIAH)),
    _earned("cash_in", AGENT_IN),
    _earned("cash_out", AGENT_OUT),
)
