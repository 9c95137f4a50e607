"""A back-end in a folder: ``backend.npz``, its arrays, and ``backend.json``, the rest.

The JSON holds the hash of the embedding model that the back-end belongs to, whether it
learns (``learns``) and from which splits it can (``needs``), and whether its scores
are log-likelihood ratios (``calibrated``). Nothing is pickled; see
`utils.backend.parts`.
"""

import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from utils.backend.backend import Backend
from utils.backend.calibration import Calibration
from utils.backend.normalisation.cohort import Cohort
from utils.backend.normalisation.methods import Normalisation
from utils.backend.parts import Arrays, Settings, Stored, restore, store
from utils.backend.scorers import Scorer
from utils.backend.transforms import Transform
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError

_USE = {"length_norm": "none", "average_enrolment": False}  # of older PLDA
_BROKEN = ValueError, KeyError, TypeError, AttributeError, OSError, BadZipFile
_PARTS: dict[str, type[Stored]] = {
    "scorer": Scorer,
    "normalisation": Normalisation,
    "cohort": Cohort,
    "calibration": Calibration,
}


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
        Where the back-end comes from; kept in the JSON.

    Example
    -------
    >>> import tempfile
    >>> from utils.backend.transforms import Affine
    >>> folder = Path(tempfile.mkdtemp()) / "centred"
    >>> centred = Backend((Affine(np.ones(2), np.eye(2)),))
    >>> save_backend(folder, centred, "a1", {})
    >>> again, model_sha256 = load_backend(folder)
    >>> again.prepare(np.array([[4.0, 5.0]])), model_sha256
    (array([[0.6, 0.8]]), 'a1')
    """
    arrays: Settings = {}

    def keep(name: str, part: Stored) -> Settings:
        content, own = store(part)
        arrays.update({f"{name}.{key}": value for key, value in own.items()})
        return content

    content: Settings = {
        "model_sha256": model_sha256,
        "learns": backend.learns,
        "needs": backend.needs,
        "note": backend.note,
        "calibrated": backend.calibration is not None,
        "transforms": [
            keep(f"transform{place}", transform)
            for place, transform in enumerate(backend.transforms)
        ],
    }
    parts = {name: getattr(backend, name) for name in _PARTS}
    content |= {
        name: keep(name, part) for name, part in parts.items() if part is not None
    }
    with replacing_folder(folder) as temporary:
        np.savez(temporary / "backend.npz", **arrays)
        text = json.dumps(content | facts, indent=1, ensure_ascii=False)
        (temporary / "backend.json").write_text(text + "\n", encoding="utf-8")


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
        content, arrays = upgraded(content, arrays)
        return _build(content, arrays), content["model_sha256"]
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename}: no such file; train the back-end with "
            "local.train_backend"
        ) from None
    except _BROKEN as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{folder}: no whole back-end ({reason}); train it again"
        ) from None


def read_backend_facts(folder: Path | str) -> Settings:
    """Return the JSON of a back-end, with ``name`` and ``calibrated`` whatever its age.

    Raises
    ------
    UserError
        The folder holds no back-end.
    """
    path = Path(folder) / "backend.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        own = {"name": Path(folder).name, "calibrated": "calibration" in content}
        return own | content
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path}: no back-end ({error}); train it again") from None


def _build(content: Settings, arrays: Arrays) -> Backend:
    def arrays_of(name: str) -> Arrays:
        start = f"{name}."
        return {
            key.removeprefix(start): value
            for key, value in arrays.items()
            if key.startswith(start)
        }

    transforms = tuple(
        restore(Transform, part, arrays_of(f"transform{place}"))
        for place, part in enumerate(content["transforms"])
    )
    parts: Settings = {
        name: restore(base, content[name], arrays_of(name))
        for name, base in _PARTS.items()
        if name in content
    }
    return Backend(
        transforms,
        **parts,
        needs=tuple(content["needs"]),
        note=content.get("note", ""),
    )


def upgraded(content: Settings, arrays: Arrays) -> tuple[Settings, Arrays]:
    """Bring the JSON and the arrays of an older file to today's form.

    Older files name transforms by a word, hold PLDA under ``plda`` and the
    normalisation under ``norm``. Those of today come back as they are.

    Example
    -------
    >>> old = {"model_sha256": None, "transforms": ["length"], "notes": []}
    >>> new, _ = upgraded(old, {})
    >>> new["transforms"], new["scorer"]
    ([{'kind': 'length'}], {'kind': 'cosine'})
    """
    if "scorer" in content:
        return content, arrays
    new: Settings = {
        "model_sha256": content["model_sha256"],
        "transforms": [{"kind": word} for word in content["transforms"]],
        "scorer": {"kind": "cosine"},
        "needs": ["train"] if arrays else [],
    }
    if "plda" in content:
        new["scorer"] = {"kind": "plda"} | _USE | content["plda"]
    if "norm" in content:
        method, top = content["norm"]["method"], content["norm"]["top"]
        is_adaptive = method in ("as", "as-cross")
        new["normalisation"] = {"kind": method} | ({"top": top} if is_adaptive else {})
        new["cohort"] = {"kind": "cohort"}
    if "calibration" in content:
        new["calibration"] = {"kind": "linear"} | content["calibration"]
    return new, {
        "scorer" + name.removeprefix("plda") if name.startswith("plda.") else name: part
        for name, part in arrays.items()
    }
