import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from utils.data.download import Archive, download, fetch, unpack
from utils.runtime.errors import UserError


@pytest.fixture
def server():
    """Serve the bytes in `files`, with ranges; `breaks` cuts the next answer short."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 - the name is the library's
            content = served.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404, "Not Found")
                return
            start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
            served.starts.append(start)
            if not served.has_ranges:
                start = 0
            if start >= len(content) and start:
                self.send_error(416)
                return
            self.send_response(206 if served.has_ranges else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop = served.breaks.pop() if served.breaks else len(content)
            self.wfile.write(content[start:stop])

        def log_message(self, *_):
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.files, served.starts, served.breaks, served.has_ranges = {}, [], [], True
    served.url = f"http://127.0.0.1:{served.server_port}/"
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


def tar_of(**files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_from_the_server_to_the_folder(server, tmp_path, kind, caplog):
    caplog.set_level("INFO")
    server.files["a.tar.gz"] = tar_of(x=b"speech")
    digest = hashlib.new(kind, server.files["a.tar.gz"]).hexdigest()
    archive = Archive(server.url + "a.tar.gz", digest, folder="sub")
    for _ in range(2):
        download([archive], tmp_path / "new")
        assert (tmp_path / "new/sub/x").read_bytes() == b"speech"
    assert server.starts == [0]  # asked for once
    assert "unpacked already" in caplog.text


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_download_goes_on_where_it_stopped(server, tmp_path, has_ranges):
    content = bytes(range(256)) * 20000  # more than a block
    server.files["a.bin"], server.has_ranges = content, has_ranges
    server.breaks = [3_000_000]
    archive = Archive(server.url + "a.bin", hashlib.md5(content).hexdigest())
    with pytest.raises(UserError, match="cannot be downloaded .* run the same command"):
        fetch(archive, tmp_path)
    assert (tmp_path / "a.bin.part").stat().st_size == 3_000_000
    assert fetch(archive, tmp_path).read_bytes() == content
    assert server.starts == [0, 3_000_000]
    assert not (tmp_path / "a.bin.part").exists()


def test_a_download_that_was_complete_but_not_renamed(server, tmp_path):
    server.files["a.bin"] = b"speech"
    (tmp_path / "a.bin.part").write_bytes(b"speech")
    assert fetch(Archive(server.url + "a.bin"), tmp_path).read_bytes() == b"speech"


def test_a_wrong_checksum(server, tmp_path):
    server.files["a.bin"] = b"other"
    archive = Archive(server.url + "a.bin", hashlib.md5(b"speech").hexdigest())
    with pytest.raises(UserError, match="wrong checksum; it is now a.bin.bad"):
        fetch(archive, tmp_path)
    server.files["a.bin"] = b"speech"
    assert fetch(archive, tmp_path).read_bytes() == b"speech"


def test_no_network_and_no_file(server, tmp_path):
    with pytest.raises(UserError, match="the server says 404 Not Found"):
        fetch(Archive(server.url + "absent"), tmp_path)
    server.shutdown()
    server.server_close()
    with pytest.raises(UserError, match="cannot be downloaded .* check the network"):
        fetch(Archive(server.url + "a.bin"), tmp_path)
    with pytest.raises(UserError, match="cannot be downloaded"):
        fetch(Archive("http://nowhere.invalid/a.bin"), tmp_path)


def test_what_may_not_be_downloaded(tmp_path):
    with pytest.raises(UserError, match="--download: ask the university"):
        download([], tmp_path, "ask the university")


def test_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("y", "speech")
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out/y").read_text() == "speech"
    (tmp_path / "list.txt").write_text("1 a b\n")
    unpack(tmp_path / "list.txt", tmp_path / "out")
    assert (tmp_path / "out/list.txt").is_file()
    unpack(tmp_path / "list.txt", tmp_path)  # it is there


def test_archives_that_are_damaged_or_reach_outside(tmp_path):
    content = tar_of(x=b"speech" * 1000)
    (tmp_path / "half.tar.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="cannot be unpacked"):
        unpack(tmp_path / "half.tar.gz", tmp_path / "out")
    (tmp_path / "evil.tar.gz").write_bytes(tar_of(**{"../outside": b"x"}))
    with pytest.raises(UserError, match="cannot be unpacked"):
        unpack(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert not (tmp_path / "outside").exists()
