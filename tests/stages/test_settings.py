"""Settings of a training: sizes, changes, the command line, and what is shown."""

import pytest

from local.setup.origins import list_settings, show_settings
from local.setup.settings import read_settings
from local.setup.training import build
from tests.conftest import ROOT
from utils.runtime.errors import UserError

DATA = {"n_mels": 64, "n_speakers": 3}
SIZES = sorted((ROOT / "hparams" / "sizes").glob("*.yaml"))
PRETRAIN = {
    "loss": "aam", "margin": 0.2, "margin_start": 0.0, "margin_end": 0.0,
    "scale": 30.0, "epochs": 10, "patience": 0, "epoch_crops": 3840,
    "batch_size": 64, "crops_per_speaker": 1, "accumulation": 1, "balance": 1.0,
    "crop_frames": 160, "lr": 0.001, "lr_final": 1e-6, "lr_shape": "cosine",
    "lr_cycles": 1, "warmup": 0.05, "weight_decay": 0.0001, "min_spread": 0.01,
    "max_grad_norm": 5.0, "ema_decay": 0.0, "n_speakers": 3,
    "trainable": "all", "adapter_share": 0.04, "keep": "best",
}  # fmt: skip
TRIPLET = {
    "mining": "history", "epochs": 5, "patience": 0, "epoch_crops": 2880,
    "n_triplets": 32, "crops_per_speaker": 4, "accumulation": 1, "crop_frames": 160,
    "lr": 0.0001, "lr_final": 1e-6, "lr_shape": "cosine", "lr_cycles": 1,
    "warmup": 0.05, "weight_decay": 0.0001, "margin": 0.1, "random_epochs": 1,
    "history_share": 0.5, "history_crops": 8, "n_hardest": 5, "min_spread": 0.01,
    "max_grad_norm": 5.0, "ema_decay": 0.0, "heads": {}, "on_progress": [],
    "augment": [], "keep": "best", "trainable": "all", "adapter_share": 0.04,
}  # fmt: skip
NETS = {
    "rescnn_small": {
        "n_mels": 64, "width": 16, "n_blocks": 3, "embedding_dim": 512,
        "normalise_input": False, "pooling": "mean",
    },
    "ecapa_small": {
        "n_mels": 64, "channels": [256, 256, 256, 256, 768], "embedding_dim": 192,
        "normalise_input": True,
    },
}  # fmt: skip


def read(name="sizes/rescnn_small", changes=(), flags=None):
    return read_settings(ROOT / f"hparams/{name}.yaml", changes, flags or {}, DATA)


def without(section, *objects):
    return {key: value for key, value in section.items() if key not in objects}


@pytest.mark.parametrize("name", NETS)
def test_a_size_has_these_values_and_no_others(name):
    settings = read(f"sizes/{name}")
    hparams = settings.build()
    assert without(hparams["net"], "encoder") == NETS[name]
    dim = {"embedding_dim": NETS[name]["embedding_dim"]}
    objects = (
        "brain", "sampler", "losses", "heads", "on_progress", "optimizer",
        "schedule", "drop_time", "drop_frequency", "augment",
    )  # fmt: skip
    assert without(hparams["pretrain"], *objects) == PRETRAIN | dim
    objects = ("brain", "sampler", "optimizer", "schedule", "margins")
    assert without(hparams["triplet"], *objects) == TRIPLET
    assert hparams["triplet"]["schedule"].peak == 0.0001
    assert hparams["pretrain"]["losses"]["margins"] == {"triplet": 0.1}


@pytest.mark.parametrize("path", SIZES, ids=lambda path: path.stem)
def test_a_size_changes_what_its_base_has(path):
    size = read_settings(path, [], {}, DATA)
    assert size.path.parent == ROOT / "hparams" and size.path.stem.startswith("train_")
    base = dict((n, v) for n, v, _ in list_settings(read(size.path.stem)))
    changed = {n for n, v, o in list_settings(size) if "sizes/" in o and v != base[n]}
    assert changed == {
        f"{section}.{key}"
        for section, values in size.layers[0].values.items()
        for key in values
    }


def test_the_later_wins(tmp_path):
    changes = tmp_path / "changes.yaml"
    changes.write_text("pretrain:\n  lr: 2\n  epochs: 7\n")
    flags = {"--pretrain.lr": "3"}

    def value(settings, name):
        shown = {n: (v, o) for n, v, o in list_settings(settings)}
        return shown[f"pretrain.{name}"]

    where = f"{ROOT}/hparams"
    assert value(read(), "lr") == (0.001, f"{where}/pretrain.yaml:19")
    assert value(read(), "epochs") == (10, f"{where}/sizes/rescnn_small.yaml:6")
    sanity = read().with_values("--sanity", "pretrain", {"epochs": 5})
    assert value(sanity, "epochs") == (5, "--sanity")
    settings = read(changes=[changes], flags=flags)
    settings = settings.with_values("--sanity", "pretrain", {"epochs": 5, "lr": 1.0})
    assert value(settings, "epochs") == (7, f"{changes}:3")
    assert value(settings, "lr") == (3, "command line")
    assert settings.build()["pretrain"]["schedule"].peak == 3
    text = show_settings(settings)
    assert "pretrain.lr: 3  " in text and text.count("# data") == 2


def test_values_within_objects_and_sections():
    flags = {
        "--pretrain.drop_time.drop_length_high": "30",
        "--pretrain.losses.margins.triplet": "0.3",
        "--pretrain.losses.scale": "20.0",
        "--pretrain.epochs": "1e1",
    }
    pretrain = read(flags=flags).build()["pretrain"]
    assert pretrain["drop_time"].drop_length_high == 30
    assert pretrain["losses"]["on_embeddings"]["triplet_hard"].margin == 0.3
    assert pretrain["losses"]["on_outputs"]["aam"].scale == 20.0
    assert pretrain["epochs"] == 10 and isinstance(pretrain["epochs"], int)


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("pretrain.lr", "abc", "command line: pretrain.lr is a number, not 'abc'"),
        ("pretrain.lr", "nan", "is a number, not nan"),
        ("pretrain.lr", "[1", r"is a number, not '\[1'"),
        ("pretrain.lr", "-1", "pretrain.lr is 0 or more, not -1"),
        ("pretrain.epochs", "2.5", "is a whole number, not 2.5"),
        ("pretrain.epochs", "true", "is a whole number, not True"),
        ("pretrain.loss", "3", "is a name, not 3"),
        ("pretrain.augment", "none", "is a list, such as .*, not 'none'"),
        ("net.normalise_input", "1", "is true or false, not 1"),
        ("pretrain.heads", "1", "is a section or an object, not 1"),
        ("pretrain.losses.scal", "1", "no value pretrain.losses.scal to replace"),
        ("pretrain.epoch", "1", "no value pretrain.epoch to replace in .*; there are"),
        ("net.pooling", "most", "cannot be built .no pooling 'most'"),
        ("net.width", "0", "the encoder has a layer of size 0"),
        ("nothing.at", "1", "no section 'nothing'; write --section.key value"),
        ("net", "1", "no section 'net'; write --section.key value"),
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_a_value_that_does_not_fit_is_one_line(flag, value, message):
    with pytest.raises(UserError, match=message) as caught:
        build(read(flags={f"--{flag}": value}), seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pretrain: 3\n", "write sections of values"),
        ("- pretrain\n", "holds no settings"),
        ("a: [1\n", "no YAML"),
        ("pretrain: {augment: !apply:os.getcwd []}\n", "write plain values"),
        ("base: absent.yaml\n", "absent.yaml: no such file"),
    ],
)
def test_files_that_are_none(tmp_path, text, message):
    path = tmp_path / "changes.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        if text.startswith("base"):
            read_settings(path, [], {}, DATA)
        read(changes=[path])
    path.write_bytes(b"# gr\xf6\xdfe\n")
    with pytest.raises(UserError, match="not UTF-8"):
        read(changes=[path])


def test_a_phase_that_is_none():
    with pytest.raises(UserError, match="there are pretrain, distil, triplet"):
        read().check_phase("net")
