import subprocess
import sys

import pytest
import torch


def run_python(code, root):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True
    )


@pytest.mark.skipif(torch.version.cuda is not None, reason="torch has CUDA")
def test_torchaudio_takes_the_path_without_extension(root):
    code = (
        "import utils, torch, torchaudio, speechbrain\n"
        "from torchaudio.compliance import kaldi\n"
        "print(torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE)\n"
        "print(kaldi.fbank(torch.randn(1, 1600), num_mel_bins=40).shape[1])\n"
    )
    result = run_python(code, root)
    assert result.stdout.split() == ["False", "40"], result.stderr


def test_a_torch_with_cuda_is_left_alone(root):
    code = (
        "import utils, torch\n"
        "torch.version.cuda = '13.0'\n"
        "from importlib.util import find_spec, module_from_spec\n"
        "import sys, types\n"
        "finder = sys.meta_path[0]\n"
        "package = find_spec('torchaudio').submodule_search_locations[0]\n"
        "name = 'torchaudio._extension.utils'\n"
        "spec = finder.find_spec(name, [package + '/_extension'])\n"
        "module = module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(module._load_lib.__name__)\n"
    )
    result = run_python(code, root)
    assert result.stdout.strip() == "_load_lib", result.stderr


def test_importing_utils_is_quick_and_light(root):
    code = "import utils, utils.trials.lists, sys; print('torch' in sys.modules)"
    assert run_python(code, root).stdout.strip() == "False"
