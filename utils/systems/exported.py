"""A system's graph, which embeds by onnxruntime: no torch, nor the time to import it.

``model.onnx`` maps samples to an embedding; ``model.json`` says at which rate, and of
which weights it is. They lie in a folder of their own, or beside the weights.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.features.front_end import Frames
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_if_there
from utils.systems.backends import open_own_backend
from utils.systems.opened import OpenedSystem

if TYPE_CHECKING:
    import onnxruntime

GRAPH, FACTS = "model.onnx", "model.json"
INPUT, OUTPUT = "samples", "embedding"


@dataclass(frozen=True)
class WholeSamples:
    """Give samples on as they are: the filterbank is in the graph.

    Example
    -------
    >>> frames = WholeSamples(16000)(np.ones(8, dtype=np.float32))
    >>> frames.features.shape, frames.segments.tolist(), frames.n_total
    ((8,), [[0, 8]], 8)
    """

    sample_rate_hz: int

    def __call__(self, samples: np.ndarray) -> Frames:
        """Take samples (n_samples,), each of which is a frame of speech."""
        whole, no_averages = np.array([[0, len(samples)]]), np.empty(0, np.float32)
        return Frames(samples, whole, len(samples), no_averages)


@dataclass(frozen=True)
class ExportedSystem(OpenedSystem):
    """A system whose graph embeds, opened by `open_exported`.

    Attributes
    ----------
    folder, front_end, model_sha256, backend
        See `OpenedSystem`.
    session : onnxruntime.InferenceSession
    """

    session: "onnxruntime.InferenceSession"

    def embed_features(
        self, names: Sequence[str], features: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Embed samples (n_samples,) of N utterances: (N, D)."""
        run = self.session.run
        found = [run([OUTPUT], {INPUT: samples[None]})[0] for samples in features]
        return np.concatenate(found)  # N of (1, D)


def is_exported(folder: Path) -> bool:
    """Tell whether a folder holds a graph."""
    return (folder / GRAPH).is_file()


def answers_by_graph(folder: Path, device: str) -> bool:
    """Tell whether a folder's graph answers: where it can, and where nothing else can.

    It runs on the CPU, where onnxruntime is installed; else the weights answer.
    """
    has_weights = (folder / "encoder.pt").is_file()
    can_run = device == "cpu" and find_spec("onnxruntime") is not None
    return is_exported(folder) and (can_run or not has_weights)


def open_session(path: Path) -> "onnxruntime.InferenceSession":
    """Open a graph, for as many threads as OMP_NUM_THREADS says, or all.

    Raises
    ------
    UserError
        onnxruntime is not installed.
    """
    if not find_spec("onnxruntime"):
        raise UserError("onnxruntime is not installed: pip install '.[export]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(n_threads) if n_threads.isdigit() else 0
    # threads that wait busily take a busy machine's time from the one that works
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])


def open_exported(folder: Path | str, backend: Path | str = "") -> ExportedSystem:
    """Open a folder by its graph.

    Parameters
    ----------
    folder : Path or str
        Holds ``model.onnx`` and ``model.json``, as `local.export` writes them.
    backend : Path or str
        See `open_own_backend`.

    Raises
    ------
    UserError
        They are missing, broken, of other weights than lie beside them, or there is no
        onnxruntime.
    """
    folder = Path(folder)
    facts = _checked_facts(folder)
    model_sha256 = facts["encoder_sha256"]
    return ExportedSystem(
        folder,
        WholeSamples(facts["sample_rate_hz"]),
        model_sha256,
        open_own_backend(folder, backend, model_sha256),
        open_session(folder / GRAPH),
    )


def _checked_facts(folder: Path) -> dict[str, Any]:
    """Return what is said of a graph, which must be that one and of these weights."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        of = {GRAPH: facts["graph_sha256"], "encoder.pt": facts["encoder_sha256"]}
        facts["sample_rate_hz"] = int(facts["sample_rate_hz"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{folder / FACTS}: missing or broken; export the system again with "
            "local.export"
        ) from None
    for name, sha256 in of.items():
        if hash_if_there(folder / name) not in (None, sha256):
            raise UserError(
                f"{folder / name}: not what {FACTS} was written for; export the system "
                "again with local.export"
            )
    return facts
