"""The worked example of hparams/README.md, a new model, executed from its text."""

import importlib.util
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch

import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from local.setup.settings import read_settings
from tests.conftest import ROOT
from utils.features.store import FeatureWriter

TEXT = (ROOT / "hparams/README.md").read_text(encoding="utf-8")
FILE = re.compile(r"```(?:python|yaml)\n# ((?!utils/backend)\S+)\n(.*?)```", re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \|.*\| ([\d,]+) \| ([\d,]*) ?\|$", re.MULTILINE)


@pytest.fixture
def repository(tmp_path):
    """A copy of the repository with the example's files, and features to train on."""
    for name in ("hparams", "local", "utils"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    files = FILE.findall(TEXT)
    assert len(files) == 3
    for name, content in files:
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(content, encoding="utf-8")
    torch.manual_seed(0)
    for split in ("train", "valid"):
        (tmp_path / "features" / split).mkdir(parents=True)
        with FeatureWriter(tmp_path / "features" / split) as writer:
            for number in range(12):
                row = {"ID": f"{split}-{number:02d}", "spk_id": f"{number % 4}"}
                writer.add(row, (5 * torch.randn(50 + number, 24)).half().numpy())
    (tmp_path / "features" / "front_end.yaml").write_text(
        "front_end: {sample_rate_hz: 16000}\n"
    )
    return tmp_path


def test_the_example_trains_and_ignores_padding(repository):
    command = [
        sys.executable, "-m", "local.train", "pretrain",
        "--hparams", "hparams/train_tdnn.yaml", "--features", "features",
        "--out", "exp", "--net.width", "16", "--pretrain.epochs", "1",
        "--pretrain.epoch_crops", "128",
    ]  # fmt: skip
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    weights = torch.load(repository / "exp" / "encoder.pt", weights_only=True)

    path = repository / "utils" / "models" / "tdnn.py"
    spec = importlib.util.spec_from_file_location("tdnn", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    encoder = module.TDNN(24, 16, "statistics", 256).eval()
    encoder.load_state_dict(weights)
    feats = torch.randn(1, 60, 24)
    padded = torch.cat([feats, torch.full((1, 40, 24), 99.0)], dim=1)
    torch.testing.assert_close(
        encoder(padded, torch.tensor([60])), encoder(feats), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("model", "full", "small"), ROW.findall(TEXT))
def test_the_table_of_models(model, full, small):
    files = {f"train_{model}.yaml": full, f"sizes/{model}_small.yaml": small}
    for name, expected in files.items():
        if not expected:  # of one size
            continue
        sizes = {"n_mels": 64, "n_speakers": 3}
        net = read_settings(ROOT / "hparams" / name, [], {}, sizes).build()["net"]
        n_parameters = sum(w.numel() for w in net["encoder"].parameters())
        assert f"{n_parameters:,}" == expected


def test_every_model_has_a_row():
    models = {path.stem for path in (ROOT / "hparams" / "models").glob("*.yaml")}
    assert {model for model, _, _ in ROW.findall(TEXT)} == models


def test_every_loss_is_named():
    path = ROOT / "hparams" / "train_rescnn.yaml"
    hparams = load_hyperparameters(path, "{n_mels: 64, n_speakers: 3}")
    losses = hparams["pretrain"]["losses"]
    for name in [*losses["on_outputs"], *losses["on_embeddings"]]:
        assert re.search(rf"\b{name}\b", TEXT), name


def test_every_file_is_in_the_table():
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    patterns = re.findall(r"`([^`]+\.yaml)`", " ".join(rows))
    patterns = [re.sub(r"<\w+>", "*", pattern) for pattern in patterns]
    for path in (ROOT / "hparams").rglob("*.yaml"):
        name = path.relative_to(ROOT / "hparams").as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name
