"""The back-ends of a trained system: found by name, and opened for its embeddings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from utils.backend.backend import Backend
from utils.backend.files import load_backend
from utils.runtime.errors import UserError

COSINE = "cosine"  # needs no folder


def find_backend(name: Path | str, places: Sequence[Path] = ()) -> Path | None:
    """Find the folder of a back-end.

    Parameters
    ----------
    name : Path or str
        ``cosine``; the name of one in ``backends/`` of a place; or a folder.
    places : sequence of Path
        Such as the folder of a model, and the one around it; the first counts.

    Returns
    -------
    Path or None
        None is the cosine, which needs no folder.

    Raises
    ------
    UserError
        There is no such back-end.
    """
    if name == COSINE:
        return None
    paths = [*(place / "backends" / name for place in places), Path(name)]
    for path in paths:
        if (path / "backend.json").is_file():
            return path
    raise UserError(f"{paths[0]}: no such back-end; see local.train_backend")


def open_backend(path: Path | None, made_by: Mapping[str, str | None]) -> Backend:
    """Load a back-end for embeddings of the model that it belongs to.

    Parameters
    ----------
    path : Path or None
        See `find_backend`.
    made_by : mapping of str to str or None
        What it is to be used for, such as the folder of a model or the file of
        embeddings, and the hash of the model behind, where it is known.

    Raises
    ------
    UserError
        The back-end is missing, broken or of another model.
    """
    if path is None:
        return Backend()
    backend, trained_with = load_backend(path)
    for what, model_sha256 in made_by.items():
        if None not in (trained_with, model_sha256) and trained_with != model_sha256:
            raise UserError(
                f"{path}: trained on embeddings of another model than {what}; train it "
                "again on this model's"
            )
    return backend


def open_own_backend(folder: Path, backend: Path | str, model_sha256: str) -> Backend:
    """Load a back-end of a model.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    backend : Path or str
        ``cosine``; the name of one in ``backends/`` in the model's folder or beside it;
        a folder; or empty for the model's ``backend/``, the cosine where there is none.
    model_sha256 : str

    Raises
    ------
    UserError
        There is no such back-end, or it belongs to another model.
    """
    path = find_own_backend(folder, backend)
    return open_backend(path, {str(folder): model_sha256})


def find_own_backend(folder: Path, backend: Path | str) -> Path | None:
    """Find a back-end of a model; see `open_own_backend` and `find_backend`."""
    own = folder / "backend"
    if not backend:
        backend = own if own.is_dir() else COSINE
    return find_backend(backend, (folder, folder.parent))
