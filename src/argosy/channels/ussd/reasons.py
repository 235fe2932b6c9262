"""Why the phone's menus say no before any service was asked."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class UssdReason(Reason):
    """What is wrong with a dial, or with what was typed."""

    USSD_CHOICE_UNKNOWN = 520, Kind.INPUT, "There is no such choice in this menu."
    USSD_PINS_DIFFER = 521, Kind.INPUT, "The PIN and its repetition differ."
    USSD_NO_SHOP = 522, Kind.UNKNOWN, "There is no shop with this number."
    USSD_BUSY = 523, Kind.BUSY, "The last step is still being made; dial again in a moment."
