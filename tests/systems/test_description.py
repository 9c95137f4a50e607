import re

import pytest
import torch

from tests.conftest import ROOT
from utils.runtime.errors import UserError
from utils.systems.description import (
    CLASSES,
    ENCODERS,
    FORMER_NAMES,
    Description,
    encoder_text,
    find_class,
    read_description,
    refuse_what_runs,
)

LINE = "!new:utils.audio.telephone.Telephone"
ATTACKS = [
    "!apply:os.system [touch {0}]",
    "!applyref:os.system [touch {0}]",
    "!new:os.system [touch {0}]",
    "!name:os.system [touch {0}]",
    "!new:subprocess.Popen [[touch, {0}]]",
    "!new:pathlib.Path.touch [{0}]",
    "!!python/object/apply:os.system [touch {0}]",
    "!!python/object/new:os.system [touch {0}]",
    "!!python/name:os.system",
    "!include:other.yaml",
    "!module:os",
    "!ref <other>",
    "!copy <other>",
    "!apply:builtins.eval ['1']",
    "!<tag:yaml.org,2002:python/object/apply:os.system> [touch {0}]",
]
# tags of known packages are recorded of a training; they are never built
UNBUILT = [
    "!new:utils.features.store.FeatureWriter [{0}]",
    "!new:utils.models.experiment.shutil.rmtree [{0}]",
    "!new:utils.models.experiment.save_model [{0}]",
    "!new:utils.models.rescnn.torch.hub.load [{0}]",
    "!new:utils.models.absent.Encoder",
    "!new:utils.models.unpadded.nn.Sequential",
    "!new:torch.load [{0}]",
    "!name:torch.hub.load",
    "!new:utils.runtime.atomic.replacing_folder [{0}]",
    "!new:speechbrain.utils.fetching.fetch [{0}, {0}]",
]


@pytest.mark.parametrize("trap", ["key", "argument", "deep", "map_key", "anchor"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_a_description_runs(attack, trap, tmp_path):
    canary = tmp_path / "canary"
    attack = attack.format(canary)
    text = {
        "key": f"a: {LINE} {{}}\nevil: {attack}\n",
        "argument": f"a: {LINE}\n  hop_s: {attack}\n",
        "deep": f"a: {LINE} {{}}\nb:\n  - c:\n    - {attack}\n",
        "map_key": f"a: {LINE} {{}}\nb:\n  ? {attack}\n  : 1\n",
        "anchor": f"x: &x {attack}\na: {LINE}\n  hop_s: *x\n",
    }[trap]
    path = tmp_path / "front_end.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"front_end\.yaml:\d+: !.* is not built from"):
        read_description(path).build("a")
    assert not canary.exists()


@pytest.mark.parametrize("attack", UNBUILT)
def test_only_listed_classes_are_built(attack, tmp_path):
    text = f"a: {attack.format(tmp_path / 'canary')}\nb: {LINE} {{}}\n"
    described = Description(text, "m.yaml")
    with pytest.raises(UserError, match="^m.yaml:1: .* is not built"):
        described.build("a")
    assert described.build("b").codec is None
    assert not (tmp_path / "canary").exists()


def test_trust_builds_what_is_asked_for(tmp_path):
    canary = tmp_path / "canary"
    text = f"a: !new:pathlib.Path [{tmp_path}]\nb: !apply:pathlib.Path.touch\n"
    text += f"    - !new:pathlib.Path [{canary}]\n"
    assert Description(text, "m.yaml", trust=True).build("a") == tmp_path
    assert canary.exists()


def test_every_encoder_and_front_end_of_hparams_may_be_built():
    paths = [*(ROOT / "hparams/models").glob("*.yaml")]
    paths += (ROOT / "hparams").glob("features*.yaml")
    text = "".join(path.read_text() for path in paths)
    names = set(re.findall(r"!(?:new|name):([\w.]+)", text))
    assert len(names) > 5
    assert [name for name in names if find_class(name) is None] == []


def test_listed_classes_exist():
    for name in CLASSES | set(FORMER_NAMES.values()):
        assert name in CLASSES
        assert isinstance(find_class(name), type), name
    assert find_class(f"{ENCODERS}rescnn.nn") is None


def test_former_names_are_the_present_classes():
    text = "a: !new:utils.telephone.Telephone\n  codec: mulaw\n"
    built = Description(text, "m.yaml").build("a")
    assert type(built).__module__ == "utils.audio.telephone"
    again = Description(f"# more\na: &x {LINE} {{codec: mulaw}}\n", "n.yaml")
    assert again.plain("a") == Description(text, "m.yaml").plain("a")
    other = Description(f"a: {LINE} {{codec: alaw}}\n", "n.yaml")
    assert again.plain("a") != other.plain("a")


def test_shared_values_are_one_object():
    text = f"v: &v {LINE} {{}}\nlist: [*v, *v]\n"
    one, other = Description(text, "m.yaml").build("list")
    assert one is other


def test_numbers_are_those_of_hyperpyyaml():
    text = "a: [1e-05, 1.0e-3, .5, -3, 0.000001, true, null, no, '1', 2026-01-01]"
    built = Description(text.replace(", 2026-01-01", ""), "m.yaml").build("a")
    assert built == [1e-05, 1e-3, 0.5, -3, 1e-6, True, None, "no", "1"]
    with pytest.raises(UserError, match="timestamp is not built"):
        Description(text, "m.yaml")


def test_names_are_kept_with_their_options():
    text = "a: !name:torch.nn.LeakyReLU\n  negative_slope: 0.5\n"
    assert Description(text, "m.yaml").build("a")().negative_slope == 0.5
    bare = Description("a: !name:torch.nn.ReLU\n", "m.yaml").build("a")
    assert bare is torch.nn.ReLU


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no mapping"),
        ("- 1", "no mapping"),
        ("a: [", "not YAML"),
        ("a: &x [*x]", "contains itself"),
        ("[" * 3000 + "]" * 3000, "not YAML"),
        ("b: 1", "no a in it; name a trained model"),
        (f"a: {LINE} {{hop: 1}}", "m.yaml:1: .*Telephone cannot be built"),
    ],
)
def test_broken_descriptions_are_one_line(text, message):
    with pytest.raises(UserError, match=message) as caught:
        Description(text, "m.yaml").build("a")
    assert "\n" not in str(caught.value)


def test_the_encoder_is_taken_out_whole():
    text = (
        "n: &n 3\nnet:\n  encoder: !new:utils.models.rescnn.ResCNN\n    n_mels: 16\n"
        "    width: *n\n    n_blocks: 1\n    embedding_dim: 8\nphase: {lr: 1}\n"
    )
    short = encoder_text(text)
    assert "lr" not in short
    built = Description(short, "encoder.yaml").build("encoder")
    whole = Description(text, "hyperparams.yaml").build("net", "encoder")
    assert str(built) == str(whole)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a[1:4] not in ("ref", "cop")])
def test_another_tools_file_is_refused_before_it_is_resolved(attack, tmp_path):
    path = tmp_path / "hyperparams.yaml"
    text = f"n: 1\nm: !ref <n> + 1\nx: !name:torch.nn.ReLU\ny: {attack}\n"
    if attack.startswith(("!new", "!name", "!module")):
        path.write_text(text.format(tmp_path / "canary"))
        refuse_what_runs(path)  # described, and not built
        return
    path.write_text(text.format(tmp_path / "canary"))
    with pytest.raises(UserError, match=":4: .* could run"):
        refuse_what_runs(path)
