"""Group utterances whose speakers are not known.

SOURCE is a folder of audio, a manifest, or the prefix of embeddings. OUT gets
labels.csv (a group for each utterance, and its place on the map), map.svg and map.png,
a picture of the voices in a plane, and results.json. Where the true speakers are known
(--pattern, a manifest), the groups are compared with them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.clustering import SETTINGS
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import numpy as np

    from local.setup.clustering import Source
    from utils.diarization.counts import SpeakerCount


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder, manifest or embeddings")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--system", default="", help="in models/, or a folder")
    parser.add_argument(
        "--method", default="agglomerative", help="agglomerative or spectral"
    )
    parser.add_argument("--threshold", type=float, help="least cosine within a group")
    parser.add_argument("--num-speakers", type=int, help="how many there are")
    parser.add_argument("--min-speakers", type=int, default=1)
    parser.add_argument("--max-speakers", type=int)
    parser.add_argument(
        "--pattern", default="", help="of paths with {speaker}, to compare with"
    )
    parser.add_argument("--manifest", type=Path, help="of embeddings, to compare with")
    parser.add_argument("--map", choices=("tsne", "umap", "none"), default="tsne")
    parser.add_argument("--seed", type=int, default=1986, help="of the map")
    parser.add_argument("--hparams", type=Path, default=SETTINGS)
    parser.add_argument("--nj", type=int, default=1, help="processes for reading audio")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    return parser.parse_args()


def main() -> None:
    """Group, compare, and write labels, picture and figures."""
    args = parse_arguments()
    count = read_count(args)

    from local.setup.clustering import agreement, read_clusterer

    clusterer = read_clusterer(args.hparams, args.method, args.threshold)
    source = read_source(args)
    labels = clusterer(source.embeddings, count)
    facts: dict[str, object] = {
        "utterances": len(labels),
        "groups": len(set(labels.tolist())),
        "method": repr(clusterer),
        "count": repr(count),
    }
    truth = source.truth
    if truth is not None:
        facts |= {"speakers": len(set(truth)), **agreement(truth, labels)}
    write_labels(args, source, labels)
    with replacing_file(args.out / "results.json") as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for name, value in facts.items():
        shown = f"{value:.4f}" if isinstance(value, float) else value
        print(f"{name:<18} {shown}")
    print(f"labels and map are in {args.out}")


def read_count(args: argparse.Namespace) -> SpeakerCount:
    """Return the bounds of the number of speakers."""
    from utils.diarization.counts import SpeakerCount

    try:
        if args.num_speakers is not None:
            return SpeakerCount.exactly(args.num_speakers)
        return SpeakerCount(args.min_speakers, args.max_speakers)
    except ValueError as error:
        raise UserError(f"--num-speakers, --min-speakers: {error}") from None


def read_source(args: argparse.Namespace) -> Source:
    """Read or compute the embeddings."""
    from local.setup.clustering import embed_utterances, list_utterances, read_embedded

    if not args.source.is_dir() and args.source.suffix != ".csv":
        return read_embedded(str(args.source), args.manifest)

    from local.setup.systems import find_system
    from utils.systems.system import open_system

    system = open_system(find_system(args.system), "cosine", trust=args.trust)
    rows = list_utterances(args.source, args.pattern, args.nj)
    return embed_utterances(system, rows, args.nj)


def write_labels(args: argparse.Namespace, source: Source, labels: np.ndarray) -> None:
    """Write the labels with their places, and the picture."""
    truth = source.truth
    table = source.rows.filter(["ID", "wav"]).assign(label=labels)
    if truth is not None:
        table["speaker"] = truth
    if args.map != "none":
        from utils.diarization.speaker_map import draw_map, place_in_plane
        from utils.report.plots import save_figure

        try:
            places = place_in_plane(source.embeddings, args.map, args.seed)
        except ValueError as error:
            raise UserError(f"--map {args.map}: {error}") from None
        table = table.assign(x=places[:, 0], y=places[:, 1])
        labellings = {"found": labels}
        if truth is not None:
            labellings["true"] = truth
        save_figure(draw_map(places, labellings), args.out / "map")
    with replacing_file(args.out / "labels.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f", lineterminator="\n")


if __name__ == "__main__":
    run_program(main)
