"""Stage 6: learn a back-end from the training embeddings.

NAME is a chain of hparams/backend.yaml, perhaps followed by a score normalisation
against the training speakers and by a calibration on held-out speakers, such as
plda, cosine+asnorm or plda+asnorm+cal. Writes OUT/backend.npz and OUT/backend.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from local.setup.hyperparameters import load_hyperparameters
from utils.embeddings.files import read_embeddings, read_model_hash
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd

    from utils.backend.backend import Backend
    from utils.backend.training import CalibrationSettings

NORMS = {
    "znorm": "z", "tnorm": "t", "snorm": "s", "ztnorm": "zt", "asnorm": "as",
    "asnorm-cross": "as-cross",
}  # fmt: skip


class Name(NamedTuple):
    """A back-end's name in its parts."""

    chain: str
    norm: str
    is_calibrated: bool


class Part(NamedTuple):
    """Embeddings of a part of the corpus: ids, (N, D), speakers (N,), manifest."""

    ids: list[str]
    embeddings: np.ndarray
    speakers: np.ndarray
    manifest: pd.DataFrame


def read_name(text: str) -> Name:
    """Read a back-end's name, such as ``plda+snorm+cal``."""
    chain, *rest = text.split("+")
    is_calibrated = rest[-1:] == ["cal"]
    norms = rest[:-1] if is_calibrated else rest
    if len(norms) > 1 or not set(norms) <= set(NORMS):
        raise argparse.ArgumentTypeError(
            f"{text!r}: after the chain's name write + and one of {', '.join(NORMS)}, "
            "perhaps, and +cal, perhaps"
        )
    return Name(chain, norms[0] if norms else "", is_calibrated)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", type=read_name)
    parser.add_argument("--embeddings", required=True, help="prefix, of the training")
    parser.add_argument("--manifest", type=Path, required=True, help="of the training")
    parser.add_argument("--valid", help="prefix of held-out embeddings, for +cal")
    parser.add_argument("--valid-manifest", type=Path, help="manifest of --valid")
    parser.add_argument(
        "--adapt", help="prefix of unlabelled embeddings of a domain to adapt to"
    )
    parser.add_argument("--hparams", default="hparams/backend.yaml")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if args.name.is_calibrated and not (args.valid and args.valid_manifest):
        parser.error("+cal needs --valid and --valid-manifest: held-out speakers")
    return args


def main() -> None:
    """Train and save."""
    args = parse_arguments()

    from utils.backend.files import save_backend
    from utils.report.provenance import program_facts

    settings = load_hyperparameters(args.hparams)
    if args.name.chain not in settings["backends"]:
        known = ", ".join(settings["backends"])
        raise UserError(
            f"{args.hparams}: no back-end {args.name.chain!r}; there are {known}"
        )
    train = read_part(args.embeddings, args.manifest)
    try:
        backend = fit(args, settings, train)
    except ValueError as error:
        raise UserError(
            f"{args.embeddings}.npy: {error}; use more speakers, or change "
            f"{args.hparams}"
        ) from None
    if args.name.is_calibrated:
        backend = add_calibration(args, settings["calibration"], backend, train)
    for note in backend.notes:
        print(note)
    model_sha256 = read_model_hash(args.embeddings)
    save_backend(args.out, backend, model_sha256, program_facts())
    print(f"back-end: {args.out}")


def read_part(prefix: str, manifest: Path) -> Part:
    """Read embeddings, and who speaks in each."""
    from utils.data.manifest import read_manifest

    ids, embeddings = read_embeddings(prefix)
    table = read_manifest(manifest)
    speakers = table.set_index("ID")["spk_id"].reindex(ids)
    if speakers.isna().any():
        name = speakers.index[speakers.isna()][0]
        raise UserError(
            f"{manifest}: no row of {name!r}; name the manifest that {prefix}.npy was "
            "extracted from"
        )
    return Part(ids, embeddings, speakers.to_numpy(dtype=str), table)


def fit(args: argparse.Namespace, settings: dict, train: Part) -> Backend:
    """Learn the chain and the cohort."""
    from utils.backend.training import add_cohort, fit_backend

    adaptation = unlabelled = None
    if args.adapt:
        adaptation = settings["adaptation"]
        unlabelled = np.asarray(read_embeddings(args.adapt)[1], dtype=np.float64)
    steps = settings["backends"][args.name.chain]
    data = np.asarray(train.embeddings, dtype=np.float64), train.speakers
    backend = fit_backend(steps, *data, adaptation, unlabelled)
    if not args.name.norm:
        return backend
    return add_cohort(backend, NORMS[args.name.norm], *data, **settings["norm"])


def add_calibration(
    args: argparse.Namespace,
    settings: CalibrationSettings,
    backend: Backend,
    train: Part,
) -> Backend:
    """Calibrate on the held-out speakers."""
    from utils.backend.quality import utterance_measures
    from utils.backend.training import calibrate

    valid = read_part(args.valid, args.valid_manifest)
    shared = sorted({*train.speakers} & {*valid.speakers})
    if shared:
        raise UserError(
            f"{args.valid_manifest}: {len(shared)} speakers are in {args.manifest} "
            f"too, such as {shared[0]!r}; hold out others"
        )
    try:
        measures = utterance_measures(settings.quality, *valid[:2], valid.manifest)
        backend = calibrate(
            backend, valid.embeddings, valid.speakers, measures, settings
        )
    except ValueError as error:
        raise UserError(f"{args.valid}.npy: {error}") from None
    backend.calibration.trained_on["manifest"] = str(args.valid_manifest)
    return backend


if __name__ == "__main__":
    run_program(main)
