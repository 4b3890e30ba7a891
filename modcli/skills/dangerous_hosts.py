"""Hosts whose installers are known, and to which service a file of credentials belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from modcli.skills.skill import Skill

#: Installers that vendors tell to pipe into a shell: host, and whose it is.
_INSTALLERS = {
    "sh.rustup.rs": "Rust", "static.rust-lang.org": "Rust", "get.docker.com": "Docker", "astral.sh": "Astral (uv)",
    "deb.nodesource.com": "NodeSource", "rpm.nodesource.com": "NodeSource", "install.python-poetry.org": "Poetry",
    "bun.sh": "Bun", "bun.com": "Bun", "deno.land": "Deno", "fnm.vercel.app": "fnm", "get.volta.sh": "Volta",
    "get.pnpm.io": "pnpm", "get.sdkman.io": "SDKMAN", "starship.rs": "Starship", "ollama.com": "Ollama",
    "ollama.ai": "Ollama",
    "claude.ai": "Anthropic", "cli.github.com": "GitHub", "fly.io": "Fly.io", "get.helm.sh": "Helm", "get.k3s.io": "k3s",
    "sdk.cloud.google.com": "Google", "install.duckdb.org": "DuckDB", "tailscale.com": "Tailscale", "nixos.org": "Nix",
    "install.determinate.systems": "Determinate", "getcomposer.org": "Composer", "bootstrap.pypa.io": "pip",
    "get.rvm.io": "RVM", "mise.run": "mise", "mise.jdx.dev": "mise", "just.systems": "just", "taskfile.dev": "Task",
    "cursor.com": "Cursor", "opencode.ai": "opencode", "openclaw.ai": "OpenClaw", "cli.doppler.com": "Doppler",
    "releases.hashicorp.com": "HashiCorp", "packages.microsoft.com": "Microsoft", "aka.ms": "Microsoft",
    "install.cloudflare.com": "Cloudflare", "get.pulumi.com": "Pulumi", "foundry.paradigm.xyz": "Foundry",
    "release.solana.com": "Solana", "release.anza.xyz": "Solana", "sh.dagger.io": "Dagger", "dl.dagger.io": "Dagger",
    "cli.codecov.io": "Codecov",
    "rclone.org": "rclone",
    "fluxcd.io": "Flux",
    "run.linkerd.io": "Linkerd",
    "proton.me": "Proton",
    "apt.llvm.org": "LLVM", "pixi.sh": "pixi", "micro.mamba.pm": "mamba", "repo.anaconda.com": "Anaconda",
    "get.haskell.org": "Haskell", "get-ghcup.haskell.org": "Haskell", "install.julialang.org": "Julia", "zed.dev": "Zed",
    "dot.net": "Microsoft", "awscli.amazonaws.com": "Amazon", "turso.tech": "Turso", "get.tur.so": "Turso",
    "railway.app": "Railway", "railway.com": "Railway", "pyenv.run": "pyenv",
}  # fmt: skip
#: Owners on GitHub whose scripts and releases are known.
_OWNERS = {
    "Homebrew": "Homebrew",
    "nvm-sh": "nvm",
    "helm": "Helm",
    "ohmyzsh": "Oh My Zsh",
    "pyenv": "pyenv",
    "kubernetes": "Kubernetes",
    "aquasecurity": "Aqua",
    "anchore": "Anchore",
    "golangci": "golangci-lint",
    "astral-sh": "Astral",
    "docker": "Docker",
    "anthropics": "Anthropic",
    "openai": "OpenAI",
    "rhysd": "actionlint",
    "trufflesecurity": "TruffleHog",
    "microsoft": "Microsoft",
    "github": "GitHub",
    "google": "Google",
    "hashicorp": "HashiCorp",
    "cloudflare": "Cloudflare",
    "cli": "GitHub",
    "denoland": "Deno",
    "oven-sh": "Bun",
    "babashka": "Babashka",
    "fluxcd": "Flux",
    "rust-lang": "Rust",
    "asdf-vm": "asdf",
    "rbenv": "rbenv",
    "junegunn": "fzf",
    "argoproj": "Argo",
    "grafana": "Grafana",
    "aws": "Amazon",
    "vercel": "Vercel",
    "kubernetes-sigs": "Kubernetes",
    "mikefarah": "yq",
    "jqlang": "jq",
}
_OWN_SERVICES = (
    (r"\.claude|anthropic", ("anthropic.com", "claude.ai", "claude.com")),
    (r"\.codex", ("openai.com", "chatgpt.com")), (r"gcloud", ("googleapis.com", "google.com")),
    (r"\.aws", ("amazonaws.com",)), (r"config/gh/", ("github.com",)), (r"\.npmrc", ("npmjs.org", "npmjs.com")),
    (r"\.pypirc", ("pypi.org",)), (r"\.azure", ("azure.com", "microsoft.com")),
    (r"\.docker", ("docker.io", "docker.com")),
    (r"git-credentials", ("github.com", "gitlab.com", "bitbucket.org")),
)  # fmt: skip


def installer(address: str) -> str:
    """Whose installer an address is, where it is a known one and comes over https; else empty. One without a scheme is
    not: curl takes it for http."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None:
        return ""
    host = host.removeprefix("www.")
    first = parts.path.lstrip("/").partition("/")[0]
    if host in ("raw.githubusercontent.com", "github.com"):
        return _OWNERS.get(first, "")
    return _INSTALLERS.get(host, "")


def documented(address: str, own: Iterable[str]) -> str:
    """The host or repository that an address is of, where the skill itself names that as its own, or as the project that
    it is about (`own`, from `own_places`), and it comes over https. Empty for
    others, and for places where anybody may put something."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if (
        parts.scheme != "https"
        or parts.username is not None
        or "." not in host
        or re.fullmatch(r"[\d.]+", host)
    ):
        return ""
    for place in own:
        if place.split("#")[0].rstrip("/") == address.split("#")[0].rstrip("/"):
            continue  # the script itself: that is no word on whose it is
        known = urlsplit(place)
        theirs = (known.hostname or "").removeprefix("www.")
        if host in _REPOSITORIES:
            wanted, given = _repository(known.path), _repository(parts.path)
            if _REPOSITORIES.get(theirs) == _REPOSITORIES[host] and given and wanted == given:
                return given
        elif not _ANYBODYS.search(host) and _domain(host) == _domain(theirs):
            return host
    return ""


#: Where many have a repository each, with the hosts of their raw files.
_REPOSITORIES = {"github.com": "github", "raw.githubusercontent.com": "github", "gitlab.com": "gitlab",
                 "codeberg.org": "codeberg", "bitbucket.org": "bitbucket"}  # fmt: skip
#: Pastes, shortened addresses, tunnels, buckets, and hosts that give a name to anybody.
_ANYBODYS = re.compile(
    r"(^|\.)(pastebin\.com|paste\.\w+|pastes?\.(ee|io|rs)|hastebin\.\w+|ghostbin\.\w+|dpaste\.\w+|rentry\.\w+|gist\.\w+\.com"
    r"|gist\.githubusercontent\.com|termbin\.com|ix\.io|0x0\.st|transfer\.sh|file\.io|catbox\.moe|bit\.ly|t\.co|goo\.gl|is\.gd|tinyurl\.com"
    r"|cutt\.ly|rb\.gy|ow\.ly|git\.io|ngrok[\w-]*\.\w+|trycloudflare\.com|loca\.lt|localtunnel\.me|serveo\.net|webhook\.site"
    r"|pipedream\.net|requestbin\.\w+|amazonaws\.com|googleapis\.com|windows\.net|cloudfront\.net|herokuapp\.com|netlify\.app"
    r"|vercel\.app|pages\.dev|workers\.dev|web\.app|firebaseapp\.com|onrender\.com|glitch\.me|repl\.co|replit\.app|surge\.sh"
    r"|github\.io|gitlab\.io|discordapp\.com|dropbox\w*\.com|drive\.google\.com|duckdns\.org|no-ip\.\w+)$"
)
_TWO_LABELS = re.compile(r"\.(?:com?|org|net|gov|ac|edu)\.[a-z]{2}$")
_LINK = re.compile(r"https://[^\s<>()\"'`\]]+")
_README = re.compile(r"(^|/)readme(\.\w+)?$", re.IGNORECASE)
_MANIFEST = re.compile(
    r"(^|/)(plugin|package|skill|manifest|clawhub)\.json$|(^|/)_meta\.json$|(^|/)pyproject\.toml$"
)
_OWN_KEY = re.compile(
    r"""["']?(?:homepage|repository|url|source|website|repo|documentation)["']?\s*[:=]\s*["']?(?:git\+)?(https://[^\s"',}]+)""",
    re.IGNORECASE,
)
_NO_COMMAND = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)


def own_places(skill: Skill) -> list[str]:
    """Addresses that the skill names as its own or its project's, in its metadata, its manifests and its README."""
    found: list[str] = []
    todo: list[object] = [
        skill.front.fields.get(key) for key in ("homepage", "repository", "url", "source", "metadata")
    ]
    for _ in range(100):
        if not todo:
            break
        one = todo.pop()
        if isinstance(one, Mapping):
            todo += [one.get(key) for key in (*("homepage", "repository", "url", "source"), *_REGISTRIES)]
        elif isinstance(one, str) and one.startswith(("https://", "git+https://")):
            found.append(one.removeprefix("git+"))
    for file in skill.files:
        text = (file.text or "")[:200_000]
        if _MANIFEST.search(file.path):
            found += _OWN_KEY.findall(text)
        elif _README.search(file.path):
            found += _LINK.findall(_NO_COMMAND.sub("", text))
    kept = []
    for address in dict.fromkeys(found[:500]):
        try:
            urlsplit(address)
        except ValueError:
            continue
        kept.append(address)
    return kept


_REGISTRIES = ("openclaw", "clawdbot", "clawdis")


def _repository(path: str) -> str:
    """The owner and name of a repository, by the path of an address; empty where there are not both."""
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[:2]).removesuffix(".git").lower() if len(parts) > 1 else ""


def _domain(host: str) -> str:
    """What one registers: the last two labels of a host, or three below a common second one."""
    labels = host.split(".")
    return ".".join(labels[-3:] if _TWO_LABELS.search(host) else labels[-2:]) if len(labels) > 1 else host


def own_service(path: str, host: str) -> bool:
    """Whether a file of credentials is sent to the service that it is for."""
    return any(
        re.search(pattern, path) and any(host == one or host.endswith("." + one) for one in hosts)
        for pattern, hosts in _OWN_SERVICES
    )
