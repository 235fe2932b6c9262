"""The door: everything a channel needs of signing in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.markets import Market
from argosy.base.parties.facts import PartyKind
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.ports import Notifier
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.public_services.signin.facts import (
    Confirmed,
    DeviceClaim,
    OtpSent,
    Purpose,
    Session,
    SessionLine,
    SignedIn,
    Terms,
)


class Signin:
    """Codes, sign-up, sign-in, sessions, devices and the PIN."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        markets: Mapping[str, Market],
        notifier: Notifier,
        terms: Terms = Terms(),
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None: ...

    # getting in

    async def start(
        self, market: str, phone_text: str, purpose: Purpose, network: str | None, language: str
    ) -> OtpSent | Refused:
        """Send a one-time code to a phone. Answers and works alike for every phone, known or not.
        `network` is where the request came from (an IP address), to bound how many it may ask
        for."""
        raise NotImplementedError

    async def confirm(self, otp_id: str, code: str) -> Confirmed | Refused:
        raise NotImplementedError

    async def sign_up(
        self,
        ticket: str,
        name: str,
        pin: str,
        device: DeviceClaim,
        *,
        language: str,
        kind: PartyKind = PartyKind.CUSTOMER,
        business_name: str | None = None,
        city: str | None = None,
        merchant_class: str | None = None,
    ) -> SignedIn | Refused:
        raise NotImplementedError

    async def sign_in(self, ticket: str, pin: str, device: DeviceClaim) -> SignedIn | Refused:
        raise NotImplementedError

    async def reset_pin(self, ticket: str, pin: str, device: DeviceClaim) -> SignedIn | Refused:
        """A new PIN by one-time code; every other session of the party ends."""
        raise NotImplementedError

    # sessions

    async def session(self, token: str) -> Session | None:
        """Who holds this cookie value, read fresh; None: sign in."""
        raise NotImplementedError

    async def rotate(self, session: Session) -> str | None:
        """The next cookie value, when `session.rotate_due`; None where another request was
        faster."""
        raise NotImplementedError

    def form_fits(self, session: Session, csrf: str) -> None | Refused:
        raise NotImplementedError

    async def sign_out(self, session: Session) -> None:
        raise NotImplementedError

    async def sessions(self, party_id: UUID) -> list[SessionLine]:
        raise NotImplementedError

    async def revoke(self, session: Session, other: UUID) -> None | Refused:
        """End another session of the same party."""
        raise NotImplementedError

    async def revoke_all(self, party_id: UUID, keep: UUID | None = None) -> int:
        raise NotImplementedError

    # proofs

    async def check_pin(self, who: Session | UUID, pin: str) -> None | Refused:
        """None when the PIN is right. Facts of the no: `tries_left` or `wait_seconds`."""
        raise NotImplementedError

    async def change_pin(self, session: Session, old: str, new: str) -> None | Refused:
        raise NotImplementedError

    async def challenge(
        self,
        who: Session,
        operation_id: UUID,
        content: str,
        network: str | None,
        facts: Mapping[str, Any],
    ) -> OtpSent | Refused:
        """Send a code for one payment. `content` says what the operation is (`pay|payee|10000|INR`)
        and the code proves only that; `facts` go into the message (`amount`: Money, `payee`:
        text)."""
        raise NotImplementedError

    async def proven(
        self, party_id: UUID, operation_id: UUID, content: str, code: str
    ) -> None | Refused:
        """None when `code` was sent for this very operation and content. The same operation may
        show it again (a retry is the same payment); no other ever can."""
        raise NotImplementedError

    def payment_message(self, session: Session, operation_id: UUID, content: str) -> bytes:
        """What the device signs for one payment."""
        raise NotImplementedError

    def check_signature(
        self, session: Session, operation_id: UUID, content: str, signature: bytes | None
    ) -> None | Refused:
        """None when the device signed this payment, or has no key to sign with."""
        raise NotImplementedError
