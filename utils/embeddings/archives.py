"""Embeddings in archives of named arrays, and in tables: npz, HDF5, Parquet."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from utils.runtime.errors import UserError

Named = tuple[list[str], np.ndarray]
IDS = (
    "id",
    "ids",
    "utt",
    "utt_id",
    "utterance",
    "key",
    "name",
    "segment_id",
    "segment",
)
_FORMS = (
    "embeddings are an array (N, D) beside an array of N ids, or an array for each id"
)


def read_npz(path: Path) -> Named:
    """Read an archive of NumPy: see `from_arrays`."""
    try:
        with ZipFile(path) as file:
            if not all(name.endswith(".npy") for name in file.namelist()):
                raise UserError(f"{path}: an archive, but not one of NumPy; {_FORMS}")
        with np.load(path, allow_pickle=False) as stored:
            return from_arrays(path, dict(stored))
    except (BadZipFile, ValueError, EOFError, OSError) as error:
        if "allow_pickle" in str(error):
            raise UserError(
                f"{path}: holds Python objects, which are never opened; save ids as "
                "np.array(ids, dtype=str), and numbers as np.stack(vectors)"
            ) from None
        raise UserError(f"{path}: broken ({error}); copy it again") from None


def read_hdf5(path: Path) -> Named:
    """Read HDF5, whose names are ids with their groups: see `from_arrays`."""
    try:
        import h5py
    except ImportError:
        raise UserError(
            f"{path}: reading HDF5 needs the package h5py; install it"
        ) from None
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            is_text = h5py.check_string_dtype(item.dtype) is not None
            values = item.asstr("utf-8")[()] if is_text else item[()]
            arrays[name] = np.asarray(values, dtype=str if is_text else None)

    try:
        with h5py.File(path) as file:
            file.visititems(keep)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{path}: broken HDF5 ({error}); copy it again") from None
    return from_arrays(path, arrays)


def from_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> Named:
    """Find ids and embeddings among named arrays.

    Parameters
    ----------
    path : Path
        Where they are from.
    arrays : mapping of str to ndarray
        An array (N, D) beside an array of N ids; or one of shape (D,) or (1, D) for
        each id.

    Raises
    ------
    UserError
        They are neither.

    Example
    -------
    >>> from_arrays(Path("x"), {"ids": np.array(["a", "b"]), "x": np.eye(2)})[0]
    ['a', 'b']
    >>> from_arrays(Path("x"), {"a": np.ones(3), "b": np.zeros((1, 3))})[1].shape
    (2, 3)
    """
    texts = [x for x in arrays.values() if x.dtype.kind in "US" and x.ndim == 1]
    matrices = [x for x in arrays.values() if x.dtype.kind in "fiu" and x.ndim == 2]
    if len(texts) == len(matrices) == 1 and len(texts[0]) == len(matrices[0]):
        return [str(name) for name in texts[0].astype(str)], matrices[0]
    sizes = {x.shape[-1:] for x in arrays.values()}
    if len(sizes) == 1 and all(_is_vector(x) for x in arrays.values()):
        return list(arrays), np.stack([x.ravel() for x in arrays.values()])
    few = ", ".join(f"{k} {x.dtype} {x.shape}" for k, x in list(arrays.items())[:4])
    raise UserError(f"{path}: holds {few or 'nothing'}; {_FORMS}")


def _is_vector(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiu" and array.shape in (
        array.shape[-1:], (1, *array.shape[-1:])
    )  # fmt: skip


def read_parquet(path: Path) -> Named:
    """Read a table: a column of ids, and a column of lists or a column a dimension.

    Raises
    ------
    UserError
        The table is broken, or has other columns.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except ImportError:
        raise UserError(
            f"{path}: reading Parquet needs the package pyarrow; install it"
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: broken Parquet ({error}); copy it again") from None
    lower = {str(name).lower(): name for name in reversed(table.columns)}
    known = [lower[name] for name in IDS if name in lower]
    if not known:
        raise UserError(f"{path}: no column of ids; name one of {', '.join(IDS)}")
    ids = table[known[0]].astype(str).tolist()
    rest = table.drop(columns=known[0])
    lists = [name for name in rest if rest[name].map(np.ndim).eq(1).all()]
    if len(lists) == 1:
        return ids, _stack_lists(path, rest[lists[0]].tolist())
    return ids, rest.select_dtypes("number").to_numpy()


def _stack_lists(path: Path, rows: list) -> np.ndarray:
    try:
        return np.stack(rows)
    except ValueError as error:
        raise UserError(f"{path}: rows of different lengths ({error})") from None
