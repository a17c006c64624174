"""What was filled in, as the server is asked for it."""

from __future__ import annotations

import pytest

from longwatch.protocol.sources import SecretReference, SourceDraft
from longwatch_desktop.sources.drafts import DraftError, Entered, draft_of


def test_a_draft() -> None:
    entered = Entered(
        engine="postgres",
        name=" sales ",
        title=" Sales ",
        options={"host": " db ", "port": " "},
        secrets={"password": SecretReference(env="PGPASSWORD"), "url": None},
        max_running=2,
    )
    assert draft_of(entered) == SourceDraft(
        name="sales",
        engine="postgres",
        title="Sales",
        options={"host": "db"},
        secrets={"password": SecretReference(env="PGPASSWORD"), "url": None},
        max_running=2,
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": "a b"}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "-a"}, "/name"),
        ({"name": "a\n"}, None),
        ({"title": "x" * 201}, "/title"),
        ({"options": {"a b": "x"}}, "/options"),
        ({"secrets": {"password": SecretReference(env="A B")}}, "/secrets/password"),
        ({"options": {"path": "x" * 10_001}}, "/options"),
    ],
)
def test_what_cannot_be_sent(changes: dict[str, object], where: str | None) -> None:
    entered = Entered(**{"engine": "duckdb", "name": "a", "title": "A", **changes})  # type: ignore[arg-type]
    if where is None:
        assert draft_of(entered).name == "a", "blanks around it are nobody's intention"
        return
    with pytest.raises(DraftError) as caught:
        draft_of(entered)
    assert caught.value.where == where
