"""Many visitors at once, without browsers: how long a click takes, and what a session costs.

    python tests/tools/measure_sessions.py [--sessions 20] [--seconds 20] [--gallery FOLDER]

Every session opens the page's WebSocket as the browser does, waits for its first run, and then asks
for another image of the gallery once a second, each run being one rerun of the script (what a click
on a dot causes). Prints one JSON object. Times are from the message to the end of its run, in
seconds on this machine; memory is what the server's resident set grew by, per session. Bars:
``errors`` 0, ``p95_s`` <= 1.5, ``mb_per_session`` <= 20.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from hypuml.gallery import Gallery  # noqa: E402
from tests.support.browser_support import Server, running_app  # noqa: E402

SHIPPED = ROOT / "checkpoints" / "garden" / "gallery"
# A run that another click has overtaken ends early, and says so.
_DONE = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY
_FAILED = ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR


def resident_mb(server: Server) -> float:
    """Megabytes that the server holds in memory (Linux)."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * 4096 / 2**20


async def run_once(socket: Any, query: str) -> tuple[float, int]:
    """Ask for a page; seconds until its run has ended, and how many exceptions it showed."""
    message = BackMsg()
    message.rerun_script.query_string = query
    began, errors = time.perf_counter(), 0
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(await asyncio.wait_for(socket.recv(), 120))
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.new_element.HasField("exception"):
            errors += 1
        if kind == "script_finished":
            if answer.script_finished == _FAILED:
                errors += 1
            if answer.script_finished in (_DONE, _FAILED):
                return time.perf_counter() - began, errors


async def visit(
    url: str, ids: list[str], seconds: float, seed: int, ready: asyncio.Barrier
) -> dict[str, Any]:
    """One visitor: the first run alone, then a click a second."""
    draw = random.Random(seed)
    times, errors = [], 0
    async with connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        origin=url, subprotocols=["streamlit"], max_size=None,
    ) as socket:  # fmt: skip
        _, errors = await run_once(socket, "")
        await ready.wait()
        await asyncio.sleep(draw.random())  # visitors do not click in step
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            taken, wrong = await run_once(socket, urlencode({"query": draw.choice(ids)}))
            times.append(taken)
            errors += wrong
            await asyncio.sleep(max(0.0, 1.0 - taken))
    return {"times": times, "errors": errors}


async def visits(url: str, ids: list[str], count: int, seconds: float) -> list[dict[str, Any]]:
    """All visitors at once."""
    ready = asyncio.Barrier(count)
    return await asyncio.gather(*(visit(url, ids, seconds, i, ready) for i in range(count)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--gallery", type=Path, default=SHIPPED)
    options = parser.parse_args()
    ids = Gallery.open(options.gallery).ids
    with (
        tempfile.TemporaryDirectory() as home,
        running_app(Path(home), "--gallery", str(options.gallery)) as server,
    ):
        asyncio.run(visits(server.url, ids, 1, 3.0))  # what is made once is not a session's
        before = resident_mb(server)
        found = asyncio.run(visits(server.url, ids, options.sessions, options.seconds))
        grown = resident_mb(server) - before
    times = sorted(t for one in found for t in one["times"])
    print(
        json.dumps(
            {
                "sessions": options.sessions,
                "clicks": len(times),
                "errors": sum(one["errors"] for one in found),
                "median_s": round(statistics.median(times), 3),
                "p95_s": round(times[int(0.95 * (len(times) - 1))], 3),
                "worst_s": round(times[-1], 3),
                "mb_per_session": round(grown / options.sessions, 1),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
