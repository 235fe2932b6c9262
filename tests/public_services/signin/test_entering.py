"""Signing up and in: proof of the phone, a PIN, a device, and nothing left half done."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.parties.facts import PartyKind, PartyReason
from argosy.base.refusals import Refused
from argosy.public_services.signin.facts import (
    Algorithm,
    DeviceClaim,
    Purpose,
    Session,
    SignedIn,
    SigninReason,
)
from tests.people import ASHA_NAME, ASHA_PHONE, RAVI_NAME, RAVI_PHONE, make_keys
from tests.public_services.desk import PHONE, PIN, Desk, refused


async def test_a_customer_begins_at_the_first_level_and_a_shop_at_its_own(desk: Desk) -> None:
    asha = await desk.sign_up()
    assert (asha.party.kind, asha.party.level) == (PartyKind.CUSTOMER, "small")
    shop = await desk.sign_up(
        RAVI_NAME, RAVI_PHONE, kind=PartyKind.MERCHANT, business_name="Ravi Sweets", city="Pune"
    )
    assert (shop.party.kind, shop.party.level) == (PartyKind.MERCHANT, "merchant")
    assert await desk.parties.display_name(shop.party.id, "party:x", "pay") == "Ravi Sweets"


@pytest.mark.parametrize("kind", [PartyKind.AGENT, PartyKind.STAFF, PartyKind.SYSTEM])
async def test_nobody_signs_up_as_staff(desk: Desk, kind: PartyKind) -> None:
    proof = await desk.prove()
    answer = await desk.signin.sign_up(
        proof.ticket, ASHA_NAME, PIN, PHONE, language="en", kind=kind
    )
    assert refused(answer) is SigninReason.KIND_NOT_OPEN


async def test_a_bad_name_leaves_nothing_behind(desk: Desk) -> None:
    proof = await desk.prove()
    answer = await desk.signin.sign_up(proof.ticket, "", PIN, PHONE, language="en")
    assert refused(answer) is PartyReason.NAME_MISSING
    for table in ("parties.party", "parties.handle", "signin.pin", "signin.session"):
        assert await desk.db.value(f"SELECT count(*) FROM {table}") == 0
    mended = await desk.signin.sign_up(proof.ticket, ASHA_NAME, PIN, PHONE, language="en")
    assert isinstance(mended, SignedIn)


async def test_a_sign_up_whose_answer_was_lost_can_be_sent_again(desk: Desk) -> None:
    proof = await desk.prove()
    up = desk.signin.sign_up
    first = await up(proof.ticket, ASHA_NAME, PIN, PHONE, language="en")
    again = await up(proof.ticket, ASHA_NAME, PIN, PHONE, language="en")
    assert isinstance(first, SignedIn)
    assert isinstance(again, SignedIn)
    assert first.party.id == again.party.id
    third = await up(proof.ticket, ASHA_NAME, PIN, PHONE, language="en")
    assert refused(third) is SigninReason.TICKET_INVALID


async def test_ten_sign_ups_at_once_open_one_wallet(desk: Desk) -> None:
    proof = await desk.prove()
    asked = [
        desk.signin.sign_up(proof.ticket, ASHA_NAME, PIN, PHONE, language="en") for _ in range(10)
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.party.id for answer in answers if isinstance(answer, SignedIn)}
    assert await desk.db.value("SELECT count(*) FROM parties.party") == 1
    assert await desk.db.value("SELECT count(*) FROM signin.pin") == 1


async def test_a_phone_signs_up_once(desk: Desk, clock: SetClock) -> None:
    await desk.sign_up()
    clock.advance(seconds=1)
    proof = await desk.prove()
    answer = await desk.signin.sign_up(proof.ticket, "Asha", PIN, PHONE, language="en")
    assert refused(answer) is SigninReason.ALREADY_SIGNED_UP


async def test_a_phone_without_a_wallet_does_not_sign_in(desk: Desk) -> None:
    proof = await desk.prove()
    answer = await desk.signin.sign_in(proof.ticket, PIN, PHONE)
    assert refused(answer) is SigninReason.NOT_SIGNED_UP
    forgot = await desk.prove(RAVI_PHONE, Purpose.RESET_PIN)
    answer = await desk.signin.reset_pin(forgot.ticket, PIN, PHONE)
    assert refused(answer) is SigninReason.NOT_SIGNED_UP


async def test_a_ticket_opens_once_and_not_for_long(desk: Desk, clock: SetClock) -> None:
    await desk.sign_up()
    clock.advance(seconds=1)
    proof = await desk.prove()
    assert isinstance(await desk.signin.sign_in(proof.ticket, PIN, PHONE), SignedIn)
    again = await desk.signin.sign_in(proof.ticket, PIN, PHONE)
    assert refused(again) is SigninReason.TICKET_INVALID
    late = await desk.prove()
    clock.advance(minutes=10)
    answer = await desk.signin.sign_in(late.ticket, PIN, PHONE)
    assert refused(answer) is SigninReason.TICKET_INVALID


@pytest.mark.parametrize("ticket", ["", "x", "A" * 64, "é"])
async def test_what_is_no_ticket(desk: Desk, ticket: str) -> None:
    for verb in (desk.signin.sign_in, desk.signin.reset_pin):
        assert refused(await verb(ticket, PIN, PHONE)) is SigninReason.TICKET_INVALID


async def test_the_owner_is_told_of_a_new_device(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    assert first.new_device
    clock.advance(minutes=1)
    second = await desk.sign_in()
    assert second.new_device
    texts = [letter.text for letter in await desk.notify.inbox_of(first.party.id)]
    assert [text[:40] for text in texts] == ["Your wallet was opened on a new phone or"]


async def test_a_reset_ends_every_other_session(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    clock.advance(minutes=1)
    proof = await desk.prove(purpose=Purpose.RESET_PIN)
    answer = await desk.signin.reset_pin(proof.ticket, "904417", PHONE)
    assert isinstance(answer, SignedIn)
    assert await desk.signin.session(first.token) is None
    session = await desk.session(answer.token)
    assert await desk.signin.check_pin(session, "904417") is None


# --- devices -------------------------------------------------------------------------------------

CONTENT = "pay|shop|10000|INR"


def p256() -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    key = ec.derive_private_key(0xA5A5, ec.SECP256R1())
    raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key, raw


def sign_p256(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """As WebCrypto signs: r and s side by side."""
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


async def bound(desk: Desk, claim: DeviceClaim) -> Session:
    return await desk.session((await desk.sign_up(device=claim)).token)


@pytest.mark.parametrize("form", ["raw", "spki"])
async def test_a_p256_device_signs_its_payments(desk: Desk, ids: Ids, form: str) -> None:
    key, raw = p256()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    claim = replace(PHONE, public_key=raw if form == "raw" else spki, algorithm=Algorithm.P256)
    session = await bound(desk, claim)
    payment = ids.new()
    signature = sign_p256(key, desk.signin.payment_message(session, payment, CONTENT))
    check = desk.signin.check_signature
    assert check(session, payment, CONTENT, signature) is None
    wrong = [
        check(session, ids.new(), CONTENT, signature),
        check(session, payment, "pay|thief|10000|INR", signature),
        check(session, payment, CONTENT, signature[:-1] + bytes([signature[-1] ^ 1])),
        check(session, payment, CONTENT, b"x" * 64),
        check(session, payment, CONTENT, bytes(64)),
        check(session, payment, CONTENT, b"x"),
    ]
    assert {refused(answer) for answer in wrong} == {SigninReason.DEVICE_SIGNATURE_WRONG}
    missing = check(session, payment, CONTENT, None)
    assert refused(missing) is SigninReason.DEVICE_SIGNATURE_MISSING


async def test_an_ed25519_device_signs_its_payments(desk: Desk, ids: Ids) -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    session = await bound(desk, replace(PHONE, public_key=raw, algorithm=Algorithm.ED25519))
    payment = ids.new()
    signature = key.sign(desk.signin.payment_message(session, payment, CONTENT))
    check = desk.signin.check_signature
    assert check(session, payment, CONTENT, signature) is None
    assert refused(check(session, payment, "x", signature)) is SigninReason.DEVICE_SIGNATURE_WRONG


async def test_one_devices_signature_is_not_anothers(desk: Desk, ids: Ids, clock: SetClock) -> None:
    key, raw = p256()
    claim = replace(PHONE, public_key=raw, algorithm=Algorithm.P256)
    first = await bound(desk, claim)
    clock.advance(minutes=1)
    second = await desk.session((await desk.sign_in(device=claim)).token)
    assert first.device.id != second.device.id
    payment = ids.new()
    signature = sign_p256(key, desk.signin.payment_message(first, payment, CONTENT))
    answer = desk.signin.check_signature(second, payment, CONTENT, signature)
    assert refused(answer) is SigninReason.DEVICE_SIGNATURE_WRONG


async def test_a_device_without_a_key_has_its_cookie_and_the_pin(desk: Desk, ids: Ids) -> None:
    session = await bound(desk, PHONE)
    assert desk.signin.check_signature(session, ids.new(), CONTENT, None) is None


@pytest.mark.parametrize(
    "key, algorithm",
    [
        (b"", Algorithm.P256),
        (b"x" * 65, Algorithm.P256),
        (b"x" * 9000, Algorithm.P256),
        (b"\x04" + bytes(64), Algorithm.P256),
        (b"x" * 31, Algorithm.ED25519),
        (b"x" * 32, None),
        (None, Algorithm.P256),
        (p256()[1], Algorithm.ED25519),
        (
            ec.derive_private_key(7, ec.SECP384R1())
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            Algorithm.P256,
        ),
    ],
)
async def test_what_is_no_key(desk: Desk, key: bytes | None, algorithm: Algorithm | None) -> None:
    proof = await desk.prove()
    claim = replace(PHONE, public_key=key, algorithm=algorithm)
    answer = await desk.signin.sign_up(proof.ticket, ASHA_NAME, PIN, claim, language="en")
    assert refused(answer) is SigninReason.DEVICE_KEY_UNREADABLE


async def test_two_wallets_in_one_browser_are_on_one_device(desk: Desk) -> None:
    asha = await desk.sign_up()
    claim = replace(PHONE, cookie=asha.device_cookie)
    ravi = await desk.sign_up(RAVI_NAME, RAVI_PHONE, device=claim)
    assert ravi.new_device  # new to Ravi, and known to be the same
    devices = [(await desk.session(token)).device.id for token in (asha.token, ravi.token)]
    assert devices[0] == devices[1]


async def test_a_known_device_with_another_key_is_new(desk: Desk, clock: SetClock) -> None:
    first = await desk.sign_up()
    clock.advance(minutes=1)
    claim = DeviceClaim("x" * 500 + "\n", first.device_cookie, p256()[1], Algorithm.P256)
    second = await desk.sign_in(device=claim)
    assert second.new_device
    session = await desk.session(second.token)
    assert session.device.public_key is not None
    assert len(session.device.label) == 60


# --- secrecy -------------------------------------------------------------------------------------


async def dump(desk: Desk) -> str:
    """Every row of every table, as text, and bytes also as what they spell."""
    tables = await desk.db.all("""
        SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'test_seeds')
    """)
    lines = []
    for table in tables:
        for row in await desk.db.all(f"SELECT * FROM {table['name']}"):
            lines += [
                value.decode("latin-1") + value.hex() if isinstance(value, bytes) else str(value)
                for value in row.values()
            ]
    return "\n".join(lines)


async def a_busy_hour(desk: Desk) -> list[str]:
    """Asha does all there is to do; answers everything that must stand nowhere in clear."""
    entered = await desk.sign_up(business_name=None, city="Kolhapur")
    codes = [await desk.code()]
    desk.clock.advance(seconds=1)
    await desk.send()
    codes.append(await desk.code())
    await desk.signin.check_pin(entered.party.id, "730146")
    await desk.parties.personal(entered.party.id, "staff:17", "complaint")
    national = ASHA_PHONE.removeprefix("+91")
    secrets = [ASHA_PHONE, national, "Raghunathan", "Asha", "Kolhapur", PIN, "730146", *codes]
    return [*secrets, entered.token, entered.device_cookie]


async def test_nothing_personal_and_no_secret_stands_in_clear_in_any_table(desk: Desk) -> None:
    secrets = await a_busy_hour(desk)
    text = await dump(desk)
    assert [secret for secret in secrets if secret in text] == []
    assert [secret for secret in secrets if secret.encode().hex() in text] == []


async def test_twin_the_dump_would_show_it(desk: Desk) -> None:
    await a_busy_hour(desk)
    await desk.db.run("UPDATE parties.party SET name_sealed = $1", ASHA_NAME.encode())
    assert "Raghunathan" in await dump(desk)


async def test_a_stranger_with_another_key_cannot_sign_anybody_in(desk: Desk) -> None:
    entered = await desk.sign_up()
    keys = desk.signin._sessions._keys
    desk.signin._sessions._keys = make_keys("another secret")
    assert await desk.signin.session(entered.token) is None
    desk.signin._sessions._keys = keys
    assert await desk.signin.session(entered.token) is not None


def test_refusals_carry_nothing_of_others() -> None:
    assert Refused(SigninReason.ALREADY_SIGNED_UP).facts == {}
