"""URLs of ledgers: no password in one is ever shown, however it is written, and libpq never sees one in a URL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certkit.errors import CertkitError
from certkit.ledger import open_ledger, urls

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=4).filter(
    lambda text: text not in "postgresql://user@localhost:1/team?sslmode=disable"
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db/team", "postgresql://db/team"),
        ("postgresql://lead:secret@db:5433/team?sslmode=require", "postgresql://lead@db:5433/team?sslmode=require"),
        ("postgres://lead:a@b/c?d:e@db/team", "postgres://lead@db/team"),
        ("postgresql://db/team?password=secret&sslmode=require", "postgresql://db/team?sslmode=require"),
        ("postgresql:///team?user=lead&sslpassword=secret", "postgresql:///team?user=lead"),
        ("postgresql://[::1]:5433,db/team", "postgresql://[::1]:5433,db/team"),
        ("postgresql:///team?application_name=a:b@c", "postgresql:///team?application_name=a:b@c"),
        ("postgresql://db/team?application_name=a@b", "postgresql://db/team?application_name=a@b"),
        ("postgresql://:secret@db/team", "postgresql://db/team"),
        ("sqlite:///a/b", "sqlite:///a/b"),
        ("host=db password=secret dbname=team", "host=db password…"),
    ],
)
def test_a_url_is_shown_without_its_passwords(url: str, shown: str) -> None:
    assert urls.shown(url) == shown
    assert urls.has_password(url) is (url != shown)


@pytest.mark.parametrize(
    "template", ["postgresql://user:{}@localhost:1/team", "postgres://user:{}@/team?port=1&host=/n"]
)
@settings(max_examples=20)
@given(SECRETS)
def test_no_error_repeats_a_password(template: str, secret: str) -> None:
    with pytest.raises(CertkitError) as caught:
        open_ledger(template.format(secret))
    assert secret not in f"{caught.value} {caught.value.hint} {caught.value.fields}"


def test_what_is_quoted_in_a_url_is_told_to_libpq_as_it_is() -> None:
    found = urls.address("postgresql://le%40d:p%3A+%40@db,[::1]:5433/team?options=-csearch_path%3Dacme&sslpassword=x")
    assert found.url == "postgresql://db,[::1]:5433/team"
    assert found.options == {
        "user": "le@d",
        "password": "p:+@",
        "options": "-csearch_path=acme",
        "sslpassword": "x",
    }
    assert "p:+@" not in repr(found)
