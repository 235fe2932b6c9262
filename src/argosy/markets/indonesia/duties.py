"""What Indonesia asks of a wallet beyond limits and prices: bank days, receipts, reports, sleep."""

from __future__ import annotations

from datetime import date

from argosy.base.duties import Calendar, CashPoint, Dormancy, MoneyBack, Report, TaxField
from argosy.base.markets import Fact, Standing, holiday
from argosy.markets.indonesia.documents import NITKU, NPWP_15, NPWP_16
from argosy.markets.indonesia.limits import idr

HOUSE = date(2018, 5, 4)
TPPU_2010 = date(2010, 10, 22)
NPWP_OLD = date(2009, 1, 1)
NPWP_2024 = date(2024, 7, 1)


_DECREED = (
    (1, 1, "New Year's Day"),
    (1, 16, "Isra Mi'raj"),
    (2, 16, "Chinese New Year (collective leave)"),
    (2, 17, "Chinese New Year"),
    (3, 18, "Nyepi (collective leave)"),
    (3, 19, "Nyepi"),
    (3, 20, "Idul Fitri (collective leave)"),
    (3, 21, "Idul Fitri"),
    (3, 22, "Idul Fitri"),
    (3, 23, "Idul Fitri (collective leave)"),
    (3, 24, "Idul Fitri (collective leave)"),
    (4, 3, "Good Friday"),
    (4, 5, "Easter"),
    (5, 1, "Labour Day"),
    (5, 14, "Ascension"),
    (5, 15, "Ascension (collective leave)"),
    (5, 27, "Idul Adha"),
    (5, 28, "Idul Adha (collective leave)"),
    (5, 31, "Waisak"),
    (6, 1, "Pancasila Day"),
    (6, 16, "Islamic New Year"),
    (8, 17, "Independence Day"),
    (8, 25, "Birthday of the Prophet"),
    (12, 24, "Christmas (collective leave)"),
    (12, 25, "Christmas"),
)
_SURE_2027 = (
    (1, 1, "New Year's Day"),
    (3, 26, "Good Friday"),
    (5, 1, "Labour Day"),
    (5, 6, "Ascension"),
    (6, 1, "Pancasila Day"),
    (8, 17, "Independence Day"),
    (12, 25, "Christmas"),
)
CALENDAR = Calendar(
    holidays=(
        *(holiday(date(2026, month, day), name, "holidays-2026") for month, day, name in _DECREED),
        *(
            holiday(date(2027, month, day), name, "holidays-2027", Standing.UNVERIFIED)
            for month, day, name in _SURE_2027
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
        Report(
            "cash", "PPATK", idr(500_000_000), "day", due_days=14, business=True, form="goAML LTKT"
        ),
        TPPU_2010,
        "ppatk",
    ),
    Fact(
        Report("suspicious", "PPATK", due_days=3, business=True, form="goAML LTKM"),
        TPPU_2010,
        "ppatk-deadlines",
        standing=Standing.UNVERIFIED,
    ),
    Fact(
        Report("cross_border", "PPATK", due_days=14, business=True, form="goAML LTKL"),
        TPPU_2010,
        "ppatk-deadlines",
        standing=Standing.UNVERIFIED,
    ),
)


def _npwp(of: str) -> tuple[Fact[TaxField], ...]:
    key = "npwp" if of == "merchant" else "customer_npwp"
    needed = of == "merchant"
    return (
        Fact(
            TaxField(key, "NPWP", NPWP_15.example, NPWP_15, of=of, needed=needed),
            NPWP_OLD,
            "npwp",
            until=NPWP_2024,
        ),
        Fact(
            TaxField(key, "NPWP", NPWP_16.example, NPWP_16, of=of, needed=needed), NPWP_2024, "npwp"
        ),
    )


TAX_FIELDS = (
    *_npwp("merchant"),
    Fact(TaxField("nitku", "NITKU", NITKU.example, NITKU), NPWP_2024, "npwp"),
    *_npwp("customer"),
)


def _point(kind: str, *, cash_out: bool = True) -> Fact[CashPoint]:
    point = CashPoint(kind, cash_out=cash_out, document_from_minor=idr(5_000_000))
    return Fact(point, HOUSE, "house-cash", standing=Standing.PRACTICE)


CASH_POINTS = (_point("agent"), _point("warung", cash_out=False), _point("minimarket"))

DORMANCY: tuple[Fact[Dormancy | None], ...] = (
    Fact(Dormancy(365), HOUSE, "house-sleep", standing=Standing.PRACTICE),
)
