"""Commands that make keys, and that seal anew what an older key has sealed."""

from __future__ import annotations

import base64
from typing import Annotated

import typer

from argosy import settings as config
from argosy.app import Wallet, sealed
from argosy.base.parties.facts import PartyReason
from argosy.base.parties.numbers import reads
from argosy.base.parties.resealing import Resealed, reseal
from argosy.base.parties.ring import retired
from argosy.base.refusals import Refused
from argosy.opening import Demo, say, stop, with_wallet
from argosy.partners.api.facts import NewKey, Signing
from argosy.public_services.notify.push.carrier import new_key as new_push_key
from argosy.public_services.notify.push.carrier import public_key as public_half
from argosy.public_services.notify.push.carrier import read

keys = typer.Typer(help="Keys of the partner API, and of what is sealed.", no_args_is_help=True)

Label = Annotated[str, typer.Option(help="What the key is for.")]
Signed = Annotated[bool, typer.Option("--signed", help="Requests must be signed too.")]
PublicKey = Annotated[
    str | None, typer.Option(help="Ed25519, 32 bytes in base64: signs instead of a secret.")
]


def push_key() -> None:
    """Make a key for ARGOSY_PUSH_KEY, and show the public half that pages subscribe with."""
    made = new_push_key()
    say(made, f"public: {public_half(read(f'vapid:{made}'))}")


def key() -> None:
    """Make a key for ARGOSY_KEY. Keep it outside the database and outside its backups."""
    say(config.new_key())


@keys.command("create")
def keys_create(
    number: Annotated[str, typer.Argument(help="The merchant's public number.")],
    label: Label = "made at the terminal",
    signed: Signed = False,
    public_key: PublicKey = None,
    demo: Demo = False,
) -> None:
    """Make a merchant a key for the partner API. It is shown once."""
    signing, public = _signing(signed, public_key)

    async def make(wallet: Wallet) -> NewKey | Refused:
        for market in wallet.markets.values():
            party = await wallet.parties.by_number(market.code, reads(number) or number)
            if party is not None:
                return await wallet.api_keys.create(party, label, signing, public)
        return Refused(PartyReason.PARTY_NOT_FOUND)

    _show_key(with_wallet(config.load(demo=demo), make))


@keys.command("operator")
def keys_operator(
    label: Label = "made at the terminal",
    signed: Signed = False,
    public_key: PublicKey = None,
    demo: Demo = False,
) -> None:
    """Make a key for the ledger's own API, which may move any money. It is shown once."""
    signing, public = _signing(signed, public_key)
    _show_key(
        with_wallet(
            config.load(demo=demo),
            lambda wallet: wallet.api_keys.create_operator(label, signing, public),
        )
    )


@keys.command("reseal")
def keys_reseal(demo: Demo = False) -> None:
    """After a change of ARGOSY_KEY: seal everything anew that an older key has sealed."""

    async def work(wallet: Wallet) -> Resealed:
        done = await reseal(
            wallet.db,
            wallet.keys,
            sealed(wallet),
            lambda table, count: say(f"{table}: {count} sealed anew"),
        )
        if done.finished:
            await retired(wallet.db, wallet.ring)
        return done

    done = with_wallet(config.load(demo=demo), work)
    say(f"{done.count} in all.")
    if not done.finished:
        stop("Not finished: no key given opens what stands here.", *done.broken[:20])
        return
    say("Everything is sealed with ARGOSY_KEY: ARGOSY_KEYS_OLD may go.")


def _show_key(made: NewKey | Refused) -> None:
    if isinstance(made, Refused):
        stop(f"{made.reason.meaning} ({made.code})")
        return
    say(made.text)
    if made.signing_secret is not None:
        say(made.signing_secret)


def _signing(signed: bool, public_key: str | None) -> tuple[Signing, bytes | None]:
    if public_key is None:
        return (Signing.HMAC if signed else Signing.NONE), None
    try:
        return Signing.ED25519, base64.b64decode(public_key, validate=True)
    except ValueError:
        return Signing.ED25519, None  # refused as any other that is none
