"""The rules of the answer "dangerous": what each finds, why it matters, how to fix it."""

from __future__ import annotations

from modcli.skills.capabilities import Capability
from modcli.skills.skill import Axis, Finding, Level, Rule

_D, _P, _W, _N = Axis.DANGEROUS, Level.PROBLEM, Level.WARNING, Level.NOTE

_TABLE = (
    Rule("credential-network", _D, _P, "Credentials go out over the network",
         "Keys, passwords or all environment variables are read and sent to a host that they are not for.",
         "Read only the one key that is needed, and send it only to the service that it is for, in a header."),
    Rule("secret-foreign-host", _D, _P, "A vendor's key is sent to somebody else",
         "A variable that holds one vendor's key is sent to a host of another.",
         "Send the key to its vendor, or use a key of the service's own."),
    Rule("private-files-network", _D, _P, "Private files go out over the network",
         "Files of the user, the screen or the clipboard are read and sent away.",
         "Let the user name the file that is sent, and say where it goes."),
    Rule("download-execution", _D, _P, "A download is executed",
         "What is run is what the other side sends at that moment; nobody has read it.",
         "Ship the script with the skill, or fetch a pinned version and check its digest before it is run."),
    Rule("decoded-execution", _D, _P, "Decoded data is executed",
         "Code that is kept encoded cannot be read before it runs.",
         "Write the code out in a file of the skill."),
    Rule("persistence-untrusted", _D, _P, "What comes from outside is put where it runs by itself",
         "A download, or code that downloads, is written to start-up files, timers, hooks or an agent's instructions.",
         "Ship what is installed with the skill, ask before it is put there, and say how to remove it."),
    Rule("remote-shell", _D, _P, "A shell is handed to a connection",
         "Whoever is at the other end of it can run commands.", "Remove it."),
    Rule("tunnel-endpoint", _D, _P, "What is meant for a known service goes through a tunnel",
         "Whoever holds the tunnel, or the catcher of requests, sees all that is sent, keys included.",
         "Name the service's own address, or let the user name one."),
    Rule("destructive", _D, _P, "Home or system folders, or whole disks, are erased",
         "The command deletes far more than the skill made.", "Delete only what the skill made, by its full path."),
    Rule("login-key", _D, _P, "A login key is added",
         "Whoever has the other half of the key that is written in the skill can log in.",
         "Let the user add keys of their own."),
    Rule("document-script", _D, _P, "A script or macro is inside of a document",
         "Documents are taken for text; a script in one is not looked at when a skill is reviewed.",
         "Ship scripts as files of their own."),
    Rule("pyc-differs", _D, _P, "Compiled Python is not its source",
         "A .pyc runs in place of the source that people read.", "Delete the .pyc; Python makes it again."),
    Rule("binary-disguised", _D, _P, "A program under a false or hidden name is run",
         "The file is a program for the machine, but is named as something else, or hidden.",
         "Name it for what it is, and say where it comes from; better, build it from source."),
    Rule("credential-nearby", _D, _W, "Credentials are read beside a network call",
         "No way from one to the other was found, but they stand within a few lines of the same function.",
         "Keep reading keys and sending data apart, or say why both are needed."),
    Rule("override-instructions", _D, _P, "An order to set aside what the agent was told",
         "The page tells the agent to drop its instructions or limits, or to keep from the user what it does.",
         "Say what the skill needs done, and let the user see it; instructions of others are not the skill's to cancel."),
    Rule("protection-off", _D, _W, "Protection is switched off or rights are widened",
         "What guards the machine, or asks before an agent acts, no longer does.",
         "Leave the protection on, and tell the user what is needed and why."),
    Rule("obfuscated-code", _D, _W, "What is called is put together of pieces",
         "The name of a function that runs or sends something is hidden from search.", "Write the name out."),
    Rule("grant-too-wide", _D, _W, "More is granted than is needed",
         "allowed-tools lets the agent use these tools without asking; any command is included.",
         "Name the commands: `Bash(git:*)` instead of `Bash`."),
    Rule("install-unsafe", _D, _W, "A package is installed from an unsafe place",
         "It comes without encryption, or from a bare number in place of a name.",
         "Install from a registry, in a pinned version."),
    Rule("undeclared-use", _D, _W, "Code does what the skill does not declare",
         "What is declared is read by people and registries; the code goes further.", "Declare it, or drop it."),
    Rule("pyc-unverified", _D, _W, "Compiled Python cannot be compared with a source",
         "There is no source for it, or nothing in its header tells which.", "Ship the source, not the .pyc."),
    Rule("document-macro", _D, _W, "A document holds macros",
         "They run when the document is opened in an office program.", "Ship the document without macros."),
    Rule("binary-executed", _D, _W, "A program that cannot be read is run",
         "It is machine code, of which nothing here can be judged.", "Ship its source, or fetch a signed release."),
    Rule("hidden-executed", _D, _W, "A hidden file is run",
         "Its name begins with a dot, so that listings leave it out.", "Give it a plain name."),
    Rule("code-foreign", Axis.COVERAGE, _N, "Code in a language that is not judged",
         "There is no grammar for it here, so nothing is said about what it does.", "Read it yourself."),
    Rule("code-unparsed", Axis.COVERAGE, _N, "Code that does not parse",
         "Facts come from the parts that parse; the rest was not judged.", "Repair the syntax, or name the language."),
    Rule("code-cut", Axis.COVERAGE, _W, "Code that was not judged to its end",
         "The file is longer than what is parsed.", "Split the file; read its end yourself."),
    *(
        Rule(f"capability-{capability}", _D, _N, f"Code with the capability {capability}",
             "A capability is no harm; it says what to look for.", "Nothing, where the skill needs it.")
        for capability in Capability
    ),
)  # fmt: skip

#: All rules by their ids.
RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def finding(
    rule: str,
    path: str,
    line: int,
    told: str,
    level: Level | None = None,
    near: tuple[tuple[str, int, str], ...] = (),
) -> Finding:
    """A finding of a rule; its level is the rule's, or a lower one."""
    made = RULES[rule]
    return Finding(rule, made.axis, level or made.level, path, line, told, near=near)
