"""`SearchTexts`: a word is found wherever it is, and nowhere else."""

from __future__ import annotations

import random

import numpy as np
import pytest

from longwatch.protocol.jobs import JobSummary
from longwatch_desktop.mirror.searching import SearchTexts, search_text
from unit.desktop.mirror.builders import job

WORDS = ("select", "sum(x)", "Straße", "größe", "ΑΣΣΟΣ", "naïve", "日本", "🐝", "\ud800", "%_", "7")


def text_of(job: JobSummary) -> str:
    return search_text(job.name, job.preview, job.source, job.owner, job.id, job.error)


def texts_of(*jobs: JobSummary) -> SearchTexts:
    texts = SearchTexts(lambda slot: text_of(jobs[slot]))
    for _ in jobs:
        texts.add_slot()
    texts.change(range(len(jobs)))
    return texts


@pytest.mark.parametrize("seed", range(5))
def test_what_is_found_is_what_is_there(seed: int) -> None:
    dice = random.Random(seed)
    jobs = [
        job(f"{n}", name=dice.choice(WORDS), preview=" ".join(dice.choices(WORDS, k=n % 5)))
        for n in range(300)
    ]
    texts = texts_of(*jobs)
    slots = np.array(dice.sample(range(300), 200), np.intp)
    for word in (*(word.casefold() for word in WORDS), "ct su", "e", "nowhere", "flights", "\n"):
        expected = [word in text_of(jobs[slot]) for slot in slots.tolist()]
        assert texts.having(word, slots).tolist() == expected, word


def test_another_job_in_the_slot_is_another_text() -> None:
    jobs = [job("a", name="before"), job("b", name="before")]
    texts = SearchTexts(lambda slot: text_of(jobs[slot]))
    texts.add_slot()
    texts.add_slot()
    texts.change([0, 1])
    both = np.array([0, 1])
    assert texts.having("before", both).tolist() == [True, True]
    jobs[1] = job("b", name="after")
    texts.change([1])
    assert texts.having("before", both).tolist() == [True, False]
    assert texts.having("after", both).tolist() == [False, True]
    texts.forget(0)
    assert not texts.having("before", both).any()
