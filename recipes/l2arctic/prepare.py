"""L2-ARCTIC: English sentences of 24 non-native speakers, six first languages.

Four speakers, two women and two men, of each language. CC BY-NC 4.0.
G. Zhao et al., "L2-ARCTIC: A Non-native English Speech Corpus", Interspeech 2018.
"""

import argparse

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import audio_paths, corpus_root
from utils.runtime.errors import UserError

SPEAKERS = {  # by accent: women, men
    "arabic": ("SKA ZHAA", "ABA YBAA"),
    "mandarin": ("LXC NCC", "BWC TXHC"),
    "hindi": ("SVBI TNI", "ASI RRBI"),
    "korean": ("HJK YDCK", "HKK YKWK"),
    "spanish": ("MBMPS NJS", "EBVS ERMS"),
    "vietnamese": ("PNV THV", "HQTV TLV"),
}
LABELS = {
    speaker: {"accent": accent, "gender": gender}
    for accent, groups in SPEAKERS.items()
    for gender, group in zip("fm", groups, strict=True)
    for speaker in group.split()
}


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <speaker>/wav/arctic_a0001.wav."""
    root = corpus_root(args.source, "l2arctic", "ABA")
    rows = []
    for path in audio_paths(root):
        speaker = path.parent.parent.name
        if path.parent.name != "wav":
            continue
        if speaker not in LABELS:
            raise UserError(
                f"{path.parent.parent}: not one of the 24 speakers; move it"
            )
        rows.append(
            {"ID": f"{speaker}-{path.stem}", "wav": str(path.resolve()),
             "spk_id": speaker, "part": "all"} | LABELS[speaker]
        )  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(name="l2arctic", counts={"all": (24, 26867)}, per_speaker=500),
    find=find,
    how_to_get="ask for it at https://psi.engr.tamu.edu/l2-arctic-corpus, unpack it, "
    "and give its folder as --source",
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
