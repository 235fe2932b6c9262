"""Everything plugged together: the one place, beside the command line, that may import every board.

`build` makes the whole wallet over a database: the services, nothing running. `Running` adds what
moves by itself: the readers of the event log, the clock's sweeps, the messages.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from argosy.banks import rails
from argosy.banks.rails import Guarded, calls
from argosy.base.clock import Clock, SystemClock, local_day
from argosy.base.gate.commit import GroupCommit
from argosy.base.gate.gate import ScreenedGate
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.expiry import SWEEP_SECONDS as EXPIRY_SECONDS
from argosy.base.ledger.expiry import expire_due
from argosy.base.manifest import discover
from argosy.base.markets import Market
from argosy.base.orders.reading import Orders
from argosy.base.outbox import prune
from argosy.base.outbox.broadcast import Broadcast
from argosy.base.outbox.relay import Relay
from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import Sealing
from argosy.base.parties.ring import Ring
from argosy.base.parties.rows import SEALED as PARTIES_SEALED
from argosy.base.ports import Operation, RailReply, Screening
from argosy.base.postings import GateReason
from argosy.base.products import Product, Sweep, Tools, sealings
from argosy.base.refusals import Refused, Unavailable, must
from argosy.base.store import Connection, Database
from argosy.base.wallet.accounts import open_wallet, system_accounts
from argosy.base.wallet.statement import Statement
from argosy.channels.qr.cpm import one_time_of
from argosy.channels.qr.draw import svg
from argosy.channels.qr.fonts import covering
from argosy.channels.ussd.lines import SEALED as USSD_SEALED
from argosy.channels.ussd.lines import Lines as UssdLines
from argosy.ctu.apart import Asking
from argosy.ctu.brain import Brain
from argosy.ctu.cases import Cases, Opening
from argosy.ctu.decide import load_policy
from argosy.ctu.forgetting import SECONDS as FORGET_SECONDS
from argosy.ctu.forgetting import Forgetting
from argosy.desks import money_desk, setup_desk
from argosy.management.approvals.approvals import Approvals
from argosy.management.approvals.facts import Handler
from argosy.management.customers import customer_handlers
from argosy.management.home.folding import Totals
from argosy.management.home.jobs import Jobs
from argosy.management.home.refusals import Refusals
from argosy.management.money.adjusting import KIND as ADJUST
from argosy.management.money.checking import Checking
from argosy.management.risk import Risk, risk_handlers
from argosy.management.services import Services
from argosy.management.setup.following import Following
from argosy.management.setup.handlers import setup_handlers
from argosy.management.setup.jobs import Clockwork
from argosy.management.setup.rails import Calls
from argosy.management.staff.audit import Audit
from argosy.management.staff.entering import Entering
from argosy.management.staff.handlers import staff_handlers
from argosy.management.staff.people import SEALED as STAFF_SEALED
from argosy.management.staff.people import People
from argosy.management.staff.sessions import Sessions
from argosy.management.status import parts
from argosy.markets import PackError
from argosy.markets import load as load_markets
from argosy.partners.api.door import sweeps as api_sweeps
from argosy.partners.api.facts import Mode
from argosy.partners.api.idempotency import SEALED as API_ANSWERS_SEALED
from argosy.partners.api.keys import SEALED as API_KEYS_SEALED
from argosy.partners.api.keys import ApiKeys
from argosy.partners.api.services import PartnerApi
from argosy.partners.webhooks.endpoints import SEALED as WEBHOOKS_SEALED
from argosy.partners.webhooks.facts import Terms as CallTerms
from argosy.partners.webhooks.webhooks import Webhooks
from argosy.products.withdraw.facts import Redeem
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.cashier.lookups import Lookups
from argosy.public_services.funnel.funnel import Funnels
from argosy.public_services.identity.closing import Closing
from argosy.public_services.identity.identity import SEALED as IDENTITY_SEALED
from argosy.public_services.identity.identity import Identity
from argosy.public_services.identity.sleep import Sleep
from argosy.public_services.notices.notices import Notices
from argosy.public_services.notify.carriers import Means
from argosy.public_services.notify.notify import SEALED as NOTIFY_SEALED
from argosy.public_services.notify.notify import Notify
from argosy.public_services.notify.registry import open_ways
from argosy.public_services.presented.devices import SEALED as PRESENTED_SEALED
from argosy.public_services.presented.presenting import Presenting
from argosy.public_services.receipts.receipts import Receipts
from argosy.public_services.receipts.tax import TaxNumbers
from argosy.public_services.signin.codes import SEALED as SIGNIN_SEALED
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words
from argosy.settings import Settings

SWEEP_ROWS_MAX = 200
EVENTS_KEPT = timedelta(days=7)
"""So long the event log is kept for readers yet to come; the journal and the orders stay for ever."""
_THERE = """
    SELECT to_regclass('gate.usage') IS NOT NULL AS migrated,
           current_setting('transaction_read_only')::bool AS only_read
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wallet:
    """The whole wallet, wired: every service by its name."""

    settings: Settings
    clock: Clock
    ids: Ids
    db: Database
    ring: Ring
    keys: Keys
    markets: Mapping[str, Market]
    words: Words
    ledger: Ledger
    commit: GroupCommit
    gate: ScreenedGate
    parties: Parties
    orders: Orders
    statement: Statement
    signin: Signin
    identity: Identity
    closing: Closing
    sleep: Sleep
    notify: Notify
    cashier: Cashier
    receipts: Receipts
    presenting: Presenting
    brain: Brain | Asking
    cases: Cases
    rails: Mapping[str, Guarded]
    tools: Tools
    products: Mapping[str, Product]
    broadcast: Broadcast
    funnels: Funnels
    webhooks: Webhooks
    api_keys: ApiKeys
    refusals: Refusals
    jobs: Jobs
    following: Following
    calls: Calls
    clockwork: Clockwork
    checking: Checking
    relays: list[Relay] = field(default_factory=list)

    @property
    def market(self) -> Market:
        """The market of the demo town, and of a visitor whom nothing else places."""
        return self.markets[self.settings.market]

    @property
    def own_brain(self) -> Brain:
        """The brain of this process, where it has one."""
        must(isinstance(self.brain, Brain), "another process judges for this one")
        return cast("Brain", self.brain)

    def announce(self) -> None:
        """Something was committed: those who read the event log in this process look at once."""
        self.broadcast.wake()
        self.brain.wake()
        for relay in self.relays:
            relay.wake()


async def build(
    settings: Settings,
    db: Database,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    chance: Callable[[int], bytes] = secrets.token_bytes,
    first_lane: int = 0,
    ring: Ring | None = None,
    brain_at: Path | None = None,
    screening: Callable[[Screening], Screening] = lambda brain: brain,
) -> Wallet:
    """Wire the wallet over a migrated database. Raises ManifestError for a broken pack or product.

    `ring` are the keys as the database has claimed them; without it, as the settings know them.
    `brain_at` is the socket of the brain of another process of this machine; without it this one has
    its own.
    `screening` is who is asked before money moves: the brain itself, but in a simulation of a town
    without one.
    """
    clock = clock or SystemClock()
    ids = ids or Ids(clock)
    ring = ring or settings.ring
    keys = ring.keys()
    markets = load_markets(settings.markets)
    if settings.market not in markets:
        known = ", ".join(sorted(markets))
        raise PackError(
            f"there is no market {settings.market!r} (ARGOSY_MARKET); known are {known}"
        )
    words = Words(markets)
    commit = GroupCommit(db, clock, first_lane=first_lane)
    ledger = Ledger(db, commit, clock, ids)

    async def open_account(party: Party, conn: Connection) -> None:
        market = markets[party.market]
        account = open_wallet(party.id, market, party.level, local_day(clock.now(), market.zone))
        said = await ledger.open_accounts([account], conn)
        must(said == [None], "a party's account is in use", party=party.id)

    parties = Parties(db, ids, clock, keys, open_account, chance)
    orders = Orders(db)
    private = settings.webhooks_private
    means = Means(clock, chance, settings.public_url, private)
    carriers = open_ways(markets, settings.carriers, means, demo=settings.demo)
    notify = Notify(db, clock, keys, parties, words, carriers, private_allowed=private)
    signin = Signin(db, ids, clock, keys, parties, markets, notify, chance=chance)
    called = Calls(db, clock, ids)
    ways = rails.load(db, clock, ids, keys, note=called.note)
    following = Following(db, clock, markets, ways)
    await following.look()
    brain: Brain | Asking
    if brain_at is not None:
        brain = Asking(brain_at)
    else:
        brain = Brain(
            db,
            clock,
            ids,
            load_policy(settings.risk_policy),
            offsets=offsets(markets, clock.now()),
            facts_url=settings.facts_url,
        )
    products: dict[str, Product] = {
        name: manifest.load() for name, manifest in discover("product", "argosy.products").items()
    }
    announced: list[Callable[[], None]] = []
    gate = ScreenedGate(
        commit,
        screening(brain),
        orders,
        clock,
        announce=lambda: announced[0]() if announced else None,
        stopped=_stopping(markets, ways, products),
    )
    tools = Tools(gate, orders, clock, markets, parties, ways, keys)

    webhooks = Webhooks(db, ids, clock, keys, CallTerms(private_allowed=settings.webhooks_private))
    refusals = Refusals(db, clock)
    lookups = Lookups(db, clock)
    cashier = Cashier(tools, products, signin, lookups, ledger, refusals.note)
    cases = Cases(db, clock, ids, cashier.reviews.release, cashier.reviews.give_back)
    wallet = Wallet(
        settings=settings,
        clock=clock,
        ids=ids,
        db=db,
        ring=ring,
        keys=keys,
        markets=markets,
        words=words,
        ledger=ledger,
        commit=commit,
        gate=gate,
        parties=parties,
        orders=orders,
        statement=Statement(ledger, orders),
        signin=signin,
        identity=Identity(
            db, clock, keys, parties, markets, ledger, notifier=notify, at_once=settings.demo
        ),
        closing=Closing(db, clock, parties, markets, ledger, signin.revoke_all, notify),
        sleep=Sleep(db, parties, markets, signin.last_seen, notify),
        notify=notify,
        cashier=cashier,
        receipts=Receipts(orders, parties, keys, markets, TaxNumbers(db, clock)),
        presenting=Presenting(
            db, clock, keys, markets, parties, orders, signin, cashier, one_time_of, chance=chance
        ),
        brain=brain,
        cases=cases,
        rails=ways,
        tools=tools,
        products=products,
        broadcast=Broadcast(db),
        funnels=Funnels(db, clock),
        webhooks=webhooks,
        api_keys=ApiKeys(
            db, ids, clock, keys, Mode.TEST if settings.demo else Mode.LIVE, chance=chance
        ),
        following=following,
        calls=called,
        clockwork=Clockwork(db, clock),
        checking=Checking(db, clock, ids, markets[settings.market].zone),
        relays=[
            Notices(db, tools, notify, carriers.receipts).relay(),
            webhooks.relay(),
            Opening(db, clock, ids, cases.terms).relay(),
            Totals(db, markets).relay(),
        ],
        refusals=refusals,
        jobs=Jobs(db, clock),
    )
    announced.append(wallet.announce)
    return wallet


def _stopping(
    markets: Mapping[str, Market], ways: Mapping[str, Guarded], products: Mapping[str, Product]
) -> Callable[[Operation], Refused | None]:
    """What the gate asks first: whether the operator has switched this off, or paused its bank."""
    asks_bank = frozenset(name for name, product in products.items() if product.heard is not None)

    def stopped(operation: Operation) -> Refused | None:
        market = markets.get(operation.market)
        if market is None:
            return None
        if market.is_off(operation.kind):
            return Refused(GateReason.SWITCHED_OFF, {"what": operation.kind})
        if operation.kind in asks_bank and (way := ways.get(market.rail)) and way.paused:
            return Refused(GateReason.RAIL_PAUSED)
        return None

    return stopped


def offsets(markets: Mapping[str, Market], now: datetime) -> dict[str, int]:
    """How far each market's clocks are from UTC, in seconds."""
    found = {m.code: now.astimezone(ZoneInfo(m.zone)).utcoffset() for m in markets.values()}
    return {code: round(delta.total_seconds()) for code, delta in found.items() if delta}


async def set_up(wallet: Wallet) -> None:
    """Open the operator's own accounts in every market. Doing it again changes nothing."""
    for market in wallet.markets.values():
        said = await wallet.ledger.open_accounts(system_accounts(market))
        must(not any(said), "a system account is in use", market=market.code, said=said)


def sealed(wallet: Wallet) -> tuple[Sealing, ...]:
    """Everything that the wallet keeps sealed, for when keys change."""
    return (
        *PARTIES_SEALED,
        *IDENTITY_SEALED,
        *SIGNIN_SEALED,
        *NOTIFY_SEALED,
        *PRESENTED_SEALED,
        *API_KEYS_SEALED,
        *API_ANSWERS_SEALED,
        *WEBHOOKS_SEALED,
        *USSD_SEALED,
        *STAFF_SEALED,
        sealings(wallet.products.values()),
    )


def partner_api(wallet: Wallet) -> PartnerApi:
    """What the partner API stands on, of the wired wallet."""
    return PartnerApi(
        db=wallet.db,
        clock=wallet.clock,
        ids=wallet.ids,
        keys=wallet.keys,
        markets=wallet.markets,
        parties=wallet.parties,
        orders=wallet.orders,
        ledger=wallet.ledger,
        statement=wallet.statement,
        cashier=wallet.cashier,
        presenting=wallet.presenting,
        api_keys=wallet.api_keys,
        webhooks=wallet.webhooks,
        payment_link=lambda what: f"{wallet.settings.public_url}/p/{what}",
        draw_svg=svg,
        public_url=wallet.settings.public_url,
    )


def console_services(wallet: Wallet) -> Services:
    """What the staff console stands on, of the wired wallet."""
    audit = Audit(wallet.db, wallet.clock, wallet.keys)
    people = People(wallet.db, wallet.clock, wallet.ids, wallet.keys, audit)
    sessions = Sessions(wallet.db, wallet.clock, wallet.ids, wallet.keys)
    now = wallet.clock.now()
    risk = Risk(wallet.db, wallet.clock, wallet.ids, wallet.cases, offsets(wallet.markets, now))
    made: list[Services] = []
    money = money_desk(wallet)
    handlers: dict[str, Handler] = {
        **staff_handlers(people),
        **risk_handlers(risk),
        **setup_handlers(wallet.following.terms, wallet.following.switches),
        ADJUST: money.adjusting.handler(),
        **customer_handlers(lambda: made[0]),
    }
    services = Services(
        db=wallet.db,
        clock=wallet.clock,
        ids=wallet.ids,
        keys=wallet.keys,
        markets=wallet.markets,
        market=wallet.market,
        words=wallet.words,
        ledger=wallet.ledger,
        gate=wallet.gate,
        parties=wallet.parties,
        orders=wallet.orders,
        statement=wallet.statement,
        signin=wallet.signin,
        identity=wallet.identity,
        closing=wallet.closing,
        notify=wallet.notify,
        cashier=wallet.cashier,
        receipts=wallet.receipts,
        funnels=wallet.funnels,
        brain=wallet.brain,
        cases=wallet.cases,
        risk=risk,
        money=money,
        setup=setup_desk(wallet),
        rails=wallet.rails,
        tools=wallet.tools,
        products=wallet.products,
        broadcast=wallet.broadcast,
        people=people,
        entering=Entering(wallet.db, wallet.clock, wallet.keys, audit, sessions),
        sessions=sessions,
        audit=audit,
        approvals=Approvals(wallet.db, wallet.clock, wallet.ids, audit, handlers),
        redeem=Redeem,
        public_url=wallet.settings.public_url,
        demo=wallet.settings.demo,
        ready=partial(not_ready, wallet),
        parts=partial(parts, wallet.settings.data),
        font_of=covering,
    )
    made.append(services)
    return services


def sweeps(wallet: Wallet) -> tuple[Sweep, ...]:
    """Everything that the clock does."""

    async def holds(now: datetime, limit: int) -> int:
        return await expire_due(wallet.ledger, now, limit)

    async def messages(_now: datetime, limit: int) -> int:
        return await wallet.notify.deliver_due(limit)

    async def forgotten(_now: datetime, _limit: int) -> int:
        return await wallet.notify.forget()

    async def pruned(_now: datetime, _limit: int) -> int:
        return await wallet.signin.prune()

    async def old_figures(now: datetime, _limit: int) -> int:
        await wallet.notify.tallies.prune()
        await wallet.refusals.prune(now)
        return await wallet.funnels.prune()

    async def forgotten_codes(_now: datetime, _limit: int) -> int:
        return await wallet.presenting.prune()

    dialled = UssdLines(wallet.db, wallet.clock, wallet.keys)

    async def hung_up(_now: datetime, _limit: int) -> int:
        return await dialled.prune()

    async def forgotten_looks(_now: datetime, _limit: int) -> int:
        return await wallet.cashier.lookups.prune()

    async def resumed(_now: datetime, _limit: int) -> int:
        return await wallet.identity.resume()

    async def closed(_now: datetime, _limit: int) -> int:
        return await wallet.closing.resume()

    async def forgotten_events(now: datetime, _limit: int) -> int:
        return await prune(wallet.db, now - EVENTS_KEPT)

    async def indexed(_now: datetime, limit: int) -> int:
        return await wallet.parties.index_names(limit)

    forgetting = Forgetting(wallet.db)

    async def forgotten_risks(now: datetime, _limit: int) -> int:
        return await forgetting.turn(now)

    async def heard(order_id: UUID, reply: RailReply) -> None:
        """A bank calls by itself."""
        order = await wallet.orders.get(order_id)
        product = None if order is None else wallet.products.get(order.product)
        if order is None or product is None or product.heard is None:
            _log.error("a bank calls for %s, which asks no bank: %s", order_id, reply)
            return
        await product.heard(wallet.tools, order, reply)

    async def forgotten_calls(now: datetime, _limit: int) -> int:
        return await wallet.calls.prune(now)

    return (
        *wallet.cashier.sweeps(),
        *wallet.checking.sweeps(),
        Sweep("setup.calls", 3600.0, forgotten_calls),
        Sweep("risk.forget", FORGET_SECONDS, forgotten_risks),
        *calls.sweeps(wallet.rails.values(), heard),
        Sweep("ledger.expiry", EXPIRY_SECONDS, holds),
        Sweep("outbox.prune", 600.0, forgotten_events),
        *api_sweeps(partner_api(wallet)),
        Sweep("notify.deliver", 1.0, messages),
        Sweep("notify.forget", 60.0, forgotten),
        Sweep("signin.prune", 3600.0, pruned),
        Sweep("cashier.lookups", 3600.0, forgotten_looks),
        Sweep("figures.prune", 3600.0, old_figures),
        Sweep("ussd.prune", 3600.0, hung_up),
        Sweep("presented.prune", 3600.0, forgotten_codes),
        Sweep("identity.resume", 60.0, resumed),
        Sweep("parties.names", 600.0, indexed),
        Sweep("identity.closing", 60.0, closed),
        Sweep("identity.expire", 600.0, wallet.identity.expire),
        Sweep("identity.caps", 60.0, wallet.identity.follow_caps),
        Sweep("identity.sleep", 60.0, wallet.sleep.run),
    )


def warnings(wallet: Wallet) -> tuple[str, ...]:
    """What the operator has to know before anybody comes: each as a sentence."""
    codeless = wallet.notify.codeless()
    if not codeless:
        return ()
    where = ", ".join(codeless)
    return (f"no SMS gateway is set (ARGOSY_SMS): nobody can sign up in {where}",)


@asynccontextmanager
async def running(wallet: Wallet, *, household: bool = True) -> AsyncIterator[None]:
    """Keep everything moving that moves by itself, until the block ends.

    `household` is what the machine needs once, the relays of the event log and the clock: it is off in
    all but one of several processes. Done twice it would do no harm, only double work.
    """
    tasks = [
        asyncio.create_task(wallet.broadcast.run(), name="broadcast"),
        asyncio.create_task(wallet.following.run(), name="set-up"),
        asyncio.create_task(wallet.calls.run(), name="calls"),
    ]
    if household:
        tasks += [asyncio.create_task(relay.run(), name=relay.consumer) for relay in wallet.relays]
        tasks += [asyncio.create_task(_every(wallet, s), name=s.name) for s in sweeps(wallet)]
        tasks.append(asyncio.create_task(wallet.clockwork.run(), name="clockwork"))
    tasks.append(asyncio.create_task(wallet.brain.run(), name="brain"))
    tasks.append(asyncio.create_task(wallet.funnels.run(), name="funnel"))
    tasks.append(asyncio.create_task(wallet.refusals.run(), name="refusals"))
    tasks.append(asyncio.create_task(wallet.jobs.run(), name="jobs"))
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        await _cancelled(tasks)
        await wallet.commit.close()
        await wallet.brain.close()
        await wallet.webhooks.close()
        await wallet.notify.close()


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` and wait for them. Before Python 3.12 a cancellation that meets the end of what a
    task waits for can get lost, so who goes on is told again."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)


async def _every(wallet: Wallet, sweep: Sweep) -> None:
    while True:
        done, begun = 0, time.perf_counter()
        problem: Exception | None = None
        try:
            done = await sweep.run(wallet.clock.now(), SWEEP_ROWS_MAX)
        except Unavailable as outage:
            problem = outage
            _log.warning("%s waits: %s", sweep.name, outage)
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the clock
            problem = error
            _log.exception("%s failed and is tried again", sweep.name)
        wallet.jobs.note(sweep.name, time.perf_counter() - begun, done, problem)
        full = done >= SWEEP_ROWS_MAX
        await wallet.clockwork.pause(sweep.name, 0 if full else sweep.every_seconds)


def _ended(task: asyncio.Task[Any]) -> None:
    with suppress(asyncio.CancelledError):
        if task.exception() is not None:
            _log.critical("%s stopped", task.get_name(), exc_info=task.exception())


async def not_ready(wallet: Wallet) -> str | None:
    """Why no money can be taken now, or None when it can."""
    try:
        async with asyncio.timeout(2.0):
            there = await wallet.db.one(_THERE)
    except (Unavailable, TimeoutError):
        return "the database does not answer"
    if there is None or not there["migrated"]:
        return "the database is not migrated"
    if there["only_read"]:
        return "the database only lets itself be read"
    if not wallet.brain.ready:
        return "the risk brain has not caught up with the event log"
    return None
