"""Every sort of currency, the smallest and the largest amounts, and totals near the end of 64 bits."""

from __future__ import annotations

import pytest

from argosy.base.ids import named
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.store import Database
from tests.base.ledger.tables import Trade, minor

CURRENCIES = """
open  yen.cash    JPY debit floor none
open  yen.anita   JPY ceiling 1000
open  dinar.cash  KWD debit floor none
open  dinar.anita KWD ceiling 1.000
open  rupee.cash  INR debit floor none
open  rupee.anita INR ceiling 10.00

post  y1 yen.cash   yen.anita   1000               created
post  y2 yen.cash   yen.anita      1               ceiling_exceeded
post  y3 yen.anita  yen.cash       1               created
post  d1 dinar.cash dinar.anita 1.000              created
post  d2 dinar.cash dinar.anita 0.001              ceiling_exceeded
post  d3 dinar.anita dinar.cash 0.001              created
post  r1 rupee.cash rupee.anita 10.00              created
post  r2 rupee.cash rupee.anita  0.01              ceiling_exceeded
post  r3 rupee.anita rupee.cash  0.01              created
hold  d4 dinar.anita dinar.cash 0.500              created
take  e4 d4 0.499 currency=KWD                     created=0.499
post  x1 yen.anita rupee.anita     1               currency_differs
post  x2 dinar.anita yen.anita 0.001               currency_differs
post  x3 yen.anita  yen.cash       1 currency=INR  currency_differs
check yen.anita 999
check dinar.anita 0.500
check rupee.anita 9.99
"""

SMALLEST_AND_LARGEST = """
open  cash debit floor none
open  deep ceiling none
post  a cash deep              0.01     created
post  b cash deep 10000000000000.00     created
check deep 10000000000000.01
post  c deep cash 10000000000000.00     created
check deep              0.01
post  d deep cash              0.02     insufficient_funds
hold  e cash deep 10000000000000.00     created
take  f e         10000000000000.00     created
check deep 10000000000000.01
"""

# 2^62 is 4611 times the largest amount, and less than once more.
NEAR_THE_END = """
open  cash debit floor none
open  deep ceiling none
pour  fill cash deep 10000000000000.00 times 4611
check deep 46110000000000000.00
post  b cash deep 10000000000000.00    total_overflow
hold  b cash deep 10000000000000.00    total_overflow
group
  hold b cash deep          0.01       group_refused
  post c cash deep 9999999999999.99    total_overflow
post  c deep cash              0.01    created
"""


@pytest.mark.parametrize("table", [CURRENCIES, SMALLEST_AND_LARGEST], ids=["currencies", "amounts"])
async def test_the_table(table: str, trade: Trade, db: Database):
    await trade.run(table)
    report = await verify(db)
    assert report.sound, report.text()


async def test_the_end_of_the_totals(trade: Trade, ledger: Ledger, db: Database):
    """The last unit below 2^62 fits, the next one does not; nothing is rounded on the way."""
    await trade.run(NEAR_THE_END)
    room = 2**62 - 1 - 4611 * 10**15
    filling = Transfer(named("", "a"), trade.id("cash"), trade.id("deep"), room, "INR", "fill")
    more = Transfer(named("", "z"), trade.id("cash"), trade.id("deep"), 1, "INR", "fill")
    [made, refused] = await ledger.post([filling, more])
    assert isinstance(made, Posted)
    assert refused.code == "total_overflow"
    deep = await ledger.account(trade.id("deep"))
    assert deep is not None
    assert (deep.credits_posted, deep.debits_posted) == (2**62 - 1, 1)
    report = await verify(db)
    assert report.sound, report.text()
    assert report.checked["transfers"] == 4613


def test_amounts_are_written_with_the_decimals_of_their_currency():
    assert [minor("1", "JPY"), minor("1.00", "INR"), minor("1.000", "KWD")] == [1, 100, 1000]
    with pytest.raises(AssertionError, match="decimals"):
        minor("1.00", "JPY")
