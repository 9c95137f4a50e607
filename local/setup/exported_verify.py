"""Whether two recordings are of one person: score, LLR, decision; see README.md."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

FOLDER = Path(__file__).resolve().parent


def embed(session: onnxruntime.InferenceSession, path: str, facts: dict) -> np.ndarray:
    """Embed a file, its channels mixed: (D,)."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    least_s, needed_hz = facts["least_s"], facts["sample_rate_hz"]
    if rate_hz != needed_hz or len(samples) < least_s * rate_hz or not samples.any():
        raise SystemExit(f"{path}: not {least_s} s or more of sound at {needed_hz} Hz")
    return session.run(None, {"samples": samples.mean(axis=1)[None]})[0][0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs=2, help="audio")
    parser.add_argument("--far", type=float, default=0.01, help="false-alarm rate")
    args = parser.parse_args()
    facts = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(FOLDER / "model.onnx")
    score = float(np.dot(*(embed(session, path, facts) for path in args.files)))
    print(f"score     {score:.4f}")
    if calibration := facts.get("calibration"):
        llr = calibration["weights"][0] * score + calibration["offset"]
        print(f"LLR       {llr:.4f}")
    if (decisions := FOLDER / "decisions.json").is_file():
        stored = json.loads(decisions.read_text(encoding="utf-8"))["thresholds"]
        threshold = next((t["llr"] for t in stored if t["far"] == args.far), None)
        if threshold is None:
            raise SystemExit(f"--far: measured were {[t['far'] for t in stored]}")
        print("decision ", "same" if llr >= threshold else "different", "person")
