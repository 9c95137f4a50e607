"""A system's graph and what lies beside it: facts, back-end, thresholds, a card."""

import json
import shutil
from pathlib import Path
from typing import Any

from utils.models.experiment import model_path, read_weights
from utils.models.halves import are_halved
from utils.runtime.atomic import replacing_file
from utils.runtime.fingerprint import hash_file
from utils.systems.backends import find_own_backend
from utils.systems.exported import FACTS, GRAPH, INPUT, OUTPUT, open_session
from utils.systems.folder import read_record
from utils.systems.graph import export_graph
from utils.systems.system import System
from utils.verification.decisions import FILE
from utils.verification.verifier import verifier_of

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


def add_graph(system: System) -> float:
    """Write a system's graph beside its weights; returns `export_graph`'s cosine."""
    with replacing_file(system.folder / GRAPH) as temporary:
        lowest = export_graph(system, temporary, in_halves=in_halves(system))
        facts = describe(system, temporary, lowest)
    with replacing_file(system.folder / FACTS) as temporary:
        write_json(temporary, facts)
    return lowest


def in_halves(system: System) -> bool:
    """Tell whether a system's weights are stored in 16 bits."""
    return are_halved(read_weights(model_path(system.folder)))


def write_folder(
    folder: Path, system: System, backend: str, keep_silence: bool
) -> tuple[float, str]:
    """Write a system's graph, and all that it needs elsewhere, into an empty folder.

    Parameters
    ----------
    folder : Path
    system : System
    backend : str
        Whose it is; see `open_own_backend`.
    keep_silence : bool
        See `export_graph`.

    Returns
    -------
    float
        See there.
    str
        Why scores are not calibrated by ``verify.py``; empty where they are.
    """
    lowest = export_graph(system, folder / GRAPH, keep_silence, in_halves(system))
    facts = describe(system, folder / GRAPH, lowest)
    holds = not keep_silence or system.front_end.vad is None
    if holds:
        copy_measured(folder, system, backend)
    why_not = why_not_calibrated(system, holds)
    if not why_not:
        facts["calibration"] = calibration_of(system)
    write_json(folder / FACTS, facts)
    shutil.copy(PROGRAM, folder / "verify.py")
    for licence in system.folder.glob("*LICENSE*"):
        shutil.copy(licence, folder)
    write_card(folder, system, facts, why_not)
    return lowest, why_not


def describe(system: System, graph: Path, lowest_cosine: float) -> dict[str, Any]:
    """Collect the facts of a graph that was written."""
    (output,) = open_session(graph).get_outputs()
    facts = {
        "sample_rate_hz": system.front_end.sample_rate_hz,
        "least_s": verifier_of(system).least()["speech_s"],
        "input": f"{INPUT}: float32 (1, n_samples), in [-1, 1]",
        "output": f"{OUTPUT}: float32 (1, {output.shape[-1]}), of unit length",
        "lowest_cosine": lowest_cosine,
    }
    record = read_record(system.folder)
    facts |= {key: record[key] for key in ("model", "origin") if key in record}
    hashes = {
        "encoder_sha256": system.model_sha256,
        "graph_sha256": hash_file(graph),
    }
    return facts | hashes


def copy_measured(folder: Path, system: System, backend: str) -> None:
    """Copy a system's back-end, and what was measured with it."""
    path = find_own_backend(system.folder, backend)
    if path is not None:
        shutil.copytree(path, folder / "backend")
    if verifier_of(system, backend).decisions:
        shutil.copy(system.folder / FILE, folder)


def why_not_calibrated(system: System, holds: bool) -> str:
    """Say why a graph has no calibration of its embeddings' cosine; empty if it has."""
    if not holds:
        return "the system's hold without silence, which the graph keeps"
    if not system.backend.is_cosine:
        return "the back-end is more than a cosine"
    return "" if system.backend.calibration else "the system has none"


def calibration_of(system: System) -> dict[str, Any]:
    """Return the calibration of a cosine, for programs that know no back-ends."""
    assert system.backend.calibration is not None  # see why_not_calibrated
    fusion = system.backend.calibration.fusion
    return {"weights": fusion.weights.tolist(), "offset": fusion.offset}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write facts."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_card(folder: Path, system: System, facts: dict, why_not: str) -> None:
    """Write the card of an export."""
    names = ", ".join(f"`{path.name}`" for path in sorted(folder.glob("*LICENSE*")))
    card = {"model": system.folder.name, "origin": "Trained here."} | facts
    text = _CARD.format(
        licences=names or "none lies in the system's folder",
        measured=_measured(system, facts, why_not),
        **card,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _measured(system: System, facts: dict, why_not: str) -> str:
    """Say what the scores mean, and what was measured."""
    if why_not:
        return f"None: {why_not}."
    weights, offset = facts["calibration"].values()
    text = (
        f"The natural-log likelihood ratio is {weights[0]:.6g} times the score, "
        f"{offset:+.6g}."
    )
    decisions = verifier_of(system).decisions
    if decisions is None:
        return f"{text} No threshold was measured."
    on = decisions.measured_on
    voices = f"{on['speakers']} speakers, {on['utterances']} utterances"
    lines = "\n".join(f"    {line}" for line in decisions.lines())
    where = f"{on['source']}: {voices}, {on['sessions']}"
    return f"{text}\n`{FILE}` holds thresholds on it. Measured on {where}.\n\n{lines}"
