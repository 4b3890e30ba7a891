"""The words beside files for Mastodon: how each is used, how it is undone, and what no undoing restores."""

from __future__ import annotations

from collections.abc import Sequence

from modcli.reports.mastodon_files import NamedFile

_NOTHING_SENT = "modcli sent nothing. This undoes what you did with the file yourself."
_BEFORE = (
    "What you had {done} before is not known here, unless you named that list with --already: a name of it may be in",
    "this one too. The best undo is the list that you exported before (Settings > Import and export > Data export).",
)


def undo_blocks(addresses: Sequence[str]) -> NamedFile:
    """How to unblock these accounts."""
    return _list(
        "undo_blocks.txt",
        addresses,
        "Unblock the accounts below: open each one's page, or by the API with a token that has write:blocks:",
        "  GET /api/v1/accounts/lookup?acct=ADDRESS, then POST /api/v1/accounts/ID/unblock",
        *(line.format(done="blocked") for line in _BEFORE),
        "Not restored: follows in both directions that the block removed, and follow requests.",
    )


def undo_mutes(addresses: Sequence[str]) -> NamedFile:
    """How to unmute these accounts."""
    return _list(
        "undo_mutes.txt",
        addresses,
        "Unmute the accounts below: open each one's page, or by the API with a token that has write:mutes:",
        "  GET /api/v1/accounts/lookup?acct=ADDRESS, then POST /api/v1/accounts/ID/unmute",
        *(line.format(done="muted") for line in _BEFORE),
        "Follows stay as they are. Not restored: whether notifications of a mute that you had before were hidden, and",
        "when it was to end.",
    )


def undo_akkoma(addresses: Sequence[str]) -> NamedFile:
    """How to take back blocks or mutes on servers that read bare addresses."""
    return _list(
        "undo_akkoma.txt",
        addresses,
        "Unblock or unmute the accounts below, as you imported them, on each one's page; Pleroma and Akkoma know the",
        "calls of Mastodon's API as well:",
        "  GET /api/v1/accounts/lookup?acct=ADDRESS, then POST /api/v1/accounts/ID/unblock (or /unmute)",
        *(line.format(done="blocked or muted") for line in _BEFORE),
        "Not restored: follows that a block removed.",
    )


def undo_domains(domains: Sequence[str]) -> NamedFile:
    """How to unblock these domains, for a user."""
    return _list(
        "undo_domains.txt",
        domains,
        "Unblock the domains below: Settings of your account > Blocked domains, or by the API with a token that has",
        "write:blocks:",
        "  DELETE /api/v1/domain_blocks?domain=DOMAIN",
        *(line.format(done="blocked") for line in _BEFORE),
        "Not restored: your follows and followers there, and the notifications of accounts there.",
    )


def undo_admin_domains(domains: Sequence[str], severity: str) -> NamedFile:
    """How to take back a server's domain blocks."""
    lost = {
        "noop": "Nothing else was changed by a rule of severity noop.",
        "silence": "Silenced accounts are seen again; follows were not touched.",
        "suspend": "Not restored: follows in both directions, and the posts and media that the suspension removed.",
    }[severity]
    return _list(
        "undo_admin_domains.txt",
        domains,
        "Remove the rules below: Moderation > Federation > the domain > Undo, or by the API with a token that has",
        "admin:write:domain_blocks:",
        "  GET /api/v1/admin/domain_blocks for the ID, then DELETE /api/v1/admin/domain_blocks/ID",
        "A domain that had a rule before was skipped by the import, and keeps it: do not remove that one.",
        lost,
    )


def undo_filters(title: str, keywords: Sequence[str]) -> NamedFile:
    """How to remove a filter."""
    return _list(
        "undo_filters.txt",
        [f"  {keyword}" for keyword in keywords],
        f"Remove the filter called: {title}",
        "  Settings > Filters > Delete, or by the API with a token that has write:filters:",
        "  GET /api/v2/filters for the ID, then DELETE /api/v2/filters/ID",
        "If you imported the file twice there are two of them. Everything is shown again; nothing is lost.",
        "Its keywords are:",
    )


def undo_reports(addresses: Sequence[str]) -> NamedFile:
    """That a report cannot be taken back."""
    return _list(
        "undo_reports.txt",
        addresses,
        "The drafts were not filed: to undo them, delete the file.",
        "A report that you filed cannot be taken back by you. Write to the moderators of your server and ask them to",
        "resolve it. Drafts were made of these accounts:",
    )


def undo_deletions(addresses: Sequence[str]) -> NamedFile:
    """That what is deleted is gone."""
    return _list(
        "undo_deletions.txt",
        addresses,
        "A deleted status cannot be brought back: its address, replies, boosts and favourites are gone, and copies on",
        "other servers are asked to go. Keep your archive: it holds the text and the media, to post them anew.",
        "These are the statuses:",
    )


def _list(name: str, lines: Sequence[str], *words: str) -> NamedFile:
    text = [*(f"# {word}" for word in (_NOTHING_SENT, *words)), *lines]
    return NamedFile(name, "".join(f"{line}\n" for line in text).encode("utf-8", "replace"), len(lines))


HOW_TO = """\
How to use the files of this folder
===================================
modcli sent nothing and changed nothing: you act, with these files, or you do not. Open the reasons_*.csv first: they
say who is listed and why, who is not and why not, and link to the posts. A program chose; it is wrong now and then.

Before you import: export your present lists (Settings > Import and export > Data export). They are the best undo, and
with `modcli audit act --already FILE` what is in them is left out here, so that undoing does not touch it.

Merge, not Overwrite
--------------------
Mastodon asks which. Choose Merge. Overwrite removes every block or mute of yours that is not in the file. Of a list that
is split into several files (_1, _2, ...) each would remove those of the one before.

Check the type that Mastodon shows before you confirm: it guesses from the file's name and header, and it warns where
both differ from what you chose. People have blocked everyone they follow by choosing another type. So keep the names:

  blocked_accounts*.csv  Blocking list          Settings > Import and export > Import
  muted_accounts*.csv    Muting list            the same
  blocked_domains*.csv   Domain blocking list   the same
  custom_filters.json    Filters (4.6 or later) the same
  domain_blocks*.csv     for administrators     Moderation > Federation > Import (never the user's own import)
  akkoma_accounts.txt    Pleroma, Akkoma, Misskey, Sharkey: their import of blocks or of mutes, whichever you mean.
                         Never Mastodon's CSV there: they take each comma and header for a part of a name.

A file is limited to 20,000 rows and 20 MB, so a longer list is in several files: import them one after the other.
Each account is looked up over the network; those of dead servers fail, and Mastodon offers the list of these.

What acting does
----------------
Block:         removes follows in both directions. Undoing it does not restore them.
Mute:          hides posts and notifications; follows stay. It has no end date.
Domain block   (yours): removes your follows and followers there, and their notifications. Undoing it does not restore
               them. It is for the domain exactly, not for those below it.
Domain block   (a server's): is for everybody on the server and covers the domains below it. A domain that has a rule, or
               is below one that has, is skipped. `silence` hides, `suspend` severs follows and deletes.
Filter:        hides what matches on your screen, whoever wrote it. Importing it twice makes two. A #hashtag as a whole
               word also matches within links.
Lists:         there is no file for Mastodon's lists here: importing one FOLLOWS everybody in it.

Reports (report_drafts.jsonl)
-----------------------------
Drafts, one a line, never filed. Read the posts, write the comment anew in your own words, and file by hand, one at a
time: many reports of little worth harm those who read them. By the API: GET /api/v2/search?q=STATUS_URI&resolve=true
gives the status's ID on your server (and GET /api/v1/accounts/lookup?acct=ACCOUNT the account's), then POST
/api/v1/reports with account_id, status_ids[], comment, category (`violation` needs rule_ids[]). `forward` sends a copy
to the account's own server.

Deletions (statuses_to_delete.txt)
----------------------------------
Your own statuses that were flagged. Open each while you are logged in, and delete it. Nothing brings it back.

Undo
----
Each undo_*.txt says how to take a thing back, and what that does not restore. Lines that begin with # are words, the
others the names.
"""


def how_to() -> NamedFile:
    """The page that lies in the folder, the same for all kinds of files."""
    return NamedFile("HOW-TO.txt", HOW_TO.encode())
