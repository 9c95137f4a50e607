"""Where joblib's parallel work is done: on this machine, or on a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager

from utils.runtime.errors import UserError

VARIABLE = "SPEAKER_CLUSTER"


@contextmanager
def parallel_on(cluster: str) -> Iterator[None]:
    """Send all parallel work of the block to a cluster.

    The nodes need the same files at the same paths, this repository included.

    Parameters
    ----------
    cluster : str
        ``dask`` (its scheduler is named by the variable DASK_SCHEDULER_ADDRESS; else
        one is started on this machine), ``ray``, or empty for processes of this
        machine.

    Raises
    ------
    UserError
        The name is another, or its package is missing.
    """
    if not cluster:
        yield
        return
    from joblib import parallel_config

    try:
        if cluster == "dask":
            from distributed import Client

            with Client(dashboard_address=None), parallel_config("dask"):
                yield
        elif cluster == "ray":
            from ray.util.joblib import register_ray

            register_ray()
            with parallel_config("ray"):
                yield
        else:
            raise UserError(f"{VARIABLE} is dask or ray, not {cluster!r}")
    except ModuleNotFoundError as error:
        raise UserError(
            f"{VARIABLE}={cluster}: {error}; install that package in the environment"
        ) from None
