"""An exported graph beside its system: the least cosine of their embeddings, and speed.

    python -m tests.bench.graph SYSTEM EXPORTED FOLDER [--n-files 100]

On one thread, of audio files below FOLDER that are spread over it evenly.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime

from utils.audio.decoding import read_audio
from utils.data.files import audio_paths
from utils.systems.system import open_system


def main() -> None:
    """Embed the files twice, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", type=Path)
    parser.add_argument("exported", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n-files", type=int, default=100)
    args = parser.parse_args()
    system = open_system(args.system)
    rate_hz = system.front_end.sample_rate_hz
    paths = list(audio_paths(args.folder))
    drawn = paths[:: max(1, len(paths) // args.n_files)][: args.n_files]
    samples = [read_audio(path, rate_hz) for path in drawn]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(args.exported / "model.onnx", options)
    start = time.perf_counter()
    found = np.concatenate(
        [session.run(None, {"samples": x[None]})[0] for x in samples]
    )
    seconds = time.perf_counter() - start
    expected = system.embed(samples).astype(np.float64)
    found = found.astype(np.float64)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine = (found * expected).sum(axis=1) / lengths
    speech_s = sum(map(len, samples)) / rate_hz
    print(f"{len(drawn)} files: least cosine 1 - {1 - cosine.min():.1e}")
    print(f"graph: {speech_s / seconds:.0f} times real time on one thread")


if __name__ == "__main__":
    main()
