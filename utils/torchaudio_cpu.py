"""Import torchaudio beside a CPU-only torch.

torchaudio's Linux wheel links CUDA, so its compiled extension cannot be loaded
where torch has no CUDA. torchaudio itself supports running without the
extension; this module makes it take that path. The recipes use only the parts
of torchaudio that are written in PyTorch.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_EXTENSION_LOADER = "torchaudio._extension.utils"


class _ExtensionFinder:
    """Patch torchaudio's extension loader when torchaudio imports it."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name != _EXTENSION_LOADER:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _ExtensionLoader(name, spec.origin)
        return spec


class _ExtensionLoader(SourceFileLoader):
    """Report every extension as absent when torch was built without CUDA."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if module.torch.version.cuda is None:
            vars(module)["_load_lib"] = lambda lib: False


def skip_missing_extension() -> None:
    """Make ``import torchaudio`` work where torch has no CUDA.

    Safe to call many times; does nothing to a torch that has CUDA.

    Example
    -------
    >>> skip_missing_extension()
    >>> import torchaudio.functional
    """
    if not any(isinstance(finder, _ExtensionFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ExtensionFinder())
