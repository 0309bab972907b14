"""English words whose syllables are not as they are spelt."""


def _table(text: str) -> dict[str, int]:
    """`count: words` a line."""
    lines = (line.partition(":") for line in text.strip().splitlines())
    return {word: int(count) for count, _, words in lines for word in words.split()}


AS_COUNTED = _table(
    """
1: one once does goes shoes queue queued real tier pier priest friend view viewed league aisle isle guess guest
1: guide guard build built fruit suit suite aged eye yeah piece field shield yield brief chief thief grief you your
1: young youth quite please cease lease
2: every people business evening someone something sometimes somewhere somehow minute create duel cruel poem poet diet
2: quiet science lion giant riot dial trial liar chaos cashier frontier soldier colour creature pigeon surgeon dungeon
2: ocean schedule clothing iron often either neither million billion union onion region wednesday chocolate comfort
2: fluid ruin rhythm email online offline upload reply forehead therefore canyon senior junior naked wicked rugged
2: ninety sudden purchase marriage carriage cookie movie rookie cafe machine focused released increased decreased
2: promise purpose sentence guidance fatigue technique unique antique boutique critique argue value issue tissue rescue
2: statue virtue pursue venue tuesday fuel being seeing doing going hundred sacred something
3: area idea video radio audio studio ratio period everyone everything everybody everywhere anyone anything anybody
3: anywhere another however whatever whenever wherever together museum opinion religion companion interest employee
3: patio continue avenue vehicle obedient convenient nuclear catalogue dialogue average vegetable favourite
3: piano violent violence diary finally memory victory factory history company industry deleted
4: january february experience experienced material priority society variety anxiety reality literary military temporary
4: territory secretary dictionary necessary situation february apostrophe usually actually
5: immediately unfortunately
"""
)
