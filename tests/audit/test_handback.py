"""Who is to be acted on by an audit, and who is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.handback import UNKNOWN, Gathered, Rules, Suspect, candidates, domains, gather, is_among
from modcli.audit.outcomes import Decision, Outcome, Piece
from modcli.profile import Action
from modcli.sources.post import Account

OWNER = Account("me@home.example", "https://home.example/@me", "Me")
ONE = Rules(at_least=1)


def outcome(id: int, handle: str, severity: int | None = 2, **more: Any) -> Outcome:
    told: dict[str, Any] = {
        "id": id,
        "key": str(id),
        "kind": "post",
        "handle": handle,
        "author_url": "",
        "author_name": "",
        "published": "2026-01-01T00:00:00Z",
        "edited": None,
        "url": f"https://x.example/{id}",
        "uri": f"https://x.example/uri/{id}",
        "visibility": "public",
        "sensitive": False,
        "language": "",
        "in_reply_to": "",
        "conversation": "",
        "target": "",
        "media": 0,
        "details": {},
        "place": f"x:{id}",
        "pieces": (Piece("text", id, f"text {id}"),),
        "severity": severity,
        "part": "text",
        "text_id": id,
        "category": "spam",
        "p": 0.9,
    }
    return Outcome(**(told | more))


def said(answer: str, after: str = "", labels: tuple[str, ...] = ()) -> Decision:
    return Decision(1, answer, labels, "", after, "2026-01-02T00:00:00Z")


def gathered(*found: Outcome, rules: Rules = ONE, owner: Account = OWNER) -> Gathered:
    return gather(found, owner, rules)


def names(found: list[Suspect], *, listed: bool = True) -> list[str]:
    return [one.address if listed else one.name for one in found if listed != bool(one.why_not)]


def test_as_many_items_as_are_asked_for() -> None:
    found = gathered(
        *(outcome(i, "two@bad.example") for i in (1, 2)),
        outcome(3, "one@bad.example"),
        outcome(4, "warned@bad.example", 1),
        outcome(5, "fine@good.example", 0),
        outcome(6, "new@bad.example", None),
    )
    assert names(candidates(found, Rules())) == ["two@bad.example"]
    [left] = [one for one in candidates(found, Rules()) if one.why_not]
    assert (left.address, left.why_not) == ("one@bad.example", "items that count: 1, and --at-least is 2")
    assert names(candidates(found, ONE)) == ["two@bad.example", "one@bad.example"]
    assert found.waiting == 1
    assert found.judged == {"bad.example": 3, "good.example": 1}


def test_warnings_count_where_asked_for() -> None:
    warned = outcome(1, "a@bad.example", 1)
    assert not gathered(warned).suspects
    rules = Rules(Action.WARN, 1)
    assert names(candidates(gathered(warned, rules=rules), rules)) == ["a@bad.example"]
    allowed = replace(warned, severity=0)
    assert not gathered(allowed, rules=Rules(Action.ALLOW, 1)).suspects, "what is allowed never counts"


def test_what_a_person_said_comes_first() -> None:
    fine = outcome(1, "fine@bad.example", decision=said("wrong", "allow"))
    right = outcome(2, "right@bad.example", decision=said("right"))
    missed = outcome(3, "missed@bad.example", 0, decision=said("other", "block", ("scam",)))
    unjudged = outcome(4, "unjudged@bad.example", None, decision=said("other", "block", ("scam",)))
    appealed = outcome(5, "appealed@bad.example", decision=said("appeal"))
    found = gathered(fine, right, missed, unjudged, appealed)
    people = {one.address: one for one in candidates(found, ONE)}
    assert people.keys() == {f"{name}@bad.example" for name in ("right", "missed", "unjudged", "appealed")}
    assert people["missed@bad.example"].categories == {"scam": 1}
    assert people["right@bad.example"].confirmed == 1
    assert people["appealed@bad.example"].confirmed == 0
    assert not found.waiting


def test_only_of_a_category() -> None:
    scam = outcome(2, "b@bad.example", decision=said("other", "block", ("scam",)))
    both = (outcome(1, "a@bad.example"), scam)
    assert [one.address for one in gathered(*both, rules=Rules(category="spam")).suspects] == [
        "a@bad.example"
    ]
    assert [one.address for one in gathered(*both, rules=Rules(category="scam")).suspects] == [
        "b@bad.example"
    ]


def test_the_owner_is_never_listed() -> None:
    found = gathered(
        outcome(1, "me@home.example"),
        outcome(2, "", author_url="https://home.example/@me"),
        outcome(3, "me@home.example", kind="profile"),
        outcome(4, "other@home.example"),
    )
    assert [one.address for one in found.suspects] == ["other@home.example"]
    assert [one.item for one in found.own] == [1, 2], "posts alone can be deleted"
    unicode = gathered(outcome(1, "me@xn--bcher-kva.example"), owner=Account("me@bücher.example"))
    assert not unicode.suspects
    assert len(unicode.own) == 1


def test_an_address_that_is_not_certain_is_left_out_with_the_reason() -> None:
    found = gathered(
        outcome(1, "", author_url="https://s.example/@who"),
        outcome(2, "=cmd@bad.example"),
        outcome(3, "bob@ba*.example"),
        outcome(4, "alice.bsky.example"),
        outcome(5, ""),
    )
    assert not names(candidates(found, ONE))
    why = {one.name: one.why_not for one in candidates(found, ONE)}
    assert "not certain" in why["https://s.example/@who"]
    assert "characters" in why["=cmd@bad.example"]
    assert "asterisk" in why["bob@ba*.example"]
    assert "user@domain" in why["alice.bsky.example"]
    assert "who wrote it" in why[UNKNOWN]


def test_one_account_by_its_page_and_by_its_address() -> None:
    page = "https://s.example/users/7"
    found = gathered(
        outcome(1, "", author_url=page),
        outcome(2, "who@bad.example", author_url=page),
        outcome(3, "WHO@bad.example"),
    )
    [one] = candidates(found, Rules(at_least=3))
    assert (one.address, one.url, one.why_not) == ("who@bad.example", page, "")
    assert [item.item for item in one.evidence] == [1, 2, 3]
    several = gathered(
        outcome(1, "", author_url=page),
        outcome(2, "a@bad.example", 0, author_url=page),
        outcome(3, "b@bad.example", 0, author_url=page),
    )
    assert "2 addresses" in candidates(several, ONE)[0].why_not
    mine = gathered(outcome(1, "", author_url=page), outcome(2, OWNER.handle, 0, author_url=page))
    assert not mine.suspects


def test_what_others_wrote_and_what_was_not_judged_whole_does_not_count() -> None:
    quoted = outcome(1, "a@bad.example", part="quoted text")
    linked = outcome(2, "b@bad.example", part="link preview")
    failed = outcome(3, "c@bad.example", error="too long")
    found = gathered(quoted, linked, failed)
    assert not found.suspects
    assert (found.others, found.failed) == (2, 1)
    sure = replace(quoted, decision=said("right"))
    assert [one.address for one in gathered(sure).suspects] == ["a@bad.example"]


def test_what_is_private_counts_where_others_do_not_see_it() -> None:
    found = gathered(outcome(1, "a@bad.example", visibility="direct"), outcome(2, "a@bad.example"))
    assert names(candidates(found, Rules(at_least=2))) == ["a@bad.example"]
    [one] = candidates(found, Rules(at_least=2), private=False)
    assert one.why_not
    assert [item.item for item in one.evidence] == [2]
    hidden = gathered(outcome(1, "a@bad.example", visibility="followers"))
    assert "some people" in candidates(hidden, ONE, private=False)[0].why_not


def test_never() -> None:
    found = gathered(*(outcome(i, f"{name}@bad.example") for i, name in enumerate("abc")))
    rules = Rules(at_least=1, never=frozenset({"a@bad.example"}))
    assert names(candidates(found, rules)) == ["b@bad.example", "c@bad.example"]
    assert not names(candidates(found, Rules(at_least=1, never=frozenset({"bad.example"}))))
    assert is_among("x@sub.bad.example", frozenset({"bad.example"}))
    assert not is_among("x@notbad.example", frozenset({"bad.example"}))


def test_what_is_in_the_list_already_is_left_out_and_counts_for_its_domain() -> None:
    found = gathered(*on("bad.example", 3))
    rules = Rules(at_least=1, already=frozenset({"u0@bad.example"}))
    people = candidates(found, rules)
    assert names(people) == ["u1@bad.example", "u2@bad.example"]
    assert not domains(people, found, rules, at_least=3)[0].why_not
    blocked = Rules(at_least=1, already=frozenset({"bad.example"}))
    assert "already" in domains(candidates(found, blocked), found, blocked, at_least=3)[0].why_not
    few = Rules(at_least=2, already=frozenset({"u0@bad.example"}))
    assert not any("already" in one.why_not for one in candidates(found, few))


def test_an_address_outside_the_web_is_no_link() -> None:
    odd = outcome(1, "a@bad.example", url="javascript:alert(1)", uri="https://x.example/a b")
    [one] = gathered(odd).suspects
    assert one.evidence[0].link == one.evidence[0].uri == ""
    [two] = gathered(replace(odd, uri="https://x.example/1")).suspects
    assert two.evidence[0].link == two.evidence[0].uri == "https://x.example/1"


def on(domain: str, accounts: int, first: int = 0) -> list[Outcome]:
    return [outcome(first + i, f"u{i}@{domain}") for i in range(accounts)]


def test_a_domain_needs_several_accounts() -> None:
    found = gathered(*on("bad.example", 3), *on("big.example", 2, 10), outcome(20, "nice@big.example", 0))
    result = {one.domain: one for one in domains(candidates(found, ONE), found, ONE, at_least=3)}
    assert not result["bad.example"].why_not
    assert "3" in result["big.example"].why_not
    assert (len(result["big.example"].suspects), result["big.example"].judged) == (2, 3)
    assert not any(one.asked for one in result.values())
    assert list(result) == ["bad.example", "big.example"]


def test_a_named_domain_is_asked_for() -> None:
    found = gathered(*on("bad.example", 3), *on("big.example", 1, 10))
    people = candidates(found, ONE)
    named = ("bad.example", "big.example", "unknown.example")
    result = {one.domain: one for one in domains(people, found, ONE, at_least=3, named=named)}
    assert {name: one.asked for name, one in result.items()} == {
        "bad.example": False,
        "big.example": True,
        "unknown.example": True,
    }
    assert not any(one.why_not for one in result.values())


def test_many_posts_of_one_account_are_no_domain() -> None:
    found = gathered(*(outcome(i, "a@bad.example") for i in range(50)))
    [one] = domains(candidates(found, ONE), found, ONE, at_least=2)
    assert one.why_not


def test_the_owners_domain_is_never_listed() -> None:
    found = gathered(*on("home.example", 3), *on("example", 3, 10), owner=OWNER)
    people = candidates(found, ONE)
    [home] = domains(people, found, ONE, at_least=2, named=("home.example",))
    assert "owner" in home.why_not
    named = ("home.example", "example")
    for one in domains(people, found, ONE, at_least=2, named=named, subdomains=True):
        assert "owner" in one.why_not, "a rule for a domain covers those below it"
        assert not one.asked


def test_a_domain_with_somebody_to_be_left_alone_is_listed_only_by_name() -> None:
    found = gathered(*on("bad.example", 3))
    rules = Rules(at_least=1, never=frozenset({"friend@bad.example"}))
    people = candidates(found, rules)
    assert "--never" in domains(people, found, rules, at_least=2)[0].why_not
    assert not domains(people, found, rules, at_least=2, named=("bad.example",))[0].why_not
    below = Rules(at_least=1, never=frozenset({"friend@sub.bad.example"}))
    assert domains(people, found, below, at_least=2, subdomains=True)[0].why_not
    assert not domains(people, found, below, at_least=2)[0].why_not


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a@x.example", "b@x.example", "", "me@home.example", "ü@y.example"]),
            st.sampled_from([None, 0, 1, 2]),
            st.sampled_from(["public", "direct"]),
            st.sampled_from(["", "https://x.example/@a", "https://home.example/@me"]),
        )
    ),
    st.integers(1, 3),
)
def test_every_item_that_counts_is_somewhere_once(
    drawn: list[tuple[str, int | None, str, str]], at_least: int
) -> None:
    rules = Rules(Action.WARN, at_least)
    found = gathered(
        *(
            outcome(i, handle, severity, visibility=visibility, author_url=page)
            for i, (handle, severity, visibility, page) in enumerate(drawn)
        ),
        rules=rules,
    )
    people = candidates(found, rules)
    counted = [item.item for one in people for item in one.evidence] + [item.item for item in found.own]
    strict = [i for i, (_, severity, _, _) in enumerate(drawn) if severity]
    assert len(counted) == len(set(counted))
    assert set(counted) <= set(strict)
    assert {i for i in strict if drawn[i][3] != "https://home.example/@me"} - set(counted) <= {
        i for i in strict if drawn[i][0] == "me@home.example" or not drawn[i][0]
    }
    for one in people:
        assert one.address != OWNER.handle
        assert one.why_not or (one.address and len(one.evidence) >= at_least)
