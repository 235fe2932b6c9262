"""One call to a merchant's address: signed as Standard Webhooks are."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks.webhooks import Webhook

from argosy.partners.webhooks.facts import Terms
from argosy.public_services.outside.calls import Bounds, Outside, Resolve, Told, is_public

__all__ = ["Outgoing", "Sender", "Told", "is_public", "signed"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent where. `id` is the same for every try; `secrets` all sign, the current one first."""

    id: str
    url: str
    body: str
    secrets: tuple[str, ...]


class Sender:
    """Calls merchants within `terms`. `resolve` and `trust` are as for `Outside`."""

    def __init__(
        self, terms: Terms, resolve: Resolve | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        bounds = Bounds(
            terms.call_seconds_max,
            terms.connect_seconds_max,
            terms.answer_bytes_max,
            terms.private_allowed,
        )
        self._outside = Outside(bounds, resolve, trust)

    async def send(self, outgoing: Outgoing, at: datetime) -> Told:
        """Call once. Whatever the receiver or the line does, this answers in bounded time."""
        return await self._outside.post(outgoing.url, outgoing.body.encode(), signed(outgoing, at))

    async def close(self) -> None:
        """Give up the connections and threads that are kept."""
        await self._outside.close()


def signed(outgoing: Outgoing, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks, with one signature for each secret."""
    signatures = [
        Webhook(secret).sign(outgoing.id, at, outgoing.body) for secret in outgoing.secrets
    ]
    return {
        "content-type": "application/json",
        "user-agent": "Argosy-Webhooks/1",
        "accept-encoding": "identity",
        "webhook-id": outgoing.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
