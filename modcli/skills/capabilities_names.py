"""Names of shell commands, their options and first words, by what they do."""

from __future__ import annotations

import re

#: Stands for the files of an archive that is unpacked.
UNPACKED = "unpacked:"

SHELLS = {
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "ash",
    "fish",
    "pwsh",
    "powershell",
    "powershell.exe",
    "cmd",
    "cmd.exe",
}
INTERPRETERS = {
    **dict.fromkeys(SHELLS, "bash"),
    **dict.fromkeys(("pwsh", "powershell", "powershell.exe"), "powershell"),
    "ruby": "ruby",
    **dict.fromkeys(("python", "python2", "python3", "py", "pypy", "pypy3"), "python"),
    **dict.fromkeys(("node", "nodejs", "bun", "deno", "tsx", "ts-node"), "javascript"),
    **dict.fromkeys(("perl", "php", "lua", "osascript", "Rscript", "awk"), ""),
}
#: Options of PowerShell that take a word of their own.
PS_OPTION = re.compile(r"-(executionpolicy|exec?|ep|windowstyle|version)$", re.IGNORECASE)
#: Options of shells and interpreters whose word is a text of code.
TEXT_OPTIONS = {
    "-c",
    "-e",
    "-lc",
    "-ic",
    "-Command",
    "/c",
    "-p",
    "--eval",
    "eval",
    "-lic",
    "-r",
    "-pe",
    "-ne",
}
DOWNLOADERS = {"curl", "wget", "aria2c", "http", "https", "xh", "fetch", "lynx", "iwr", "irm", "invoke-webrequest",
                "invoke-restmethod", "axel", "curl.exe", "bitsadmin", "certutil"}  # fmt: skip
SENDERS = {"nc", "ncat", "netcat", "socat", "telnet", "scp", "sftp", "ftp", "rsync", "rclone", "dig", "nslookup", "host",
            "ping", "ssh", "s3cmd", "gsutil", "mail", "sendmail", "mutt", "transfer", "croc", "wormhole"}  # fmt: skip
READERS = {
    *(
        "cat",
        "head",
        "tail",
        "less",
        "more",
        "base64",
        "xxd",
        "od",
        "hexdump",
        "strings",
        "grep",
        "egrep",
        "rg",
        "sed",
    ),
    *(
        "awk",
        "cut",
        "jq",
        "sort",
        "uniq",
        "tar",
        "zip",
        "gzip",
        "7z",
        "cp",
        "mv",
        "dd",
        "openssl",
        "tac",
        "nl",
        "bat",
    ),
    *(
        "rev",
        "tr",
        "paste",
        "source",
        ".",
        "sqlite3",
        "find",
        "xargs",
        "type",
        "plutil",
        "gpg",
        "tee",
    ),
}
SECRET_COMMANDS = re.compile(
    r"^(security (find-(generic|internet)-password|dump-keychain|export)|gh auth token|gcloud auth print-\S*token|"
    r"aws configure (get|export-credentials)|az account get-access-token|op (read|item get)|pass show|"
    r"vault (read|kv get)|"
    r"secret-tool lookup|git credential (fill|get)|kubectl get secrets?|docker-credential-\S+ get|npm token|bw get|"
    r"ssh-add -L|lpass show|doppler secrets|heroku auth:token)"
)
WHOLE_KEYCHAIN = re.compile(r"^security (dump-keychain|export)|^kubectl get secrets?|^git credential")
USER_COMMANDS = {
    "pbpaste",
    "screencapture",
    "xclip",
    "wl-paste",
    "scrot",
    "gnome-screenshot",
    "import",
    "history",
}
INSTALLS = re.compile(
    r"^(pip3?|pipx|uv|python3? -m pip|npm|pnpm|yarn|bun|brew|apt|apt-get|yum|dnf|pacman|apk|gem|cargo|go|"
    r"conda|mamba|snap|"
    r"choco|winget|scoop|composer|poetry|npx|bunx|uvx|clawhub|claude plugin|code) "
    r"([^|;]*\b)?(install|add|i|ci|get|tool|-y|sync|dlx|--install-extension|pip)\b|^(npx|uvx|bunx|pipx run) "
)
PERSISTS = re.compile(
    r"^(crontab (?!-l)|crontab$|launchctl (load|bootstrap|submit|enable)|systemctl (--user )?(enable|link)|"
    r"schtasks (.* )?/create|"
    r"reg add .*\\Run|at (now|-f)|update-rc\.d|git config .*(core\.hooksPath|core\.sshCommand|"
    r"alias\.\S+ !)|claude mcp add|"
    r"(pm2|forever) (startup|save)|nvram|Register-Scheduled\w+|New-Service\b)", re.IGNORECASE,
)  # fmt: skip
RIGHTS = re.compile(
    r"^(chmod (-R )?([ugo]*\+\S*s|[246]\d{3})|visudo|setcap|setenforce 0|spctl --(master|"
    r"global)-disable|csrutil disable|"
    r"xattr .*com\.apple\.quarantine|usermod .*(sudo|wheel)|dscl .*admin|Set-MpPreference|"
    r"Set-ExecutionPolicy|ufw disable|"
    r"iptables -F|claude .*--dangerously-skip-permissions|codex .*--dangerously)", re.IGNORECASE,
)  # fmt: skip
CURL_DATA = {
    "-d",
    "--data",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "-F",
    "--form",
    "-T",
    "--upload-file",
    "--json",
    "--post-data",
    "--post-file",
    "--body-data",
    "--body-file",
    "-Body",
    "-InFile",
    "--url",
    "-G",
}
CURL_HEADER = {
    "-H",
    "--header",
    "-u",
    "--user",
    "--oauth2-bearer",
    "-b",
    "--cookie",
    "-A",
    "-e",
    "--proxy",
    "-x",
    "--password",
    "--key",
    "--cert",
    "-E",
    "--cacert",
    "-Headers",
    "--http-password",
}
CURL_OUT = {"-o", "--output", "-O", "--output-document", "-OutFile", "--output-dir", "-P"}
OUT_OPTIONS = {"-o", "--output", "-out", "--out", "--outfile"}
