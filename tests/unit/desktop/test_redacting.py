"""What must not be in a text that is passed on."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from longwatch_desktop.reports.redacting import GONE, redacted

HOME = Path("/srv/homes/ann")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-value",
        "{'authorization': 'Bearer s3cr3t-value', 'accept': '*/*'}",
        "sent bearer s3cr3t-value to it",
        "token=s3cr3t-value&page=1",
        "access_token='s3cr3t-value'",
        '{"password": "s3cr3t-value"}',
        "PGPASSWORD=s3cr3t-value psql",
        "api_key: s3cr3t-value",
        "postgresql://ann:s3cr3t-value@db/sales",
        "https://s3cr3t-value@example.org/",
    ],
)
def test_what_is_named_a_secret_goes(text: str) -> None:
    cleaned = redacted(text, home=HOME)
    assert "s3cr3t" not in cleaned
    assert GONE in cleaned


def test_known_and_random_ones_go_wherever_they_stand() -> None:
    assert redacted("x swordfish y", ["swordfish"], HOME) == f"x {GONE} y"
    assert redacted("a is a word", ["a"], HOME) == "a is a word", "too short to be a secret"
    token = secrets.token_urlsafe(32)
    assert token not in redacted(f"GET /v1?t={token} failed", home=HOME)


def test_the_home_folder_becomes_a_tilde() -> None:
    assert redacted('File "/srv/homes/ann/x.py"', home=HOME) == 'File "~/x.py"'
    assert (
        redacted("in /srv/homes/ann, and /srv/homes/anna", home=HOME) == "in ~, and /srv/homes/anna"
    )
    assert redacted("/usr/lib/x.py", home=Path("/")) == "/usr/lib/x.py"


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'carrier'",
        '  File "/opt/longwatch/desktop/longwatch_desktop/session.py", line 12, in _load_catalogue',
        "job 01hz3x6f0v5k8q2w9r7t4y1m3n is not running",
        "test_known_and_random_ones_go_wherever_they_stand",
        "select a, b from c where d = 'e'",
    ],
)
def test_the_rest_stays(text: str) -> None:
    assert redacted(text, home=HOME) == text
