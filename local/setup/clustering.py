"""What local.cluster groups, and how: its sources, settings and results."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from local.setup.featurising import featurise
from local.setup.hyperparameters import load_hyperparameters
from utils.runtime.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from utils.diarization.counts import Clusterer
    from utils.systems.system import System

SETTINGS = Path("hparams/clustering.yaml")


class Source(NamedTuple):
    """Utterances to group.

    Attributes
    ----------
    rows : DataFrame
        ``ID``, ``spk_id``, and ``wav`` where there is audio.
    embeddings : ndarray of shape (N, D)
    """

    rows: pd.DataFrame
    embeddings: np.ndarray

    @property
    def truth(self) -> np.ndarray | None:
        """Who speaks, shape (N,); None where one name stands for all."""
        speakers = self.rows["spk_id"]
        return speakers.to_numpy() if speakers.nunique() > 1 else None


def read_clusterer(path: Path, method: str, threshold: float | None) -> Clusterer:
    """Read a way of clustering from hparams/clustering.yaml, or such a file.

    Raises
    ------
    UserError
        There is none of that name, or it has no threshold.
    """
    from dataclasses import replace

    found = load_hyperparameters(path)
    if method not in found:
        names = ", ".join(found)
        raise UserError(f"{path}: no section {method!r}; --method is one of {names}")
    clusterer = found[method]
    if threshold is None:
        return clusterer
    if not hasattr(clusterer, "threshold"):
        raise UserError(f"--threshold: {method} has none; leave it out")
    return replace(clusterer, threshold=threshold)


def list_utterances(source: Path, pattern: str, nj: int) -> pd.DataFrame:
    """List a folder's audio or a manifest's utterances.

    Speakers are known by the pattern of a folder, and by a manifest of several.
    """
    import pandas as pd

    from utils.data.durations import measure
    from utils.data.files import audio_paths
    from utils.data.manifest import read_manifest
    from utils.data.names import safe_name
    from utils.data.patterns import find_utterances

    if source.is_file():
        return read_manifest(source)
    if pattern:
        return measure(find_utterances(source, pattern), nj)
    paths = list(audio_paths(source))
    if not paths:
        raise UserError(f"{source}: no audio there that can be read; name a folder")
    names = [safe_name(path.relative_to(source).as_posix()) for path in paths]
    rows = pd.DataFrame({"ID": names, "wav": map(str, paths), "spk_id": ""})
    return measure(rows, nj)


def embed_utterances(system: System, rows: pd.DataFrame, nj: int) -> Source:
    """Embed utterances; those that cannot be read are told and left out."""
    from utils.data.left_out import tell_left_out
    from utils.features.store import FeatureStore

    with tempfile.TemporaryDirectory() as folder:
        faults = featurise(system.front_end, rows, Path(folder), nj)
        tell_left_out("utterances that cannot be read", faults.values())
        embeddings = system.embed_stored(FeatureStore(folder))
    kept = rows[~rows["ID"].isin(faults)].reset_index(drop=True)
    return Source(kept, embeddings)


def read_embedded(prefix: str, manifest: Path | None) -> Source:
    """Read embeddings, and from a manifest who speaks."""
    import pandas as pd

    from utils.data.manifest import read_manifest
    from utils.embeddings.files import read_embeddings

    names, embeddings = read_embeddings(prefix)
    rows = pd.DataFrame({"ID": names, "spk_id": ""})
    if manifest:
        speakers = read_manifest(manifest).set_index("ID")["spk_id"]
        unknown = rows["ID"][~rows["ID"].isin(speakers.index)]
        if len(unknown):
            raise UserError(
                f"{manifest}: no line of {unknown.iloc[0]!r}, which {prefix} has "
                f"({len(unknown)} such utterances); name its manifest"
            )
        rows["spk_id"] = speakers.loc[rows["ID"]].to_numpy()
    return Source(rows, embeddings)


def agreement(truth: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Compare groups with the true speakers; fractions."""
    from utils.metrics.partitions import b_cubed, normalised_information, purity

    scores = b_cubed(truth, labels)
    return {
        "purity": purity(truth, labels),
        "coverage": purity(labels, truth),
        "nmi": normalised_information(truth, labels),
        "b_cubed_precision": scores.precision,
        "b_cubed_recall": scores.recall,
        "b_cubed_f": scores.f_measure,
    }
