"""What becomes of a submission, and which ones are refused."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.jobs.errors import InvalidSubmission
from longwatch.jobs.model import new_id, summary
from longwatch.protocol.jobs import JobState, JobSummary
from support.servers import job


@pytest.mark.parametrize("sql", ["", " ", "\n\t \r\n", "\u3000"])
def test_sql_of_nothing_but_space_is_refused(sql: str) -> None:
    with pytest.raises(InvalidSubmission, match=r"The SQL is empty\. Write a query"):
        job(sql)


@pytest.mark.parametrize(
    ("sql", "name", "pointer", "word"),
    [
        ("select '\x00'", None, "/sql", "NUL"),
        ("select '\ud800'", None, "/sql", "Character 9 of the SQL is half of a surrogate"),
        ("select 1", "a\x00b", "/name", "NUL"),
        ("select 1", "\udfff", "/name", "Character 1 of the name"),
    ],
)
def test_characters_that_nothing_can_store_are_refused(
    sql: str, name: str | None, pointer: str, word: str
) -> None:
    with pytest.raises(InvalidSubmission, match=word) as caught:
        job(sql, name=name)
    assert caught.value.pointer == pointer


def test_a_name_is_made_from_the_first_line_that_is_no_comment() -> None:
    made = job("-- monthly totals\n\n  select   a,\n b from t")
    assert made.name == "select a, b from t"
    assert made.preview == "-- monthly totals select a, b from t"
    assert made.state is JobState.QUEUED
    assert (made.attempt, made.seq, made.phase) == (0, 0, None)


def test_sql_of_comments_alone_keeps_them_as_its_name() -> None:
    assert job("-- nothing here").name == "-- nothing here"


@given(st.text(min_size=1).filter(lambda sql: sql.strip()))
def test_any_sql_gives_a_job_that_can_be_encoded_or_a_reason(sql: str) -> None:
    if "\x00" in sql or any("\ud800" <= sign <= "\udfff" for sign in sql):
        with pytest.raises(InvalidSubmission, match="Remove it"):
            job(sql)
        return
    made = job(sql)
    assert 0 < len(made.preview) <= 200
    assert 0 < len(made.name) <= 200
    assert "\n" not in made.name + made.preview
    again = msgspec.json.decode(msgspec.json.encode(summary(made)), type=JobSummary)
    assert again == summary(made)


def test_ids_are_folder_names_on_every_file_system() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[a-z2-7]{16}", one) for one in ids)
