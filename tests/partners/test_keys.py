"""Keys: shown once, kept hashed, revoked at once; and requests that must be signed."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from argosy.base.parties.facts import Party, PartyState
from argosy.base.refusals import Refused
from argosy.partners.api.facts import KEYS_MAX, OPERATOR, Mode, Scope, Signing, Terms
from argosy.partners.api.keys import ApiKeys
from argosy.partners.api.rates import KEYS_MAX as BUCKETS_MAX
from argosy.partners.api.rates import Rates
from argosy.partners.api.signing import message
from tests.partners.shop import Shop, inr, is_problem

PAY = {"amount": inr(12_50)}


async def test_a_key_is_shown_once_and_kept_nowhere(shop):
    made = shop.keys["tea"]
    assert made.text.startswith("ak_test_")
    assert made.text not in repr(made)
    rows = await shop.wallet.db.all("SELECT k::text AS row FROM api.keys k")
    assert len(rows) == 1
    assert made.text[8:] not in rows[0]["row"]
    (listed,) = await shop.services.api_keys.list(shop.people["tea"].id)
    assert listed == made.key
    assert listed.hint == f"ak_test_...{made.text[-4:]}"


async def test_a_revoked_key_opens_nothing(shop):
    keys, made = shop.services.api_keys, shop.keys["tea"]
    assert (await shop.get("/balance")).status_code == 200
    assert await keys.revoke(shop.people["tea"].id, made.key.id) is None
    assert is_problem(await shop.get("/balance"), 401, "key_unknown")
    assert await keys.revoke(shop.people["tea"].id, made.key.id) is None
    wrong = await keys.revoke(shop.people["asha"].id, made.key.id)
    assert isinstance(wrong, Refused)
    assert wrong.code == "key_not_found"


async def test_who_shows_no_key_or_a_wrong_one_is_told_so(shop):
    text = shop.keys["tea"].text
    other = "A" if text[-1] != "A" else "B"
    for header, code in (
        (None, "key_missing"),
        ("", "key_missing"),
        ("Bearer", "key_missing"),
        ("Bearer ", "key_missing"),
        (f"Basic {text}", "key_missing"),
        ("Bearer nonsense", "key_unknown"),
        (f"Bearer {text[:-1]}{other}", "key_unknown"),
        (f"Bearer {text}A", "key_unknown"),
        (f"Bearer {text.replace('test', 'live')}", "key_unknown"),
        ("Bearer ak_test_" + "é" * 64, "key_unknown"),
    ):
        client, headers = shop.with_key(None), {}
        if header is not None:
            headers = {"authorization": header.encode()}
        said = await client.get("/api/v1/balance", headers=headers)
        assert is_problem(said, 401, code), header
        assert said.headers["www-authenticate"] == "Bearer"


async def test_live_and_test_never_mix(shop):
    wallet = shop.wallet
    live = ApiKeys(wallet.db, shop.ids, shop.clock, wallet.keys, Mode.LIVE)
    made = await live.create(shop.people["tea"], "till")
    assert made.text.startswith("ak_live_")
    said = await shop.with_key(made.text).get("/api/v1/balance")
    assert is_problem(said, 401, "key_unknown")
    assert isinstance(await live.read(shop.keys["tea"].text), Refused)


async def test_only_merchants_have_keys_and_not_too_many(shop):
    keys = shop.services.api_keys
    no = await keys.create(shop.people["asha"], "mine")
    assert (no.code, no.field) == ("keys_only_merchants", None)
    for _ in range(KEYS_MAX - 1):
        last = await shop.key("tea")
    assert (await keys.create(shop.people["tea"], "one more")).code == "keys_too_many"
    await keys.revoke(shop.people["tea"].id, last.key.id)
    assert (await shop.key("tea")).text


async def test_the_same_key_is_made_once_and_shown_once(shop):
    keys, tea, one = shop.services.api_keys, shop.people["tea"], shop.ids.new()
    made = await keys.make(tea, "web shop", signed=True, key_id=one)
    assert (made.key.id, made.key.signing) == (one, Signing.HMAC)
    assert (await keys.make(tea, "web shop", signed=True, key_id=one)).code == "key_made_before"
    assert len(await keys.list(tea.id)) == 2


async def test_it_is_noted_when_a_key_was_last_used_and_not_each_time(shop):
    keys, tea, clock = shop.services.api_keys, shop.people["tea"], shop.clock

    async def used():
        (line,) = await keys.list(tea.id)
        return line.used_at

    assert await used() is None
    began = clock.now()
    assert (await shop.get("/balance")).status_code == 200
    assert await used() == began
    clock.advance(minutes=5)
    await shop.get("/balance")
    assert await used() == began
    clock.advance(seconds=1)
    await shop.get("/balance")
    assert await used() == clock.now()


@pytest.mark.parametrize("state", [PartyState.FROZEN, PartyState.CLOSED])
async def test_the_key_of_a_shop_that_does_not_trade_reads_and_moves_nothing(shop, state):
    paid = await shop.paid(12_50)
    waiting = await shop.payment(5_00)
    tea, before = shop.people["tea"], await shop.balance()
    now = await shop.wallet.parties.set_state(tea.id, state)
    assert isinstance(now, Party)
    code = f"party_{state.value}"
    for path in ("/balance", "/payments", f"/payments/{paid['id']}", "/webhooks/endpoints"):
        assert is_problem(await shop.get(path), 409, code), path
    for path, body in (
        ("/payments", PAY),
        (f"/payments/{waiting['id']}/cancel", None),
        (f"/payments/{paid['id']}/refunds", {"amount": inr(1_00)}),
        ("/webhooks/endpoints", {"url": "https://shop.example.com/x"}),
    ):
        assert is_problem(await shop.post(path, body), 409, code), path
    assert await shop.balance() == before
    assert (await shop.services.api_keys.create(now, "new")).code == code


async def test_a_frozen_shops_answers_are_not_given_again_either(shop):
    made = await shop.post("/payments", PAY, key="k-1")
    assert made.status_code == 201
    tea = shop.people["tea"].id
    await shop.wallet.parties.set_state(tea, PartyState.FROZEN)
    assert is_problem(await shop.post("/payments", PAY, key="k-1"), 409, "party_frozen")
    await shop.wallet.parties.set_state(tea, PartyState.ACTIVE)
    again = await shop.post("/payments", PAY, key="k-1")
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])


@pytest.mark.parametrize("label", ["", "  ", "a" * 61, "two\nlines"])
async def test_a_key_needs_a_label(shop, label):
    no = await shop.services.api_keys.create(shop.people["tea"], label)
    assert (no.code, no.field) == ("key_label_unreadable", "label")


async def test_each_part_has_its_own_keys(shop):
    operator = await shop.operator()
    assert is_problem(await operator.get("/api/v1/balance"), 403, "key_scope")
    said = await shop.get(f"/ledger/accounts/{shop.people['tea'].account}")
    assert is_problem(said, 403, "key_scope")
    (key,) = await shop.services.api_keys.list(OPERATOR)
    assert key.scope is Scope.LEDGER


# --- signed requests -------------------------------------------------------------------------------


class Signer:
    """A program that signs what it sends."""

    def __init__(self, shop: Shop, key: str, sign) -> None:
        self.shop, self.sign, self.number = shop, sign, 0
        self.client = shop.with_key(key)

    async def post(self, path: str, body, key: str = "k-1", **change):
        """Send a request, signed as it should be but for what `change` says about what is sent."""
        self.number += 1
        timestamp = str(int(self.shop.clock.now().timestamp()) + change.get("late", 0))
        nonce = change.get("nonce", f"nonce-of-request-{self.number:04}")
        raw = json.dumps(body).encode()
        signature = self.sign(message(timestamp, nonce, "POST", path, key, raw))
        headers = {
            "content-type": "application/json",
            "idempotency-key": change.get("sent_key", key),
            "argosy-timestamp": change.get("sent_timestamp", timestamp),
            "argosy-nonce": change.get("sent_nonce", nonce),
            "argosy-signature": base64.b64encode(signature).decode(),
            **change.get("headers", {}),
        }
        path, raw = change.get("sent_path", path), change.get("sent_body", raw)
        return await self.client.post(path, content=raw, headers=headers)


@pytest.fixture(params=["hmac", "ed25519"])
async def signer(shop, request) -> Signer:
    if request.param == "hmac":
        made = await shop.key("tea", Signing.HMAC)
        secret = made.signing_secret.encode()
        return Signer(shop, made.text, lambda signed: hmac.digest(secret, signed, "sha256"))
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    made = await shop.key("tea", Signing.ED25519, public_key=public)
    return Signer(shop, made.text, private.sign)


PATH = "/api/v1/payments"


async def test_a_signed_request_is_taken(signer):
    assert (await signer.post(PATH, PAY)).status_code == 201
    again = await signer.post(PATH, PAY)  # repeated with a nonce of its own
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_tampered_request_is_refused(signer):
    dear = json.dumps({"amount": inr(1)}).encode()
    for change in (
        {"sent_body": dear},
        {"sent_key": "k-2"},
        {"sent_path": PATH + "?x=1"},
        {"sent_path": PATH + ":dry-run"},
        {"sent_nonce": "another-nonce-00"},
        {"sent_nonce": "short"},
        {"sent_timestamp": "1795321801"},
        {"sent_timestamp": "now"},
        {"headers": {"argosy-signature": "AAAA"}},
        {"headers": {"argosy-signature": "!"}},
    ):
        assert is_problem(await signer.post(PATH, PAY, **change), 401, "signature_wrong"), change
    assert await signer.shop.wallet.db.value("SELECT count(*) FROM orders.orders") == 0


async def test_a_request_without_its_signature_is_refused(signer):
    for header in ("argosy-signature", "argosy-nonce", "argosy-timestamp"):
        said = await signer.post(PATH, PAY, headers={header: ""})
        assert is_problem(said, 401, "signature_missing")
    assert is_problem(await signer.client.get("/api/v1/balance"), 401, "signature_missing")


async def test_a_request_is_taken_once_and_in_its_time(signer):
    nonce = "the-very-same-nonce"
    assert (await signer.post(PATH, PAY, nonce=nonce)).status_code == 201
    said = await signer.post(PATH, PAY, nonce=nonce)
    assert is_problem(said, 401, "signature_replayed")
    for late in (-301, 301):
        said = await signer.post(PATH, PAY, late=late)
        assert is_problem(said, 401, "signature_out_of_time")
    assert (await signer.post(PATH, PAY, late=-299)).status_code == 201


async def test_nonces_are_forgotten_when_their_time_is_over(signer):
    from argosy.partners.api.door import sweeps

    await signer.post(PATH, PAY)
    tidy = sweeps(signer.shop.services)[0]
    signer.shop.clock.advance(minutes=10)
    assert await tidy.run(signer.shop.clock.now(), 10) == 0
    signer.shop.clock.advance(seconds=1)
    assert await tidy.run(signer.shop.clock.now(), 10) == 1


async def test_a_public_key_has_thirty_two_bytes(shop):
    for public in (None, b"", b"1" * 31):
        no = await shop.services.api_keys.create(
            shop.people["tea"], "till", Signing.ED25519, public
        )
        assert no.code == "public_key_unreadable"


# --- how many ------------------------------------------------------------------------------------


async def test_too_many_requests_are_told_when_to_come_again(db, clock, ids):
    terms = Terms(requests_per_second=0.5, requests_burst=2)
    shop = await Shop.opened(db, clock, ids, terms)
    second = shop.with_key((await shop.key("tea")).text)
    for _ in range(2):
        assert (await shop.get("/balance")).status_code == 200
    said = await shop.get("/balance")
    assert is_problem(said, 429, "rate_limited")
    assert said.headers["retry-after"] == "2"
    assert (await second.get("/api/v1/balance")).status_code == 200  # each key for itself
    clock.advance(seconds=2)
    assert (await shop.get("/balance")).status_code == 200
    assert (await shop.get("/balance")).status_code == 429


def test_the_buckets_are_bounded(clock):
    rates = Rates(1, 1)
    for n in range(BUCKETS_MAX + 10):
        assert rates.take(n, clock.now()) == 0
    assert len(rates._buckets) == BUCKETS_MAX
    assert rates.take(BUCKETS_MAX, clock.now()) > 0
