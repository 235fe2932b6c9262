"""Whatever is changed behind the ledger's back, `verify` says what and where.

The triggers are switched off, as only the owner of the database can, and one thing is changed. Each case
names the laws that must be found broken; no other may be, and the place must be named.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids, derive, named
from argosy.base.ledger import verify as verifying
from argosy.base.ledger.audit import FINDINGS_OF_A_KIND_MAX, Head
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.chain import kept_heads
from argosy.base.ledger.facts import Account, Action, Side
from argosy.base.ledger.verify import Report, verify
from argosy.base.orders.facts import State
from argosy.base.postings import OrderMove, Posting
from argosy.base.store import Database
from tests.base.gate.till import end, move, opened, payment

ANITA, SHOP, CASH = named("anita"), named("shop"), named("cash")
EARLY, LATE = derive(named("p1"), "pay"), derive(named("p3"), "pay")


@pytest.fixture
async def books(db: Database, clock: SetClock, ids: Ids) -> Ledger:
    """Payments, holds of every kind, orders of several states, limits, marks, two lanes, a closed
    and a frozen account, and money of another currency."""
    ledger = await opened(db, clock, ids, 100_000)
    euros = [Account(named(n), "EUR", Side(n == "euro"), "test", floor_minor=None) for n in EUROS]
    await ledger.open_accounts(euros)
    commit, other = GroupCommit(db, clock), GroupCommit(db, clock, first_lane=4)
    for n in range(6):
        clock.advance(seconds=10)
        way = (commit, other)[n % 2]
        paid = payment(f"p{n}", "anita", "shop", 100 + n, clock, day_minor_max=10_000)
        assert (await way.submit(paid)).refused is None
    held = payment("held", "anita", "shop", 50, clock, state=State.HELD)
    returned = payment("returned", "ravi", "shop", 60, clock, state=State.HELD)
    for posting in (held, returned):
        assert (await commit.submit(posting)).refused is None
    letting_go = end("let go", "", Action.VOID)
    letting_go = type(letting_go)(
        letting_go.id, None, None, None, "INR", "pay", Action.VOID, returned.id,
        returned.transfers[0].id,
    )  # fmt: skip
    back = Posting(letting_go.id, OrderMove(returned.id, 1, State.RETURNED), (letting_go,))
    assert (await other.submit(back)).refused is None
    await ledger.post(
        [
            move("h1", "anita", "ravi", 40, action=Action.HOLD),
            move("h2", "anita", "ravi", 30, action=Action.HOLD),
            end("e2", "h2", amount=20),
        ]
    )
    await ledger.post([move(f"many{n}", "cash", "stall", 1) for n in range(300)])
    await ledger.freeze(named("stall"), "test")
    report = await verify(db)
    assert report.sound, report.text()
    assert min(report.checked.values()) > 0
    return ledger


EUROS = ("euro", "bank of euros")


async def tampered(db: Database, sql: str, *values: object) -> Report:
    """What verify finds once `sql` was done with all triggers off."""
    async with db.work() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        assert not (await conn.execute(sql, *values)).endswith(" 0"), "nothing was changed"
    return await verify(db)


CASES = {
    # what is changed: the statement, the laws that break, and who is named
    "a balance": (
        "UPDATE ledger.accounts SET credits_posted = credits_posted + 1 WHERE id = $1",
        {"balance", "currency"},
        ANITA,
    ),
    "both sides of a balance": (
        (
            "UPDATE ledger.accounts SET credits_posted = credits_posted + 1,"
            " debits_posted = debits_posted + 1 WHERE id = $1"
        ),
        {"balance"},
        ANITA,
    ),
    "what is reserved": (
        "UPDATE ledger.accounts SET debits_pending = debits_pending + 1 WHERE id = $1",
        {"balance", "currency"},
        ANITA,
    ),
    "the number of entries": (
        "UPDATE ledger.accounts SET entries = entries - 1 WHERE id = $1",
        {"entries"},
        ANITA,
    ),
    "the last entry": (
        "UPDATE ledger.accounts SET last_entry = prior_entry WHERE id = $1",
        {"link"},
        named("ravi"),
    ),
    "the last time": (
        "UPDATE ledger.accounts SET last_at = last_at - interval '1 s' WHERE id = $1",
        {"time"},
        ANITA,
    ),
    "a floor": (
        "UPDATE ledger.accounts SET floor_minor = -5000 WHERE id = $1",
        {"event"},
        ANITA,
    ),
    "a floor above the balance": (
        "UPDATE ledger.accounts SET floor_minor = 5000000 WHERE id = $1",
        {"event", "bound"},
        ANITA,
    ),
    "a ceiling below the balance": (
        "UPDATE ledger.accounts SET ceiling_minor = 10 WHERE id = $1",
        {"event", "bound"},
        ANITA,
    ),
    "a freeze taken off": (
        "UPDATE ledger.accounts SET frozen = false WHERE id = $1",
        {"event"},
        named("stall"),
    ),
    "an account closed": (
        "UPDATE ledger.accounts SET closed = true WHERE id = $1",
        {"event"},
        ANITA,
    ),
    "an account event": (
        "UPDATE ledger.account_events SET floor_minor = -1 WHERE account = $1",
        {"event"},
        ANITA,
    ),
    "an account's currency": (
        "UPDATE ledger.accounts SET currency = 'USD' WHERE id = $1",
        {"currency", "side"},
        ANITA,
    ),
    "an account's owner": (
        "UPDATE ledger.accounts SET owner = md5(owner::text)::uuid WHERE owner = $1",
        {"side"},
        named("party", "anita"),
    ),
    "an account's owner taken off": (
        "UPDATE ledger.accounts SET owner = NULL WHERE owner = $1",
        {"side"},
        named("party", "anita"),
    ),
    "an account removed": (
        "DELETE FROM ledger.accounts WHERE id = $1",
        {"account", "event", "currency", "side"},
        ANITA,
    ),
    "an amount": (
        "UPDATE ledger.transfers SET amount = amount + 1 WHERE id = $1",
        {"chain", "balance", "order"},
        EARLY,
    ),
    "an amount at the end of its lane": (
        "UPDATE ledger.transfers SET amount = amount + 1 WHERE id = $1",
        {"chain", "balance", "order"},
        derive(named("p5"), "pay"),
    ),
    "a payee": (
        (
            f"UPDATE ledger.transfers SET credit = '{named('ravi')}'::uuid"
            f" WHERE id = $1 AND '{named('ravi')}'::uuid NOT IN (debit, credit)"
        ),
        {"chain", "balance", "entries", "link", "order"},
        EARLY,
    ),
    "a time": (
        "UPDATE ledger.transfers SET at = at - interval '1 us' WHERE id = $1",
        {"chain"},
        EARLY,
    ),
    "a kind": (
        "UPDATE ledger.transfers SET kind = 'gift' WHERE id = $1",
        {"chain", "order"},
        EARLY,
    ),
    "an order's name": (
        "UPDATE ledger.transfers SET order_id = NULL WHERE id = $1",
        {"chain", "order"},
        EARLY,
    ),
    "a transfer's currency": (
        "UPDATE ledger.transfers SET currency = 'USD' WHERE id = $1",
        {"chain", "currency"},
        EARLY,
    ),
    "a link": (
        "UPDATE ledger.transfers SET debit_prior = NULL WHERE id = $1",
        {"link"},
        LATE,
    ),
    "a link that leaves entries out": (
        (
            "UPDATE ledger.transfers t SET debit_prior = (SELECT p.debit_prior FROM ledger.transfers p"
            " WHERE p.id = t.debit_prior) WHERE id = $1"
        ),
        {"link"},
        LATE,
    ),
    "a link to what comes later": (
        (
            "UPDATE ledger.transfers t SET debit_prior = (SELECT n.id FROM ledger.transfers n"
            " WHERE n.debit_prior = t.id) WHERE id = $1"
        ),
        {"link"},
        EARLY,
    ),
    "a transfer removed": (
        "DELETE FROM ledger.transfers WHERE id = $1",
        {"chain", "balance", "entries", "link", "order"},
        EARLY,
    ),
    "a transfer invented": (
        (
            "INSERT INTO ledger.transfers SELECT md5(id::text)::uuid, debit, credit, debit_prior,"
            " credit_prior, NULL, hold, amount, released, asked, at, expires_at, segment, position + 1,"
            " lane, action, up_to, imported, currency, kind FROM ledger.transfers WHERE id = $1"
        ),
        {"chain", "balance", "entries", "link"},
        EARLY,
    ),
    "the place in the chain": (
        "UPDATE ledger.transfers SET position = 2 WHERE id = $1",
        {"chain"},
        EARLY,
    ),
    "the segment": (
        "UPDATE ledger.transfers SET segment = 999 WHERE id = $1",
        {"chain", "link"},
        EARLY,
    ),
    "the end of a hold in the journal": (
        "UPDATE ledger.transfers SET released = released - 1 WHERE hold = $1",
        {"chain", "balance", "hold"},
        named("h2"),
    ),
    "a hold opened again": (
        "UPDATE ledger.holds SET state = 0 WHERE id = $1",
        {"hold"},
        named("h2"),
    ),
    "a hold ended without an entry": (
        "UPDATE ledger.holds SET state = 3 WHERE id = $1",
        {"hold"},
        named("h1"),
    ),
    "a hold's amount": (
        "UPDATE ledger.holds SET amount = amount + 1 WHERE id = $1",
        {"hold"},
        named("h1"),
    ),
    "a hold's deadline": (
        "UPDATE ledger.holds SET expires_at = now() WHERE id = $1",
        {"hold"},
        named("h1"),
    ),
    "a hold removed": (
        "DELETE FROM ledger.holds WHERE id = $1",
        {"hold"},
        named("h1"),
    ),
    "a hold of an order removed": (
        "DELETE FROM ledger.holds WHERE order_id = $1 AND state = 0",
        {"hold", "order"},
        named("held"),
    ),
    "a hold invented": (
        (
            "INSERT INTO ledger.holds SELECT md5(id::text)::uuid, debit, credit, amount, expires_at,"
            " ended_at, ended_by, order_id, state, currency FROM ledger.holds WHERE id = $1"
        ),
        {"hold"},
        named("h1"),
    ),
    "an order's amount": (
        "UPDATE orders.orders SET amount_minor = amount_minor + 1 WHERE id = $1",
        {"order"},
        named("p1"),
    ),
    "an order's price": (
        "UPDATE orders.orders SET fee_minor = 1 WHERE id = $1",
        {"order"},
        named("p1"),
    ),
    "an order said to be refunded": (
        "UPDATE orders.orders SET state = 'refunded', refunded_minor = amount_minor WHERE id = $1",
        {"order"},
        named("p1"),
    ),
    "an order's payee": (
        "UPDATE orders.orders SET payee_account = payer_account WHERE id = $1",
        {"order", "side"},
        named("p1"),
    ),
    "who paid an order": (
        "UPDATE orders.orders SET payer = md5(payer::text)::uuid WHERE id = $1",
        {"side"},
        named("p1"),
    ),
    "who was paid by an order": (
        "UPDATE orders.orders SET payee = md5(payee::text)::uuid WHERE id = $1",
        {"side"},
        named("p1"),
    ),
    "who paid and who was paid": (
        "UPDATE orders.orders SET payer = payee, payee = payer WHERE id = $1",
        {"side"},
        named("p1"),
    ),
    "a payer forgotten": (
        "UPDATE orders.orders SET payer = NULL WHERE id = $1",
        {"side"},
        named("p1"),
    ),
    "an order's currency": (
        "UPDATE orders.orders SET currency = 'EUR' WHERE id = $1",
        {"side"},
        named("p1"),
    ),
    "a paid order said to be waiting": (
        "UPDATE orders.orders SET state = 'awaiting' WHERE id = $1",
        {"order"},
        named("p1"),
    ),
    "a held order said to be paid": (
        "UPDATE orders.orders SET state = 'paid' WHERE id = $1",
        {"order"},
        named("held"),
    ),
    "a held order said to be returned": (
        "UPDATE orders.orders SET state = 'returned' WHERE id = $1",
        {"order"},
        named("held"),
    ),
    "a returned order said to be held": (
        "UPDATE orders.orders SET state = 'held' WHERE id = $1",
        {"order"},
        named("returned"),
    ),
    "an order with a hold removed": (
        "DELETE FROM orders.orders WHERE id = $1",
        {"order"},
        named("held"),
    ),
    "a paid order removed": (
        "DELETE FROM orders.orders WHERE id = $1",
        {"order", "limit"},
        named("p1"),
    ),
    "a limit's counter": (
        "UPDATE gate.usage SET day_minor = day_minor - 1 WHERE party = $1",
        {"limit"},
        named("party", "anita"),
    ),
    "a limit's day": (
        "UPDATE gate.usage SET day = day + 1, day_minor = 0, day_count = 0 WHERE party = $1",
        {"limit"},
        named("party", "anita"),
    ),
    "a limit's month": (
        "UPDATE gate.usage SET month = month + 31 WHERE party = $1",
        {"limit"},
        named("party", "anita"),
    ),
    "a limit's counter removed": (
        "DELETE FROM gate.usage WHERE party = $1",
        {"limit"},
        named("party", "anita"),
    ),
    "a mark": (
        "UPDATE ledger.marks SET credits_posted = credits_posted + 1 WHERE account = $1",
        {"mark"},
        named("stall"),
    ),
    "a mark of another moment": (
        "UPDATE ledger.marks SET at = at + interval '1 h' WHERE account = $1",
        {"mark"},
        named("stall"),
    ),
    "a mark of an entry to come": (
        "UPDATE ledger.marks SET entries = 10000 WHERE account = $1",
        {"mark"},
        named("stall"),
    ),
}


@pytest.mark.parametrize("what", CASES)
async def test_it_is_found(what: str, books: Ledger, db: Database):
    sql, laws, who = CASES[what]
    report = await tampered(db, sql, who)
    assert {finding.what for finding in report.findings} == laws, report.text()
    told = " ".join(f"{f.where} {f.expected} {f.found}" for f in report.findings)
    invented = UUID(hashlib.md5(str(who).encode(), usedforsecurity=False).hexdigest())
    names = {str(who), str(invented)}
    if who in (EARLY, LATE, derive(named("p5"), "pay")):
        names |= {str(named(f"p{n}")) for n in (1, 3, 5)} | {"lane "}
    assert any(name in told for name in names), report.text()
    assert not report.sound
    assert "THE BOOKS ARE NOT SOUND" in report.text()


def test_every_law_has_a_case():
    laws = {law for _, broken, _ in CASES.values() for law in broken} | GUARD_LAW
    assert laws == {
        "account", "balance", "bound", "chain", "currency", "entries", "event", "guard", "hold",
        "limit", "link", "mark", "order", "side", "time",
    }  # fmt: skip


GUARDS = {
    # what is done to a guard, how it is undone, and what is told
    "switched off": (
        "ALTER TABLE ledger.transfers DISABLE TRIGGER append_only",
        "ALTER TABLE ledger.transfers ENABLE TRIGGER append_only",
        "trigger append_only of ledger.transfers",
    ),
    "only for copies": (
        "ALTER TABLE ledger.holds ENABLE REPLICA TRIGGER no_delete",
        "ALTER TABLE ledger.holds ENABLE TRIGGER no_delete",
        "trigger no_delete of ledger.holds",
    ),
    "under another name": (
        "ALTER TRIGGER append_only ON ledger.marks RENAME TO other",
        "ALTER TRIGGER other ON ledger.marks RENAME TO append_only",
        "trigger append_only of ledger.marks",
    ),
    "a check under another name": (
        "ALTER TABLE orders.orders RENAME CONSTRAINT orders_refunded_as_state_says TO other",
        "ALTER TABLE orders.orders RENAME CONSTRAINT other TO orders_refunded_as_state_says",
        "check orders_refunded_as_state_says of orders.orders",
    ),
}
GUARD_LAW = {"guard"}


@pytest.mark.parametrize("what", GUARDS)
async def test_a_guard_that_is_down_is_told(what: str, db: Database):
    done, undone, place = GUARDS[what]
    assert (await verify(db)).sound
    await db.run(done)
    try:
        report = await verify(db)
    finally:
        await db.run(undone)
    assert [(f.what, f.where) for f in report.findings] == [("guard", place)], report.text()
    assert (await verify(db)).sound


async def test_a_guard_that_refuses_nothing_is_told(db: Database):
    before = await db.value("SELECT pg_get_functiondef('ledger.append_only()'::regprocedure)")
    await db.run(
        "CREATE OR REPLACE FUNCTION ledger.append_only() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$"
    )
    try:
        report = await verify(db)
    finally:
        await db.run(before)
    assert {f.what for f in report.findings} == GUARD_LAW
    assert len(report.findings) == 6


@pytest.mark.parametrize("which", ["first", "last"])
async def test_the_chain_says_which_segment(which: str, books: Ledger, db: Database):
    order = "ASC" if which == "first" else "DESC"
    row = await db.one(f"SELECT * FROM ledger.transfers ORDER BY lane, segment {order} LIMIT 1")
    assert row is not None
    lane, segment = row["lane"], row["segment"]
    report = await tampered(
        db, "UPDATE ledger.transfers SET at = at + interval '1 us' WHERE id = $1", row["id"]
    )
    [found] = [f for f in report.findings if f.what == "chain"]
    assert found.where == f"lane {lane}, segment {segment}"


SEGMENTS = {
    "a hash": ("UPDATE ledger.segments SET hash = sha256('x') WHERE lane = 0 AND segment = 2", 2),
    "a number of transfers": (
        "UPDATE ledger.segments SET transfers = 7 WHERE lane = 0 AND segment = 2",
        2,
    ),
    "a segment removed": ("DELETE FROM ledger.segments WHERE lane = 0 AND segment = 2", 3),
    "the head moved back": ("UPDATE ledger.lanes SET segment = segment - 1 WHERE lane = 0", "head"),
    "the head's hash": ("UPDATE ledger.lanes SET hash = sha256('x') WHERE lane = 0", "head"),
    "a lane forgotten": ("DELETE FROM ledger.lanes WHERE lane = 0", "head"),
}


@pytest.mark.parametrize("what", SEGMENTS)
async def test_the_chain_itself(what: str, books: Ledger, db: Database):
    sql, where = SEGMENTS[what]
    report = await tampered(db, sql)
    assert {finding.what for finding in report.findings} == {"chain"}
    place = "head of lane 0" if where == "head" else f"lane 0, segment {where}"
    assert place in {finding.where for finding in report.findings}, report.text()


async def test_a_tail_cut_off_with_care_is_seen_by_a_head_kept_elsewhere(
    books: Ledger, db: Database
):
    """Within the books nobody can tell: that is what the printed heads are for."""
    before = await verify(db)
    last = await db.one(
        "SELECT * FROM ledger.segments WHERE lane = 0 ORDER BY segment DESC LIMIT 1"
    )
    assert last is not None
    assert (0, last["segment"], last["hash"].hex()) in [
        (h.lane, h.segment, h.hash) for h in before.heads
    ]
    assert last["hash"].hex() in before.text()


async def test_the_way_out_of_bounds_is_known(books: Ledger, db: Database):
    """Bounds set later may leave a balance outside. It may stay or come back, and go no further."""
    await books.set_bounds(ANITA, 10_000_000, None, "a new rule")
    report = await verify(db)
    assert report.sound, report.text()
    await books.post([move("in", "cash", "anita", 5)])
    report = await verify(db)
    assert report.sound, report.text()
    async with db.work() as conn:  # an entry that the ledger would have refused
        await conn.execute("UPDATE ledger.accounts SET floor_minor = NULL WHERE id = $1", ANITA)
    clock = books._clock
    clock.advance(minutes=1)
    await books.post([move("out", "anita", "cash", 500)])
    report = await tampered(
        db, "UPDATE ledger.accounts SET floor_minor = 10000000 WHERE id = $1", ANITA
    )
    assert [(f.what, f.where) for f in report.findings] == [("bound", f"account {ANITA}")]


async def test_many_findings_are_counted_and_some_are_told(books: Ledger, db: Database):
    report = await tampered(db, "UPDATE ledger.transfers SET kind = 'x' WHERE kind = 'test'")
    chain = [f for f in report.findings if f.what == "chain"]
    assert 0 < len(chain) <= FINDINGS_OF_A_KIND_MAX
    report = await tampered(db, "UPDATE ledger.transfers SET position = position + 1")
    chain = [f for f in report.findings if f.what == "chain"]
    assert len(chain) == FINDINGS_OF_A_KIND_MAX
    assert report.more > 200
    assert f"and {report.more:,} more" in report.text()


async def test_many_accounts_are_taken_in_parts(
    books: Ledger, db: Database, monkeypatch: pytest.MonkeyPatch
):
    whole = await verify(db)
    monkeypatch.setattr(verifying, "ACCOUNTS_AT_ONCE_MAX", 2)
    parts = await verify(db)
    assert parts.sound, parts.text()
    assert (parts.checked, parts.heads) == (whole.checked, whole.heads)
    for account in (ANITA, SHOP, CASH):
        bad = await tampered(
            db,
            "UPDATE ledger.accounts SET debits_posted = debits_posted + 1 WHERE id = $1",
            account,
        )
        assert f"account {account}" in {f.where for f in bad.findings if f.what == "balance"}
    link = "UPDATE ledger.transfers SET credit_prior = NULL WHERE id = $1"
    bad = await tampered(db, link, LATE)
    assert [f.where for f in bad.findings if f.what == "link"] == [
        f"transfer {LATE}, credit account {SHOP}"
    ]


async def test_it_tells_how_far_it_is(books: Ledger, db: Database):
    heard: list[tuple[str, int, int]] = []
    await verify(db, lambda what, done, of: heard.append((what, done, of)))
    assert {what for what, _, _ in heard} >= {"transfers", "holds", "orders", "limit counters"}
    assert all(0 <= done <= of for _, done, of in heard)
    last = [(done, of) for what, done, of in heard if what == "transfers"][-1]
    assert last[0] == last[1] > 300


async def test_empty_books_are_sound(db: Database):
    report = await verify(db)
    assert report.sound
    assert report.checked["transfers"] == 0


# --- heads that were kept elsewhere ----------------------------------------------------------------------


async def test_heads_that_were_kept_are_found_again(
    books: Ledger, db: Database, clock: SetClock
) -> None:
    kept = kept_heads((await verify(db)).text())
    assert kept == (await verify(db)).heads
    clock.advance(seconds=10)
    await GroupCommit(db, clock).submit(payment("later", "anita", "shop", 7, clock))
    report = await verify(db, kept=kept)
    assert report.sound
    assert report.heads != kept


async def test_a_ledger_that_was_cut_off_whole_is_sound_but_not_the_one_that_was_kept(
    books: Ledger, db: Database, clock: SetClock
) -> None:
    """An older copy is put back, or the end is taken away everywhere: nothing in it contradicts itself."""
    before = await verify(db)
    lane = before.heads[0]
    later = Head(lane.lane, lane.segment + 1, "ab" * 32)
    other = Head(lane.lane, lane.segment, "cd" * 32)
    assert before.sound
    for kept, found in ((later, "no such segment"), (other, f"hash {lane.hash}")):
        (told,) = (await verify(db, kept=[kept])).findings
        assert (told.what, told.found) == ("chain", found)
        assert told.expected == f"hash {kept.hash}"


def test_only_whole_heads_are_read() -> None:
    line = f"  lane 2  segment 14  {'0f' * 32}"
    assert kept_heads(f"books\n{line}\nsound") == (Head(2, 14, "0f" * 32),)
    assert kept_heads(line[:-1] + "\n" + line.replace("segment", "part")) == ()
