"""Whose turn it is, and timers that no clock can fool."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from longwatch.jobs.turns import Waiting
from longwatch.service.scheduling import Fairness, Limits, Slot
from longwatch.service.timers import Timers


def fair(total: int = 10, per_owner: int | None = None, **per_source: int) -> Fairness:
    return Fairness(Limits(total, per_owner, lambda: per_source))


def drain(fairness: Fairness, jobs: list[Waiting], *, at_once: int = 1) -> list[tuple[str, int]]:
    """Owner and number of each job as it is started, when the oldest running one ends whenever
    there is no room."""
    left = list(jobs)
    running: list[Slot] = []
    order: list[tuple[str, int]] = []
    while left:
        while len(running) >= at_once:
            running.pop(0)
        fronts: dict[tuple[int, str, str], Waiting] = {}
        for job in sorted(left, key=lambda one: one.n):
            fronts.setdefault((job.priority, job.owner, job.source), job)
        chosen = fairness.choose(fronts.values(), running)
        assert chosen is not None
        left.remove(chosen)
        running.append(Slot(chosen.owner, chosen.source))
        fairness.served(chosen.owner)
        order.append((chosen.owner, chosen.n))
    return order


def test_priority_comes_first_then_age() -> None:
    jobs = [Waiting(1, 0, "ann", "s"), Waiting(2, 5, "ann", "s"), Waiting(3, 0, "ann", "s")]
    assert drain(fair(), jobs) == [("ann", 2), ("ann", 1), ("ann", 3)]


def test_a_hundred_jobs_of_one_owner_do_not_hold_up_anothers_first() -> None:
    jobs = [Waiting(n, 0, "ann", "s") for n in range(100)] + [Waiting(100, 0, "bob", "s")]
    assert drain(fair(), jobs)[1] == ("bob", 100)


def test_owners_take_turns_where_one_job_runs_at_once() -> None:
    jobs = [Waiting(n, 0, owner, "s") for n, owner in enumerate(["ann"] * 3 + ["bob"] * 3)]
    assert [owner for owner, _ in drain(fair(1), jobs)] == ["ann", "bob"] * 3


def test_who_has_fewer_running_goes_first() -> None:
    chosen = fair().choose(
        [Waiting(1, 0, "ann", "s"), Waiting(2, 0, "bob", "s")], [Slot("ann", "s")]
    )
    assert chosen is not None
    assert chosen.owner == "bob"


def test_limits_bound_all_an_owner_and_a_source() -> None:
    ann, bob = Waiting(1, 0, "ann", "big"), Waiting(2, 0, "bob", "small")
    assert fair(1).choose([ann, bob], [Slot("eve", "other")]) is None
    assert fair(9, 1).choose([ann, bob], [Slot("ann", "other")]) == bob
    assert fair(9, None, big=1).choose([ann, bob], [Slot("eve", "big")]) == bob
    assert fair(9, 1, big=1).choose([ann], [Slot("ann", "small")]) is None


@given(
    st.lists(
        st.tuples(st.integers(-2, 2), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=30
    ),
    st.integers(1, 4),
)
def test_everybody_is_served_once_and_the_gap_between_owners_stays_small(
    given_jobs: list[tuple[int, str, str]], at_once: int
) -> None:
    jobs = [Waiting(n, *one) for n, one in enumerate(given_jobs)]
    order = drain(fair(at_once), jobs, at_once=at_once)
    assert sorted(n for _, n in order) == list(range(len(jobs)))
    priorities = [given_jobs[n][0] for _, n in order]
    assert priorities == sorted(priorities, reverse=True)
    for owner in {owner for owner, _ in order}:
        mine = [n for who, n in order if who == owner]
        per_group: dict[tuple[int, str], list[int]] = {}
        for n in mine:
            per_group.setdefault((given_jobs[n][0], given_jobs[n][2]), []).append(n)
        assert all(group == sorted(group) for group in per_group.values())
    if len({one[0] for one in given_jobs}) <= 1:
        waiting = Counter(one[1] for one in given_jobs)
        served: Counter[str] = Counter()
        for owner, _ in order:
            served[owner] += 1
            behind = [served[who] for who in waiting if served[who] < waiting[who]]
            assert not behind or max(served.values()) - min(behind) <= at_once + 1


def test_timers_go_by_their_own_clock() -> None:
    now = [100.0]
    timers = Timers(lambda: now[0])
    assert timers.next_s() is None
    timers.set("late", 10)
    timers.set("soon", 2)
    assert timers.waiting == {"late", "soon"}
    assert timers.next_s() == 2
    assert timers.take_due() == []
    now[0] += 2
    assert timers.take_due() == ["soon"]
    timers.drop("late")
    assert timers.next_s() is None
    now[0] += 100
    assert timers.take_due() == []
