"""The desk of one member in one window: what a page is given, and the guard of everything it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from argosy.base.refusals import Refused
from argosy.management.approvals.facts import Proposal
from argosy.management.console.saying import LAST_LANGUAGE, Sayings, spoken_money, spoken_time
from argosy.management.services import Services
from argosy.management.staff.facts import Member, Right, StaffReason
from argosy.management.staff.sessions import Session

T = TypeVar("T")
DENIED = "refused"
REASON_CHARS_MAX = 500


class Desk:
    """Who is at work, with what, in which language.

    `may` only hides what cannot be done. `act`, `look` and `propose` are the guard: they ask the database
    whether the session still lives and the member still has the right, and write the audit log.
    """

    def __init__(
        self,
        services: Services,
        session: Session,
        sayings: Sayings,
        query: Mapping[str, str] | None = None,
    ) -> None:
        self.services = services
        self.session = session
        self.query = query or {}
        """What the address of the page says behind its question mark."""
        self._sayings = sayings

    @property
    def member(self) -> Member:
        return self.session.member

    @property
    def language(self) -> str:
        return self.member.language

    def say(self, key: str, /, **values: object) -> str:
        """The text of `key` in the member's language; English where that lacks it."""
        return self._sayings.say(key, self.language, **values)

    def has(self, key: str) -> bool:
        """Whether there are words for `key`."""
        return self._sayings.has(key, self.language) or self._sayings.has(key, LAST_LANGUAGE)

    def word(self, key: str, otherwise: str, /) -> str:
        """The text of `key`, or `otherwise` where there is none in any language."""
        return self._sayings.word(key, self.language, otherwise)

    def money(self, minor: int, currency: str) -> str:
        """An amount of minor units as people write it, with its currency."""
        return spoken_money(minor, currency, self.language)

    def when(self, at: datetime, *, seconds: bool = False) -> str:
        """A moment on the clock of the market that this installation is at home in."""
        return spoken_time(at, ZoneInfo(self.services.market.zone), seconds=seconds)

    def may(self, right: Right) -> bool:
        """Whether to show what needs `right`. Never the guard."""
        return self.member.may(right)

    async def allowed(self, right: Right) -> Refused | None:
        """None where the session lives and the member has `right`, as the database has them now."""
        session = await self.services.sessions.living(self.session.id)
        if session is None:
            return Refused(StaffReason.STAFF_SIGNED_OUT)
        self.session = session
        return None if session.member.may(right) else Refused(StaffReason.NOT_ALLOWED)

    async def act(
        self,
        right: Right,
        action: str,
        subject: str,
        work: Callable[[], Awaitable[T | Refused]],
        *,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> T | Refused:
        """Do `work` where the member may, and write it down, also where it was refused.

        `action` is `<area>.<verb>`, such as `customers.freeze`; `subject` what it is done to, such as an
        id; `detail` small facts for the log, never personal data. What raises is logged as failed and
        goes on.
        """
        no = await self.allowed(right)
        if no is not None:
            await self._log(action, subject, reason, detail, no.code)
            return no
        try:
            outcome = await work()
        except BaseException as broken:
            await self._log(action, subject, reason, detail, f"failed: {type(broken).__name__}")
            raise
        code = outcome.code if isinstance(outcome, Refused) else "done"
        await self._log(action, subject, reason, detail, code)
        return outcome

    async def look(self, right: Right, subject: str, reason: str) -> Refused | None:
        """Ask to see personal data of `subject`: None means yes, and it is in the log with its reason."""
        no = await self.allowed(right)
        if no is None and not reason.strip():
            no = Refused(StaffReason.REASON_MISSING)
        await self._log("look", subject, reason, None, "done" if no is None else no.code)
        return no

    async def propose(
        self, right: Right, kind: str, subject: str, body: Mapping[str, Any], reason: str
    ) -> Proposal | Refused:
        """Propose what a second person with `right` decides; see `Approvals`."""

        async def proposed() -> Proposal | Refused:
            return await self.services.approvals.propose(
                self.member, kind, subject, body, reason, right=right
            )

        return await self.act(
            right, f"propose.{kind}", subject, proposed, reason=reason, detail=body
        )

    def refusal(self, refused: Refused) -> str:
        """What to tell the member about a no."""
        return self._sayings.refusal(refused, self.language)

    def tell(self, outcome: Refused | str) -> None:
        """Show a short notice in this window: a text as it is, or why something was refused."""
        from nicegui import ui

        if isinstance(outcome, Refused):
            ui.notify(self.refusal(outcome), type="negative", position="top")
        else:
            ui.notify(outcome, type="positive", position="top")

    async def _log(
        self,
        action: str,
        subject: str,
        reason: str,
        detail: Mapping[str, Any] | None,
        outcome: str,
    ) -> None:
        await self.services.audit.write(
            None,
            self.member,
            action,
            subject,
            reason[:REASON_CHARS_MAX],
            detail or {},
            outcome,
            session=self.session.id,
        )
