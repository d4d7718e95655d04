"""What one worker of `whichgpu serve` holds: cached and uncached questions a second, percentiles, memory.

    .venv/bin/python benchmarks/web.py [--requests 100000]

Needs wrk (apt-get install wrk). The targets are those of docs/web.md, on 2 idle cores: 500 cached and 30
uncached recommendations a second, p99 of 300 ms at half that load, no growth of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
CACHED = "/api/v1/recommend?workload=resnet50&target=1000+images/s"
#: Every request asks for another target, so that none is known.
UNCACHED = """
local n = {start}
request = function()
  n = n + 1
  return wrk.format("GET", "/api/v1/recommend?workload=resnet50&target=" .. n .. "+images/s")
end
"""
#: What people ask in turn: another model and another target each time, within a budget or a power.
VARIED = """
local models = {{"resnet50", "resnet152", "vgg16", "inception-v3", "densenet121", "efficientnet-b0",
  "vit-base-patch16-224", "stable-diffusion-1.5", "sdxl", "convnext-base", "swin-t", "mobilenet-v2"}}
local within = {{"", "&budget=20+USD/h", "&max_power=300+W", "&budget=100+USD/h"}}
local n = {start}
request = function()
  n = n + 1
  local path = "/api/v1/recommend?workload=" .. models[n % #models + 1] .. "&target=" .. n .. "+images/s"
  return wrk.format("GET", path .. within[n % #within + 1])
end
"""
#: Nineteen of twenty requests are known, the twentieth is new, of the pages and resources in turn.
MIXED = """
local gpus = {gpus}
local models = {models}
local n = {start}
local function new()
  local gpu, model = gpus[n * 7919 % #gpus + 1], models[n * 104729 % #models + 1]
  local paths = {{"/gpus/" .. gpu, "/prices/" .. gpu, "/workloads/" .. model,
    "/fit?workload=" .. model .. "&gpu=" .. gpu, "/predict?workload=" .. model .. "&gpu=" .. gpu,
    "/api/v1/predict?workload=" .. model .. "&gpu=" .. gpu .. "&batch=" .. n % 61 + 1,
    "/compare/" .. gpu .. "-vs-" .. gpus[n * 31 % #gpus + 1] .. "?workload=resnet50",
    "/?workload=resnet50&target=" .. n .. "+images/s", "/explain/tf32", "/gpus?q=" .. string.sub(gpu, 1, 4)}}
  return paths[math.floor(n / 20) % #paths + 1]
end
request = function()
  n = n + 1
  return wrk.format("GET", n % 20 == 0 and new() or "{known}")
end
"""


def resident(pid: int) -> float:
    """MB that a process holds."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1e3


def wrk(base: str, path: str, seconds: float, connections: int, script: str = "") -> dict[str, float]:
    """Requests a second, p99 in ms, and answers that were not 200."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        more = ["-s", file.name] if script else []
        done = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds:g}s",
                "--latency",
                "--timeout",
                "20s",
                *more,
                base + path,
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    return {
        "rate": rate,
        "p99": float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit],
        "bad": int(bad[1]) if bad else 0,
    }


def paced(base: str, rate: float, seconds: float, start: int) -> list[float]:
    """Seconds of each of the uncached questions that arrive at a rate, answered or not."""
    from concurrent.futures import ThreadPoolExecutor

    def ask(number: int) -> float:
        began = time.perf_counter()
        url = f"{base}/api/v1/recommend?workload=resnet50&target={start + number}+images/s"
        with urllib.request.urlopen(url) as answer:
            answer.read()
        return time.perf_counter() - began

    with ThreadPoolExecutor(16) as pool:
        asked = []
        for number in range(int(rate * seconds)):
            asked.append(pool.submit(ask, number))
            time.sleep(1 / rate)
        return sorted(one.result() for one in asked)


def grown(base: str, pid: int, requests: int) -> None:
    """Say what the server holds as it answers: mixed requests, then as many that it knows."""
    known = {name: lua(names(base, name)) for name in ("gpus", "workloads")}
    done, told = 0, [f"{resident(pid):.0f}"]
    while done < requests:
        mix = MIXED.format(start=done, gpus=known["gpus"], models=known["workloads"], known=CACHED)
        done += int(wrk(base, "/", 20, 4, mix)["rate"] * 20)
        told.append(f"{resident(pid):.0f}")
    print(f"memory, mixed     {' '.join(told)} MB over {done:,} requests, one in twenty new")
    before, done = resident(pid), 0
    while done < requests:
        done += int(wrk(base, CACHED, 5, 16)["rate"] * 5)
    print(f"memory, known     {before:.0f} MB, after {done:,} more requests {resident(pid):.0f} MB")


def names(base: str, what: str) -> list[str]:
    """Every GPU or workload of the catalogue."""
    found: list[str] = []
    while True:
        with urllib.request.urlopen(f"{base}/api/v1/{what}?limit=500&offset={len(found)}") as answer:
            part = json.load(answer)
        found += [one["id"] for one in part[what]]
        if len(found) >= part["total"]:
            return found


def lua(texts: list[str]) -> str:
    """A list, as Lua writes it."""
    return "{" + ", ".join(f'"{one}"' for one in texts) + "}"


def main() -> None:
    """Start a server, load it, say what it held."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=100_000, help="Of the test for growth of memory.")
    options.add_argument("--seconds", type=float, default=10.0)
    asked = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("needs wrk: apt-get install wrk")
    server = subprocess.Popen(
        [sys.executable, "-m", "whichgpu", "serve", "--port", "0", "--rate-limit", "100000"],
        text=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        base = re.search(r"http://\S+(?=/ )", server.stderr.readline())[0]
        urllib.request.urlopen(base + CACHED).read()
        began = time.perf_counter()
        page = urllib.request.urlopen(f"{base}/?workload=resnet50&target=1000+images/s").read()
        spent_ms = 1e3 * (time.perf_counter() - began)
        print(f"first page        {spent_ms:8.0f} ms, {len(page) / 1e3:.0f} kB uncompressed")
        one = wrk(base, CACHED, asked.seconds, 8)
        print(f"cached            {one['rate']:8.0f} a second, p99 {one['p99']:.0f} ms, {one['bad']} refused")
        one = wrk(base, "/", asked.seconds, 4, UNCACHED.format(start=1000))
        print(f"uncached          {one['rate']:8.1f} a second, p99 {one['p99']:.0f} ms, {one['bad']} refused")
        one = wrk(base, "/", asked.seconds, 4, VARIED.format(start=1000))
        print(f"uncached, varied  {one['rate']:8.1f} a second, p99 {one['p99']:.0f} ms, {one['bad']} refused")
        spent = paced(base, 15.0, asked.seconds, 10_000_000)
        print(f"uncached, 15/s    p99 {1e3 * spent[int(0.99 * len(spent)) - 1]:8.0f} ms")
        grown(base, server.pid, asked.requests)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
