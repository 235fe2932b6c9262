"""What the clock of the wired wallet does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from argosy.app import Wallet, build, set_up, sweeps
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Action, Transfer
from argosy.base.store import Database
from argosy.base.wallet.accounts import system_account
from argosy.settings import Settings

SETTINGS = Settings(data=Path("unused"), key=b"a secret of the clockwork tests!", demo=True)


async def test_holds_whose_own_time_is_over_expire_by_the_clock(
    db: Database, clock: SetClock, ids: Ids
) -> None:
    wallet: Wallet = await build(SETTINGS, db, clock=clock, ids=ids)
    await set_up(wallet)
    market = wallet.market
    fees, suspense = (
        system_account(market.code, name, market.currency) for name in ("fees", "suspense")
    )
    until = clock.now() + timedelta(minutes=1)
    hold = Transfer(
        ids.new(), fees, suspense, 500, market.currency, "t", Action.HOLD, expires_at=until
    )
    await wallet.ledger.post([hold])
    clock.advance(minutes=1)
    [expiry] = [sweep for sweep in sweeps(wallet) if sweep.name == "ledger.expiry"]
    assert await expiry.run(clock.now(), 200) == 1
    account = await wallet.ledger.account(suspense)
    assert account is not None
    assert account.credits_pending == 0


async def test_every_sweep_has_a_name_of_its_own(db: Database, clock: SetClock, ids: Ids) -> None:
    names = [sweep.name for sweep in sweeps(await build(SETTINGS, db, clock=clock, ids=ids))]
    assert len(names) == len(set(names))
