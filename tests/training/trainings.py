"""What a training leaves behind, and how to kill one."""

import json
import os
import signal
import time

import torch
import yaml


def read_log(folder):
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def curves(folder):
    """Return the log without what is measured by the clock."""
    return [
        {key: value for key, value in record.items() if key != "seconds"}
        for record in read_log(folder)
    ]


def weights(folder):
    return torch.load(folder / "encoder.pt", weights_only=True)


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def kill_within_epoch(process, folder, epoch):
    """Kill a training once a checkpoint within that epoch is its newest."""

    def newest():
        found = [
            yaml.safe_load(path.read_text())
            for path in (folder / "checkpoints").glob("CKPT*/CKPT.yaml")
        ]
        return max(found, key=lambda meta: meta["unixtime"], default={})

    while True:
        assert process.poll() is None, process.communicate()
        try:
            meta = newest()
        except FileNotFoundError:  # deleted just now
            continue
        n_done = len(read_log(folder)) if (folder / "log.jsonl").exists() else 0
        if meta and not meta["end-of-epoch"] and n_done >= epoch:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "encoder.pt").exists()


def last_modules(folder):
    """Return what was trained, adapters too, as it was at the end."""
    path = max(
        (folder / "checkpoints").glob("CKPT*/modules.ckpt"), key=os.path.getmtime
    )
    return torch.load(path, weights_only=True)
