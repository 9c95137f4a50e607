"""LibriSpeech: English audio books, read by 2484 speakers.

--train-parts and --test-parts choose among train-clean-100, train-clean-360,
train-other-500, dev-clean, dev-other, test-clean and test-other, and the parts of
Mini LibriSpeech, train-clean-5 and dev-clean-2. OpenSLR 12 and 31, CC BY 4.0.
V. Panayotov et al., "LibriSpeech: an ASR corpus based on public domain audio books",
ICASSP 2015.
"""

import argparse
from dataclasses import replace

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root
from utils.runtime.errors import UserError

COUNTS = {  # speakers and utterances
    "train-clean-100": (251, 28539), "train-clean-360": (921, 104014),
    "train-other-500": (1166, 148688), "dev-clean": (40, 2703),
    "dev-other": (33, 2864), "test-clean": (40, 2620), "test-other": (33, 2939),
    "train-clean-5": (28, 1519), "dev-clean-2": (20, 1089),
}  # fmt: skip
MINI = ("train-clean-5", "dev-clean-2")  # parts of train-clean-100 and dev-clean
MD5 = {
    "train-clean-100": "2a93770f6d5c6c964bc36631d331a522",
    "train-clean-360": "c0e676e450a7ff2f54aeade5171606fa",
    "train-other-500": "d1a0fd59409feb2c614ce4d30c387708",
    "dev-clean": "42e2234ba48799c1f50f24a7926300a1",
    "dev-other": "c8d0bcc9cca99d4f8b62fcc847357931",
    "test-clean": "32fa31d27d2e1cad72775fee3f4849a9",
    "test-other": "fb5a50374b501bb3bac4815ee91d3135",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of parts."""
    add = parser.add_argument
    add("--train-parts", nargs="+", choices=COUNTS, default=["train-clean-100"])
    add("--valid-parts", nargs="+", choices=COUNTS, default=[])
    add("--test-parts", nargs="+", choices=COUNTS, default=["test-clean"])
    add("--cohort-part", choices=COUNTS, default="", help="for score normalisation")


def split_of(args: argparse.Namespace) -> dict[str, str]:
    """Return the split of each part that is wanted."""
    return (
        dict.fromkeys(args.train_parts, "train")
        | dict.fromkeys(args.valid_parts, "valid")
        | dict.fromkeys(args.test_parts, "test")
    )


def choose(args: argparse.Namespace, plan: CorpusDesign) -> CorpusDesign:
    """Take the parts from the command line; the lists are named after the test's."""
    name = "-".join(args.test_parts)
    return replace(
        plan, name=name, split_of=split_of(args), cohort_part=args.cohort_part
    )


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <part>/<reader>/<chapter>/<reader>-<chapter>-<number>.flac."""
    root = corpus_root(args.source, "LibriSpeech", "SPEAKERS.TXT")
    gender_of = {}
    for line in (root / "SPEAKERS.TXT").read_text("utf-8").splitlines():
        if line and not line.startswith(";"):
            reader, gender = line.split("|")[:2]
            gender_of[reader.strip()] = gender.strip().lower()
    rows = []
    for part in dict.fromkeys([*split_of(args), *filter(None, [args.cohort_part])]):
        if not (root / part).is_dir():
            raise UserError(f"{root / part}: no such part; get it, or choose others")
        for path in audio_paths(root / part):
            reader, chapter, _ = path.stem.split("-")
            rows.append(
                {"ID": path.stem, "wav": str(path.resolve()), "spk_id": reader,
                 "part": part, "gender": gender_of.get(reader, ""), "session": chapter}
            )  # fmt: skip
    return CorpusContents(without_repeats(pd.DataFrame(rows)))


def without_repeats(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out utterances of Mini LibriSpeech that the full parts hold as well."""
    is_mini = rows["part"].isin(MINI)
    in_full = rows["ID"].isin(rows.loc[~is_mini, "ID"])
    return rows[~(is_mini & in_full)]


def archives() -> tuple[Archive, ...]:
    """Return every part's archive; Mini LibriSpeech's have no published checksum."""
    full = [
        Archive(f"https://www.openslr.org/resources/12/{part}.tar.gz", digest)
        for part, digest in MD5.items()
    ]
    mini = [
        Archive(f"https://www.openslr.org/resources/31/{part}.tar.gz") for part in MINI
    ]
    return (*full, *mini)


RECIPE = Recipe(
    plan=CorpusDesign(name="librispeech", counts=COUNTS),
    find=find,
    archives=archives(),
    add_options=add_options,
    choose=choose,
    wanted=lambda args: [f"{part}.tar.gz" for part in split_of(args)],
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
