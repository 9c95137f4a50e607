"""A back-end in a folder: ``backend.npz``, its arrays, and ``backend.json``, the rest.

The JSON holds the hash of the embedding model that the back-end belongs to. Nothing
is pickled.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from utils.backend.backend import Backend, Calibration, Cohort
from utils.backend.calibration import LinearFusion
from utils.backend.plda import Plda
from utils.backend.scorers import Models
from utils.backend.transforms import Affine, LengthNorm
from utils.embeddings.files import read_embeddings, read_model_hash
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError

_PLDA_PARTS = ("mean", "transform", "psi")


def save_backend(
    folder: Path | str, backend: Backend, model_sha256: str | None, facts: dict
) -> None:
    """Write a back-end, replacing an earlier one as a whole.

    Parameters
    ----------
    folder : Path or str
    backend : Backend
    model_sha256 : str, optional
        Hash of the model that made the embeddings, where it is known.
    facts : dict
        Where the back-end comes from.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "centred"
    >>> centred = Backend((Affine(np.ones(2), np.eye(2)),))
    >>> save_backend(folder, centred, "a1", {})
    >>> again, model_sha256 = load_backend(folder)
    >>> again.prepare(np.array([[4.0, 5.0]])), model_sha256
    (array([[0.6, 0.8]]), 'a1')
    """
    arrays: dict[str, np.ndarray] = {}
    content = {
        "model_sha256": model_sha256,
        "transforms": [
            "affine" if isinstance(transform, Affine) else "length"
            for transform in backend.transforms
        ],
        "notes": backend.notes,
    }
    for place, transform in enumerate(backend.transforms):
        if isinstance(transform, Affine):
            arrays[f"transform{place}.mean"] = transform.mean
            arrays[f"transform{place}.matrix"] = transform.matrix
    if backend.plda is not None:
        content["plda"] = backend.plda_use
        arrays |= {f"plda.{key}": getattr(backend.plda, key) for key in _PLDA_PARTS}
    if backend.cohort is not None:
        content["norm"] = {"method": backend.method, "top": backend.top}
        arrays["cohort.vectors"] = backend.cohort.models.vectors
        arrays["cohort.n_utterances"] = backend.cohort.models.n_utterances
        arrays["cohort.speakers"] = backend.cohort.speakers
    if backend.calibration is not None:
        content["calibration"] = _calibration_content(backend.calibration)
    with replacing_folder(folder) as temporary:
        np.savez(temporary / "backend.npz", **arrays)
        text = json.dumps(content | facts, indent=1, ensure_ascii=False)
        (temporary / "backend.json").write_text(text + "\n", encoding="utf-8")


def _calibration_content(calibration: Calibration) -> dict:
    return {
        "weights": calibration.fusion.weights.tolist(),
        "offset": calibration.fusion.offset,
        "prior": calibration.fusion.prior,
        "quality": calibration.quality,
        "thresholds": calibration.thresholds,
        "trained_on": calibration.trained_on,
        "speakers": calibration.speakers,
    }


def load_backend(folder: Path | str) -> tuple[Backend, str | None]:
    """Read a back-end, and the hash of the model that it belongs to.

    Raises
    ------
    UserError
        The folder holds no back-end, or a broken one.
    """
    folder = Path(folder)
    try:
        content = json.loads((folder / "backend.json").read_text(encoding="utf-8"))
        with np.load(folder / "backend.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        return _build(content, arrays), content["model_sha256"]
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename}: no such file; train the back-end with "
            "local.train_backend"
        ) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(
            f"{folder}: no whole back-end ({error}); train it again"
        ) from None


def open_backend(name: str, prefixes: Iterable[str]) -> Backend:
    """Load a back-end to score embeddings of the model that it belongs to.

    Parameters
    ----------
    name : str
        Folder of a back-end; or ``cosine``, which needs none.
    prefixes : iterable of str
        Prefixes of the embeddings: see `utils.embeddings.files`.

    Raises
    ------
    UserError
        The back-end is missing, broken or of another model.
    """
    if name == "cosine":
        return Backend()
    backend, trained_with = load_backend(name)
    for prefix in prefixes:
        made_with = read_model_hash(prefix)
        if trained_with and made_with and trained_with != made_with:
            raise UserError(
                f"{name}: trained on embeddings of another model than {prefix}.npy; "
                "train it again on this model's"
            )
    return backend


def read_prepared(
    backend: Backend, prefix: str
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read embeddings, and map them to a back-end's space.

    Parameters
    ----------
    backend : Backend
    prefix : str
        Prefix of N embeddings: see `utils.embeddings.files`.

    Returns
    -------
    ids : list of str
    embeddings : ndarray of shape (N, D)
        As they are in the file.
    prepared : ndarray of shape (N, D')

    Raises
    ------
    UserError
        The files are missing or broken, or their vectors do not fit.
    """
    ids, embeddings = read_embeddings(prefix)
    try:
        return ids, embeddings, backend.prepare(embeddings)
    except ValueError as error:
        raise UserError(f"{prefix}.npy: {error}") from None


def _build(content: dict, arrays: dict[str, np.ndarray]) -> Backend:
    transforms = tuple(
        LengthNorm()
        if kind == "length"
        else Affine(
            arrays[f"transform{place}.mean"], arrays[f"transform{place}.matrix"]
        )
        for place, kind in enumerate(content["transforms"])
    )
    plda = cohort = calibration = None
    if "plda" in content:
        plda = Plda(*(arrays[f"plda.{key}"] for key in _PLDA_PARTS))
    if "norm" in content:
        models = Models(arrays["cohort.vectors"], arrays["cohort.n_utterances"])
        cohort = Cohort(models, arrays["cohort.speakers"])
    if "calibration" in content:
        part = content["calibration"]
        calibration = Calibration(
            LinearFusion(np.array(part["weights"]), part["offset"], part["prior"]),
            tuple(part["quality"]),
            part["thresholds"],
            tuple(part["speakers"]),
            part["trained_on"],
        )
    return Backend(
        transforms,
        plda,
        content.get("plda", {}),
        cohort,
        **content.get("norm", {}),
        calibration=calibration,
        notes=tuple(content["notes"]),
    )
