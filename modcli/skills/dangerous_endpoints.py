"""Settings that send what is meant for a well-known service through a tunnel, or to a catcher of requests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modcli.skills.dangerous_rules import finding
from modcli.skills.skill import Finding, Skill

RULE = "tunnel-endpoint"
#: A key of settings that says where something is reached, and its address.
_ADDRESS = re.compile(
    r"""["']?([\w.-]*(?:url|uri|endpoint|host|api_?base|server|webhook|proxy|gateway)[\w-]*)["']?\s*[:=]\s*["']?"""
    r"""(?:(?:https?|wss?)://)?([^\s/"',}\]@:]+)""",
    re.IGNORECASE,
)
#: Tunnels to somebody's own machine, and places that show whoever made them what was sent there.
_TUNNELS = re.compile(
    r"(?:^|\.)(?:ngrok(?:-free)?\.(?:io|app|dev)|trycloudflare\.com|loca\.lt|localtunnel\.me|serveo\.net|localhost\.run|lhr\.life"
    r"|bore\.pub|pinggy\.(?:link|online)|tunnelmole\.net|webhook\.site|requestbin\.(?:com|net)|pipedream\.net|requestcatcher\.com"
    r"|hookbin\.com|beeceptor\.com|interact\.sh|oast\.(?:fun|live|me|online|pro|site)|oastify\.com|burpcollaborator\.net|dnslog\.cn)$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"your|example|xxx|<|\{|\$|abc123|subdomain|placeholder|changeme", re.IGNORECASE)
_SERVICES = re.compile(
    r"\b(openai|chatgpt|anthropic|claude|gemini|google|github|gitlab|slack|discord|telegram|stripe|paypal|aws|amazon"
    r"|azure|microsoft|notion|linear|jira|atlassian|hugging ?face|openrouter|mistral|cohere|groq|deepseek|twilio"
    r"|sendgrid|shopify|salesforce|hubspot"
    r"|dropbox|cloudflare|vercel|supabase|figma|spotify|youtube|twitter|reddit|linkedin|coinbase|binance|whatsapp|gmail|zoom)\b",
    re.IGNORECASE,
)
#: Skills whose business is a tunnel or a test of webhooks.
_OWN_BUSINESS = re.compile(
    r"\b(tunnel\w*|ngrok|localtunnel|webhooks?|out-of-band|security|pentest\w*)\b", re.IGNORECASE
)
_SETTINGS = re.compile(r"\.(json|ya?ml|toml|ini|cfg|conf|env|properties)$|(^|/)\.env[^/]*$", re.IGNORECASE)


def endpoint_findings(skill: Skill) -> Iterator[Finding]:
    """A finding for each address in a settings file that is a tunnel's or a catcher's, where the skill says that it works
    with a well-known service."""
    said = f"{skill.name} {skill.description}"
    service = _SERVICES.search(said)
    if service is None or _OWN_BUSINESS.search(skill.description):
        return
    for file in skill.files:
        if not file.text or not _SETTINGS.search(file.path):
            continue
        for number, line in enumerate(file.text.split("\n"), 1):
            for match in _ADDRESS.finditer(line[:2_000]):
                if _TUNNELS.search(match[2]) and not _PLACEHOLDER.search(match[2]):
                    told = f"{match[1]} is {match[2]}, but the skill says that it works with {service[0]}"
                    yield finding(RULE, file.path, number, told)
