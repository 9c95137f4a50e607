"""Averages of the features in the place of embeddings: a system without a network."""

from pathlib import Path

from utils.data.manifest import read_manifest
from utils.embeddings.files import write_embeddings
from utils.features.store import FeatureStore

AVERAGES = "averages"  # stands for the hash of a model


def write_averages(prefix: Path, manifest: Path, features: Path) -> None:
    """Write averages of the features of a manifest's utterances as embeddings.

    Parameters
    ----------
    prefix : Path
        See `utils.embeddings.files.write_embeddings`.
    manifest : Path
        Utterances without features are left out.
    features : Path
        Folder of stage 2, with a folder of the manifest's name.

    Raises
    ------
    UserError
        There are no such features.
    ValueError
        They were stored without their averages.
    """
    store = FeatureStore(features / manifest.stem)
    wanted = read_manifest(manifest)["ID"]
    ids = wanted[wanted.isin(store.index["ID"])].tolist()
    write_embeddings(prefix, ids, store.averages(ids), AVERAGES)
