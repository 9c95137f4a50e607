"""SpeechBrain's own inference is the oracle, on folders as it publishes them."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.lobes.models import ECAPA_TDNN, Xvector

from local.import_speechbrain import main
from tests.conftest import ROOT
from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings
from utils.runtime.program import run_program
from utils.systems.folder import build_encoder
from utils.training.fine_tuning import start_from

HYPERPARAMS = """
n_mels: {n_mels}
pretrained_path: {folder}
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
{model}
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
"""
ECAPA = """
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [32, 32, 32, 32, 96]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 16
    lin_neurons: 24
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 24
    out_neurons: 3
"""
XVECTOR = """
embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 5
    tdnn_channels: [32, 32, 32, 32, 96]
    tdnn_kernel_sizes: [5, 3, 3, 1, 1]
    tdnn_dilations: [1, 2, 3, 1, 1]
    lin_neurons: 24
classifier: !new:speechbrain.lobes.models.Xvector.Classifier
    input_shape: [null, null, 24]
    activation: !name:torch.nn.LeakyReLU
    lin_blocks: 1
    lin_neurons: 24
    out_neurons: 3
"""


def write_pretrained(folder, kind):
    torch.manual_seed(0)
    if kind == "ecapa":
        n_mels, text = 80, ECAPA
        sizes = {"channels": [32, 32, 32, 32, 96], "attention_channels": 16}
        model = ECAPA_TDNN.ECAPA_TDNN(n_mels, lin_neurons=24, **sizes)
        head = ECAPA_TDNN.Classifier(24, out_neurons=3)
    else:
        n_mels, text = 24, XVECTOR
        channels = [32, 32, 32, 32, 96]
        model = Xvector.Xvector(
            in_channels=n_mels, tdnn_channels=channels, lin_neurons=24
        )
        head = Xvector.Classifier([None, None, 24], lin_neurons=24, out_neurons=3)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
    folder.mkdir()
    torch.save(model.state_dict(), folder / "embedding_model.ckpt")
    torch.save(head.state_dict(), folder / "classifier.ckpt")
    text = HYPERPARAMS.format(n_mels=n_mels, folder=folder, model=text)
    (folder / "hyperparams.yaml").write_text(text)
    labels = CategoricalEncoder()
    labels.update_from_iterable(["id3", "id1", "id2"])
    labels.save(folder / "label_encoder.txt")


def run_import(monkeypatch, *words):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["import", *map(str, words)])
    run_program(main)


@pytest.mark.parametrize("kind", ["ecapa", "xvector"])
def test_embeddings_are_those_of_speechbrain(
    kind, tmp_path, write_wav, rng, monkeypatch
):
    source, out = tmp_path / "source", tmp_path / "out"
    write_pretrained(source, kind)
    run_import(monkeypatch, source, "--out", out)
    assert (out / "speakers.txt").read_text() == "id3\nid1\nid2\n"

    rows, wavs = [], []
    for n in range(3):
        time_s = np.arange(16000 * (n + 1)) / 16000
        tone = np.sin(2 * np.pi * 200 * (n + 1) * time_s) * (time_s % 0.5)
        wavs.append((0.5 * tone + 0.05 * rng.standard_normal(len(tone))).astype("f4"))
        path = write_wav(f"{n}.wav", wavs[-1], subtype="FLOAT")
        rows.append({"ID": f"u{n}", "duration": n + 1, "wav": path, "start": 0,
                     "stop": len(tone), "spk_id": f"s{n}"})  # fmt: skip
    write_manifest(tmp_path / "test.csv", pd.DataFrame(rows))
    subprocess.run(
        [sys.executable, "-m", "local.extract_embeddings", out, tmp_path / "test.csv",
         "--out", tmp_path / "ours"], cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    ours = read_embeddings(tmp_path / "ours")[1]
    theirs = EncoderClassifier.from_hparams(
        source=str(source), savedir=str(tmp_path / "cache")
    )
    for wav, embedding in zip(wavs, ours, strict=True):
        expected = theirs.encode_batch(torch.from_numpy(wav)[None]).flatten()
        cosine = torch.cosine_similarity(expected, torch.tensor(embedding), dim=0)
        assert cosine > 0.9999


def test_training_goes_on_from_an_import(tmp_path, monkeypatch):
    source, out = tmp_path / "source", tmp_path / "out"
    write_pretrained(source, "ecapa")
    run_import(monkeypatch, source, "--out", out)
    encoder = build_encoder(out)
    modules = {
        "encoder": encoder,
        "classifier": ECAPA_TDNN.Classifier(24, out_neurons=2),
    }
    lines = start_from(out, modules, ["id1", "new"])
    kept = "1 of 2 speakers loaded, the rest is new"
    assert lines == [f"classifier.weight (2, 24): {kept}"]
    theirs = torch.load(source / "classifier.ckpt", weights_only=True)["weight"]
    assert torch.equal(modules["classifier"].weight[0], theirs[1])
    name, weights = next(encoder.model.named_parameters())
    theirs = torch.load(source / "embedding_model.ckpt", weights_only=True)
    assert torch.equal(weights, theirs[name])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ECAPA_TDNN.ECAPA_TDNN", "wav2vec.Wav2Vec", "is none of ECAPA_TDNN"),
        ("std_norm: False", "std_norm: True", "the mean of a sentence only"),
        ("embedding_model:", "other_model:", "not a speaker model"),
        ("lin_neurons: 24", "lin_neurons: 32", "another architecture"),
    ],
)
def test_what_has_no_counterpart_is_refused(
    old, new, message, tmp_path, monkeypatch, capsys
):
    write_pretrained(tmp_path / "source", "ecapa")
    path = tmp_path / "source" / "hyperparams.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SystemExit) as stop:
        run_import(monkeypatch, tmp_path / "source", "--out", tmp_path / "out")
    assert stop.value.code == 1
    assert message in capsys.readouterr().err
