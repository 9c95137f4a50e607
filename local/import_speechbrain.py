"""Import a pretrained speaker model of SpeechBrain from a local folder.

Reads hyperparams.yaml and embedding_model.ckpt (ECAPA, x-vector, ResNet), and
classifier.ckpt and label_encoder.txt where they are, as SpeechBrain publishes them.
Writes a folder like that of a model trained here: embed speech with it, or train on
from it with --init. Nothing is downloaded, and none of the file's objects is built
but the model itself.
"""

import argparse
import io
import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tag import Tag

from local.setup.hyperparameters import resolved_text
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.systems.description import refuse_what_runs

N_FFT = 400  # SpeechBrain's default
MODELS = ("ECAPA_TDNN.ECAPA_TDNN", "Xvector.Xvector", "ResNet.ResNet")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="SpeechBrain's folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--front-end", default="hparams/features.yaml")
    parser.add_argument(
        "--drop-silence",
        action="store_true",
        help="embed speech alone; these models were trained with their silence",
    )
    return parser.parse_args()


def main() -> None:
    """Import one model."""
    args = parse_arguments()

    from utils.models.experiment import fill_weights, read_weights, save_model
    from utils.systems.folder import build_encoder

    settings = read_settings(args.source / "hyperparams.yaml")
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "encoder.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(network(settings), file)
    overrides = f"n_mels: {settings['n_mels']}\nfbank: {{n_fft: {N_FFT}}}\n"
    if not args.drop_silence:
        overrides += "vad: null\n"
    (args.out / "front_end.yaml").write_text(resolved_text(args.front_end, overrides))
    encoder = build_encoder(args.out)
    path = args.source / "embedding_model.ckpt"
    model = encoder.get_submodule("model")
    fill_weights(model, read_weights(path), path)
    speakers = read_speakers(args.source / "label_encoder.txt")
    (args.out / "speakers.txt").write_text("".join(f"{name}\n" for name in speakers))
    heads = read_head(args.source / "classifier.ckpt") if speakers else {}
    facts = {"model": settings["kind"], "phase": "imported", "init": str(args.source)}
    save_model(args.out, encoder, facts, heads)
    print(f"{settings['kind']} of {len(speakers)} speakers: the model is {args.out}")


def read_settings(path: Path) -> dict:
    """Read the model and its features from SpeechBrain's hyper-parameters.

    Raises
    ------
    UserError
        There are none, or what they describe has no counterpart here.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name a folder of SpeechBrain's model")
    refuse_what_runs(path)
    try:
        settings = YAML().load(io.StringIO(resolved_text(path)))
        model, fbank = settings["embedding_model"], settings["compute_features"]
        kind, norm = str(model.tag.value), settings["mean_var_norm"]
    except (KeyError, TypeError, AttributeError, ValueError, YAMLError) as error:
        raise UserError(f"{path}: not a speaker model ({error})") from None
    if not kind.startswith("!new:speechbrain.lobes.models.") or not kind.endswith(
        MODELS
    ):
        raise UserError(f"{path}: {kind} is none of {', '.join(MODELS)}")
    if (
        set(fbank) - {"n_mels", "sample_rate"}
        or fbank.get("sample_rate", 16000) != 16000
    ):
        raise UserError(f"{path}: compute_features: n_mels at 16 kHz only, not {fbank}")
    if norm.get("norm_type") != "sentence" or norm.get("std_norm", True):
        raise UserError(f"{path}: mean_var_norm: the mean of a sentence only")
    n_mels = fbank.get("n_mels", 40)
    return {"model": model, "kind": kind.rpartition(".")[2], "n_mels": n_mels}


def network(settings: dict) -> CommentedMap:
    """Describe the model as an encoder of this repository."""
    encoder = CommentedMap(model=settings["model"])
    encoder.yaml_set_ctag(Tag(suffix="!new:utils.models.unpadded.Unpadded"))
    return CommentedMap(encoder=encoder)


def read_speakers(path: Path) -> list[str]:
    """Read the names of the classes in their order; none where there is no file."""
    if not path.is_file():
        return []
    lines = re.findall(r"^'(.+)' => (\d+)$", path.read_text(encoding="utf-8"), re.M)
    names = {int(number): name for name, number in lines if name != "starting_index"}
    return [names[number] for number in sorted(names)]


def read_head(path: Path) -> dict:
    """Read the classifier's weights; none where there is no file."""
    from utils.models.experiment import read_weights

    if not path.is_file():
        return {}
    return {f"classifier.{name}": value for name, value in read_weights(path).items()}


if __name__ == "__main__":
    run_program(main)
