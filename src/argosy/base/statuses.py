"""How a refusal is told by an edge that speaks HTTP: one number for each kind, the same at every door."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.refusals import Kind

STATUS: Mapping[Kind, int] = {
    Kind.INPUT: 422,
    Kind.UNKNOWN: 404,
    Kind.FORBIDDEN: 403,
    Kind.UNPROVEN: 401,
    Kind.CONFLICT: 409,
    Kind.STATE: 409,
    Kind.LIMIT: 403,
    Kind.RISK: 403,
    Kind.BUSY: 503,
}
