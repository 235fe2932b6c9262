"""Why the lite app says no before any service was asked."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class LiteReason(Reason):
    """What is wrong with a request to a page."""

    FORM_TOO_LARGE = 500, Kind.INPUT, "The request is larger than any form here can be."
    FORM_UNREADABLE = 501, Kind.INPUT, "The request's body is not whole, or not UTF-8."
    CONTENT_TYPE_NOT_TAKEN = 502, Kind.INPUT, "Only forms and JSON are taken."
    PAGE_UNKNOWN = 503, Kind.UNKNOWN, "There is no such page."
    METHOD_NOT_TAKEN = 504, Kind.INPUT, "This page cannot be used in this way."
    REQUEST_UNREADABLE = 505, Kind.INPUT, "The request cannot be understood."
    PROOF_NEEDED = 506, Kind.UNPROVEN, "A one-time code was sent; send the command again with it."
    PINS_DIFFER = 507, Kind.INPUT, "The PIN and its repetition differ."
    COMMAND_ID_MISSING = 508, Kind.INPUT, "The request has no id that makes it the same again."
    NOT_ANSWERING = 510, Kind.BUSY, "A part did not answer; ask again with the same id."
    ONLY_SHOPS = 511, Kind.FORBIDDEN, "This page is for shops."
