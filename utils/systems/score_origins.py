"""Where the scores of a list come from: system, back-end, trial list, program."""

from pathlib import Path

from utils.backend.files import read_backend_facts
from utils.embeddings.files import read_model_hash
from utils.report.provenance import program_facts, trial_list_facts
from utils.runtime.errors import UserError
from utils.systems.backends import COSINE
from utils.systems.folder import read_record


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
