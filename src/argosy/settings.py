"""What the operator decides, read once from the environment: `ARGOSY_PORT`, `ARGOSY_KEY`, ...

Wrong settings are refused at start, all at once and by name, and so is a variable that begins with
`ARGOSY_` and is no setting: a typing mistake must not run for a year as a default. What each one means
stands in docs/settings.md.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from argosy.base.parties.ring import KEY_BYTES, Ring, subkey
from argosy.proxies import Network, read_networks
from argosy.public_services.notify.carriers import Way
from argosy.public_services.notify.registry import Line
from argosy.public_services.notify.registry import read as read_carriers

PREFIX = "ARGOSY_"
NAMES = (
    "CONSOLE_PORT",
    "DATABASE_URL",
    "DATA",
    "DEMO",
    "FACTS",
    "HOST",
    "KEY",
    "KEYS_OLD",
    "LOG",
    "MAIL",
    "MARKET",
    "MARKETS",
    "PORT",
    "PROXIES",
    "PUBLIC_URL",
    "PUSH_KEY",
    "RISK_POLICY",
    "SMS",
    "STAFF_KEY",  # of the person at the terminal: read there, no server needs it
    "USSD_ALLOWED",
    "USSD_CODE",
    "USSD_SECRET",
    "WEBHOOKS_PRIVATE",
    "WORKERS",
)
KEYS_OLD_MAX = 8
LOG_LEVELS = ("debug", "info", "warning", "error")
WORKERS_MAX = 64
SECRET_CHARS_MIN = 16
DEMO_KEY_FILE = "demo.key"
MARKET = "india"
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off", ""}

T = TypeVar("T")


class SettingsError(Exception):
    """The settings that cannot be used; `problems` has a sentence for each, with its name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's decisions, checked."""

    data: Path
    key: bytes = field(repr=False)
    keys_old: tuple[bytes, ...] = field(default=(), repr=False)
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    database_url: str | None = field(default=None, repr=False)  # may hold a password
    market: str = MARKET
    markets: tuple[Path, ...] = ()
    workers: int = 1
    console_port: int = 8090
    log: str = "info"
    webhooks_private: bool = False
    risk_policy: Path | None = None
    facts_url: str | None = field(default=None, repr=False)  # may hold a password
    carriers: tuple[Line, ...] = ()
    proxies: tuple[Network, ...] = ()
    ussd_code: str = "*384#"
    ussd_secret: str | None = field(default=None, repr=False)
    ussd_allowed: tuple[Network, ...] = ()

    def subkey(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose, e.g. `parties.phone`: from none can another be found."""
        return subkey(self.key, purpose)

    @property
    def ring(self) -> Ring:
        """The key with those before it, as the settings know them."""
        return Ring(self.key, self.keys_old)

    @property
    def postgres_folder(self) -> Path:
        """Where the embedded PostgreSQL keeps its files."""
        return self.data / "postgres"


def load(
    environ: Mapping[str, str] | None = None, *, demo: bool = False, market: str | None = None
) -> Settings:
    """Read the settings; `demo` and `market` are the command line's own `--demo` and `--market`.

    Raises `SettingsError` with everything that is wrong. In demo mode a missing key is made, once,
    in the data folder, which is the only thing this touches.
    """
    env = os.environ if environ is None else environ
    reader = _Reader(env)
    for name in sorted(env):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in NAMES:
            reader.problems.append(_unknown(name))
    demo = reader.read("DEMO", _flag, default=False) or demo
    data = reader.read("DATA", _folder, Path(".argosy").absolute())
    host = reader.read("HOST", _host, "127.0.0.1")
    port = reader.read("PORT", _whole(0, 65_535), 8080)
    database_url = reader.read("DATABASE_URL", _database_url, None)
    nowhere: tuple[Path, ...] = ()
    markets = reader.read("MARKETS", _folders, nowhere)
    market = market or reader.read("MARKET", _market, MARKET)
    workers = reader.read("WORKERS", _whole(1, WORKERS_MAX), 1)
    console_port = reader.read("CONSOLE_PORT", _whole(0, 65_535), 8090)
    log = reader.read("LOG", _level, "info")
    webhooks_private = reader.read("WEBHOOKS_PRIVATE", _flag, default=False)
    risk_policy = reader.read("RISK_POLICY", _policy, None)
    facts_url = reader.read("FACTS", _facts_url, None)
    no_lines: tuple[Line, ...] = ()
    carriers = (
        *reader.read("SMS", lambda text: read_carriers(Way.SMS, text), no_lines),
        *reader.read("MAIL", lambda text: read_carriers(Way.EMAIL, text), no_lines),
        *reader.read("PUSH_KEY", lambda key: read_carriers(Way.PUSH, f"vapid:{key}"), no_lines),
    )
    nobody: tuple[Network, ...] = ()
    proxies = reader.read("PROXIES", read_networks, nobody)
    ussd_code = reader.read("USSD_CODE", _service_code, "*384#")
    ussd_secret = reader.read("USSD_SECRET", _secret, None)
    ussd_allowed = reader.read("USSD_ALLOWED", read_networks, nobody)
    public_url = reader.read("PUBLIC_URL", _web_url, f"http://{_in_url(host)}:{port}")
    key = reader.read("KEY", _key, None)
    none_older: tuple[bytes, ...] = ()
    keys_old = reader.read("KEYS_OLD", _keys, none_older)
    if key is not None and key in keys_old:
        reader.problems.append("ARGOSY_KEYS_OLD names ARGOSY_KEY itself")
    if key is None and not demo and not env.get(PREFIX + "KEY"):
        reader.problems.append(
            "ARGOSY_KEY is missing: without a key of your own Argosy runs only as a demo (--demo)."
            " `argosy key` makes one; keep it outside the database and outside its backups."
        )
    if not reader.problems and key is None:
        key = reader.catch("DATA", lambda: _demo_key(data))
    if reader.problems or key is None:
        raise SettingsError(reader.problems)
    return Settings(
        data=data,
        key=key,
        keys_old=keys_old,
        demo=demo,
        host=host,
        port=port,
        public_url=public_url,
        database_url=database_url,
        market=market,
        markets=markets,
        workers=workers,
        console_port=console_port,
        log=log,
        webhooks_private=webhooks_private,
        risk_policy=risk_policy,
        facts_url=facts_url,
        ussd_code=ussd_code,
        ussd_secret=ussd_secret,
        ussd_allowed=ussd_allowed,
        carriers=carriers,
        proxies=proxies,
    )


def new_key() -> str:
    """A fresh key as `ARGOSY_KEY` takes it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class _Reader:
    """Reads one variable after the other and gathers what is wrong instead of stopping at it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self._env.get(PREFIX + name, "").strip()
        if not text:
            return default
        value = self.catch(name, lambda: parse(text))
        return default if value is None else value

    def catch(self, name: str, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except (ValueError, OSError) as error:
            self.problems.append(f"{PREFIX}{name} {error}")
            return None


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.removeprefix(PREFIX), NAMES, 1, 0.6)
    hint = f"; did you mean {PREFIX}{close[0]}?" if close else ""
    return f"{name} is no setting of Argosy{hint}"


def _flag(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"is {text!r} and must be 1 or 0")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch("[0-9]{1,9}", text) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"is {text!r} and must be a whole number from {least} to {most}")

    return parse


def _host(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._:-]+", text):
        return text
    raise ValueError(f"is {text!r} and must be an address or a host's name")


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _level(text: str) -> str:
    if text.lower() in LOG_LEVELS:
        return text.lower()
    raise ValueError(f"is {text!r} and must be one of {', '.join(LOG_LEVELS)}")


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"is {text!r}, which is not a folder")
    return path


def _market(text: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]{1,39}", text):
        return text
    raise ValueError(f"is {text!r} and must be a pack's name, such as {MARKET}")


def _folders(text: str) -> tuple[Path, ...]:
    paths = tuple(Path(part).expanduser().absolute() for part in text.split(os.pathsep) if part)
    if missing := [str(path) for path in paths if not path.is_dir()]:
        raise ValueError(f"names folders that are not there: {', '.join(missing)}")
    return paths


def _database_url(text: str) -> str:
    # The address may hold a password, so no message repeats it.
    if urlsplit(text).scheme in {"postgresql", "postgres"}:
        return text
    raise ValueError("must look like postgresql://user:password@host/database")


def _facts_url(text: str) -> str:
    if urlsplit(text).scheme in {"redis", "rediss", "redis-cluster"}:
        return text
    raise ValueError("must look like redis://host:6379/0 or redis-cluster://host:6379")


def _service_code(text: str) -> str:
    if re.fullmatch(r"\*[0-9]{2,5}(\*[0-9]{1,5})*#", text):
        return text
    raise ValueError(f"is {text!r} and must look like *384#")


def _secret(text: str) -> str:
    # No message repeats a secret.
    if len(text) >= SECRET_CHARS_MIN and text.isascii() and text.isprintable():
        return text
    raise ValueError(f"must be at least {SECRET_CHARS_MIN} printable ASCII characters")


def _policy(text: str) -> Path:
    from argosy.ctu.decide.policy import PolicyError, load_policy  # only who has one pays for it

    path = Path(text).expanduser().absolute()
    try:
        load_policy(path)
    except OSError as wrong:
        raise ValueError(f"is {text!r}, which cannot be read: {wrong.strerror}") from None
    except PolicyError as wrong:
        raise ValueError(f"is {text!r}: {'; '.join(wrong.problems)}") from None
    return path


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment):
        return text.rstrip("/")
    raise ValueError(f"is {text!r} and must look like https://wallet.example")


def _key(text: str) -> bytes:
    wrong = f"must be {KEY_BYTES} random bytes in base64url; `argosy key` makes one"
    if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text):
        raise ValueError(wrong)
    try:
        key = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error:
        raise ValueError(wrong) from None
    if len(key) != KEY_BYTES:
        raise ValueError(wrong)
    return key


def _keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(_key(one) for one in text.replace(",", " ").split())
    if len(set(keys)) < len(keys):
        raise ValueError("names a key twice")
    if len(keys) > KEYS_OLD_MAX:
        raise ValueError(f"names {len(keys)} keys; {KEYS_OLD_MAX} are the most")
    return keys


def _demo_key(data: Path) -> bytes:
    path = data / DEMO_KEY_FILE
    data.mkdir(parents=True, exist_ok=True)
    # Written beside and linked, so that nobody ever reads half a key.
    handle, beside = tempfile.mkstemp(dir=data)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(new_key() + "\n")
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        Path(beside).unlink()
    try:
        return _key(path.read_text("ascii").strip())
    except ValueError:
        raise ValueError(f"holds {path}, which is no key; move the folder away") from None
