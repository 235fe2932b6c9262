"""Settings: wrong ones are refused at start, all at once, by name."""

import stat

import pytest

from argosy.settings import SettingsError, load, new_key

KEY = "A" * 43 + "="


def problems(**env):
    with pytest.raises(SettingsError) as caught:
        load({f"ARGOSY_{name}": value for name, value in env.items()})
    return caught.value.problems


def test_a_key_is_all_that_is_needed():
    settings = load({"ARGOSY_KEY": KEY, "HOME": "/nowhere"})
    assert (settings.host, settings.port, settings.demo, settings.workers) == (
        "127.0.0.1",
        8080,
        False,
        1,
    )
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.key == bytes(32)


def test_everything_can_be_said(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text("since = 2026-12-01\n", "utf-8")
    settings = load(
        {
            "ARGOSY_DATABASE_URL": "postgresql://a:b@db/argosy",
            "ARGOSY_DATA": str(tmp_path / "data"),
            "ARGOSY_DEMO": "no",
            "ARGOSY_HOST": "::",
            "ARGOSY_KEY": new_key(),
            "ARGOSY_KEYS_OLD": f"{new_key()}, {new_key()}",
            "ARGOSY_LOG": "WARNING",
            "ARGOSY_MARKETS": f"{tmp_path}",
            "ARGOSY_PORT": "9000",
            "ARGOSY_PROXIES": "10.0.0.5, 10.1.0.0/16 ::1",
            "ARGOSY_PUBLIC_URL": "https://wallet.example/",
            "ARGOSY_RISK_POLICY": str(policy),
            "ARGOSY_FACTS": "redis://localhost:6379/0",
            "ARGOSY_WEBHOOKS_PRIVATE": "1",
            "ARGOSY_WORKERS": "4",
        }
    )
    assert settings.markets == (tmp_path,)
    assert settings.risk_policy == policy
    assert len(settings.keys_old) == len(settings.ring.older) == 2
    assert [str(one) for one in settings.proxies] == ["10.0.0.5/32", "10.1.0.0/16", "::1/128"]
    assert settings.facts_url == "redis://localhost:6379/0"
    assert settings.public_url == "https://wallet.example"
    assert (settings.log, settings.workers, settings.webhooks_private) == ("warning", 4, True)


def test_all_that_is_wrong_is_said_at_once_and_by_name():
    said = problems(
        PORT="80a", WORKERS="0", DATABASE_URL="mysql://x", MARKETS="/no/such", LOG="loud",
        PUBLIC_URL="ftp://x", DEMO="perhaps", KEY="short", HOST="a b", FACTS="memory",
        RISK_POLICY="/no/such",
    )  # fmt: skip
    named = {line.split()[0].removeprefix("ARGOSY_") for line in said}
    assert named == {
        "PORT", "WORKERS", "DATABASE_URL", "MARKETS", "LOG", "PUBLIC_URL", "DEMO", "KEY", "HOST",
        "FACTS", "RISK_POLICY",
    }  # fmt: skip
    assert len(said) == 11


@pytest.mark.parametrize(
    "proxies, saying",
    [
        ("proxy.example", "no address and no network"),
        ("10.0.0.1/8", "no address and no network"),
        ("10.0.0.1 10.0.0.300", "'10.0.0.300'"),
        ("*", "no address and no network"),
        ("0.0.0.0/0", "which is everybody"),
        ("::/0", "which is everybody"),
    ],
)
def test_proxies_that_cannot_be_read_or_are_everybody_are_refused(proxies, saying):
    (said,) = problems(KEY=KEY, PROXIES=proxies)
    assert said.startswith("ARGOSY_PROXIES ")
    assert saying in said


@pytest.mark.parametrize(
    "old, saying",
    [
        ("short", "must be 32 random bytes"),
        (f"{KEY} short", "must be 32 random bytes"),
        (f"{'B' * 43}= {'B' * 43}=", "names a key twice"),
        (KEY, "names ARGOSY_KEY itself"),
        (" ".join(f"{letter * 42}A" for letter in "BCDEFGHIJ"), "8 are the most"),
    ],
)
def test_keys_of_before_are_keys_and_others(old, saying):
    (line,) = problems(KEY=KEY, KEYS_OLD=old)
    assert line.startswith("ARGOSY_KEYS_OLD")
    assert saying in line
    assert old.split()[0] not in line or old == "short"


def test_a_mistyped_name_is_refused_with_a_suggestion():
    assert problems(KEY=KEY, PROT="9000") == [
        "ARGOSY_PROT is no setting of Argosy; did you mean ARGOSY_PORT?"
    ]


def test_without_a_key_it_says_how_to_make_one():
    (line,) = problems()
    assert "ARGOSY_KEY is missing" in line
    assert "`argosy key`" in line


def test_a_message_never_repeats_a_secret():
    (line,) = problems(KEY=KEY, DATABASE_URL="postgres//argosy:hunter2@db/x")
    assert "hunter2" not in line
    settings = load({"ARGOSY_KEY": KEY, "ARGOSY_DATABASE_URL": "postgres://argosy:hunter2@db/x"})
    assert "hunter2" not in repr(settings)
    assert "key=" not in repr(settings)


def test_a_demo_makes_its_key_once_and_for_its_owner_alone(tmp_path):
    env = {"ARGOSY_DATA": str(tmp_path / "town")}
    first = load(env, demo=True)
    assert load(env, demo=True).key == first.key
    assert stat.S_IMODE((tmp_path / "town" / "demo.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "town").iterdir()] == ["demo.key"]


def test_a_demo_key_is_not_taken_for_a_key_of_ones_own(tmp_path):
    load({"ARGOSY_DATA": str(tmp_path)}, demo=True)
    (line,) = problems(DATA=str(tmp_path))
    assert "ARGOSY_KEY is missing" in line


def test_bad_settings_touch_nothing(tmp_path):
    with pytest.raises(SettingsError):
        load({"ARGOSY_DATA": str(tmp_path / "town"), "ARGOSY_PORT": "x"}, demo=True)
    assert not (tmp_path / "town").exists()


def test_keys_for_different_purposes_differ():
    settings = load({"ARGOSY_KEY": KEY})
    assert settings.subkey("parties.phone") == settings.subkey("parties.phone")
    assert len({settings.subkey(p) for p in ("parties.phone", "parties.name", "pins")}) == 3
    assert len(settings.subkey("pins")) == 32


def test_a_policy_that_is_wrong_is_told_with_everything_that_is_wrong(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text("since = 2026-12-01\n[terms]\nmargin = 3\nloss_given = -1\n", "utf-8")
    (said,) = problems(KEY=KEY, RISK_POLICY=str(policy))
    assert "terms.margin is 3" in said
    assert "terms.loss_given is -1" in said


# --- messages ------------------------------------------------------------------------------------

SMS = "smpp://wallet:hunter2@sms.example?from=ARGOSY"
MAIL = "smtps://wallet:hunter2@mail.example?from=wallet@argosy.example"


def test_carriers_are_read_and_their_secrets_are_not_shown():
    from argosy.public_services.notify.push.carrier import new_key as push_key

    own = push_key()
    settings = load(
        {
            "ARGOSY_KEY": KEY,
            "ARGOSY_SMS": f"{SMS} india=https://me:hunter2@gate.example/send",
            "ARGOSY_MAIL": MAIL,
            "ARGOSY_PUSH_KEY": own,
        }
    )
    assert [(line.way, line.market) for line in settings.carriers] == [
        ("sms", None),
        ("sms", "india"),
        ("email", None),
        ("push", None),
    ]
    assert "hunter2" not in repr(settings)
    assert own not in repr(settings)


@pytest.mark.parametrize(
    "name, value",
    [
        ("SMS", "hunter2"),
        ("SMS", SMS + "&colour=red"),
        ("SMS", f"{SMS} {SMS}"),
        ("MAIL", SMS),
        ("MAIL", MAIL.replace("from=", "by=")),
        ("PUSH_KEY", "hunter2"),
    ],
)
def test_a_carrier_that_cannot_be_used_is_refused_by_name_and_without_its_secret(name, value):
    (problem,) = problems(KEY=KEY, **{name: value})
    assert problem.startswith(f"ARGOSY_{name} ")
    assert "hunter2" not in problem
