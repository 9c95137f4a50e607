from itertools import product

import pytest

from tests.trees import write_tree
from utils.data.levels import read_layout
from utils.data.patterns import compile_pattern, find_utterances
from utils.runtime.errors import UserError


def paths(pattern, **values):
    """Fill the fields of a pattern with all combinations of their values."""
    return [
        pattern.format(**dict(zip(values, chosen, strict=True)))
        for chosen in product(*values.values())
    ]


TIMIT = paths("T/{p}/DR{d}/{p[1]}{d}{s}/SA{u}", p=("TRAIN", "TEST"), d=range(8),
              s=range(9), u=range(4))  # fmt: skip
LIBRI = paths("{p}/{p[0]}{s}/{c}/{p[0]}{s}-{c}-{u}", p=("dev-clean", "train-clean-5"),
              s=range(4), c=range(5), u=range(3))  # fmt: skip


@pytest.mark.parametrize(
    ("places", "below", "pattern"),
    [
        (paths("{p}/{p}{s}/{u}", p=("clstk", "testclstk"), s=range(40), u=range(5)),
         "", "{group}/{speaker}/*"),
        (paths("audio/{g}/{g}{s}/{u}", g=("male", "female"), s=range(9), u=range(5)),
         "audio", "{gender}/{speaker}/*"),
        (TIMIT, "T", "{part}/{group}/{speaker}/*"),
        (LIBRI, "", "{part}/{speaker}/**"),
        (paths("{d}_{n}_{u}", d=range(9), n=("george", "jo"), u=range(5)),
         "", "*_{speaker}_*"),
        (paths("rec/{d}_{n}_{u}", d=range(9), n=("george", "jo"), u=range(5)),
         "rec", "*_{speaker}_*"),
        (paths("p{s}_{u:03d}_mic{m}", s=range(9), u=range(5), m=(1, 2)),
         "", "{speaker}_*_*"),
        (paths("{s}-{c}-{u}", s=range(100, 109), c=range(3), u=range(5)),
         "", "{speaker}-*-*"),
        (paths("train/p{s}_{u}", s=range(4), u=range(5))
         + paths("test/q{s}_{u}", s=range(4), u=range(5)), "", "{part}/{speaker}_*"),
        (paths("{g}/{n}-{u}", g="mf", n=("kim", "lou", "mai"), u=range(5)),
         "", "{gender}/{speaker}-*"),
        (paths("{p}/s{s}/{p}{u}", p=("train", "test"), s=range(9), u=range(5)),
         "", "*/{speaker}/*"),  # speakers in both parts: not to be split by them
        (paths("corpus/wav/s{s}/{u}", s=range(9), u=range(5)),
         "corpus/wav", "{speaker}/**"),
    ],
)  # fmt: skip
def test_levels_that_are_not_speakers(places, below, pattern):
    layout = read_layout(places)
    assert (layout.below, layout.pattern) == (below, pattern)
    assert not layout.is_plain
    start = f"{below}/" if below else ""
    expression = compile_pattern(pattern)
    assert all(expression.fullmatch(place.removeprefix(start)) for place in places)


@pytest.mark.parametrize(
    "places",
    [
        paths("s{s}/{u}", s=range(9), u=range(5)),
        paths("s{s}/{u}", s=range(2), u=range(5)),
        paths("anna/a{u}", u=range(20)),
        paths("id{s}/{s}video{v}/{u}", s=range(20), v=range(10), u=range(5)),
        paths("s{s}/session{v}/{u}", s=range(3), v=range(10), u=range(5)),
        paths("s{s}/{s}u{u}/audio", s=range(3), u=range(20)),
        paths("{s}/{s}{c}/{s}-{s}{c}-{u}", s="abc", c=range(9), u=range(5)),
        paths("s{s}/wav/{u}", s=range(9), u=range(5)),
    ],
)
def test_folders_of_speakers(places):
    assert read_layout(places).is_plain


def test_the_wrong_level_stops_with_the_command(tmp_path, caplog):
    caplog.set_level("INFO")
    names = paths("{p}/{p}{s}/{u}.wav", p="ab", s=range(5), u=range(2))
    write_tree(tmp_path / "wav", dict.fromkeys(names))
    with pytest.raises(UserError) as error:
        find_utterances(tmp_path, "")
    command = f'--source {tmp_path}/wav --prepare-options "--pattern {{group}}/'
    assert f'./run.sh --corpus folder {command}{{speaker}}/*"' in str(error.value)
    told = caplog.text
    assert "level 2: 2 folders, such as a, b" in told
    assert "level 3: 10 folders, such as a0, a1, a2: speakers, as it seems" in told
    assert "files: 20, 2 in a folder" in told
    rows = find_utterances(tmp_path / "wav", "{group}/{speaker}/*")
    assert rows["spk_id"].nunique() == 10 and set(rows["group"]) == {"a", "b"}
    assert find_utterances(tmp_path / "wav", "{speaker}/**")["spk_id"].nunique() == 2


def test_names_that_say_nothing(tmp_path):
    write_tree(tmp_path, {"a1.wav": None, "a2.wav": None})
    with pytest.raises(UserError, match="say what they are by --pattern"):
        find_utterances(tmp_path, "")
    with pytest.raises(UserError, match="the first file is 'a1'$"):
        find_utterances(tmp_path, "{speaker}/*")
