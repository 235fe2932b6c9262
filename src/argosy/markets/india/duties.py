"""What India asks of a wallet beyond limits and prices: bank days, receipts, deadlines, reports, sleep."""

from __future__ import annotations

from datetime import date

from argosy.base.duties import (
    SUNDAY,
    Calendar,
    CashPoint,
    Dormancy,
    MoneyBack,
    Report,
    TaxField,
)
from argosy.base.markets import Fact, Standing, holiday
from argosy.markets.india.documents import GSTIN
from argosy.markets.india.limits import inr

SATURDAY_NTH = frozenset({(5, 2), (5, 4)})
TAT_2019 = date(2019, 10, 15)
PMLA_2005 = date(2005, 7, 1)
GST_2017 = date(2017, 7, 1)
HOUSE = date(2021, 8, 27)


# Only the three days on which banks are closed in the whole country; the states add their own.
CALENDAR = Calendar(
    holidays=tuple(
        holiday(date(year, month, day), name, "national-holidays")
        for year in (2026, 2027)
        for month, day, name in (
            (1, 26, "Republic Day"),
            (8, 15, "Independence Day"),
            (10, 2, "Gandhi Jayanti"),
        )
    ),
    rest=frozenset({SUNDAY}),
    rest_nth=SATURDAY_NTH,
)


def _back(product: str, days: int) -> Fact[MoneyBack]:
    return Fact(MoneyBack(product, days, day_fine_minor=inr(100)), TAT_2019, "failed-payments")


MONEY_BACK = (
    _back("send", 1),
    _back("pay", 5),
    _back("top_up", 1),
    _back("withdraw", 1),
    _back("request", 1),
)

REPORTS = (
    Fact(
        Report("cash", "FIU-IND", inr(1_000_000), "month", month_day=15, form="CTR"),
        PMLA_2005,
        "reports",
    ),
    Fact(
        Report("suspicious", "FIU-IND", due_days=7, business=True, form="STR"),
        PMLA_2005,
        "reports-suspicious",
        standing=Standing.UNVERIFIED,
    ),
)

TAX_FIELDS = (
    Fact(TaxField("gstin", "GSTIN", GSTIN.example, GSTIN, needed=True), GST_2017, "gst-invoice"),
    Fact(
        TaxField("customer_gstin", "GSTIN of the recipient", GSTIN.example, GSTIN, of="customer"),
        GST_2017,
        "gst-invoice",
    ),
)

CASH_POINTS = (
    Fact(CashPoint("agent", document_from_minor=inr(50_000)), HOUSE, "house-cash", None,
         Standing.PRACTICE),
    Fact(CashPoint("bank_mitra"), HOUSE, "house-cash", None, Standing.PRACTICE),
)  # fmt: skip

DORMANCY: tuple[Fact[Dormancy | None], ...] = (
    Fact(Dormancy(365, notice_days=45), HOUSE, "sleep", standing=Standing.UNVERIFIED),
)
