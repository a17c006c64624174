"""The filter as text, and what each part of it takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longwatch.protocol.jobs import JobError, JobState, JobSummary
from longwatch_desktop.mirror.filters import FilterError, JobFilter, parse
from unit.desktop.mirror.builders import at, job, running

DAY = 86_400.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", JobFilter()),
        ("   ", JobFilter()),
        ("carrier", JobFilter(words=("carrier",))),
        ("avg  delay", JobFilter(words=("avg", "delay"))),
        ('"two words"', JobFilter(words=("two words",))),
        ('say"two words"now', JobFilter(words=("saytwo wordsnow",))),
        ("-test", JobFilter(without=("test",))),
        ('-"two words" a', JobFilter(words=("a",), without=("two words",))),
        ("a-b", JobFilter(words=("a-b",))),
        ("-", JobFilter(words=("-",))),
        ("--x", JobFilter(without=("-x",))),
        ('"open quote', JobFilter(words=("open quote",))),
        ('""', JobFilter()),
        (r'"a \"b\" \\ c"', JobFilter(words=(r'a "b" \ c',))),
        ('"state:failed"', JobFilter(words=("state:failed",))),
        ("x::int", JobFilter(words=("x::int",))),
        ("s3://bucket", JobFilter(words=("s3://bucket",))),
        ("12:30", JobFilter(words=("12:30",))),
        ("a,b", JobFilter(words=("a,b",))),
        ("state:failed", JobFilter(states=frozenset({JobState.FAILED}))),
        ("STATE:Failed", JobFilter(states=frozenset({JobState.FAILED}))),
        ("is:done", JobFilter(states=frozenset({JobState.SUCCEEDED}))),
        ("state:f,run", JobFilter(states=frozenset({JobState.FAILED, JobState.RUNNING}))),
        ("state:failed state:lost", JobFilter(states=frozenset({JobState.FAILED, JobState.LOST}))),
        ("state:active", JobFilter(states=frozenset({JobState.QUEUED, JobState.RUNNING}))),
        ("state:canceled", JobFilter(states=frozenset({JobState.CANCELLED}))),
        ("-state:finished", JobFilter(states=frozenset({JobState.QUEUED, JobState.RUNNING}))),
        ("state:active -state:queued", JobFilter(states=frozenset({JobState.RUNNING}))),
        ("state:none", JobFilter(states=frozenset())),
        ("source:flights", JobFilter(source=("flights",))),
        ("source:/data/a", JobFilter(source=("/data/a",))),
        ('source:"my data",b', JobFilter(source=("my data", "b"))),
        ("user:ann owner:bob", JobFilter(owner=("ann", "bob"))),
        ("-user:ann", JobFilter(not_owner=("ann",))),
        ("-source:f*", JobFilter(not_source=("f*",))),
        ("older:1d", JobFilter(older_s=DAY)),
        ("newer:2h", JobFilter(newer_s=7_200.0)),
        ("longer:1h30m", JobFilter(longer_s=5_400.0)),
        ("shorter:1.5min", JobFilter(shorter_s=90.0)),
        ("longer:30", JobFilter(longer_s=30.0)),
        ("older:2days", JobFilter(older_s=2 * DAY)),
        ("older:1d older:2d newer:5d newer:3d", JobFilter(older_s=2 * DAY, newer_s=3 * DAY)),
        (
            'state:failed,running source:flights user:ann older:1d longer:30s "quoted words" -not',
            JobFilter(
                states=frozenset({JobState.FAILED, JobState.RUNNING}),
                source=("flights",),
                owner=("ann",),
                words=("quoted words",),
                without=("not",),
                older_s=DAY,
                longer_s=30.0,
            ),
        ),
    ],
)
def test_what_text_means(text: str, expected: JobFilter) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "message", "suggestion", "lenient"),
    [
        (
            "a stat:failed",
            2,
            "There is no filter “stat:”. Did you mean “state:”?",
            "a state:failed",
            JobFilter(words=("a", "stat:failed")),
        ),
        (
            "-uesr:ann b",
            0,
            "There is no filter “uesr:”. Did you mean “user:”?",
            "-user:ann b",
            JobFilter(words=("b",), without=("uesr:ann",)),
        ),
        (
            "qqqq:1",
            0,
            "There is no filter “qqqq:”. There are state:, source:, user:, mine:, older:, newer:, "
            "longer:, shorter:.",
            None,
            JobFilter(words=("qqqq:1",)),
        ),
        (
            "state:faield a",
            0,
            "“faield” is no state. Did you mean “failed”?",
            "state:failed a",
            JobFilter(words=("a",)),
        ),
        (
            "-state:runing,failed",
            0,
            "“runing” is no state. Did you mean “running”?",
            "-state:running,failed",
            JobFilter(),
        ),
        (
            "state:xyz",
            0,
            "“xyz” is no state. There are queued, running, succeeded, failed, cancelled, lost.",
            None,
            JobFilter(),
        ),
        ("state:", 0, "“state:” needs a value, as in “state:failed”.", None, JobFilter()),
        (
            "b older:soon",
            2,
            "“soon” is no duration. Write it as 30s, 15m, 2h, 1d or 1w, as in “older:1d”.",
            None,
            JobFilter(words=("b",)),
        ),
        (
            "older:1d,2d",
            0,
            "“older:” takes one duration, as in “older:1d”.",
            None,
            JobFilter(),
        ),
        (
            "-older:1d",
            0,
            "“older:” cannot be negated; use “newer:”.",
            "newer:1d",
            JobFilter(),
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_goes_on(
    text: str, position: int, message: str, suggestion: str | None, lenient: JobFilter
) -> None:
    assert parse(text) == FilterError(position, message, suggestion, lenient)
    if suggestion is not None:
        assert isinstance(parse(suggestion), JobFilter)


def test_the_first_error_is_the_one_told() -> None:
    error = parse("older: state:xyz")
    assert isinstance(error, FilterError)
    assert error.position == 0


TEXTS = st.text(min_size=1, max_size=8)
NAMES = st.lists(TEXTS, max_size=2).map(tuple)
MANY = settings(max_examples=200)
SECONDS = st.none() | st.integers(0, 10**7).map(float) | st.floats(0, 1e9)


@MANY
@given(
    st.builds(
        JobFilter,
        states=st.none() | st.frozensets(st.sampled_from(JobState)),
        source=NAMES,
        owner=NAMES,
        not_source=NAMES,
        not_owner=NAMES,
        words=NAMES,
        without=NAMES,
        older_s=SECONDS,
        newer_s=SECONDS,
        longer_s=SECONDS,
        shorter_s=SECONDS,
    )
)
def test_a_filter_reads_back_from_its_text(query: JobFilter) -> None:
    assert parse(str(query)) == query


@MANY
@given(st.text(alphabet='ab-:," \\\n*1dstaeolr', max_size=30))
def test_any_text_is_read(text: str) -> None:
    result = parse(text)
    query = result.lenient if isinstance(result, FilterError) else result
    assert parse(str(query)) == query
    if isinstance(result, FilterError):
        assert 0 <= result.position < len(text)


FAILED = job(
    "f00d",
    JobState.FAILED,
    name="Delays by carrier",
    preview="SELECT carrier, avg(dep_delay) FROM flights",
    owner="Ann",
    error=JobError(code="syntax_error", message="No column “carier”."),
)


@pytest.mark.parametrize(
    ("text", "one", "matches"),
    [
        ("delays CARRIER", FAILED, True),
        ("delays hours", FAILED, False),
        ("-hours", FAILED, True),
        ("-delays", FAILED, False),
        ("avg(dep", FAILED, True),
        ("carier”", FAILED, True),
        ("syntax_error", FAILED, True),
        ("f00d", FAILED, True),
        ("carrierselect", FAILED, False),
        ("user:ann", FAILED, True),
        ("user:an", FAILED, False),
        ("user:an*", FAILED, True),
        ("user:*n", FAILED, True),
        ("user:bob,ann", FAILED, True),
        ("-user:ann", FAILED, False),
        ("source:fl.ghts", FAILED, False),
        ("older:10m", FAILED, True),
        ("older:1d", FAILED, False),
        ("newer:1d", FAILED, True),
        ("newer:10m", FAILED, False),
        ("longer:60s", FAILED, True),
        ("longer:61s", FAILED, False),
        ("shorter:61s", FAILED, True),
        ("shorter:60s", FAILED, False),
        ("longer:16m", running(), True),
        ("longer:17m", running(), False),
        ("longer:0s", job(), False),
        ("shorter:1d", job(), False),
    ],
)
def test_what_a_filter_takes(text: str, one: JobSummary, matches: bool) -> None:
    query = parse(text)
    assert isinstance(query, JobFilter)
    assert query.matches(one, at(1_000)) is matches
