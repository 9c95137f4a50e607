"""Features of a manifest's audio, for programs that embed it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes

if TYPE_CHECKING:
    import pandas as pd

    from utils.features.front_end import FrontEnd


def featurise(
    front_end: FrontEnd, manifest: pd.DataFrame, folder: Path, nj: int
) -> dict[str, str]:
    """Store features of a manifest's audio, in its order; return what is wrong."""
    from utils.features.extraction import FeatureExtractor
    from utils.features.store import FeatureWriter

    rows = manifest.to_dict("records")
    done = map_in_processes(FeatureExtractor(front_end), rows, nj, "reading audio")
    faults: dict[str, str] = {}
    with FeatureWriter(folder) as writer:
        for name, result in zip(manifest["ID"], done, strict=True):
            if isinstance(result, UserError):
                faults[name] = str(result)
            else:
                writer.add(*result[0])
    if len(faults) == len(rows):
        raise UserError(f"{next(iter(faults.values()))}; no utterance can be read")
    return faults
