"""`NameOrder`: the same order as sorting the names, whichever way it came about."""

from __future__ import annotations

import random

import numpy as np

from longwatch_desktop.mirror.naming import NameOrder


def numbers(names: dict[int, str], order: NameOrder) -> dict[int, float]:
    slots = np.array(sorted(names), np.intp)
    return dict(zip(slots.tolist(), order.numbers(slots).tolist(), strict=True))


def as_sorted(names: dict[int, str], given: dict[int, float]) -> bool:
    """Whether the numbers compare as the names do."""
    return all(
        (given[one] < given[other]) == (names[one] < names[other])
        and (given[one] == given[other]) == (names[one] == names[other])
        for one in names
        for other in names
    )


def test_numbers_compare_as_names_do_whatever_comes_and_goes() -> None:
    dice = random.Random(3)
    names: dict[int, str] = {}
    texts = [""] * 200
    order = NameOrder(lambda: texts)
    for turn in range(120):
        free = [slot for slot in range(200) if slot not in names]
        come = dice.sample(free, min(len(free), dice.choice((1, 2, 40))))
        gone = dice.sample([*names], min(len(names), dice.randrange(30)))
        for slot in gone:
            del names[slot]
        order.drop(gone)
        for slot in [*come, *gone[:2]]:  # a slot may serve another job at once
            names[slot] = dice.choice("abc") * dice.randrange(1, 5)
            texts[slot] = f"{names[slot]}\nselect {turn} {slot}"
            order.add((slot,))
        if turn % 3:
            order.prepare(dice.randrange(60))
        else:
            assert as_sorted(names, numbers(names, order))


def test_a_new_name_among_others_changes_their_numbers_and_says_so() -> None:
    texts = ["a\n", "c\n", "b\n"]
    order = NameOrder(lambda: texts)
    order.add((0, 1))
    assert numbers({0: "a", 1: "c"}, order) == {0: 0.0, 1: 1.0}
    before = order.edition
    order.add((2,))
    assert numbers({0: "a", 1: "c", 2: "b"}, order) == {0: 0.0, 1: 2.0, 2: 1.0}
    assert order.edition != before


def test_the_same_name_has_the_same_number() -> None:
    texts = ["a\nselect 1", "a\nselect 2"]
    order = NameOrder(lambda: texts)
    order.add((0,))
    order.numbers(np.array([0]))
    before = order.edition
    order.add((1,))
    assert numbers({0: "a", 1: "a"}, order) == {0: 0.0, 1: 0.0}
    assert order.edition == before
