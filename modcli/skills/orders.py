"""Whether a text gives orders to an agent: the one place where that is decided.

A text is an order where it tells an agent, in words meant for one, to set aside what it was told, to keep something from
the user, to send out what is secret, to run a suspicious command, to obey what stands elsewhere, to go past a check, or
how to answer. Everyday imperatives ("add an example", "run `make docs`", "ask for the date") are none: comments and
templates are full of them. Text that forbids or names such an order is none either. What these rules cannot tell is
left to the model, which is asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modcli.skills.orders_languages import CONDUCT, DELIVER, OVERRIDE, PATTERNS, SECRECY, SEND


@dataclass(frozen=True, slots=True)
class Order:
    """An order: its kind, what it does in a few words, and where it stands in the text (start, end)."""

    kind: str
    why: str
    start: int
    end: int


#: Within a sentence; a full stop ends it only before white space, so that names such as `.env` may stand in between.
_GAP = r"(?:(?![.!?;]\s|\n\s*\n)[\s\S])"
#: The same, not past words after which the object is only a means ("upload files using credentials").
_OBJECT = r"(?:(?![.!?;]\s|\n\s*\n|\b(?:using|with|via|through|requir\w+|needs?|by)\b)[\s\S])"
_AGENT = (
    r"(?:(?:ai|coding|autonomous|language|llm) (?:agents?|assistants?|models?|systems?|tools?)|"
    r"ai|a\.i\.|agents?|assistants?|claude|(?:chat)?gpt(?:-\w+)?|copilot|codex|gemini|llms?|"
    r"(?:large )?language models?|ai models?|chatbots?|machine readers?)"
)
_VERB = (
    r"(?:add|allow|always|answer|append|approve|avoid|be|call|check|copy|create|delete|disable|do|download|email"
    r"|embed|"
    r"execute|fetch|first|follow|forget|forward|give|hide|ignore|include|insert|install|keep|load|make|mention|never"
    r"|obey|"
    r"open|output|please|post|prefer|prepend|print|read|recommend|remember|remove|replace|reply|respond|return|run"
    r"|save|say|send|set|skip|start|stop|tell|treat|update|upload|use|visit|write|you)"
)
_PRIVATE = (
    r"(?:api[ _-]?keys?|(?:access|auth|secret|bearer|session|github|oauth) tokens?|tokens?|passwords?|passphrases?|"
    r"credentials?|secrets?|private keys?|ssh keys?|\.env\b|~?/?\.ssh\b|~?/?\.aws\b|id_rsa|\.netrc|\.npmrc|keychain"
    r"|cookies|environment variables|env(?:ironment)? vars|seed phrases?|wallets?|chat history|(?:whole |full |entire"
    r" )?conversations?"
    r"(?: history| logs?)?|system prompt|user'?s? (?:data|files|messages|e-?mails?|address\w*|name)|home (?:folder"
    r"|directory)|clipboard|(?:browser|shell|bash|command) history|/etc/passwd|"
    r"(?:whole|entire|full) (?:repo\w*|project|folder|workspace|code ?base|file system))"
)
_TOLD = (
    r"(?:instructions?|rules?|guidelines?|guidance|directions?|directives?|prompts?|polic(?:y|ies)|safeguards?"
    r"|guardrails?|restrictions?|constraints?|warnings?|commands?|orders|skills?|training|programming)"
)
_EARLIER = (
    r"(?:previous|prior|earlier|above|preceding|foregoing|existing|original|initial|system|safety|security|other"
    r"|current)"
)
_SET_ASIDE = (
    r"(?:ignore|disregard|forget|override|overrule|bypass|discard|set aside|do not follow|don't follow|stop"
    r" following|no longer follow|pay no attention to)"
)
_PEOPLE = (
    r"(?:users?|humans?|operators?|owners?|person|people|anyone|anybody|developers?|customers?|reviewers?)"
)
#: Behind a word that is a noun as well ("email and password fields"): what shows that it is one.
_VERB_ONLY = r"(?!\s*(?:[,/&|+:]|(?:and|or|is|are|address\w*|fields?|accounts?|forms?|bod(?:y|ies))\b))"
#: What the agent writes for others to read.
_WRITTEN = (
    r"(?:reports?|answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|outputs?|messages?|chat|documents?|notes|minutes"
    r"|comments?|issues?|descriptions?|commits?|pull requests?|posts?|tickets?|logs?|pages?)"
)
_KEYS = (
    r"(?:(?:ssh|private|api|access|signing) ?keys?|passwords?|passphrases?|credentials|secrets|(?:access|auth|session"
    r"|bearer|api) tokens?|cookies|seed phrases?|environment variables|\.env\b|\.netrc|\.npmrc|id_rsa)"
)
_NOT = r"(?:do not|don'?t|never|must not|mustn't|should not|shouldn't|no need to|refrain from|avoid)"

#: kind, what it does, patterns
_TABLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("override", OVERRIDE, (
        rf"\b{_SET_ASIDE}\s+(?:(?:all|any|every|each|of|the|your|my|these|those"
        rf"|such)\s+)*(?:{_EARLIER}\s+(?:and\s+)?)+(?:\w+\s+){{0,2}}{_TOLD}\b",
        rf"\b{_SET_ASIDE}\s+(?:(?:all|any|of)\s+)*your\s+(?:\w+\s+){{0,2}}{_TOLD}\b",
        rf"\b{_SET_ASIDE}\s+(?:all|any|every)\s+(?:of\s+)?(?:the\s+)?(?:instructions?|rules|guidelines"
        rf"|directives?)\b",
        rf"\b{_SET_ASIDE}\s+(?:everything|anything|all|what(?:ever)?)\s+(?:that\s+)?(?:is\s+|was\s+|came\s+"
        rf"|comes\s+)?(?:above|"
        r"before|else|said|written|you (?:were|have been|are) (?:told|asked))\b",
        rf"\b(?:this|these|the following|what follows|below)\b{_GAP}{{0,40}}\b(?:supersedes?|overrides?|replaces?"
        rf"|outranks?|takes? (?:precedence|priority) over)\b{_GAP}{{0,40}}\b(?:{_EARLIER}|your|all|any"
        rf"|user'?s?)\s+(?:\w+\s+)?{_TOLD}\b",
        rf"\b(?:{_EARLIER}\s+{_TOLD}|{_TOLD}\s+above)\s+(?:\w+\s+){{0,2}}(?:no longer appl\w+|do(?:es)? not apply"
        rf"|outdated|out of date|obsolete|"
        r"void|superseded|ignored|disregarded|replaced|cancell?ed|set aside)\b",
    )),
    ("secrecy", SECRECY, (
        rf"\b(?:{_NOT}|without)\s+(?:ever\s+|even\s+|also\s+)?(?:tell|inform|mention|reveal|show|disclos|report"
        rf"|notif|alert|warn|let|expos|discuss|explain|display|surfac|bother)\w*\b{_GAP}{{0,60}}?\b{_PEOPLE}\b",
        rf"\b{_NOT}\s+(?:mention|reveal|repeat|quote|show|disclose|reference|acknowledge|talk about|print|output)\s+"
        r"(?:\w+\s+){0,3}(?:this|these)\s+(?:\w+\s+)?(?:instructions?|comments?|notes?|messages?|steps?|sections?"
        r"|rules?|lines?)",
        rf"\b{_NOT}\s+(?:mention|bring up|reveal|disclose|announce|acknowledge|say (?:anything )?about"
        rf"|talk about)\s+(?:this|it|"
        rf"that|these|them)\b|\b{_NOT}\s+bring\s+(?:this|it|that)\s+up\b",
        r"\b(?:run|execute|send|upload|copy|install|call|fetch)\b(?:(?![.!?;]\s|\n\s*\n)[\s\S]){0,80}?\b(?:quietly|silently|secretly"
        r"|covertly|unnoticed)\b",
        r"\bkeep\s+(?:this|it|that|these)\s+(?:\w+\s+){0,3}?(?:secret|hidden|confidential|quiet|between us|to"
        r" yourself)\b",
        rf"\b(?:hide|conceal)\s+(?:this|it|these|that)\b{_GAP}{{0,40}}\bfrom\s+(?:the\s+)?{_PEOPLE}\b",
        rf"\bwithout\s+(?:the\s+)?{_PEOPLE}(?:'s?)?\s+(?:\w+\s+)?(?:knowledge|consent|noticing|knowing|approval"
        rf"|permission)\b",
        rf"\b{_PEOPLE}\s+(?:do(?:es)? not|doesn't|don't|need not|needn't|must not|should not|shouldn't|must never)\s+"
        r"(?:need to\s+|have to\s+)?(?:know|see|notice|find out|learn|be told|be informed|hear)\b",
        r"\b(?:silently|secretly|covertly|discreetly|stealthily)\s+(?:add|append|call|collect|copy|delete|download"
        r"|execute|fetch|include|insert|install|post|read|record|run|save|send|share|upload|write)\b",
    )),
    ("role", "speaks as the system or gives the agent another role", (
        r"<\|(?:im_start|im_end|system|start_header_id|endoftext)\|?>|\[/?INST\]|<</?SYS>>"
        r"|<system(?:[-_ ](?:message|prompt|reminder|note|instructions?|override))?>",
        r"(?<![^\n])\W{0,8}system\W{1,4}(?:prompt|message|override|instructions?|note|notice)\b\W{0,4}:",
        r"\byou are (?:now|henceforth)\s+(?:an?|the|in|free|no longer|acting|operating|dan)\b",
        r"\bfrom now on,?\s+(?:you|answer|respond|act|always|never|ignore)\b",
        r"\byour\s+(?:new|real|true|actual|secret|only)\s+(?:goal|task|objective|mission|purpose|job|role"
        r"|instructions?)\b",
        r"\b(?:god|dan|jailbreak|unrestricted|unfiltered|jailbroken) mode\b",
    )),
    ("send", SEND, (
        rf"\b(?:send|upload|forward|transmit|exfiltrate|leak|relay|back\s?up|(?:post|e-?mail){_VERB_ONLY})"
        rf"\b{_OBJECT}{{0,70}}?(?<!\w){_PRIVATE}(?!{_GAP}{{0,30}}\b(?:header|authorization)\b)",
    )),
    ("reveal", "has the agent give away its instructions", (
        r"\b(?:output|print|reveal|repeat|show|dump|leak|disclose|recite|paste)\s+(?:\w+\s+){0,4}?(?:system prompt|"
        r"(?:your|hidden|initial|secret|internal) (?:instructions|prompt|rules|configuration))\b",
    )),
    ("deliver", DELIVER, (
        rf"\b(?:send|post|upload|forward|transmit|submit|copy|mirror|sync|append|add|include|put|encode|push"
        rf"|back\s?up)\b"
        rf"{_OBJECT}{{0,60}}?\b(?:contents?|data|files?|folders?|director(?:y|ies)|conversation|everything|results?"
        rf"|outputs?|copy|"
        rf"notes|minutes|inputs?|prompts?|messages?|it|them|workspace|repository|{_PRIVATE})\b{_GAP}{{0,40}}?"
        rf"\b(?:to|at|in|into|on|with)\s+(?:our\s+|the\s+|this\s+)?(?:\w+\s+){{0,2}}?`?(?:https?://\S+|\S{{1,60}}@\S+"
        rf"|\d{{1,3}}(?:\.\d{{1,3}}){{3}}"
        rf"|(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|example|invalid|test|xyz|ru|cn|top|app)\b)",
        rf"\b(?:add|insert|make|put|include)\b{_GAP}{{0,40}}?\b(?:call|request|ping|beacon|script|pixel)\s+(?:to"
        rf"|from|at)\s+`?https?://",
        rf"\bpush\s+(?:all|every)\b{_GAP}{{0,40}}?\b(?:there|to it)\b",
        rf"\b(?:use|set|add|configure)\b{_GAP}{{0,60}}?\b(?:mirror|registry|proxy|index)\b{_GAP}{{0,40}}?https?://",
    )),
    ("command", "runs a command that fetches code, sends files or destroys", (
        r"\b(?:curl|wget|fetch)\b[^\n|;]{0,300}\|\s*(?:sudo\s+)?(?:(?:ba|z|da|k|fi)?sh|python3?|node|perl|ruby)\b",
        r"\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b[^\n]{0,200}(?:\biex\b"
        r"|invoke-expression)",
        r"\biex\b[^\n]{0,80}(?:downloadstring|iwr|irm)"
        r"|\bpowershell(?:\.exe)?\s[^\n]{0,60}-e(?:nc\w*)?\s+[A-Za-z0-9+/=]{16}",
        r"\bbase64\s+(?:-d|-D|--decode)\b[^\n]{0,100}\|\s*(?:ba|z)?sh\b|(?:bash|sh)\s+(?:-c\s+[\"'`$(]{1,4}"
        r"|<\()\s*(?:curl|wget)",
        r"\beval\s*[\"'(]{0,2}\s*[$`]\(?\s*(?:curl|wget)|/dev/tcp/|\b(?:nc|ncat)\s+(?:\S+\s+)?-[ec]\b",
        r"\b(?:curl|wget)\b[^\n]{0,200}(?:;|&&)\s*(?:sudo\s+)?(?:chmod|(?:ba|z)?sh|python3?|node|\.?/)",
        r"\bexec\s*\(\s*(?:open|compile|base64|requests|urllib)\b|\b__import__\s*\(",
        r"\brm\s+-(?:rf|fr|r\s+-f)\s+[\"']?(?:~|/|\$HOME|\*|\.\s)",
        r"\b(?:curl|wget)\b[^\n]{0,200}\s(?:-d|--data\S*|-F|--form|-T|--upload-file|--post-\w+)\b[^\n]{0,200}(?:@"
        r"|\$\(|`|\.env|\.ssh)",
        r"\bchmod\s+\+x\s+\S{1,100}\s*(?:&&|;)\s*\S{0,100}/|>>?\s*~/\.(?:bashrc|zshrc|profile|bash_profile"
        r"|ssh/authorized_keys)",
        r"\b(?:pip3?|npm|pnpm|yarn|gem|uv)\s+(?:pip\s+)?(?:install|add|i)\s[^\n]{0,80}(?:https?://|git\+)",
        r"\b(?:run|execute)\b[^\n]{0,40}\b(?:curl|wget|(?:ba)?sh -c|python3? -c|node -e|powershell|ssh|scp|nc)\s",
    )),
    ("remote", "has the agent obey what stands elsewhere", (
        rf"\b(?:fetch|read|open|load|download|visit|get|retrieve|browse to|go to"
        rf"|check)\b{_GAP}{{0,60}}?https?://\S++{_GAP}{{0,80}}?"
        r"\b(?:follow|obey|do (?:what|whatever|everything)|carry out|comply|treat (?:it|them|its)|execute"
        r"|run (?:it|them|whatever))\b",
        rf"\b(?:follow|obey|carry out|execute|comply with|do)\b\s+(?:\w+\s+){{0,3}}?(?:instructions?|steps|commands?"
        rf"|orders|whatever|what)\b{_GAP}{{0,40}}?https?://",
    )),
    ("permission", "goes past a check or a permission", (
        r"\b(?:approve|accept|allow|grant)\s+(?:all|every|any)\s+(?:\w+\s+)?(?:permissions?|tools?|requests?"
        r"|commands?)\b",
        r"\busers?\s+(?:has|have)\s+already\s+(?:agreed|approved|consented|authori[sz]ed|confirmed)\b",
        r"--dangerously-skip-permissions|\bbypassPermissions\b",
        r"\b(?:skip|disable|turn off|bypass|suppress)\s+(?:(?:all|any|the|every|your|usual|normal)\s+)*(?:safety"
        r"|security"
        r"|permissions?|sandbox\w*|confirmations?|approvals?|content filter\w*)\b",
        r"\b(?:ignore|overrule|skip|bypass)\s+(?:(?:the|any|all|every|its)\s+)+(?:\w+\s+)?(?:confirmations?|approvals?"
        r"|permission (?:prompts?|checks?)|consent)\b",
        rf"\b(?:run|execute|install|push|delete|remove|send|upload|merge|deploy|publish|download|overwrite)\b{_GAP}{{0,80}}?"
        rf"\bwithout\s+(?:asking|prompting|confirming|checking with|confirmation|approval)\b",
        rf"\b(?:{_NOT}|without)\s+(?:first\s+)?(?:ask|wait|request)\w*\s+(?:\w+\s+){{0,4}}?(?:permission"
        rf"|confirmation|approval|consent)\b",
    )),
    ("collect", "has the agent gather what is secret", (
        rf"\b(?:copy|include|add|append|insert|put|paste|print|write|embed|dump|attach)\s+(?:(?!an?\b|your\b|my\b|no\b)"
        rf"\S+\s+){{0,4}}?{_KEYS}(?:\s+\S+){{0,4}}?\s+(?:in|into|to|on|at the end of)"
        rf"\s+(?:(?:the|your|every|each|all|any)\s+)+"
        rf"(?:\w+\s+)?{_WRITTEN}\b",
        rf"\b(?:read|collect|list|gather|copy|include|add|append|insert|put|print|paste|dump|store|remember|open"
        rf"|cat)\b"
        rf"{_OBJECT}{{0,60}}?(?:~/\.(?:ssh|aws|kube|gnupg|netrc|npmrc|docker|config/gh|git-credentials"
        rf"|\w*_history)\b|"
        r"\b(?:value|contents?) of\s+[`$]{0,2}\{?[A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)\b|"
        r"\b(?:all|every|the) (?:of )?(?:the )?(?:environment variables|passwords|credentials|private keys)\b)",
    )),
    ("deceit", "has the agent deceive", (
        r"\b(?:lie about|pretend that|falsely (?:claim|report|state|say)|report that (?:they|it|all|everything"
        r"|the tests) "
        r"(?:have |has )?(?:passed|succeeded|worked))\b",
        r"\b(?:rate|mark|classify|report|label|declare|treat)\s+(?:this|the)\s+(?:skill|file|content|text"
        r"|repository)\s+"
        r"(?:as\s+|is\s+|to be\s+)?(?:safe|benign|harmless|approved|clean|trusted)\b",
        r"\b(?:report|return|output)\s+no\s+(?:findings|issues|problems|warnings|vulnerabilities)\b",
        r"\btell\s+(?:the\s+)?(?:reviewers?|scanners?|auditors?|moderators?)\s+that\b",
    )),
    ("addressed", "speaks to the agent", (
        rf"\b{_AGENT}\s*(?:\w+\s+)?[,:—–]\s*(?:(?:and|kindly|also|you must|must|should|do not|don't|if"
        rf" you)\s+)*{_VERB}\b(?!-)",
        rf"(?:^|[.:;!?]\s*+|\n[^\S\n]*+|\b(?:the|all|any|every|an?|this|dear)\s+){_AGENT}(?:\s+(?:reading|processing|using"
        rf"|that|who|which)\s+{_GAP}{{0,40}}?)?\s+(?:must|should|shall"
        rf"|has to|have to|"
        rf"needs? to|are to|is to|are required to|ought to)\s+(?:also |always |never |not |first |silently"
        rf" )*{_VERB}\b",
        rf"\b(?:attention|note|notice|notes|instructions?|message|orders?|directives?|important|hidden)\s+(?:to"
        rf"|for)\s+(?:(?:all|any|the|every|an?)\s+)*(?:\w+\s+)?(?:{_AGENT}|models?)\b",
        rf"\b(?:if|as)\s+(?:you(?:'re| are)\s+)?(?:an?\s+)?{_AGENT}\b{_GAP}{{0,60}}?,\s*(?:please\s+)?{_VERB}\b",
    )),
    ("conduct", CONDUCT, (
        rf"\b(?:when|whenever|before|after|while|each time|every time|once)\s+(?:you(?:'re|"
        rf" are)?\s+)?(?:\w+\s+)?(?:respond|answer|"
        rf"repl[yi]|finish answering|the user asks|asked|you summari[sz]e)\w*\b{_GAP}{{0,120}}?\b(?:always|must"
        rf"|please|also|recommend|"
        r"include|add|mention|insert|append|prefer|say|tell|send|run|call|read|use|write|prepend|quote)\b",
        r"\b(?:add|append|include|insert|mention|put|praise|promote|recommend|embed|prepend|write|use|say"
        r"|state)\b[^.\n]{0,80}\b(?:in|to|into|at "
        r"the end of)\s+(?:your|every|each|all)\s+(?:\w+\s+)?(?:answers?|responses?|repl(?:y|ies)|outputs?"
        r"|summar(?:y|ies))\b",
        r"\b(?:every|each|all|your)\s+(?:\w+\s+)?(?:answers?|responses?|repl(?:y|ies))\s+(?:must\s+|should\s+"
        r"|has to\s+)?(?:ends?|begins?|"
        r"starts?|contains?|includes?|closes?)\b",
        rf"\bbefore\s+(?:running|using|calling|doing|reading)\s+(?:any|each|every)\w*\b{_GAP}{{0,40}}?\b(?:read"
        rf"|run|execute|"
        r"install|fetch|load|call|send)\b",
        rf"\b(?:run|execute|install|read|fetch|load)\b{_GAP}{{0,80}}?\bbefore\s+(?:doing\s+)?(?:any|each"
        rf"|every)(?:thing)?\s+(?:else|"
        r"other|tool|task|answers?|responses?)\b",
        rf"\b(?:recommend|suggest|promote|advertise)\b{_GAP}{{0,80}}?\bto\s+(?:the |every |all )?users?\b",
        r"\b(?:convince|persuade|urge|steer|trick|mislead|deceive|lie to|pressure|nudge|reassure)\s+(?:the |every "
        r"|all )?users?\b",
    )),
)  # fmt: skip
#: What is an order wherever it stands; a visible skill is full of the other kinds.
_ANYWHERE = frozenset({"override", "secrecy", "role", "send", "command", "remote", "reveal"})
_PATTERNS = tuple(
    (kind, why, re.compile(pattern, re.IGNORECASE)) for kind, why, patterns in _TABLE for pattern in patterns
)

#: In a description: moments before anybody chose the skill, and what is no choosing ("use it before any other tool").
_EARLY = re.compile(
    r"\b(?:(?:when(?:ever)?|once|as soon as|every time|each time|if|while)\s+(?:this|the|these|your)\s+(?:\w+\s+)?"
    r"(?:skill|description|list|text|file|entry|metadata|session|conversation|catalog\w*)s?"
    r"\s+(?:is|are|gets?|has been|was|starts?|begins?"
    r"|opens?)\b(?!\s+(?:used|invoked|called|chosen|selected|run|needed|active|asked))"
    r"|(?:before|prior to|ahead of)\s+(?:\w+ing\s+)?(?:any|every|each|all|the first"
    r"|your (?:first|next))\s*(?:thing|other|\w*)\b"
    r"|(?:at|on)\s+(?:the\s+)?(?:start|beginning|startup)\s+of\s+(?:any|every|each|the|a|all)\b"
    r"|\bon (?:startup|load(?:ing)?)\b"
    r"|(?:for|in|on|with)\s+(?:any|every|each)\s+(?:\w+\s+)?(?:request|prompt|task|message|session|conversation|turn|answer|reply|response)s?\b"
    r"|(?:even|also)\s+(?:if|when)\s+(?:this skill|it)\s+(?:is|was)\s*(?:not|n't|never)\b"
    r"|regardless of (?:whether|which|what)\b"
    r"|no matter (?:whether|which|what)\b|whether or not\b)",
    re.IGNORECASE,
)
_ACTS = re.compile(
    rf"\b(?:read|open|cat|collect|gather|list|load|copy|include|append|attach|add|insert|send|print|dump|paste|post|upload|quote"
    rf"|forward)\b{_OBJECT}{{0,60}}?(?<!\w)(?:{_KEYS}|~/\.\w|\.env\b|\.ssh\b|/etc/(?:passwd|shadow))"
    rf"|\b(?:call|fetch|get|post|visit|open|request|curl|download|load|contact|ping|send|query|read|follow|browse"
    rf"|retrieve|invoke|use)\b{_GAP}{{0,80}}?https?://"
    rf"|\b(?:run|execute|install|call|invoke)\b{_GAP}{{0,40}}?(?<!\w)(?:npx|npm|pip3?|uvx|curl|wget|bash|sh|python3?|node)\s+\S",
    re.IGNORECASE,
)
#: So far apart a moment and what is done at it may stand.
_EARLY_REACH = 240

_DESTINATION = re.compile(r"\b(?:to|at)\b|https?://", re.IGNORECASE)
_FORBIDDEN = re.compile(
    r"(?:never|do not|don'?t|must not|mustn't|should not|shouldn't|cannot|can't|won't|will not|avoid|refus\w+ to|not"
    r" to|forbidden to|not allowed to|不要|请勿|nunca|jamais|niemals)\W+(?:(?!hesitate|forget|fail|neglect)\w+\W+){0,3}$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:attempts? to|tries to|try to|trying to|asks? (?:you|it|them|the \w+) to|(?:that|which) (?:says?|tells?"
    r"|asks?|reads?)|"
    r"detects?|scans? for|checks? for|looks? for|attacks?|injections?|phrases?|patterns?|requests? to|instructions?"
    r" to|claims? (?:like|such as)|such as|(?<!\.)examples?(?!\.\w)|e\.g\.)\W+(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_NAMING = re.compile(
    r"(?<!\.)\b(?:examples?(?!\.\w)|e\.g|such as|"
    r"like|phrases?|patterns?|attacks?|injections?|jailbreaks?|malicious|"
    r"detect\w*|flag\w*|block\w*|reject\w*|refus\w+|warn\w*|suspicious|attempts?|contain\w*|says?|saying|called"
    r"|quot\w+|treat\w*|strings?|never"
    r"|not)\b",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "`": "`", "“": "”", "«": "»", "„": "“", "「": "」"}
#: A note of somebody who writes the skill to himself: what an agent "should" do there is work to be done.
_TO_DO = re.compile(r"\W*(?:todo|fixme|xxx|hack)\b", re.IGNORECASE)


def is_order(text: str) -> str:
    """What makes a text an order to an agent, in a few words; empty where it is none."""
    order = find_order(text)
    return order.why if order else ""


def find_order(text: str, *, seen: bool = False) -> Order | None:
    """The gravest order to an agent in a text that nobody sees, or None. In a text that is `seen` (a description) only
    the kinds count that are out of place anywhere. Takes linear time."""
    return next(find_orders(text, seen=seen), None)


def find_orders(text: str, *, seen: bool = False, kinds: frozenset[str] | None = None) -> Iterator[Order]:
    """One order of each pattern that is met, the gravest first; of these kinds alone where they are given."""
    to_do = _TO_DO.match(text)
    for kind, why, pattern in (*_PATTERNS, *PATTERNS):
        if kinds is not None and kind not in kinds:
            continue
        if (seen and kind not in _ANYWHERE) or (to_do and kind in ("addressed", "conduct")):
            continue
        for match in pattern.finditer(text):
            if seen and kind == "send" and not _DESTINATION.search(text, match.start(), match.end() + 40):
                continue
            if not forbidden_or_named(text, match.start(), match.end(), kind):
                yield Order(kind, why, match.start(), match.end())
                break


def find_early(text: str) -> Order | None:
    """An order in a description that acts before anybody chose the skill: a moment ("before any other tool is used"), and
    near it a secret that is read, an address that is called or a command that is run. None where there is none, or it
    is forbidden or only named."""
    for moment in _EARLY.finditer(text):
        low, high = max(0, moment.start() - _EARLY_REACH), moment.end() + _EARLY_REACH
        for act in _ACTS.finditer(text, low, high):
            if not forbidden_or_named(text, act.start(), act.end(), "early"):
                start, end = min(moment.start(), act.start()), max(moment.end(), act.end())
                return Order("early", "has the agent act before the skill is chosen", start, end)
    return None


def forbidden_or_named(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a text forbids what is meant, or names it: as something that others try, or as a quotation."""
    before = re.split(r"[.!?;]\s|\n\s*\n", text[max(0, start - 120) : start])[-1]
    if kind != "secrecy" and _FORBIDDEN.search(before):
        return True
    return bool(_NAMED.search(before)) or _quoted(text, start, end)


def _quoted(text: str, start: int, end: int) -> bool:
    """Whether it stands in quotation marks, in a sentence that says that it is an example, a pattern or the like."""
    low, high = max(0, start - 160), end + 160
    before, after = text[low:start], text[end:high]
    for opening, closing in _QUOTES.items():
        at = before.rfind(opening)
        inside = at >= 0 and (
            before.count(opening) % 2 == 1 if opening == closing else closing not in before[at + 1 :]
        )
        if inside and closing in after:
            outside = before[max(0, at - 100) : at] + " " + after[after.index(closing) + 1 :][:60]
            return bool(_NAMING.search(outside))
    return False
