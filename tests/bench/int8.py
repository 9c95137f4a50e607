"""A graph in 8-bit integers beside itself in float32: cosines, EER, size, speed.

    python -m tests.bench.int8 GRAPH SPEECH CORPORA

GRAPH is a model.onnx of local.export. Its convolutions but for the filterbank's and the
first four get weights and inputs of 8 bits, statically, per channel, by 40 files of the
training speech below SPEECH; of weights 7 bits are used, as processors without VNNI add
up pairs of products in 16. Both embed the test speakers of speechocean762 below
CORPORA, on one thread. It may be offered where the cosines are 0.999 and more, and the
upper end of the 95 % interval of the EERs' difference, of 200 resamples of the
speakers, is 0.1 percentage points at most.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnx import load
from onnxruntime.quantization import QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from tests.bench.sounds.clips import kaldi_files
from utils.audio.decoding import read_audio
from utils.data.files import audio_paths
from utils.metrics.bootstrap import Resampling, Speakers, draw_counts
from utils.metrics.comparison import compare_systems
from utils.systems.exported import INPUT, OUTPUT, open_session

RATE_HZ = 16000
N_CALIBRATION, LONGEST_S = 40, 4.0
N_KEPT = 5  # convolutions in float32, the filterbank's among them
N_COSINES, N_RESAMPLES = 100, 200


class Calibration:
    """Samples, one utterance after the other, as onnxruntime asks for them."""

    def __init__(self, paths: list[Path]) -> None:
        drawn = paths[:: max(1, len(paths) // N_CALIBRATION)][:N_CALIBRATION]
        longest = round(LONGEST_S * RATE_HZ)
        self._rest = iter([read_audio(path, RATE_HZ)[None, :longest] for path in drawn])

    def get_next(self) -> dict[str, np.ndarray] | None:
        samples = next(self._rest, None)
        return None if samples is None else {INPUT: samples}


def quantise(graph: Path, out: Path, paths: list[Path]) -> None:
    """Write a graph in 8-bit integers."""
    prepared = out.with_name("prepared.onnx")
    quant_pre_process(graph, prepared, skip_symbolic_shape=True)
    nodes = load(prepared).graph.node
    convolutions = [node.name for node in nodes if node.op_type == "Conv"]
    quantize_static(
        prepared, out, Calibration(paths), per_channel=True, reduce_range=True,
        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
        op_types_to_quantize=["Conv"], nodes_to_exclude=convolutions[:N_KEPT],
    )  # fmt: skip


def embed(graphs: list[Path], paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Embed files by both graphs in turn: (2, N, D), and CPU time over real time."""
    sessions = [open_session(graph) for graph in graphs]
    seconds, sound_s = np.zeros(len(graphs)), 0.0
    found: list[list[np.ndarray]] = [[] for _ in graphs]
    for samples in read(paths):
        sound_s += len(samples) / RATE_HZ
        for place, session in enumerate(sessions):
            start = time.process_time()
            found[place] += list(session.run([OUTPUT], {INPUT: samples[None]})[0])
            seconds[place] += time.process_time() - start
    return np.array(found), sound_s / seconds


def read(paths: list[Path]) -> Iterator[np.ndarray]:
    for path in paths:
        yield read_audio(path, RATE_HZ)


def compare_eers(embeddings: np.ndarray, names: list[str]) -> dict:
    """Compare the EERs over all pairs of utterances."""
    speakers = np.unique(names, return_inverse=True)[1]
    enrol, test = np.triu_indices(len(names), 1)
    scores = [(own @ own.T)[enrol, test] for own in embeddings]
    number, n_speakers = speakers.astype(np.int32), int(speakers.max()) + 1
    pairs = Speakers(number[enrol], number[test], n_speakers)
    counts = draw_counts(n_speakers, N_RESAMPLES, seed=0)
    is_target = pairs.enrol == pairs.test
    found = compare_systems(scores, is_target, ["0.01"], Resampling(pairs, counts))
    return found["eer"]


def main() -> None:
    """Quantise and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("speech", type=Path)
    parser.add_argument("corpora", type=Path)
    args = parser.parse_args()
    tests = kaldi_files(args.corpora / "speechocean762", "test")
    with tempfile.TemporaryDirectory() as folder:
        graphs = [args.graph, Path(folder) / "int8.onnx"]
        quantise(graphs[0], graphs[1], sorted(audio_paths(args.speech)))
        embeddings, speeds = embed(graphs, tests)
        sizes = [graph.stat().st_size / 1e6 for graph in graphs]
    cosines = (embeddings[0] * embeddings[1]).sum(axis=1)
    drawn = cosines[:: len(cosines) // N_COSINES][:N_COSINES]
    for name, size, speed in zip(("float32", "int8"), sizes, speeds, strict=True):
        print(f"{name:<8}{size:.1f} MB, {speed:.0f} times real time by CPU time")
    print(f"cosine of {len(drawn)} files {drawn.min():.5f} at least, "
          f"of {len(cosines)} {cosines.min():.5f}")  # fmt: skip
    eer = compare_eers(embeddings, [path.parent.name for path in tests])
    low, high = (100 * end for end in eer["ci"])
    print(f"EER {eer['a']:.3%} and {eer['b']:.3%}, {100 * eer['difference']:+.3f} "
          f"({low:+.3f} to {high:+.3f}) points")  # fmt: skip
    is_offered = drawn.min() >= 0.999 and high <= 0.1
    print("may be offered" if is_offered else "is not to be offered")


if __name__ == "__main__":
    main()
