"""Arrays in NumPy's own format, opened with one line for what is wrong with them."""

from pathlib import Path

import numpy as np

from utils.runtime.errors import UserError


def open_array(path: Path | str) -> np.ndarray:
    """Memory-map an array.

    Raises
    ------
    UserError
        The file is missing, cut off, of another format, an archive of several arrays,
        or holds Python objects.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.npy"
    >>> np.save(path, np.ones(3))
    >>> open_array(path).shape
    (3,)
    """
    try:
        array = np.load(path, mmap_mode="r")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except Exception as error:  # zipfile's and the header's own among them
        raise UserError(
            f"{path}: no array that NumPy can read ({_reason(path, error)}); write it "
            "again with numpy.save, as numbers"
        ) from None
    if not isinstance(array, np.ndarray):
        names = ", ".join(array.files)
        array.close()
        raise UserError(
            f"{path}: an archive of arrays ({names}), not one; write the one that is "
            "meant with numpy.save"
        )
    return array


def _reason(path: Path | str, error: Exception) -> str:
    """Tell in a few words why an array could not be read."""
    if Path(path).is_dir():
        return "it is a folder"
    with open(path, "rb") as file:
        start = file.read(6)
    if not start:
        return "it is empty"
    if start != np.lib.format.MAGIC_PREFIX:
        return "it is of another format"
    if "Array can't be memory-mapped" in str(error):
        return "it holds Python objects, which are not read"
    return "it is cut off, or its header is broken"
