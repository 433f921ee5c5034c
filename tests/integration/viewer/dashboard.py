"""Does every query of the Grafana dashboard find something? Debian's Prometheus scrapes our metrics and is asked, for `make alarms-test`.

pytest does not collect this file by itself: not every machine has Prometheus. Grafana itself is not needed: it sends these
queries to Prometheus as they are, with its variables filled in.
"""

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broker.mosquitto import free_port
from tests.architecture.sources import ROOT
from tests.boards import everything_told
from viewer.metrics.exposition import CONTENT_TYPE

pytestmark = pytest.mark.timeout(120)

FOLDER = ROOT / "deploy/prometheus"
SCRAPES = 4
VARIABLES = {"$project": ".*", "$agent": ".*"}


class Metrics(BaseHTTPRequestHandler):
    """Answers with everything that the page server can tell."""

    def do_GET(self) -> None:
        body = everything_told()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with our alarms that has scraped our metrics a few times; gives its address."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with told() as target:
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{FOLDER / 'alarms.yml'}]\n"
            f'scrape_configs: [{{job_name: cairn, static_configs: [{{targets: ["{target}"]}}]}}]\n',
            encoding="utf-8",
        )
        program = [
            os.environ.get("PROMETHEUS", "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen(program, stdout=log, stderr=log) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                wait_for_scrapes(address, folder / "log")
                yield address
            finally:
                process.terminate()


@contextmanager
def told() -> Iterator[str]:
    """A server of our metrics; gives its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def wait_for_scrapes(address: str, log: Path) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        try:
            found = ask(address, f"count_over_time(up{{job='cairn'}}[1m]) >= {SCRAPES}")
        except OSError:
            found = []
        if found:
            return
        time.sleep(0.5)
    raise AssertionError(f"Prometheus never scraped: {log.read_text(encoding='utf-8')[-2000:]}")


def ask(address: str, query: str) -> list[object]:
    """The series that a query finds now; raises OSError when Prometheus does not take it."""
    asked = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"{address}/api/v1/query?{asked}") as answer:  # noqa: S310 - our own Prometheus
        said = json.load(answer)
    assert said["status"] == "success", said
    result = said["data"]["result"]
    assert isinstance(result, list)
    return result


def board() -> dict[str, object]:
    read = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def filled_in(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query, query
    return query


def queries() -> list[str]:
    panels = board()["panels"]
    assert isinstance(panels, list)
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("query", queries())
def test_every_query_of_a_panel_finds_something(prometheus: str, query: str) -> None:
    assert ask(prometheus, filled_in(query))


def test_a_query_of_a_metric_that_is_not_there_finds_nothing_and_a_wrong_one_is_refused(prometheus: str) -> None:
    assert ask(prometheus, "cairn_no_such_metric") == []
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        ask(prometheus, "rate(cairn_errors_total")
    refused.value.close()


def test_the_lists_of_projects_and_rigs_have_entries_and_alarms_can_be_asked_for(prometheus: str) -> None:
    for metric, label in (("cairn_reconstructor_up", "project"), ("cairn_rig_up", "agent")):
        assert f"label_values({metric}" in json.dumps(board())
        assert all(label in series["metric"] for series in ask(prometheus, metric))  # type: ignore[index]
    annotations = board()["annotations"]
    assert isinstance(annotations, dict)
    ask(prometheus, annotations["list"][0]["expr"])
