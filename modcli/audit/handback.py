"""Which accounts and domains an audit gives reason to act on, and why; pure, from its outcomes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from modcli.audit.addresses import address_of
from modcli.audit.outcomes import Outcome
from modcli.profile import Action
from modcli.sources.post import Account, PartName, RecordKind

#: Characters of an item's text that are kept to show.
_SHOWN = 300
#: What somebody else wrote is nothing that an account did.
_OF_OTHERS = {name.value for name in PartName if not name.is_own}
#: The name of the author of all that names none.
UNKNOWN = "(nobody is named)"
#: Why somebody is left out who is acted on: counted all the same where a domain's accounts are.
ALREADY = "it is in your list already"


@dataclass(frozen=True, slots=True)
class Rules:
    """Who is in: accounts with `at_least` items that come to `action` or worse, where named for this category. `never`
    are addresses and domains that are left alone, subdomains included; `already` those that are acted on."""

    action: Action = Action.BLOCK
    at_least: int = 2
    category: str = ""
    never: frozenset[str] = frozenset()
    already: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """An item that counts against its author. `link` is its page, `uri` its ActivityPub id, empty where they are not on
    the web. `confirmed`: a person looked at it and said so. `spread`: by the verdict on a near-duplicate."""

    item: int
    kind: str
    link: str
    uri: str
    action: Action
    category: str
    p: float | None
    part: str
    published: str
    private: bool
    confirmed: bool
    spread: bool
    text: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """An author with items that count. `address` is what a server reads, empty where that is not certain; `name` what to
    call them; `why_not` says why they are left out, empty where they are in."""

    name: str
    address: str
    url: str
    evidence: tuple[Evidence, ...]
    why_not: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @property
    def categories(self) -> dict[str, int]:
        """For what, and how often, the most frequent first."""
        return dict(Counter(one.category for one in self.evidence if one.category).most_common())

    @property
    def confirmed(self) -> int:
        """How many of the items a person confirmed."""
        return sum(one.confirmed for one in self.evidence)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that counts, by author, the most items first. `own` are the posts of the archive's owner, in order. `judged`
    counts the accounts by domain of which something was judged, the owner left out. `waiting` items are not judged yet,
    `failed` could not be judged, of `others` only the words of somebody else were flagged: none of these counts."""

    suspects: tuple[Suspect, ...]
    own: tuple[Evidence, ...]
    owner: Account
    judged: Mapping[str, int]
    waiting: int
    failed: int
    others: int


@dataclass(frozen=True, slots=True)
class FlaggedDomain:
    """A domain, those of its accounts that are in, and of how many something was judged. `asked`: the user named it and
    is to confirm it; `why_not` says why it is left out, empty where it is in."""

    domain: str
    suspects: tuple[Suspect, ...]
    judged: int
    asked: bool = False
    why_not: str = ""


def gather(found: Iterable[Outcome], owner: Account, rules: Rules) -> Gathered:
    """What counts under the rules: the person's decision, else the judgement; nothing that could not be judged whole."""
    gathering = _Gathering(owner, rules)
    for one in found:
        gathering.take(one)
    suspects = sorted(gathering.suspects(), key=lambda one: (-len(one.evidence), one.name))
    return Gathered(
        suspects=tuple(suspects),
        own=tuple(gathering.own),
        owner=owner,
        judged=Counter(address.rpartition("@")[2] for address in gathering.judged),
        waiting=gathering.waiting,
        failed=gathering.failed,
        others=gathering.others,
    )


def evidence_of(one: Outcome) -> Evidence:
    """What is kept of an item that counts. The verdict's part, category and probability are the judgement's; a person's
    own words for it come first."""
    labels = one.decision.labels if one.decision is not None else ()
    piece = next((piece.text for piece in one.pieces if piece.text_id == one.text_id), one.text)
    return Evidence(
        item=one.id,
        kind=one.kind,
        link=_on_web(one.url) or _on_web(one.uri),
        uri=_on_web(one.uri) or _on_web(one.url),
        action=one.settled or Action.ALLOW,
        category=", ".join(labels) or one.category,
        p=one.p,
        part=one.part,
        published=one.published or "",
        private=one.is_private,
        confirmed=is_decided(one),
        spread=one.spread,
        text=piece[:_SHOWN],
    )


def is_decided(one: Outcome) -> bool:
    """Whether a person said what holds of it: that the verdict is right, or what it should be."""
    return one.decision is not None and (bool(one.decision.after) or one.decision.answer == "right")


def is_for(one: Outcome, category: str) -> bool:
    """Whether an item is for this category, by a person's word, else the judgement's; any is where none is named."""
    if not category:
        return True
    labels = one.decision.labels if one.decision is not None else ()
    return category in labels if labels else one.category == category


def candidates(gathered: Gathered, rules: Rules, *, private: bool = True) -> list[Suspect]:
    """All who have items that count, each with why they are left out, if so. Without `private`, what was meant for some
    people only does not count."""
    found: list[Suspect] = []
    for one in gathered.suspects:
        evidence = tuple(item for item in one.evidence if private or not item.private)
        why_not = one.why_not or _why_not(one.address, len(evidence), rules)
        found.append(replace(one, evidence=evidence, why_not=why_not))
    return found


def domains(
    suspects: Iterable[Suspect],
    gathered: Gathered,
    rules: Rules,
    *,
    at_least: int,
    named: Iterable[str] = (),
    subdomains: bool = False,
) -> list[FlaggedDomain]:
    """The domains of those who are in, or are acted on already, and the `named` ones, those with the most accounts first.

    A domain is in with `at_least` accounts; a named one with fewer is in, but `asked`. The domain of the archive's owner
    never is; with `subdomains` (a rule that covers them), nor is one above it. Nor is one unasked where an account is
    that is to be left alone.
    """
    accounts: defaultdict[str, list[Suspect]] = defaultdict(list)
    for one in suspects:
        if one.why_not in ("", ALREADY):
            accounts[one.domain].append(one)
    wanted = set(named)
    home = _address(gathered.owner.handle)[0].rpartition("@")[2]
    found = []
    for domain in accounts.keys() | wanted:
        there = tuple(accounts.get(domain, ()))
        why_not = ""
        if _covers(domain, home, subdomains):
            why_not = "the owner of the archive is there"
        elif is_among(domain, rules.never):
            why_not = "--never names it"
        elif domain not in wanted and any(_covers(domain, name, subdomains) for name in rules.never):
            why_not = "--never names an account or a domain there"
        elif domain in rules.already:
            why_not = ALREADY
        elif len(there) < at_least and domain not in wanted:
            why_not = f"accounts there that count: {len(there)}, and --at-least-accounts is {at_least}"
        asked = not why_not and len(there) < at_least
        found.append(FlaggedDomain(domain, there, gathered.judged.get(domain, 0), asked, why_not))
    return sorted(found, key=lambda one: (-len(one.suspects), one.domain))


def is_among(name: str, never: frozenset[str]) -> bool:
    """Whether an address or a domain is named, or its domain or one above that."""
    domain = name.rpartition("@")[2]
    labels = domain.split(".")
    return name in never or any(".".join(labels[i:]) in never for i in range(len(labels)))


@dataclass(slots=True)
class _Author:
    """What is gathered of an author, by the handle as it is written and the address that it comes to."""

    handle: str
    address: str
    url: str
    evidence: list[Evidence] = field(default_factory=list)


class _Gathering:
    """Looks at outcomes one by one."""

    def __init__(self, owner: Account, rules: Rules) -> None:
        self.judged: set[str] = set()
        self.own: list[Evidence] = []
        self.waiting = self.failed = self.others = 0
        self._owner, self._rules = owner, rules
        self._address = cache(_address)
        self._home = self._address(owner.handle)[0]
        self._authors: dict[str, _Author] = {}
        self._addresses: defaultdict[str, set[str]] = defaultdict(set)

    def take(self, one: Outcome) -> None:
        address = self._address(one.handle)[0]
        if address and one.author_url:
            self._addresses[one.author_url].add(address)
        decided = is_decided(one)
        self.waiting += bool(one.pieces) and one.severity is None and not decided
        if one.settled is None:
            return
        mine = (address and address == self._home) or (one.author_url and one.author_url == self._owner.url)
        if address and not mine:
            self.judged.add(address)
        severe = one.settled.severity >= max(1, self._rules.action.severity)
        if not severe or not is_for(one, self._rules.category):
            return
        if not decided and one.error is not None:
            self.failed += 1
        elif not decided and one.part in _OF_OTHERS:
            self.others += 1
        elif mine:
            self.own += [evidence_of(one)] if one.kind == RecordKind.POST else []
        else:
            key = address or one.author or UNKNOWN
            author = self._authors.setdefault(key, _Author(one.handle, address, one.author_url))
            author.url = author.url or one.author_url
            author.evidence.append(evidence_of(one))

    def suspects(self) -> Iterator[Suspect]:
        """One who is known by an address of the web alone is the account that has its page there, if that is one."""
        merged: dict[str, _Author] = {}
        unclear: dict[str, str] = {}
        for key, author in self._authors.items():
            known = self._addresses.get(author.url, set()) if not author.handle else set()
            address = next(iter(known)) if len(known) == 1 else author.address
            if address and address == self._home:
                continue
            if len(known) > 1:
                unclear[key] = f"its page is that of {len(known)} addresses"
            target = merged.setdefault(address or key, _Author(author.handle, address, author.url))
            target.url = target.url or author.url
            target.evidence += author.evidence
        for key, one in merged.items():
            why_not = "" if one.address else unclear.get(key, "the domain of its address is not certain")
            if one.handle and not one.address:
                why_not = self._address(one.handle)[1]
            if key == UNKNOWN:
                why_not = "the data does not say who wrote it"
            yield Suspect(key, one.address, one.url, tuple(sorted(one.evidence, key=_item)), why_not)


def _item(one: Evidence) -> int:
    return one.item


def _covers(domain: str, name: str, subdomains: bool) -> bool:
    """Whether a rule for a domain is one for an address or another domain as well."""
    there = name.rpartition("@")[2]
    return there == domain or (subdomains and there.endswith(f".{domain}"))


def _why_not(address: str, items: int, rules: Rules) -> str:
    if is_among(address, rules.never):
        return "--never names it"
    if not items:
        return "all of its items were meant for some people only"
    if items < rules.at_least:
        return f"items that count: {items}, and --at-least is {rules.at_least}"
    return ALREADY if address in rules.already else ""


def _address(handle: str) -> tuple[str, str]:
    """The address, or why it is none."""
    try:
        return address_of(handle), ""
    except ValueError as error:
        return "", str(error)


def _on_web(address: str) -> str:
    """An address of the web on one line, or nothing."""
    whole = address.startswith(("https://", "http://")) and not any(c.isspace() for c in address)
    return address if whole and address.isprintable() else ""
