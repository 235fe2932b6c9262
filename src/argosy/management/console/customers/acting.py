"""The buttons of a wallet's page: each asks for its reason, acts, and says what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import ask_reason, heading
from argosy.management.customers import Acts, Reading
from argosy.management.customers.agreed import ACCEPT, CLOSE, UNFREEZE
from argosy.management.customers.facts import (
    NOTE_CHARS_MAX,
    BankAccount,
    Cause,
    CustomerReason,
    Frozen,
    Standing,
)
from argosy.management.customers.timeline import subject
from argosy.management.staff.facts import Right
from argosy.public_services.identity.facts import EvidenceLine

REASON_CHARS_MAX = 500
Refresh = Callable[[], Awaitable[None]]


class Acting:
    """What one member does to one wallet. `refresh` shows the page anew."""

    def __init__(self, desk: Desk, party_id: UUID, refresh: Refresh) -> None:
        self._desk = desk
        self._party = party_id
        self._refresh = refresh
        self._acts = Acts(desk.services)

    @property
    def _subject(self) -> str:
        return subject(self._party)

    async def _do(
        self,
        right: Right,
        verb: str,
        reason: str,
        work: Callable[[], Awaitable[Any | Refused]],
        detail: Mapping[str, Any] | None = None,
    ) -> Any | Refused:
        """Act, tell, show anew."""
        said = await self._desk.act(
            right, f"customers.{verb}", self._subject, work, reason=reason, detail=detail
        )
        done = said if isinstance(said, Refused) else self._desk.say(f"customers.done.{verb}")
        self._desk.tell(done)
        await self._refresh()
        return said

    async def _ask(self, verb: str, *, danger: bool = False) -> str | None:
        say = self._desk.say
        return await ask_reason(
            self._desk,
            say(f"customers.act.{verb}"),
            text=say(f"customers.ask.{verb}"),
            button=say(f"customers.act.{verb}"),
            danger=danger,
        )

    async def _propose(self, kind: str, body: Mapping[str, Any], reason: str) -> None:
        said = await self._desk.propose(
            Right.CUSTOMERS_DECIDE, kind, self._subject, {"party": str(self._party), **body}, reason
        )
        self._desk.tell(said if isinstance(said, Refused) else self._desk.say("approval.proposed"))
        await self._refresh()

    # --- freezing ----------------------------------------------------------------------------------

    async def freeze(self) -> None:
        """Ask for the cause and the reason, and freeze."""
        say = self._desk.say
        causes = {
            cause.value: say(f"customers.cause.{cause.value}")
            for cause in (Cause.OWNER, Cause.FRAUD, Cause.AUTHORITY)
        }
        chosen = await choose(self._desk, "freeze", causes, Cause.OWNER.value)
        if chosen is None:
            return
        cause, reason = chosen
        await self._do(
            Right.CUSTOMERS_ACT,
            "freeze",
            reason,
            lambda: self._acts.freeze(self._desk.member, self._party, Cause(cause), reason),
            {"cause": cause},
        )

    async def unfreeze(self, frozen: Frozen) -> None:
        """Undo it, or propose to where its owner did not ask for it."""
        alone = frozen.cause is Cause.OWNER
        reason = await self._ask("unfreeze" if alone else "propose_unfreeze")
        if reason is None:
            return
        if alone:
            await self._do(
                Right.CUSTOMERS_ACT,
                "unfreeze",
                reason,
                lambda: self._acts.unfreeze(self._desk.member, self._party),
            )
            return
        since = frozen.at.isoformat() if frozen.at else ""
        await self._propose(UNFREEZE, {"since": since}, reason)

    # --- closing -----------------------------------------------------------------------------------

    async def close(self, standing: Standing) -> None:
        """Close an empty wallet; with money inside propose where it goes."""
        if standing.available_minor == 0:
            reason = await self._ask("close", danger=True)
            if reason is not None:
                await self._do(
                    Right.CUSTOMERS_DECIDE,
                    "close",
                    reason,
                    lambda: self._acts.close(self._desk.member, self._party),
                )
            return
        banks = await Reading(self._desk.services).bank_accounts(standing.party)
        if not banks:
            self._desk.tell(Refused(CustomerReason.BANK_ACCOUNT_NONE))
            return
        say = self._desk.say
        money = self._desk.money(standing.available_minor, standing.currency)
        chosen = await choose(
            self._desk,
            "propose_close",
            {str(bank.order): self._bank(bank) for bank in banks},
            str(banks[0].order),
            text=say("customers.ask.propose_close", money=money),
        )
        if chosen is not None:
            await self._propose(CLOSE, {"bank": chosen[0]}, chosen[1])

    def _bank(self, bank: BankAccount) -> str:
        return self._desk.say(
            "customers.bank", account=bank.shown, at=self._desk.when(bank.used_at)
        )

    async def keep_open(self) -> None:
        """Undo that it is being closed."""
        reason = await self._ask("keep_open")
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_DECIDE,
                "keep_open",
                reason,
                lambda: self._acts.keep_open(self._desk.member, self._party),
            )

    # --- identity ----------------------------------------------------------------------------------

    async def accept(self, line: EvidenceLine, *, second: bool) -> None:
        """Accept, or propose to where the level is one that wants two."""
        reason = await self._ask("propose_accept" if second else "accept")
        if reason is None:
            return
        if second:
            await self._propose(ACCEPT, {"evidence": str(line.id), "kind": line.kind}, reason)
            return
        await self._do(
            Right.CUSTOMERS_DECIDE,
            "accept",
            reason,
            lambda: self._acts.accept(self._desk.member, self._party, line.id),
            {"evidence": str(line.id)},
        )

    async def reject(self, line: EvidenceLine) -> None:
        """Reject what waits."""
        reason = await self._ask("reject", danger=True)
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_DECIDE,
                "reject",
                reason,
                lambda: self._acts.reject(self._desk.member, self._party, line.id),
                {"evidence": str(line.id)},
            )

    async def revoke(self, line: EvidenceLine) -> None:
        """Take accepted evidence back: the level falls."""
        reason = await self._ask("revoke", danger=True)
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_DECIDE,
                "revoke",
                reason,
                lambda: self._acts.revoke(self._desk.member, self._party, line.id, reason),
                {"evidence": str(line.id)},
            )

    # --- the door ----------------------------------------------------------------------------------

    async def ask_new_pin(self) -> None:
        """The owner has to set a new PIN."""
        reason = await self._ask("new_pin", danger=True)
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "new_pin",
                reason,
                lambda: self._acts.ask_new_pin(self._desk.member, self._party),
            )

    async def end_sessions(self) -> None:
        """End them all."""
        reason = await self._ask("end_sessions")
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "end_sessions",
                reason,
                lambda: self._acts.end_sessions(self._desk.member, self._party),
            )

    async def end_session(self, session: UUID) -> None:
        """End one."""
        reason = await self._ask("end_session")
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "end_session",
                reason,
                lambda: self._acts.end_session(self._desk.member, self._party, session),
                {"session": str(session)},
            )

    async def remove_device(self, device: UUID) -> None:
        """Unbind it."""
        reason = await self._ask("remove_device", danger=True)
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "remove_device",
                reason,
                lambda: self._acts.remove_device(self._desk.member, self._party, device),
                {"device": str(device)},
            )

    async def wake(self) -> None:
        """Wake a wallet that sleeps."""
        reason = await self._ask("wake")
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "wake",
                reason,
                lambda: self._acts.wake(self._desk.member, self._party),
            )

    async def send_again(self, message: UUID) -> None:
        """Carry a message once more."""
        reason = await self._ask("send_again")
        if reason is not None:
            await self._do(
                Right.CUSTOMERS_ACT,
                "send_again",
                reason,
                lambda: self._acts.send_again(self._desk.member, self._party, message),
                {"message": str(message)},
            )

    async def note(self, text: str) -> bool:
        """Write something down; whether it was kept."""
        said = await self._do(
            Right.CUSTOMERS_ACT,
            "note",
            "",
            lambda: self._acts.note(self._desk.member, self._party, text[: NOTE_CHARS_MAX + 1]),
        )
        return not isinstance(said, Refused)


async def choose(
    desk: Desk, verb: str, choices: Mapping[str, str], first: str, *, text: str = ""
) -> tuple[str, str] | None:
    """Ask which of `choices`, and for a reason; None where the member thought better of it."""
    say = desk.say
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
        heading(say(f"customers.act.{verb}"))
        ui.label(text or say(f"customers.ask.{verb}")).classes("ar-soft")
        which = ui.radio(dict(choices), value=first).props("dense")
        field = (
            ui.textarea(say("reason.label"))
            .props(f"outlined dense autogrow maxlength={REASON_CHARS_MAX} counter")
            .classes("w-full")
        )

        def given() -> None:
            reason = str(field.value or "").strip()
            if reason and which.value in choices:
                dialog.submit((str(which.value), reason[:REASON_CHARS_MAX]))
            else:
                field.props("error").props(f'error-message="{say("reason.needed")}"')

        with ui.row().classes("ar-buttons"):
            ui.button(say("reason.cancel"), on_click=lambda: dialog.submit(None), color=None).props(
                "flat no-caps"
            )
            ui.button(say(f"customers.act.{verb}"), on_click=given, color=None).props(
                "unelevated no-caps color=negative"
            )
    answer = await dialog
    dialog.delete()
    return answer if isinstance(answer, tuple) else None
