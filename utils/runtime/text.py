"""Text that other programs and editors wrote."""

from pathlib import Path

from utils.runtime.errors import UserError


def read_lines(path: Path | str, remedy: str = "check the name") -> list[str]:
    r"""Read the lines of a file in UTF-8, with or without byte order mark.

    Parameters
    ----------
    path : Path or str
    remedy : str
        What to do where there is no such file.

    Returns
    -------
    list of str
        Without line ends; blank lines at the end of the file are left out.

    Raises
    ------
    UserError
        The file cannot be read, or is in another encoding.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "names"
    >>> _ = path.write_bytes(b"\xef\xbb\xbfanna\r\nbo\r\n\r\n")
    >>> read_lines(path)
    ['anna', 'bo']
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {remedy}") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {remedy}") from None
    try:
        return content.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from None
