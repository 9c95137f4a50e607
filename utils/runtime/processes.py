"""Work divided over processes, with a bar that tells how far it is."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from utils.runtime.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    n_jobs: int,
    label: str,
    batch_size: int = 16,
) -> Iterator[Result]:
    """Apply a function to items, and yield the results in their order.

    Parameters
    ----------
    function : callable
        That can be pickled, unless there is one process.
    items : sequence
    n_jobs : int
        Processes.
    label : str
        What is being done, for the bar.
    batch_size : int
        Items that a process takes at a time; many of brief work.

    Example
    -------
    >>> list(map_in_processes(abs, [-1, 2, -3], n_jobs=1, label="sizes"))
    [1, 2, 3]
    """
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=n_jobs, return_as="generator", batch_size=batch_size)
    return progress(workers(delayed(function)(own) for own in items), len(items), label)
