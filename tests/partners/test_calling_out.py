"""Webhooks go to public addresses only, and to the very address that was checked."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argosy.partners.webhooks.facts import Terms
from argosy.partners.webhooks.sending import Outgoing, Sender, is_public
from argosy.public_services.outside.calls import Bounds, Outside
from tests.partners.receiver import Receiver
from tests.partners.shop import CALLING, Shop, is_problem

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
SECRET = "whsec_" + "A" * 43 + "="
OUTSIDE = replace(CALLING, private_allowed=False)

PRIVATE = """
    127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
    100.64.0.1 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 ff02::1 2001:db8::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
    2002:7f00:1:: 2002:a00:1:: ::127.0.0.1 ::10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b:1::7f00:1
    64:ff9b:1::a9fe:a9fe fec0::1 5f00::1 nonsense
""".split()
PUBLIC = "1.1.1.1 8.8.8.8 2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_not_everybody_reaches_is_not_called(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_twin_a_public_one_is(address):
    assert is_public(address)


@pytest.fixture
async def receiver():
    opened = await Receiver().open()
    yield opened
    opened.close()


def name_book(*answers: list[str]):
    """A resolver that gives one answer after the other, and remembers what it was asked."""
    left, asked = list(answers), []

    async def resolve(host, port):
        asked.append((host, port))
        return left.pop(0) if len(left) > 1 else left[0]

    resolve.asked = asked
    return resolve


def outgoing(url: str) -> Outgoing:
    return Outgoing("evt-1", url, '{"type":"payment.paid"}', (SECRET,))


async def test_a_name_that_leads_inside_is_not_called(receiver):
    for addresses in (["127.0.0.1"], ["10.0.0.1", "::1"], []):
        sender = Sender(OUTSIDE, name_book(addresses))
        told = await sender.send(outgoing(receiver.url(host="a.example", scheme="https")), NOW)
        assert told.problem == "the name leads to no public address"
    assert receiver.got == []


async def test_plain_http_is_not_called_outside(receiver):
    told = await Sender(OUTSIDE, name_book(["127.0.0.1"])).send(outgoing(receiver.url()), NOW)
    assert told.problem == "only https is called"
    assert receiver.got == []


async def test_the_call_goes_to_the_address_that_was_looked_up_once(receiver):
    """The name's second answer, which leads nowhere, is never asked for."""
    resolve = name_book(["127.0.0.1"], ["192.0.2.1"])
    told = await Sender(CALLING, resolve).send(outgoing(receiver.url(host="a.example")), NOW)
    assert told.problem is None
    assert resolve.asked == [("a.example", receiver.port)]
    assert receiver.got[0].headers["host"] == f"a.example:{receiver.port}"


async def test_of_several_addresses_the_allowed_one_is_taken():
    seen: list[str] = []

    class Watching(Outside):
        def _open(self):
            client = super()._open()
            build = client.build_request

            def watched(method, url, **more):
                seen.append(url.host)
                return build(method, "https://127.0.0.1:1/", **more)

            client.build_request = watched
            return client

    outside = Watching(Bounds(), name_book(["10.0.0.1", "2606:4700:4700::1111", "8.8.8.8"]))
    await outside.post("https://a.example/", b"", {})
    assert seen == ["8.8.8.8"]


# --- TLS: the name counts, not the address -----------------------------------------------------------


def certificates(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a receiver called `name` shows, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    issued = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(issued)
        .issuer_name(issued)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    shown = certificate.public_bytes(serialization.Encoding.PEM)
    pem.write_bytes(
        shown
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    return serving, ssl.create_default_context(cadata=shown.decode())


async def test_the_receiver_must_prove_its_name(tmp_path):
    serving, trust = certificates("a.example", tmp_path)
    receiver = await Receiver().open(serving)
    sender = Sender(CALLING, name_book(["127.0.0.1"]), trust)
    good = await sender.send(outgoing(receiver.url(host="a.example", scheme="https")), NOW)
    assert (good.status, good.problem) == (200, None)
    bad = await sender.send(outgoing(receiver.url(host="b.example", scheme="https")), NOW)
    assert bad.status is None
    assert "certificate" in bad.problem.lower()
    stranger = Sender(CALLING, name_book(["127.0.0.1"]))
    unknown = await stranger.send(outgoing(receiver.url(host="a.example", scheme="https")), NOW)
    assert "certificate" in unknown.problem.lower()
    assert len(receiver.got) == 1
    receiver.close()


async def test_the_environments_proxy_is_not_used(receiver, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    told = await Sender(CALLING, name_book(["127.0.0.1"])).send(outgoing(receiver.url()), NOW)
    assert told.problem is None


async def test_what_cannot_be_an_address_is_a_failure_and_no_crash():
    async def nobody(_host, _port):
        raise OSError("no such name")

    for url in ("http://./", "http://a.example/%zz", "http://" + "a" * 250 + "/"):
        told = await Sender(CALLING, nobody).send(outgoing(url), NOW)
        assert told.problem
    odd = Sender(CALLING)
    for url in ("http://./", "http://-/", "http://" + "a" * 250 + "/", "http://.../"):
        assert (await odd.send(outgoing(url), NOW)).problem


async def test_an_inner_address_is_refused_when_it_is_given(db, clock, ids):
    shop = await Shop.opened(db, clock, ids, calling=Terms())
    for url in (
        "http://shop.example/", "https://127.0.0.1/", "https://10.0.0.1:8443/x", "https://localhost/",
        "https://127.1/", "https://0x7f.1/", "https://2130706433/", "https://1.1.1.1/",
    ):  # fmt: skip
        said = await shop.post("/webhooks/endpoints", {"url": url})
        assert is_problem(said, 403, "endpoint_not_public", "url"), url
    said = await shop.post("/webhooks/endpoints", {"url": "https://shop.example:8443/hook"})
    assert said.status_code == 201
