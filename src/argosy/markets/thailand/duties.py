"""What Thailand asks of a wallet beyond limits and prices: bank days, receipts, deadlines, reports, sleep."""

from __future__ import annotations

from datetime import date

from argosy.base.duties import Calendar, CashPoint, Dormancy, MoneyBack, Report, TaxField
from argosy.base.markets import Fact, Standing, holiday
from argosy.markets.thailand.documents import BRANCH, TAX_ID
from argosy.markets.thailand.limits import thb

HOUSE = date(2024, 1, 1)
AMLO_2011 = date(2011, 8, 25)
TAX_2014 = date(2014, 1, 1)


_FIXED = (
    (1, 1, "New Year's Day"),
    (4, 6, "Chakri Memorial Day"),
    (4, 13, "Songkran"),
    (4, 14, "Songkran"),
    (4, 15, "Songkran"),
    (5, 4, "Coronation Day"),
    (6, 3, "Queen Suthida's Birthday"),
    (7, 28, "King Vajiralongkorn's Birthday"),
    (8, 12, "Queen Sirikit's Birthday"),
    (10, 13, "King Bhumibol Memorial Day"),
    (10, 23, "Chulalongkorn Day"),
    (12, 10, "Constitution Day"),
    (12, 31, "New Year's Eve"),
)
# Days that follow the moon, and days made up for when a holiday falls on a weekend.
_MOVING = (
    (2026, 3, 3, "Makha Bucha"),
    (2026, 5, 1, "National Labour Day"),
    (2026, 6, 1, "Visakha Bucha (observed)"),
    (2026, 7, 29, "Asarnha Bucha"),
    (2026, 12, 7, "King Bhumibol's Birthday (observed)"),
)
CALENDAR = Calendar(
    holidays=(
        *(
            holiday(date(year, month, day), name, "bank-holidays", Standing.UNVERIFIED)
            for year in (2026, 2027)
            for month, day, name in _FIXED
        ),
        *(
            holiday(date(year, month, day), name, "bank-holidays", Standing.UNVERIFIED)
            for year, month, day, name in _MOVING
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
        Report("cash", "AMLO", thb(2_000_000), due_days=7, form="AML 1-01", kept_years=10),
        AMLO_2011,
        "amlo",
    ),
    Fact(
        Report(
            "cash_electronic", "AMLO", thb(100_000), due_days=7, form="AML 1-05-9", kept_years=10
        ),
        AMLO_2011,
        "amlo",
    ),
    Fact(
        Report("suspicious", "AMLO", due_days=7, form="AML 1-03", kept_years=10),
        AMLO_2011,
        "amlo-deadlines",
        standing=Standing.UNVERIFIED,
    ),
)

TAX_FIELDS = (
    Fact(TaxField("tax_id", "เลขประจำตัวผู้เสียภาษี", TAX_ID.example, TAX_ID, needed=True),
         TAX_2014, "tax-invoice"),
    Fact(TaxField("branch", "สาขา", BRANCH.example, BRANCH), TAX_2014, "tax-invoice"),
    Fact(TaxField("customer_tax_id", "เลขประจำตัวผู้เสียภาษีของผู้ซื้อ", TAX_ID.example, TAX_ID,
                  of="customer"), TAX_2014, "tax-invoice"),
)  # fmt: skip


def _point(kind: str, *, cash_out: bool = True) -> Fact[CashPoint]:
    point = CashPoint(kind, cash_out=cash_out, document_from_minor=thb(50_000))
    return Fact(point, HOUSE, "house-cash", standing=Standing.PRACTICE)


CASH_POINTS = (_point("agent"), _point("store", cash_out=False), _point("kiosk", cash_out=False))

DORMANCY: tuple[Fact[Dormancy | None], ...] = (
    Fact(Dormancy(365), HOUSE, "house-sleep", standing=Standing.PRACTICE),
)
