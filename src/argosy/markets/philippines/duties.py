"""What the Philippines ask of a wallet beyond limits and prices: bank days, receipts, reports, sleep."""

from __future__ import annotations

from datetime import date

from argosy.base.duties import Calendar, CashPoint, Dormancy, MoneyBack, Report, TaxField
from argosy.base.markets import Fact, Standing, holiday
from argosy.markets.philippines.documents import TIN
from argosy.markets.philippines.limits import php

HOUSE = date(2023, 3, 2)
AMLA_2003 = date(2003, 3, 23)
EOPT_2024 = date(2024, 4, 27)


_PROCLAIMED = (
    (1, 1, "New Year's Day"),
    (2, 17, "Chinese New Year"),
    (4, 2, "Maundy Thursday"),
    (4, 3, "Good Friday"),
    (4, 4, "Black Saturday"),
    (4, 9, "Araw ng Kagitingan"),
    (5, 1, "Labor Day"),
    (6, 12, "Independence Day"),
    (8, 21, "Ninoy Aquino Day"),
    (8, 31, "National Heroes Day"),
    (11, 1, "All Saints' Day"),
    (11, 2, "All Souls' Day"),
    (11, 30, "Bonifacio Day"),
    (12, 8, "Immaculate Conception"),
    (12, 24, "Christmas Eve"),
    (12, 25, "Christmas Day"),
    (12, 30, "Rizal Day"),
    (12, 31, "Last Day of the Year"),
)
# By Republic Act 9492 the same every year, or following Easter (28 March 2027).
_BY_LAW_2027 = (
    (1, 1, "New Year's Day"),
    (3, 25, "Maundy Thursday"),
    (3, 26, "Good Friday"),
    (4, 9, "Araw ng Kagitingan"),
    (5, 1, "Labor Day"),
    (6, 12, "Independence Day"),
    (8, 30, "National Heroes Day"),
    (11, 1, "All Saints' Day"),
    (11, 30, "Bonifacio Day"),
    (12, 8, "Immaculate Conception"),
    (12, 25, "Christmas Day"),
    (12, 30, "Rizal Day"),
    (12, 31, "Last Day of the Year"),
)
CALENDAR = Calendar(
    holidays=(
        *(
            holiday(date(2026, month, day), name, "holidays-2026")
            for month, day, name in _PROCLAIMED
        ),
        holiday(date(2026, 3, 20), "Eid'l Fitr", "holidays-eid-fitr", Standing.UNVERIFIED),
        holiday(date(2026, 5, 27), "Eid'l Adha", "holidays-eid-adha"),
        *(
            holiday(date(2027, month, day), name, "holidays-2027", Standing.UNVERIFIED)
            for month, day, name in _BY_LAW_2027
        ),
    ),
    years=(2026,),
)


def _back(product: str) -> Fact[MoneyBack]:
    back = MoneyBack(product, 1, business=True)
    return Fact(back, HOUSE, "house-failed", standing=Standing.PRACTICE)


MONEY_BACK = tuple(_back(product) for product in ("send", "pay", "top_up", "withdraw", "request"))

REPORTS = (
    Fact(
        Report("cash", "AMLC", php(500_000), "day", due_days=5, business=True, form="CTR"),
        AMLA_2003,
        "amla",
    ),
    Fact(
        Report("suspicious", "AMLC", due_days=5, business=True, form="STR"),
        AMLA_2003,
        "amla",
    ),
)

TAX_FIELDS = (
    Fact(TaxField("tin", "TIN", TIN.example, TIN, needed=True), EOPT_2024, "bir-invoice"),
    Fact(
        TaxField("customer_tin", "TIN of the buyer", TIN.example, TIN, of="customer"),
        EOPT_2024,
        "bir-invoice",
    ),
)


def _point(kind: str, *, cash_out: bool = True) -> Fact[CashPoint]:
    point = CashPoint(kind, cash_out=cash_out, document_from_minor=php(5_000))
    return Fact(point, HOUSE, "house-cash", standing=Standing.PRACTICE)


CASH_POINTS = (_point("sari_sari"), _point("pawnshop"), _point("store", cash_out=False))

DORMANCY: tuple[Fact[Dormancy | None], ...] = (
    Fact(Dormancy(365), HOUSE, "house-sleep", standing=Standing.PRACTICE),
)
