"""Whether two recordings are of one person: score, LLR, decision; see README.md."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs=2, help="audio")
    parser.add_argument("--far", type=float, default=0.01, help="false-alarm rate")
    args = parser.parse_args()
    folder = Path(__file__).resolve().parent
    facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    least_s, needed_hz = facts["least_s"], facts["sample_rate_hz"]
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    embeddings = []
    for path in args.files:
        try:
            samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise SystemExit(str(error)) from None
        mono = samples.mean(axis=1)  # (n_samples,)
        if rate_hz != needed_hz or len(mono) < least_s * rate_hz or not mono.any():
            raise SystemExit(f"{path}: not {least_s} s of sound at {needed_hz} Hz")
        embeddings += list(session.run(None, {"samples": mono[None]})[0])  # (1, D)
    score = float(np.dot(*embeddings))
    print(f"score     {score:.4f}")
    if calibration := facts.get("calibration"):
        llr = calibration["weights"][0] * score + calibration["offset"]
        print(f"LLR       {llr:.4f}")
        if (decisions := folder / "decisions.json").is_file():
            stored = json.loads(decisions.read_text(encoding="utf-8"))["thresholds"]
            at = next((t["llr"] for t in stored if t["far"] == args.far), None)
            if at is None:
                raise SystemExit(f"--far: measured were {[t['far'] for t in stored]}")
            print("decision ", "same" if llr >= at else "different", "person")
