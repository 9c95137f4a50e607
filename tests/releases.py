"""Tiny trees in the layouts of the corpora's releases, and how recipes are run."""

import importlib
import json
from pathlib import Path

from recipes.preparation import make_parser, prepare
from tests.trees import lines
from utils.data.manifest import read_manifest


def run(corpus, source, out, *options):
    """Run a recipe's prepare in this process; returns the manifests by split."""
    module = importlib.import_module(f"recipes.{corpus}.prepare")
    arguments = ["--out", out, *options] + (["--source", source] if source else [])
    parser = make_parser(module.__doc__, module.RECIPE)
    prepare(module.RECIPE, parser.parse_args([str(word) for word in arguments]))
    return {path.stem: read_manifest(path) for path in Path(out).glob("*.csv")}


def files_of(pattern, *names):
    return {pattern.format(*name): None for name in names}


def librispeech_tree():
    files = {"LibriSpeech/SPEAKERS.TXT": "; id\n1 | F | x | 1 | A\n2 | M | x | 1 | B\n"}
    for part, readers in (("train-clean-100", (1, 2, 3, 4)), ("test-clean", (5, 6)),
                          ("train-clean-5", (1,))):  # fmt: skip
        for r in readers:
            for chapter in (10, 11):
                name = f"{part}/{r}/{chapter}/{r}-{chapter}-0000.flac"
                files[f"LibriSpeech/{name}"] = None
    return files


def voxceleb_tree():
    files = {}
    for speaker in (10001, 10002, 10270, 10271):
        for video in ("5r0dWxy17C8", "-x_y"):
            kind = "test" if speaker >= 10270 else "dev"
            files[f"vox1/{kind}/wav/id{speaker}/{video}/00001.wav"] = None
    for speaker in (12, 15, 16, 17):
        for number in (1, 2):
            files[f"vox2/dev/aac/id{speaker:05d}/abc/{number:05d}.m4a"] = None
    files["vox2/test/aac/id00019/abc/00001.m4a"] = None
    same, other = (
        "id10270/5r0dWxy17C8/00001.wav id10270/-x_y/00001.wav",
        ("id10270/5r0dWxy17C8/00001.wav id10271/-x_y/00001.wav"),
    )
    files["meta/veri_test2.txt"] = lines(f"1 {same}", f"0 {other}")
    hard = "0 id10001/-x_y/00001.wav id10002/-x_y/00001.wav"
    files["list_test_hard2.txt"] = lines(f"1 {same}", f"0 {other}", hard)
    header = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"
    files["meta/vox1_meta.csv"] = lines(header, "id10270\tEartha\tf\tUSA\ttest")
    header = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set "
    files["meta/vox2_meta.csv"] = lines(header, "id00012 ,n000012 ,m ,dev ")
    return files


def wuw_tree():
    header = "part\tspeaker\tcall\tutterance\tdate\tphone"
    rows, files = [header], {}
    calls = {("train", "S05"): "9", ("train", "S06"): "8", ("train", "S07"): "7",
             ("test", "S01"): "012", ("test", "S02"): "345"}  # fmt: skip
    for (part, speaker), numbers in calls.items():
        for call in numbers:
            for utterance in ("006", "007"):
                phone = "cellphone" if call in "14" else "landlinephone"
                rows.append(f"{part}\t{speaker}\t{call}\t{utterance}\tx\t{phone}")
                ending = "opus" if part == "train" else "wav"
                files[f"wuw/{part}/{speaker}/{call}/{utterance}.{ending}"] = None
    return files | {"wuw/utterances.tsv": lines(*rows)}


def cnceleb_tree():
    root = "CN-Celeb_flac/"
    training = [(s, g) for s in ("id00000", "id00001", "id00003") for g in ("01", "02")]
    return (
        files_of(root + "data/{0}/singing-{1}-001.flac", *training)
        | files_of("CN-Celeb2_flac/data/{0}/play-01-00{1}.flac",
                   ("id10000", 1), ("id10000", 2))
        | files_of(root + "eval/enroll/{0}-enroll.flac", ("id00800",), ("id00801",))
        | files_of(root + "eval/test/{0}-live-01-001.flac", ("id00800",), ("id00999",))
        | {
            root + "dev/dev.lst": lines("id00000", "id00001", "id00003"),
            "CN-Celeb2_flac/spk.lst": "id10000\n",
            root + "eval/lists/trials.lst": lines(
                "id00800-enroll test/id00800-live-01-001.wav 1",
                "id00801-enroll test/id00800-live-01-001.wav 0",
            ),
        }
    )  # fmt: skip


def two_parts(pattern, train, test, numbers=(1, 2)):
    names = [("train", s) for s in train] + [("test", s) for s in test]
    return files_of(pattern, *((part, s, n) for part, s in names for n in numbers))


def audiomnist_tree():
    speakers = ("01", "02", "12", "26", "28", "36")
    meta = {s: {"age": "30", "gender": "male", "accent": "German"} for s in speakers}
    meta["26"]["gender"] = "female"
    names = [(s, d) for s in speakers for d in (0, 1)]
    return files_of("data/{0}/{1}_{0}_7.wav", *names) | {
        "data/audioMNIST_meta.txt": json.dumps(meta)
    }


def commonvoice_tree():
    header = "client_id\tpath\tsentence\tage\tgender\taccents\tvariant\tlocale"
    rows, files = [header], {}
    for speaker in range(8):
        for clip in range(1 if speaker == 7 else 2):
            name = f"common_voice_vi_{speaker}{clip}.mp3"
            rows.append(
                f'{speaker:x}{"a" * 127}\t{name}\tMột "hai\t\tmale_masculine\t\t\tvi'
            )
            files[f"vi/clips/{name}"] = None
    return files | {"vi/validated.tsv": lines(*rows)}


VCTK = [(s, n, m) for s in ("p225", "p226", "p227", "p228", "s5") for n in (1, 2)
        for m in (1, 2)]  # fmt: skip
TREES = {
    "librispeech": (librispeech_tree(), ["--valid-speakers", "2"]),
    "mini_librispeech": (
        {name.replace("test-clean", "dev-clean-2"): text
         for name, text in librispeech_tree().items()}
        | files_of("LibriSpeech/train-clean-5/{0}/7/{0}-7-{1}.flac",
                   *((s, n) for s in (2, 3) for n in (1, 2))),
        ["--valid-speakers", "2"],
    ),
    "cnceleb": (cnceleb_tree(), ["--valid-speakers", "1"]),
    "vivos": (
        two_parts("vivos/{0}/waves/{1}/{1}_R00{2}.wav",
                  ("VIVOSSPK01", "VIVOSSPK02", "VIVOSSPK03"), ("VIVOSDEV01",
                  "VIVOSDEV02")) | {"vivos/train/genders.txt": "VIVOSSPK01 m\n"},
        ["--valid-speakers", "2"],
    ),
    "vctk": (
        files_of("VCTK-Corpus-0.92/wav48_silence_trimmed/{0}/{0}_00{1}_mic{2}.flac",
                 *VCTK)
        | {"VCTK-Corpus-0.92/speaker-info.txt": lines(
            "ID  AGE  GENDER  ACCENTS  REGION COMMENTS",
            "p225  23  F    English    Southern  England", "s5  24  F  English  Oxford",
        )},
        ["--valid-speakers", "2"],
    ),
    "wuw": (wuw_tree(), ["--valid-speakers", "1"]),
    "commonvoice": (commonvoice_tree(), ["--fewest", "2"]),
    "audiomnist": (audiomnist_tree(), ["--trials-per-speaker", "3"]),
    "an4": (
        two_parts("an4/wav/{0}/{1}/an25{2}-{1}-b.sph", ("fash", "mjgm", "fbbh"), ())
        | two_parts("an4/wav/{0}/{1}/cen{2}-{1}-b.sph", (), ("fcaw", "mmxg")),
        ["--valid-speakers", "2"],
    ),
}  # fmt: skip
TREES["an4"] = (
    {name.replace("/train/", "/an4_clstk/").replace("/test/", "/an4test_clstk/"): text
     for name, text in TREES["an4"][0].items()},
    TREES["an4"][1],
)  # fmt: skip
