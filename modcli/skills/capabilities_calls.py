"""What calls of Python and JavaScript do: which of them reach the network, run something, read or write files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from modcli.skills.capabilities import Capability, Kind, Sink, host_of, is_address, secret_name
from modcli.skills.capabilities_names import INTERPRETERS
from modcli.skills.code_program import Call, Program, Value

C = Capability


@dataclass(slots=True)
class Effect:
    """What a call does: `facts` (capability, words, target); what its result holds (`produces`, from `source`) and
    whether that depends on what it is given (`passes`, else on what is `passed`); which values end up in a sink; which
    files it reads, writes and runs; and which of its texts are code of a language."""

    facts: list[tuple[Capability, str, str]] = field(default_factory=list)
    produces: Kind | None = None
    source: str = ""
    passes: bool = True
    passed: list[Value] = field(default_factory=list)
    sinks: list[tuple[Sink, Value, str, str]] = field(default_factory=list)
    reads: list[Value] = field(default_factory=list)
    writes: list[tuple[Value, tuple[Value, ...]]] = field(default_factory=list)
    code: list[tuple[str, Value]] = field(default_factory=list)
    runs: list[Value] = field(default_factory=list)


_WEB_METHOD = r"(get|post|put|patch|delete|head|options|request|stream|send)"
_NETWORK = re.compile(
    rf"^(requests|httpx|aiohttp|niquests|curl_cffi\.requests)(\.\w+)?\.{_WEB_METHOD}$|^urllib\.request\.(urlopen|urlretrieve|Request)$|"
    r"^urllib3\.(request|PoolManager\.(request|urlopen))$|^http\.client\.HTTPS?Connection\.(request|send)$|"
    r"^(https?)\.(request|get)$|^(node-fetch|undici|cross-fetch)?\.?fetch$|^undici\.(request|fetch)$|"
    rf"^(axios|got|superagent|ky|needle|request|request-promise)(\.{_WEB_METHOD}|\.create\.{_WEB_METHOD})?$|"
    r"^navigator\.sendBeacon$|^new (WebSocket|ws|EventSource|Request|Image)$|^websockets?\.(connect|create_connection)$|"
    r"^(https?)\.request\.(write|end)$|^smtplib\.SMTP(_SSL)?\.(sendmail|send_message)$|^ftplib\.FTP(_TLS)?\.stor\w+$|"
    r"^socket\.(socket|create_connection)\.(send|sendall|sendto)$|^net\.(connect|createConnection)(\.(write|end))?$|"
    r"^new net\.Socket\.(connect|write)$|^socket\.gethostbyname$|^socket\.getaddrinfo$|^dns\.(resolve|"
    r"resolver\.resolve|lookup|resolve4)$|"
    r"^webbrowser\.open(_new\w*)?$|^wget\.download$|^\$?http\.post$|^paramiko\.\w+\.(exec_command|put)$"
)
_CLIENT_METHOD = re.compile(
    r"(^|[._])(session|client|http|https|axios|sess|requests)\.(post|put|patch|request)$", re.IGNORECASE
)
_LISTENS = re.compile(
    r"^socket\.socket\.(listen|bind)$|^http\.server\.\w*HTTPServer$|^socketserver\.\w+Server$|^(https?|net)\.createServer$|"
    r"^(flask\.Flask|fastapi\.FastAPI|express)\.(run|listen)$|^uvicorn\.run$|^aiohttp\.web\.run_app$|^Deno\.serve$|^Bun\.serve$"
)
_CONNECTS = re.compile(
    r"^socket\.(socket\.connect(_ex)?|create_connection)$|^(new )?net\.(connect|createConnection|Socket)(\.connect)?$"
)
_SHELL = re.compile(
    r"^(os\.(system|popen)|subprocess\.(getoutput|getstatusoutput)|commands\.getoutput|asyncio\.create_subprocess_shell|"
    r"child_process\.exec(Sync)?|shelljs\.exec|execa\.(command|execaCommand)|pty\.spawn|Bun\.\$)$"
)
_PROCESS = re.compile(
    r"^(subprocess\.(run|Popen|call|check_call|check_output)|os\.(exec\w+|spawn\w+|posix_spawn)|asyncio\.create_subprocess_exec|"
    r"child_process\.(spawn|spawnSync|execFile|execFileSync|fork)|execa(\.execa)?|(new )?Deno\.(Command|"
    r"run)|Bun\.spawn(Sync)?|"
    r"ctypes\.windll\.\w+\.ShellExecute\w*|runpy\.run_path)$"
)
_CODE = re.compile(
    r"^(builtins\.|__builtins__\.|globalThis\.|window\.|global\.)?(exec|eval|execfile)$|^(new )?Function$|"
    r"^vm\.(run\w+|Script|compileFunction)$|"
    r"^new vm\.Script$|^(pickle|cPickle|dill|cloudpickle|marshal|jsonpickle)\.(loads?|decode)$|^code\.Interactive\w+|"
    r"^types\.FunctionType$|^yaml\.(unsafe_load|full_load)$|^new AsyncFunction$|^importlib\.util\.\w*exec_module$"
)
_DECODES = re.compile(
    r"^(base64\.\w*decode\w*|binascii\.(unhexlify|a2b_\w+)|bytes\.fromhex|bytearray\.fromhex|codecs\.decode|"
    r"(zlib|gzip|bz2|lzma)\.decompress|atob|window\.atob|unescape|String\.fromCharCode|String\.fromCodePoint|"
    r"zlib\.(inflate|gunzip|brotliDecompress|unzip)\w*|js-base64\.\w*decode|CryptoJS\.\w+\.decrypt|"
    r"(cryptography\.)?fernet\.Fernet\.decrypt|cryptography\.fernet\.Fernet\.decrypt)$"
)
_OPENS = re.compile(r"^(io\.|codecs\.|gzip\.|bz2\.)?open$|^Path\.open$|^(pathlib\.)?Path\.open$")
_READS = re.compile(
    r"(^|\.)(read_text|read_bytes|readFile|readFileSync|createReadStream|readTextFile|readdirSync|readdir)$|"
    r"^(os\.(listdir|walk|scandir)|glob\.i?glob|sqlite3\.connect|tarfile\.open|shutil\.make_archive|zipfile\.ZipFile|Bun\.file|"
    r"dotenv\.(dotenv_values|load_dotenv|config)|new sqlite3\.Database)$|(^|\.)(rglob|glob|iterdir)$|"
    r"ZipFile\.write$|Tarfile\.add$|\.add$"
)
_WRITES = re.compile(
    r"(^|\.)(write_text|write_bytes|writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|writeTextFile)$|^Bun\.write$"
)
_COPIES = re.compile(
    r"^shutil\.(copy\w*|move)$|^os\.(rename|replace|symlink|link)$|^fs(\.promises)?\.(copyFile|rename|cp)(Sync)?$"
)
_DELETES = re.compile(
    r"^shutil\.rmtree$|^os\.(remove|unlink|rmdir|removedirs)$|\.(unlink|rmdir)$|^fs(\.promises)?\.(rm|rmdir|unlink)(Sync)?$|^rimraf$"
)
_HEADERS = {
    "headers",
    "auth",
    "cookies",
    "Authorization",
    "authorization",
    "httpAgent",
    "timeout",
    "proxies",
    "verify",
    "signal",
}
_KEYCHAIN = re.compile(
    r"^(keyring|keytar)\.(get_password|getPassword|findCredentials|get_credential)$|^win32crypt\.CryptUnprotectData$|^browser_cookie3\.\w+$"
)
_LOOKS = re.compile(
    r"^(pyperclip\.paste|clipboardy\.read(Sync)?|(PIL\.)?ImageGrab\.grab|pyautogui\.screenshot|mss\.mss|pynput\.\w+\.Listener|keyboard\.(on_press|hook)|cv2\.VideoCapture|sounddevice\.rec)$"
)
#: Modules whose classes hold what they are made of.
_CONTAINERS = {
    "collections",
    "io",
    "pathlib",
    "json",
    "urllib",
    "email",
    "types",
    "http",
    "self",
    "this",
    "cls",
    "fs",
    "buffer",
}


def plain(name: str) -> str:
    """The name of a call without the calls in it: `requests.Session().post` is `requests.Session.post`."""
    name = name.replace("()", "")
    return re.sub(r"^(fs/promises|fs-extra|graceful-fs)\.", "fs.", name)


def effect_of(call: Call, program: Program) -> Effect:
    """What a call does; an empty Effect for one that is nothing special."""
    effect = Effect()
    name = plain(call.name)
    for pattern, handle in _TABLE:
        if pattern.search(name):
            handle(call, name, effect, program)
            break
    else:
        if _CLIENT_METHOD.search(name):
            _network(call, name, effect, program)
        elif name in ("env.all", "env.read"):
            _environment(call, name, effect, program)
        elif name.endswith((".write", ".writelines", ".dump")):
            _handle_write(call, name, effect, program)
        elif name == "require" or name == "import":
            _required(call, name, effect, program)
        elif _takes_key(call, name):
            effect.passes = False
    if call.joined and (effect.facts or name.rpartition(".")[2] in ("exec", "system", "eval")):
        effect.facts.append((C.OBFUSCATION, f"the name {name} is put together of pieces", ""))
    return effect


def _takes_key(call: Call, name: str) -> bool:
    """Whether a client of a library is made with a key: what it fetches is not the key."""
    module, _, last = name.removeprefix("new ").rpartition(".")
    made = last[:1].isupper() and module.split(".")[0] not in _CONTAINERS
    return bool(module) and (made or any(secret_name(key) or key == "apiKey" for key in call.keywords))


def _environment(call: Call, name: str, effect: Effect, program: Program) -> None:
    effect.passes = False
    if name == "env.all":
        effect.produces, effect.source = Kind.ENVIRONMENT, "all environment variables"
        return
    if "variable" in call.keywords and (0, call.keywords["variable"].known) in program.bound:
        return
    variable = call.args[0].known if call.args else ""
    if secret_name(variable):
        effect.produces, effect.source = Kind.SECRET, variable
        effect.facts.append((C.SECRET_VARIABLES, f"reads the variable {variable}", variable))


def _network(call: Call, name: str, effect: Effect, program: Program) -> None:
    values = call.values()
    address = next((one.text for one in values if one.text and is_address(one.text)), "")
    if not address and name.startswith(("http.client", "socket", "net", "smtplib", "ftplib")):
        owner = (
            program.calls[call.receiver.call]
            if call.receiver is not None and call.receiver.call >= 0
            else None
        )
        address = next((one.known for one in (owner.args if owner else ()) if "." in one.known), "")
    host = host_of(address)
    effect.facts.append(
        (C.NETWORK_OUT, f"{call.name} to {host or 'an address that is not written out'}", host)
    )
    effect.produces, effect.source, effect.passes = (
        Kind.DOWNLOAD,
        address.replace("\0", "…") or call.name,
        False,
    )
    for value in call.args:
        _sent(value, call, host, effect)
    for key, value in call.keywords.items():
        _sent(value, call, host, effect, key)
    if name.endswith("urlretrieve") and len(call.args) > 1:
        effect.writes.append((call.args[1], (Value(call.node, call.line),)))
    if name.endswith("Request"):
        effect.produces = None
        effect.passed = [
            *call.args[:2],
            *(call.keywords[key] for key in ("url", "data") if key in call.keywords),
        ]


def _sent(value: Value, call: Call, host: str, effect: Effect, key: str = "") -> None:
    """What is sent in a request: its headers apart from the rest, since that is where keys belong."""
    if key in _HEADERS:
        effect.sinks.append((Sink.HEADER, value, call.name, host))
    elif value.fields and any(name in value.fields for name in ("headers", "auth", "method", "body", "data")):
        for name, part in value.fields.items():
            _sent(part, call, host, effect, name)
    else:
        effect.sinks.append((Sink.NETWORK, value, call.name, host))


def _listens(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    effect.facts.append((C.NETWORK_IN, f"{call.name} waits for connections", ""))


def _connects(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    host = next((one.known for one in call.values() if one.known), "")
    inner = next((part.known for one in call.args for part in one.items if part.known), "")
    effect.facts.append((C.NETWORK_OUT, f"{call.name} opens a connection", host or inner))
    effect.produces, effect.source, effect.passes = Kind.DOWNLOAD, host or inner or call.name, False


def _shell(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    effect.facts.append((C.PROCESS, f"{call.name} runs a command", ""))
    effect.passes, effect.passed = False, _into_process(call)
    for value in call.args[:1]:
        effect.sinks.append((Sink.CODE, value, call.name, (value.text or "")[:200]))
        effect.code.append(("bash", value))


def _into_process(call: Call) -> list[Value]:
    """What a program is given that may come out of it again; its environment is not meant."""
    given = [one for one in call.args if not one.fields]
    return given + [call.keywords[name] for name in ("args", "input", "stdin") if name in call.keywords]


def _process(call: Call, name: str, effect: Effect, program: Program) -> None:
    shell = call.keywords.get("shell")
    first = call.args[0] if call.args else call.keywords.get("args")
    if first is None:
        return
    if shell is not None or (not first.items and " " in (first.text or "").strip()):
        _shell(call, name, effect, program)
        return
    words = [*(first.items or (first,)), *(part for one in call.args[1:] for part in one.items)]
    told = " ".join((one.text or "…").replace("\0", "…") for one in words[:6])
    effect.facts.append((C.PROCESS, f"{call.name} runs {told[:80]}", words[0].known))
    effect.passes, effect.passed = False, _into_process(call)
    effect.sinks.append((Sink.CODE, words[0], call.name, words[0].known))
    effect.runs.append(words[0])
    base = words[0].known.rpartition("/")[2]
    if name.endswith(("fork", "run_path")):
        effect.runs.append(words[0])
    language = INTERPRETERS.get(base, "")
    rest = words[1:]
    if language and len(rest) > 1 and rest[0].known in ("-c", "-e", "-lc", "-Command", "/c", "--eval"):
        effect.code.append((language, rest[1]))
        effect.sinks.append((Sink.CODE, rest[1], call.name, base))
    elif language or (words[0].name == "sys.executable"):
        ran = next((one for one in rest if not one.known.startswith("-")), None)
        if ran is not None and not any(one.known == "-m" for one in rest):
            effect.runs.append(ran)
    elif all(one.text is not None for one in words):
        effect.code.append(("words", first))


def _code(call: Call, name: str, effect: Effect, _program: Program) -> None:
    if not call.args:
        return
    value = call.args[-1] if "Function" in name else call.args[0]
    constant = bool(value.known) and not value.joined
    effect.facts.append((C.DYNAMIC_CODE, f"{call.name} runs {'a text' if constant else 'data'} as code", ""))
    effect.sinks.append((Sink.CODE, value, call.name, ""))
    if name.endswith(("exec", "eval", "Function")):
        effect.code.append((call.language, value))


def _decodes(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    effect.facts.append((C.DECODING, f"{call.name} decodes data", ""))
    effect.produces, effect.source = Kind.DECODED, call.name


def _buffer(call: Call, name: str, effect: Effect, program: Program) -> None:
    coding = call.args[1].known.lower() if len(call.args) > 1 else ""
    if coding in ("base64", "base64url", "hex"):
        _decodes(call, name, effect, program)


def _opens(call: Call, name: str, effect: Effect, _program: Program) -> None:
    own = name.rpartition(".")[2] == "open" and call.receiver is not None and call.receiver.text is not None
    path = call.receiver if own else call.arg(0, "file")
    mode = call.arg(0 if own else 1, "mode")
    if path is None:
        return
    if mode is not None and any(letter in mode.known for letter in "wax"):
        effect.writes.append((path, ()))
    else:
        effect.reads.append(path)


def _reads(call: Call, name: str, effect: Effect, _program: Program) -> None:
    method = (
        name.rpartition(".")[2] in ("read_text", "read_bytes", "rglob", "glob", "iterdir")
        and name.split(".")[0] != "glob"
    )
    path = call.receiver if method else call.arg(0)
    if "make_archive" in name:
        path = call.arg(2, "root_dir")
        target = call.arg(0)
        if target is not None and path is not None:
            effect.writes.append((target, (path,)))
    mode = call.arg(1, "mode")
    if (
        "make_archive" not in name
        and mode is not None
        and mode.known[:1] in ("w", "x", "a")
        and path is not None
    ):
        effect.writes.append((path, (Value(call.node, call.line),)))
    elif path is not None:
        effect.reads.append(path)


def _writes(call: Call, name: str, effect: Effect, _program: Program) -> None:
    method = name.rpartition(".")[2] in ("write_text", "write_bytes") and call.receiver is not None
    path = call.receiver if method else call.arg(0)
    contents = call.args if method else call.args[1:2]
    if path is not None:
        effect.writes.append((path, contents))


def _handle_write(call: Call, name: str, effect: Effect, program: Program) -> None:
    """`file.write(x)`, `json.dump(x, file)`: the file is what was opened."""
    handle = call.arg(1, "fp") if name.endswith(".dump") else call.receiver
    if handle is None or handle.call < 0:
        return
    opened = program.calls[handle.call]
    if _OPENS.search(plain(opened.name)) and opened is not call:
        inner = Effect()
        _opens(opened, plain(opened.name), inner, program)
        effect.writes += [(path, call.args[:1]) for path, _ in inner.writes]


def _copies(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    if len(call.args) > 1:
        effect.writes.append((call.args[1], (replace(call.args[0], key="file"),)))
        effect.reads.append(call.args[0])


def _deletes(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    path = call.arg(0) or call.receiver
    told = ((path.text if path is not None else "") or "").replace("\0", "…")
    effect.facts.append((C.DELETION, f"{call.name} deletes {told or 'what it is given'}", told))


def _keychain(call: Call, name: str, effect: Effect, _program: Program) -> None:
    named = name.startswith(("keyring", "keytar.getPassword"))
    effect.facts.append((C.CREDENTIALS, f"{call.name} reads stored passwords", ""))
    effect.produces, effect.source = (Kind.DOTENV if named else Kind.CREDENTIAL), call.name


def _looks(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    effect.facts.append((C.USER_FILES, f"{call.name} reads what is on the screen, typed or copied", ""))
    effect.produces, effect.source = Kind.USER_FILE, call.name


def _chmod(call: Call, name: str, effect: Effect, _program: Program) -> None:
    mode = call.arg(1) if name != "chmod" else call.arg(0)
    if mode is not None and re.match(r"0o?[4-7]\d{3}$", mode.known or ""):
        effect.facts.append((C.PRIVILEGE, f"{call.name} sets the rights of another user", ""))


def _required(call: Call, _name: str, effect: Effect, _program: Program) -> None:
    if call.args and not call.args[0].known:
        effect.facts.append((C.DYNAMIC_CODE, "loads a module that is not named", ""))
        effect.sinks.append((Sink.CODE, call.args[0], call.name, ""))


_Handle = Callable[[Call, str, Effect, Program], None]
_TABLE: tuple[tuple[re.Pattern[str], _Handle], ...] = (
    (_CONNECTS, _connects), (_NETWORK, _network), (_LISTENS, _listens), (_SHELL, _shell), (_PROCESS, _process),
    (_CODE, _code), (_DECODES, _decodes), (re.compile(r"^(new )?Buffer(\.from)?$"), _buffer), (_OPENS, _opens),
    (_KEYCHAIN, _keychain), (_LOOKS, _looks), (_WRITES, _writes), (_COPIES, _copies), (_DELETES, _deletes),
    (re.compile(r"^(os|fs)\.chmod(Sync)?$"), _chmod), (_READS, _reads),
)  # fmt: skip
