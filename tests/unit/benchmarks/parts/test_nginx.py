"""Is nginx configured with the server block that is recommended, but for ports and TLS?"""

from pathlib import Path

import pytest

from benchmarks.parts import nginx


def test_the_recommended_block_is_used_with_other_ports_and_without_tls(tmp_path: Path) -> None:
    text = nginx.configuration(tmp_path, 20_001, 20_002)
    assert "listen 127.0.0.1:20001;" in text
    assert "proxy_pass http://127.0.0.1:20002;" in text
    assert "ssl" not in text
    kept = [line for line in nginx.SNIPPET.read_text(encoding="utf-8").splitlines() if "proxy_set_header" in line]
    assert len(kept) >= 5
    assert all(line in text for line in kept)


def test_another_block_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.conf"
    other.write_text("server { listen 80; }")
    monkeypatch.setattr(nginx, "SNIPPET", other)
    with pytest.raises(nginx.NginxError, match="has no line 'listen 443 ssl;' any more"):
        nginx.configuration(tmp_path, 1, 2)
