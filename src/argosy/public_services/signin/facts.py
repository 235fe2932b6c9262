"""The words of signing in: sessions, devices, codes, and why somebody is not let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from argosy.base.parties.facts import Party
from argosy.base.refusals import Kind, Reason


class Purpose(StrEnum):
    """What a one-time code is for. A code for one purpose is worth nothing for another."""

    ENTER = "enter"  # sign up, or sign in on a new device: start does not know which
    RESET_PIN = "reset_pin"
    PAYMENT = "payment"  # bound to one operation


@dataclass(frozen=True, slots=True)
class Terms:
    """The bounds of signing in. Waits after wrong PINs grow through `pin_waits`; after the last of
    them only a reset by a one-time code helps."""

    code_digits: int = 6
    code_life: timedelta = timedelta(minutes=5)
    code_tries_max: int = 5
    code_young: timedelta = timedelta(minutes=1)  # so long a code is not sent again, nor replaced
    code_askers_max: int = 3  # who share one code with tries of their own: 15 guesses at most
    sends_per_phone_hour_max: int = 5
    sends_per_phone_day_max: int = 15
    # Behind a carrier's NAT some thousands of phones have one address, and on a launch day a good
    # part of them signs up in the same hour; still no one address can send messages without end.
    sends_per_network_hour_max: int = 600
    sends_per_network_day_max: int = 4_000
    # Whoever earns by messages asks for them to numbers in a row that are his: ten thousand
    # neighbours never sign in on new devices all at once.
    sends_per_range_hour_max: int = 300
    sends_per_range_day_max: int = 1_500
    challenges_per_hour_max: int = 20
    ticket_life: timedelta = timedelta(minutes=10)
    pin_digits: int = 6
    pin_tries_max: int = 5
    pin_waits: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
    )
    rotate_after: timedelta = timedelta(minutes=15)
    rotate_grace: timedelta = timedelta(seconds=30)
    idle_max: timedelta = timedelta(days=14)
    life_max: timedelta = timedelta(days=90)
    sessions_max: int = 10


@dataclass(frozen=True, slots=True)
class OtpSent:
    """A code is on its way to the phone that was typed, whether or not it has a wallet.

    `id` goes back with the code to `confirm`; `digits` is how many there are.
    """

    id: str
    expires_at: datetime
    digits: int = 6


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The phone is in the hand of who asks. `ticket` (secret, short-lived) goes with the next step:
    `sign_in` or `reset_pin` where `known`, else `sign_up`."""

    ticket: str = field(repr=False)
    purpose: Purpose
    known: bool
    market: str
    expires_at: datetime


class Algorithm(StrEnum):
    """How a device signs; the names are WebCrypto's."""

    P256 = "ECDSA-P256-SHA256"
    ED25519 = "Ed25519"


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """What a browser says of itself at sign-up and sign-in.

    `cookie` is the device cookie that an earlier sign-in gave it; `public_key` is raw (Ed25519: 32
    bytes; P-256: 65, uncompressed) or SPKI; None where no script runs. `label` is for the owner's
    list (`Chrome on Android`).
    """

    label: str = ""
    cookie: str | None = field(default=None, repr=False)
    public_key: bytes | None = None
    algorithm: Algorithm | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A device bound to a party. With a `public_key` it signs every payment."""

    id: UUID
    label: str
    public_key: bytes | None
    algorithm: Algorithm | None
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class PinFacts:
    """The PIN as it stood when the session was read: enough to check a right one without another
    read. Never leaves the process."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    failures: int
    wait_until: datetime | None
    changed_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, as it stands at this moment. Read anew for every request; never keep one.

    `rotate_due` asks the channel to call `rotate` and set the new cookie. `csrf` goes into every
    form and comes back with it.
    """

    id: UUID
    party: Party
    device: Device
    pin: PinFacts | None
    csrf_of: Callable[[UUID], str] = field(repr=False)
    token: str = field(repr=False)
    started_at: datetime
    expires_at: datetime
    rotate_due: bool

    @property
    def csrf(self) -> str:
        return self.csrf_of(self.id)

    @property
    def party_id(self) -> UUID:
        return self.party.id

    @property
    def market(self) -> str:
        return self.party.market

    @property
    def level(self) -> str:
        return self.party.level


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The door is open. `token` is the session cookie's value, `device_cookie` the long-lived one
    by which the device is known again; both are secret, HttpOnly and told only this once."""

    session_id: UUID
    party: Party
    token: str = field(repr=False)
    device_cookie: str = field(repr=False)
    new_device: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session in the owner's list."""

    id: UUID
    device_id: UUID
    label: str
    started_at: datetime
    seen_at: datetime


class SigninReason(Reason):
    """Why somebody is not let in, or a proof does not hold."""

    OTP_SENDS_SPENT = 400, Kind.BUSY, "Too many codes were asked for; wait before the next."
    OTP_WRONG = 401, Kind.UNPROVEN, "The one-time code is not right."
    OTP_EXPIRED = 402, Kind.STATE, "The one-time code's time is over, or a newer one was sent."
    OTP_TRIES_SPENT = 403, Kind.UNPROVEN, "Too many wrong codes; ask for a new one."
    TICKET_INVALID = 404, Kind.UNPROVEN, "The proof of the phone is spent or too old; begin again."
    ALREADY_SIGNED_UP = 405, Kind.CONFLICT, "This phone has a wallet already; sign in."
    NOT_SIGNED_UP = 406, Kind.UNKNOWN, "This phone has no wallet yet; sign up."
    KIND_NOT_OPEN = 407, Kind.INPUT, "Only customers and merchants can sign themselves up."
    SIGNED_OUT = 410, Kind.UNPROVEN, "There is no such session, or it is over; sign in."
    FORM_FOREIGN = 411, Kind.FORBIDDEN, "The form does not belong to this session."
    SESSION_NOT_FOUND = 412, Kind.UNKNOWN, "There is no such session of yours."
    PIN_WRONG = 420, Kind.UNPROVEN, "The PIN is not right."
    PIN_WAIT = 421, Kind.UNPROVEN, "Too many wrong PINs; wait before the next."
    PIN_LOCKED = 422, Kind.UNPROVEN, "Too many wrong PINs; set a new one with a one-time code."
    PIN_WEAK = 423, Kind.INPUT, "The PIN is one that others would guess first."
    PIN_MALFORMED = 424, Kind.INPUT, "The PIN has not the right number of digits."
    PIN_NOT_SET = 425, Kind.STATE, "There is no PIN yet; set one with a one-time code."
    PIN_UNCHANGED = 426, Kind.INPUT, "The new PIN is the old one."
    DEVICE_KEY_UNREADABLE = 430, Kind.INPUT, "The device's public key cannot be read."
    DEVICE_SIGNATURE_MISSING = (
        431,
        Kind.UNPROVEN,
        "This device signs its payments; the signature is missing.",
    )
    DEVICE_SIGNATURE_WRONG = 432, Kind.UNPROVEN, "The device's signature does not fit this payment."
    DEVICE_NOT_FOUND = 433, Kind.UNKNOWN, "No such device is bound to the wallet."
