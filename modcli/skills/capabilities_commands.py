"""What shell commands do: which of them reach the network, run what they are given, read, write and delete files."""

from __future__ import annotations

import re
from collections.abc import Callable

from modcli.skills.capabilities import Capability, Kind, Sink, host_of, is_address, secret_path
from modcli.skills.capabilities_calls import Effect, effect_of
from modcli.skills.capabilities_names import (
    CURL_DATA,
    CURL_HEADER,
    CURL_OUT,
    DOWNLOADERS,
    INSTALLS,
    INTERPRETERS,
    PERSISTS,
    PS_OPTION,
    READERS,
    RIGHTS,
    SECRET_COMMANDS,
    SENDERS,
    SHELLS,
    TEXT_OPTIONS,
    UNPACKED,
    USER_COMMANDS,
    WHOLE_KEYCHAIN,
)
from modcli.skills.code_bash import path, shown
from modcli.skills.code_program import HOLE, Call, Program, Value

C = Capability


def command_effect(call: Call, program: Program) -> Effect:
    """What a command does; an empty Effect for one that is nothing special."""
    name = call.name.lower() if call.name.lower() in DOWNLOADERS else call.name
    if name in ("env.read", "env.all"):
        return effect_of(call, program)
    effect = Effect()
    line = shown(call)
    base = name.rpartition("/")[2]
    if name.startswith("file."):
        _file(call, name, effect)
    elif name in DOWNLOADERS:
        _download(call, name, effect)
    elif (
        name in SENDERS
        or (name == "openssl" and "s_client" in line)
        or re.match(r"aws s3 (cp|sync)|gcloud storage cp", line)
    ):
        _send(call, name, effect)
    elif base in INTERPRETERS and name not in ("awk",):
        _interpret(call, base, effect)
    elif name in _TABLE:
        _TABLE[name](call, line, effect)
    elif "/" in name or name == "$" or re.search(r"\.(sh|py|js|bin|exe|command)$", name):
        _run_file(call, effect)
    elif base in ("pytest", "py.test", "tox", "nox"):
        effect.runs.append(Value(call.node, call.line, text="conftest.py"))
    elif name in ("env", "printenv", "set", "export") and _dumps(call):
        effect.produces, effect.source, effect.passes = Kind.ENVIRONMENT, line, False
    if name in ("grep", "egrep", "rg", "awk", "sed", "jq", "cut"):  # a part of a file of keys is one key
        pattern = next((one.text for one in call.args if one.text and not one.text.startswith("-")), "")
        program.narrowed[call.node] = (pattern or "").strip("^=") or "a part"
    if name in READERS:
        effect.reads += [value for value in call.args if _file_like(value)]
    _by_line(call, line, effect)
    if call.joined and effect.facts:
        effect.facts.append((C.OBFUSCATION, f"the name {name} is put together of pieces", ""))
    return effect


def _file_like(value: Value) -> bool:
    text = path(value)
    return (
        bool(text)
        and not text.startswith("-")
        and "\n" not in text
        and len(text) < 400
        and not is_address(text)
    )


def _dumps(call: Call) -> bool:
    return not call.args or all((one.text or "").startswith("-") for one in call.args)


def _by_line(call: Call, line: str, effect: Effect) -> None:
    """What is told by the command and its first words."""
    if SECRET_COMMANDS.match(line):
        effect.facts.append((C.CREDENTIALS, f"reads stored credentials: {line[:80]}", ""))
        effect.produces = Kind.CREDENTIAL if WHOLE_KEYCHAIN.match(line) else Kind.SECRET
        effect.source, effect.passes = line[:80], False
        if line.startswith("gh auth token"):
            effect.source = "GH_TOKEN"
    if call.name in USER_COMMANDS:
        effect.facts.append(
            (C.USER_FILES, f"reads what is on the screen or was copied or typed: {call.name}", "")
        )
        effect.produces, effect.source, effect.passes = Kind.USER_FILE, call.name, False
    if INSTALLS.match(line):
        source = next((one.known for one in call.args if is_address(one.known.removeprefix("git+"))), "")
        effect.facts.append((C.INSTALLATION, f"installs packages: {line[:80]}", source))
    if PERSISTS.match(line):
        effect.facts.append((C.PERSISTENCE, f"is run again later: {line[:80]}", ""))
        for value in [*call.args, *([call.stdin] if call.stdin else [])]:
            effect.sinks.append((Sink.PERSISTED, value, call.name, line[:80]))
            effect.code.append(("persisted", value))
    if RIGHTS.match(line):
        effect.facts.append((C.PRIVILEGE, f"widens rights or switches protection off: {line[:80]}", ""))


def _file(call: Call, name: str, effect: Effect) -> None:
    value = call.args[0] if call.args else None
    if value is None:
        return
    text = path(value)
    if text.startswith(("/dev/tcp/", "/dev/udp/")):
        host = text.split("/")[3] if text.count("/") > 2 else ""
        effect.facts.append((C.NETWORK_OUT, "opens a connection through /dev/tcp", host.replace(HOLE, "")))
        effect.produces, effect.source = Kind.DOWNLOAD, text.replace(HOLE, "…")
        effect.sinks += [(Sink.NETWORK, one, text, host) for one in call.args[1:]]
    elif name == "file.read":
        effect.reads.append(value)
    else:
        effect.writes.append((value, call.args[1:]))


def _download(call: Call, name: str, effect: Effect) -> None:
    words = call.args
    address = next((one.text for one in words if one.text and is_address(one.text.strip())), "")
    if not address:
        address = next(
            (
                one.text
                for one in words
                if one.text and re.match(r"[\w\0-]+(\.[\w\0-]+)+(:\d+)?(/|$)", one.text)
            ),
            "",
        )
    if not address and name in ("http", "https", "xh", "fetch"):
        return
    host = host_of(address)
    effect.facts.append(
        (C.NETWORK_OUT, f"{call.name} to {host or 'an address that is not written out'}", host)
    )
    effect.produces, effect.source, effect.passes = (
        Kind.DOWNLOAD,
        (address or shown(call)).replace(HOLE, "…"),
        False,
    )
    out: Value | None = None
    after = ""
    for value in words:
        text = value.text or ""
        if (after in CURL_OUT and name != "wget") or (
            name == "wget" and after in ("-O", "--output-document")
        ):
            out = value
        elif after in CURL_HEADER:
            effect.sinks.append((Sink.HEADER, value, call.name, host))
        else:
            _sent(value, text, after, call, host, effect)
        after = text if text.startswith("-") else ""
        if name == "curl" and re.fullmatch(r"-[a-zA-Z]*o", text):
            after = "-o"
    if (
        any(one.known == "-O" or re.fullmatch(r"-[a-zA-Z]*O[a-zA-Z]*", one.known) for one in words)
        and name == "curl"
    ):
        out = Value(call.node, call.line, text=address.rstrip("/").rpartition("/")[2])
    if name == "wget" and out is None:
        out = Value(call.node, call.line, text=address.rstrip("/").rpartition("/")[2])
    if out is not None and out.text not in ("-", "/dev/stdout", "/dev/null"):
        effect.writes.append((out, (Value(call.node, call.line),)))


def _sent(value: Value, text: str, after: str, call: Call, host: str, effect: Effect) -> None:
    """A word that goes out with a request: by its value, or as a file that is named."""
    effect.sinks.append((Sink.NETWORK, value, call.name, host))
    at = re.search(r"(^|=)[@<](.+)$", text, re.DOTALL)
    if after in ("-T", "--upload-file", "--post-file", "--body-file", "-InFile"):
        _attached(value, text, call, host, effect)
    elif at and after in CURL_DATA:
        if at[2] in ("-", "/dev/stdin") and call.stdin is not None:
            effect.sinks.append((Sink.NETWORK, call.stdin, call.name, host))
        else:
            _attached(value, at[2], call, host, effect)
    if text in ("-", "@-") and call.stdin is not None:
        effect.sinks.append((Sink.NETWORK, call.stdin, call.name, host))


def _attached(value: Value, text: str, call: Call, host: str, effect: Effect) -> None:
    if text in ("-", ".") and call.stdin is not None:
        effect.sinks.append((Sink.NETWORK, call.stdin, call.name, host))
        return
    file = Value(value.node, value.line, text=text, key="file")
    effect.sinks.append((Sink.NETWORK, file, call.name, host))


def _send(call: Call, name: str, effect: Effect) -> None:
    line = shown(call)
    remote = re.compile(r"^([\w.\0-]+@)?[\w.\0-]{2,}:(?!\\)|^\w+://")
    if name in ("scp", "rsync") and not any(remote.match(one.text or "") for one in call.args):
        _copy(call, line, effect)
        return
    words = [one for one in call.args if not (one.text or "").startswith("-")]
    target = next(
        (one.known for one in words if re.search(r"[.@:]", one.known) and not secret_path(path(one))), ""
    )
    host = host_of(target.rpartition("@")[2].split(":")[0])
    effect.facts.append((C.NETWORK_OUT, f"{line[:80]}", host))
    effect.passes = False
    if name in ("nc", "ncat", "netcat", "socat", "telnet", "ssh"):
        effect.produces, effect.source = Kind.DOWNLOAD, line[:80]
        if name == "ssh":
            effect.produces = None
    if name in ("nc", "ncat", "netcat", "socat") and re.search(r"(^| )-\w*l|LISTEN", line):
        effect.facts.append((C.NETWORK_IN, line[:80], ""))
    ran = re.search(r" (-e|-c|--exec|EXEC:)\W*((/usr)?/bin/)?(sh|bash|zsh|cmd)", line)
    if ran and name != "ssh":
        effect.facts.append((C.PROCESS, f"{name} hands the connection to {ran[4]}", ran[4]))
    keys = {i + 1 for i, one in enumerate(call.args) if one.known in ("-i", "-F", "-o", "-e", "-p", "-P")}
    for i, value in enumerate(call.args):
        if i in keys:
            continue
        effect.sinks.append((Sink.NETWORK, value, call.name, host))
        if name in (
            "scp",
            "rsync",
            "rclone",
            "sftp",
            "aws",
            "gsutil",
            "gcloud",
            "s3cmd",
            "croc",
            "wormhole",
        ) and _file_like(value):
            effect.sinks.append(
                (Sink.NETWORK, Value(value.node, value.line, text=path(value), key="file"), call.name, host)
            )
    if call.stdin is not None:
        effect.sinks.append((Sink.NETWORK, call.stdin, call.name, host))


def _interpret(call: Call, base: str, effect: Effect) -> None:
    language = INTERPRETERS[base]
    words = list(call.args)
    for i, value in enumerate(words):
        text = value.text or ""
        if text in TEXT_OPTIONS and i + 1 < len(words):
            effect.code.append((language or f"{base}-text", words[i + 1]))
            effect.sinks.append((Sink.CODE, words[i + 1], call.name, shown(call)))
            effect.facts.append((C.PROCESS, f"{base} runs a text", base))
            if "xargs" in call.keywords and call.stdin is not None:
                effect.sinks.append((Sink.CODE, call.stdin, "xargs", shown(call)))
            return
        if (
            re.fullmatch(r"-[eE](nc\w*)?", text)
            and base.startswith(("pwsh", "powershell"))
            and i + 1 < len(words)
        ):
            effect.facts += [
                (C.DECODING, "an encoded command", ""),
                (C.OBFUSCATION, "an encoded command", ""),
            ]
            effect.sinks.append((Sink.CODE, words[i + 1], call.name, shown(call)))
        if text == "-m":
            _module(call, words[i + 1 :], effect)
            return
        if text in ("-s", "-", "/dev/stdin"):
            break
        own = text.startswith("-") or text in ("run", "tsx")
        if not own and not (i and PS_OPTION.match(words[i - 1].known)):
            effect.runs.append(value)
            effect.sinks.append((Sink.CODE, value, call.name, text))
            effect.facts.append(
                (
                    C.PROCESS,
                    f"{base} runs {text.replace(HOLE, '…')[:80] or 'a file'}",
                    text.replace(HOLE, "…"),
                )
            )
            return
    if call.stdin is not None:
        effect.sinks.append((Sink.CODE, call.stdin, call.name, shown(call)))
        effect.code.append((language, call.stdin))
        effect.facts.append((C.PROCESS, f"{base} runs its input", base))
    elif base in SHELLS:
        effect.facts.append((C.PROCESS, f"{base} waits for commands", base))


def _module(call: Call, rest: list[Value], effect: Effect) -> None:
    module = rest[0].known if rest else ""
    if module in ("http.server", "SimpleHTTPServer", "pyftpdlib"):
        effect.facts.append((C.NETWORK_IN, shown(call)[:80], ""))
    if module == "pytest":
        effect.runs.append(Value(call.node, call.line, text="conftest.py"))
    if module == "base64":
        _decode(call, shown(call), effect)


def _run_file(call: Call, effect: Effect) -> None:
    """A file is run, or what a variable names."""
    if call.receiver is None:
        return
    text = path(call.receiver)
    effect.facts.append(
        (C.PROCESS, f"runs {text.replace(HOLE, '…')[:80] or 'what a variable names'}", text.replace(HOLE, ""))
    )
    effect.sinks.append((Sink.CODE, call.receiver, "a command", text))
    effect.runs.append(call.receiver)


def _eval(call: Call, line: str, effect: Effect) -> None:
    data = any(one.text is None or HOLE in one.text for one in call.args) or call.stdin is not None
    effect.facts.append((C.DYNAMIC_CODE, f"{call.name} runs {'data' if data else 'a text'} as code", ""))
    for value in [*call.args, *([call.stdin] if call.stdin is not None and not call.args else [])]:
        effect.sinks.append((Sink.CODE, value, call.name, line))
        effect.code.append((call.language or "bash", value))


def _source(call: Call, line: str, effect: Effect) -> None:
    for value in call.args[:1]:
        if secret_path(path(value)) is None:
            effect.runs.append(value)
            effect.sinks.append((Sink.CODE, value, call.name, line))


def _decode(call: Call, line: str, effect: Effect) -> None:
    decoding = re.search(r" (-d|-D|--decode|-di|-id|-r|-rp|-decode|enc .*-d)\b", line + " ")
    if decoding or call.name in ("gunzip", "zcat", "uudecode", "unxz"):
        effect.facts.append((C.DECODING, f"decodes data: {line[:80]}", ""))
        if call.name not in ("gunzip", "zcat", "unxz"):
            effect.produces, effect.source = Kind.DECODED, line[:80]
    effect.reads += [value for value in call.args if _file_like(value)]


def _delete(call: Call, line: str, effect: Effect) -> None:
    target = next((path(one) for one in call.args if not (one.text or "-").startswith("-")), "")
    effect.facts.append((C.DELETION, f"deletes: {line[:80]}", target.replace(HOLE, "…")))


def _copy(call: Call, _line: str, effect: Effect) -> None:
    words = [one for one in call.args if not (one.text or "-").startswith("-") or HOLE in (one.text or "")]
    if len(words) > 1:
        effect.writes.append(
            (words[-1], tuple(Value(one.node, one.line, text=one.text, key="file") for one in words[:-1]))
        )


def _unpack(call: Call, _line: str, effect: Effect) -> None:
    """An archive is unpacked: what is run afterwards may be of it."""
    effect.reads += [value for value in call.args if _file_like(value)]
    effect.writes.append((Value(call.node, call.line, text=UNPACKED), (Value(call.node, call.line),)))


def _archive(call: Call, _line: str, effect: Effect) -> None:
    words = [one for one in call.args if (one.text or "") and not (one.text or "-").startswith("-")]
    if call.name == "tar" and words and re.fullmatch(r"[a-zA-Z]+", words[0].known):
        words = words[1:]
    if any(re.fullmatch(r"-?[a-zA-Z]*x[a-zA-Z]*|--extract", one.known) for one in call.args[:1]):
        _unpack(call, _line, effect)
    elif words:
        effect.writes.append((words[0], (Value(call.node, call.line),)))


def _tee(call: Call, _line: str, effect: Effect) -> None:
    for value in call.args:
        if not (value.text or "-").startswith("-"):
            effect.writes.append((value, (call.stdin,) if call.stdin is not None else ()))


def _sudo(_call: Call, _line: str, effect: Effect) -> None:
    effect.facts.append((C.PRIVILEGE, "runs a command with the rights of another user", ""))


_TABLE: dict[str, Callable[[Call, str, Effect], None]] = {
    **dict.fromkeys(("eval", "iex", "Invoke-Expression", "invoke-expression", "IEX"), _eval),
    **dict.fromkeys(("source", "."), _source),
    **dict.fromkeys(("base64", "xxd", "openssl", "gunzip", "zcat", "uudecode", "basenc", "base32", "unxz"), _decode),
    **dict.fromkeys(("rm", "rmdir", "shred", "srm", "unlink", "mkfs", "wipefs", "dd", "mkfs.ext4"), _delete),
    **dict.fromkeys(("cp", "mv", "ln", "install", "ditto"), _copy),
    **dict.fromkeys(("tar", "zip", "7z"), _archive),
    **dict.fromkeys(("sudo", "doas", "su", "pkexec"), _sudo),
    "tee": _tee, "unzip": _unpack, "unrar": _unpack, "bsdtar": _unpack,
}  # fmt: skip
