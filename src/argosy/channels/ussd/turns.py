"""One post of the gateway: what was typed, what comes of it, what is shown.

What was typed is taken one thing after the other, so that `*384*1*PHONE*AMOUNT#` is the same way as four
screens. A PIN is only taken on a screen that asked for it: what a short cut types behind the confirm
screen is dropped, for nobody has seen yet whom it pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from argosy.base.markets import Market
from argosy.base.money import Money, parse_amount
from argosy.base.parties.facts import NAME_CHARS_MAX, Party
from argosy.base.parties.numbers import reads
from argosy.base.products import Asker
from argosy.base.refusals import Refused, must
from argosy.channels.qr.latin import spell
from argosy.channels.ussd import doing
from argosy.channels.ussd.facts import CHANNEL, GO_ON_WAIT, TOLD_WAIT, Dial, Reply, State
from argosy.channels.ussd.lines import Line
from argosy.channels.ussd.menus import (
    CODE,
    CONFIRM,
    DONE,
    FLOWS,
    MENUS,
    PARENTS,
    Flow,
    Kind,
    Step,
)
from argosy.channels.ussd.reasons import UssdReason
from argosy.channels.ussd.screens import Foot, is_gsm, pages, plain
from argosy.channels.ussd.services import Ussd
from argosy.public_services.funnel.facts import Outcome
from argosy.public_services.signin.facts import DeviceClaim, Session, SigninReason
from argosy.public_services.signin.tokens import encode

MORE, BACK = "98", "0"
HELP = "help"
_DEVICE = "USSD"


class Turn:
    """One turn of one phone. `final` is set where nothing more is to be typed; `note` stands above the
    next screen; `noted` are the steps to be counted."""

    def __init__(self, ussd: Ussd, dial: Dial, line: Line, party: Party | None) -> None:
        self.ussd = ussd
        self.dial = dial
        self.line = line
        self.party = party
        self.state: State = line.state
        self.note = ""
        self.final = ""
        self.noted: list[tuple[str, str, Outcome]] = []
        self._session: Session | None = None
        self._gsm: bool | None = None

    # --- who and what ----------------------------------------------------------------------------

    @property
    def market(self) -> Market:
        return self.dial.market

    @property
    def me(self) -> Party:
        """Who dials; flows but that of opening a wallet are only reached with one."""
        must(self.party is not None, "a wallet's screen was shown to a phone without one")
        return self.party  # type: ignore[return-value]  # said above

    @property
    def flow(self) -> Flow:
        return FLOWS[self.state.flow]

    @property
    def language(self) -> str:
        chosen = self.party.language if self.party is not None else self.state.language
        return chosen if chosen in self.market.languages else self.market.languages[0]

    @property
    def reader(self) -> str:
        """Who looks at names, for the log of accesses."""
        return f"party:{self.me.id}"

    @property
    def claim(self) -> DeviceClaim:
        """The device: the SIM, as the network names it, is the same for every dial."""
        return DeviceClaim(_DEVICE, encode(self.ussd.keys.digest("ussd device", self.dial.phone)))

    async def session(self) -> Session | Refused:
        """The session of this phone, opened at its first dial: the network has shown whose it is, and
        everything that moves money asks for the PIN besides."""
        if self._session is None and self.state.token:
            self._session = await self.ussd.signin.session(self.state.token)
        if self._session is None or self._session.party_id != self.me.id:
            signed_in = await self.ussd.signin.admit(self.me, self.claim)
            if isinstance(signed_in, Refused):
                return signed_in
            self.state.token = signed_in.token
            self._session = await self.ussd.signin.session(signed_in.token)
        return self._session or Refused(SigninReason.SIGNED_OUT)

    async def asker(self) -> Asker | Refused:
        """Who asks, for the cashier: the device is the SIM, and there is no network to tell of."""
        session = await self.session()
        if isinstance(session, Refused):
            return session
        return Asker(self.me, CHANNEL, session.id, session.device.id)

    def typed(self, mark: str) -> str:
        """What was typed at a step that is never kept; empty where it was before a drop."""
        at = self.state.marks.get(mark, -1)
        return self.dial.inputs[at] if 0 <= at < len(self.dial.inputs) else ""

    # --- saying ----------------------------------------------------------------------------------

    def say(self, key: str, **facts: Any) -> str:
        """The sentence of `key`, with money and names as phones can write them."""
        told = {
            name: self.money(fact) if isinstance(fact, Money) else fact
            for name, fact in facts.items()
        }
        return self.ussd.words.say(f"ussd.{key}", self.language, self.market.code, **told)

    def refusal(self, refused: Refused) -> str:
        """What to tell of a no: in the words for small screens where there are some."""
        words, key = self.ussd.words, f"ussd.no.{refused.code}"
        facts = {
            name: self.money(fact) if isinstance(fact, Money) else fact
            for name, fact in refused.facts.items()
        }
        if words.has(key, self.language, self.market.code):
            return words.say(key, self.language, self.market.code, **facts)
        told = Refused(refused.reason, facts, refused.field)
        return words.refusal(told, self.language, self.market.code)

    def money(self, money: Money) -> str:
        """An amount; in the GSM alphabet where the language is written in it."""
        text = self.ussd.words.money(money, self.language, self.market.code)
        if not self.is_gsm:
            return text
        text = plain(text)
        return text if is_gsm(text) else spell(text).text

    def name(self, name: str) -> str:
        """A name; spelled in Latin letters where the rest of the screen is in the GSM alphabet."""
        if not self.is_gsm or is_gsm(plain(name)):
            return name
        return spell(name).text.strip() or name

    @property
    def is_gsm(self) -> bool:
        """Whether the language is written in the GSM alphabet: by its own name for the menu."""
        if self._gsm is None:
            key, code = "ussd.menu.account", self.market.code
            self._gsm = is_gsm(plain(self.ussd.words.say(key, self.language, code)))
        return self._gsm

    # --- the turn --------------------------------------------------------------------------------

    async def take(self) -> Reply:
        """Take what was typed and say what is shown."""
        state, dial = self.state, self.dial
        fresh = self.line.session != dial.session
        if fresh:
            await self._begin()
        elif self.line.consumed < len(dial.inputs):
            state.told, state.told_at = "", None  # a key was pressed on the screen that said it
        begun = 0 if fresh else self.line.consumed
        asked_here = not fresh and self._asks_proof()
        moved = False
        for index in range(begun, len(dial.inputs)):
            if self._asks_proof() and not (asked_here and index == begun):
                break
            moved = await self._one(dial.inputs[index].strip(), index)
            if self.final:
                break
        if moved and not self.final:
            return self._shown()
        return await self._screen()

    async def _begin(self) -> None:
        """A new dial: first what became of a payment that was under way, then whether to go on."""
        state, now = self.state, self.ussd.clock.now()
        state.page, state.pages, state.marks, state.offered = 0, [], {}, False
        if state.told_at is None or now - state.told_at > TOLD_WAIT:
            state.told, state.told_at = "", None
        gone_on = False
        if state.command is not None and self.party is not None:
            told = await doing.what_became(self)
            if told:
                state.told, state.told_at = told, now
                state.leave()
            gone_on = not told
        recent = now - self.line.changed_at <= (TOLD_WAIT if gone_on else GO_ON_WAIT)
        at_start = not state.flow or (state.step == FLOWS[state.flow].steps[0].name)
        mine = state.flow == "sign_up" if self.party is None else state.flow != "sign_up"
        if recent and mine and not self.dial.inputs and (gone_on or not at_start):
            state.offered = True
            state.step = self.flow.after_drop(state.step)
            return
        state.leave(self._home)

    @property
    def _home(self) -> str:
        return "main" if self.party is not None else "visitor"

    def _asks_proof(self) -> bool:
        """Whether the screen that would be next asks for a PIN, a code, or a yes."""
        state = self.state
        if not state.flow or state.offered:
            return False
        if state.step in (CONFIRM, CODE):
            return True
        step = self._step()
        return step is not None and step.kind in (Kind.SECRET, Kind.SENT)

    def _step(self) -> Step | None:
        place = self.flow.place(self.state.step)
        return self.flow.steps[place] if place < len(self.flow.steps) else None

    async def _one(self, typed: str, index: int) -> bool:
        """Take one input; True where it only turned the page."""
        state = self.state
        if typed == MORE and state.page + 1 < len(state.pages):
            state.page += 1
            return True
        if typed == BACK:
            if state.page > 0:
                state.page -= 1
                return True
            state.pages = []
            self._back()
            return False
        state.page, state.pages = 0, []
        if state.offered:
            self._offered(typed)
        elif not state.flow:
            await self._choose(typed)
        elif state.step in (CONFIRM, CODE):
            await doing.confirmed(self, typed)
        else:
            await self._fill(typed, index)
        return False

    def _offered(self, typed: str) -> None:
        if typed == "1":
            self.state.offered = False
        elif typed == "2":
            self.state.leave(self._home)
        else:
            self.note = self.refusal(Refused(UssdReason.USSD_CHOICE_UNKNOWN))

    def _back(self) -> None:
        state = self.state
        if state.offered or not state.flow:
            state.leave(PARENTS.get(state.step, self._home))
            return
        state.command = None
        place = self.flow.place(state.step)
        if place == 0:
            state.leave(self._home)
        else:
            state.step = self.flow.steps[place - 1].name

    async def _choose(self, typed: str) -> None:
        state = self.state
        entries = MENUS.get(state.step, ())
        if state.step == HELP:
            state.leave(self._home)
            return
        chosen = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 2 else 0
        if not 1 <= chosen <= len(entries):
            self.note = self.refusal(Refused(UssdReason.USSD_CHOICE_UNKNOWN))
            return
        entry = entries[chosen - 1]
        if entry not in FLOWS:
            state.leave(entry)
            return
        self.count(entry, "menu")

        state.leave()
        state.flow, state.step = entry, FLOWS[entry].steps[0].name
        await doing.started(self)

    async def _fill(self, typed: str, index: int) -> None:
        """Take what was typed at a step."""
        state, step = self.state, self._step()
        if step is None:
            return
        value = self._read(step, typed)
        if isinstance(value, Refused):
            self.refuse(value)
            return
        if step.kind is Kind.SECRET:
            state.marks[step.name] = index
        else:
            state.given[step.name] = value
        place = self.flow.place(step.name) + 1

        if not await doing.accepted(self, step, typed):
            return
        if place < len(self.flow.steps):
            state.step = self.flow.steps[place].name
        elif self.flow.confirms:
            state.step, state.command = CONFIRM, self.ussd.ids.new()
        else:
            await doing.finished(self)

    def _read(self, step: Step, typed: str) -> str | Refused:
        """What was typed as it is kept; nothing is kept of a secret."""
        match step.kind:
            case Kind.AMOUNT:
                amount = parse_amount(typed, self.market.currency)
                return amount if isinstance(amount, Refused) else str(amount.minor)
            case Kind.WHO:
                number = reads(typed)
                return number or self.market.phone(typed)
            case Kind.SHOP:
                return reads(typed) or Refused(UssdReason.USSD_NO_SHOP, field="shop")
            case Kind.NAME:
                return " ".join(typed.split())[: NAME_CHARS_MAX + 1]
            case Kind.PICK:
                items = self.state.items
                at = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else 0
                if 1 <= at <= len(items):
                    return items[at - 1]
                return Refused(UssdReason.USSD_CHOICE_UNKNOWN)
            case _:
                return typed

    def refuse(self, refused: Refused) -> None:
        """Say why not above the screen that comes, and count it."""
        self.note = self.refusal(refused)
        if self.state.flow:
            self.count(self.state.flow, self.state.step, Outcome.REFUSED)

    def done(self, text: str, *, tell: bool = False) -> None:
        """End with `text`; with `tell` a later dial says it again until it was surely read."""
        state = self.state
        self.count(state.flow, DONE)
        if tell:
            state.told, state.told_at = text, self.ussd.clock.now()
        state.leave(self._home)
        self.final = text

    def stop(self, refused: Refused) -> None:
        """End with a no."""
        self.count(self.state.flow, self.state.step, Outcome.REFUSED)
        self.state.leave(self._home)
        self.final = self.refusal(refused)

    def count(self, flow: str, step: str, outcome: Outcome = Outcome.REACHED) -> None:
        """Count a step, once the answer is known."""
        self.noted.append((flow, step, outcome))

    # --- screens ---------------------------------------------------------------------------------

    async def _screen(self) -> Reply:
        """The screen of where the phone is now."""
        state = self.state
        text = ""
        if state.flow and not state.offered and state.step == CONFIRM and not self.final:
            text = await doing.confirm_text(self)
        if self.final:  # done, or it cannot be done as things stand
            return self._paged(self.final, (), ends=True)
        if text:
            self.count(state.flow, CONFIRM)
            return self._paged(self._above(text), ())
        if state.flow and not state.offered:
            self.count(state.flow, state.step)
            text = self.say(f"ask.{state.flow}.{state.step}")
            step = self._step()
            listed = step is not None and step.kind is Kind.PICK
            lines = await self._listed() if listed else ()
            return self._paged(self._above(text), lines)
        if state.offered:
            text = self.say(f"go_on.{state.flow}")
            return self._paged(
                self._above(text), self._numbered([self.say("go_on.yes"), self.say("go_on.no")])
            )
        if state.step == HELP:
            return self._paged(self.say("help", code=self.ussd.code), ())
        entries = [self.say(f"entry.{entry}") for entry in MENUS[state.step]]
        text = self.say(f"menu.{state.step}", operator=self.market.operator)
        is_home = state.step == self._home
        return self._paged(self._above(text), self._numbered(entries), back=not is_home)

    def _above(self, text: str) -> str:
        told = self.state.told if not self.state.flow or self.state.offered else ""
        return "\n".join(part for part in (told, self.note, text) if part)

    async def _listed(self) -> Sequence[str]:

        return self._numbered(await doing.lines_of_items(self))

    def _numbered(self, entries: Sequence[str]) -> list[str]:
        return [f"{n} {entry}" for n, entry in enumerate(entries, 1)]

    def _paged(
        self, text: str, lines: Sequence[str], *, ends: bool = False, back: bool = True
    ) -> Reply:
        state = self.state
        foot = Foot(
            f"{MORE} {self.say('more')}", f"{BACK} {self.say('back')}" if back and not ends else ""
        )
        sent = [self._alphabet(part) for part in (text, *lines)]
        state.pages = pages(sent[0], sent[1:], Foot(*map(self._alphabet, (foot.more, foot.back))))
        state.page, state.ends = 0, ends
        return self._shown()

    def _alphabet(self, text: str) -> str:
        """With the signs of the GSM alphabet where that makes the whole of it GSM."""
        changed = plain(text)
        return changed if is_gsm(changed) or is_gsm(text) else text

    def _shown(self) -> Reply:
        state = self.state
        last = state.page + 1 >= len(state.pages)
        return Reply(state.pages[state.page], state.ends and last)
