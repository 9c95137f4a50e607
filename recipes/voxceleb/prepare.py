"""VoxCeleb 1 and 2: celebrities in interviews, from videos.

--train vox2 trains on VoxCeleb2's development part, --train vox1 on VoxCeleb1's, or
both. --lists chooses the official trials: O (40 speakers), E and H (all 1251 speakers
of VoxCeleb1), in the original (O) and the cleaned (O-clean) form; their files, such as
veri_test2.txt, lie in --source or its folder meta. WAV, FLAC and M4A (by ffmpeg).
A. Nagrani et al., "VoxCeleb: a large-scale speaker identification dataset",
Interspeech 2017; J. S. Chung et al., "VoxCeleb2: Deep Speaker Recognition",
Interspeech 2018.
"""

import argparse
import csv
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.audio.commands import decoder_command, made_by
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import ENDINGS, audio_paths
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError
from utils.trials.lists import read_trials

META = "https://www.robots.ox.ac.uk/~vgg/data/voxceleb/meta/"
LISTS = {  # file, MD5, trials
    "O": ("veri_test.txt", "29fc7cc1c5d59f0816dc15d6e8be60f7", 37720),
    "O-clean": ("veri_test2.txt", "b73110731c9223c1461fe49cb48dddfc", 37611),
    "E": ("list_test_all.txt", "b9ecf7aa49d4b656aa927a8092844e4a", 581480),
    "E-clean": ("list_test_all2.txt", "a53e059deb562ffcfc092bf5d90d9f3a", 579818),
    "H": ("list_test_hard.txt", "21c341b6b2168eea2634df0fb4b8fff1", 552536),
    "H-clean": ("list_test_hard2.txt", "857790e09d579a68eb2e339a090343c8", 550894),
}
COUNTS = {
    "vox1-dev": (1211, 148642), "vox1-test": (40, 4874),
    "vox2-dev": (5994, 1092009), "vox2-test": (118, 36237),
}  # fmt: skip
VOX1_TEST = range(10270, 10310)  # the speakers whose names begin with E
PLACE = re.compile(r"(id(\d{5}))/([^/]+)/(\d{5})")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of training parts and lists."""
    add = parser.add_argument
    add("--train", nargs="+", choices=["vox1", "vox2"], default=["vox2"])
    add("--lists", nargs="+", choices=LISTS, default=["O-clean"])


def choose(args: argparse.Namespace, plan: CorpusDesign) -> CorpusDesign:
    """Decide what each part is for."""
    uses_all = any(name[0] in "EH" for name in args.lists)
    if uses_all and "vox1" in args.train:
        raise UserError(
            "--lists E and H test on the speakers of vox1-dev; train on vox2 alone"
        )
    split_of = {f"{name}-dev": "train" for name in args.train} | {"vox1-test": "test"}
    if uses_all:
        split_of |= {"vox1-dev": "test"}
    return replace(plan, split_of=split_of)


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <speaker>/<video>/<number>.wav or .m4a, wherever these folders lie."""
    labels = read_meta(args.source)
    wanted = choose(args, RECIPE.plan).split_of
    rows, commands = [], {}
    for path in audio_paths(args.source, (*ENDINGS, ".m4a")):
        match = PLACE.fullmatch("/".join(path.with_suffix("").parts[-3:]))
        if match is None or part_of(path, int(match[2]), labels) not in wanted:
            continue
        wav = str(path.resolve())
        if path.suffix.lower() == ".m4a":
            command = decoder_command(path.resolve())
            wav = made_by(command, match[0])
            commands[wav] = command
        rows.append(
            {"ID": match[0], "wav": wav,
             "spk_id": match[1], "part": part_of(path, int(match[2]), labels),
             "session": match[3],
             "gender": labels.get(match[1], {}).get("Gender", "")}
        )  # fmt: skip
    if not rows:
        raise UserError(
            f"{args.source}: no files such as id10001/1zcIwhmdeo4/00001.wav of "
            f"{', '.join(wanted)}; --source must name the folder above both corpora"
        )
    lists = {f"vox1-{name}": read_list(args.source, name) for name in args.lists}
    return CorpusContents(pd.DataFrame(rows), lists, commands)


def part_of(path: Path, number: int, labels: dict[str, dict[str, str]]) -> str:
    """Tell a file's part: by its speaker's number, the metadata or the folder."""
    if number > 10000:
        return "vox1-test" if number in VOX1_TEST else "vox1-dev"
    kind = labels.get(f"id{number:05d}", {}).get("Set")
    is_test = kind == "test" if kind else "test" in path.parts[:-3]
    return "vox2-test" if is_test else "vox2-dev"


def read_meta(source: Path) -> dict[str, dict[str, str]]:
    """Read gender and set of each speaker, as far as the metadata are there."""
    found = {}
    for name, separator in (("vox1_meta.csv", "\t"), ("vox2_meta.csv", ",")):
        for path in (source / name, source / "meta" / name):
            if path.is_file():
                lines = path.read_text("utf-8").splitlines()
                for row in csv.DictReader(lines, delimiter=separator):
                    clean = {str(k).strip(): str(v).strip() for k, v in row.items()}
                    first = next(iter(clean.values()))
                    speaker = first if first.startswith("id") else clean["VoxCeleb2 ID"]
                    found[speaker] = clean
    return found


def read_list(source: Path, name: str) -> TrialList:
    """Read an official list; its paths without ending are the utterances."""
    file, _, n_trials = LISTS[name]
    for path in (source / file, source / "meta" / file):
        if path.is_file():
            trials = read_trials(path)
            break
    else:
        raise UserError(f"{source / file}: no such list; --download gets it")
    if len(trials) != n_trials:
        print(f"warning: {path}: {len(trials)} trials, the original has {n_trials}")
    for side in ("enrol", "test"):
        names = trials[side].cat.categories.str.replace(r"\.\w+$", "", regex=True)
        trials[side] = trials[side].cat.rename_categories(names)
    return TrialList(trials)


ARCHIVES = [Archive(META + file, digest, "meta") for file, digest, _ in LISTS.values()]
ARCHIVES += [Archive(f"{META}vox{n}_meta.csv", folder="meta") for n in (1, 2)]

RECIPE = Recipe(
    plan=CorpusDesign(name="voxceleb", counts=COUNTS, valid_speakers=40),
    find=find,
    archives=tuple(ARCHIVES),
    add_options=add_options,
    choose=choose,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
