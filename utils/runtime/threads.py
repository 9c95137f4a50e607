"""Work divided over threads, for functions that leave Python free: torch, numpy."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], n_threads: int
) -> Iterator[Result]:
    """Apply a function to items, and yield the results in their order.

    Items are taken as they are needed, two for each thread in advance.

    Example
    -------
    >>> list(map_in_threads(abs, [-1, 2, -3], n_threads=2))
    [1, 2, 3]
    """
    if n_threads == 1:
        return map(function, items)
    parallel = Parallel(n_threads, backend="threading", return_as="generator")
    return iter(parallel(delayed(function)(item) for item in items))
