"""The menus as data: what can be chosen, and what each flow asks for, one thing a screen.

The words of a screen have the key `ussd.ask.<flow>.<step>`; `flows.toml` beside this declares the same
steps for counting, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CONFIRM = "confirm"
CODE = "code"
DONE = "done"


class Kind(StrEnum):
    """What is typed at a step."""

    WHO = "who"  # a phone or a wallet number
    SHOP = "shop"  # a shop's wallet number
    AMOUNT = "amount"
    NAME = "name"
    SECRET = "secret"  # noqa: S105 - a PIN: where it was typed is kept, never what
    SENT = "sent"  # a code from a message
    PICK = "pick"  # one of a list


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to type."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps, and then a confirm screen where `confirms`: what is about to happen, by name and amount,
    with the PIN (`pin`) or a plain yes. `makes_order`: its command's id is that of a new order."""

    name: str
    steps: tuple[Step, ...] = ()
    confirms: bool = True
    pin: bool = True
    makes_order: bool = True

    def place(self, step: str) -> int:
        """Where `step` stands; behind all others for the confirm screen."""
        return next((n for n, s in enumerate(self.steps) if s.name == step), len(self.steps))

    def after_drop(self, step: str) -> str:
        """Where a new dial goes on: a PIN that was typed before the drop must be typed again."""
        at = min(self.place(step), len(self.steps))
        while at > 0 and self.steps[at - 1].kind is Kind.SECRET:
            at -= 1
        return self.steps[at].name if at < len(self.steps) else step


_WHO, _AMOUNT = Step("who", Kind.WHO), Step("amount", Kind.AMOUNT)
_NEW, _AGAIN = Step("new", Kind.SECRET), Step("again", Kind.SECRET)

FLOWS: Mapping[str, Flow] = {
    flow.name: flow
    for flow in (
        Flow("send", (_WHO, _AMOUNT)),
        Flow("pay", (Step("shop", Kind.SHOP), _AMOUNT)),
        Flow("ask", (_WHO, _AMOUNT), pin=False),
        Flow("waiting", (Step("which", Kind.PICK),), makes_order=False),
        Flow("cash", (_AMOUNT,)),
        Flow("balance", (Step("pin", Kind.SECRET),), confirms=False, makes_order=False),
        Flow("last", (Step("pin", Kind.SECRET),), confirms=False, makes_order=False),
        Flow("pin", (Step("old", Kind.SECRET), _NEW, _AGAIN), confirms=False, makes_order=False),
        Flow("forgot", (Step("sent", Kind.SENT), _NEW, _AGAIN), confirms=False, makes_order=False),
        Flow("language", (Step("which", Kind.PICK),), confirms=False, makes_order=False),
        Flow("sign_up", (Step("name", Kind.NAME), _NEW, _AGAIN), confirms=False, makes_order=False),
    )
}

MENUS: Mapping[str, tuple[str, ...]] = {
    "main": ("send", "pay", "ask", "waiting", "cash", "balance", "last", "account"),
    "account": ("pin", "forgot", "language", "help"),
    "visitor": ("sign_up", "language", "help"),
}
"""Menus by name; an entry is a flow, another menu, or `help`."""

PARENTS: Mapping[str, str] = {"account": "main"}
