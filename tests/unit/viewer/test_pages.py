"""The built page as it is served: types, digests, ages, compressed forms."""

import gzip
from pathlib import Path

import pytest

from viewer.pages import IMMUTABLE, REVALIDATE, Asset, PageMissingError, load_assets

SCRIPT = b"export const stone = 1;\n" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"<!doctype html>" + b" " * 200)
    (tmp_path / "assets/index-8nVSRl66.js").write_bytes(SCRIPT)
    (tmp_path / "assets/index-8nVSRl66.js.gz").write_bytes(b"as built, gzip")
    (tmp_path / "assets/index-8nVSRl66.js.br").write_bytes(b"as built, br")
    (tmp_path / "assets/logo.png").write_bytes(b"\x89PNG" + bytes(500))
    (tmp_path / "noise.bin").write_bytes(bytes(range(64)))
    return tmp_path


@pytest.fixture
def assets(dist: Path) -> dict[str, Asset]:
    return load_assets(dist)


def test_only_files_of_the_page_have_addresses(assets: dict[str, Asset]) -> None:
    assert set(assets) == {"index.html", "assets/index-8nVSRl66.js", "assets/logo.png", "noise.bin"}


def test_every_file_has_its_type(assets: dict[str, Asset]) -> None:
    assert {name: asset.content_type for name, asset in assets.items()} == {
        "index.html": "text/html; charset=utf-8",
        "assets/index-8nVSRl66.js": "text/javascript; charset=utf-8",
        "assets/logo.png": "image/png",
        "noise.bin": "application/octet-stream",
    }


def test_only_names_with_a_digest_may_be_kept_for_ever(assets: dict[str, Asset]) -> None:
    kept = {name for name, asset in assets.items() if asset.cache_control == IMMUTABLE}
    assert kept == {"assets/index-8nVSRl66.js"}
    assert assets["index.html"].cache_control == REVALIDATE


def test_forms_compressed_at_build_are_served_as_they_are(assets: dict[str, Asset]) -> None:
    script = assets["assets/index-8nVSRl66.js"]
    assert script.choose("gzip, deflate, br") == ("br", b"as built, br")
    assert script.choose("gzip") == ("gzip", b"as built, gzip")
    assert script.choose("") == ("identity", SCRIPT)
    assert script.choose("br;q=0, gzip;q=0.5") == ("gzip", b"as built, gzip")
    assert script.choose("br;q=x, *;q=0") == ("identity", SCRIPT)


def test_what_was_not_compressed_at_build_is_once_at_start_where_it_pays(assets: dict[str, Asset]) -> None:
    coding, body = assets["index.html"].choose("gzip")
    assert coding == "gzip"
    assert gzip.decompress(body) == assets["index.html"].body_by_coding["identity"]
    assert set(assets["assets/logo.png"].body_by_coding) == {"identity"}
    assert set(assets["noise.bin"].body_by_coding) == {"identity"}


def test_digest_follows_the_content(dist: Path, assets: dict[str, Asset]) -> None:
    before = assets["index.html"].etag
    assert load_assets(dist)["index.html"].etag == before
    (dist / "index.html").write_bytes(b"<!doctype html>changed")
    assert load_assets(dist)["index.html"].etag != before


def test_a_page_that_is_not_built_is_said_in_words(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(PageMissingError, match="make setup"):
            load_assets(folder)
