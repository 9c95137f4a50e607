"""Work divided over threads: order, how much is held, faults."""

import threading
import time

import pytest

from utils.runtime.threads import map_in_threads


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_results_come_in_order_and_items_as_they_are_needed(n_threads):
    taken, done = [], []

    def items():
        for item in range(40):
            taken.append(item)
            yield item

    def slow_at_first(item):
        time.sleep(0.01 if item % 3 == 0 else 0)
        done.append(item)
        assert len(taken) - len(done) <= 3 * n_threads
        return item, threading.get_ident()

    found = list(map_in_threads(slow_at_first, items(), n_threads))
    assert [item for item, _ in found] == list(range(40))
    assert (len({thread for _, thread in found}) > 1) == (n_threads > 1)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_fault_is_told(n_threads):
    with pytest.raises(ZeroDivisionError):
        list(map_in_threads(lambda n: 1 // n, [1, 0, 2], n_threads))
