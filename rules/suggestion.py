"""The name that somebody probably meant."""

from collections.abc import Collection

from rules import vocabulary

SHORTEST = 3  # letters that a beginning needs to hint at anything


def did_you_mean(wrong: str, known: Collection[str]) -> str:
    """A sentence with the nearest known name, `""` where nothing is near. What people shorten counts as near."""
    typed = wrong.strip().casefold()
    begun = [name for name in known if len(typed) >= SHORTEST and name.casefold().startswith(typed)]
    if len(begun) == 1:
        return f"Did you mean {begun[0]}?"
    return vocabulary.did_you_mean(wrong, tuple(known))
