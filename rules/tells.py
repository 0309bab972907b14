"""The patterns that give the inside of IT away. RE2 syntax; `kind` reads after "holds".

Where a pattern has a group, the group is the leak and the rest its surroundings. `sure` decides what a regular
expression cannot. `joined` patterns are also looked for with line breaks taken out: nothing in ordinary words
becomes one of them that way.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tell:
    kind: str
    pattern: str
    sure: Callable[[str], bool] | None = None
    joined: bool = False


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.rstrip(".:") if not text.endswith("::") else text)
    except ValueError:
        return False
    return True


def mixes_digits(text: str) -> bool:
    """Letters and digits both, as in what machines make up and people do not."""
    return sum(c.isdigit() for c in text) > 1 and any(c.isalpha() for c in text)


def mixes_cases(text: str) -> bool:
    return mixes_digits(text) and any(c.isupper() for c in text) and any(c.islower() for c in text)


def is_secret_value(text: str) -> bool:
    """`password=x` always; after a colon or "is" only what nobody would write as a word."""
    value = text.split("=", 1)[-1] if "=" in text else text.split(None, 1)[-1].split(":", 1)[-1].strip(" :")
    return "=" in text or (len(value) >= 6 and mixes_digits(value)) or any(c in "!@#$%^&*_" for c in value)  # noqa: PLR2004 - shorter is a word


def is_host(text: str) -> bool:
    """A dotted name, unless it is two sentences without a blank between them ("works.It")."""
    labels = text.split(".")
    end = labels[-1]
    if end[:1].isupper() and not text.isupper():
        return False
    return end.lower() not in ALSO_WORDS or len(labels) > 2 or any(c in "-0123456789" for c in text)  # noqa: PLR2004 - host.domain.tld


def has_two_words(text: str) -> bool:
    """Two parts with letters: CARD-GW-PROD is a machine's name, 2026-11-22 a date."""
    return sum(any(c.isalpha() for c in part) for part in text.replace("_", "-").split("-")) > 1


def is_pod(text: str) -> bool:
    return any(c.isdigit() for c in text.split("-")[-2])


def is_spaced_address(text: str) -> bool:
    return is_address(text.replace(" ", ""))


def is_card(text: str) -> bool:
    """A payment card's number: its digits pass Luhn's check."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in {3, 4, 5, 6}:  # noqa: PLR2004 - ISO/IEC 7812
        return False
    doubled = [sum(divmod(2 * d, 10)) if place % 2 else d for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_bank_account(text: str) -> bool:
    """An IBAN, by its check digits."""
    plain = "".join(text.split()).upper()
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1  # noqa: PLR2004 - ISO 13616


ALSO_WORDS = frozenset(
    {"it", "is", "in", "no", "so", "at", "me", "us", "to", "be", "am", "as", "my", "do", "info", "app"}
)
INNER = "local|localdomain|localhost|internal|intranet|intern|corp|lan|priv|private|svc|arpa|ads|dom"
PUBLIC = (
    "com|net|org|io|dev|app|cloud|info|biz|edu|gov|mil|int|tech|online|site|systems|network|host|company|shop"
    "|de|at|ch|fr|uk|eu|us|nl|be|es|it|pl|cz|dk|se|no|fi|ie|pt|ru|ua|tr|in|cn|jp|kr|br|mx|ca|au|nz|za|il|ae|sg|hk|me|tv"
    "|co|to|so|is|as|am|my|ly|gl|sh|ai|test|invalid|example"
)
ROLE = (
    "srv|svr|serv|server|host|node|web|www|dbs|sql|mysql|pgsql|ora|dns|dhcp|ntp|esx|esxi|rtr|proxy|nas|san|smtp|exch|k8s"
    "|prod|prd|uat|stg|stage|dev|tst|api|cache|redis|mongo|kafka|rabbit|ftp|sftp|bkp|jenkins|vpn|ctx|rds|lnx|aix|ldap"
    "|iis|nginx|tomcat|app"
)
SHORT = "db|dc|vm|lb|fw|sw|gw|mx|hv|mq"  # SW19 is where tennis is played, DC10 an aeroplane: these need more.
NOT_BEFORE = r"(?:^|[^\w/.@-])"

TELLS = (
    # Hosts and networks
    Tell("a host name", rf"(?i)\b((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{INNER}))\b"),
    Tell("a host name", rf"(?i)\b((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{PUBLIC}))\b", is_host),
    Tell("a host name", rf"(?i)\b((?:[a-z0-9]+[-_])*(?:{ROLE})(?:{ROLE}|p|t|d|s)?[-_]?\d{{2,5}}[a-z]?)\b"),
    Tell("a host name", rf"(?i)\b((?:[a-z0-9]+[-_])*(?:{SHORT})(?:{ROLE})?[-_]?(?:0\d{{1,3}}|\d{{3,5}}))\b"),
    Tell("a host name", rf"\b(?:{SHORT})\d{{2,5}}\b"),
    Tell("a host name", rf"(?i)\b((?:[a-z0-9]+[-_])+(?:{ROLE}|{SHORT})[-_]?\d{{1,5}})\b"),
    Tell("a host name", rf"(?i)\b((?:{ROLE}|{SHORT})[-_](?:[a-z0-9]+[-_])*[a-z]*\d{{1,5}})\b"),
    Tell("a host name", r"(?i)\blocalhost\b"),
    Tell("a host name with its port", r"(?i)\b[a-z][a-z0-9.-]*[a-z0-9]:(?:[2-9]\d{3}|[1-9]\d{4}|22|443|80)\b"),
    Tell("an internal name", r"\b[A-Z0-9]{2,}(?:[-_][A-Z0-9]{2,}){2,}\b", has_two_words),
    Tell("an internal name", r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b"),
    Tell("an internal name", r"\b[a-z][a-z0-9]+(?:\.[a-z][a-zA-Z0-9]+){2,}\b"),
    Tell("an IP address", r"\b(\d{1,3}(?:\.\d{1,3}){3})(?:/\d{1,2})?\b", is_address, joined=True),
    Tell("an IP address", r"(?i)(?:^|[^0-9a-z:])([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?:\.\d{1,3}){0,3})", is_address),
    Tell("a hardware address", r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", joined=True),
    Tell("a hardware address", r"(?i)\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b", mixes_digits),
    Tell("an IP address", r"\b(\d{1,3}(?: ?\. ?\d{1,3}){3})\b", is_spaced_address),
    Tell("an internal name", r"(?i)\b(?:[a-z0-9]+-)+(?:prod|prd|uat|stg)\b|\b(?:prod|prd|uat|stg)-[a-z0-9][a-z0-9-]*"),
    Tell(
        "a device",
        r"(?i)\b(?:laptop|desktop|pc|notebook|printer|prn)-(?:[a-z0-9]+-)*[a-z]*\d[a-z0-9]+\b"
        r"|\b(?:serial (?:number|no\.?)|seriennummer|s/n|imei|asset tag)[\s:#]*[a-z0-9-]*\d[a-z0-9-]{4,}",
    ),
    Tell(
        "a network detail",
        r"(?i)\bvlan\d+\b|\b(?:eth|ens|eno|wlan|bond)\d{1,3}\b|\b(?:gi|te|fa)\d+/\d+|\bgigabitethernet\d",
    ),
    Tell("a network detail", r"(?i)\b(?:port|vlan|tcp|udp)[ /:]+\d{2,5}\b"),
    # People and accounts
    Tell("an e-mail address", r"[\w.+%'-]+\s?@\s?[\w-]+(?:\s?\.[\w-]+)+"),
    Tell("an account", r"\b[A-Z][A-Za-z0-9]{1,14}\\[\w.$-]+"),
    Tell("an e-mail address", r"(?i)\b[\w.+-]+\s+at\s+[\w-]+\s+(?:dot|punkt)\s+[a-z]{2,}\b"),
    Tell("an account", r"\b[\w.+-]{2,}@[\w-]{2,}"),
    Tell("an account", r"(?i)\bsvc[-_][a-z0-9_-]+"),
    Tell("a bank account", r"\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30})\b", is_bank_account, joined=True),
    Tell("a payment card", r"\b(\d(?:[ -]?\d){12,18})\b", is_card, joined=True),
    Tell("a personal number", r"\b\d{3}-\d{2}-\d{4}\b"),
    Tell(
        "a mail's header",
        r"(?i)(?:^|[^\w-])((?:message-id|return-path|delivered-to|dkim-signature|content-type|mime-version|in-reply-to"
        r"|content-transfer-encoding|authentication-results|set-cookie|jsessionid"
        r"|x-(?:mailer|originating|spam|ms|forwarded|received|google|priority)[\w-]*)\s?[:=])",
    ),
    Tell("a mail's header", r"\bReceived: (?:from|by)\b|\bCookie: \w+="),
    Tell(
        "a mail's header", r"(?i)-{2,}\s?(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitet)"
    ),
    Tell(
        "a mail's header", r"(?i)\b(?:from|von|to|an):[^\n]*\n\s*(?:sent|date|to|cc|subject|gesendet|datum|an|betreff):"
    ),
    Tell(
        "a mail's header", r"(?i)\bon [^\n]{4,60}\d{4}[^\n]{0,80}\bwrote:|\bam [^\n]{4,40}\d{4}[^\n]{0,60}\bschrieb\b"
    ),
    Tell("an account", r"(?i)\b(?:cn|ou|dc|uid)=[^,\s]+,\s*(?:cn|ou|dc|o)="),
    # Addresses in a browser
    Tell("an address", r"(?i)\b[a-z][a-z0-9+.-]{1,15}:\s?//(?:\S*[\w/#=&-]|\S)?"),
    Tell("an address", r"(?i)\bhttps?:\s?[\\/]{1,2}\s?\S|\bwww\.\w+"),
    Tell("an address", r"(?i)\b(?:jdbc|mailto|ldap|data source|server)\s?[:=]\s?[\w/]+[:;@/]\S*"),
    Tell("a link to a ticket", r"(?i)/browse/[a-z][a-z0-9_]+-\d+"),
    Tell("a link to a ticket", r"(?i)\b(?:nav_to|incident|change_request|problem|task|sys_\w+)\.do\b"),
    Tell("a link to a ticket", r"(?i)\bsysparm_\w+|\bsys_id\b"),
    Tell("another ticket", r"\b(?:INC|PRB|CHG|CTASK|SCTASK|RITM|REQ|TASK|PTASK|KB|STRY|CS|HRC)\d{5,}\b"),
    Tell(
        "another ticket",
        r"\b(?i:duplicate of|duplikat von|caused by|blocked by|relates to|linked to|child of|part of)\s+"
        r"([A-Z][A-Z0-9]+-\d+)\b",
    ),
    Tell("another ticket", r"\bPR ?#\d+|\bMR ?!\d+"),
    # Programs that fell over
    Tell(
        "a stack trace",
        r"(?i)\bfatal error:|\bphp (?:fatal|warning|notice)\b|\bpanicked at\b|\bkernel panic\b|\bstack smashing\b"
        r"|\bnull pointer\b|\.\.\. \d+ more\b|\bat async \w+|\bnpm err!|\bjava heap\b|\bdeadlock victim\b",
    ),
    Tell("a process", r"(?i)\bs?pid[\s:=]*\d+\b|\bthread-\d+\b"),
    Tell("a stack trace", r"(?i)traceback\s*\(\s*most\s+recent\s+call"),
    Tell("a stack trace", r"""(?i)\bfile\s+["'][^"']+["'],\s*line\s+\d+"""),
    Tell("a stack trace", r"\bat\s+[\w$]+(?:\.[\w$<>`]+)+\s*\("),
    Tell("a stack trace", r"(?i)\bat\s+[\w.<>]+\s+\([^)]*:\d+:\d+\)"),
    Tell("a stack trace", r"(?i)\(\w+\.(?:java|kt|scala|groovy)(?::\d+)?\)|\bnative method\)"),
    Tell("a stack trace", r"\bCaused by:|\bgoroutine \d+|\bpanic:|(?i)\bcore dumped\b|\bsegmentation fault\b"),
    Tell("a program's error", r"\b(?:[\w$]+\.)*[A-Z][a-z0-9]+(?:[A-Z]\w*)?(?:Exception|Error|Fault)\b"),
    Tell("a program's error", r"\b(?:IO|OS|SSL|SQL|JVM|IP)(?:Exception|Error)\b"),
    Tell(
        "a program's file",
        r"(?i)\b[\w-]+\.(?:py|java|js|ts|cs|go|rb|php|cpp|sql|sh|ps1|bat|dll|exe|jar|conf|cfg|ini|ya?ml|log|cgi|aspx?|jsp)\b",
    ),
    Tell("a log line", r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"),
    Tell("a log line", r"\[(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE)\]|\b(?:ERROR|FATAL|WARN|DEBUG)\s*:"),
    # SQL
    Tell("SQL", r"\bSELECT\b[\s\S]{1,300}?\bFROM\b"),
    Tell("SQL", r"(?i)\bselect\s+(?:\*|[\w.]+(?:\s*,\s*[\w.]+)+|count\(.*?\))\s+from\s+\w"),
    Tell("SQL", r"(?i)\bselect\s+[\w.]+\s+from\s+[\w.]+\s+where\s+[\w.]+\s*(?:=|<|>|like\b|in\s*\()"),
    Tell("SQL", r"(?i)\binsert\s+into\s+[\w.]+\s*(?:\(|values\b)"),
    Tell("SQL", r"(?i)\bupdate\s+[\w.]+\s+set\s+[\w.]+\s*="),
    Tell(
        "SQL",
        r"(?i)\bdelete\s+from\s+[\w.]+\s*(?:;|where\b)|\b(?:drop|alter|truncate|create)\s+(?:table|index|view)\s+\w",
    ),
    Tell("SQL", r"\bGRANT\s+(?:ALL|SELECT|INSERT|UPDATE|EXECUTE)\b|\bMERGE\s+INTO\b|\bEXEC\s+\w+_\w+"),
    # Paths
    Tell("a file path", rf"{NOT_BEFORE}(~?/(?:[\w.@+-]+/)+[\w.@+-]*)"),
    Tell("a file path", r"(?:^|\W)(/(?:etc|var|usr|opt|tmp|home|root|srv|proc|mnt|dev)\b[\w./-]*)"),
    Tell("a file path", r"\b[A-Za-z]:[\\/][\w .$-]*"),
    Tell("a file path", r"\\\\[\w.$-]+\\[\w.$-]+"),
    Tell("a registry key", r"\bHK(?:EY_[A-Z_]+|LM|CU|CR|U)\\"),
    Tell("a variable", r"\$(?:HOME|PATH|USER|TEMP|TMP|PWD)\b"),
    Tell("a variable", r"%[A-Z][A-Z_]{2,}%|\$\{[^}]*\}?|\{\{|\{%"),
    # Keys and tokens
    Tell("an access key", r"\b(?:AKIA|ASIA|AIDA|AROA)[0-9A-Z]{16}\b", joined=True),
    Tell(
        "an access key", r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[srp]k_(?:live|test)_|AIza|ATATT)[\w-]{10,}"
    ),
    Tell("an access key", r"\b(?:npm_|pypi-|SG\.|hvs\.|dop_v1_)[\w.-]{10,}|\bPuTTY-User-Key-File"),
    Tell("an access key", r"-----BEGIN [A-Z ]+-----|\bssh-(?:rsa|ed25519|dss)\s+AAAA"),
    Tell("an access token", r"\beyJ[\w-]{5,}\.[\w-]{5,}", joined=True),
    Tell("an access token", r"(?i)\bbearer\s+[\w.~+/=-]{8,}", mixes_digits),
    Tell("an access token", r"\b[Bb]asic\s+[A-Za-z0-9+/]{10,}=*", mixes_cases),
    Tell(
        "a password",
        r"(?i)\b(?:password|passwd|pwd|pw|passphrase|passwort|kennwort|secret|token|api[ _-]?key|access[ _-]?key)"
        r"(?:\s*[=:]\s*|\s+is\s+)[^\s,;]+",
        is_secret_value,
    ),
    Tell("a password", r"(?i)\b(?:pin|tan|otp|passcode)\s*[:=]\s*\d{4,8}\b"),
    Tell("an access token", r"(?i)\b(?:j?session_?id|phpsessid)\s*[=:]\s*\w+"),
    Tell("an access token", r"\b[A-Za-z0-9+/_-]{40,}", mixes_cases),
    Tell("a record's id", r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", joined=True),
    Tell("a record's id", r"(?i)\b[0-9a-f]{32,64}\b", mixes_digits, joined=True),
    Tell("a container's id", r"\b[0-9a-f]{12}\b", mixes_digits),
    Tell("a container's name", r"\b[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-z]{8,10}-[a-z0-9]{5}\b", is_pod),
    Tell("a container's name", r"\b[\w.-]+/[\w.-]+:v?\d+(?:\.\d+)+\b"),
    Tell("a cloud resource", r"(?i)\barn:aws[\w-]*:"),
    Tell("a cloud resource", r"\b(?:eu|us|ap|sa|ca|me|af)-(?:north|south|east|west|central)(?:east|west)?-\d\b"),
    Tell("a cloud resource", r"\bi-[0-9a-f]{8,17}\b"),
    # Error codes
    Tell(
        "an error code",
        r"(?i)\b(?:error|err|fehler)(?:[ _-]?(?:code|no\.?|nr\.?|number|nummer))?[\s:=#_-]*(?:[a-z]{1,4}-?)?\d{3,}\b"
        r"|\b(?:error|fehler)[ _-]?code[\s:=#]*\d+",
    ),
    Tell(
        "an error code", r"(?i)\bhttp(?:s)?(?:/\d(?:\.\d)?)?(?:\s+(?:status|code|error|response))*[\s:=#-]*[1-5]\d\d\b"
    ),
    Tell("an error code", r"(?i)\b(?:status|error|code|err|fehler)(?:\s*code)?[\s:=#-]*[45]\d\d\b"),
    Tell(
        "an error code",
        r"(?i)\b5\d\d\s+(?:internal|bad|gateway|service|server)\b"
        r"|\b(?:internal server error|bad gateway|gateway time-?out)\b",
    ),
    Tell("an error code", r"(?i)\b(?:ora|tns|pls|rman|imp|exp|dbd|jbas|weblogic|bea|cics|dfh|abend)-?\d{4,6}\b"),
    Tell("an error code", r"(?i)\bsqlstate\b|\bsqlcode\b|\bmsg \d+, level \d+|\berror \d{4}\s*\("),
    Tell("an error code", r"(?i)\b0x[0-9a-f]{2,}\b"),
    Tell(
        "an error code",
        r"\bE(?:ACCES|ADDRINUSE|AGAIN|AI_AGAIN|CONNABORTED|CONNREFUSED|CONNRESET|EXIST|HOSTUNREACH|INVAL|ISDIR|MFILE"
        r"|NETUNREACH|NOENT|NOMEM|NOSPC|NOTCONN|NOTFOUND|PERM|PIPE|PROTO|TIMEDOUT)\b",
    ),
    Tell("an error code", r"(?i)\b(?:errno|exit (?:code|status)|event id|return code|rc)[\s:=]*-?\d+"),
    Tell("an error code", r"\bSIG(?:KILL|TERM|SEGV|ABRT|INT|HUP|PIPE)\b|\b(?:ERR|STATUS)_[A-Z_]+"),
    Tell("an error code", r"\b(?:OOMKilled|CrashLoopBackOff|ImagePullBackOff|ErrImagePull|Evicted)\b"),
    Tell("an error code", r"(?i)\bcve-\d{4}-\d{4,}\b|\bkb\d{6,}\b"),
    # Commands and markup
    Tell(
        "a command",
        r"(?i)\b(?:sudo|systemctl|kubectl|iisreset|chmod|chown)\s+[\w/-]+|\bdocker\s+(?:run|ps|exec|logs|restart)\b",
    ),
    Tell(
        "a command",
        r"(?i)\b(?:tracert|traceroute|nslookup|ipconfig|ifconfig|powershell|robocopy|netstat)\b|\bnet use\b"
        r"|\bgit (?:push|pull|clone|commit|rebase|checkout)\b",
    ),
    Tell("a command", r"\b(?:Get|Set|New|Remove|Start|Stop|Restart|Invoke)-[A-Z][A-Za-z]+\b"),
    Tell("a program's version", r"(?i)\bcommit [0-9a-f]{7,40}\b", mixes_digits),
    Tell("a command", r"(?i)\b(?:ssh|scp|sftp|curl|wget|psql)\s+(?:-{1,2}\w|[\w.-]+@)"),
    Tell("markup", r"(?i)</?[a-z][\w:-]*(?:\s[^<>]*)?/?>|\[/?code\]"),
    Tell("raw data", r"""[{\[]\s*["'][\w .-]+["']\s*[:,]"""),
)
