"""Stage 5: embed every utterance of a manifest with a trained model.

Writes OUT.npy, float32 of shape (N, D), and OUT.ids, one utterance a line. Uses the
stored features when --features names them, with those of corrupted copies, else reads
the audio; what --skip-bad leaves out stands in OUT.skipped.txt.

For recognisers that adapt to the speaker: --per-speaker also writes OUT-spk, one vector
for each speaker, and --every N OUT-online, for each utterance a matrix with a row every
N frames of 10 ms, made of its past alone; --kaldi writes them, and OUT, as ark and scp.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from local.setup.featurising import featurise
from local.setup.recogniser_input import (
    add_recogniser_options,
    check_recogniser_options,
    write_for_recognisers,
)
from utils.embeddings.files import write_embeddings
from utils.runtime.program import run_program

PRECISIONS = ("fp32", "bf16")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", type=Path, help="folder of a trained model")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="prefix to write")
    parser.add_argument("--features", type=Path, help="folder that stage 2 wrote")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32")
    parser.add_argument("--nj", type=int, default=1, help="processes for reading audio")
    add_recogniser_options(parser)
    parser.add_argument(
        "--skip-bad", action="store_true", help="go on without unreadable files"
    )
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the folder describes"
    )
    args = parser.parse_args()
    check_recogniser_options(parser, args)
    return args


def main() -> None:
    """Embed the manifest's utterances."""
    args = parse_arguments()

    from utils.data.left_out import read_skipped, settle_faults
    from utils.data.manifest import read_manifest
    from utils.features.store import FeatureStore
    from utils.systems.system import open_system

    system = open_system(
        args.experiment, "cosine", args.device, args.precision, args.trust
    )
    manifest = read_manifest(args.manifest)
    ids, copies = list(manifest["ID"]), {}
    if args.features:
        system.check_features(args.features)
        skipped = read_skipped(args.features)
        ids = [name for name in ids if name not in skipped]
        store = FeatureStore(args.features / args.manifest.stem)
        copies = store.copies_of(ids)
        ids = [*ids, *copies]
        embeddings = system.embed_stored(store, store.rows(ids))
    else:
        with tempfile.TemporaryDirectory() as folder:
            faults = featurise(system.front_end, manifest, Path(folder), args.nj)
            record = args.out.with_name(f"{args.out.name}.skipped.txt")
            settle_faults(faults, args.skip_bad, record)
            ids = [name for name in ids if name not in faults]
            embeddings = system.embed_stored(FeatureStore(folder))
    write_embeddings(args.out, ids, embeddings, system.model_sha256, copies)
    print(f"{len(ids)} embeddings of {embeddings.shape[1]} dimensions: {args.out}.npy")
    write_for_recognisers(args, system, manifest, ids, embeddings)


if __name__ == "__main__":
    run_program(main)
