"""A trained folder, opened as it answers fastest."""

from pathlib import Path

from utils.systems.exported import answers_by_graph, open_exported
from utils.systems.opened import OpenedSystem


def open_answering(
    folder: Path | str, backend: Path | str = "", device: str = "cpu",
    trust: bool = False,
) -> OpenedSystem:  # fmt: skip
    """Open a trained folder by its graph if that can answer, which is faster.

    Parameters
    ----------
    folder, backend, device, trust
        See `utils.systems.system.open_system`.

    Raises
    ------
    UserError
        See there and `utils.systems.exported.open_exported`.
    """
    if answers_by_graph(Path(folder), device):
        return open_exported(folder, backend)
    from utils.systems.system import open_system  # with torch, slow to import

    return open_system(folder, backend, device, trust=trust)
