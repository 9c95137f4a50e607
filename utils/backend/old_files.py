"""Files of back-ends as they were before every part stored itself."""

from utils.backend.parts import Arrays, Settings

_USE = {"length_norm": "none", "average_enrolment": False}


def upgrade(content: Settings, arrays: Arrays) -> tuple[Settings, Arrays]:
    """Bring the JSON and the arrays of an older file to today's form.

    Older files name transforms by a word, hold PLDA under ``plda`` and the
    normalisation under ``norm``. Those of today come back as they are.

    Example
    -------
    >>> old = {"model_sha256": None, "transforms": ["length"], "notes": []}
    >>> new, _ = upgrade(old, {})
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
