"""What code can do, and which files, variables and hosts are more than its own business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from modcli.skills.code_program import HOLE


class Capability(StrEnum):
    """What a piece of code does that a reader of a skill wants to know. None of them is harm by itself."""

    NETWORK_OUT = "network-out"
    NETWORK_IN = "network-in"
    CREDENTIALS = "credentials"
    SECRET_VARIABLES = "secret-variables"  # noqa: S105 -- no password
    USER_FILES = "user-files"
    WRITES_OUTSIDE = "writes-outside"
    PROCESS = "process"
    DYNAMIC_CODE = "dynamic-code"
    DECODING = "decoding"
    PERSISTENCE = "persistence"
    INSTALLATION = "installation"
    PRIVILEGE = "privilege"
    DELETION = "deletion"
    OBFUSCATION = "obfuscation"


class Kind(StrEnum):
    """What a value holds, as far as it matters where it goes."""

    CREDENTIAL = "credentials"
    ENVIRONMENT = "all environment variables"
    DOTENV = "a file of keys"
    SECRET = "a secret variable"  # noqa: S105 -- no password
    USER_FILE = "private files"
    DOWNLOAD = "a download"
    DECODED = "decoded data"


class Sink(StrEnum):
    """Where a value must not end up without a second thought."""

    NETWORK = "network"
    HEADER = "header"
    CODE = "code"
    PERSISTED = "persisted"


@dataclass(frozen=True, slots=True)
class Fact:
    """A capability, on which lines, in which function, and what exactly. `target` is the host or path, where known."""

    capability: Capability
    line: int
    told: str
    target: str = ""
    scope: str = ""
    last_line: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Something that goes from a source to a sink: what, from which line, to where, on which line. `told` and `into` say
    what stands there; `target` is the host, path or command; `source` is where it is from; `inside` says
    `persisted` of code that is put where it is run later, `unpacked:` of a file that may be from an archive; `steps` is
    how long the way is, in edges."""

    kind: Kind
    sink: Sink
    source_line: int
    line: int
    told: str
    into: str
    target: str = ""
    source: str = ""
    scope: str = ""
    inside: str = ""
    steps: int = 0


_SECRET_PATH = re.compile(
    r"(^|/)(\.ssh(/(?!config|known_hosts|authorized_keys|[^/]*\.pub$)[^/]*)?$|\.aws/(credentials|config)|\.aws/?$|"
    r"\.config/gcloud|\.azure(/|$)|\.kube/config|\.docker/config\.json|\.pypirc|\.netrc|_netrc|\.npmrc|"
    r"\.git-credentials|\.gnupg|\.password-store|\.vault-token|\.terraform\.d/credentials|\.config/gh/hosts|"
    r"\.claude/\.credentials|\.codex/auth\.json|\.claude\.json|Library/Keychains|login\.keychain|wallet\.dat|"
    r"\.electrum|\.bitcoin|\.ethereum/keystore|\.config/solana|Exodus/exodus\.wallet|MetaMask|1Password|"
    r"Login Data|Local State|logins\.json|key4\.db|cookies\.sqlite|Cookies(\.binarycookies)?$|"
    r"(Google/Chrome|google-chrome|BraveSoftware|Microsoft/Edge|\.mozilla/firefox|Firefox/Profiles)(/|$))"
    r"|^/etc/(shadow|master\.passwd|sudoers)|^/proc/(self|\d+|\*)/environ|id_(rsa|ed25519|ecdsa|dsa)$"
)
_DOTENV_PATH = re.compile(
    r"(^|/)\.env(\.(local|production|prod|development|staging))?$|(^|/)\.openclaw/\.env$|(^|/)\.envrc$"
)
_USER_PATH = re.compile(
    r"^(~|/home/[^/]+|/Users/[^/]+)/?(\*+/?)*$|^(~|/home/[^/]+|/Users/[^/]+|\0)/(Documents|Desktop|Pictures|Photos|"
    r"Downloads|Library/(Messages|Mail|Application Support/(AddressBook|CallHistory))|"
    r"\.(bash|zsh|python|psql|mysql|node_repl)_history|\.claude/(projects|history)|\.local/share/fish|"
    r"\.config/(Signal|discord|Slack)|\.thunderbird)|/\.(bash|zsh)_history$|^/etc/passwd$|chat\.db$"
)
_PERSISTENT_PATH = re.compile(
    r"(^|/)(\.(bash|zsh|k)rc|\.(bash_|z)?profile|\.bash_login|\.zshenv|\.zlogin|\.config/fish/config\.fish|"
    r"\.config/autostart/|\.config/systemd/.*\.(service|timer|socket|path)$|Library/Launch(Agents|Daemons)/|Startup/|\.git/hooks/|\.husky/|"
    r"\.ssh/authorized_keys|\.claude/(settings|hooks|agents|commands|skills|CLAUDE)|CLAUDE\.md|AGENTS\.md|GEMINI\.md|"
    r"SOUL\.md|MEMORY\.md|HEARTBEAT\.md|\.cursorrules|\.windsurfrules|\.cursor/(rules|mcp\.json|hooks)|\.mcp\.json|"
    r"claude_desktop_config\.json|copilot-instructions\.md|\.vscode/(tasks|settings)\.json|sitecustomize\.py|usercustomize\.py|"
    r"\.claude\.json|\.claude/settings(\.local)?\.json)"
    r"|^/etc/(cron|systemd|rc\.|profile|init|ld\.so|sudoers|launchd)|^/var/spool/cron|^/(Library|System)/Launch"
)
_OUTSIDE_PATH = re.compile(r"^(~|/(?!tmp/|dev/(null|stdout|stderr|tty|fd)|var/tmp/|private/tmp/)|[A-Z]:\\)")
_SECRET_NAME = re.compile(
    r"(^|_)(api_?key|apikey|key|token|secret|password|passwd|pwd|credentials?|auth|pat|cookie|private|mnemonic|seed)s?"
    r"(_|\d|$)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"^(https?|wss?|ftp)://", re.IGNORECASE)
_NUMERIC_HOST = re.compile(
    r"^(\d{1,3}(\.\d{1,3}){3}|0x[0-9a-f]{8}|\d{8,10}|[0-9a-f:]*:[0-9a-f:]+)$", re.IGNORECASE
)
_LOCAL_HOST = re.compile(
    r"^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|"
    r"host\.docker\.internal|[\w-]+\.(local|internal|localhost|test))$"
)
_BIG_SECRETS = re.compile(
    r"^AWS_(SECRET|SESSION)|^(GH|GITHUB|GITLAB|NPM|PYPI|VAULT|CLOUDFLARE|STRIPE|SLACK|HF|OPENAI|ANTHROPIC|"
    r"GOOGLE|GEMINI|AZURE|DIGITALOCEAN|HEROKU|TWILIO|SENDGRID|OPENROUTER|DISCORD|TELEGRAM|NOTION|LINEAR|JIRA)_"
)
#: Vendors whose variables are known, and what is in the names of their hosts.
VENDOR_HOSTS = {
    "aws": ("amazonaws.com", "aws.amazon.com"),
    "gh": ("github.com", "githubusercontent.com"), "github": ("github.com", "githubusercontent.com"),
    "hf": ("huggingface.co", "hf.co"), "google": ("googleapis.com", "google.com"),
    "gemini": ("googleapis.com", "google.com"), "azure": ("azure.com", "windows.net", "microsoft.com"),
    "openai": ("openai.com", "azure.com"), "anthropic": ("anthropic.com", "claude.com"),
    "npm": ("npmjs.org", "npmjs.com"), "pypi": ("pypi.org",), "jira": ("atlassian.net",),
    "telegram": ("telegram.org",), "discord": ("discord.com", "discordapp.com"),
    "cf": ("cloudflare.com",), "do": ("digitalocean.com",), "x": ("x.com", "twitter.com"),
    "twitter": ("x.com", "twitter.com"),
}  # fmt: skip


def secret_path(path: str) -> Kind | None:
    """What a file holds that is nobody else's business: credentials, keys, private files; None for others."""
    path = path.replace("\\", "/")
    if _SECRET_PATH.search(path):
        return Kind.CREDENTIAL
    if _DOTENV_PATH.search(path):
        return Kind.DOTENV
    return Kind.USER_FILE if _USER_PATH.search(path) else None


def persistent_path(path: str) -> bool:
    """Whether what is written there is run, or read by an agent, later and by itself."""
    return bool(_PERSISTENT_PATH.search(path.replace("\\", "/")))


def outside_path(path: str) -> bool:
    """Whether a path is certainly out of the folder that one works in; temporary folders are not meant."""
    return bool(_OUTSIDE_PATH.match(path))


def secret_name(name: str) -> bool:
    """Whether a variable is called as secrets are."""
    return bool(_SECRET_NAME.search(name)) and name not in ("SSH_AUTH_SOCK", "KEY", "PWD", "OLDPWD")


def big_secret(name: str) -> bool:
    """Whether a variable is of a vendor that everybody knows, so that it is clear where it belongs."""
    return bool(_BIG_SECRETS.match(name)) and secret_name(name)


def host_of(address: str) -> str:
    """The host of an address, in small letters; empty where it is not known."""
    if not address or address.startswith(HOLE):
        return ""
    if not _ADDRESS.match(address):
        address = "//" + address
    try:
        host = urlsplit(address.replace(HOLE, "_hole_")).hostname or ""
    except ValueError:
        return ""
    return "" if "_hole_" in host else host.rstrip(".")


def is_address(text: str) -> bool:
    """Whether a text begins as a web address does."""
    return bool(_ADDRESS.match(text))


def numeric_host(host: str) -> bool:
    """Whether a host is a bare number: nobody's name stands for it."""
    return bool(_NUMERIC_HOST.match(host)) and not _LOCAL_HOST.match(host)


def local_host(host: str) -> bool:
    """Whether a host is this machine or in its own network."""
    return bool(_LOCAL_HOST.match(host))


def belongs_to(variable: str, host: str) -> bool:
    """Whether a secret variable is sent to whom it is from: what is in its name is in the host's."""
    words = [word for word in variable.lower().split("_") if len(word) > 1 and not secret_name(word.upper())]
    labels = host.lower().replace("-", "").split(".")
    for word in words:
        if word in VENDOR_HOSTS:
            if any(host == vendor or host.endswith("." + vendor) for vendor in VENDOR_HOSTS[word]):
                return True
        elif len(word) > 2 and any(word in label for label in labels[:-1]):
            return True
    return False
