"""Why a payment code is refused."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class CodeReason(Reason):
    """Why a payment code could not be read or made.

    Facts, where they are known: `position` (characters from the start, from 0) and `problem` for a code
    that cannot be read, `scheme` for one that is not taken, `field` and `most` for what is too long,
    `field` and `problem` for what has not the right form.
    """

    CODE_UNREADABLE = 480, Kind.INPUT, "This is not a payment code, or not a whole one."
    CODE_CORRUPTED = 481, Kind.INPUT, "The code's check sum disagrees: it was misread or altered."
    CODE_SCHEME_NOT_TAKEN = 482, Kind.STATE, "A correct code of a scheme that is not taken here."
    CODE_EXPIRED = 483, Kind.STATE, "The code's time is over; ask the payee for a new one."
    CODE_CURRENCY_NOT_TAKEN = 484, Kind.STATE, "The code asks for another currency."
    CODE_AMOUNT_UNREADABLE = 485, Kind.INPUT, "The code's amount is not a plain positive decimal."
    CODE_FIELD_TOO_LONG = 486, Kind.INPUT, "Something is longer than a payment code can hold."
    CODE_TIP_NOT_TAKEN = 487, Kind.STATE, "The code asks for a tip or an extra fee, not taken here."
    CODE_MISSING = 488, Kind.INPUT, "No code was given."
    CODE_FIELD_UNFIT = 489, Kind.INPUT, "Something has not the form that a payment code asks for."
