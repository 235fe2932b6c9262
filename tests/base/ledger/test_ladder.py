"""What the ledger answers, as tables: every refusal in its order, and which of two comes first."""

from __future__ import annotations

import pytest

from argosy.base.ledger.facts import LedgerReason
from tests.base.ledger.tables import Trade, outcomes

LADDER = """
open   cash  debit floor none
open   vault debit ceiling 500.00
open   anita floor 0  ceiling 10000.00
open   ravi
open   deep  ceiling none
open   yen   JPY
open   gone
open   cold
close  gone
freeze cold
post   t1 cash anita  100.00                     created
post   t1 cash anita  100.00                     exists
hold   h1 anita ravi   10.00  until=+1h          created
hold   h2 anita ravi   10.00                     created
take   p1 h1                                     created
take   p1 h1                                     exists

# the id was used before: the first field that differs
hold   t1 cash anita  100.00                     exists_with_different_action
take   p1 h2                                     exists_with_different_hold
post   t1 deep anita  100.00                     exists_with_different_debit
post   t1 cash ravi   100.00                     exists_with_different_credit
post   t1 cash anita  100.00 currency=USD        exists_with_different_currency
post   t1 cash anita   90.00                     exists_with_different_amount
post   t1 cash anita  100.00 up_to=debit         exists_with_different_up_to
post   t1 cash anita  100.00 kind=gift           exists_with_different_kind
post   t1 cash anita  100.00 order=o1            exists_with_different_order
hold   h1 anita ravi   10.00 until=+2h           exists_with_different_expiry
post   t1 cash anita  100.00 at=-1h              exists_with_different_time

# the request itself
post   n1 cash anita    0.00                     amount_out_of_range
post   n1 cash anita   -1.00                     amount_out_of_range
post   n1 cash anita 10000000000000.01           amount_out_of_range
take   n1 h2            0.00                     amount_out_of_range
post   n1 anita anita   1.00                     same_account
post   n1 cash anita    1.00 until=+1h           expiry_not_allowed
hold   n1 cash anita    1.00 until=+1h at=-1h    expiry_not_allowed
void   n1 h2                 until=+1h           expiry_not_allowed
hold   n1 cash anita    1.00 until=+0s           expiry_past

# the hold that it names
take   n1 nowhere                                hold_not_found
take   n1 t1                                     hold_not_found
take   n1 h2 debit=cash                          hold_mismatch
void   n1 h2 credit=cash                         hold_mismatch
take   n1 h2 currency=USD                        hold_mismatch
take   n1 h1                                     hold_already_posted
hold   h3 anita ravi   10.00                     created
void   v3 h3                                     created
take   n1 h3                                     hold_already_voided
expire n1 h3                                     hold_already_voided
hold   h4 anita ravi   10.00 until=+1m           created
hold   h5 anita ravi   10.00 until=+1m           created
wait   +1m
take   n1 h4                                     hold_expired
void   n1 h4                                     hold_expired
expire e4 h4                                     created
expire n1 h4                                     hold_expired
hold   h6 anita ravi   10.00 until=+1m           created
expire n1 h6                                     hold_not_expired
expire n1 h2                                     hold_not_expired
take   n1 h2 10.01                               amount_over_hold

# the accounts
post   n1 nobody anita  1.00                     debit_account_not_found
post   n1 anita nobody  1.00                     credit_account_not_found
post   n1 anita ravi    1.00 currency=USD        currency_differs
post   n1 cash yen      1.00                     currency_differs
post   n1 gone anita    1.00                     debit_account_closed
post   n1 anita gone    1.00                     credit_account_closed
post   n1 cold anita    1.00                     debit_account_frozen
post   n1 anita cold    1.00                     credit_account_frozen

# the time of an import
post   n1 cash anita    1.00 at=+1m              time_in_future
post   n1 cash anita    1.00 at=-1d              time_regresses

# the money
post   n1 anita ravi   70.01                     insufficient_funds
hold   n1 anita ravi   70.01                     insufficient_funds
post   n1 vault ravi  500.01                     debit_ceiling_exceeded
post   n1 anita vault   0.01                     credit_floor_exceeded
post   n1 cash anita 9910.01                     ceiling_exceeded
pour   fill cash deep 10000000000000.00 times 4611
post   n1 cash deep  10000000000000.00           total_overflow
group
  post n1 cash ravi     1.00                     group_refused
  post n2 anita ravi 9000.00                     insufficient_funds
  post n3 cash ravi     1.00                     group_refused

check  anita  90.00 available 60.00
check  ravi   10.00
post   n1 cash ravi     1.00                     created
"""

PRECEDENCE = """
open   cash  debit floor none
open   vault debit ceiling 500.00
open   anita floor 0 ceiling 10.00
open   ravi
open   yen   JPY
open   gone
open   gonedebit debit
open   cold
open   coldgone
close  gone
close  gonedebit
freeze cold
freeze coldgone
close  coldgone
post   t1 cash anita    1.00                                 created
hold   h1 cash ravi     1.00 until=+1m                       created
hold   h2 cash ravi     1.00                                 created
take   p2 h2 0.50                                            created
hold   h3 cash ravi     1.00                                 created
void   v3 h3                                                 created
hold   h4 cash ravi     1.00                                 created

# each line breaks two or more rules, and the smaller number speaks
hold   t1 ravi gone     2.00 currency=USD kind=x order=o      exists_with_different_action
post   t1 ravi gone     2.00 currency=USD kind=x order=o      exists_with_different_debit
post   t1 cash gone     2.00 currency=USD kind=x              exists_with_different_credit
post   t1 cash anita    2.00 currency=USD kind=x              exists_with_different_currency
post   t1 cash anita    2.00 kind=x up_to=debit               exists_with_different_amount
post   t1 cash anita    1.00 kind=x up_to=debit               exists_with_different_up_to
post   t1 cash anita    1.00 kind=x order=o at=-1h            exists_with_different_kind
post   t1 cash anita    1.00 order=o at=-1h                   exists_with_different_order
hold   h1 cash ravi     1.00 until=+2m at=-1h                 exists_with_different_expiry
post   t1 cash anita    0.00                                 exists_with_different_amount
take   p2 h3 0.50                                            exists_with_different_hold
post   n1 anita anita   0.00                                 amount_out_of_range
take   n1 nowhere       0.00                                 amount_out_of_range
post   n1 anita anita   1.00 until=+1h                       same_account
post   n1 nobody nobody 1.00                                 same_account
post   n1 cash anita    1.00 until=+0s                       expiry_not_allowed
take   n1 nowhere            until=+0s                       expiry_not_allowed
hold   n1 nobody anita  1.00 until=+0s                       expiry_past
hold   n1 anita ravi    9.00 until=-1h                       expiry_past
take   n1 h2 9.00 debit=ravi                                 hold_mismatch
take   n1 h2 9.00                                            hold_already_posted
take   n1 h3 9.00                                            hold_already_voided
wait   +1m
take   n1 h1 9.00                                            hold_expired
take   n1 h4 9.00                                            amount_over_hold
freeze ravi
take   n1 h4 9.00                                            amount_over_hold
take   n1 h4                                                 credit_account_frozen
void   v4 h4                                                 created
expire e1 h1                                                 created
thaw   ravi
post   n1 nobody nowhere 1.00                                debit_account_not_found
post   n1 gone nobody   1.00                                 credit_account_not_found
post   n1 gone cold     1.00 currency=USD                    currency_differs
post   n1 yen gone      1                                    currency_differs
post   n1 gone gonedebit 1.00                                debit_account_closed
post   n1 coldgone cold 1.00                                 debit_account_closed
post   n1 cold gone     1.00                                 credit_account_closed
post   n1 cold coldgone 1.00                                 credit_account_closed
post   n1 cash coldgone 1.00                                 credit_account_closed
post   n1 cold anita   99.00 at=+1m                          debit_account_frozen
post   n1 cash cold     1.00 at=+1m                          credit_account_frozen
post   n1 anita ravi   99.00 at=+1m                          time_in_future
post   n1 anita ravi   99.00 at=-1d                          time_regresses
post   n1 ravi anita   99.00                                 insufficient_funds
post   n1 ravi vault    9.00                                 insufficient_funds
post   n1 vault anita 501.00                                 debit_ceiling_exceeded
group
  post t1 cash anita    2.00                                 exists_with_different_amount
  post n1 nobody anita  0.00                                 group_refused
group
  post n1 ravi anita   99.00                                 insufficient_funds
  post n2 nobody anita  0.00                                 group_refused
"""

TWO_PHASE = """
open   cash  debit floor none
open   anita ceiling 100.00
open   shop
post   t1 cash anita   60.00                created
hold   h1 anita shop   40.00                created
check  anita  60.00 available 20.00
check  shop    0.00
post   t2 anita shop   20.01                insufficient_funds
take   p1 h1 15.00                          created=15.00      # the rest goes back
check  anita  45.00 available 45.00
check  shop   15.00
hold   h2 cash anita   55.00                created            # room is reserved as well
post   t3 cash anita    0.01                ceiling_exceeded
void   v2 h2                                created
post   t3 cash anita   55.00                created
hold   h3 anita shop   10.00 until=+10m     created
wait   +10m
take   p3 h3                                hold_expired
expire x3 h3                                created
check  anita 100.00 available 100.00
check  shop   15.00
hold   h4 anita shop   10.00                created
freeze anita
take   p4 h4                                debit_account_frozen
void   v4 h4                                created            # money finds its way back
thaw   anita
group
  hold h5 anita shop   70.00                group_refused      # all or nothing
  take p5 h5 69.00                          group_refused
  post t5 shop anita   84.00                ceiling_exceeded
check  anita 100.00 available 100.00
"""

UP_TO = """
open   cash  debit floor none
open   box   debit floor 0 ceiling 30.00
open   anita ceiling 100.00
open   shop  ceiling 50.00
post   t1 cash anita   80.00                created
post   t2 anita shop   90.00 up_to=debit    ceiling_exceeded   # 80.00 would fit, the shop is too small
post   t2 anita shop   90.00 up_to=credit   created=50.00
post   t3 anita shop    1.00 up_to=credit   ceiling_exceeded   # nothing fits at all
post   t4 anita cash   90.00 up_to=debit    created=30.00
post   t4 anita cash   90.00 up_to=debit    exists=30.00
post   t4 anita cash   30.00 up_to=debit    exists_with_different_amount
post   t5 anita cash    1.00 up_to=debit    insufficient_funds
hold   h1 shop cash    20.00                created
post   t6 shop cash    90.00 up_to=debit    created=30.00      # what is reserved is not there
post   t7 box anita    90.00 up_to=debit    created=30.00      # a debit account fills to its ceiling
post   t8 box anita     1.00 up_to=debit    debit_ceiling_exceeded
post   t9 anita box    90.00 up_to=credit   created=30.00      # and empties to its floor
post   u1 cash box      1.00 up_to=credit   credit_floor_exceeded
hold   h2 cash anita  200.00 up_to=credit   created=100.00
take   p2 h2                                created=100.00
check  anita 100.00
"""

CLOSING = """
open   cash  debit floor none
open   anita
close  nobody                               account_not_found
close  anita
close  anita
post   t1 cash anita    1.00                credit_account_closed
reopen anita
post   t1 cash anita    1.00                created
close  anita                                account_not_empty
post   t2 anita cash    1.00                created
hold   h1 cash anita    1.00                created
close  anita                                account_not_empty
void   v1 h1                                created
close  anita
reopen anita
bounds anita floor 5.00 ceiling 1.00        account_bounds_crossed
bounds anita floor 5.00 ceiling none
post   t3 cash anita    1.00                created            # out of bounds it can move back in
post   t4 anita cash    1.00                insufficient_funds # but not further out
"""

IMPORT = """
open   cash  debit floor none
open   anita
post   t1 cash anita   10.00 at=-90d        created
post   t2 cash anita   10.00 at=-91d        time_regresses
post   t2 cash anita   10.00 at=-90d        created
post   t1 cash anita   10.00 at=-90d        exists
hold   h1 anita cash    5.00 at=-80d        created
take   p1 h1 3.00            at=-70d        created=3.00
post   t3 anita cash    1.00                created
post   t4 anita cash    1.00 at=-1s         time_regresses
check  anita 16.00
"""


async def test_the_ladder_is_walked_in_order(trade: Trade):
    await trade.run(LADDER)


def rungs(table: str) -> list[int]:
    """The refusals of a table in the order in which it first meets them."""
    codes = {reason.code: int(reason) for reason in LedgerReason}
    return list(dict.fromkeys(codes[said] for said in outcomes(table) if said in codes))


def uncovered(table: str) -> set[LedgerReason]:
    """The refusals that a table does not meet."""
    return set(LedgerReason) - {LedgerReason(n) for n in rungs(table)}


def test_the_ladder_covers_every_refusal_in_order():
    assert uncovered(LADDER) == set()
    assert sorted(rungs(LADDER)) == rungs(LADDER)


@pytest.mark.parametrize("reason", LedgerReason, ids=lambda reason: reason.code)
def test_twin_a_rung_that_is_missing_is_seen(reason):
    without = "\n".join(line for line in LADDER.splitlines() if reason.code not in line.split())
    assert uncovered(without) == {reason}


async def test_twin_a_table_that_is_wrong_fails(trade: Trade):
    await trade.run("open cash debit floor none\nopen anita")
    with pytest.raises(AssertionError, match=r"line 1: .*: created"):
        await trade.run("post t1 cash anita 1.00 insufficient_funds")
    with pytest.raises(AssertionError, match=r"line 2: .*: exists"):
        await trade.run("\npost t1 cash anita 1.00 created")
    with pytest.raises(AssertionError, match=r"line 1: .*: Account"):
        await trade.run("check anita 2.00")


@pytest.mark.parametrize(
    "table",
    [PRECEDENCE, TWO_PHASE, UP_TO, CLOSING, IMPORT],
    ids=["precedence", "two_phase", "up_to", "closing", "import"],
)
async def test_the_table(table, trade: Trade):
    await trade.run(table)
    assert trade.steps == len(outcomes(table))
