"""Sets of small numbers as whole numbers: bit 5 stands for the number 5. Python ands 10,000 of them at once."""

from collections.abc import Iterable, Iterator

DENSE = 32  # From here on it is quicker to look at every byte once.
IN_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def mask_of(numbers: Iterable[int]) -> int:
    found = list(numbers)
    if len(found) < DENSE:
        mask = 0
        for number in found:
            mask |= 1 << number
        return mask
    octets = bytearray(max(found) // 8 + 1)
    for number in found:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


def numbers_in(mask: int) -> list[int]:
    """In rising order."""
    if mask.bit_count() >= DENSE:
        octets = mask.to_bytes(mask.bit_length() // 8 + 1, "little")
        return [place * 8 + bit for place, octet in enumerate(octets) if octet for bit in IN_BYTE[octet]]
    found = []
    while mask:
        highest = mask.bit_length() - 1
        found.append(highest)
        mask ^= 1 << highest
    return found[::-1]


def rising(mask: int) -> Iterator[int]:
    """The same one by one, for those who may stop early."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
