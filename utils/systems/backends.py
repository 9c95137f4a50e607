"""The back-ends of a trained system: found by name, and opened for its embeddings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from utils.backend.backend import Backend
from utils.backend.files import load_backend, read_backend_facts
from utils.embeddings.files import read_model_hash
from utils.report.provenance import program_facts, trial_list_facts
from utils.runtime.errors import UserError
from utils.systems.folder import read_record

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


def score_facts(
    backend: Path | None, embeddings: str, trials: Path, model: Path | None
) -> dict[str, object]:
    """Collect what a score file's JSON says.

    Parameters
    ----------
    backend : Path or None
        See `find_backend`.
    embeddings : str
        Prefix of the tests' embeddings.
    trials : Path
    model : Path, optional
        Folder of the model that made the embeddings.

    Raises
    ------
    UserError
        Another model made them.
    """
    cosine = {"name": COSINE, "calibrated": False}
    own = cosine if backend is None else read_backend_facts(backend)
    record, made_by = read_record(model) if model else {}, read_model_hash(embeddings)
    if made_by and record.get("encoder_sha256", made_by) != made_by:
        raise UserError(
            f"{embeddings}: made by another model than {model}; extract the "
            "embeddings again, or name their model"
        )
    return {
        "system": str(model) if model else None,
        "system_sha256": made_by,
        "backend": own["name"],
        "backend_folder": None if backend is None else str(backend),
        "calibrated": own["calibrated"],  # natural-log likelihood ratios
        "trials_path": str(trials),
        "seed": record.get("seed"),
    } | trial_list_facts(trials) | program_facts()  # fmt: skip
