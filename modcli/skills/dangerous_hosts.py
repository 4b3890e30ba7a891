"""Hosts whose installers are known, and to which service a file of credentials belongs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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


def own_service(path: str, host: str) -> bool:
    """Whether a file of credentials is sent to the service that it is for."""
    return any(
        re.search(pattern, path) and any(host == one or host.endswith("." + one) for one in hosts)
        for pattern, hosts in _OWN_SERVICES
    )
