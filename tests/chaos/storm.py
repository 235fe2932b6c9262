"""A storm: people pay from all sides while somebody kills parts of the program.

Afterwards everything that anybody was told must be so: what was acknowledged is there once, what was
refused has moved nothing, and nothing is there that nobody asked for.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from argosy.base.ids import Ids, derive
from argosy.base.parties import numbers
from tests.chaos.auditor import MOVE, POST, Books, audit
from tests.chaos.people import PUT_OFF, Ask, Person
from tests.chaos.program import Program

PEOPLE_MAX = 95
AT_ONCE_MAX = 16
ASKS_EACH = 3
SHOPS = range(201, 205)
SETTLED_SECONDS_MAX = 60.0
POSTGRES_DEATHS_A_MINUTE_MAX = 4  # of one server: it gives up at six

SERVER, POSTGRES, BOTH, START, LINES, DISK = "server", "postgres", "both", "start", "lines", "disk"
KINDS = (SERVER, POSTGRES, BOTH, START, LINES, DISK)
DISK_BYTES_MAX = 64 * 1024


@dataclass
class Storm:
    """One program, its people, and everything that they were told."""

    program: Program
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    shops: list[str] = field(default_factory=list)  # their wallets' numbers
    asks: list[Ask] = field(default_factory=list)
    started: Books | None = None
    diary: list[str] = field(default_factory=list)
    _turn: int = 0

    async def gather(self, people: int) -> None:
        """So many people of the town sign in, and the books are noted as they stand."""
        everyone = [n for n in range(1, 121) if n % 6 != 3][: min(people, PEOPLE_MAX)]
        program = self.program
        self.people = [Person(program.url, n, lambda: None) for n in everyone]
        shops = [Person(program.url, n, lambda: None) for n in SHOPS]
        turns = asyncio.Semaphore(AT_ONCE_MAX)

        async def come(person: Person) -> None:
            async with turns:
                await person.sign_in()

        await asyncio.gather(*(come(person) for person in [*self.people, *shops]))
        self.shops = [shop.wallet for shop in shops]
        for shop in shops:
            await shop.close()
        await self._let_settle()
        self.started = await self.books()

    async def close(self) -> None:
        for person in self.people:
            await person.close()

    # --- the storm -----------------------------------------------------------------------------

    async def round(self, kind: str) -> None:
        """Some people trade, in the midst of it one thing breaks, and all of them get an answer."""
        begun = time.monotonic()
        kind = self._bearable(kind)
        asks = self._wishes()
        trading = [asyncio.create_task(self._trade(mine)) for mine in asks]
        try:
            await asyncio.sleep(self.chance.uniform(0.0, 0.6))
            await self._break(kind)
            await asyncio.gather(*trading)
        finally:
            for task in trading:
                task.cancel()
            await asyncio.gather(*trading, return_exceptions=True)
        done = [ask for mine in asks for ask in mine]
        self.asks += done
        tries = sum(ask.tries for ask in done)
        said = Counter(ask.state or ask.refusal for ask in done)
        self.diary.append(
            f"{kind:<9} {time.monotonic() - begun:5.1f} s  {len(done)} asked {tries} times: "
            + ", ".join(f"{word} {n}" for word, n in said.most_common())
        )

    def _bearable(self, kind: str) -> str:
        """A database that dies again and again is a matter for a human, so the server gives up."""
        lately = time.monotonic() - 60
        deaths = sum(at > lately for at in self.program.postgres_deaths)
        breaks_postgres = kind in (POSTGRES, DISK)
        return SERVER if breaks_postgres and deaths >= POSTGRES_DEATHS_A_MINUTE_MAX else kind

    async def _break(self, kind: str) -> None:
        program, chance = self.program, self.chance
        if kind != LINES and chance.random() < 0.3:
            await self._cut_lines()
        if kind == LINES:
            for _ in range(chance.randint(2, 5)):
                await self._cut_lines()
                await asyncio.sleep(chance.uniform(0.02, 0.3))
        elif kind == POSTGRES:
            program.kill_postgres()
        elif kind == DISK:
            program.postgres_deaths.append(time.monotonic())
            program.fill_disk(DISK_BYTES_MAX)
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            program.fill_disk(None)
        else:
            if kind in (BOTH, START) and chance.random() < 0.5:  # either may go first
                program.kill_postgres()
            program.kill_server()
            if kind in (BOTH, START):
                program.kill_postgres()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            if kind == START:
                await self._killed_starts()
            program.start()
        await program.ready()

    async def _killed_starts(self) -> None:
        """Starts that are killed before they are through."""
        for _ in range(self.chance.randint(1, 2)):
            self.program.start()
            await asyncio.sleep(self.chance.uniform(0.05, 3.0))
            self.program.kill_server()
            if self.chance.random() < 0.5:
                self.program.kill_postgres()

    async def _cut_lines(self) -> None:
        """Every connection between server and database is dropped in mid-sentence."""
        conn = await asyncpg.connect(self.program.database_url)
        try:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        finally:
            await conn.close()

    async def _trade(self, mine: list[Ask]) -> None:
        for ask in mine:
            if self.chance.random() < 0.2:
                await self._pressed_twice(ask)
            else:
                await ask.who.ask(ask)
            await asyncio.sleep(self.chance.uniform(0.0, 0.1))

    async def _pressed_twice(self, ask: Ask) -> None:
        """The button is pressed twice at once, and both must hear the same."""
        twin = Ask(ask.id, ask.who, ask.path, ask.fields, ask.minor)
        await asyncio.gather(ask.who.ask(ask), ask.who.ask(twin))
        for one, other in ((ask, twin), (twin, ask)):
            if one.refusal in PUT_OFF and other.is_yes:
                one.refusal = ""
                await one.who.ask(one)
        if (ask.is_yes, ask.refusal) != (twin.is_yes, twin.refusal):
            raise AssertionError(f"two answers to one request: {ask} and {twin}")

    # --- what people want ------------------------------------------------------------------------

    def _wishes(self) -> list[list[Ask]]:
        """What the people whose turn it is want, each in their own order; not more than fingers
        manage, or the brain would ask for codes all the time."""
        count = min(len(self.people), 24)
        turn = [self.people[(self._turn + n) % len(self.people)] for n in range(count)]
        self._turn += count
        return [[self._wish(person) for _ in range(ASKS_EACH)] for person in turn]

    def _wish(self, person: Person) -> Ask:
        chance = self.chance
        new = Ids(chance=chance.getrandbits).new()
        minor = chance.randint(100, 2_000)
        what = chance.choices(
            ["pay", "send", "add", "too_much", "nobody", "wait"], [50, 30, 8, 5, 4, 3]
        )[0]
        if what == "pay":
            return _ask(new, person, "/pay", minor, to=chance.choice(self.shops))
        if what == "add":
            return _ask(new, person, "/add", minor, bank_account=f"1002{person.number:08}00")
        if what == "too_much":
            return _ask(new, person, "/pay", 15_000_000, to=chance.choice(self.shops))
        if what == "nobody":
            return _ask(new, person, "/pay", minor, to=numbers.draw(chance.randbytes))
        if what == "wait":
            return _ask(new, person, "/send", minor, to=f"98764 {chance.randint(0, 99999):05}")
        at = self.people.index(person)
        friend = self.people[(at + chance.randint(1, 4)) % len(self.people)]
        return _ask(new, person, "/send", minor, to=friend.phone)

    # --- the reckoning ---------------------------------------------------------------------------

    async def books(self) -> Books:
        return await audit(self.program.database_url)

    async def reckon(self) -> list[str]:
        """Everything that is not as it must be, in words."""
        await self._let_settle()
        books = await self.books()
        wrong = list(books.findings)
        wrong += self._told(books)
        wrong += self._nothing_else(books)
        wrong += self._came_in(books)
        wrong += await self._as_people_see(books)
        wrong += await self._letters()
        code, said = await self.program.run("ledger", "verify", "--demo")
        if code != 0:
            wrong.append(f"ledger verify ends with {code}: {said}")
        return wrong

    def _told(self, books: Books) -> list[str]:
        """What was acknowledged is there, once, as it was said; what was refused is not."""
        wrong = []
        for ask in self.asks:
            order, moved = books.orders.get(str(ask.id)), books.of_order.get(str(ask.id), [])
            if not ask.is_yes:
                if order is not None or moved:
                    wrong.append(f"{ask}: refused, and yet there: {order} {moved}")
                continue
            if order is None:
                wrong.append(f"{ask}: acknowledged, and not there")
                continue
            if int(order["amount_minor"]) != ask.minor or order["state"] not in _after(ask.state):
                wrong.append(f"{ask}: acknowledged, and there as {order}")
            main = [
                t for t in moved if t["action"] in (MOVE, POST) and t["kind"] == order["product"]
            ]
            if order["state"] == "paid" and len(main) != 1:
                wrong.append(f"{ask}: moved {len(main)} times: {main}")
        return wrong

    def _nothing_else(self, books: Books) -> list[str]:
        """No order and no transfer that nobody asked for."""
        before = self._before.orders
        mine = {str(ask.id) for ask in self.asks}
        strange = books.orders.keys() - before.keys() - mine
        return [f"orders that nobody asked for: {sorted(strange)}"] if strange else []

    def _came_in(self, books: Books) -> list[str]:
        """All that people have is what they had, and what their banks sent since."""
        wrong = []
        had, has = self._before, books
        at_bank = {row["instruction"]: int(row["amount_minor"]) for row in books.bank}
        sent = 0
        for ask in self.asks:
            instruction = str(derive(ask.id, "rail"))
            if ask.path == "/add" and ask.is_yes:
                state = books.orders[str(ask.id)]["state"]
                if (state == "paid") != (instruction in at_bank):
                    wrong.append(f"{ask}: {state} here, and at the bank {at_bank.get(instruction)}")
                sent += ask.minor if state == "paid" else 0
            elif instruction in at_bank:
                wrong.append(f"{ask}: the bank was asked")
        older = sum(
            (int(o["amount_minor"]) if o["product"] == "top_up" else -_paid_out(books, o["id"]))
            for o in books.orders.values()
            if o["product"] in ("top_up", "withdraw")
            and o["state"] == "paid"
            and o["id"] in had.orders
            and had.orders[o["id"]]["state"] != "paid"
        )
        then, now = had.owed(), has.owed()
        if now != then + sent + older:
            wrong.append(f"people had {then}, banks sent {sent} and {older}, and now it is {now}")
        return wrong

    async def _as_people_see(self, books: Books) -> list[str]:
        """Balance and statement in the browser are those of the journal; every payment has a line."""
        wrong: list[str] = []
        turns = asyncio.Semaphore(AT_ONCE_MAX)

        async def look(person: Person) -> None:
            async with turns:
                balance = await person.balance_minor()
                lines = await person.history()
                account = str(derive(UUID(person.party), "account"))
                if balance != books.balance(account):
                    wrong.append(f"{person.phone} sees {balance}, journal {books.balance(account)}")
                if lines and lines[0]["balance_minor"] != balance:
                    wrong.append(f"{person.phone}: the statement ends on another balance")
                seen = Counter(line["order"] for line in lines)
                for ask in (a for a in self.asks if a.who is person):
                    await self._one(ask, seen, wrong)

        await asyncio.gather(*(look(person) for person in self.people))
        return wrong

    async def _one(self, ask: Ask, seen: Counter[str], wrong: list[str]) -> None:
        status, said = await ask.who.read(f"/orders/{ask.id}")
        if not ask.is_yes:
            if status != 404 or seen[str(ask.id)]:
                wrong.append(f"{ask}: refused, and the status is {status} {said}")
            return
        if status != 200 or said["number"] != ask.receipt["number"]:
            wrong.append(f"{ask}: acknowledged, and the status is {status} {said}")
        at_most = 1 if ask.path == "/pay" and said.get("state") == "paid" else 2  # held, then ended
        if not 1 <= seen[str(ask.id)] <= at_most:
            wrong.append(f"{ask}: {seen[str(ask.id)]} lines in the statement")

    async def _letters(self) -> list[str]:
        """Who received money was told of each payment, and of each only once."""
        conn = await asyncpg.connect(self.program.database_url)
        try:
            told = await conn.fetch(
                "SELECT party_id, count(*) AS n FROM notify.message"
                " WHERE template = 'notices.received' AND created_at >= $1 GROUP BY 1",
                self._since,
            )
        finally:
            await conn.close()
        phones = {person.phone: person.party for person in self.people}
        due = Counter(
            phones[ask.fields["to"]]
            for ask in self.asks
            if ask.path == "/send" and ask.state == "paid" and ask.fields["to"] in phones
        )
        got = Counter({str(row["party_id"]): row["n"] for row in told})
        return [] if got == due else [f"messages {got - due} too many, {due - got} too few"]

    async def _let_settle(self) -> None:
        """Until no bank is being asked any more and everybody has read the log."""
        conn = await asyncpg.connect(self.program.database_url)
        try:
            self._since = getattr(self, "_since", None) or await conn.fetchval("SELECT now()")
            until = time.monotonic() + SETTLED_SECONDS_MAX
            mine = [ask.id for ask in self.asks if ask.path == "/add"]
            while time.monotonic() < until:
                unread = await conn.fetchval(
                    "SELECT count(*) FROM outbox.cursors c WHERE EXISTS (SELECT FROM outbox.events e"
                    " WHERE (e.xact, e.place) > (c.xact, c.place))"
                )
                held = await conn.fetchval(
                    "SELECT count(*) FROM orders.orders WHERE id = ANY($1) AND state = 'held'", mine
                )
                if unread == 0 and held == 0:
                    return
                await asyncio.sleep(0.1)
        finally:
            await conn.close()
        raise AssertionError(
            f"{unread} readers of the log and {held} top-ups do not come to an end"
        )

    @property
    def _before(self) -> Books:
        assert self.started is not None
        return self.started


def _ask(id: UUID, person: Person, path: str, minor: int, **fields: str) -> Ask:
    return Ask(id, person, path, {**fields, "amount_minor": str(minor)}, minor)


def _after(state: str) -> tuple[str, ...]:
    """What may have become of an order that was acknowledged as being in `state`."""
    return {"held": ("held", "paid", "returned"), "review": ("review",)}.get(state, (state,))


def _paid_out(books: Books, order: str) -> int:
    return sum(int(t["amount"]) for t in books.of_order[order] if t["action"] == POST)
