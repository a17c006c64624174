"""`JobFilter`: which jobs a table shows, and the text it is typed as.

    state:failed,running source:flights user:ann older:1d longer:30s "two words" -without

Words are looked for in name, SQL, source, owner, id and error; all must be there, those with `-`
must not. `source:` and `user:` take the whole name, or `*` for any part of it; several of the same
are alternatives. `older:`/`newer:` count from when a job was submitted, `longer:`/`shorter:` are
how long it ran. Case never matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from longwatch.client import words as client_words
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.mirror.searching import search_text

_UNITS: Final = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_PLAIN: Final = re.compile(r'[^\s"\\:,/-][^\s"\\:,]*')


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are shown; as it comes, all of them. Compares equal by value.

    `states` is `None` for any. `source` and `owner` hold alternatives, empty for any. Durations
    are seconds: submitted more than `older_s` or less than `newer_s` ago, ran at least `longer_s`
    or less than `shorter_s` (a job that never started did neither).
    """

    states: frozenset[JobState] | None = None
    source: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    not_source: tuple[str, ...] = ()
    not_owner: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    older_s: float | None = None
    newer_s: float | None = None
    longer_s: float | None = None
    shorter_s: float | None = None

    @property
    def uses_time(self) -> bool:
        """Whether a job can come to match, or cease to, by time alone."""
        return not (self.older_s is self.newer_s is self.longer_s is self.shorter_s is None)

    def matches(self, job: JobSummary, now: datetime) -> bool:
        """Whether one job is shown. Tables use `matching.static_mask`, which is quicker."""
        return (
            (self.states is None or job.state in self.states)
            and accepts(self.source, self.not_source, job.source)
            and accepts(self.owner, self.not_owner, job.owner)
            and self._words_match(job)
            and self._times_match(job, now)
        )

    def _words_match(self, job: JobSummary) -> bool:
        if not self.words and not self.without:
            return True
        text = search_text(job.name, job.preview, job.source, job.owner, job.id, job.error)
        there = all(word.casefold() in text for word in self.words)
        return there and not any(word.casefold() in text for word in self.without)

    def _times_match(self, job: JobSummary, now: datetime) -> bool:
        if not self.uses_time:
            return True
        age_s = now.timestamp() - job.submitted_at.timestamp()
        least_s, below_s = self.longer_s, self.shorter_s
        ran_s = None if job.started_at is None else client_words.elapsed_s(job, now)
        return (
            (self.older_s is None or age_s > self.older_s)
            and (self.newer_s is None or age_s < self.newer_s)
            and (least_s is None or (ran_s is not None and ran_s >= least_s))
            and (below_s is None or (ran_s is not None and ran_s < below_s))
        )

    def __str__(self) -> str:
        """The text that `parse` reads back as this filter."""
        parts: list[str] = []
        if self.states is not None:
            shown = [state.value for state in JobState if state in self.states]
            parts.append(f"state:{','.join(shown) or 'none'}")
        for sign, key, names in (
            ("", "source", self.source),
            ("", "user", self.owner),
            ("-", "source", self.not_source),
            ("-", "user", self.not_owner),
        ):
            if names:
                parts.append(f"{sign}{key}:{','.join(map(_quoted, names))}")
        for key, seconds in (
            ("older", self.older_s),
            ("newer", self.newer_s),
            ("longer", self.longer_s),
            ("shorter", self.shorter_s),
        ):
            if seconds is not None:
                parts.append(f"{key}:{duration_text(seconds)}")
        parts.extend(map(_quoted, self.words))
        parts.extend(f"-{_quoted(word)}" for word in self.without)
        return " ".join(parts)


def accepts(wanted: tuple[str, ...], unwanted: tuple[str, ...], name: str) -> bool:
    """Whether a name is one of `wanted` (if there are any) and none of `unwanted`."""
    return (not wanted or _is_one_of(wanted, name)) and not _is_one_of(unwanted, name)


def duration_text(seconds: float) -> str:
    """`90s` as `90s`, `3600` as `1h`: the shortest exact form in one unit."""
    for unit, length in _UNITS:
        if seconds >= length and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{Decimal(repr(float(seconds))):f}s"


def _is_one_of(patterns: tuple[str, ...], name: str) -> bool:
    folded = name.casefold()
    for pattern in patterns:
        parts = pattern.casefold().split("*")
        if re.fullmatch(".*".join(map(re.escape, parts)), folded, re.DOTALL):
            return True
    return False


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
