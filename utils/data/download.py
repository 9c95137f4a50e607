"""Download archives: resumed where they stopped, checked, then unpacked."""

import hashlib
import logging
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.runtime.errors import UserError
from utils.runtime.progress import progress_bar

logger = logging.getLogger(__name__)

_BLOCK = 1 << 20
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Archive:
    """A file to download.

    Attributes
    ----------
    url : str
    digest : str
        Its MD5 or SHA-256 in hexadecimal, told apart by their length; empty where
        none is published, and then only the length is checked.
    folder : str
        Folder below the target to unpack into.
    """

    url: str
    digest: str = ""
    folder: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.url.rsplit("/", 1)[-1]


def download(archives: Sequence[Archive], folder: Path, how_to_get: str = "") -> None:
    """Download and unpack all archives; those that were unpacked are passed over.

    Parameters
    ----------
    archives : sequence of Archive
    folder : Path
        Where to; made if it is not there.
    how_to_get : str
        Told where there is nothing that may be downloaded.

    Raises
    ------
    UserError
        Nothing to download, no network, no space, or a wrong checksum.
    """
    if not archives:
        raise UserError(f"--download: {how_to_get or 'this corpus has no download'}")
    folder.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        mark = folder / f".{archive.name}.unpacked"
        if mark.is_file():
            logger.info(f"{archive.name}: unpacked already")
            continue
        path = fetch(archive, folder)
        logger.info(f"{archive.name}: unpacking")
        unpack(path, folder / archive.folder)
        mark.write_text(archive.digest + "\n")


def fetch(archive: Archive, folder: Path) -> Path:
    """Download one file, going on from what is there; check it and return its path.

    The half-made file is ``<name>.part``. A file that is complete is not asked for
    again, only checked.

    Raises
    ------
    UserError
        The server cannot be reached, breaks off, or the checksum is wrong.
    """
    path, half = folder / archive.name, folder / f"{archive.name}.part"
    if not path.is_file():
        try:
            _receive(archive.url, half)
        except urllib.error.HTTPError as error:
            raise UserError(
                f"{archive.url}: the server says {error.code} {error.reason}; get the "
                f"file by hand into {folder}"
            ) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise UserError(
                f"{archive.url}: cannot be downloaded ({reason}); check the network "
                "and run the same command again to go on, or get the file by hand "
                f"into {folder}"
            ) from None
        half.rename(path)
    if archive.digest and digest_of(path, archive.digest) != archive.digest:
        path.rename(half.with_suffix(".bad"))
        raise UserError(
            f"{path}: wrong checksum; it is now {half.with_suffix('.bad').name}, run "
            "the same command again to download it anew"
        )
    return path


def _receive(url: str, half: Path) -> None:
    """Append what is missing of a file; raises OSError when it breaks off."""
    have = half.stat().st_size if half.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is missing
            return
        raise
    with answer:
        is_resumed = answer.status == 206
        have = have if is_resumed else 0
        missing = int(answer.headers.get("Content-Length", 0))
        with (
            half.open("ab" if is_resumed else "wb") as file,
            progress_bar(have + missing, half.stem, have) as bar,
        ):
            while block := answer.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
        if missing and half.stat().st_size < have + missing:
            raise OSError(f"broke off after {half.stat().st_size} bytes")


def digest_of(path: Path, like: str) -> str:
    """Return a file's MD5 or SHA-256, whichever ``like`` is as long as."""
    digest = hashlib.md5() if len(like) == 32 else hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def unpack(path: Path, folder: Path) -> None:
    """Unpack a tar or zip archive; any other file is copied.

    Raises
    ------
    UserError
        The archive is damaged, or names files outside of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        elif path.parent != folder:
            shutil.copy(path, folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise UserError(
            f"{path}: cannot be unpacked ({error}); check the free space, or remove "
            "the file and download it again"
        ) from None
