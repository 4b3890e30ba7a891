"""The report of an audit: how long it takes to make, how large it is, and how soon Chromium shows its table.

pip install playwright
python benchmarks/report.py AUDIT.db [--include-private] [--browser /usr/bin/chromium] [--runs 3]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("audit", type=Path)
    parser.add_argument("--include-private", action="store_true")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    page = given.audit.with_suffix(".bench.html").resolve()
    command = [sys.executable, "-m", "modcli", "report", str(given.audit), "-o", str(page)]
    start = time.perf_counter()
    subprocess.run([*command, *(["--include-private"] if given.include_private else [])], check=True)
    print(f"made in {time.perf_counter() - start:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
    opened, whole = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.browser, args=["--no-sandbox"])
        for _ in range(given.runs):
            tab = browser.new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri())
            tab.wait_for_selector("#table:not([hidden])")
            opened.append(time.perf_counter() - start)
            # With the texts, which are unpacked after the first page is shown.
            tab.wait_for_selector("html[data-ready]")
            whole.append(time.perf_counter() - start)
            tab.close()
        browser.close()
    print(f"table after {statistics.median(opened):.2f} s, texts after {statistics.median(whole):.2f} s")


if __name__ == "__main__":
    main()
