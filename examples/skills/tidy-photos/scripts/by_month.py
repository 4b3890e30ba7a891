"""Sort the photos of a folder into folders by month."""

import argparse
import time
from pathlib import Path

ENDINGS = {".jpg", ".jpeg", ".png", ".heic"}


def main() -> None:
    """Move photos, or say what would be moved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--move", action="store_true", help="do it; without this, only say what would be done"
    )
    options = parser.parse_args()
    for photo in sorted(options.folder.iterdir()):
        if photo.suffix.lower() not in ENDINGS:
            continue
        month = time.strftime("%Y-%m", time.localtime(photo.stat().st_mtime))
        target = options.folder / month / photo.name
        if target.exists():
            print(f"stays: {photo.name}")
            continue
        print(f"{photo.name} -> {month}/")
        if options.move:
            target.parent.mkdir(exist_ok=True)
            photo.rename(target)


if __name__ == "__main__":
    main()
