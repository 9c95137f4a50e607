"""What lies beside an exported graph: facts, thresholds, a card, a program."""

import json
import shutil
from pathlib import Path
from typing import Any

from utils.systems.folder import read_record
from utils.systems.graph import INPUT, OUTPUT
from utils.verification.decisions import FILE
from utils.verification.verifier import Verifier

PROGRAM = Path(__file__).with_name("exported_verify.py")

_CARD = """\
# {model}

{origin}

Licence: {licences}.

| | |
| --- | --- |
| `model.onnx` | from samples to an embedding, the filterbank inside |
| input | `{input}`, at {sample_rate_hz} Hz, {least_s} s or more |
| output | `{output}` |
| cosine to the model's embeddings | {lowest_cosine:.6f} at least, on noise |
| SHA-256 of the encoder | `{encoder_sha256}` |

## Two files

    python verify.py a.wav b.wav

needs onnxruntime, numpy and soundfile. The score is the cosine of the two embeddings.
Nothing here tells speech from other sounds: give it speech.

## Calibration and thresholds

{measured}
"""


def why_not_calibrated(verifier: Verifier, keep_silence: bool) -> str:
    """Say why calibration and thresholds do not hold for a graph; empty if they do."""
    backend, front_end = verifier.system.backend, verifier.system.front_end
    if not backend.is_cosine:
        return "the back-end is more than a cosine"
    if not backend.calibration:
        return "the system has none"
    if keep_silence and front_end.vad is not None:
        return "the system's hold without silence, which the graph keeps"
    return ""


def describe(
    verifier: Verifier, path: Path, lowest_cosine: float, is_calibrated: bool
) -> dict[str, Any]:
    """Collect the facts of a graph that was written to a path."""
    import onnxruntime

    system = verifier.system
    (output,) = onnxruntime.InferenceSession(path).get_outputs()
    least_s = verifier.least()["speech_s"]
    facts = {
        "sample_rate_hz": system.front_end.sample_rate_hz,
        "least_s": least_s,
        "input": f"{INPUT}: float32 (1, n_samples), in [-1, 1]",
        "output": f"{OUTPUT}: float32 (1, {output.shape[-1]}), of unit length",
        "lowest_cosine": lowest_cosine,
    }
    record = read_record(system.folder)
    facts |= {key: record[key] for key in ("model", "origin") if key in record}
    calibration = system.backend.calibration
    if is_calibrated and calibration:
        fusion = calibration.fusion
        own = {"weights": fusion.weights.tolist(), "offset": fusion.offset}
        facts["calibration"] = own
    return facts | {"encoder_sha256": system.model_sha256}


def write_beside(folder: Path, verifier: Verifier, facts: dict, why_not: str) -> None:
    """Write all but the graph into the folder of an export.

    Parameters
    ----------
    folder : Path
    verifier : Verifier
    facts : dict
        What `describe` returned.
    why_not : str
        Why there is no calibration; empty where there is.
    """
    (folder / "model.json").write_text(json.dumps(facts, indent=1) + "\n")
    shutil.copy(PROGRAM, folder / "verify.py")
    licences = sorted(verifier.system.folder.glob("*LICENSE*"))
    for licence in licences:
        shutil.copy(licence, folder)
    if verifier.decisions and not why_not:
        shutil.copy(verifier.system.folder / FILE, folder)
    names = ", ".join(f"`{path.name}`" for path in licences)
    card = {"model": verifier.system.folder.name, "origin": "Trained here."} | facts
    text = _CARD.format(
        licences=names or "none lies in the system's folder",
        measured=_measured(verifier, facts, why_not),
        **card,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _measured(verifier: Verifier, facts: dict, why_not: str) -> str:
    """Say what the scores mean, and what was measured."""
    if why_not:
        return f"None: {why_not}."
    weights, offset = facts["calibration"].values()
    text = (
        f"The natural-log likelihood ratio is {weights[0]:.6g} times the score, "
        f"{offset:+.6g}."
    )
    decisions = verifier.decisions
    if decisions is None:
        return f"{text} No threshold was measured."
    on = decisions.measured_on
    voices = f"{on['speakers']} speakers, {on['utterances']} utterances"
    lines = "\n".join(f"    {line}" for line in decisions.lines())
    where = f"{on['source']}: {voices}, {on['sessions']}"
    return f"{text}\n`{FILE}` holds thresholds on it. Measured on {where}.\n\n{lines}"
