"""`make pictures`: every page at phone, frame and desktop widths, light and dark, into docs/pictures/."""

import sys
from pathlib import Path

from tests.browser.chromium import SCHEMES, SIZES, chromium, opened
from tests.browser.places import PLACES, lived

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
TALLEST = 1200


def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser, lived() as world:
        for place in [place for place in PLACES if not names or place.name in names]:
            for size, (width, _) in SIZES.items():
                for scheme in SCHEMES:
                    more = world.admin(browser) if place.admin else {}
                    with opened(browser, size, scheme, **more) as (page, _heard):
                        page.goto(world.url + place.path(world), wait_until="networkidle")
                        tall = page.evaluate("document.documentElement.scrollHeight")
                        page.set_viewport_size({"width": width, "height": min(tall, TALLEST)})
                        page.screenshot(path=FOLDER / f"{place.name}-{size}-{scheme}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
