"""What the page of one wallet shows, each part by its own reading, so that no part waits for another.

Nothing here opens personal data but `person`, which the access log sees.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.markets import Level, Market
from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party, PartyState, Personal
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import strictest
from argosy.base.wallet.statement import History
from argosy.management.customers.facts import (
    Asked,
    BankAccount,
    CaseLine,
    Cause,
    EndpointLine,
    Frozen,
    KeyLine,
    Note,
    Standing,
    Used,
    VerdictLine,
)
from argosy.management.services import Services
from argosy.management.staff.facts import Member
from argosy.public_services.identity.facts import EvidenceState
from argosy.public_services.identity.identity import CONTACT, EMAIL, PHONE
from argosy.public_services.notify.notify import Letter

PAGE = 20
ASKED_MAX = 200
LETTERS = 100
BANK_PAGES_MAX = 5
_BANK_PRODUCTS = frozenset({"top_up", "withdraw"})
_USED_BANK = frozenset({State.PAID, State.PARTLY_REFUNDED, State.REFUNDED})


class Reading:
    """Reads one wallet after the other."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._db = services.db

    async def party(self, party_id: UUID) -> Party | None:
        """The wallet, without anything personal."""
        return await self._services.parties.get(party_id)

    async def masked_name(self, party_id: UUID, member: Member) -> str:
        """The name as others see it; logged."""
        reader = f"staff:{member.name}"[:80]
        return await self._services.parties.display_name(party_id, reader, "page of a wallet") or ""

    async def person(self, party_id: UUID, member: Member, reason: str) -> Personal | Refused:
        """All personal data, for a member who said why (`Desk.look` first); logged with the reason."""
        reader = f"staff:{member.name}"[:80]
        return await self._services.parties.personal(party_id, reader, reason.strip()[:80])

    async def texts(self, party_id: UUID, member: Member, reason: str) -> list[Letter]:
        """The texts of the latest messages, for a member who said why (`Desk.look` first); logged. Codes
        are never among them."""
        async with self._db.work() as conn:
            await self._services.parties.note_access(
                party_id, f"staff:{member.name}"[:80], reason.strip()[:80], ("messages",), conn
            )
        letters = await self._services.notify.inbox_of(party_id, LETTERS)
        return [letter for letter in letters if not letter.secret]

    async def standing(self, party: Party) -> Standing:
        """Level and money as they stand."""
        services = self._services
        market = services.markets[party.market]
        day = local_day(services.clock.now(), market.zone)
        account = await services.ledger.account(party.account)
        shown = await self.shown_kinds(party)
        ladder = market.ladder(party.kind)
        rank = _rank(market, party.level)
        above = [level for level in ladder if level.rank > rank]
        missing = tuple(n for n in above[0].needs if n not in shown) if above else ()
        seen = await services.signin.last_seen([party.id])
        member = await self._db.value(
            "SELECT member_id FROM customers.own WHERE party_id = $1", party.id
        )
        return Standing(
            party,
            market.currency,
            account.balance_minor if account else 0,
            account.available_minor if account else 0,
            account.debits_pending if account else 0,
            account.credits_pending if account else 0,
            _most(market, party.level, day),
            bool(account and account.frozen),
            bool(account and account.closed),
            above[0].name if above else None,
            missing,
            seen.get(party.id),
            await self.frozen(party),
            member,
        )

    async def frozen(self, party: Party) -> Frozen | None:
        """Why a wallet is frozen; None where it is not."""
        if party.state is not PartyState.FROZEN:
            return None
        row = await self._db.one(
            "SELECT before, cause, by, why, at FROM customers.frozen WHERE party_id = $1", party.id
        )
        if row is None:
            return Frozen(Cause.MACHINE, "", "", None, PartyState.ACTIVE.value)
        return Frozen(Cause(row["cause"]), row["by"], row["why"], row["at"], row["before"])

    async def shown_kinds(self, party: Party) -> frozenset[str]:
        """The kinds of evidence that are accepted, with what sign-up has proven."""
        row = await self._db.one(
            "SELECT phone_sealed IS NOT NULL AS phone, email_sealed IS NOT NULL AS email"
            " FROM parties.party WHERE id = $1",
            party.id,
        )
        proven = {CONTACT}
        if row is not None:
            proven |= {name for name in (PHONE, EMAIL) if row[name]}
        evidence = await self._services.identity.evidence(party.id)
        accepted = {e.kind for e in evidence if e.state is EvidenceState.ACCEPTED}
        return frozenset(proven | accepted)

    async def limits(self, party: Party) -> list[Used]:
        """Every bound that the wallet's level has today, with how much of it is used."""
        market = self._services.markets[party.market]
        day = local_day(self._services.clock.now(), market.zone)
        rows = await self._db.all(
            "SELECT key, day, month, year, day_minor, day_count, month_minor, month_count, year_minor"
            " FROM gate.usage WHERE party = $1",
            party.id,
        )
        usage = {row["key"]: row for row in rows}
        found: list[Used] = []
        for key in sorted({rule.key for rule in market.limits if rule.level == party.level}):
            cap, row = strictest(market.caps(key, party.level, day)), usage.get(key)
            if not cap.allowed:
                found.append(Used(key, "never", True, 0, 0))
                continue
            if cap.payment_minor_max is not None:
                found.append(Used(key, "payment", False, 0, cap.payment_minor_max))
            for window, counts, most in (
                ("day", False, cap.day_minor_max),
                ("day", True, cap.day_count_max),
                ("month", False, cap.month_minor_max),
                ("month", True, cap.month_count_max),
                ("year", False, cap.year_minor_max),
            ):
                if most is None:
                    continue
                begins = {"day": day, "month": day.replace(day=1)}.get(
                    window, day.replace(month=1, day=1)
                )
                used = 0
                if row is not None and row[window] >= begins:
                    used = row[f"{window}_{'count' if counts else 'minor'}"]
                found.append(Used(key, window, counts, used, most))
        return found

    async def history(self, party: Party, cursor: str | None = None) -> History | Refused:
        """A page of the account's lines with their orders, the newest first."""
        return await self._services.statement.page(party.account, cursor, PAGE)

    async def notes(self, party_id: UUID, after: UUID | None = None) -> list[Note]:
        """What staff wrote, the latest first, from before `after` on."""
        rows = await self._db.all(
            """
            SELECT id, at, by, text FROM customers.note
            WHERE party_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
            """,
            party_id,
            after,
            PAGE,
        )
        return [Note(**row) for row in rows]

    async def cases(self, party_id: UUID) -> list[CaseLine]:
        """The latest cases in which the wallet pays or is paid."""
        rows = await self._db.all(
            """
            SELECT * FROM (
                (SELECT *, 'payer' AS side FROM ctu.case_files WHERE account = $1
                  ORDER BY opened_at DESC LIMIT $2)
                UNION ALL
                (SELECT *, 'payee' AS side FROM ctu.case_files WHERE payee = $1
                  ORDER BY opened_at DESC LIMIT $2)
            ) c ORDER BY opened_at DESC LIMIT $2
            """,
            str(party_id),
            PAGE,
        )
        return [CaseLine(**{name: row[name] for name in CaseLine.__slots__}) for row in rows]

    async def verdicts(self, party_id: UUID, before: UUID | None = None) -> list[VerdictLine]:
        """The verdicts that were not a plain yes, the latest first, from before `before` on."""
        rows = await self._db.all(
            """
            SELECT id, event, at, kind, channel, amount_minor, currency, decision, outcome, score, hits
            FROM ctu.verdict_rows WHERE account = $1 AND ($2::uuid IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3
            """,
            str(party_id),
            before,
            PAGE,
        )
        found = []
        for row in rows:
            told = dict(row)
            rules = tuple(str(hit.get("rule", "")) for hit in told.pop("hits"))
            found.append(VerdictLine(**told, rules=rules))
        return found

    async def keys(self, party_id: UUID) -> list[KeyLine]:
        """A merchant's API keys, those that are good first."""
        rows = await self._db.all(
            """
            SELECT id, label, hint, mode, signing, created_at AS made_at, used_at, revoked_at
            FROM api.keys WHERE party_id = $1 ORDER BY revoked_at IS NOT NULL, id DESC LIMIT $2
            """,
            party_id,
            PAGE,
        )
        return [KeyLine(**row) for row in rows]

    async def endpoints(self, party_id: UUID) -> list[EndpointLine]:
        """A merchant's webhooks: only the host of an address is shown, for the rest may be a secret."""
        rows = await self._db.all(
            """
            SELECT e.id, split_part(split_part(e.url, '://', 2), '/', 1) AS host, e.label, e.state,
                e.failures, e.failing_since,
                (SELECT count(*) FROM (SELECT 1 FROM webhooks.deliveries d
                  WHERE d.party_id = e.party_id AND d.endpoint_id = e.id AND d.state = 'waiting'
                    AND d.next_at IS NOT NULL LIMIT 1000) w) AS waiting,
                (SELECT count(*) FROM (SELECT 1 FROM webhooks.deliveries d
                  WHERE d.party_id = e.party_id AND d.endpoint_id = e.id AND d.state = 'dead'
                  LIMIT 1000) w) AS dead
            FROM webhooks.endpoints e WHERE e.party_id = $1 ORDER BY e.id DESC LIMIT $2
            """,
            party_id,
            PAGE,
        )
        return [EndpointLine(**row) for row in rows]

    async def asked(self, party_id: UUID) -> Asked:
        """What became of the last payments that a merchant asked for."""
        orders = await self._services.orders.asked_by(party_id, limit=ASKED_MAX)
        states = Counter(order.state.value for order in orders)
        paid = sum(order.amount.minor for order in orders if order.state in _USED_BANK)
        return Asked(len(orders), dict(states), paid)

    async def bank_accounts(self, party: Party) -> list[BankAccount]:
        """The bank accounts that the owner has topped up from or withdrawn to, the last used first."""
        found: dict[str, BankAccount] = {}
        cursor: str | None = None
        for _ in range(BANK_PAGES_MAX):
            page = await self._services.statement.page(party.account, cursor, 100)
            if isinstance(page, Refused):
                break
            for line in page.lines:
                order = line.order
                if order is None or order.product not in _BANK_PRODUCTS:
                    continue
                if order.state in _USED_BANK and "bank_account" in order.data:
                    shown = BankAccount(order.id, str(order.data.get("to", "")), order.created_at)
                    found.setdefault(str(order.data.get("to_hash")), shown)
            cursor = page.next
            if cursor is None:
                break
        return list(found.values())


def level_reached(market: Market, party: Party, shown: frozenset[str], kind: str) -> Level | None:
    """The level to which evidence of `kind` would raise the wallet beside what is `shown`."""
    rank = _rank(market, party.level)
    covered = [
        level
        for level in market.ladder(party.kind)
        if level.rank > rank and (shown | {kind}).issuperset(level.needs)
    ]
    return covered[-1] if covered else None


def _rank(market: Market, level: str) -> int:
    """The rank of a level; one that the pack has no more is the lowest."""
    return next((one.rank for one in market.levels if one.name == level), -1)


def _most(market: Market, level: str, day: date) -> int | None:
    try:
        return market.balance_minor_max(level, day)
    except KeyError:
        return 0
