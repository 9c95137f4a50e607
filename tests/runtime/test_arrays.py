import numpy as np
import pytest

from utils.runtime.arrays import open_array
from utils.runtime.errors import UserError


def write_broken(path, fault):
    if fault == "cut off":
        np.save(path, np.ones(1000))
        path.write_bytes(path.read_bytes()[:300])
    elif fault == "cut off, or its header":
        path.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': ")
    elif fault == "Python objects":
        np.save(path, np.array([1.0, None], dtype=object), allow_pickle=True)
    elif fault == r"archive of arrays \(a, b\)":
        with path.open("wb") as file:
            np.savez(file, a=np.ones(2), b=np.ones(2))
    else:
        path.write_bytes(b"" if fault == "empty" else b"0.5 0.7 0.9\n")


@pytest.mark.parametrize(
    "fault",
    [
        "cut off", "cut off, or its header", "Python objects", "empty",
        r"archive of arrays \(a, b\)", "another format",
    ],
)  # fmt: skip
def test_files_that_hold_no_array(tmp_path, fault):
    write_broken(tmp_path / "bad.npy", fault)
    with pytest.raises(UserError, match=f"bad.npy: .*{fault}.*numpy.save"):
        open_array(tmp_path / "bad.npy")


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(UserError, match="absent.npy: no such file"):
        open_array(tmp_path / "absent.npy")
    with pytest.raises(UserError, match="it is a folder"):
        open_array(tmp_path)
